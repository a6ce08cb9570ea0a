"""The store: the service's whole memory behind methods that take and give frozen values."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from cardstack.errors import Refused, problem
from cardstack.settlement.answer import Answer
from cardstack.settlement.columns import Columns, Posted
from cardstack.settlement.instruction import Instruction
from cardstack.settlement.netting import Owed, Position
from cardstack.settlement.reconcile import Entry as BookEntry
from cardstack.settlement.scheme import Scheme
from cardstack.settlement.window import Event, Stage
from cardstack.text import Text
from server.store import bulk, figuring, listing, reads, windows
from server.store.auditing import Report, audit
from server.store.commit import Commit, Kept, View, viewing
from server.store.desk import Desk
from server.store.engine import Database
from server.store.lapsing import lapse
from server.store.packing import unpacked
from server.store.posting import Sign, Submission
from server.store.receiving import Arrival, Ask, Received, passing, post_waiting, received_batch, take_in, waits
from server.store.refusals import Refusal, refusals
from server.store.registering import NODE_COLUMNS, PARTY_COLUMNS, node_row, party_row, taken_by
from server.store.submitting import submit
from server.store.values import (
    BookedPosting,
    Entry,
    Happening,
    KeptEnvelope,
    Move,
    Participant,
    PreparedInstruction,
    ReceivedBatch,
    RegisteredNode,
    Window,
)

NEWER: Final = problem(
    "CS-4095",
    Text("A later version of this program has written that ledger", "该账本由更高版本的程序写入"),
    Text("Start that version or a later one; nothing was changed.", "请运行该版本或更高版本；账本未作任何改动。"),
)
MIGRATIONS: Final = Path(__file__).parent / "migrations"


class Store:
    """What the service knows. Every write is one durable commit; every method may be called from any thread."""

    def __init__(self, url: str, schemes: Mapping[str, Scheme]) -> None:
        self.database = Database(url)
        self.schemes = schemes
        self._lists: dict[str, tuple[int, int]] = {}

    def migrate(self) -> None:
        """Bring the tables to the present form; `Refused` (CS-4095) where a later version has written them."""
        with self.database.writing() as connection:
            config = _alembic(connection)
            config.attributes["upgrade"] = True
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise Refused("database", NEWER, field="database") from error

    def view(self) -> AbstractContextManager[View]:
        """A consistent view, for several readings of one moment."""
        return viewing(self.database)

    @property
    def desk(self) -> Desk:
        """What people do: adjust, dispute, prepay, release payments, take in bank files."""
        return Desk(self.database, self.schemes)

    def close(self) -> None:
        """Give back every connection."""
        self.database.close()

    def register_party(self, one: Participant) -> None:
        """Add a participant, or give one its new title, account or limit."""
        statement = (
            f"INSERT INTO party ({PARTY_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) "  # noqa: S608  # own names
            "ON CONFLICT (name) DO UPDATE SET title_en = excluded.title_en, title_zh = excluded.title_zh, "
            "account = excluded.account, limit_fen = excluded.limit_fen"
        )
        with self.database.writing() as connection:
            self.database.run(connection, statement, [party_row(one)])

    def register_node(self, one: RegisteredNode) -> None:
        """Add a node that signs, or change what is known of one."""
        statement = (
            f"INSERT INTO node ({NODE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608  # own names
            "ON CONFLICT (name) DO UPDATE SET role = excluded.role, title_en = excluded.title_en, title_zh = excluded.title_zh, "
            "subject = excluded.subject, relays = excluded.relays, active = excluded.active, institutions = excluded.institutions"
        )
        query = "SELECT name FROM node WHERE subject = ? AND name <> ?"
        with self.database.writing() as connection:
            taken = self.database.all(connection, query, (one.subject, str(one.name)))
            if taken:
                raise taken_by(taken[0][0], "subject")
            self.database.run(connection, statement, [node_row(one)])

    def submit(self, submissions: Sequence[Submission], now: datetime) -> list[list[Answer]]:
        """Take signed envelopes in one durable commit; an answer a line."""
        return submit(self.database, self.schemes, submissions, now)

    def post_many(self, columns: Columns, kept: Kept, now: datetime) -> Posted:
        """Take a bulk file's transactions by columns in one durable commit; `kept` is the signed file they stand in."""
        return bulk.post_many(self.database, self.schemes, columns, kept, now)

    def lapse(self, now: datetime) -> int:
        """Let pending entries lapse whose time has run out; how many did."""
        return lapse(self.database, self.schemes, now)

    def take_in(self, arrivals: Sequence[Arrival], now: datetime, *, sign: Sign | None = None) -> list[Received]:
        """Make signed batches durable in one commit, with an answer a line; what is new waits to be judged."""
        with self.database.writing(at_once=True) as connection:
            return take_in(Commit(self.database, connection, now), arrivals, sign)

    def post_waiting(self, now: datetime, ask: Ask | None = None) -> tuple[int, int]:
        """Judge and book the oldest waiting lines; the last envelope that is done, and how many lines were judged.

        A batch that cannot be booked does not stand in the way of the others: its lines are refused.
        """
        wanted = ask or Ask()
        for tried in (wanted, wanted._replace(most=1), wanted._replace(most=1, refuse=True)):
            try:
                with self.database.writing(at_once=True) as connection:
                    return post_waiting(Commit(self.database, connection, now), self.schemes, tried, now)
            except Exception as error:
                if tried.refuse or passing(error):
                    raise
        raise AssertionError

    def waiting(self, message: str | None = None) -> int:
        """How many lines wait to be judged; of one message id, one or none."""
        with self.view() as view:
            if message is not None:
                return int(waits(view, message))
            return int(view.all("SELECT COUNT(*) FROM received")[0][0])

    def newest_envelope(self) -> int:
        """The number of the envelope that was kept last, 0 where there is none."""
        with self.view() as view:
            return int(view.all("SELECT COALESCE(MAX(seq), 0) FROM envelope")[0][0])

    def batch(self, digest: bytes) -> ReceivedBatch | None:
        """What became of a batch, by the digest of its envelope."""
        with self.view() as view:
            return received_batch(view, digest)

    def refusals(self, message: str | None = None, *, limit: int = 50) -> list[Refusal]:
        """Refused lines, the newest first: of one message id, or of all; the oldest make room."""
        with self.view() as view:
            return refusals(view, message=message, limit=limit)

    def receipt(self, envelope: int) -> bytes | None:
        """The receipt that was given for a kept envelope."""
        with self.view() as view:
            rows = view.all("SELECT raw FROM receipt WHERE envelope = ?", (envelope,))
        return unpacked(bytes(rows[0][0])) if rows else None

    def book(self, sender: str, scheme: str, begin: date, end: date) -> list[BookEntry]:
        """What a sender has in the ledger of a scheme for those days, for reconciliation; groups are days."""
        with self.view() as view:
            return reads.book(view, sender, scheme, begin, end)

    def move_window(self, window: str, event: Event, *, actor: str, now: datetime, reason: str = "") -> Stage:
        """Move a window on."""
        with self.database.writing() as connection:
            commit = Commit(self.database, connection, now)
            windows.is_window(commit, window, {one.cycle for one in self.schemes.values()})
            return windows.move(commit, window, event, actor=actor, reason=reason)

    def close_window(self, window: str, *, actor: str, now: datetime, reason: str = "") -> Stage:
        """Cut a window off: what comes later falls into the next."""
        return self.move_window(window, Event.CUT_OFF, actor=actor, now=now, reason=reason)

    def cut_off_due(self, now: datetime, *, actor: str = "clock") -> list[str]:
        """Cut off every window whose moment has come by its cycle's dated figure and the working-day calendar."""
        with self.database.writing() as connection:
            return windows.cut_off_due(Commit(self.database, connection, now), now, actor=actor)

    def instruct(self, window: str, *, now: datetime) -> tuple[Instruction, ...]:
        """Make the payments that settle a window whose nets are agreed."""
        with self.database.writing() as connection:
            return windows.instruct(Commit(self.database, connection, now), window)

    def audit(self, *, signatures: bool = True, contents: bool | None = None) -> Report:
        """Compute the whole ledger again and say what does not follow.

        `contents` reads kept records again and computes what each line moves; without a word it is as `signatures` is.
        """
        again = signatures if contents is None else contents
        with self.view() as view:
            return audit(view, signatures=signatures, schemes=self.schemes if again else None)

    def transaction(self, message: str) -> Entry | None:
        """The entry of a message id."""
        with self.view() as view:
            return reads.entry(view, message)

    def transactions(
        self, *, before: int | None = None, limit: int = 50, window: str | None = None, scheme: str | None = None
    ) -> list[Entry]:
        """Entries from the newest on, those numbered below `before`."""
        with self.view() as view:
            return reads.page(view, before=before, limit=limit, window=window, scheme=scheme)

    def postings(self, *entries: int) -> list[BookedPosting]:
        """The postings of entries."""
        with self.view() as view:
            return reads.postings(view, entries)

    def party_postings(self, window: str, party: str, *, after: int = 0, limit: int = 50) -> list[BookedPosting]:
        """What made a party's net."""
        with self.view() as view:
            return reads.party_postings(view, window, party, after=after, limit=limit)

    def envelope(self, seq: int) -> KeptEnvelope | None:
        """A signed message as it came, with the path that vouched for it."""
        with self.view() as view:
            return reads.envelope(view, seq)

    def certificate(self, fingerprint: str) -> bytes | None:
        """A certificate (DER) that vouched for something kept here, by its SHA-256 (hexadecimal)."""
        with self.view() as view:
            rows = view.all("SELECT der FROM certificate WHERE fingerprint = ?", (fingerprint,))
        return bytes(rows[0][0]) if rows else None

    def windows(self, *, cycle: str | None = None, stage: str | None = None) -> list[Window]:
        """Windows, the newest of each cycle first."""
        with self.view() as view:
            return reads.windows(view, cycle=cycle, stage=stage)

    def window(self, id_: str) -> Window | None:
        """One window."""
        with self.view() as view:
            return reads.window(view, id_)

    def moves(self, window: str) -> list[Move]:
        """A window's life so far."""
        with self.view() as view:
            return reads.moves(view, window)

    def positions(self, window: str) -> tuple[Position, ...]:
        """Gross sums and net of every party."""
        with self.view() as view:
            return reads.positions(view, window)

    def owed(self, window: str) -> tuple[Owed, ...]:
        """What each owes each."""
        with self.view() as view:
            return reads.owed(view, window)

    def instructions(self, window: str | None = None) -> list[PreparedInstruction]:
        """Payment instructions."""
        with self.view() as view:
            return reads.instructions(view, window)

    def events(self, *, after: int = 0, limit: int = 100) -> list[Happening]:
        """What happened after a cursor."""
        with self.view() as view:
            return reads.events(view, after=after, limit=limit)

    def parties(self) -> list[Participant]:
        """Every participant."""
        with self.view() as view:
            return reads.parties(view)

    def node_of(self, subject: str) -> RegisteredNode | None:
        """The active node whose certificates have that subject. Its messages are judged by the figures as they are kept now."""
        with self.view() as view:
            self._judge_by(view)
            return reads.node_of(view, subject)

    def settle_by_own_figures(self) -> None:
        """Let this process settle by the dated figures and the card lists that operators added here."""
        with self.view() as view:
            self._judge_by(view)

    def _judge_by(self, view: View) -> None:
        figuring.settle_by(view)
        newest = listing.versions(view)
        if newest != self._lists:
            self.schemes, self._lists = listing.judged_by(view, self.schemes), newest

    def setting(self, name: str) -> str | None:
        """A small fact of the installation."""
        with self.view() as view:
            rows = view.all("SELECT value FROM setting WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def set_setting(self, name: str, value: str) -> None:
        """Change one."""
        statement = "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        with self.database.writing() as connection:
            self.database.run(connection, statement, [(name, value)])

    def nodes(self) -> list[RegisteredNode]:
        """Every node that may sign."""
        with self.view() as view:
            return reads.nodes(view)


def _alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
