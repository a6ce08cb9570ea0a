"""The PIN: right, wrong, counted before it is compared, restored by the right one, gone after a selection."""

from collections.abc import Iterator
from dataclasses import replace

from cardstack.apdu import commands
from cardstack.apdu.message import StatusError
from cardstack.apdu.script import Script, ask
from cardstack.card.keys import Key, Usage
from cardstack.card.profile import Application, Profile
from cardstack.card.proving import pin_bytes, reload_pin
from cardstack.card.reading import open_application
from cardstack.conformance.case import (
    NO_KEYS,
    NO_PIN,
    Case,
    Need,
    Risk,
    Subject,
    Talk,
    Unready,
    demand,
    insist,
    prove,
    proving,
    ready,
)
from cardstack.text import Text

CLAUSE = "V2.0 §7; ISO/IEC 7816-4 §11.5.6"
RELOAD = "Jiangsu library 2013 (8424); V2.0 §7"
NEEDS = frozenset({Need.PIN})


def derive(profile: Profile) -> Iterator[Case]:
    """The cases of every application with a PIN of its own."""
    for application in profile.applications:
        if application.pin is None or not (application.aid or application.fid):
            continue
        for case in _of_pin(application, f"{application.name}_PIN"):
            yield replace(case, feature=application.name, uses=frozenset({f"PIN {application.name}"}))


def _of_pin(application: Application, name: str) -> Iterator[Case]:
    right = Text("the right PIN is taken", "正确密码通过")
    yield Case(f"{name}/right", right, CLAUSE, _right(application), needs=NEEDS)
    counted = Text("a wrong PIN costs one try, the right one restores all", "错误密码扣减一次，正确密码恢复次数")
    yield Case(f"{name}/counted", counted, CLAUSE, _counted(application), risk=Risk.TEST, needs=NEEDS)
    short = Text("a PIN that is too short is refused", "过短密码被拒绝")
    yield Case(f"{name}/short", short, CLAUSE, _short(application), risk=Risk.TEST, needs=NEEDS)
    if (puk := _unblocking(application)) is not None:
        again = Text("a PIN reloaded under PUK and MAC is the new one", "凭 PUK 与 MAC 重装密码后新密码有效")
        needs = NEEDS | {Need.KEYS}
        yield Case(f"{name}/reloaded", again, RELOAD, _reloaded(application, *puk), risk=Risk.TEST, needs=needs)
    blocked = Text("the last wrong PIN blocks it, and then the right one too is refused", "次数用尽后锁定，正确密码亦被拒绝")
    yield Case(f"{name}/blocked", blocked, CLAUSE, _blocked(application), risk=Risk.DESTROY, needs=NEEDS)


def _unblocking(application: Application) -> tuple[Key, Key] | None:
    """The PUK and the key for the new PIN, where an application has both."""
    puk = application.key_named("PUK")
    reload = next((key for key in application.keys if key.usage is Usage.RELOAD), None)
    return (puk, reload) if puk is not None and reload is not None else None


def _reloaded(application: Application, puk: Key, reload: Key) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        if subject.keys is None or subject.pin is None:
            raise Unready(NO_KEYS)
        other = subject.pin[:-1] + ("1" if subject.pin[-1] != "1" else "2")
        for new in (other, subject.pin):
            yield from ready(open_application(subject.profile, application.name))
            yield from proving(subject, puk.name, reload_pin(puk, reload, subject.factors, subject.keys, new))
            yield from demand(commands.verify(pin_bytes(new)), "9000")
        yield from demand(commands.verify(wrong_pin(subject)), "63CX")
        yield from demand(commands.verify(right_pin(subject)), "9000")

    return talk


def right_pin(subject: Subject) -> bytes:
    """The PIN that was given, as the card takes it."""
    if subject.pin is None:
        raise Unready(NO_PIN)
    return pin_bytes(subject.pin)


def wrong_pin(subject: Subject) -> bytes:
    """Another PIN of the same length."""
    right = right_pin(subject)
    return bytes((right[0] ^ 0x11,)) + right[1:]


def _right(application: Application) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from prove(subject, application, frozenset({"PIN"}))

    return talk


def _counted(application: Application) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from ready(_take(right_pin(subject)))
        first = yield from _tries(wrong_pin(subject))
        yield from demand(commands.verify(right_pin(subject)), "9000")
        second = yield from _tries(wrong_pin(subject))
        yield from demand(commands.verify(right_pin(subject)), "9000")
        insist(
            first == second,
            Text("as many tries after the right PIN as before", "正确密码后的次数与此前相同"),
            f"{second} left",
            f"{first} left",
        )
        declared = application.pin.tries if application.pin else 0
        insist(
            first == declared - 1,
            Text(f"{declared} tries in all", f"共 {declared} 次"),
            f"{first} left after one",
            f"{declared - 1} left",
        )

    return talk


def _take(pin: bytes) -> Script[None]:
    (yield from ask(commands.verify(pin))).require()


def _tries(pin: bytes) -> Script[int]:
    answer = yield from demand(commands.verify(pin), "63CX")
    return StatusError(answer).attempts_remaining or 0


def _short(application: Application) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from ready(_take(right_pin(subject)))
        yield from demand(commands.verify(b"\x12"), "6700", "63CX", "6A80")
        yield from demand(commands.verify(right_pin(subject)), "9000")

    return talk


def _blocked(application: Application) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        for _ in range(16):
            answer = yield from demand(commands.verify(wrong_pin(subject)), "63CX", "6983")
            if answer.sw in (0x63C0, 0x6983):
                break
        yield from demand(commands.verify(right_pin(subject)), "6983")

    return talk
