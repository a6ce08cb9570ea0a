"""交易查询: every booked transaction, how its money was split, who signed it and what the card said."""

from typing import Any

from flask import abort, render_template, url_for
from flask.typing import ResponseReturnValue

from cardstack.settlement import ledger
from cardstack.settlement.schemes import SCHEMES
from cardstack.text import Text
from server.console import evidence, forms, kinds, listing, masking
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import audit, scope, store
from server.console.words import PROVINCE_CHOICES
from server.permissions import Pages, Permission
from server.store.queries import transactions as queries
from server.store.values import Entry

pages = Pages("transactions", __name__, url_prefix="/console/transactions")

SCHEME_CHOICES = [(name, scheme.title) for name, scheme in SCHEMES.items()]


def scheme_title(name: str) -> Text:
    """What a scheme is called; what two people corrected is of none."""
    scheme = store().schemes.get(name)
    return scheme.title if scheme else kinds.posting(name)


def criteria(where: dict[str, str]) -> dict[str, Any]:
    """The query form's words as the store's values."""
    asked: dict[str, Any] = {key: value for key, value in where.items() if key not in {"since", "until", "least", "most"}}
    for key, end in (("since", False), ("until", True)):
        if where.get(key):
            asked[key] = listing.day_ms(where[key], end=end, name=key) // 1000
    for key in ("least", "most"):
        if where.get(key):
            asked[key] = forms.fen_of(where[key], key)
    if "id" in asked:
        asked["id"] = asked["id"].upper()
    return asked


def row_of(entry: Entry) -> dict[str, Any]:
    """An entry as a line of a list."""
    return {
        "id": str(entry.id),
        "scheme": scheme_title(entry.scheme),
        "kind": kinds.message(entry.kind),
        "sender": str(entry.sender),
        "home": entry.home[:2],
        "treating": entry.treating[:2],
        "occurred": entry.occurred_at,
        "amount": entry.amount_fen,
        "state": entry.state.value,
        "window": entry.window,
        "refers": str(entry.refers) if entry.refers else None,
        "envelope": str(entry.envelope),
    }


def _rows(query: Query) -> Slice:
    with store().view() as view:
        found = queries.search(view, criteria(dict(query.where)), scope=query.scope, after=query.after, size=query.size)
    return Slice([row_of(entry) for entry in found.entries], found.next, found.cut)


def _to(row: Any) -> str:
    return url_for("transactions.show", message_id=row["id"])


def _to_batch(row: Any) -> str:
    return url_for("settlements.batch", seq=row["envelope"])


COLUMNS = (
    Column("id", Text("Transaction", "交易流水号"), "id", link=_to),
    Column("occurred", Text("Happened", "交易时间"), "moment"),
    Column("scheme", Text("Scheme", "业务品种")),
    Column("kind", Text("Kind", "交易类型"), shown=False),
    Column("home", Text("Home", "参保/发卡地"), "province"),
    Column("treating", Text("Treating", "就医/使用地"), "province"),
    Column(
        "sender",
        Text("Sender", "发送方"),
        "id",
        link=lambda row: url_for("transactions.index", sender=row["sender"]),
        shown=False,
    ),
    Column("amount", Text("Amount (yuan)", "金额（元）"), "money"),
    Column("state", Text("State", "状态"), "entry"),
    Column(
        "window",
        Text("Window", "清算窗口"),
        "id",
        link=lambda row: url_for("windows.show", window_id=row["window"]),
    ),
    Column(
        "refers",
        Text("About", "关联交易"),
        "id",
        link=lambda row: url_for("transactions.show", message_id=row["refers"]),
        shown=False,
    ),
    Column(
        "envelope", Text("Batch", "批次"), "id", link=lambda row: url_for("settlements.batch", seq=row["envelope"]), shown=False
    ),
)

FILTERS = (
    Filter("id", Text("Transaction", "交易流水号"), hint=Text("its beginning", "完整流水号或前缀")),
    Filter("scheme", Text("Scheme", "业务品种"), "choice", choices=SCHEME_CHOICES),
    Filter("home", Text("Home", "参保/发卡地"), "choice", choices=PROVINCE_CHOICES),
    Filter("treating", Text("Treating", "就医/使用地"), "choice", choices=PROVINCE_CHOICES),
    Filter("state", Text("State", "状态"), "choice", choices=[(state.value, name) for state, name in ledger.STATES.items()]),
    Filter("since", Text("From", "起始日期"), "day"),
    Filter("until", Text("To", "截止日期"), "day"),
    Filter("least", Text("From amount", "最低金额"), "money", hint=Text("yuan", "元")),
    Filter("most", Text("To amount", "最高金额"), "money", hint=Text("yuan", "元")),
    Filter("window", Text("Window", "清算窗口")),
    Filter("sender", Text("Sender", "发送方")),
)

LISTING = Listing(
    name="transactions",
    title=Text("Transactions", "交易查询"),
    empty=Text(
        "Nothing was booked yet; nodes send signed batches, or take in a file under Files in and out.",
        "暂无入账；由节点报送签名报文，或在“文件收发”页接收文件。",
    ),
    columns=COLUMNS,
    filters=FILTERS,
    fetch=_rows,
)


@pages.page("/", needs=Permission.TRANSACTION_READ)
def index() -> ResponseReturnValue:
    """The list, newest first."""
    return listing.show(LISTING)


@pages.page("/<message_id>", needs=Permission.TRANSACTION_READ)
def show(message_id: str) -> ResponseReturnValue:
    """One transaction with everything behind it; people masked."""
    return _page(message_id, revealed=False)


@pages.page("/<message_id>/reveal", needs=Permission.PERSON_REVEAL, method="POST", fresh=True)
def reveal(message_id: str) -> ResponseReturnValue:
    """The same page once with people's data in clear; the reason stands in the audit log."""
    entry = load(message_id)
    audit(message_id, entry.home[:2], reason=forms.reason())
    return _page(message_id, revealed=True)


def load(message_id: str) -> Entry:
    """The entry, if one of its provinces is the operator's; else there is nothing under that id."""
    return find(message_id) or abort(404)


def find(message_id: str) -> Entry | None:
    """The entry, or None where there is none that is the operator's to see."""
    entry = store().transaction(message_id)
    return entry if entry is not None and queries.visible(entry, scope()) else None


def _page(message_id: str, *, revealed: bool) -> ResponseReturnValue:
    entry = load(message_id)
    kept = store().envelope(entry.envelope)
    transaction = evidence.transaction_of(entry, kept)
    scheme = store().schemes.get(entry.scheme)
    plain = transaction is not None and transaction.refers is None
    body = dict(transaction.body) if transaction else {}
    return render_template(
        "transactions/show.html",
        entry=entry,
        row=row_of(entry),
        scheme=scheme_title(entry.scheme),
        steps=scheme.explain(transaction, transaction.day) if scheme and transaction and plain else (),
        postings=store().postings(entry.seq),
        signature=evidence.signature_of(kept) if kept else None,
        conversation=evidence.conversation(transaction),
        body=masking.flat(body if revealed else masking.masked(body)),
        revealed=revealed,
        from_file=kept is not None and kept.kind == "file",
    )
