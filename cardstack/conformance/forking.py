"""An emulated card as one side of a differential run: it goes back to any moment, and tells states apart."""

from collections.abc import Callable, Hashable

from cardstack.apdu.script import Exchange
from cardstack.conformance.case import Subject
from cardstack.conformance.differential import Back, Side
from cardstack.conformance.seeded import Remembering, Twist
from emulator.slot import Slot
from emulator.state import Card


def state_of(card: Card) -> Hashable:
    """What a card's next answers hang on: memory, selections, proofs, what is half said. Random numbers aside."""
    session, payment = card.session, card.session.payment
    channels = tuple(
        one and (one.directory.name, one.file.fid if one.file else None, one.proofs, one.names) for one in session.channels
    )
    begun = payment and (payment.kind, payment.directory.name, payment.second, payment.amount, payment.writes)
    waiting = bool(session.challenge), bool(session.earlier), bool(session.pending), session.chain, bool(session.derived)
    return hash(frozenset(card.memory.items())), channels, begun, waiting, session.barred


def side(subject: Subject, slot: Slot, *, twist: Twist = lambda exchange: exchange, exact: bool = True) -> Side:
    """A card in a slot, new at every beginning; a twist changes what it hears or says."""
    first, now = slot.card, [twist(slot)]

    def fresh() -> Exchange:
        slot.card = first
        slot.reset()
        now[0] = twist(slot)
        return now[0]

    def mark() -> Back:
        card, twisted = slot.card, now[0]
        forget: Callable[[], None] = twisted.fork() if isinstance(twisted, Remembering) else lambda: None

        def back() -> None:
            slot.card = card
            forget()

        return back

    return Side(subject, fresh, exact=exact, mark=mark, state=lambda: state_of(slot.card))
