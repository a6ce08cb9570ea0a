"""What a card is made of and never changes: directories, files, keys and how it answers.

A profile is compiled into a `Blueprint` once (`emulator.factory`); everything that a command looks up stands here
as plain attributes, because a READ RECORD has about two microseconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from cardstack.card.access import FREE, NEVER, Access
from cardstack.card.keys import Usage
from cardstack.card.layout import Form
from cardstack.card.profile import Application, PurseKind, Style

Ways: TypeAlias = tuple[frozenset[str], ...]


@dataclass(eq=False, slots=True)
class Elementary:
    """An elementary file: where it lies, how it is organised, who may do what.

    `size` is the length of a fixed or cyclic record, or of the whole transparent file; 0 where records vary.
    """

    fid: int
    form: Form
    cell: str
    read: Ways
    update: Ways
    size: int = 0
    limit: int = 254
    """How many records a cyclic file keeps."""
    rooms: tuple[int, ...] = ()
    """How long each record of a tagged file may get."""
    sfi: int = 0
    identified_at: int = 0
    """At which byte of a record its identifier stands; 1 where a record begins with two of them (27 01)."""
    journal: bool = False
    """Whether a payment may write it between its two commands (CAPP, trip records), and nothing else may."""


@dataclass(eq=False, slots=True)
class KeyPlace:
    """One key of a directory: the name its proof has, how it is referred to, how often it may be tried."""

    name: str
    kid: int
    usage: Usage
    cell: str
    tries_cell: str
    tries: int
    home: "Directory"


@dataclass(eq=False, slots=True)
class PinPlace:
    """A PIN and the keys that reload and unblock it."""

    name: str
    cell: str
    tries_cell: str
    tries: int
    home: "Directory"
    unlock: str = ""
    """The key whose proof RELOAD and UNBLOCK ask for; empty where their MAC alone is enough."""
    lengths: tuple[int, int] = (2, 8)
    """The shortest and the longest PIN in bytes."""


@dataclass(frozen=True, slots=True)
class PursePlace:
    """A purse: its kind, the prefix of its cells, what it may hold, where it logs."""

    kind: PurseKind
    cell: str
    limit: int
    log: Elementary | None


@dataclass(eq=False, slots=True)
class Directory:
    """A dedicated file or application with what lies in it."""

    fid: int
    name: str
    aids: tuple[bytes, ...]
    fci: bytes
    parent: "Directory | None" = None
    files: dict[int, Elementary] = field(default_factory=dict)
    short: dict[int, Elementary] = field(default_factory=dict)
    children: dict[int, "Directory"] = field(default_factory=dict)
    keys: dict[tuple[Usage, int], KeyPlace] = field(default_factory=dict)
    pin: PinPlace | None = None
    admin: PinPlace | None = None
    """The administrator's PIN of an application with keys that sign."""
    pairs: str = ""
    """The cells' prefix of its key pairs, empty where there are none."""
    lineage: frozenset[str] = frozenset()
    """The names of the directories above, whose proofs stay good in here."""
    blocked_cell: str = ""
    purses: dict[PurseKind, "PursePlace"] = field(default_factory=dict)
    medical: str = ""
    """The cells' prefix of the medical account, empty where there is none."""
    declared: Application | None = None

    def add(self, file: Elementary) -> None:
        """Put a file in, by identifier and by short identifier."""
        self.files[file.fid] = file
        if file.sfi:
            self.short[file.sfi] = file

    def adopt(self, child: "Directory") -> None:
        """Put a directory below this one."""
        child.parent = self
        child.lineage = self.lineage | {self.name}
        self.children[child.fid] = child

    def every(self) -> Iterator["Directory"]:
        """This directory and all below it."""
        yield self
        for child in self.children.values():
            yield from child.every()

    def key(self, usage: Usage, kid: int) -> KeyPlace | None:
        """The key of that use and number here, or in a directory above when its bit 8 says it is not local."""
        node: Directory | None = self
        while node is not None:
            if found := node.keys.get((usage, kid)):
                return found
            node = None if kid & 0x80 else node.parent
        return None

    def holder_pin(self) -> PinPlace | None:
        """The PIN that counts here: this directory's, or the nearest one above."""
        node: Directory | None = self
        while node is not None:
            if node.pin is not None:
                return node.pin
            node = node.parent
        return None


@dataclass(eq=False, slots=True)
class Blueprint:
    """A whole kind of card."""

    profile: str
    master: Directory
    initial: Directory
    style: Style
    atr: bytes
    channels: int = 4
    chaining: bool = True
    terminal: bool = False
    """Whether it is a terminal's security module, which has commands of its own."""
    named: dict[bytes, Directory] = field(default_factory=dict)

    def applications(self, name: bytes) -> tuple[Directory, ...]:
        """The directories a name selects in turn: the one of the whole name, or else all it begins (ISO/IEC 7816-4 §11.2.2)."""
        if found := self.named.get(name):
            return (found,)
        if not 5 <= len(name) <= 16:
            return ()
        return tuple(dict.fromkeys(place for full, place in self.named.items() if full.startswith(name)))


def ways(access: Access) -> Ways:
    """The sets of proofs that open a door, as a command looks at them."""
    return tuple(sorted(access.ways, key=len))


OPEN, SHUT = ways(FREE), ways(NEVER)
