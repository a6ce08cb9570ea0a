"""Whatever bytes come in at the authority's doors: an answer or an error on purpose; and what is written is read back."""

import json
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network

from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.ca import agreed, audit, ceremony, csr, der, encoding, fields, responder, trustlist
from cardstack.ca.names import Name
from cardstack.ca.responder import Answer
from cardstack.errors import CardstackError, Malformed

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_answered_or_refused_on_purpose(raw: bytes) -> None:
    """Requests, status requests, lists, transcripts, logs, tables."""
    text = raw.decode("latin-1")
    doors = (
        lambda: csr.Request.parse(raw),
        lambda: responder.request(raw),
        lambda: trustlist.accept(raw, anchors=[], at=AT),
        lambda: ceremony.verify(text),
        lambda: audit.verify([text]),
        lambda: agreed.load(text),
    )
    for door in doors:
        try:
            door()
        except CardstackError:
            continue
    assert responder.answer(raw, [], at=AT, valid_for=timedelta(1)) in {
        responder.failure(status) for status in (Answer.MALFORMED_REQUEST, Answer.UNAUTHORIZED)
    }


WORDS = ["signed", "services", "pivots", "officers", "id"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["signed", "services", "pivots", "officers", "id"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(json_values)
def test_any_json_is_no_list_and_no_log(value: object) -> None:
    """Structures of the wrong shape are Malformed or Untrusted, never a surprise."""
    text = json.dumps(value)
    for door in (
        lambda: trustlist.accept(text.encode(), anchors=[], at=AT),
        lambda: audit.verify([text]),
        lambda: ceremony.verify(text),
    ):
        try:
            door()
        except CardstackError:
            continue


@settings(deadline=None)
@given(st.integers(-(1 << 200), 1 << 200))
def test_an_integer_is_read_back(number: int) -> None:
    """Minimal two's complement."""
    raw = encoding.integer(number)
    assert der.integer(raw, der.whole(raw, der.INTEGER, "x"), "x") == number


@settings(deadline=None)
@given(st.lists(st.integers(0, 1 << 70), max_size=8), st.integers(0, 2), st.integers(0, 39))
def test_an_object_identifier_is_read_back(arcs: list[int], first: int, second: int) -> None:
    """Arcs of any size; too long ones are Malformed on both sides."""
    dotted = ".".join(map(str, (first, second, *arcs)))
    raw = encoding.oid(dotted)
    try:
        assert der.oid(raw, der.whole(raw, der.OID, "x")) == dotted
    except Malformed:
        assert len(raw) > 60


@settings(deadline=None)
@given(st.sets(st.integers(0, 20)))
def test_named_bits_are_read_back(chosen: set[int]) -> None:
    """Without trailing zeros."""
    raw = encoding.flags(chosen)
    assert der.flags(raw, der.whole(raw, der.BITS, "x"), "x") == chosen


@settings(deadline=None)
@given(st.datetimes(datetime(1950, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001  # the bounds get the zone
def test_a_moment_is_read_back(moment: datetime) -> None:
    """In whole seconds, on both sides of 2050."""
    raw = encoding.time(moment)
    assert der.moment(raw, der.item(raw, 0, len(raw)), "x") == moment.replace(microsecond=0)


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)


@settings(deadline=None)
@given(words, words)
def test_a_name_is_read_back_and_lies_below_its_base(organisation: str, common: str) -> None:
    """Whatever people are called."""
    base = encoding.name(C="CN", O=organisation)
    below = Name.parse(encoding.below(base, CN=common))
    assert below == Name.parse(encoding.name(C="CN", O=organisation, CN=common))
    assert below.within(Name.parse(base))


@settings(deadline=None)
@given(st.ip_addresses(v=4) | st.ip_addresses(v=6), st.integers(0, 32))
def test_a_network_has_address_and_mask(address: object, prefix: int) -> None:
    """Four or sixteen bytes of each."""
    network: IPv4Network | IPv6Network = ip_network(f"{address}/{prefix}", strict=False)
    raw = fields.address(str(network), network=True)
    assert der.value(raw, der.item(raw, 0, len(raw))) == network.network_address.packed + network.netmask.packed
