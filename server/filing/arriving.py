"""A file as it comes: what it is, who brings it, what it says of itself, and what it is taken in with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import file_digest
from typing import IO, Final, NamedTuple

from cardstack.ca.trust import Trusted
from cardstack.errors import problem
from cardstack.settlement.bulk import medical_file, return_file, transit_layout
from cardstack.settlement.bulk.package import head
from cardstack.settlement.node import Node
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from server.identity import Identity
from server.permissions import EVERYWHERE
from server.store.office.filing import FileStore
from server.store.store import Store
from server.turns import Turns

UNKNOWN: Final = problem(
    "CS-4180",
    Text("This is no file that is exchanged here", "不是本系统收发的文件类型"),
    Text(
        "Send a signed package, or the bank's camt.053 XML or result CSV.",
        "请上传签名文件包，或银行 camt.053 XML、结果 CSV 文件。",
    ),
)


class Kind(StrEnum):
    """What a file is."""

    TRANSIT = "transit"
    MEDICAL = "medical"
    RETURN = "return"
    BANK = "bank"
    CARD_LIST = "card-list"


KINDS: Final[dict[Kind, Text]] = {
    Kind.TRANSIT: Text("transit, T+1", "交通 T+1 文件"),
    Kind.MEDICAL: Text("medical, monthly", "医疗月度清算文件"),
    Kind.RETURN: Text("return file", "回盘文件"),
    Kind.BANK: Text("bank file", "银行文件"),
    Kind.CARD_LIST: Text("card list", "名单文件"),
}
LAYOUTS: Final[dict[str, Kind]] = {
    **dict.fromkeys(transit_layout.LAYOUTS, Kind.TRANSIT),
    medical_file.LAYOUT.name: Kind.MEDICAL,
    return_file.LAYOUT.name: Kind.RETURN,
}


@dataclass(frozen=True, slots=True)
class Means:
    """What taking in a file works with: where files are kept, the ledger, and who vouches for signatures."""

    files: FileStore
    store: Store
    vouch: Callable[[Sequence[bytes], datetime], Trusted] | None
    node: Callable[[Trusted], Node] | None
    identity: Identity | None = None
    """Who signs return files; without one they are handed out as bare lines."""
    name: str = "00.hub"
    """By which name."""
    progress: Callable[[int], object] = lambda _: None
    """Is told how many lines were looked at."""
    turns: Turns | None = None
    """Bounds how many files are judged at once, whoever brings them."""


class Arrival(NamedTuple):
    """A file as it comes: its bytes and name, who brings it, when, and the number it gets."""

    raw: bytes
    name: str
    actor: str
    at: datetime
    number: str


def is_package(file: IO[bytes]) -> bool:
    """Whether a file may be a signed one."""
    file.seek(0)
    return file.read(2) == b"PK"


class Waiting(NamedTuple):
    """A file that waits on disk for its turn, else as an `Arrival`."""

    file: IO[bytes]
    name: str
    actor: str
    at: datetime
    number: str

    def digest(self) -> str:
        """The SHA-256 of its bytes."""
        self.file.seek(0)
        return file_digest(self.file, "sha256").hexdigest()  # type: ignore[arg-type]  # the stub asks for a method it never calls

    def arrival(self) -> Arrival:
        """All of it, in memory."""
        self.file.seek(0)
        return Arrival(self.file.read(), *self[1:])


class Outside(NamedTuple):
    """What a file says of itself, before anything in it is believed: whose it is, and of how many lines."""

    province: str
    lines: int


def outside(file: IO[bytes]) -> Outside:
    """The province of the sender that a package names, and its lines; a bank's file is the centre's, of nobody knows how many."""
    if not is_package(file):
        return Outside(EVERYWHERE, 0)
    manifest = head(file).manifest
    return Outside(Party(manifest.sender).province, max(0, manifest.lines))
