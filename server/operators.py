"""Signing in: passwords with TOTP, passkeys, recovery codes, certificates, and the one-time first link.

Written on argon2-cffi, pyotp and webauthn rather than on Flask-Security (docs/decisions). Every way ends in `sign_in`,
which makes a session; the browser holds its token, the database only the token's SHA-256. Failures are counted by
operator and by address; too many within a window lock that key for the rest of it.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cardstack.errors import CardstackError, Malformed, Refused, Untrusted, problem
from cardstack.text import Text
from server.permissions import EVERYWHERE, Grant, Role
from server.store.office.people import Operator, People, SignedIn

IDLE, ABSOLUTE, FRESH, WARNING = timedelta(minutes=30), timedelta(hours=12), timedelta(minutes=10), timedelta(minutes=2)
"""How long a session lives unused, and at all; how long a proof of presence counts; when the page warns before the end."""

LINK_LIVES = timedelta(hours=24)
LOCK_WINDOW, LOCK_OPERATOR, LOCK_ADDRESS = timedelta(minutes=15), 5, 30
PASSWORD_LEAST, RECOVERY_CODES = 12, 10

NOT_SIGNED_IN = problem(
    "CS-4110",
    Text("Name, password or code is not right", "用户名、密码或验证码不正确"),
    Text("Try again; after five failures the account waits a quarter of an hour.", "请重试；连续失败五次将锁定十五分钟。"),
)
LOCKED = problem(
    "CS-4111",
    Text("Too many failed attempts", "登录失败次数过多"),
    Text("Wait a quarter of an hour, or ask an administrator.", "请十五分钟后再试，或联系管理员。"),
)
LINK_SPENT = problem(
    "CS-4112",
    Text("This link was used, or is too old", "该链接已使用或已过期"),
    Text(
        "Ask an administrator for a new one; the demo prints one at each start.",
        "请向管理员索取新链接；演示模式每次启动都会打印新链接。",
    ),
)
WEAK_PASSWORD = problem(
    "CS-4113",
    Text("The password is too easy to guess", "密码强度不足"),
    Text("At least twelve characters, not the name, not all alike.", "至少十二个字符，不得与用户名相同或由同一字符组成。"),
)


@cache
def _hasher() -> PasswordHasher:
    # The second recommended option of RFC 9106 §4, with less memory than the first: 64 MiB, 3 passes, 4 lanes.
    return PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)


@cache
def _decoy() -> str:
    """A hash to check where there is no such operator, so that the answer takes as long."""
    return _hasher().hash("nobody has this password")


def token_hash(token: str) -> str:
    """What the database knows of a token.

    >>> token_hash("a")[:8]
    'ca978112'
    """
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from, as far as the server can tell."""

    address: str
    agent: str


def first_link(people: People, operator_id: str, at: datetime, lives: timedelta = LINK_LIVES) -> str:
    """A new one-time token for an operator; whoever opens `/enter/<token>` first is signed in as them."""
    token = secrets.token_urlsafe(24)
    people.add_link(token_hash(token), operator_id, at + lives)
    return token


def first_links(people: People, at: datetime) -> dict[str, str]:
    """One-time tokens for the first two operators of an installation that has none yet; nothing where it has some.

    Two, because one alone could make nobody else: an administrator who asks, and an approver who decides.
    """
    if people.operators():
        return {}
    people.save(Operator("admin", "管理员", (Grant(Role.ADMINISTRATOR, EVERYWHERE),)), at)
    people.save(Operator("chief", "审批人", (Grant(Role.APPROVER, EVERYWHERE), Grant(Role.AUDITOR, EVERYWHERE))), at)
    return {name: first_link(people, name, at) for name in ("admin", "chief")}


def enter(people: People, token: str, visitor: Visitor, at: datetime) -> tuple[Operator, str]:
    """Take a one-time link: the operator and the new session's token."""
    operator_id = people.take_link(token_hash(token), at)
    operator = people.operator(operator_id) if operator_id else None
    if operator is None or operator.disabled:
        raise Untrusted(problem=LINK_SPENT)
    return operator, sign_in(people, operator, "link", visitor, at)


def sign_in(people: People, operator: Operator, method: str, visitor: Visitor, at: datetime) -> str:
    """A new session; the answer is its token, which is not kept here."""
    token = secrets.token_urlsafe(32)
    people.forget(seen=at - IDLE, created=at - ABSOLUTE, failed=at - LOCK_WINDOW, expired=at - LINK_LIVES)
    people.open_session(SignedIn(token_hash(token), operator.id, method, visitor.address, visitor.agent, at, at, at))
    return token


def resume(people: People, token: str, at: datetime) -> tuple[Operator, SignedIn] | None:
    """Who a session's token stands for, or None when it is unknown, idle for too long, or too old."""
    signed_in = people.session(token_hash(token))
    if signed_in is None or signed_in.seen + IDLE <= at or signed_in.created + ABSOLUTE <= at:
        return None
    operator = people.operator(signed_in.operator_id)
    return None if operator is None or operator.disabled else (operator, signed_in)


