"""What the pages about mutual recognition show, as rows: edges, the matrix, agreements, authorities, lists, what ends soon."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import url_for

from cardstack.ca import trustlist
from cardstack.ca.agreement import CHINA, LEVELS, Agreement, Level, Status
from cardstack.ca.crl import Crl
from cardstack.ca.cross import Move
from cardstack.ca.graph import Edge, Graph
from cardstack.ca.names import Name
from cardstack.ca.register import State
from cardstack.ca.whatif import Effect
from cardstack.errors import CardstackError
from cardstack.text import Text
from cardstack.vault import responding
from cardstack.vault.foreign import Foreign
from cardstack.vault.home import AuthorityHome
from cardstack.vault.network import Network
from server.console.services import language, moment, t
from server.permissions import Scope

STATUSES: Mapping[Status, Text] = {
    Status.PROPOSED: Text("proposed", "拟议"),
    Status.IN_FORCE: Text("in force", "生效"),
    Status.SUSPENDED: Text("suspended", "中止"),
    Status.ENDED: Text("ended", "终止"),
}
KINDS: Mapping[str, Text] = {
    "issuer": Text("card issuer", "发卡机构"),
    "terminal": Text("terminal", "终端"),
    "node": Text("node", "节点"),
}
SOON = timedelta(days=60)
SOON_SHOWN = 30
OF_PERSONS = frozenset({"card", "citizen-signature", "citizen-encryption"})
"""Profiles that persons renew with their cards; they are no operator's list of things to do."""


def _rising(pair: tuple[Level, Level]) -> int:
    return list(Level).index(pair[0])


def said_levels(levels: Iterable[tuple[Level, Level]]) -> str:
    """Their levels, rising, and what each counts as where that is another."""
    said = [
        LEVELS[theirs].of(language()) + ("" if theirs is ours else f"→{LEVELS[ours].of(language())}")
        for theirs, ours in sorted(levels, key=_rising)
    ]
    return t(", ", "、").join(said)


def matrix(graph: Graph, at: datetime) -> dict[str, dict[str, list[str]]]:
    """For each who recognises and each who is recognised: their level and what it counts as."""
    found: dict[str, dict[str, list[tuple[Level, Level]]]] = {}
    for one in graph.recognitions(at):
        found.setdefault(one.by, {}).setdefault(one.of, []).append((one.theirs, one.ours))
    return {
        by: {of: [said_levels([pair]) for pair in sorted(pairs, key=_rising)] for of, pairs in row.items()}
        for by, row in found.items()
    }


def bridges(held: Network) -> frozenset[str]:
    """Members that pass recognition on and rely on nobody themselves."""
    return frozenset(id_ for id_, home in held.homes.items() if home.declared.profile == "bridge")


def relying(held: Network, effects: Iterable[Effect]) -> tuple[Effect, ...]:
    """Those of relying parties."""
    passing = bridges(held)
    return tuple(one for one in effects if one.by not in passing)


def chart(held: Network, graph: Graph, at: datetime, asked: Iterable[str] = ()) -> dict[str, Any]:
    """The drawing; edges that are asked about, or count no more, are dashed. A click opens what is clicked."""
    passing = bridges(held)
    named = {one.id: one.title.of(language()) for one in graph.members.values()}
    nodes = [
        {
            "name": named[id_],
            "symbol": "diamond" if id_ in passing else "circle",
            "size": 54,
            "href": url_for("trust.register", authority=id_) if id_ in held.homes else None,
        }
        for id_ in graph.members
    ]
    questioned = frozenset(asked)
    links = [
        {
            "source": named[edge.issuer],
            "target": named[edge.subject],
            "dashed": not edge.usable(at) or edge.fingerprint in questioned,
            "gone": edge.revoked or edge.fingerprint in questioned,
            "href": url_for("trust.edge", fingerprint=edge.fingerprint),
        }
        for edge in graph.edges
    ]
    return {"shape": "graph", "nodes": nodes, "links": links}


def edge_row(graph: Graph, edge: Edge) -> dict[str, Any]:
    """One cross certificate."""
    return {
        "fingerprint": edge.fingerprint,
        "issuer": graph.members[edge.issuer].title,
        "subject": graph.members[edge.subject].title,
        "mappings": len(edge.mappings),
        "until": edge.valid_until,
        "state": "revoked" if edge.revoked else "valid" if edge.usable(moment()) else "expired",
    }


def agreement_row(one: Agreement) -> dict[str, Any]:
    """One agreement, as it stands today."""
    day = moment().astimezone(CHINA).date()
    return {
        "id": one.id,
        "by": one.by,
        "of": one.of,
        "since": one.since,
        "until": one.until,
        "form": {"by": one.by, "of": one.of, "via": one.via or "", "until": str(one.until), "path_length": one.path_length}
        | {f"level_{theirs}": ours.value for theirs, ours in one.levels}
        | {"purposes": " ".join(one.purposes), "excluded": "\n".join(Name.parse(name).text for name in one.excluded)},
        "open": one.status(day) is not Status.ENDED and day <= one.until,
        "levels": said_levels(one.levels),
        "via": one.via or "—",
        "purposes": "，".join(one.purposes) or "—",
        "status": STATUSES[one.status(day)] if day <= one.until else Text("run out", "已期满"),
        "state": "valid" if one.in_force(moment()) else "expired",
        "history": one.history,
    }


