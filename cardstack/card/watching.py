"""Watching a conversation with a card by its declarations: what each command was, and which bytes are personal.

A `Watcher` gives `apdu.trace.traced` its `hide` and `describe`: headers, tags, lengths, status words and what is not
personal stay to be read; PINs, keys and the content of personal data items do not. What it cannot place it hides whole.
"""

from collections.abc import Iterator
from typing import NamedTuple

from cardstack.apdu.message import Command
from cardstack.card.layout import File, Form, Item, Nested, items
from cardstack.card.profile import Application, Profile
from cardstack.card.profiles import PROFILES
from cardstack.card.profiles.command_set import COMMANDS
from cardstack.errors import Malformed
from cardstack.text import Text

Spans = list[tuple[int, int]]
"""Byte ranges to hide, first and behind the last."""

WHOLE: Spans = [(0, 1 << 16)]
VERSION = bytes.fromhex("0304")
"""How the record with the specification version begins."""
ISSUER_DATA = bytes.fromhex("9F0C")
HOLDER, WIDEST = 0xEF06, "3.00-jiangsu"
SECRET = {0x20, 0x5E, 0x24, 0xD4}
"""Instructions whose data is a PIN or a key."""


def _family(cla: int) -> int:
    """The class without channel and secure messaging; PSAM and medical classes as they are."""
    return cla & 0xF0 if cla < 0xA0 else cla


_NAMES = {(_family(one.cla), one.ins): one.name for one in reversed(COMMANDS)}


class _Seen(NamedTuple):
    """What one exchange was: ranges of its data and its answer to hide, and words."""

    sent: Spans
    received: Spans
    words: str


class Watcher:
    """Follows which application and file are current on a card.

    Without a profile it takes the widest one, hides the holder's file whole, and changes to the profile of the card's
    version once that was read.
    """

    def __init__(self, profile: Profile | None = None) -> None:
        self.profile = profile or PROFILES[WIDEST]
        self.sure = profile is not None
        root = self.profile.root
        self.application: Application | None = self.profile.application(root) if self.profile.has(root) else None
        self.file: File | None = None
        self._waiting: Spans = []
        self._words = ""

    def hide(self, command: bytes, answer: bytes) -> tuple[str, str]:
        """The exchange in hexadecimal with `*` for what is personal or secret."""
        try:
            parsed = Command.parse(command)
        except Malformed:
            self._words = ""
            return _stars(command, [(4, 1 << 16)]), _stars(answer[:-2], WHOLE) + answer[-2:].hex().upper()
        seen = self._seen(parsed, answer[:-2])
        if not self.sure and answer[:2] == VERSION and len(answer) == 8:
            self._settle(answer[2:6].decode("ascii", errors="replace"))
        self._words = seen.words
        self._waiting = seen.received
        head = command.index(parsed.data, 5) if parsed.data else len(command)
        sent = [(head + start, min(head + end, head + len(parsed.data))) for start, end in seen.sent]
        return _stars(command, sent), _stars(answer[:-2], seen.received) + answer[-2:].hex().upper()

    def describe(self, _command: bytes, _answer: bytes) -> str:
        """What the exchange last hidden was, in words."""
        return self._words

    def _settle(self, version: str) -> None:
        """The first profile of a version, with the same application current."""
        found = next((one for one in PROFILES.values() if one.version == version), None)
        if found is not None:
            name = self.application.name if self.application else ""
            self.profile, self.sure = found, True
            self.application = found.application(name) if found.has(name) else None
            self.file = self.application.file(self.file.fid) if self.application and self.file else None

    def _seen(self, command: Command, answer: bytes) -> _Seen:
        name = _NAMES.get((_family(command.cla), command.ins), Text("", ""))
        words = f"{name.zh} {name.en}".strip()
        if command.ins == 0xA4:
            return self._select(command, answer, words)
        if command.ins in SECRET:
            return _Seen(WHOLE, [], words)
        if command.ins == 0xC0:
            return _Seen([], self._waiting, words)
        if command.ins in (0xB2, 0xDC, 0xE2):
            return self._record(command, words)
        if command.ins in (0xB0, 0xD6):
            return self._binary(command, words)
        return _Seen([], [], words)

    def _select(self, command: Command, answer: bytes, words: str) -> _Seen:
        fid = int.from_bytes(command.data) if len(command.data) == 2 else None
        file = self.application.file(fid) if self.application and fid is not None and command.p1 != 0x04 else None
        if file is not None and command.p1 != 0x01:
            self.file = file
            return _Seen([], [], f"{words} {file.name}")
        found = next((one for one in self.profile.applications if _is_named(one, command)), None)
        if found is None:
            return _Seen([], WHOLE, words)
        self.application, self.file = found, None
        return _Seen([], _fci_spans(found, answer), f"{words} {found.label}")

    def _current(self, sfi: int) -> File | None:
        if sfi and self.application is not None:
            self.file = self.application.file_by_sfi(sfi)
        return self.file

    def _record(self, command: Command, words: str) -> _Seen:
        file = self._current(command.p2 >> 3)
        if file is None:
            return _Seen(WHOLE, WHOLE, words)
        if not self.sure and file.fid == HOLDER:
            return _Seen(WHOLE, WHOLE, f"{words} {file.name}")
        if file.form is Form.CYCLIC:
            spans = list(_body_spans(file.body, 0))
            return _Seen(spans, spans, f"{words} {file.name}")
        by_number = command.p2 & 0x07 == 0x04
        item = _numbered(file, command.p1) if by_number else _identified(file, command.p1)
        if item is None:
            return _Seen(WHOLE, WHOLE, f"{words} {file.name}")
        spans = list(_spans(item, 0))
        return _Seen(spans, spans, f"{words} {file.name} {item.name}")

    def _binary(self, command: Command, words: str) -> _Seen:
        if command.p1 & 0x80:
            file, offset = self._current(command.p1 & 0x1F), command.p2
        else:
            file, offset = self.file, command.p1 << 8 | command.p2
        if file is None:
            return _Seen(WHOLE, WHOLE, words)
        spans = [(max(start - offset, 0), end - offset) for start, end in _body_spans(file.body, 0) if end > offset]
        return _Seen(spans, spans, f"{words} {file.name}")


