"""What no sequence of bytes may do to the emulated card."""

from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cardstack.apdu import commands
from cardstack.apdu.message import Command
from cardstack.card.access import Access
from cardstack.card.keys import Key, Usage
from cardstack.card.layout import File, Form
from cardstack.card.profile import Application
from cardstack.card.profiles import profile
from cardstack.card.profiles.command_set import COMMANDS as COMMAND_SET
from cardstack.card.profiles.command_set import EVERYWHERE
from cardstack.crypto import cryptogram
from emulator.card import answer
from emulator.instruction import declared
from emulator.samples import personalisation, sample, sample_psam
from emulator.slot import Slot
from emulator.state import Card

KINDS = ("2.00", "3.00", "2.00-jiangsu", "city-union-shanghai", "ep-ed", "1.00-shanghai-mf")
STATUS = {0x61, 0x62, 0x63, 0x64, 0x65, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x90, 0x93, 0x94}
INSTRUCTIONS = sorted(declared())


@cache
def begun(kind: str) -> tuple[Card, ...]:
    """A card of a kind at several points of its conversations."""
    fresh = sample_psam([profile("2.00")]) if kind == "psam" else sample(profile(kind))
    slot, states = Slot(fresh), [fresh]
    talk = [
        "00A404000F7378312E73682EC9E7BBE1B1A3D5CF00",
        "0020000003123456",
        "0084000008",
        "00A4000002DF04",
        "00A4040008A00000063201010500",
    ]
    for command in [*talk, "0084000004", "0020000003123456", "805003020B0100000001000000000001", "BFDE481018" + "00" * 24]:
        slot(bytes.fromhex(command))
        states.append(slot.card)
    return tuple(states)


CARDS = st.sampled_from((*KINDS, "psam")).flatmap(lambda kind: st.sampled_from(begun(kind)))
HEADERS = st.tuples(
    st.sampled_from(INSTRUCTIONS).flatmap(
        lambda one: st.tuples(st.sampled_from((one[0], one[0] | 4, one[0] | 0x10, one[0] | 1)), st.just(one[1]))
    ),
    st.one_of(st.sampled_from((0, 1, 2, 3, 4, 5)), st.integers(0, 255)),
    st.one_of(st.sampled_from((0, 1, 2, 4, 0x2C, 0x34)), st.integers(0, 255)),
)
DATA = st.one_of(
    st.just(b""), st.binary(max_size=24), st.integers(0, 64).map(bytes), st.sampled_from((b"\xef\x05", b"\xdf\x01", b"\x00\x16"))
)
LE = st.sampled_from((b"", b"\x00", b"\x08", b"\x0f", b"\x10"))
COMMANDS = st.builds(
    lambda header, data, le: bytes((*header[0], header[1], header[2])) + (bytes((len(data),)) + data if data else b"") + le,
    HEADERS,
    DATA,
    LE,
)


def counters(card: Card) -> dict[str, Any]:
    """The retry counters of a card."""
    return {cell: value for cell, value in card.memory.items() if cell.endswith("/tries")}


def rest(card: Card) -> dict[str, Any]:
    """Everything that is kept but the retry counters."""
    return {cell: value for cell, value in card.memory.items() if not cell.endswith("/tries")}


@given(CARDS, st.one_of(st.binary(max_size=40), COMMANDS))
@settings(max_examples=600)
def test_any_bytes_get_an_answer_that_ends_in_a_status_word(card: Card, raw: bytes) -> None:
    """Two bytes at least, of the standards' classes, and never an exception."""
    _, said = answer(card, raw)
    assert len(said) >= 2
    assert said[-2] in STATUS


@given(CARDS, COMMANDS)
@settings(max_examples=600)
def test_a_refused_command_changes_nothing_but_retry_counters(card: Card, raw: bytes) -> None:
    """Memory, proofs and selection stay; counters only go down."""
    after, said = answer(card, raw)
    if said[-2] in {0x90, 0x61, 0x62}:
        return
    assert rest(after) == rest(card)
    assert all(value <= counters(card)[cell] for cell, value in counters(after).items())
    for then, now in zip(card.session.channels, after.session.channels, strict=True):
        assert (then is None) == (now is None)
        assert then is None or now is None or (now.proofs <= then.proofs and now.directory is then.directory)


TOLD: dict[int, set[int]] = {}
for _entry in COMMAND_SET:
    TOLD.setdefault(_entry.ins, set()).update(_entry.words)
SEALED = {0x6982, 0x6984, 0x6987, 0x6988, 0x6A88}
"""What secure messaging adds to any command."""


@given(CARDS, COMMANDS)
@settings(max_examples=600)
def test_a_command_answers_no_status_word_that_the_reference_does_not_tell(card: Card, raw: bytes) -> None:
    """The row of the command set, what any command may answer, and with CLA x4 what secure messaging adds."""
    _, said = answer(card, raw)
    sw = int.from_bytes(said[-2:])
    told = TOLD[raw[1]] | EVERYWHERE | (SEALED if raw[0] & 0x04 else set())
    assert sw == 0x9000 or sw >> 8 in {0x61, 0x6C} or sw in told or (sw >> 4 == 0x63C and any(one >> 4 == 0x63C for one in told))


