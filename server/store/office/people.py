"""Operators, what they prove themselves with, their sessions and first links, as rows and frozen values."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Delete, Engine, delete, func, update
from sqlmodel import Session, col, select

from cardstack.errors import Refused, Untrusted
from cardstack.text import Text
from server.permissions import Grant, Permission, Scope, scope
from server.sealing import KEY_FILE, Keyring
from server.store.office.tables import (
    AttemptRow,
    CredentialRow,
    LinkRow,
    OperatorRow,
    SessionRow,
    SettingRow,
    from_ms,
    to_ms,
    writing,
)

Keys: TypeAlias = Callable[[], Keyring]
SEALED = ("totp",)
"""The kinds of credential whose secret the service must know again; every other kind keeps a hash or a public key."""


def _place(operator_id: str, kind: str) -> str:
    return f"{kind} {operator_id}"


@dataclass(frozen=True, slots=True)
class Operator:
    """A person who signs in, and what they are where."""

    id: str
    name: str
    grants: tuple[Grant, ...]
    disabled: bool = False

    def scope(self, needs: Permission) -> Scope:
        """The provinces in which this operator holds a permission; None is all, an empty set is none."""
        return scope(self.grants, needs)

    def may(self, needs: Permission, province: str | None = None) -> bool:
        """Whether a permission is held, in one province or anywhere at all."""
        held = self.scope(needs)
        return held is None or (bool(held) if province is None else province in held)


@dataclass(frozen=True, slots=True)
class Credential:
    """One way to prove who somebody is."""

    id: int
    operator_id: str
    kind: str
    label: str
    handle: str
    secret: str
    counter: int
    created: datetime
    used: datetime | None

    def __repr__(self) -> str:
        return f"Credential(id={self.id}, kind={self.kind!r})"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser that is signed in."""

    token_hash: str
    operator_id: str
    method: str
    address: str
    agent: str
    created: datetime
    seen: datetime
    fresh: datetime


