"""证书互认: who recognises whom at which level, what would change if a cross certificate went, registers and lists."""

import json
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cardstack.ca import whatif
from cardstack.ca.agreement import LEVELS
from cardstack.ca.graph import Edge, Graph, as_data
from cardstack.ca.profile import PROFILES
from cardstack.ca.register import Reason, Record, State
from cardstack.ca.whatif import Effect
from cardstack.errors import CardstackError
from cardstack.text import Text
from cardstack.vault.home import AuthorityHome
from cardstack.vault.network import Network
from server import commands, trust_changes, trustlists
from server.console import changes, kinds, listing, recognition, requesting
from server.console.listing import Column, Filter, Listing, Query, Row, Slice
from server.console.services import language, moment, operator, scope, services, t
from server.console.states import choices
from server.console.supposing import CHANGES, Supposed
from server.permissions import Pages, Permission

pages = Pages("trust", __name__, url_prefix="/console/trust")
SHOWN = 10

REASONS = [
    (one.word, Text(one.word, words))
    for one, words in (
        (Reason.CESSATION_OF_OPERATION, "停止互认"),
        (Reason.SUPERSEDED, "已被替代"),
        (Reason.CA_COMPROMISE, "对方 CA 失陷"),
        (Reason.KEY_COMPROMISE, "密钥失陷"),
        (Reason.PRIVILEGE_WITHDRAWN, "撤销授权"),
    )
]


def network() -> Network:
    """The authorities of this installation, with what others wrote since."""
    held = services().network()
    if held is None:
        abort(404)
    return held


@pages.page("/", needs=Permission.TRUST_READ)
def index() -> ResponseReturnValue:
    """What wants attention, the graph, the matrix, agreements and requests, each authority with what it publishes."""
    held = services().network()
    if held is None:
        return render_template("trust/empty.html")
    graph, at = held.graph(moment()), moment()
    soon, many = recognition.ending(held.homes.values(), scope())
    return render_template(
        "trust/index.html",
        graph=graph,
        matrix=recognition.matrix(graph, at),
        chart=recognition.chart(held, graph, at),
        edges=[recognition.edge_row(graph, edge) for edge in graph.edges],
        agreements=[recognition.agreement_row(one) for one in held.agreements()],
        homes=[recognition.home_row(home) for home in held.homes.values()],
        strangers=[recognition.stranger_row(one) for one in held.foreign.values()],
        requests=_requests(),
        lists=_relied(),
        soon=soon,
        soon_many=many,
        drift=_drift(held),
        may_request=operator().may(Permission.TRUST_REQUEST) and operator().may(Permission.APPROVAL_READ),
    )


def _requests() -> list[dict[str, Any]]:
    """The newest requests about recognition, waiting and decided, of the provinces that the operator sees."""
    if not operator().may(Permission.APPROVAL_READ):
        return []
    held = operator().scope(Permission.APPROVAL_READ)
    found = [
        one
        for kind in trust_changes.KINDS
        for one in services().office.requests.page(before=None, size=SHOWN, scope=held, kind=kind)
    ]
    found.sort(key=lambda one: one.created, reverse=True)
    return [
        {
            "id": one.id,
            "kind": commands.kind(one.kind).title,
            "subject": one.subject,
            "maker": one.maker,
            "created": one.created,
            "state": "expired" if one.state == "pending" and one.expires <= moment() else one.state.value,
        }
        for one in found[:SHOWN]
    ]


def _relied() -> list[dict[str, Any]]:
    """The trust lists that this installation itself relies on, and what keeps it from being ready."""
    folder = services().trust_folder
    if folder is None:
        return []
    return [
        {
            "name": one.name,
            "sequence": one.used.sequence if one.used else None,
            "next": one.used.next_update if one.used else None,
            "anchors": len(one.used.anchors) if one.used else 0,
            "state": "ok" if one.error is None else "failed",
            "error": None if one.error is None else one.error.say(language()),
        }
        for one in trustlists.look(folder, moment())
    ]


