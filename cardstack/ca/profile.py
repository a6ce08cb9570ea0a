"""What kinds of certificates there are, as data: a kind is one entry of `PROFILES`.

The object identifiers of policies and purposes lie under 2.999, the arc set aside for examples (ITU-T X.660): a province
that goes live puts its own in their place. Fields follow GM/T 0015-2023 and RFC 5280 §4; LD/T 02.3-2022, the sector's
own format, has no public text, so what it asks for beyond these is unknown [M].
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cardstack.ca.fields import KeyUsage as Use
from cardstack.errors import Malformed, problem
from cardstack.text import Text

PROFILE = problem(
    "CS-2201",
    Text("No certificate profile is called {profile}", "没有名为 {profile} 的证书模板"),
    Text("Choose one of those listed.", "请从所列模板中选择。"),
)

ARC = "2.999.310018"
"""The illustrative arc of the delta's purposes and policies."""

PURPOSES: Mapping[str, str] = MappingProxyType(
    {
        "tls-server": "1.3.6.1.5.5.7.3.1",
        "tls-client": "1.3.6.1.5.5.7.3.2",
        "email": "1.3.6.1.5.5.7.3.4",
        "time-stamping": "1.3.6.1.5.5.7.3.8",
        "ocsp-signing": "1.3.6.1.5.5.7.3.9",
        "card": f"{ARC}.3.1",
        "terminal": f"{ARC}.3.2",
        "message": f"{ARC}.3.3",
        "operator": f"{ARC}.3.4",
        "trust-list": f"{ARC}.3.5",
    }
)
"""Extended key usages by name."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of certificate: what it may say, and for how long."""

    name: str
    title: Text
    usages: tuple[Use, ...]
    days_max: int
    ca: bool = False
    path_length: int | None = None
    purposes: tuple[str, ...] = ()
    purposes_critical: bool = False
    policy: bool = True
    """Whether it names a policy; an anchor and what only serves status need none."""
    alternative_name: bool = False
    numbers: tuple[str, ...] = ()
    no_check: bool = False
    spec: str = "RFC 5280 §4"


_CA = (Use.CERTIFICATE_SIGN, Use.CRL_SIGN)
_PERSON = ("resident-id", "passport", "social-insurance")
_YEAR = 366
_GMT = "GM/T 0015-2023 (fields), RFC 5280 §4"

_ALL = (
    Profile("province-root", Text("Province root CA", "省级根 CA"), _CA, 20 * _YEAR, ca=True, policy=False, spec=_GMT),
    Profile("sub-ca", Text("Subordinate CA", "下级 CA"), _CA, 10 * _YEAR, ca=True, path_length=0, spec=_GMT),
    Profile("bridge", Text("Bridge CA", "桥 CA"), _CA, 20 * _YEAR, ca=True, policy=False),
    Profile("cross", Text("Cross certificate", "交叉证书"), _CA, 5 * _YEAR, ca=True),
    Profile("link", Text("Link certificate of a key change", "密钥更换链接证书"), _CA, 20 * _YEAR, ca=True, spec="RFC 4210 §4.4"),
    Profile(
        "card",
        Text("Social security card", "社会保障卡"),
        (Use.DIGITAL_SIGNATURE,),
        11 * _YEAR,
        purposes=("card",),
        numbers=_PERSON,
        spec=_GMT,
    ),
    Profile(
        "terminal",
        Text("Terminal or PSAM", "终端 / PSAM"),
        (Use.DIGITAL_SIGNATURE, Use.KEY_AGREEMENT),
        6 * _YEAR,
        purposes=("terminal", "tls-client"),
        numbers=("credit-code",),
        spec=_GMT,
    ),
    Profile(
        "node-tls",
        Text("Settlement node, transport", "清算节点传输证书"),
        (Use.DIGITAL_SIGNATURE,),
        2 * _YEAR,
        purposes=("tls-server", "tls-client"),
        alternative_name=True,
        numbers=("credit-code",),
    ),
    Profile(
        "node-message",
        Text("Settlement node, messages", "清算节点报文签名证书"),
        (Use.DIGITAL_SIGNATURE, Use.CONTENT_COMMITMENT),
        2 * _YEAR,
        purposes=("message",),
        numbers=("credit-code",),
        spec=_GMT,
    ),
    Profile(
        "citizen-signature",
        Text("Citizen, signature", "个人签名证书"),
        (Use.DIGITAL_SIGNATURE, Use.CONTENT_COMMITMENT),
        6 * _YEAR,
        purposes=("tls-client", "email"),
        numbers=_PERSON,
        spec=_GMT,
    ),
    Profile(
        "citizen-encryption",
        Text("Citizen, encryption", "个人加密证书"),
        (Use.KEY_ENCIPHERMENT, Use.DATA_ENCIPHERMENT, Use.KEY_AGREEMENT),
        6 * _YEAR,
        purposes=("email",),
        numbers=_PERSON,
        spec=_GMT,
    ),
    Profile(
        "operator",
        Text("Operator of the console", "控制台操作员"),
        (Use.DIGITAL_SIGNATURE,),
        2 * _YEAR,
        purposes=("tls-client", "operator"),
    ),
    Profile(
        "ocsp",
        Text("Status responder (OCSP)", "OCSP 响应者"),
        (Use.DIGITAL_SIGNATURE,),
        _YEAR,
        purposes=("ocsp-signing",),
        policy=False,
        no_check=True,
        spec="RFC 6960 §4.2.2.2",
    ),
    Profile("crl", Text("CRL issuer", "CRL 签发者"), (Use.CRL_SIGN,), 5 * _YEAR, policy=False, spec="RFC 5280 §5"),
    Profile(
        "tsa",
        Text("Time stamping authority", "时间戳服务"),
        (Use.DIGITAL_SIGNATURE,),
        5 * _YEAR,
        purposes=("time-stamping",),
        purposes_critical=True,
        policy=False,
        spec="RFC 3161 §2.3",
    ),
    Profile(
        "trust-list",
        Text("Trust list signer", "信任列表签名者"),
        (Use.DIGITAL_SIGNATURE,),
        5 * _YEAR,
        purposes=("trust-list",),
        policy=False,
        spec="ETSI TS 119 612 §5.7 (model)",
    ),
)
PROFILES: Mapping[str, Profile] = MappingProxyType({one.name: one for one in _ALL})


def profile(name: str) -> Profile:
    """The profile of a name.

    >>> profile("card").title.zh
    '社会保障卡'
    """
    if name not in PROFILES:
        raise Malformed(Text(f"known are {', '.join(PROFILES)}", f"可选 {'、'.join(PROFILES)}"), problem=PROFILE, profile=name)
    return PROFILES[name]
