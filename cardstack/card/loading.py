"""Money into a purse and out of it by order of the issuer's host: load, unload, overdraft limit (PBOC 2.0 part 2)."""

from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from cardstack.apdu.message import Command
from cardstack.apdu.script import Script, ask
from cardstack.card.paying import P2, Opening
from cardstack.card.profile import Profile, PurseKind
from cardstack.card.proving import verify_pin
from cardstack.card.reading import open_application
from cardstack.codec import Moment
from cardstack.crypto import cryptogram, payment
from cardstack.crypto.payment import Kind, Limit, Load
from cardstack.errors import Malformed, Untrusted, problem
from cardstack.text import Text
from cardstack.values import Fen

LOAD_UNPROVEN = problem(
    "CS-1231",
    Text("The card's request to be loaded is not genuine", "卡片圈存请求（MAC1）校验失败"),
    Text("Do not load the card.", "请勿圈存。"),
)
UNLOAD_UNPROVEN = problem(
    "CS-1233",
    Text("The card's proof of the unload is wrong", "卡片圈提凭证（MAC3）不正确"),
    Text("Do not pay out; ask the card for the transaction's proof and reconcile.", "请勿付款；请取交易认证后对账。"),
)


@dataclass(frozen=True, slots=True, repr=False)
class LoadHost:
    """The issuer's host with this card's key for what it orders: it checks MAC1 and orders with MAC2."""

    key: bytes

    def session(self, opening: Opening) -> bytes:
        """The session key of one order."""
        return cryptogram.session_key(self.key, opening.random, opening.sequence, payment.LOAD_PART, opening.block)

    def order(self, opening: Opening, load: Load, mac1: bytes, moment: bytes) -> bytes:
        """MAC2 for a genuine request; `Untrusted` for any other."""
        session = self.session(opening)
        if not compare_digest(load.mac1(session, opening.balance_fen, opening.block), mac1):
            raise Untrusted(problem=LOAD_UNPROVEN)
        return load.mac2(session, moment, opening.block)

    def limit(self, opening: Opening, limit: Limit, mac1: bytes, moment: bytes) -> bytes:
        """MAC2 for a new overdraft limit."""
        session = self.session(opening)
        if not compare_digest(limit.mac1(session, opening.balance_fen, opening.overdraft_fen, opening.block), mac1):
            raise Untrusted(problem=LOAD_UNPROVEN)
        return limit.mac2(session, moment, opening.block)


@dataclass(frozen=True, slots=True)
class LoadReceipt:
    """What proves a load or a new limit: the card's TAC over the new balance."""

    load: Load | Limit
    opening: Opening
    moment: bytes
    tac: bytes


def transit_load(
    profile: Profile,
    host: LoadHost,
    amount_fen: Fen,
    moment: datetime,
    *,
    terminal: bytes,
    pin: str,
    application: str = "T-UNION",
    purse: PurseKind = PurseKind.EP,
    key_index: int = 1,
) -> Script[LoadReceipt]:
    """Money into a purse, by order of the issuer's host."""
    yield from open_application(profile, application)
    yield from verify_pin(pin)
    kind = Kind.LOAD_EP if purse is PurseKind.EP else Kind.LOAD_ED
    load, when = Load(amount_fen, kind, terminal), Moment().encode(moment)
    opening, mac1 = yield from _begin(0x00, P2[purse], bytes((key_index,)) + payment.fen4(amount_fen) + terminal)
    mac2 = host.order(opening, load, mac1, when)
    tac = (yield from ask(Command(0x80, 0x52, 0x00, 0x00, when + mac2, 4))).require()
    return LoadReceipt(load, opening, when, tac)


def unload(
    profile: Profile,
    host: LoadHost,
    amount_fen: Fen,
    moment: datetime,
    *,
    terminal: bytes,
    pin: str,
    application: str = "EP-ED",
    key_index: int = 1,
) -> Script[LoadReceipt]:
    """Money out of the deposit and back to the bank; the card's MAC3 proves it to the host."""
    yield from open_application(profile, application)
    yield from verify_pin(pin)
    load, when = Load(amount_fen, Kind.UNLOAD, terminal), Moment().encode(moment)
    opening, mac1 = yield from _begin(0x05, 0x01, bytes((key_index,)) + payment.fen4(amount_fen) + terminal)
    mac2 = host.order(opening, load, mac1, when)
    mac3 = (yield from ask(Command(0x80, 0x54, 0x03, 0x00, when + mac2, 4))).require()
    left = opening.balance_fen - amount_fen
    if not compare_digest(load.mac3(host.session(opening), left, opening.sequence, when, opening.block), mac3):
        raise Untrusted(problem=UNLOAD_UNPROVEN)
    return LoadReceipt(load, opening, when, mac3)


def overdraft_limit(
    profile: Profile,
    host: LoadHost,
    limit_fen: Fen,
    moment: datetime,
    *,
    terminal: bytes,
    pin: str,
    application: str = "EP-ED",
    key_index: int = 1,
) -> Script[LoadReceipt]:
    """A new overdraft limit of the deposit."""
    yield from open_application(profile, application)
    yield from verify_pin(pin)
    limit, when = Limit(limit_fen, terminal), Moment().encode(moment)
    opening, mac1 = yield from _begin(0x04, 0x01, bytes((key_index,)) + terminal, with_limit=True)
    mac2 = host.limit(opening, limit, mac1, when)
    tac = (yield from ask(Command(0x80, 0x58, 0x00, 0x00, payment.fen3(limit_fen) + when + mac2, 4))).require()
    return LoadReceipt(limit, opening, when, tac)


def _begin(p1: int, p2: int, data: bytes, *, with_limit: bool = False) -> Script[tuple[Opening, bytes]]:
    """INITIALIZE FOR LOAD and its kin: balance 4, sequence 2, for a limit the old one 3, key version, algorithm, random, MAC1."""
    size = 19 if with_limit else 16
    answer = (yield from ask(Command(0x80, 0x50, p1, p2, data, size))).require()
    if len(answer) != size:
        raise Malformed(
            Text(
                f"INITIALIZE answers with {size} bytes, got {len(answer)}",
                f"INITIALIZE 应答应为 {size} 字节，实为 {len(answer)} 字节",
            ),
            field="8050",
        )
    limit, rest = (answer[6:9], answer[9:]) if with_limit else (b"", answer[6:])
    algorithm = int.from_bytes(rest[1:2])
    opening = Opening(
        Fen(int.from_bytes(answer[:4])), answer[4:6], int.from_bytes(limit), int.from_bytes(rest[:1]), algorithm, rest[2:6]
    )
    return opening, rest[6:]
