"""What the commands of `cardstack ca` share: where authorities live, passwords, moments, subjects as people type them."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.output import choices, words
from cardstack.errors import Malformed, Refused, problem
from cardstack.text import Text

if TYPE_CHECKING:
    from cardstack.ca.agreement import Level
    from cardstack.ca.officers import Approval
    from cardstack.crypto.keys import PublicKey, Signer
    from cardstack.vault.home import AuthorityHome
    from cardstack.vault.network import Network

NO_PASSWORD = problem(
    "CS-9020",
    Text("A password is needed: {name}", "需要口令：{name}"),
    Text("Set the environment variable {name}, or run the command in a terminal.", "请设置环境变量 {name}，或在终端中运行。"),
)
AUTHORITY_PASSWORD, OFFICER_PASSWORD = "CARDSTACK_CA_PASSWORD", "CARDSTACK_OFFICER_PASSWORD"  # names of variables

AUTHORITY_SHARES = "CARDSTACK_CA_SHARES"
ESCROW_PASSWORD = "CARDSTACK_ESCROW_PASSWORD"  # noqa: S105  # the name of a variable

AsJson = Annotated[bool, typer.Option("--json", help=words("Print data as JSON.", "以 JSON 输出。"))]
At = Annotated[
    str,
    typer.Option(
        "--at", help=words("The moment, ISO 8601 with a zone; now if not given.", "时刻（ISO 8601，含时区），默认当前。")
    ),
]
Id = Annotated[str, typer.Argument(metavar="AUTHORITY", help=words("The authority's id.", "机构标识。"))]
Who = Annotated[str, typer.Option("--officer", help=words("The officer's id.", "管理员标识。"))]
Subject = Annotated[
    str, typer.Option("--subject", help=words("Below the authority's names: O=…,CN=…", "名称空间之下的主体：O=…,CN=…"))
]
AtLevel = Annotated[str, typer.Option("--level", help="basic | substantial | high")]
Numbers = Annotated[
    list[str] | None, typer.Option("--number", help="resident-id=… | passport=… | social-insurance=… | credit-code=…")
]
Actor = Annotated[str, typer.Option("--actor", help=words("Who does it, for the audit log.", "经办人，记入审计日志。"))]


def folder() -> Path:
    """Where the authorities of this machine are."""
    from cardstack.cli.home import home

    return home() / "ca"


def moment(text: str) -> datetime:
    """The moment that was given, or now."""
    if not text:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed(
            Text(
                "--at: an ISO 8601 moment such as 2026-11-22T08:00:00+08:00",
                "--at：须为 ISO 8601 时刻，如 2026-11-22T08:00:00+08:00",
            ),
            field="at",
        ) from None
    if given.tzinfo is None:
        raise Malformed(Text("--at: the zone is missing, such as +08:00", "--at：缺少时区，如 +08:00"), field="at")
    return given.astimezone(UTC)


def password(name: str) -> bytes:
    """From the environment, put together from shares, or asked for where somebody can answer."""
    shares = os.environ.get(AUTHORITY_SHARES) if name == AUTHORITY_PASSWORD else None
    if shares:
        return _combined([Path(path) for path in shares.split(os.pathsep)])
    held = os.environ.get(name)
    if held is None and sys.stdin.isatty():
        held = typer.prompt(name, hide_input=True, err=True)
    if not held:
        raise Refused(problem=NO_PASSWORD, name=name)
    return held.encode()


def _combined(paths: list[Path]) -> bytes:
    """The password that a ceremony split among officers."""
    from cardstack.crypto.sharing import Share, combine
    from cardstack.vault import files

    return combine([Share.parse(files.read(path).decode("utf-8", errors="replace")) for path in paths])


def network(*, keys: bool = False) -> "Network":
    """The authorities here, with their keys where something is to be signed.

    CARDSTACK_CA_PASSWORD_31 opens the authority 31 where the common password does not.
    """
    from cardstack.vault.network import Network

    if not keys:
        return Network(folder())
    common = password(AUTHORITY_PASSWORD)
    return Network(folder(), lambda id_: os.environ.get(f"{AUTHORITY_PASSWORD}_{id_}", "").encode() or common)


def authority(id_: str, *, keys: bool = False) -> "AuthorityHome":
    """One of them."""
    return network(keys=keys).home(id_)


def officer_key(id_: str) -> "Signer":
    """An officer's key."""
    from cardstack.crypto import local
    from cardstack.vault import files

    return local.load_pkcs8(files.read(folder() / "officers" / f"{id_}.pem"), password(OFFICER_PASSWORD))


def public_key(path: Path) -> "PublicKey":
    """The key of a certificate or of a PKCS #10 request."""
    from cardstack.ca.certificate import Certificate
    from cardstack.ca.csr import Request
    from cardstack.vault import files

    raw = files.read(path)
    try:
        return Request.parse(raw).public
    except Malformed:
        return Certificate.parse(raw).public_key


def approvals_of(path: Path, what: str) -> "tuple[dict[str, Any], list[Approval]]":
    """A file that officers approve: what it says under `what`, and who has approved."""
    from cardstack.ca.officers import Approval
    from cardstack.vault import files

    held = files.read_json(path)
    if not isinstance(held, dict) or what not in held or not isinstance(held.get("approvals"), list):
        raise Malformed(problem=files.UNREADABLE, file=path.name)
    return held, [Approval.of_data(one) for one in held["approvals"]]


def approve_file(path: Path, what: bytes, officer: str, at: datetime) -> "Approval":
    """Add an officer's approval of `what` to the file that it stands in."""
    from cardstack.ca.officers import approve
    from cardstack.vault import files

    made = approve(what, officer=officer, signer=officer_key(officer), at=at)
    held = files.read_json(path)
    held["approvals"].append(made.as_data())
    files.write_json(path, held)
    return made


def attributes(text: str) -> dict[str, str]:
    """`O=…,CN=…` as attributes, in the order typed.

    >>> attributes("O=测试医院, CN=终端 1")
    {'O': '测试医院', 'CN': '终端 1'}
    """
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(kind.strip() and sign and value.strip() for kind, sign, value in pairs):
        raise Malformed(Text("a subject is written O=…,CN=…", "证书主体写作 O=…,CN=…"), field="subject")
    return {kind.strip(): value.strip() for kind, _, value in pairs}


def serial(text: str) -> int:
    """A serial number in hexadecimal, with or without colons."""
    try:
        return int(text.replace(":", ""), 16)
    except ValueError:
        raise Malformed(Text("a serial number is hexadecimal", "序列号须为十六进制"), field="serial") from None


def numbers(typed: list[str]) -> dict[str, str]:
    """Holder numbers, written `KIND=…`."""
    pairs = [one.partition("=") for one in typed]
    if not all(sign and value for _, sign, value in pairs):
        raise Malformed(Text("a number is written KIND=…", "编号写作 种类=…"), field="number")
    return {kind: value for kind, _, value in pairs}


def level(text: str) -> "Level":
    """A level by its word."""
    from cardstack.ca.agreement import Level as Levels

    try:
        return Levels(text)
    except ValueError:
        raise Malformed(choices("level", Levels), field="level") from None
