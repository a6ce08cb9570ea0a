"""提出申请: one form for every kind of change, drawn from the fields that the kind declares; another operator decides."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cardstack.errors import Refused
from cardstack.settlement.window import EVENTS
from cardstack.text import Text
from cardstack.values import Fen
from server import commands
from server.approvals import Kind, Request
from server.console import figures, forms, kinds, requesting, transactions, words
from server.console.services import language, moment, operator, services, t
from server.forms import Field, Shape
from server.means import Means
from server.permissions import Pages, Permission

pages = Pages("changes", __name__, url_prefix="/console/changes")

LONG_MOST = 1_000_000


class Detail(NamedTuple):
    """One line of what a request would change."""

    title: Text
    before: object
    after: object
    changed: bool


def title_of(field: Field) -> Text:
    """A field's title as pages write it: people type yuan where the declaration counts fen."""
    if field.shape is not Shape.FEN:
        return field.title
    return Text(field.title.en.replace(" fen", " yuan"), field.title.zh.replace("（分", "（元").replace("分）", "元）"))


def offered() -> list[Kind]:
    """The kinds of change that the operator may ask for by a form."""
    return [kind for kind in commands.kinds() if kind.fields and operator().may(kind.ask)]


@pages.page("/", needs=Permission.APPROVAL_READ)
def index() -> ResponseReturnValue:
    """What can be asked for."""
    comma = t(", ", "、")
    told = [(kind, comma.join(title_of(field).of(language()) for field in kind.fields)) for kind in offered()]
    return render_template("changes/index.html", kinds=told)


@pages.page("/<change>", needs=Permission.APPROVAL_READ)
def form(change: str) -> ResponseReturnValue:
    """The form of one kind; values may stand in the address."""
    kind = _kind(change)
    values = figures.proposing(request.args["figure"]) if "figure" in request.args else request.args
    return render_template("changes/form.html", **drawn(kind, values))


@pages.page("/<change>", needs=Permission.APPROVAL_READ, method="POST", fresh=True)
def submit(change: str) -> ResponseReturnValue:
    """Ask for the change."""
    kind = _kind(change)
    told = {field.name: read(field) for field in kind.fields}
    if "preview" in request.form:
        payload = commands.draft(change, told, means()).payload
        typed = {**drawn(kind, request.form), "reason": request.form.get("reason", "")}
        return render_template("changes/form.html", figure=payload, **typed)
    reason = forms.reason()
    draft = commands.draft(change, told, means())
    number = requesting.ask(
        draft.kind,
        province=draft.province,
        subject=draft.subject,
        payload=dict(draft.payload),
        amount_fen=draft.amount_fen,
        reason=reason,
    )
    flash(t("Requested; another operator decides.", "已提交申请，待其他操作员复核。"), "success")
    return redirect(url_for("approvals.show", request_id=number), 303)


def _kind(name: str) -> Kind:
    try:
        kind = commands.kind(name)
    except Refused:
        abort(404)
    if not kind.fields:
        abort(404)
    if not operator().may(kind.ask):
        abort(403)
    return kind


def means() -> Means:
    """What a change is drawn from and carried out with."""
    return Means(services().office, services().store, moment(), services().network())


READERS: Mapping[Shape, Callable[[Field], Any]] = {
    Shape.FEN: lambda field: int(forms.money(field.name)),
    Shape.NUMBER: lambda field: forms.number(field.name, field.least, field.most),
    Shape.CHOICE: lambda field: forms.choice(field.name, [value for value, _ in field.choices]),
    Shape.PARTY: lambda field: str(forms.party(field.name)),
    Shape.DAY: lambda field: forms.day(field.name).isoformat(),
    Shape.LONG: lambda field: forms.text(field.name, most=LONG_MOST),
}


def read(field: Field) -> Any:
    """What was typed into one field, as the kind counts it."""
    if not forms.text(field.name, most=LONG_MOST, required=not field.optional):
        return None
    reader = READERS.get(field.shape)
    return reader(field) if reader else forms.text(field.name, most=500)


