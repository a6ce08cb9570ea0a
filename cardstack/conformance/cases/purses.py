"""Purses: the balance is told, a purchase is proved both ways, and nothing leaves the purse without a proof."""

from collections.abc import Iterator
from datetime import datetime

from cardstack.apdu.message import Command, StatusError
from cardstack.apdu.script import Script, ask
from cardstack.card.keys import Key, Usage
from cardstack.card.keys import derive as derived
from cardstack.card.paying import LocalSam, transit_balance, transit_purchase
from cardstack.card.profile import Application, Diversified, Profile, PurseKind
from cardstack.card.profiles.transit import Public
from cardstack.card.proving import LocalKeys
from cardstack.card.reading import open_application, read_file
from cardstack.conformance.case import Case, Differs, Need, Risk, Subject, Talk, Unready, demand, insist, ready
from cardstack.errors import CardstackError
from cardstack.text import Text
from cardstack.values import Fen

CLAUSE = "PBOC 2.0 part 2; COS manual 6.22-6.28"
NEEDS = frozenset({Need.KEYS})
EMPTY = Text("the purse is empty", "钱包余额为零")
TERMINAL = bytes.fromhex("310000000001")
MOMENT = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001  # a terminal writes no zone
MOMENT_BYTES = bytes.fromhex("20260102030405")


def derive(profile: Profile) -> Iterator[Case]:
    """Cases for every electronic purse that keys of the card's serial number open."""
    for application in profile.applications:
        purse = next((one for one in application.purses if one.kind is PurseKind.EP), None)
        key = application.key(1, Usage.PURCHASE)
        if purse is None or key is None or application.diversified is not Diversified.BY_SERIAL:
            continue
        name, has = f"{application.name}_PURSE", application.name
        told = Text("the balance is told without a proof", "余额可直接读取")
        yield Case(f"{name}/balance", told, CLAUSE, _balance(application), feature=has)
        early = Text("no DEBIT without INIT", "未初始化不可消费")
        yield Case(f"{name}/debit-uninitialised", early, CLAUSE, _uninitialised(application), feature=has)
        much = Text("more than the balance is refused", "超过余额被拒绝")
        talk = _insufficient(application, purse.overdraft_fen)
        yield Case(f"{name}/insufficient", much, CLAUSE, talk, risk=Risk.TEST, feature=has)
        forged = Text("a wrong MAC1 takes nothing", "MAC1 错误不扣款")
        yield Case(f"{name}/wrong-mac1", forged, CLAUSE, _forged(application), risk=Risk.TEST, feature=has)
        right = Text("a purchase of one fen is proved both ways and taken once", "消费 1 分：双向认证，只扣一次")
        public = application.file(0x0015)
        if public is None or not issubclass(public.body, Public):
            continue
        talk = _purchase(application, key)
        yield Case(f"{name}/purchase", right, CLAUSE, talk, risk=Risk.TEST, needs=NEEDS, feature=has)


def balance(subject: Subject, application: Application) -> Script[Fen]:
    """What the purse says it holds."""
    return (yield from transit_balance(subject.profile, application.name))


def _balance(application: Application) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        data = (yield from demand(Command(0x80, 0x5C, 0x00, 0x02, ne=4), "9000")).data
        insist(len(data) == 4, Text("four bytes", "四字节"), f"{len(data)} bytes", "4 bytes")

    return talk


def _init(amount: int) -> Command:
    return Command(0x80, 0x50, 0x01, 0x02, b"\x01" + amount.to_bytes(4) + TERMINAL, 15)


def _debit(mac1: bytes) -> Command:
    return Command(0x80, 0x54, 0x01, 0x00, bytes(3) + b"\x01" + MOMENT_BYTES + mac1, 8)


def _uninitialised(application: Application) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from demand(_debit(bytes(4)), "6901", "6985")

    return talk


def _insufficient(application: Application, overdraft_fen: int) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        before = yield from ready(balance(subject, application))
        yield from demand(_init(before + overdraft_fen + 1), "9401")

    return talk


def _forged(application: Application) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        before = yield from ready(balance(subject, application))
        if before < 1:
            raise Unready(EMPTY)
        yield from ready(_begun(application, subject))
        yield from demand(_debit(bytes(4)), "9302")
        after = yield from balance(subject, application)
        insist(after == before, Text("the balance as before", "余额不变"), "another balance", "the balance as before")

    return talk


def _begun(application: Application, subject: Subject) -> Script[None]:
    yield from open_application(subject.profile, application.name)
    (yield from ask(_init(1))).require()


def _purchase(application: Application, key: Key) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        before = yield from ready(balance(subject, application))
        if before < 1:
            raise Unready(EMPTY)
        own = yield from ready(own_key(subject, application, key))
        sam = LocalSam(own, TERMINAL, 1)
        try:
            yield from transit_purchase(subject.profile, sam, Fen(1), MOMENT, application=application.name)
        except StatusError as error:
            raise Differs(got=f"{error.sw:04X}", allowed="9000") from error
        except CardstackError as error:
            raise Differs(error.title, got="another proof", allowed="MAC2 under the key") from error
        after = yield from balance(subject, application)
        insist(after == before - 1, Text("one fen less", "减少一分"), f"{before - after} fen less", "1 fen less")

    return talk


def own_key(subject: Subject, application: Application, key: Key) -> Script[bytes]:
    """The card's purchase key; only a source with masters can give it away."""
    if not isinstance(subject.keys, LocalKeys):
        raise Unready(
            Text("the key source keeps its keys; a purchase needs a key file here", "密钥来源不给出密钥；此处消费需密钥集文件")
        )
    yield from open_application(subject.profile, application.name)
    public = yield from read_file(subject.profile.file(application.name, 0x0015))
    return derived(subject.keys.master(key.name), (public.issuer, public.serial8), key.algorithm)