class People:
    """The door to the rows about people."""

    def __init__(self, engine: Engine, keys: Keys | None = None) -> None:
        self._engine = engine
        self._keys = keys

    def save(self, operator: Operator, at: datetime) -> None:
        """Add an operator, or bring name, grants and the disabled mark up to date."""
        with writing(self._engine) as session:
            row = session.get(OperatorRow, operator.id)
            grants = ",".join(str(grant) for grant in operator.grants)
            if row is None:
                row = OperatorRow(id=operator.id, name=operator.name, grants=grants, created_ms=to_ms(at))
            row.name, row.grants, row.disabled = operator.name, grants, operator.disabled
            session.add(row)
            session.commit()

    def operator(self, operator_id: str) -> Operator | None:
        with Session(self._engine) as session:
            row = session.get(OperatorRow, operator_id)
            return _operator(row) if row else None

    def operators(self) -> list[Operator]:
        with Session(self._engine) as session:
            return [_operator(row) for row in session.exec(select(OperatorRow).order_by(col(OperatorRow.id)))]

    def credentials(self, operator_id: str, kind: str | None = None) -> list[Credential]:
        """An operator's credentials, all or of one kind, oldest first."""
        query = select(CredentialRow).where(CredentialRow.operator_id == operator_id).order_by(col(CredentialRow.id))
        with Session(self._engine) as session:
            return [_credential(row) for row in session.exec(query) if kind is None or row.kind == kind]

    def by_handle(self, kind: str, handle: str) -> Credential | None:
        """The credential a passkey or certificate names."""
        query = select(CredentialRow).where(CredentialRow.kind == kind, CredentialRow.handle == handle)
        with Session(self._engine) as session:
            row = session.exec(query).first()
            return _credential(row) if row else None

    def put_credentials(
        self,
        operator_id: str,
        kind: str,
        secrets: Iterable[str],
        at: datetime,
        *,
        label: str = "",
        handle: str = "",
        instead: bool = False,
    ) -> None:
        """Add credentials of one kind, or put them `instead` of those there are; one to be known again is sealed."""
        kept = [self._ring().seal(one, _place(operator_id, kind)) for one in secrets] if kind in SEALED else list(secrets)
        with writing(self._engine) as session:
            if instead:
                session.connection().execute(_of_kind(operator_id, kind))
            for secret in kept:
                session.add(
                    CredentialRow(
                        operator_id=operator_id, kind=kind, secret=secret, label=label, handle=handle, created_ms=to_ms(at)
                    )
                )
            session.commit()

    def secret_of(self, credential: Credential) -> str:
        """A sealed secret in clear; `Untrusted` (CS-4116) where the key file is not the one it was sealed under."""
        return self._ring().open(credential.secret, _place(credential.operator_id, credential.kind))

    def seal_all(self) -> int:
        """Bring every secret under the newest key, those of older versions too that stand in clear; how many do not open."""
        ring, left = self._ring(), 0
        with writing(self._engine) as session:
            for row in session.exec(select(CredentialRow).where(col(CredentialRow.kind).in_(SEALED))):
                if not ring.is_current(row.secret):
                    try:
                        place = _place(row.operator_id, row.kind)
                        row.secret = ring.seal(ring.open(row.secret, place) if ring.is_sealed(row.secret) else row.secret, place)
                    except Untrusted:
                        left += 1
            session.connection().execute(delete(SettingRow).where(col(SettingRow.key) == "cookie key"))
            session.commit()
        return left

    def _ring(self) -> Keyring:
        if self._keys is None:
            raise Refused(Text("no key file", "未配置密钥文件"), problem=KEY_FILE)
        return self._keys()

    def drop_credentials(self, operator_id: str, kind: str, credential_id: int | None = None) -> None:
        """Remove one credential or all of a kind."""
        query = _of_kind(operator_id, kind)
        self._run(query if credential_id is None else query.where(col(CredentialRow.id) == credential_id))

    def use_credential(self, credential: Credential, counter: int, at: datetime) -> bool:
        """Move its counter on; False where another request was there first, so that a code serves once."""
        moved = (
            update(CredentialRow)
            .where(col(CredentialRow.id) == credential.id, col(CredentialRow.counter) == credential.counter)
            .values(counter=counter, used_ms=to_ms(at))
        )
        return self._run(moved) == 1

    def open_session(self, signed_in: SignedIn) -> None:
        with writing(self._engine) as session:
            session.add(
                SessionRow(
                    token_hash=signed_in.token_hash,
                    operator_id=signed_in.operator_id,
                    method=signed_in.method,
                    address=signed_in.address,
                    agent=signed_in.agent[:200],
                    created_ms=to_ms(signed_in.created),
                    seen_ms=to_ms(signed_in.seen),
                    fresh_ms=to_ms(signed_in.fresh),
                )
            )
            session.commit()

    def forget(self, *, seen: datetime, created: datetime, failed: datetime, expired: datetime) -> None:
        """Drop what is over: sessions last seen or made before a moment, old failures, links expired before one."""
        over = (col(SessionRow.seen_ms) <= to_ms(seen)) | (col(SessionRow.created_ms) <= to_ms(created))
        with writing(self._engine) as session:
            for statement in (
                delete(SessionRow).where(over),
                delete(AttemptRow).where(col(AttemptRow.since_ms) < to_ms(failed)),
                delete(LinkRow).where(col(LinkRow.expires_ms) < to_ms(expired)),
            ):
                session.connection().execute(statement)
            session.commit()

    def session(self, token_hash: str) -> SignedIn | None:
        with Session(self._engine) as session:
            row = session.get(SessionRow, token_hash)
            return _signed_in(row) if row else None

    def sessions(self, operator_id: str) -> list[SignedIn]:
        query = select(SessionRow).where(SessionRow.operator_id == operator_id).order_by(col(SessionRow.seen_ms).desc())
        with Session(self._engine) as session:
            return [_signed_in(row) for row in session.exec(query)]

    def touch(self, token_hash: str, at: datetime, *, fresh: bool = False) -> None:
        """Say that a session was used, and that its operator proved their presence."""
        values: dict[str, Any] = {"seen_ms": to_ms(at)} | ({"fresh_ms": to_ms(at)} if fresh else {})
        self._run(update(SessionRow).where(col(SessionRow.token_hash) == token_hash).values(**values))

    def end_session(self, operator_id: str, hash_prefix: str) -> None:
        """End one session of an operator, named by the beginning of its hash."""
        query = delete(SessionRow).where(col(SessionRow.operator_id) == operator_id)
        self._run(query.where(col(SessionRow.token_hash).startswith(hash_prefix, autoescape=True)))

    def end_sessions(self, operator_id: str, keep: str = "") -> None:
        """End every session of an operator but one."""
        self._run(
            delete(SessionRow).where(col(SessionRow.operator_id) == operator_id, col(SessionRow.token_hash) != keep),
        )

    def add_link(self, token_hash: str, operator_id: str, expires: datetime) -> None:
        with writing(self._engine) as session:
            session.add(LinkRow(token_hash=token_hash, operator_id=operator_id, expires_ms=to_ms(expires)))
            session.commit()

    def take_link(self, token_hash: str, at: datetime) -> str | None:
        """The operator a link is for, once: the second taker gets None."""
        query = update(LinkRow).where(
            col(LinkRow.token_hash) == token_hash, col(LinkRow.used_ms) == 0, col(LinkRow.expires_ms) > to_ms(at)
        )
        if self._run(query.values(used_ms=to_ms(at))) != 1:
            return None
        with Session(self._engine) as session:
            row = session.get(LinkRow, token_hash)
            return row.operator_id if row else None

    def failures(self, key: str, since: datetime) -> int:
        """Failed attempts under a key since a moment."""
        query = select(func.coalesce(func.sum(AttemptRow.count), 0)).where(AttemptRow.key == key)
        with Session(self._engine) as session:
            return int(session.exec(query.where(AttemptRow.since_ms >= to_ms(since))).one())

    def failed(self, key: str, at: datetime, window: timedelta) -> None:
        """Count one more failure; the count begins anew when the last is older than the window."""
        with writing(self._engine) as session:
            # What is older than the window says nothing any more; whoever tries many names fills nothing.
            session.connection().execute(delete(AttemptRow).where(col(AttemptRow.since_ms) < to_ms(at - window)))
            row = session.get(AttemptRow, key) or AttemptRow(key=key, count=0, since_ms=0)
            row.count = row.count + 1 if row.since_ms >= to_ms(at - window) else 1
            row.since_ms = to_ms(at)
            session.add(row)
            session.commit()

    def forgive(self, key: str) -> None:
        """Forget the failures under a key."""
        self._run(delete(AttemptRow).where(col(AttemptRow.key) == key))

    def setting(self, key: str, otherwise: str) -> str:
        """What the installation chose under a key; `otherwise` becomes the choice where there was none."""
        with writing(self._engine) as session:
            row = session.get(SettingRow, key)
            if row is None:
                row = SettingRow(key=key, value=otherwise)
                session.add(row)
                session.commit()
            return row.value

    def _run(self, statement: Any) -> int:
        with writing(self._engine) as session:
            result = session.connection().execute(statement)
            session.commit()
            return int(result.rowcount)


def _of_kind(operator_id: str, kind: str) -> Delete:
    return delete(CredentialRow).where(col(CredentialRow.operator_id) == operator_id, col(CredentialRow.kind) == kind)


def _operator(row: OperatorRow) -> Operator:
    grants = tuple(Grant.parse(text) for text in row.grants.split(",") if text)
    return Operator(row.id, row.name, grants, row.disabled)


def _credential(row: CredentialRow) -> Credential:
    used = from_ms(row.used_ms) if row.used_ms else None
    return Credential(
        row.id or 0, row.operator_id, row.kind, row.label, row.handle, row.secret, row.counter, from_ms(row.created_ms), used
    )


def _signed_in(row: SessionRow) -> SignedIn:
    moments = (from_ms(row.created_ms), from_ms(row.seen_ms), from_ms(row.fresh_ms))
    return SignedIn(row.token_hash, row.operator_id, row.method, row.address, row.agent, *moments)