def csrf_token(session_token: str) -> str:
    """The token that a form of this session carries; it says nothing about the session's own.

    >>> csrf_token("a") == csrf_token("b")
    False
    """
    return hmac.new(session_token.encode(), b"csrf", hashlib.sha256).hexdigest()


def set_password(people: People, operator: Operator, password: str, at: datetime) -> None:
    """Give an operator a new password."""
    if len(password) < PASSWORD_LEAST or len(set(password)) < 4 or operator.id.lower() in password.lower():
        raise Malformed("password", problem=WEAK_PASSWORD, field="password")
    people.put_credentials(operator.id, "password", [_hasher().hash(password)], at, instead=True)


def check_password(people: People, operator_id: str, password: str, code: str, *, visitor: Visitor, at: datetime) -> Operator:
    """Password and, where one is enrolled, TOTP or a recovery code; failures count towards the lock."""
    by_operator, by_address = _key_of(operator_id), f"address:{visitor.address}"
    since = at - LOCK_WINDOW
    if people.failures(by_operator, since) >= LOCK_OPERATOR or people.failures(by_address, since) >= LOCK_ADDRESS:
        raise Refused("sign-in", problem=LOCKED)
    operator = people.operator(operator_id)
    if not _password_holds(people, operator, password) or operator is None or not _second_factor(people, operator, code, at):
        people.failed(by_operator, at, LOCK_WINDOW)
        people.failed(by_address, at, LOCK_WINDOW)
        raise Untrusted("sign-in", problem=NOT_SIGNED_IN)
    people.forgive(by_operator)
    return operator


def unlock(people: People, operator_id: str) -> None:
    """Let an operator try again at once."""
    people.forgive(_key_of(operator_id))


def _key_of(operator_id: str) -> str:
    return f"operator:{operator_id.lower()[:64]}"


def _password_holds(people: People, operator: Operator | None, password: str) -> bool:
    stored = people.credentials(operator.id, "password") if operator and not operator.disabled else []
    try:
        # Checked even where there is nothing to check against: a stranger learns no names from the time it takes.
        return _hasher().verify(stored[0].secret if stored else _decoy(), password) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


def _second_factor(people: People, operator: Operator, code: str, at: datetime) -> bool:
    enrolled = people.credentials(operator.id, "totp")
    if not enrolled:
        return True
    digits = code.strip().replace(" ", "").replace("-", "")
    try:
        if check_totp(people, operator, digits, at):
            return True
    except CardstackError:
        # Where the key file is gone a recovery code still serves; anything else is said as it is.
        if _use_recovery(people, operator, digits, at):
            return True
        raise
    return _use_recovery(people, operator, digits, at)


def check_totp(people: People, operator: Operator, code: str, at: datetime) -> bool:
    """One code of the present, the last or the next half minute; a code that served is spent (RFC 6238 §5.2)."""
    for enrolled in people.credentials(operator.id, "totp"):
        totp = pyotp.TOTP(people.secret_of(enrolled))
        step = int(at.timestamp()) // totp.interval
        for counter in (step - 1, step, step + 1):
            if counter > enrolled.counter and hmac.compare_digest(totp.generate_otp(counter), code):
                return people.use_credential(enrolled, counter, at)
    return False


def _use_recovery(people: People, operator: Operator, code: str, at: datetime) -> bool:
    hashed = token_hash(code.lower())
    for kept in people.credentials(operator.id, "recovery"):
        if kept.counter == 0 and hmac.compare_digest(kept.secret, hashed):
            return people.use_credential(kept, 1, at)
    return False


def enrol_totp(people: People, operator: Operator, secret: str, code: str, at: datetime) -> None:
    """Keep a TOTP secret once a first code has shown that the phone has it."""
    if not pyotp.TOTP(secret).verify(code.strip().replace(" ", ""), for_time=at, valid_window=1):
        raise Untrusted("code", problem=NOT_SIGNED_IN)
    people.put_credentials(operator.id, "totp", [secret], at, instead=True)


def new_recovery_codes(people: People, operator: Operator, at: datetime) -> list[str]:
    """Ten codes, shown once; the earlier ones no longer serve."""
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    people.put_credentials(operator.id, "recovery", [token_hash(code) for code in codes], at, instead=True)
    return [f"{code[:4]}-{code[4:8]}-{code[8:12]}-{code[12:]}" for code in codes]


def by_certificate(people: People, fingerprint: str) -> Operator:
    """The operator whose certificate a TLS terminator has verified, by its SHA-256 fingerprint in lower-case hex."""
    held = people.by_handle("certificate", fingerprint.lower().replace(":", ""))
    operator = people.operator(held.operator_id) if held else None
    if operator is None or operator.disabled:
        raise Untrusted("certificate", problem=NOT_SIGNED_IN)
    return operator
