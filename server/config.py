"""What an installation may set: variables `CARDSTACK_*`, or arguments in code; an error names the field."""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from cardstack.errors import Malformed, problem, told
from cardstack.text import Text

SECRET_LEAST = 32
BAD_SETTING = problem(
    "CS-4040",
    Text("A setting of the service is not right", "服务设置不正确"),
    Text(
        "Correct the option of that name, or the variable CARDSTACK_ with it in capitals.",
        "请更正同名选项，或以 CARDSTACK_ 开头的同名大写环境变量。",
    ),
)


class Role(StrEnum):
    """What a node is to the others."""

    HUB = "hub"
    PROVINCE = "province"
    HOSPITAL = "hospital"
    OPERATOR = "operator"


class Config(BaseSettings):
    """The settlement service's settings; every one has a default that is safe on one machine."""

    model_config = SettingsConfigDict(env_prefix="CARDSTACK_", frozen=True, extra="ignore")

    home: Path = Field(default=Path(".cardstack"), description="where data lives")
    database: str = Field(default="", description="sqlite:///path or postgresql://…; empty is ledger.db under home")
    trust: Path | None = Field(default=None, description="folder with anchors/, pool/ and crls/; empty is trust under home")
    role: Role = Field(default=Role.HUB, description="hub, province, hospital or operator")
    node: str = Field(default="00.hub", description="this node's own name")
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8650, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    recognitions_a_minute: int = Field(default=600, ge=1, description="certificates a caller may ask about in a minute")
    sandbox: bool = Field(default=False, description="a clock that can be set, for rehearsals")
    minds: bool = Field(default=True, description="let a hub cut windows off, and let lapse what ran out of time, by its clock")
    age_max: timedelta = Field(default=timedelta(days=7), description="how old a signature may be on arrival")
    key: Path | None = Field(default=None, description="this node's private key (PKCS#8 PEM), to sign receipts and to send")
    certificate: Path | None = Field(default=None, description="this node's certificate, PEM, with its chain below")
    key_password: str = Field(default="", description="of the private key; empty for none", repr=False)
    hub: str = Field(default="", description="address of the hub that a province's, hospital's or operator's node sends to")
    signed_reads: bool = Field(default=False, description="whether reading too needs an RFC 9421 signature or mutual TLS")
    demo: bool = Field(default=False, description="say on every page that people are invented and keys are test keys")
    certificate_header: str = Field(
        default="",
        description="header in which the TLS terminator in front passes on a client certificate: its SHA-256, or an escaped PEM",
    )
    terminator_secret: SecretStr | None = Field(
        default=None, description="what the terminator in front sends in the header Cardstack-Terminator, 32 characters or more"
    )
    terminators: str = Field(default="127.0.0.1 ::1 unix", description="addresses where the terminator may stand, by spaces")
    office_key: Path | None = Field(default=None, description="file that seals operators' TOTP secrets; empty is under home")
    ocsp_password: SecretStr | None = Field(default=None, description="opens the status responders' keys; without it no OCSP")
    ca_password: SecretStr | None = Field(default=None, description="opens the authorities' keys; without it no enrolment")

    @field_validator("terminator_secret")
    @classmethod
    def _long_enough(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None and len(given.get_secret_value()) < SECRET_LEAST:
            raise Malformed(Text(f"at least {SECRET_LEAST} characters", f"至少 {SECRET_LEAST} 个字符"))
        return given

    @model_validator(mode="after")
    def _believes_no_header_alone(self) -> Self:
        if self.certificate_header and self.terminator_secret is None:
            raise Malformed(
                Text(
                    "certificate_header needs terminator_secret: a header alone could come from anybody",
                    "启用 certificate_header 时须设置 terminator_secret，否则任何人都可伪造该请求头",
                )
            )
        return self

    @property
    def office_key_file(self) -> Path:
        """Where the key is that seals what the database must not show."""
        return self.office_key or self.home / "office.key"

    @property
    def database_url(self) -> str:
        """Where the ledger is."""
        return self.database or f"sqlite:///{self.home / 'ledger.db'}"

    @property
    def trust_folder(self) -> Path:
        """Where anchors, further certificates and revocation lists are."""
        return self.trust or self.home / "trust"


def settings(**given: object) -> Config:
    """The settings: what is given here and is not None, then the environment; `Malformed` CS-4040 names what is wrong."""
    try:
        return Config(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]  # it checks
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)
        said = [_said(one) for one in wrong]
        both = Text("; ".join(one.en for one in said), "；".join(one.zh for one in said))
        raise Malformed(both, BAD_SETTING, field=_setting(wrong[0])) from None


def _setting(one: ErrorDetails) -> str:
    return ".".join(map(str, one["loc"]))


def _said(one: ErrorDetails) -> Text:
    own = one.get("ctx", {}).get("error")
    return told(own if isinstance(own, Malformed) else ValueError(one["msg"]), _setting(one))