def _drift(held: Network) -> dict[str, Any]:
    """How far what is issued is from what is agreed; an error where the agreements cannot be met."""
    try:
        return {"changes": len(held.plan(moment()).changes), "error": None}
    except CardstackError as error:
        return {"changes": 0, "error": error.say(language())}


@pages.page("/plan", needs=Permission.TRUST_READ)
def plan() -> ResponseReturnValue:
    """What would be issued and revoked so that it is what is agreed."""
    network()
    drawn, problem = None, None
    try:
        drawn = trust_changes.plan_draft(changes.means())
    except CardstackError as error:
        problem = None if error.problem is trust_changes.NOTHING_TO_DO else error.say(language())
    payload = {} if drawn is None else drawn.payload
    return render_template(
        "trust/plan.html",
        problem=problem,
        plan=recognition.plan_rows(payload.get("plan", ())),
        effects=recognition.kept_effects(payload.get("effects", ())),
        may_request=drawn is not None and operator().may(Permission.TRUST_REQUEST, drawn.province),
    )


@pages.page("/plan", needs=Permission.TRUST_REQUEST, method="POST", fresh=True)
def ask_plan() -> ResponseReturnValue:
    """Ask for the plan to be carried out."""
    drawn = trust_changes.plan_draft(changes.means())
    asked = requesting.ask(drawn.kind, province=drawn.province, subject=drawn.subject, payload=dict(drawn.payload))
    flash(t("Requested; another operator decides.", "已提交申请，待其他操作员复核。"), "success")
    return redirect(url_for("approvals.show", request_id=asked), 303)


@pages.page("/graph.json", needs=Permission.TRUST_READ)
def graph() -> ResponseReturnValue:
    """The graph as data, for other programs."""
    body = json.dumps(as_data(network().graph(moment()), moment()), ensure_ascii=False, indent=1)
    return Response(body, content_type="application/json; charset=utf-8")


@pages.page("/what-if", needs=Permission.TRUST_READ)
def what_if() -> ResponseReturnValue:
    """Revoke, expire or constrain cross certificates, and see who loses what where; nothing is changed."""
    held = network()
    before = held.graph(moment())
    asked, problem, after, effects = Supposed.of(request.args), None, before, None
    if asked.asked:
        try:
            after, later = asked.apply(before, moment())
            effects = recognition.relying(held, whatif.what_if(before, after, moment(), later))
        except CardstackError as error:
            problem = error.say(language())
    named = {id_: one.title.of(language()) for id_, one in before.members.items()}
    edges = [
        (one.fingerprint, f"{named[one.issuer]} → {named[one.subject]} · {one.valid_until:%Y-%m-%d} · {one.fingerprint[:8]}")
        for one in before.edges
        if one.usable(moment())
    ]
    return render_template(
        "trust/what_if.html",
        asked=asked,
        problem=problem,
        edges=edges,
        changes=CHANGES,
        levels=LEVELS.items(),
        effects=None if effects is None else [recognition.effect_row(held, before, one, scope()) for one in effects],
        total=whatif.total(effects or ()),
        pairs=len(effects or ()),
        chart=recognition.chart(held, after, asked.moment(moment()), asked.edges),
    )


@pages.page("/edges/<fingerprint>", needs=Permission.TRUST_READ)
def edge(fingerprint: str) -> ResponseReturnValue:
    """One cross certificate, and what its revocation would do."""
    held = network()
    graph = held.graph(moment())
    found = _found(graph, fingerprint)
    effects = recognition.relying(held, _effects(graph, found))
    return render_template(
        "trust/edge.html",
        edge=found,
        row=recognition.edge_row(graph, found),
        effects=[recognition.effect_row(held, graph, one, scope()) for one in effects],
        total=whatif.total(effects),
        chart=recognition.chart(held, graph, moment(), [found.fingerprint]),
        certificate=held.cross(found.issuer, found.fingerprint, moment()),
        may_request=operator().may(Permission.TRUST_REQUEST, found.issuer) and not found.revoked and found.issuer in held.homes,
        reasons=REASONS,
    )