def drawn(kind: Kind, values: Mapping[str, str], *, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    """A kind's form for a template: what is known already stands in `values`; `hidden` fields are not asked for again."""
    return {
        "kind": kind,
        "fields": [(field, title_of(field), values.get(field.name, "")) for field in kind.fields],
        "hidden": hidden,
        "choices": {field.name: _choices(field) for field in kind.fields},
    }


def _choices(field: Field) -> list[tuple[str, object]]:
    """What a field is chosen from; empty where it is typed."""
    held = services().store
    if field.shape is Shape.CHOICE:
        return list(field.choices)
    if field.shape in (Shape.AUTHORITY, Shape.AGREEMENT):
        return _recognition(field.shape)
    if held is None:
        return []
    if field.shape is Shape.SCHEME:
        return [(name, one.title) for name, one in held.schemes.items()]
    named: Any = {Shape.PARTY: held.parties, Shape.NODE: held.nodes}.get(field.shape, tuple)
    return [(str(one.name), f"{one.title.of(language())} {one.name}") for one in named()]


def _recognition(shape: Shape) -> list[tuple[str, object]]:
    """The authorities of this installation, or their agreements."""
    here = services().network()
    if here is None:
        return []
    if shape is Shape.AUTHORITY:
        return [(one.id, f"{one.title.of(language())} {one.id}") for one in here.members.values()]
    return [(one.id, f"{one.id} ({one.by} ← {one.of})") for one in here.agreements()]


def details(kind: Kind, asked: Request) -> list[Detail]:
    """What a request would change, before beside after, in the words of its form."""
    payload, fields = asked.payload, {field.name: field for field in kind.fields}
    found = []
    for name, value in payload.items():
        if name in APART:
            continue
        if kind.name == "figures" and name in {"row", "before", "differences", "examples"}:
            continue
        if name.endswith("_before") and name.removesuffix("_before") in payload:
            continue
        before = payload.get(f"{name}_before")
        field = fields.get(name)
        title = title_of(field) if field else NAMES.get(name, Text(name, name))
        changed = f"{name}_before" in payload and before != value
        found.append(Detail(title, shown(field, before, name), shown(field, value, name), changed))
    return found


APART = frozenset({"plan", "effects", "digest"})
"""What the page of a request shows by itself (trust/asked.html)."""

NAMES: Mapping[str, Text] = {
    "text": Text("The agreement as it will stand", "协议全文（TOML）"),
    "window": Text("Settlement window", "清算窗口"),
    "since": Text("Since", "生效日期"),
    "event": Text("Step", "操作"),
    "instructions": Text("Payments", "划款指令"),
    "scheme": Text("Scheme", "业务品种"),
    "home": Text("Home", "参保/发卡地"),
    "treating": Text("Treating", "就医/使用地"),
    "transaction": Text("Transaction", "交易流水号"),
    "message": Text("Transaction", "交易流水号"),
    "id": Text("Sign-in name", "登录名"),
    "name": Text("Name", "姓名"),
    "grants": Text("Roles", "角色"),
    "disabled": Text("Disabled", "停用"),
    "authority": Text("Authority", "发证机构"),
    "serial": Text("Serial number", "证书序列号"),
    "fingerprint": Text("Fingerprint", "证书指纹"),
    "subject": Text("Subject of its certificates", "证书主体"),
    "issuer": Text("Issuer of the certificate", "证书签发者"),
    "valid_until": Text("Certificate valid until", "证书有效期至"),
    "why": Text("Why", "原因"),
    "amount_fen": Text("Amount (yuan)", "金额（元）"),
    "evidence": Text("Evidence", "证据"),
    "kind": Text("What the money is", "款项种类"),
    "rule": Text("Rule", "依据规则"),
}
"""What the members of requests without a form of their own are called."""


NAMED: Mapping[str, Callable[[Any], object]] = {
    "scheme": transactions.scheme_title,
    "home": lambda place: words.province_choice(place)[1],
    "treating": lambda place: words.province_choice(place)[1],
    "event": lambda event: EVENTS.get(event, event),
    "evidence": lambda told: " · ".join(map(str, told.values())) or "—",
    "amount_fen": lambda fen: words.money(Fen(int(fen))),
    "kind": lambda kind: kinds.posting(kind).of(language()),
    "valid_until": lambda until: words.clock(datetime.fromisoformat(until)),
}
"""How members without a field are shown that are names of the ledger's."""


SHOWN: Mapping[Shape, Callable[[Field, Any], object]] = {
    Shape.FEN: lambda _, value: words.money(Fen(int(value))),
    Shape.CHOICE: lambda field, value: dict(field.choices).get(str(value), value),
    Shape.PARTY: lambda _, value: words.party(str(value)),
    Shape.NODE: lambda _, value: words.party(str(value)),
    Shape.SCHEME: lambda _, value: transactions.scheme_title(str(value)),
}


def shown(field: Field | None, value: object, name: str = "") -> object:
    """A value as people read it."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return t("yes", "是") if value else t("no", "否")
    if isinstance(value, list | tuple):
        return "、".join(map(str, value)) or "—"
    if field is None:
        return NAMED[name](value) if name in NAMED else value
    return SHOWN[field.shape](field, value) if field.shape in SHOWN else value
