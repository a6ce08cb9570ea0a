"""Random PKIs: authorities that certify the next ones under random constraints, a leaf, CRLs, and what is asked."""

from typing import Any

from hypothesis import strategies as st

from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.extensions import ANY_POLICY
from cardstack.ca.trust import Revocation, Settings
from tests.oracles.question import Question
from tests.pki_kit import NOW, Party

POLICIES = ("1.2.1", "1.2.2", "1.2.3")
HOSTS = ("a.example", "x.a.example", "b.example", "example")
MAILS = ("li@a.example", "li@b.example")
FORMS = (*HOSTS, "IP:10.1.2.3", "IP:10.2.0.1", *(f"email:{mail}" for mail in MAILS), "URI:https://x.a.example/y")
SUBTREES = (
    *HOSTS,
    "IP:10.1.0.0/16",
    "IP:10.0.0.0/8",
    "DN:Unit 1",
    "DN:Unit 2",
    "email:a.example",
    "email:.example",
    "URI:.a.example",
)
few = st.one_of(st.none(), st.none(), st.none(), st.integers(0, 2))
validity = st.sampled_from([(-30, 365)] * 12 + [(-30, -1), (1, 30)])


def some(values: tuple[str, ...], most: int = 2) -> st.SearchStrategy[list[str]]:
    """Nothing more often than not, else a few of them."""
    return st.one_of(st.just([]), st.lists(st.sampled_from(values), unique=True, max_size=most))


def held() -> st.SearchStrategy[list[str]]:
    """Policies as they stand in certificates."""
    return st.one_of(
        st.just([ANY_POLICY]),
        st.just(["1.2.1"]),
        st.lists(st.sampled_from((*POLICIES, ANY_POLICY)), unique=True, max_size=3),
    )


authority: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "ca": st.sampled_from([True] * 15 + [False]),
        "path_length": few,
        "policies": held(),
        "mappings": st.one_of(st.just([]), st.lists(st.tuples(*[st.sampled_from(POLICIES)] * 2), unique=True, max_size=2)),
        "permitted": some(SUBTREES),
        "excluded": some(SUBTREES),
        "require_explicit": few,
        "inhibit_mapping": few,
        "inhibit_any": few,
        "days": validity,
    }
)
leaf: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({"policies": held(), "names": some(FORMS, 3), "days": validity})
asked = st.builds(
    Settings,
    policies=st.one_of(st.just(frozenset({ANY_POLICY})), st.frozensets(st.sampled_from(POLICIES), min_size=1)),
    explicit_policy=st.booleans(),
    inhibit_mapping=st.sampled_from([False, False, True]),
    inhibit_any=st.sampled_from([False, False, True]),
    revocation=st.sampled_from([Revocation.OFF, Revocation.REQUIRE]),
)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """A question about a leaf below one to three authorities, of which some have several certificates."""
    parties = [Party(f"Authority {number}", f"Unit {number}") for number in range(draw(st.integers(2, 4)))]
    pool: list[Certificate] = []
    for number, party in enumerate(parties[1:], 1):
        for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
            issuer = parties[draw(st.integers(max(0, number - 2), number - 1))]
            pool.append(issuer.certify(party, **draw(authority)))
    if draw(st.sampled_from([False, False, True])):
        # The last authority renews its certificate for itself, with its own key.
        pool.append(parties[-1].certify(parties[-1], **draw(authority)))
    certificate = parties[-1].certify(Party("leaf", draw(st.sampled_from(["Unit 1", "Unit 2"]))), **draw(leaf))
    crls = [crl for party in parties for crl in _crls(draw, party, (*pool, certificate))]
    return Question(certificate, [parties[0].root()], pool, crls, NOW, draw(asked))


def _crls(draw: st.DrawFn, party: Party, issued: tuple[Certificate, ...]) -> list[Crl]:
    kind: Any = draw(st.sampled_from(["clear"] * 10 + ["none", "old", "lists"]))
    if kind == "none":
        return []
    mine = [one for one in issued if one.issuer == party.root().subject] if kind == "lists" else []
    return [party.crl(*mine[-1:], days=(-9, -1) if kind == "old" else (-1, 7))]
