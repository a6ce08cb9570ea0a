"""What a kind of card is: its applications, their files, keys and purses, and how it answers. All of it is data."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from cardstack import tlv
from cardstack.card.keys import Key, Usage
from cardstack.card.layout import File
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Refused, problem
from cardstack.text import Text
from cardstack.tlv import Tlv

NOT_DECLARED = problem(
    "CS-1202",
    Text("The profile {profile} declares no {what}", "规范 {profile} 未声明 {what}"),
    Text(
        "List the profiles and what they hold with `cardstack emulator profiles`.",
        "请用 `cardstack emulator profiles` 查看各规范的内容。",
    ),
)


class Data(StrEnum):
    """How a card hands over data that answers a command with data."""

    DIRECT = "data and 9000 at once"
    FETCHED = "61xx, then GET RESPONSE"


class Length(StrEnum):
    """What a card does when Le is not the length of what is there."""

    WHOLE = "all data, 9000"
    CORRECTED = "6Cxx with the right length"
    CUT = "as many bytes as asked for, 9000"


@dataclass(frozen=True, slots=True)
class Style:
    """How a card answers where the standards leave a choice and clients depend on one."""

    select: Data = Data.FETCHED
    """SELECT of an application or DF without Le; one with Le is answered at once unless `select_le` says otherwise."""
    select_le: Data = Data.DIRECT
    answer: Data = Data.DIRECT
    """Other commands with data both ways and no Le (INTERNAL AUTHENTICATE, INIT, DEBIT)."""
    short_le: Length = Length.CORRECTED
    long_le: Length = Length.WHOLE
    zero_le: Length = Length.WHOLE
    absent_le: Length = Length.WHOLE
    """READ without Le at all: some hosts send four bytes and still read the record."""
    ef_fci: bool = False
    """Whether SELECT of an EF gives its FCP; clients compare its first byte with 90."""
    record_identifiers: bool = True
    """READ RECORD by identifier as well as by number."""
    all_records: bool = False
    """READ RECORD of all from P1 on (P2 low bits 101); else 6A81."""


@dataclass(frozen=True, slots=True)
class Pin:
    """The holder's PIN of an application: the value a test card starts with, and its tries."""

    initial: str = "123456"
    tries: int = 6
    shortest: int = 4
    longest: int = 12
    source: str = "try counter 6 in [JS]; configurable"


class PurseKind(StrEnum):
    """The two purses of PBOC part 2."""

    EP = "electronic purse 电子钱包"
    ED = "electronic deposit 电子存折"


@dataclass(frozen=True, slots=True)
class Purse:
    """One purse of a payment application; the keys are found by usage and index."""

    kind: PurseKind
    limit_fen: int = 0xFFFFFF
    overdraft_fen: int = 0
    log: int = 0x18
    """SFI of its cyclic log."""


class Diversified(StrEnum):
    """What the keys of an application are diversified by."""

    BY_CARD = "province, city, last eight bytes of the ATR"
    BY_SERIAL = "issuer and last eight bytes of the application serial number, both in file 15"


