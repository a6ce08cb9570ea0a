"""Agreements, the cross certificates that follow from them, and the graph of what is recognised."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cardstack.ca import encoding as der
from cardstack.ca.agreement import Agreement, Event, Level, Status, Step, mutual
from cardstack.ca.cross import Move, differences, implied, plan
from cardstack.ca.graph import Counts, Graph, Holder, as_data
from cardstack.ca.names import Name
from cardstack.ca.whatif import effects_as_data, total, what_if
from cardstack.errors import Malformed, Refused
from tests.unit.ca.provinces import AT, TITLES, World, agreement, policies, world

EVERYBODY = [agreement(by, of) for by in TITLES for of in TITLES if "00" not in (by, of) and by != of]
ONLY_HIGH = ((Level.HIGH, Level.SUBSTANTIAL),)


@pytest.fixture(scope="module")
def provinces() -> World:
    return world()


def graph_of(all_: World, agreements: list[Agreement]) -> Graph:
    issued = [(issuer, one) for (issuer, _), one in all_.cross(agreements).items()]
    counts = {id_: Counts(issuers=2, terminals=100 * int(id_), nodes=3) for id_ in TITLES}
    return Graph.build(all_.members, issued, counts=counts)


def test_four_provinces_need_eight_certificates_through_the_bridge(provinces: World) -> None:
    """Twelve directed agreements, one certificate each way between every province and the bridge."""
    wanted = implied(EVERYBODY, provinces.members, AT)
    assert len(EVERYBODY) == 12
    assert {(one.issuer, one.subject) for one in wanted} == {
        pair for id_ in ("31", "32", "33", "34") for pair in ((id_, "00"), ("00", id_))
    }


def test_a_direct_agreement_is_one_certificate_with_its_matrix(provinces: World) -> None:
    """Their high counts as our substantial, and nothing else is mapped."""
    (one,) = implied([agreement("31", "33", via=None, levels=ONLY_HIGH)], provinces.members, AT)
    assert one.mappings == ((policies("31")[Level.SUBSTANTIAL], policies("33")[Level.HIGH]),)
    made = provinces.certify(one)
    assert made.mappings == one.mappings
    assert differences(one, made, AT) == ()


@pytest.mark.parametrize(
    ("history", "day", "status"),
    [
        ((), date(2026, 6, 1), Status.PROPOSED),
        (((date(2026, 1, 1), Step.SIGN),), date(2025, 12, 31), Status.PROPOSED),
        (((date(2026, 1, 1), Step.SIGN),), date(2026, 1, 1), Status.IN_FORCE),
        (((date(2026, 1, 1), Step.SIGN), (date(2026, 5, 1), Step.SUSPEND)), date(2026, 6, 1), Status.SUSPENDED),
        (
            ((date(2026, 1, 1), Step.SIGN), (date(2026, 5, 1), Step.SUSPEND), (date(2026, 6, 1), Step.RESUME)),
            date(2026, 6, 1),
            Status.IN_FORCE,
        ),
        (((date(2026, 1, 1), Step.SIGN), (date(2026, 5, 1), Step.END)), date(2026, 6, 1), Status.ENDED),
    ],
)
def test_an_agreement_stands_where_its_history_says(history: tuple[tuple[date, Step], ...], day: date, status: Status) -> None:
    """The last line on or before the day decides."""
    events = tuple(Event(since, step, "invented") for since, step in history)
    assert replace(agreement("31", "33"), history=events).status(day) is status


def test_only_agreements_in_force_imply_certificates(provinces: World) -> None:
    """Proposed, ended, not yet begun and run out ones do not."""
    good = agreement("31", "33", via=None)
    others = [
        replace(good, history=()),
        good.after(Event(date(2026, 5, 1), Step.END, "invented")),
        replace(good, since=date(2027, 1, 1)),
        replace(good, until=date(2026, 3, 1)),
    ]
    assert implied(others, provinces.members, AT) == ()
    assert len(implied([*others, good], provinces.members, AT)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"of": "31"},
        {"via": "33"},
        {"until": date(2025, 1, 1)},
        {"levels": ()},
        {"levels": ((Level.HIGH, Level.HIGH), (Level.HIGH, Level.BASIC))},
        {"path_length": -1},
        {"history": (Event(date(2026, 2, 1), Step.SIGN, "x"), Event(date(2026, 1, 1), Step.END, "x"))},
    ],
)
def test_an_agreement_that_contradicts_itself_is_malformed(change: dict[str, object]) -> None:
    """CS-2210 says which entry is wrong."""
    with pytest.raises(Malformed) as caught:
        replace(agreement("31", "33"), **change)  # type: ignore[arg-type]  # one field of any type
    assert caught.value.code == "CS-2210"


def test_a_step_out_of_order_is_refused() -> None:
    """What is ended is not resumed."""
    with pytest.raises(Refused):
        agreement("31", "33").after(Event(date(2026, 5, 1), Step.RESUME, "invented"))


def test_the_mirror_never_raises_a_level() -> None:
    """Substantial that counts as basic does not become basic that counts as substantial."""
    matrix = ((Level.SUBSTANTIAL, Level.BASIC), (Level.HIGH, Level.BASIC))
    _, mirror = mutual(agreement("31", "33", levels=matrix))
    assert (mirror.by, mirror.of, mirror.levels) == ("33", "31", ((Level.BASIC, Level.BASIC),))


def test_a_bridge_that_cannot_tell_agreements_apart_is_refused(provinces: World) -> None:
    """Two matrices of one province through one bridge would each recognise more than agreed."""
    with pytest.raises(Refused) as caught:
        implied([agreement("31", "33"), agreement("31", "34", levels=ONLY_HIGH)], provinces.members, AT)
    assert caught.value.code == "CS-2211"
    assert implied([agreement("31", "33"), agreement("31", "34", via=None, levels=ONLY_HIGH)], provinces.members, AT)


def test_a_member_without_names_or_policies_is_refused(provinces: World) -> None:
    """What cannot be constrained is not certified."""
    for broken in (
        {**provinces.members, "33": replace(provinces.members["33"], namespace=())},
        {**provinces.members, "00": replace(provinces.members["00"], policies={})},
        {id_: member for id_, member in provinces.members.items() if id_ != "33"},
    ):
        with pytest.raises(Refused) as caught:
            implied([agreement("31", "33")], broken, AT)
        assert caught.value.code == "CS-2212"


def test_the_plan_is_the_difference(provinces: World) -> None:
    """Nothing issued: issue; all issued: nothing; matrix changed: replace; agreement ended: revoke; near its end: replace."""
    one = agreement("31", "33", via=None)
    wanted = implied([one], provinces.members, AT)
    issued = [("31", provinces.certify(wanted[0]))]

    def moves(*agreements: Agreement, at: object = None) -> list[Move]:
        moment = AT if at is None else AT + timedelta(days=365 * 4 + 300)
        return [change.move for change in plan(implied(agreements, provinces.members, moment), issued, provinces.members, moment)]

    assert [change.move for change in plan(wanted, [], provinces.members, AT)] == [Move.ISSUE]
    assert moves(one) == []
    assert moves(replace(one, levels=ONLY_HIGH)) == [Move.REPLACE]
    assert moves(replace(one, excluded=(der.name(C="CN", ST="浙江省", L="测试市"),))) == [Move.REPLACE]
    assert moves(replace(one, purposes=("card",))) == [Move.REPLACE]
    assert moves(replace(one, path_length=0)) == [Move.REPLACE]
    assert moves(replace(one, until=date(2027, 1, 1))) == [Move.REPLACE]
    assert moves(one.after(Event(date(2026, 5, 1), Step.END, "x"))) == [Move.REVOKE]
    assert moves(replace(one, until=date(2040, 1, 1)), at="later") == [Move.REPLACE]


def test_everybody_recognises_everybody_at_the_agreed_level(provinces: World) -> None:
    """Twelve pairs at three levels, each as itself."""
    graph = graph_of(provinces, EVERYBODY)
    pairs = {(one.by, one.of) for one in graph.recognitions(AT) if one.theirs == one.ours and "00" not in (one.by, one.of)}
    assert pairs == {(one.by, one.of) for one in EVERYBODY}
    assert all(one.theirs == one.ours for one in graph.recognitions(AT))


def test_recognition_does_not_run_further_than_agreed(provinces: World) -> None:
    """31 recognises 33 and 33 recognises 34: 31 does not recognise 34, for its names are not permitted."""
    graph = graph_of(provinces, [agreement("31", "33", via=None), agreement("33", "34", via=None)])
    assert {(one.by, one.of) for one in graph.recognitions(AT)} == {("31", "33"), ("33", "34")}


def test_what_if_an_edge_is_revoked(provinces: World) -> None:
    """Without the bridge's certificate for 33, three provinces lose it, with its terminals counted."""
    graph = graph_of(provinces, EVERYBODY)
    effects = what_if(graph, graph.without(graph.edge("00-33")), AT)
    lost = {(one.by, one.of) for one in effects if one.by != "00"}
    assert lost == {("31", "33"), ("32", "33"), ("34", "33")}
    assert effects[0].affected.terminals == 3300
    assert effects_as_data(effects)[0]["affected"]["terminals"] == 3300
    assert what_if(graph, graph, AT) == ()
    with pytest.raises(Refused):
        graph.edge("none")


