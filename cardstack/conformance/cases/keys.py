"""Keys: every declared one is there in its version, proves and is proved, counts its failures, and takes a challenge once."""

from collections.abc import Iterator
from dataclasses import replace

from cardstack.apdu import commands
from cardstack.apdu.script import Script, ask
from cardstack.card.keys import Key, Usage
from cardstack.card.profile import Application, Profile
from cardstack.card.proving import (
    SOURCE_DATA,
    KeySource,
    get_challenge,
    internal_authenticate,
    source_blocks,
)
from cardstack.card.reading import open_application
from cardstack.conformance.case import NO_KEYS, Case, Differs, Need, Risk, Subject, Talk, Unready, authenticate, demand, ready
from cardstack.errors import Untrusted
from cardstack.text import Text

NEEDS = frozenset({Need.KEYS})
CLAUSE = "V2.0 §7; ISO/IEC 7816-4 §11.5"
NONCE = bytes(range(16))


def derive(profile: Profile) -> Iterator[Case]:
    """Internal and external keys of every application that diversifies by the card."""
    for application in profile.applications:
        for key in application.keys:
            for case in _of_key(application, key):
                yield replace(case, feature=application.name, uses=frozenset({f"algorithm {key.algorithm.name}"}))


def _of_key(application: Application, key: Key) -> Iterator[Case]:
    name = f"KEY_VER{key.version}/{application.name}/{key.name}"
    if key.usage is Usage.INTERNAL:
        title = Text(f"{key.name}: the card proves itself", f"{key.name}：内部认证")
        yield Case(name, title, CLAUSE, _internal(application, key), needs=NEEDS)
    elif key.usage is Usage.EXTERNAL and key.psam is not None:
        yield from _external(application, key, name)


def source(subject: Subject) -> KeySource:
    """The tester's key source; a case that needs one is not run without."""
    if subject.keys is None:
        raise Unready(NO_KEYS)
    return subject.keys


def _external(application: Application, key: Key, name: str) -> Iterator[Case]:
    title = Text(f"{key.name}: the terminal proves itself", f"{key.name}：外部认证")
    yield Case(name, title, CLAUSE, _right(application, key), needs=NEEDS)
    stale = Text(f"{key.name}: a challenge counts once", f"{key.name}：随机数仅可使用一次")
    talk = _stale(application, key)
    yield Case(f"{name}/stale", stale, CLAUSE, talk, risk=Risk.TEST, needs=NEEDS)
    none = Text(f"{key.name}: not without a challenge", f"{key.name}：未取随机数不可认证")
    yield Case(f"{name}/unasked", none, CLAUSE, _unasked(application, key), risk=Risk.TEST, needs=NEEDS)
    wrong = Text(f"{key.name}: a wrong proof is counted, a right one restores", f"{key.name}：错误认证计数，正确认证恢复")
    talk = _wrong(application, key)
    yield Case(f"{name}/wrong", wrong, CLAUSE, talk, risk=Risk.TEST, needs=NEEDS)


def _internal(application: Application, key: Key) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        try:
            yield from internal_authenticate(key, subject.factors, source(subject), NONCE)
        except Untrusted as error:
            raise Differs(error.title, got="another cryptogram", allowed="the one under the key") from error

    return talk


def _right(application: Application, key: Key) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from authenticate(subject, key)

    return talk


def _cipher(subject: Subject, key: Key) -> Script[bytes]:
    """A right proof of the challenge that is waiting."""
    challenge = yield from ready(get_challenge())
    cipher = yield from source(subject).cipher(key, subject.factors, challenge, source_blocks(SOURCE_DATA, key.algorithm))
    return cipher[:8] + SOURCE_DATA


def _stale(application: Application, key: Key) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from ready(authenticate(subject, key))
        proof = yield from _cipher(subject, key)
        yield from ready(_done(key, proof))
        yield from demand(commands.external_authenticate(key.kid, proof), "6984", "6985", "63CX", "6901")
        yield from ready(authenticate(subject, key))

    return talk


def _done(key: Key, proof: bytes) -> Script[None]:
    (yield from ask(commands.external_authenticate(key.kid, proof))).require()


def _unasked(application: Application, key: Key) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from ready(authenticate(subject, key))
        yield from demand(commands.external_authenticate(key.kid, bytes(8) + SOURCE_DATA), "6984", "6985", "6901", "63CX")
        yield from ready(authenticate(subject, key))

    return talk


def _wrong(application: Application, key: Key) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from ready(authenticate(subject, key))
        proof = yield from _cipher(subject, key)
        yield from demand(commands.external_authenticate(key.kid, bytes((proof[0] ^ 1,)) + proof[1:]), "63CX")
        yield from ready(authenticate(subject, key))

    return talk
