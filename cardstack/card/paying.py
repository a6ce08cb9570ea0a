"""Paying with a card as scripts: the medical account, the transit purse, its balance, and what was torn.

The terminal's half of each proof comes from a `Sam`: the terminal's PSAM, or test keys at hand. Nothing here knows
the time or draws a number; moments are arguments.
"""

from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Protocol

from cardstack.apdu import commands
from cardstack.apdu.message import Command
from cardstack.apdu.script import Script, ask
from cardstack.card.keys import Factors
from cardstack.card.layout import pack, unpack
from cardstack.card.profile import Profile, PurseKind
from cardstack.card.profiles.medical import MedicalState
from cardstack.card.profiles.transit import Public, TripEntry
from cardstack.card.proving import verify_pin
from cardstack.card.reading import open_application, read_file
from cardstack.codec import Moment
from cardstack.crypto import cryptogram, payment
from cardstack.crypto.cryptogram import Block
from cardstack.crypto.payment import Debit, Kind, MedicalDebit
from cardstack.errors import Malformed, Refused, Untrusted, problem
from cardstack.text import Text
from cardstack.values import Fen

MAC2_WRONG = problem(
    "CS-1230",
    Text("The card's proof of the debit is wrong", "卡片返回的扣款凭证（MAC2）不正确"),
    Text("Do not hand out goods; ask the card for the transaction's proof and reconcile.", "请勿放行；请取交易证明后对账。"),
)
TORN = problem(
    "CS-1232",
    Text("The card has no proof of that transaction: it was not debited", "卡片没有该笔交易的认证信息：未扣款"),
    Text("Begin the purchase again.", "请重新发起交易。"),
)


P2 = {PurseKind.ED: 0x01, PurseKind.EP: 0x02}
"""How the payment commands name a purse."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a card says when a purchase begins."""

    balance_fen: Fen
    sequence: bytes
    overdraft_fen: int
    key_version: int
    algorithm: int
    random: bytes

    @property
    def block(self) -> Block:
        """The cipher under the payment keys: 3DES (00, 01) or SM4 (03, 04)."""
        return algorithm_of(self.algorithm)


def algorithm_of(code: int) -> Block:
    """The cipher an algorithm byte names: 00 or 01 3DES, 03 (ministry) or 04 (PBOC cards) SM4."""
    known = {0x00: Block.TRIPLE_DES, 0x01: Block.TRIPLE_DES, 0x03: Block.SM4, 0x04: Block.SM4}
    if code not in known:
        raise Malformed(Text(f"algorithm {code:02X} is not known", f"未知算法 {code:02X}"), field="algorithm")
    return known[code]


class Sam(Protocol):
    """The terminal's half of a payment."""

    def terminal(self) -> Script[bytes]:
        """The terminal's number, six bytes."""
        ...

    def begin(self, opening: Opening, fields: bytes, factors: tuple[bytes, ...]) -> Script[tuple[bytes, bytes]]:
        """Terminal transaction sequence (4) and MAC1 (4) over `fields`; factors in the order a PSAM takes them."""
        ...

    def finish(self, mac2: bytes) -> Script[bool]:
        """Whether the card's MAC2 proves the debit."""
        ...


@dataclass(frozen=True, slots=True)
class PsamSam:
    """The terminal's PSAM: file 0016, 8070 and 8072. `application` is the DF with the purchase keys."""

    application: int
    partner: str = "psam"
    p1: int = 0

    def terminal(self) -> Script[bytes]:
        yield from ask(commands.select_file(0x3F00), self.partner)
        return (yield from ask(Command(0x00, 0xB0, 0x96, 0x00, ne=6), self.partner)).require()

    def begin(self, opening: Opening, fields: bytes, factors: tuple[bytes, ...]) -> Script[tuple[bytes, bytes]]:
        (yield from ask(commands.select_file(self.application), self.partner)).require()
        said = opening.random + opening.sequence + fields + bytes((opening.key_version, opening.algorithm)) + b"".join(factors)
        answer = (yield from ask(Command(0x80, 0x70, self.p1, 0x00, said, 8), self.partner)).require()
        if len(answer) != 8:
            raise Malformed(
                Text("the PSAM answers with sequence and MAC1, eight bytes", "PSAM 应答应为序号和 MAC1，共 8 字节"), field="8070"
            )
        return answer[:4], answer[4:]

    def finish(self, mac2: bytes) -> Script[bool]:
        return (yield from ask(Command(0x80, 0x72, 0x00, 0x00, mac2), self.partner)).sw == 0x9000


