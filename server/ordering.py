"""What was released of a window, as the order that a bank takes: pain.001, pacs.009, or its CSV."""

from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from cardstack.settlement.banking import orders
from cardstack.settlement.banking.orders import Account, Accounts
from cardstack.settlement.calendar import known
from cardstack.settlement.instruction import CENTRE
from cardstack.settlement.transaction import SHANGHAI
from cardstack.text import Text
from cardstack.values import Fen
from server.store.store import Store


class Form(StrEnum):
    """In which form a bank takes an order."""

    PAIN_001 = "pain.001"
    PACS_009 = "pacs.009"
    CSV = "csv"


FORMS: Final = {
    Form.PAIN_001: Text("pain.001, a customer's transfers (ISO 20022)", "pain.001 客户贷记转账（ISO 20022）"),
    Form.PACS_009: Text("pacs.009, between institutions (ISO 20022)", "pacs.009 金融机构间转账（ISO 20022）"),
    Form.CSV: Text("CSV for a bank's batch page", "CSV 银行批量转账模板"),
}


class Order(NamedTuple):
    """An order's bytes, and what is in it: of which release it is, for which day, how many payments of how much."""

    raw: bytes
    form: Form
    release: int
    due: date
    payments: int
    amount_fen: Fen


def write(store: Store, window: str, form: Form, *, at: datetime, due: date | None = None, number: int | None = None) -> Order:
    """The order of a window's last release, or of the one with that number; for the next working day where none is given.

    `Refused`: CS-3022 where nothing was released, CS-3066 and CS-3074 for a party that cannot stand in it, CS-3067 for a day off.
    """
    day = due or known().on_or_after(at.astimezone(SHANGHAI).date())
    release, payments = store.desk.released(window, number)
    accounts, message = _accounts(store), f"{window}.{release}"
    if form is Form.PAIN_001:
        raw = orders.pain_001(message, payments, accounts, initiator="cardstack", made_at=at, due=day)
    elif form is Form.PACS_009:
        raw = orders.pacs_009(message, payments, accounts, made_at=at, due=day)
    else:
        raw = orders.bank_csv(payments, accounts)
    return Order(raw, form, release, day, len(payments), Fen(sum(one.amount_fen for one in payments)))


def _accounts(store: Store) -> Accounts:
    found = {one.name: Account.of(one.title.zh, one.account) for one in store.parties()}
    # Until the centre's own account is registered, its name stands in its place: a rehearsal needs no bank.
    return found | ({} if CENTRE in found and found[CENTRE].number else {CENTRE: Account("清算中心", str(CENTRE), "")})