def _is_named(application: Application, command: Command) -> bool:
    """Whether a SELECT means this application, by its whole name, the beginning of it, or its identifier."""
    if command.p1 == 0x04:
        return bool(application.aid and command.data) and application.aid.startswith(command.data)
    return application.fid == (int.from_bytes(command.data) if command.data else 0x3F00)


def _fci_spans(application: Application, answer: bytes) -> Spans:
    """Personal bytes in an FCI: those of the file whose content stands in its issuer data (9F0C)."""
    file = application.file(application.issuer_file) if application.issuer_file is not None else None
    if file is None:
        return []
    place = answer.find(ISSUER_DATA)
    if place < 0:
        return WHOLE
    start = place + len(ISSUER_DATA) + 1
    return [(start + first, start + end) for first, end in _body_spans(file.body, 0)]


def _expanded(file: File) -> list[Item]:
    return [item for item in items(file.body).values() for _ in range(item.times)]


def _numbered(file: File, number: int) -> Item | None:
    declared = _expanded(file)
    return declared[number - 1] if 1 <= number <= len(declared) else None


def _identified(file: File, tag: int) -> Item | None:
    if file.form is Form.RECORDS:
        return _numbered(file, tag)
    return next((item for item in _expanded(file) if item.tag == tag), None)


def _spans(item: Item, base: int) -> Iterator[tuple[int, int]]:
    """Where the personal bytes of one occurrence of an item stand."""
    head = base + item.size - item.codec.size
    if item.personal:
        yield head, base + item.size
    elif isinstance(item.codec, Nested):
        yield from _body_spans(item.codec.body, head)


def _body_spans(body: type, base: int) -> Iterator[tuple[int, int]]:
    for item in items(body).values():
        for _ in range(item.times):
            yield from _spans(item, base)
            base += item.size


def _stars(raw: bytes, spans: Spans) -> str:
    """Hexadecimal with stars over some ranges."""
    shown = raw.hex().upper()
    for start, end in spans:
        last = min(end, len(raw))
        if start < last:
            shown = shown[: 2 * start] + "**" * (last - start) + shown[2 * last :]
    return shown
