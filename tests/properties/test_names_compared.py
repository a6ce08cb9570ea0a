"""Names of every form beside constraints of every form, whatever they hold: a verdict, the same for a host in either case."""

from hypothesis import assume, given
from hypothesis import strategies as st

from cardstack.ca import der
from cardstack.ca.constraints import broken
from cardstack.ca.extensions import Subtrees
from cardstack.ca.matching import (
    conforms,
    form_of,
    is_expected,
    subtree_conforms,
    subtree_well_formed,
    touches,
    well_formed,
    within,
)
from cardstack.ca.names import DIRECTORY, DNS, OTHER, GeneralName, Name, general
from cardstack.errors import Malformed
from tests.pki_kit import Party, oid

TEXTS = st.text(alphabet='ab.*@_-":/\\[]%1 é', max_size=14)
HOSTS = st.lists(st.sampled_from(["a", "b", "example"]), min_size=1, max_size=4).map(".".join)
KINDS = st.sampled_from(["1.3.6.1.4.1.311.20.2.3", "1.3.6.1.5.5.7.8.7", "1.3.6.1.5.5.7.8.9", "1.2.3"])
LEAF = Party("Root").certify(Party("leaf"), names=["a.example"])


@st.composite
def names(draw: st.DrawFn) -> GeneralName:
    """A general name as it is read from a certificate: any form, any content, well spelt more often than not."""
    form = draw(st.integers(0, 8))
    text = draw(st.one_of(HOSTS, HOSTS.map("li@{}".format), HOSTS.map("https://{}/".format), HOSTS.map("*.{}".format), TEXTS))
    if form == OTHER and draw(st.booleans()):
        value = der.wrap(0xA0, der.wrap(draw(st.sampled_from([0x0C, 0x16])), text.encode()))
        content = oid(draw(KINDS)) + value
    elif form == DIRECTORY:
        return GeneralName(form, draw(st.sampled_from([LEAF.subject, LEAF.issuer, Name.typed("C=CN")])))
    else:
        content = draw(st.one_of(st.just(text.encode()), st.binary(max_size=34)))
    raw = der.wrap(0x80 | form | (0x20 if form in (0, 3, 5) else 0), content)
    try:
        return general(raw, der.item(raw, 0, len(raw)))
    except Malformed:
        assume(False)
        raise


@given(names(), names())
def test_any_two_names_are_compared(name: GeneralName, base: GeneralName) -> None:
    """Nothing escapes, and nothing lies in a subtree without being touched by it."""
    assert {type(well_formed(name)), type(conforms(name)), type(subtree_well_formed(base)), type(subtree_conforms(base))} == {
        bool
    }
    assert isinstance(is_expected(name, base), bool)
    if form_of(name) == form_of(base):
        assert touches(name, base) or not within(name, base)
    assert broken(LEAF, (Subtrees((base,), (name,)),)) is None or base.form in (DNS, DIRECTORY) or name.form in (DNS, DIRECTORY)


@given(HOSTS, HOSTS)
def test_hosts_have_no_case(host: str, base: str) -> None:
    """Neither in the name nor in the constraint; and what is below the base is what ends in its labels."""
    name = GeneralName(DNS, host)
    expected = host.split(".")[-len(base.split(".")) :] == base.split(".")
    for one, other in ((host, base), (host.upper(), base), (host, base.upper())):
        assert within(GeneralName(DNS, one), GeneralName(DNS, other)) == expected
    assert within(name, GeneralName(DNS, "." + base)) == (expected and host != base)