@given(CARDS, COMMANDS)
@settings(max_examples=200)
def test_the_same_card_gives_the_same_answer(card: Card, raw: bytes) -> None:
    """A card is a value; only a signature draws a nonce of its own."""
    if raw[1:2] != b"\x2a":
        assert answer(card, raw)[1] == answer(card, raw)[1]


class Gates(RuleBasedStateMachine):
    """A terminal that tries everything, beside a model of who has proved what; the card must agree at every door."""

    kind = profile("2.00")
    order = personalisation(kind)

    def __init__(self) -> None:
        super().__init__()
        self.slot = Slot(sample(self.kind))
        self.proofs: dict[str, str] = {}
        self.tries: dict[str, int] = {}
        self.slot(bytes(commands.select_aid(self.kind.aid, 256)))
        self.here = "SSSE"

    @property
    def application(self) -> Application:
        """Where the terminal stands."""
        return self.kind.application(self.here)

    def above(self) -> list[str]:
        """The applications above this one."""
        return [self.application.parent] if self.here != "SSSE" else []

    def send(self, command: Command) -> int:
        """The status word of a command, 61xx as 9000."""
        said = self.slot(bytes(command))
        return 0x9000 if said[-2] == 0x61 else int.from_bytes(said[-2:])

    @rule(name=st.sampled_from(("SSSE", "DF01", "DF02", "DF03", "DF04", "DF07")))
    def select(self, name: str) -> None:
        """By name; what was proved in the directories above the new one stays."""
        assert self.send(commands.select_aid(self.kind.application(name).aid, 256)) == 0x9000
        self.here = name
        self.proofs = {proof: home for proof, home in self.proofs.items() if home in self.above()}

    @rule()
    def reset(self) -> None:
        """Power off and on, then the application again."""
        self.slot.reset()
        self.proofs, self.here = {}, "SSSE"
        assert self.send(commands.select_aid(self.kind.aid, 256)) == 0x9000

    @rule(right=st.booleans())
    def verify(self, right: bool) -> None:  # drawn by hypothesis
        """The PIN lies in SSSE and counts in all DFs below."""
        left = self.tries.setdefault("PIN", 6)
        said = self.send(commands.verify(bytes.fromhex("123456" if right else "654321")))
        self._judge("PIN", "SSSE", said, right and left > 0, 6)

    @rule(data=st.data(), right=st.booleans())
    def authenticate(self, data: st.DataObject, right: bool) -> None:  # drawn by hypothesis
        """A key of this application, with its own cryptogram or a wrong one."""
        keys = [key for key in self.application.keys if key.usage is Usage.EXTERNAL]
        key: Key = data.draw(st.sampled_from(keys))
        left = self.tries.setdefault(key.name, key.tries)
        challenge = self.slot(bytes(commands.get_challenge()))[:8]
        value = self.order.key(self.application, key)
        cipher = cryptogram.authentication(value, challenge, bytes(8), key.algorithm) if right else b"\xaa" * 8
        said = self.send(commands.external_authenticate(key.kid, cipher + bytes(8)))
        self._judge(key.name, self.here, said, right and left > 0, key.tries)

    def _judge(self, name: str, home: str, said: int, good: bool, most: int) -> None:  # the model's own word
        left = self.tries[name]
        if good:
            assert said == 0x9000
            self.proofs[name], self.tries[name] = home, most
        elif left:
            assert said == 0x63C0 | left - 1
            self.proofs.pop(name, None)
            self.tries[name] = left - 1
        else:
            assert said == 0x6983

    def allowed(self, access: Access) -> bool:
        """Whether the declared condition is met by what the model knows was proved."""
        return access.allows(frozenset(self.proofs))

    def _files(self) -> list[File]:
        return [file for file in self.application.files if file.form is not Form.INTERNAL]

    @rule(data=st.data())
    @precondition(lambda self: bool(self.application.files))
    def read(self, data: st.DataObject) -> None:
        """A file of this application opens exactly when its declaration says so."""
        file = data.draw(st.sampled_from(self._files()))
        command = commands.read_record(file.sfi, 1)
        if file.form is Form.TRANSPARENT:
            command = Command(0x00, 0xB0, 0x80 | file.sfi, 0, ne=16)
        assert self.send(command) == (0x9000 if self.allowed(file.read) else 0x6982)

    @rule(data=st.data())
    @precondition(lambda self: bool(self.application.files))
    def update(self, data: st.DataObject) -> None:
        """So does writing: the same first record again, or a byte."""
        file = data.draw(st.sampled_from(self._files()))
        held = self.slot.card.memory[f"{self.here}/{file.fid:04X}"]
        command = Command(0x00, 0xD6, 0x80 | file.sfi, 0, b"\0")
        if isinstance(held, tuple):
            command = Command(0x00, 0xDC, 0x01, file.sfi << 3 | 4, held[0])
        assert self.send(command) == (0x9000 if self.allowed(file.update) else 0x6982)

    @invariant()
    def counters_agree(self) -> None:
        """The card counts tries as the model does."""
        held = self.slot.card.memory["SSSE/PIN/tries"]
        assert held == self.tries.get("PIN", 6)


Gates.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestGates = Gates.TestCase