def test_what_if_an_edge_is_constrained_or_runs_out(provinces: World) -> None:
    """Fewer policies, excluded names, a later day: each loses what it should."""
    graph = graph_of(provinces, EVERYBODY)
    edge = graph.edge("31-00")
    less = what_if(graph, graph.constrained(edge, only=(policies("31")[Level.BASIC],)), AT)
    assert {lost.theirs for one in less if one.of == "33" for lost in one.lost} == {Level.SUBSTANTIAL, Level.HIGH}
    excluded = what_if(graph, graph.constrained(edge, excluded=[Name.parse(der.name(C="CN", ST="浙江省"))]), AT)
    assert {(one.by, one.of) for one in excluded} == {("31", "33")}
    expired = what_if(graph, graph, AT, later=AT + timedelta(days=365 * 6))
    assert {(one.by, one.of) for one in expired} >= {(one.by, one.of) for one in EVERYBODY}


def test_a_constraint_takes_single_holders(provinces: World) -> None:
    """An excluded hospital takes its terminals; a level that is passed on no more takes those who have it; others stay."""
    issued = [(issuer, one) for (issuer, _), one in provinces.cross(EVERYBODY).items()]
    place, high, basic = "ST=浙江省,C=CN", frozenset({Level.HIGH}), frozenset({Level.BASIC})
    held = (
        Holder("issuer", f"CN=CA,O=人社厅,{place}"),
        Holder("terminal", f"CN=001,O=某医院,{place}", high),
        Holder("terminal", f"CN=002,O=另一医院,{place}", high),
        Holder("node", f"CN=node,O=某医院,{place}", basic),
    )
    graph = Graph.build(provinces.members, issued, holders={"33": held})
    edge = graph.edge("31-00")
    (one,) = what_if(graph, graph.constrained(edge, excluded=[Name.parse(der.name(C="CN", ST="浙江省", O="某医院"))]), AT)
    assert (one.by, one.of, one.lost, one.affected) == ("31", "33", (), Counts(0, 1, 1))
    assert [who.subject for who in one.who] == [held[1].subject, held[3].subject]
    less = [one for one in what_if(graph, graph.limited(edge, [Level.HIGH]), AT) if one.of == "33"]
    assert [(one.affected, {lost.theirs for lost in one.lost}) for one in less] == [
        (Counts(1, 0, 1), {Level.BASIC, Level.SUBSTANTIAL})
    ]
    gone = what_if(graph, graph.expired(graph.edge("00-33"), at=AT), AT)
    assert gone == what_if(graph, graph.without(graph.edge("00-33")), AT)
    assert total(gone) == Counts(4, 8, 4)


def test_the_graph_is_data(provinces: World) -> None:
    """Members with counts, edges with mappings and state, recognitions."""
    data = as_data(graph_of(provinces, EVERYBODY), AT)
    assert len(data["members"]) == 5
    assert len(data["edges"]) == 8
    assert {edge["state"] for edge in data["edges"]} == {"valid"}


def test_a_large_bridge_is_computed_without_explosion() -> None:
    """32 provinces through one bridge: 992 directed pairs."""
    titles = {f"{number:02d}": f"测试省{number}" for number in range(1, 33)} | {"00": "桥"}
    all_ = world(titles=titles)
    matrix = ((Level.HIGH, Level.HIGH),)
    everybody = [agreement(by, of, levels=matrix) for by in titles for of in titles if "00" not in (by, of) and by != of]
    graph = Graph.build(all_.members, [(issuer, one) for (issuer, _), one in all_.cross(everybody).items()])
    assert len([one for one in graph.recognitions(AT) if "00" not in (one.by, one.of)]) == 32 * 31
