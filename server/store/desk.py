"""What people do to a ledger: adjust, dispute, prepay, release payments and take in what banks booked."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from cardstack.errors import Refused
from cardstack.settlement.amending import Amendment
from cardstack.settlement.banking.matching import Matched, Mismatch
from cardstack.settlement.banking.statements import BankLine
from cardstack.settlement.dispute import Ground, Stage, Step
from cardstack.settlement.instruction import Instruction
from cardstack.settlement.ledger import EntryRow
from cardstack.settlement.prefund import Change, Increase, IncreaseStep, Prefund, Thresholds
from cardstack.settlement.scheme import Cycle, Scheme
from cardstack.settlement.transaction import Party, Posting
from cardstack.settlement.transit.lists import CardList, Kind, Update
from cardstack.values import Fen
from server.store import disputing, figuring, increasing, listing, paying, prefunding, registering
from server.store.adjusting import Two, adjust
from server.store.commit import Commit, viewing
from server.store.engine import Database
from server.store.values import Participant, RegisteredNode


class Desk:
    """A store's work by people. Every method is one commit; where money is moved, two people stand behind it."""

    def __init__(self, database: Database, schemes: Mapping[str, Scheme]) -> None:
        self.database, self.schemes = database, schemes

    def adjust(self, cycle: Cycle, posting: Posting, two: Two, *, reason: str, now: datetime) -> EntryRow:
        """Book a correction in the window that is open."""
        with self.database.writing() as connection:
            return adjust(Commit(self.database, connection, now), cycle, posting, two, reason=reason)

    def open_dispute(
        self,
        posting: int,
        *,
        opened_by: Party,
        ground: Ground,
        disputed_fen: Fen,
        actor: str,
        now: datetime,
        evidence: Mapping[str, Any] | None = None,
    ) -> disputing.Dispute:
        """Dispute a posting."""
        with self.database.writing() as connection:
            return disputing.open_dispute(
                Commit(self.database, connection, now),
                posting,
                opened_by=opened_by,
                ground=ground,
                disputed_fen=disputed_fen,
                actor=actor,
                evidence=evidence or {},
            )

    def step_dispute(
        self,
        dispute: int,
        step: Step,
        *,
        actor: str,
        now: datetime,
        checker: str = "",
        evidence: Mapping[str, Any] | None = None,
        upheld_fen: Fen | None = None,
    ) -> disputing.Dispute:
        """Move a dispute on; where it is upheld, all or in part, a second person has approved the posting that puts it right."""
        with self.database.writing() as connection:
            commit = Commit(self.database, connection, now)
            kept = evidence or {}
            return disputing.step_dispute(
                commit, self.schemes, dispute, step, actor=actor, evidence=kept, checker=checker, upheld_fen=upheld_fen
            )

    def disputes(self, *, stage: Stage | None = None) -> list[disputing.Dispute]:
        """Disputes, the newest first."""
        with viewing(self.database) as view:
            return disputing.disputes(view, stage=stage)

    def lapse_disputes(self, now: datetime, *, actor: str = "clock") -> list[disputing.Dispute]:
        """Let every dispute lapse whose deadline has passed: who does not answer concedes, who does not object accepts.

        One that cannot lapse, such as of a scheme that is gone, does not hold up the others; its error is raised after them.
        """
        with viewing(self.database) as view:
            late = disputing.overdue(view, now)
        done: list[disputing.Dispute] = []
        stuck: list[Refused] = []
        for one in late:
            try:
                done.append(self.step_dispute(one.seq, Step.LAPSE, actor=actor, now=now))
            except Refused as error:
                stuck.append(error)
        if stuck:
            raise stuck[0]
        return done

    def change_prefund(self, change: Change, two: Two, *, now: datetime) -> Prefund:
        """Change a prepayment."""
        with self.database.writing() as connection:
            return prefunding.change_prefund(Commit(self.database, connection, now), change, two)

    def set_thresholds(self, debtor: Party, creditor: Party, wanted: Thresholds, two: Two, *, now: datetime) -> None:
        """From which usage a prepayment warns."""
        with self.database.writing() as connection:
            prefunding.set_thresholds(Commit(self.database, connection, now), debtor, creditor, wanted, two)

    def add_party(self, made: Participant, two: Two, *, now: datetime) -> None:
        """Enter a participant."""
        with self.database.writing() as connection:
            registering.add_party(Commit(self.database, connection, now), made, two)

    def add_node(self, made: RegisteredNode, two: Two, *, now: datetime) -> None:
        """Enter a node that signs."""
        with self.database.writing() as connection:
            registering.add_node(Commit(self.database, connection, now), made, two)

    def change_account(self, party: str, account: str, expected: str, two: Two, *, now: datetime) -> None:
        """Give a participant another bank account; what the bank booked on it before counts from now on."""
        with self.database.writing() as connection:
            commit = Commit(self.database, connection, now)
            registering.change_account(commit, party, account, expected, two)
            paying.look_again(commit)

    def change_limit(self, party: str, limit: Fen | None, expected: Fen | None, two: Two, *, now: datetime) -> None:
        """Give a participant another limit, or none."""
        with self.database.writing() as connection:
            registering.change_limit(Commit(self.database, connection, now), party, limit, expected, two)

    def set_active(self, node: str, two: Two, *, active: bool, now: datetime) -> None:
        """Suspend a node, or let it sign again."""
        with self.database.writing() as connection:
            registering.set_active(Commit(self.database, connection, now), node, two, active=active)

    def change_institutions(self, node: str, wanted: Sequence[str], expected: Sequence[str], two: Two, *, now: datetime) -> None:
        """Let a node send under other institutions' message ids, or under any."""
        with self.database.writing() as connection:
            registering.change_institutions(Commit(self.database, connection, now), node, wanted, expected, two)

    def add_figure(self, told: Amendment, two: Two, *, now: datetime) -> int:
        """Add a dated figure; this process settles by it at once, every other before the next message it takes."""
        with self.database.writing() as connection:
            commit = Commit(self.database, connection, now)
            number = figuring.add(commit, told, two)
            figuring.settle_by(commit)
            figuring.seal(commit)
        return number

    def publish_list(self, kind: Kind, add: frozenset[str], remove: frozenset[str], two: Two, *, now: datetime) -> Update:
        """Publish the next version of a card list."""
        with self.database.writing() as connection:
            return listing.publish(Commit(self.database, connection, now), kind, add, remove, two)

    def card_list(self, kind: Kind) -> CardList:
        """A card list with its newest versions."""
        with viewing(self.database) as view:
            return listing.card_list(view, kind)

    def prefunds(self, window: str) -> list[Prefund]:
        """Every prepayment and how far a window uses it."""
        with viewing(self.database) as view:
            return prefunding.prefunds(view, window)

    def red_days(self, window: str) -> dict[tuple[str, str], date | None]:
        """When each prepayment (debtor, creditor) comes to its red warning if a window's use goes on as it did."""
        with viewing(self.database) as view:
            return prefunding.red_days(view, window)

    def ask_increase(
        self, window: str, debtor: Party, creditor: Party, amount: Fen, *, actor: str, reason: str, now: datetime
    ) -> increasing.Asked:
        """Ask for an emergency increase of a prepayment that a window uses up to the red warning."""
        with self.database.writing() as connection:
            commit = Commit(self.database, connection, now)
            return increasing.ask_increase(commit, window, debtor, creditor, amount, actor=actor, reason=reason)

    def step_increase(
        self, number: int, step: IncreaseStep, *, actor: str, now: datetime, checker: str = "", reason: str = ""
    ) -> increasing.Asked:
        """Move an emergency increase on; that it was paid takes two people."""
        with self.database.writing() as connection:
            commit = Commit(self.database, connection, now)
            return increasing.step_increase(commit, number, step, actor=actor, checker=checker, reason=reason)

    def increases(self, *, stage: Increase | None = None) -> list[increasing.Asked]:
        """Emergency increases in their present stage, the newest first."""
        with viewing(self.database) as view:
            return increasing.increases(view, stage=stage)

    def release(self, window: str, two: Two, *, now: datetime, only: Collection[str] | None = None) -> tuple[Instruction, ...]:
        """Send a window's payments to the bank, all that wait or only some."""
        with self.database.writing() as connection:
            return paying.release(Commit(self.database, connection, now), window, two, only)

    def order_rest(self, payment: str, two: Two, *, amount: Fen | None = None, now: datetime) -> Instruction:
        """Order what is left of a payment that was booked in part, or some of it."""
        with self.database.writing() as connection:
            return paying.order_rest(Commit(self.database, connection, now), payment, two, amount)

    def released(self, window: str, number: int | None = None) -> tuple[int, tuple[Instruction, ...]]:
        """The payments of a window's last release, or of the one with that number."""
        with viewing(self.database) as view:
            return paying.released(view, window, number)

    def take_lines(self, lines: Sequence[BankLine], *, actor: str, now: datetime) -> Matched:
        """Take in what a bank booked."""
        with self.database.writing() as connection:
            return paying.take_lines(Commit(self.database, connection, now), lines, actor=actor)

    def open_payments(self) -> tuple[Mismatch, ...]:
        """What was released and is not fully paid, or was paid over."""
        with viewing(self.database) as view:
            return paying.open_payments(view)