def effect_row(held: Network, graph: Graph, one: Effect, scope: Scope) -> dict[str, Any]:
    """Who would no longer recognise whom; names of holders for those alone who may see that province."""
    named = one.who if scope is None or one.of in scope else ()
    return {
        "by": graph.members[one.by].title,
        "of": graph.members[one.of].title,
        "of_id": one.of if one.of in held.homes else None,
        "lost": said_levels((each.theirs, each.ours) for each in one.lost),
        "affected": one.affected,
        "who": [(KINDS[each.kind], each.subject) for each in named],
        "more": sum(one.affected) - len(one.who),
    }


def home_row(home: AuthorityHome) -> dict[str, Any]:
    """One authority with what it publishes, and whether that is fresh."""
    at = moment()
    delegate = responding.delegate(home)
    counts = home.register.count()
    return {
        "id": home.id,
        "title": home.declared.title,
        "fingerprint": home.certificate.fingerprint,
        "until": home.certificate.valid_until,
        "issued": len(home.register),
        "held": counts[State.SUSPENDED],
        "revoked": counts[State.REVOKED],
        "full": _crl_row(home.crl("full"), at),
        "delta": _crl_row(home.crl("delta"), at) if home.delta else None,
        "ocsp": None if delegate is None else {"until": delegate.valid_until, "state": _ends(delegate.valid_until, at)},
        "list": _list_row(home.trust_list(), at),
    }


def stranger_row(one: Foreign) -> dict[str, Any]:
    """A province whose keys are elsewhere, with the CRL of theirs that is kept."""
    crl = one.crl
    return {
        "id": one.id,
        "title": one.declared.title,
        "fingerprint": one.certificate.fingerprint,
        "until": one.certificate.valid_until,
        "full": None if crl is None else _crl_row(crl.raw, moment()),
        "places": one.declared.crl,
    }


def _ends(end: datetime, at: datetime) -> str:
    return "stale" if end < at else "warning" if end < at + timedelta(days=7) else "ok"


def _crl_row(raw: bytes | None, at: datetime) -> dict[str, Any] | None:
    if raw is None:
        return None
    try:
        crl = Crl.parse(raw)
    except CardstackError:
        return {"number": None, "next": None, "state": "failed"}
    fresh = crl.next_update is not None and crl.this_update <= at < crl.next_update
    return {"number": crl.number, "next": crl.next_update, "state": "ok" if fresh else "stale"}


def _list_row(raw: bytes | None, at: datetime) -> dict[str, Any] | None:
    if raw is None:
        return None
    try:
        one = trustlist.read(raw)
    except CardstackError:
        return {"sequence": None, "next": None, "anchors": 0, "state": "failed", "error": None}
    error = trustlist.readiness(one, at)
    state = "stale" if error is not None else _ends(one.next_update, at)
    return {"sequence": one.sequence, "next": one.next_update, "anchors": len(one.anchors), "state": state, "error": error}


def ending(homes: Iterable[AuthorityHome], scope: Scope) -> tuple[list[dict[str, Any]], int]:
    """Certificates in use that end within sixty days, soonest first, and how many there are; persons' are not among them."""
    at = moment()
    found = [
        {"authority": home.id, "profile": one.profile, "subject": one.subject, "until": one.valid_until}
        for home in homes
        if scope is None or home.id in scope
        for one in home.register.of(*home.register.profiles - OF_PERSONS)
        if one.state is State.GOOD and at <= one.valid_until <= at + SOON
    ]
    found += [
        {"authority": home.id, "profile": home.declared.profile, "subject": one.subject.text, "until": one.valid_until}
        for home in homes
        for one in home.chain[:1]
        if at <= one.valid_until <= at + SOON
    ]
    return sorted(found, key=lambda one: str(one["until"]))[:SOON_SHOWN], len(found)


MOVES: Mapping[str, Text] = {
    Move.ISSUE: Text("issue", "签发"),
    Move.REPLACE: Text("replace", "替换"),
    Move.REVOKE: Text("revoke", "吊销"),
}


def plan_rows(plan: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The lines of a plan, as a request keeps them."""
    return [
        {
            "words": MOVES[one["move"]],
            "issuer": one["issuer"],
            "subject": one["subject"],
            "why": Text(**one["why"]),
            "mappings": [f"{pair['issuer']} ← {pair['subject']}" for pair in (one["certificate"] or {}).get("mappings", ())],
            "until": (one["certificate"] or {}).get("until"),
            "replaces": one["replaces"],
        }
        for one in plan
    ]


def kept_effects(effects: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Effects, as a request keeps them."""
    return [
        {
            "by": one["by"],
            "of": one["of"],
            "gained": said_levels((Level(pair["theirs"]), Level(pair["ours"])) for pair in one["gained"]),
            "lost": said_levels((Level(pair["theirs"]), Level(pair["ours"])) for pair in one["lost"]),
            "counts": " / ".join(str(number) for number in one["affected"].values()) if one["lost"] or one["who"] else "—",
        }
        for one in effects
        if isinstance(one, Mapping)
    ]