@pages.page("/edges/<fingerprint>/revoke", needs=Permission.TRUST_REQUEST, method="POST", fresh=True)
def revoke(fingerprint: str) -> ResponseReturnValue:
    """Ask for the revocation of a cross certificate; what it would do stands in the request."""
    held = network()
    graph = held.graph(moment())
    found = _found(graph, fingerprint)
    effects = whatif.effects_as_data(recognition.relying(held, _effects(graph, found)))
    asked = requesting.ask(
        "revoke-cross",
        province=found.issuer,
        subject=found.fingerprint,
        payload={
            "authority": found.issuer,
            "subject": found.subject,
            "serial": f"{found.serial:x}",
            "fingerprint": found.fingerprint,
            "why": request.form.get("why", "unspecified"),
            "effects": effects,
        },
    )
    flash(t("Requested; another operator decides.", "已提交申请，待其他操作员复核。"), "success")
    return redirect(url_for("approvals.show", request_id=asked), 303)


@pages.page("/authorities/<authority>", needs=Permission.TRUST_READ)
def register(authority: str) -> ResponseReturnValue:
    """The register of one authority: every certificate it issued."""
    here = network()
    home = here.homes.get(authority) or abort(404)
    held = scope()
    if held is not None and authority not in held:
        abort(404)
    return listing.show(_register(home), authority=home)


def _found(graph: Graph, fingerprint: str) -> Edge:
    found = next((one for one in graph.edges if one.fingerprint == fingerprint), None)
    return found or abort(404)


def _effects(graph: Graph, edge: Edge) -> tuple[Effect, ...]:
    return whatif.what_if(graph, graph.without(edge), moment())


def _register(home: AuthorityHome) -> Listing:
    def rows(query: Query) -> Slice:
        found = [
            record
            for record in sorted(home.register, key=lambda one: one.fingerprint)
            if query.where.get("state") in {None, record.state.value}
            and query.where.get("profile") in {None, record.profile}
            and query.where.get("word", "") in record.subject
        ]
        return listing.part_of(found, query, key=lambda one: one.fingerprint, row=_record_row)

    def link(row: Row) -> str | None:
        """To the request that changes its status, for whoever may ask for one."""
        open_ = row["state"] != State.REVOKED.value and operator().may(Permission.TRUST_REQUEST, home.id)
        return url_for("changes.form", change="certificate", authority=home.id, serial=row["serial"]) if open_ else None

    return Listing(
        name="register",
        title=home.declared.title,
        columns=(
            Column("serial", Text("Serial", "序列号"), "id", link=link),
            Column("profile", Text("Profile", "证书类型")),
            Column("subject", Text("Subject", "主体"), "wide"),
            Column("until", Text("Until", "到期"), "moment"),
            Column("state", Text("State", "状态"), "state"),
            Column("reason", Text("Reason", "吊销原因")),
            Column("fingerprint", Text("Fingerprint", "指纹"), "id", shown=False),
        ),
        filters=(
            Filter("word", Text("Subject", "主体")),
            Filter(
                "profile",
                Text("Profile", "证书类型"),
                "choice",
                choices=[(name, one.title) for name, one in PROFILES.items()],
            ),
            Filter(
                "state",
                Text("State", "状态"),
                "choice",
                choices=choices(*State, of="certificate"),
            ),
        ),
        fetch=rows,
        key="serial",
        exportable=False,
    )


def _record_row(one: Record) -> dict[str, Any]:
    return {
        "serial": f"{one.serial:x}",
        "profile": kinds.certificate(one.profile),
        "subject": one.subject,
        "until": one.valid_until,
        "state": f"certificate {one.state}",
        "reason": one.reason.word if one.state is not State.GOOD else None,
        "fingerprint": one.fingerprint,
    }
