"""证书互认: who recognises whom at which level, what would change if a cross certificate went, registers and lists."""

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cardstack.ca.agreement import LEVELS, Agreement, Status
from cardstack.ca.crl import Crl
from cardstack.ca.graph import Edge, Graph
from cardstack.ca.register import Reason, Record, State
from cardstack.ca.whatif import Effect, what_if
from cardstack.errors import CardstackError
from cardstack.text import Text
from cardstack.vault import responding
from cardstack.vault.home import AuthorityHome
from cardstack.vault.network import Network
from server.console import listing, requesting
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import language, moment, operator, scope, services, t
from server.permissions import Pages, Permission

pages = Pages("trust", __name__, url_prefix="/console/trust")

STATUSES: Mapping[Status, Text] = {
    Status.PROPOSED: Text("proposed", "拟议"),
    Status.IN_FORCE: Text("in force", "生效"),
    Status.SUSPENDED: Text("suspended", "中止"),
    Status.ENDED: Text("ended", "终止"),
}
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


def _matrix(graph: Graph) -> dict[str, dict[str, list[str]]]:
    """For each who recognises and each who is recognised: their level and what it counts as."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in sorted(graph.recognitions(moment())):
        same = one.theirs is one.ours
        said = LEVELS[one.theirs].of(language()) + ("" if same else f"→{LEVELS[one.ours].of(language())}")
        found.setdefault(one.by, {}).setdefault(one.of, []).append(said)
    return found


def _chart(graph: Graph, gone: str = "") -> dict[str, Any]:
    nodes = [
        {"name": one.title.of(language()), "symbol": "rect" if not graph.counts.get(one.id) else "circle", "size": 54}
        for one in graph.members.values()
    ]
    named = {one.id: one.title.of(language()) for one in graph.members.values()}
    links = [
        {
            "source": named[edge.issuer],
            "target": named[edge.subject],
            "dashed": not edge.usable(moment()) or edge.fingerprint == gone,
            "gone": edge.revoked or edge.fingerprint == gone,
        }
        for edge in graph.edges
    ]
    return {"shape": "graph", "nodes": nodes, "links": links}


@pages.page("/", needs=Permission.TRUST_READ)
def index() -> ResponseReturnValue:
    """The graph, the matrix, agreements, and each authority with its lists."""
    held = services().network()
    if held is None:
        return render_template("trust/empty.html")
    graph = held.graph(moment())
    return render_template(
        "trust/index.html",
        graph=graph,
        matrix=_matrix(graph),
        chart=_chart(graph),
        edges=[_edge_row(graph, edge) for edge in graph.edges],
        agreements=[_agreement_row(one) for one in held.agreements()],
        homes=[_home_row(home) for home in held.homes.values()],
        statuses=STATUSES,
    )


def _edge_row(graph: Graph, edge: Edge) -> dict[str, Any]:
    return {
        "fingerprint": edge.fingerprint,
        "issuer": graph.members[edge.issuer].title,
        "subject": graph.members[edge.subject].title,
        "mappings": len(edge.mappings),
        "until": edge.valid_until,
        "state": "revoked" if edge.revoked else "valid" if edge.usable(moment()) else "expired",
    }


def _agreement_row(one: Agreement) -> dict[str, Any]:
    return {
        "id": one.id,
        "by": one.by,
        "of": one.of,
        "since": one.since,
        "until": one.until,
        "levels": "，".join(f"{LEVELS[theirs].of(language())}→{LEVELS[ours].of(language())}" for theirs, ours in one.levels),
        "via": one.via or "—",
        "status": STATUSES[one.status(moment().date())],
    }


def _home_row(home: AuthorityHome) -> dict[str, Any]:
    raw = home.crl("full")
    crl = _crl(raw) if raw else None
    return {
        "id": home.id,
        "title": home.declared.title,
        "fingerprint": home.certificate.fingerprint,
        "until": home.certificate.valid_until,
        "issued": sum(1 for _ in home.register),
        "revoked": sum(record.state is State.REVOKED for record in home.register),
        "crl": crl,
        "list": home.trust_list() is not None,
        "responder": not responding.due(responding.delegate(home), moment()),
    }


def _crl(raw: bytes) -> Crl | None:
    try:
        return Crl.parse(raw)
    except CardstackError:
        return None


@pages.page("/edges/<fingerprint>", needs=Permission.TRUST_READ)
def edge(fingerprint: str) -> ResponseReturnValue:
    """One cross certificate, and what its revocation would do."""
    held = network()
    graph = held.graph(moment())
    found = _found(graph, fingerprint)
    return render_template(
        "trust/edge.html",
        edge=found,
        row=_edge_row(graph, found),
        effects=[_effect_row(graph, one) for one in _effects(graph, found)],
        chart=_chart(graph, found.fingerprint),
        certificate=held.home(found.issuer).issued(found.serial),
        may_request=operator().may(Permission.TRUST_REQUEST, found.issuer) and not found.revoked,
        reasons=REASONS,
    )


@pages.page("/edges/<fingerprint>/revoke", needs=Permission.TRUST_REQUEST, method="POST", fresh=True)
def revoke(fingerprint: str) -> ResponseReturnValue:
    """Ask for the revocation of a cross certificate; what it would do stands in the request."""
    graph = network().graph(moment())
    found = _found(graph, fingerprint)
    effects = [
        f"{one.by}←{one.of}: -{len(one.lost)} ({one.affected.issuers}/{one.affected.terminals}/{one.affected.nodes})"
        for one in _effects(graph, found)
    ]
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
    home = network().home(authority)
    held = scope()
    if held is not None and authority not in held:
        abort(404)
    return listing.show(_register(home), authority=home)


def _found(graph: Graph, fingerprint: str) -> Edge:
    found = next((one for one in graph.edges if one.fingerprint == fingerprint), None)
    return found or abort(404)


def _effects(graph: Graph, edge: Edge) -> tuple[Effect, ...]:
    return what_if(graph, graph.without(edge), moment())


def _effect_row(graph: Graph, one: Effect) -> dict[str, Any]:
    lost = [f"{LEVELS[each.theirs].of(language())}→{LEVELS[each.ours].of(language())}" for each in one.lost]
    return {
        "by": graph.members[one.by].title,
        "of": graph.members[one.of].title,
        "lost": "，".join(lost),
        "affected": one.affected,
    }


def _register(home: AuthorityHome) -> Listing:
    def rows(query: Query) -> Slice:
        found = [
            record
            for record in sorted(home.register, key=lambda one: one.fingerprint)
            if query.where.get("state") in {None, record.state.value} and query.where.get("word", "") in record.subject
        ]
        return listing.part_of(found, query, key=lambda one: one.fingerprint, row=_record_row)

    return Listing(
        name="register",
        title=home.declared.title,
        columns=(
            Column("serial", Text("Serial", "序列号"), "id"),
            Column("profile", Text("Profile", "证书类型"), "id"),
            Column("subject", Text("Subject", "主体"), "wide"),
            Column("until", Text("Until", "到期"), "moment"),
            Column("state", Text("State", "状态"), "state"),
            Column("reason", Text("Reason", "吊销原因")),
            Column("fingerprint", Text("Fingerprint", "指纹"), "id", shown=False),
        ),
        filters=(
            Filter("word", Text("Subject", "主体")),
            Filter(
                "state",
                Text("State", "状态"),
                "choice",
                choices=[
                    (State.GOOD.value, Text("valid", "有效")),
                    (State.SUSPENDED.value, Text("suspended", "已挂起")),
                    (State.REVOKED.value, Text("revoked", "已吊销")),
                ],
            ),
        ),
        fetch=rows,
        key="serial",
        exportable=False,
    )


def _record_row(one: Record) -> dict[str, Any]:
    return {
        "serial": f"{one.serial:x}",
        "profile": one.profile,
        "subject": one.subject,
        "until": one.valid_until,
        "state": {"good": "valid"}.get(one.state.value, one.state.value),
        "reason": one.reason.word if one.state is not State.GOOD else None,
        "fingerprint": one.fingerprint,
    }
