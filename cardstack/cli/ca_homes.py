"""What the commands of `cardstack ca` share: where authorities live, passwords, moments, subjects as people type them."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cardstack.cli.output import words
from cardstack.errors import Malformed, Refused, problem
from cardstack.text import Text

if TYPE_CHECKING:
    from cardstack.ca.agreement import Level
    from cardstack.crypto.keys import Signer
    from cardstack.vault.home import AuthorityHome
    from cardstack.vault.network import Network

NO_PASSWORD = problem(
    "CS-9020",
    Text("A password is needed: {name}", "需要口令：{name}"),
    Text("Set the environment variable {name}, or run the command in a terminal.", "请设置环境变量 {name}，或在终端中运行。"),
)
AUTHORITY_PASSWORD, OFFICER_PASSWORD = "CARDSTACK_CA_PASSWORD", "CARDSTACK_OFFICER_PASSWORD"  # names of variables

AUTHORITY_SHARES = "CARDSTACK_CA_SHARES"

AsJson = Annotated[bool, typer.Option("--json", help=words("Print data as JSON.", "以 JSON 输出。"))]
At = Annotated[
    str,
    typer.Option(
        "--at", help=words("The moment, ISO 8601 with a zone; now if not given.", "时刻（ISO 8601，含时区），默认当前。")
    ),
]
Id = Annotated[str, typer.Argument(metavar="AUTHORITY", help=words("The authority's id.", "机构标识。"))]
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
        raise Malformed("--at: an ISO 8601 moment such as 2026-11-22T08:00:00+08:00", field="at") from None
    if given.tzinfo is None:
        raise Malformed("--at: the zone is missing, such as +08:00", field="at")
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


def attributes(text: str) -> dict[str, str]:
    """`O=…,CN=…` as attributes, in the order typed.

    >>> attributes("O=测试医院, CN=终端 1")
    {'O': '测试医院', 'CN': '终端 1'}
    """
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(kind.strip() and sign and value.strip() for kind, sign, value in pairs):
        raise Malformed("a subject is written O=…,CN=…", field="subject")
    return {kind.strip(): value.strip() for kind, _, value in pairs}


def serial(text: str) -> int:
    """A serial number in hexadecimal, with or without colons."""
    try:
        return int(text.replace(":", ""), 16)
    except ValueError:
        raise Malformed("a serial number is hexadecimal", field="serial") from None


def level(text: str) -> "Level":
    """A level by its word."""
    from cardstack.ca.agreement import Level as Levels

    try:
        return Levels(text)
    except ValueError:
        raise Malformed(f"a level is one of {', '.join(Levels)}", field="level") from None