@dataclass(slots=True)
class LocalSam:
    """A purchase key at hand (already this card's), a terminal number and its next sequence. For tests and hosts."""

    key: bytes
    number: bytes
    sequence: int
    _session: bytes = b""
    _amounts: bytes = b""
    _block: Block = Block.TRIPLE_DES

    def terminal(self) -> Script[bytes]:
        yield from ()
        return self.number

    def begin(self, opening: Opening, fields: bytes, factors: tuple[bytes, ...]) -> Script[tuple[bytes, bytes]]:
        yield from ()
        del factors  # the key at hand is this card's already
        sequence = self.sequence.to_bytes(4)
        self._block = opening.block
        self._session = cryptogram.session_key(self.key, opening.random, opening.sequence, sequence[2:], self._block)
        # What MAC2 covers are the amounts alone: everything before type, terminal and moment.
        kind_at = len(fields) - 8
        self._amounts = fields[:kind_at]
        covered = fields[: kind_at + 1] + self.number + fields[kind_at + 1 :]
        return sequence, cryptogram.mac(self._session, covered, self._block)

    def finish(self, mac2: bytes) -> Script[bool]:
        yield from ()
        return compare_digest(cryptogram.mac(self._session, self._amounts, self._block), mac2)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What proves a purchase to the issuer: everything the TAC covers, and the TAC."""

    debit: Debit
    tac: bytes
    opening: Opening

    @property
    def balance_fen(self) -> Fen:
        """What is left in the purse."""
        return Fen(self.opening.balance_fen - self.debit.amount_fen)


@dataclass(frozen=True, slots=True)
class MedicalReceipt:
    """What proves a medical settlement to the fund."""

    debit: MedicalDebit
    tac: bytes
    before: MedicalState
    sequence: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """What a CAPP purchase writes into a file besides the money: a record of it, by number (00 for a cyclic file)."""

    sfi: int
    number: int
    record: bytes

    @classmethod
    def trip(cls, entry: TripEntry) -> "Written":
        """A trip for file 1E."""
        return cls(0x1E, 0x00, pack(entry))


def transit_purchase(
    profile: Profile,
    sam: Sam,
    amount_fen: Fen,
    moment: datetime,
    *,
    trip: TripEntry | None = None,
    writes: tuple[Written, ...] = (),
    application: str = "T-UNION",
    purse: PurseKind = PurseKind.EP,
    pin: str | None = None,
    key_index: int = 1,
) -> Script[Receipt]:
    """A ride paid from the transit purse; with a trip or other records as a CAPP purchase that writes them too."""
    terminal = yield from sam.terminal()
    yield from open_application(profile, application)
    if pin is not None:
        yield from verify_pin(pin)
    public: Public = yield from read_file(profile.file(application, 0x0015))
    cached = writes if trip is None else (*writes, Written.trip(trip))
    p1, kind = (0x03, Kind.CAPP) if cached else (0x01, Kind.PURCHASE_EP if purse is PurseKind.EP else Kind.PURCHASE_ED)
    begin = Command(0x80, 0x50, p1, P2[purse], bytes((key_index,)) + payment.fen4(amount_fen) + terminal, 15)
    opening = _opening((yield from ask(begin)).require())
    when = Moment().encode(moment)
    fields = payment.fen4(amount_fen) + bytes((kind,)) + when
    sequence, mac1 = yield from sam.begin(opening, fields, (public.serial8, public.issuer))
    for one in cached:
        (yield from ask(Command(0x80, 0xDC, one.number, one.sfi << 3, one.record))).require()
    answer = (yield from ask(Command(0x80, 0x54, 0x01, 0x00, sequence + when + mac1, 8))).require()
    yield from _settled(sam, answer)
    return Receipt(Debit(amount_fen, kind, terminal, sequence, when), answer[:4], opening)


def transaction_proof(kind: int, sequence: bytes) -> Script[tuple[bytes, bytes]]:
    """MAC2 and TAC of a transaction that was torn between card and terminal; `Refused` where it did not happen.

    The application is current; the sequence is the one that INIT answered.
    """
    answer = yield from ask(Command(0x80, 0x5A, 0x00, kind, sequence, 8))
    if answer.sw == 0x9406:
        raise Refused(problem=TORN)
    proof = answer.require()
    if len(proof) != 8:
        raise Malformed(
            Text(
                f"GET TRANSACTION PROVE answers with eight bytes, got {len(proof)}",
                f"GET TRANSACTION PROVE 应答应为 8 字节，实为 {len(proof)} 字节",
            ),
            field="805A",
        )
    return proof[:4], proof[4:]


def _opening(answer: bytes) -> Opening:
    """The answer to INIT FOR PURCHASE: balance 4, sequence 2, overdraft 3, key version, algorithm, random 4."""
    if len(answer) != 15:
        raise Malformed(
            Text(
                f"INIT FOR PURCHASE answers with 15 bytes, got {len(answer)}",
                f"INIT FOR PURCHASE 应答应为 15 字节，实为 {len(answer)} 字节",
            ),
            field="8050",
        )
    balance = int.from_bytes(answer[:4]) & 0x7FFFFFFF
    return Opening(Fen(balance), answer[4:6], int.from_bytes(answer[6:9]), answer[9], answer[10], answer[11:])


def _settled(sam: Sam, answer: bytes) -> Script[None]:
    """TAC and MAC2 are there, and MAC2 holds."""
    if len(answer) != 8 or not (yield from sam.finish(answer[4:])):
        raise Untrusted(problem=MAC2_WRONG)


def transit_balance(
    profile: Profile, application: str = "T-UNION", purse: PurseKind = PurseKind.EP, pin: str | None = None
) -> Script[Fen]:
    """GET BALANCE, which for the deposit needs the PIN; the top bit is no money."""
    yield from open_application(profile, application)
    if pin is not None:
        yield from verify_pin(pin)
    answer = (yield from ask(Command(0x80, 0x5C, 0x00, P2[purse], ne=4))).require()
    if len(answer) != 4:
        raise Malformed(
            Text(
                f"GET BALANCE answers with four bytes, got {len(answer)}", f"GET BALANCE 应答应为 4 字节，实为 {len(answer)} 字节"
            ),
            field="805C",
        )
    return Fen(int.from_bytes(answer) & 0x7FFFFFFF)


def medical_purchase(
    profile: Profile,
    sam: Sam,
    factors: Factors,
    parts: tuple[Fen, Fen, Fen],
    moment: datetime,
    *,
    pin: str | None = None,
    key_index: int = 1,
) -> Script[MedicalReceipt]:
    """A medical settlement on the card (B028, B02C): account, self-paid and pooled parts in fen."""
    terminal = yield from sam.terminal()
    yield from open_application(profile, "DF04")
    if pin is not None:
        yield from verify_pin(pin)
    amounts = b"".join(payment.fen4(part) for part in parts)
    begin = Command(0xB0, 0x28, 0x01, 0x01, bytes((key_index,)) + amounts + terminal, 22)
    answer = (yield from ask(begin)).require()
    if len(answer) != 22:
        raise Malformed(
            Text(f"INIT answers with 22 bytes, got {len(answer)}", f"INIT 应答应为 22 字节，实为 {len(answer)} 字节"),
            field="B028",
        )
    state = unpack(MedicalState, answer[:14])
    opening = Opening(Fen(state.balance), answer[14:16], 0, answer[16], answer[17], answer[18:])
    when = Moment().encode(moment)
    fields = amounts + bytes((Kind.MEDICAL,)) + when
    sequence, mac1 = yield from sam.begin(opening, fields, (factors.card, factors.of_city))
    proof = (yield from ask(Command(0xB0, 0x2C, 0x01, 0x00, sequence + when + mac1, 8))).require()
    yield from _settled(sam, proof)
    debit = MedicalDebit(*parts, terminal=terminal, sequence=sequence, moment=when)
    return MedicalReceipt(debit, proof[:4], state, opening.sequence)