@dataclass(frozen=True, slots=True)
class Application:
    """A DF with what is in it. The application `MF` stands for the master file."""

    name: str
    label: Text
    spec: str
    aid: bytes = b""
    """Empty where it cannot be selected by name."""
    fid: int | None = None
    parent: str = "MF"
    files: tuple[File, ...] = ()
    keys: tuple[Key, ...] = ()
    pin: Pin | None = None
    purses: tuple[Purse, ...] = ()
    diversified: Diversified = Diversified.BY_CARD
    medical: bool = False
    """Whether it has the internal amounts of a medical account (B028, B02C)."""
    signing: bool = False
    """Whether it holds an SM2 key pair that signs: its public half is file 0012."""
    admin: Pin | None = None
    """A second PIN for whoever administers the application, proved as `MPIN`."""
    proprietary: tuple[Tlv, ...] = ()
    """What stands in template A5 of its FCI."""
    processing: bytes = b""
    """What a bank's application says to GET PROCESSING OPTIONS: its profile (AIP) and where its records lie (AFL)."""
    objects: tuple[Tlv, ...] = ()
    """What GET DATA gives of it by tag."""
    issuer_file: int | None = None
    """A file whose bytes are issuer data (9F0C) in the FCI."""
    issuer_more: bytes = b""
    """What follows that file's bytes in the issuer data."""

    def fci(self, issuer_data: bytes = b"") -> bytes:
        """The file control information that SELECT answers with (ISO/IEC 7816-4 §7.4.3, PBOC)."""
        own = self.proprietary + ((Tlv(0x9F0C, issuer_data + self.issuer_more),) if self.issuer_file is not None else ())
        name = Tlv(0x84, self.aid) if self.aid else Tlv(0x83, (self.fid or 0x3F00).to_bytes(2))
        return Tlv(0x6F, tlv.encode((name, *((Tlv(0xA5, tlv.encode(own)),) if own else ())))).encode()

    def file(self, fid: int) -> File | None:
        """The file with an identifier."""
        return next((file for file in self.files if file.fid == fid), None)

    def file_by_sfi(self, sfi: int) -> File | None:
        """The file with a short identifier."""
        return next((file for file in self.files if file.sfi == sfi), None)

    def key(self, kid: int, usage: Usage) -> Key | None:
        """The key with an identifier among those of a usage."""
        return next((key for key in self.keys if key.kid == kid and key.usage is usage), None)

    def key_named(self, name: str) -> Key | None:
        """The key with a name."""
        return next((key for key in self.keys if key.name == name), None)


MF = Application("MF", Text("master file", "主文件"), "ISO/IEC 7816-4 §7.2", fid=0x3F00)
"""The master file of a card that keeps nothing in it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of card: specification and generation, province or answering habit."""

    name: str
    title: Text
    version: str
    """Record 03 of EF05: `1.00`, `2.00`, `2.01` or `3.00`; empty on cards that are no social security cards."""
    applications: tuple[Application, ...]
    style: Style = field(default=Style())
    algorithm: Block = Block.TRIPLE_DES
    root: str = "MF"
    """The application that is current after a reset."""
    implicit: str = ""
    """One that is selected already after a reset though it can be selected too, as transit cards do; empty: the root."""
    contactless: bool = False
    historical: bytes = bytes.fromhex("0081544C92")
    """The first five historical bytes of the ATR: maker and operating system; the last eight are the card's factor."""
    based_on: str = ""

    def application(self, name: str) -> Application:
        """The application with a name, or `Refused`."""
        found = next((one for one in self.applications if one.name == name), None)
        if found is None:
            raise Refused(problem=NOT_DECLARED, profile=self.name, what=name)
        return found

    def has(self, name: str) -> bool:
        """Whether an application with a name is declared."""
        return any(one.name == name for one in self.applications)

    def file(self, application: str, fid: int) -> File:
        """One file of one application, or `Refused`."""
        found = self.application(application).file(fid)
        if found is None:
            raise Refused(problem=NOT_DECLARED, profile=self.name, what=f"{application} {fid:04X}")
        return found

    def key(self, application: str, name: str) -> Key:
        """One key by name, or `Refused`."""
        found = self.application(application).key_named(name)
        if found is None:
            raise Refused(problem=NOT_DECLARED, profile=self.name, what=f"{application} {name}")
        return found

    @property
    def aid(self) -> bytes:
        """The name under which the social security application is selected; empty where it is the master file."""
        return self.application("SSSE").aid

    def atr(self, factor: bytes) -> bytes:
        """The answer to reset of a card with this diversification factor (eight bytes).

        The interface bytes are those of the message sample in the HSM manual: T=0, 13 historical bytes.
        """
        return bytes.fromhex("3B6D0000") + self.historical + factor

    def variant(self, name: str, title: Text, **changes: object) -> "Profile":
        """This profile under another name with some declarations replaced."""
        return replace(self, name=name, title=title, based_on=self.name, **changes)  # type: ignore[arg-type]  # any field of a profile

    def with_application(self, *added: Application) -> tuple[Application, ...]:
        """The applications with some added, or replaced where the name is the same."""
        names = {one.name for one in added}
        return (*(one for one in self.applications if one.name not in names), *added)
