"""x509-limbo's pathological::*, cve:: and invalid:: cases (limbo/testcases): graphs that trap builders of paths."""

from datetime import UTC, datetime

from cardstack.ca import encoding as der
from cardstack.ca import fields
from tests.suites.kit import Made, Row, Situation, ca, identifier, issue, key, leaf, root, shape, spki

NO_KEY = bytes.fromhex("3012300d06092a864886f70d0101010500030100")
"""A public key of RSA without any bits."""


def self_made(name: str, issuer: str) -> Made:
    """An authority certified by another one of which only the name and the key are needed."""
    above = Made(b"", key("P-256", issuer), der.name(CN=issuer), 0, identifier(key("P-256", issuer)))
    return issue(ca(name=name, whose=name, san=None), above)


def chain_of_pain() -> Situation:
    """A root that an older root had certified once; that certificate has expired."""
    old, new = issue(root(name="older"), None), issue(root(name="newer"), None)
    expired = issue(ca(name="newer", secret=new.secret, length=1, end=datetime(1988, 11, 25, tzinfo=UTC)), old)
    return Situation(issue(leaf(), new), [new, old], [expired])


def cycle() -> Situation:
    """Two authorities certify each other, and nobody trusted certifies either."""
    one, two = self_made("cycle one", "cycle two"), self_made("cycle two", "cycle one")
    return Situation(issue(leaf(), one), [issue(root(), None)], [one, two])


def cycle_of_keys() -> Situation:
    """One authority with two keys, each of which certifies the other."""
    name, keys = der.name(CN="cycle"), (key("P-256", "first"), key("P-256", "second"))
    pair = []
    for mine, theirs in (keys, keys[::-1]):
        above = Made(b"", theirs, name, 0, identifier(theirs))
        pair.append(issue(ca(name="cycle", secret=mine, usage=None, san=None), above))
    return Situation(issue(leaf(), pair[0]), [issue(root(), None)], pair)


def same_subject(count: int, *, same_key: bool) -> Situation:
    """Many certificates of one authority, by itself, with one key or with many; none leads to the root."""
    name = der.name(CN="one of many")
    keys = [key("P-256", f"one of many {0 if same_key else number}") for number in range(count)]
    pool = []
    for number, mine in enumerate(keys):
        theirs = keys[(number + 1) % count]
        above = Made(b"", theirs, name, 0, identifier(theirs))
        pool.append(issue(ca(name="one of many", secret=mine, san=None), above))
    return Situation(issue(leaf(), pool[0]), [issue(root(), None)], pool)


def mesh(count: int) -> Situation:
    """Every authority certifies every other one, and nobody trusted certifies any."""
    names = [f"mesh {number}" for number in range(count)]
    pool = [self_made(one, other) for one in names for other in names if one != other]
    return Situation(issue(leaf(), pool[0]), [issue(root(), None)], pool)


def many_names(count: int, all_of_them: str) -> Situation:
    """A root with so many constraints of each kind, and a server with so many names."""
    permitted = [*(f"t{number}.test" for number in range(count)), all_of_them]
    excluded = [f"x{number}.test" for number in range(count)]
    top = issue(root(permitted=permitted, excluded=excluded, san=None), None)
    san = [f"t{number}.test" for number in range(count)]
    return Situation(issue(leaf(subject=der.sequence(), san=san, san_critical=True), top), [top])


def cross_signed_trio() -> Situation:
    """CVE-2024-0567: three roots certify one another; one of them is trusted and certifies the server's authority."""
    trusted = issue(root(name="A", whose="A"), None)
    pool = [self_made(one, other) for one in "ABC" for other in "ABC" if one != other]
    lower = [self_made(f"{one}1", one) for one in "ABC"]
    end = issue(leaf(subject=der.sequence(), san=("cve-2024-0567.example.com",), san_critical=True), lower[0])
    return Situation(end, [trusted], [*pool, *lower])


def broken_issuer_key() -> Situation:
    """An authority below a root of the same name has a key that no one can read."""
    first, second = issue(root(whose="one"), None), issue(root(whose="two"), None)
    middle = issue(ca(), second)
    raw = middle.raw.replace(spki(middle.secret), NO_KEY)
    return Situation(issue(leaf(), middle), [first], [Made(raw, middle.secret, middle.subject, 0, middle.ski)])


def quantum(title: str, valid: bool, kind: str, *, usage: tuple[int, ...] = (0,), other: bool = False) -> Row:
    """RFC 9881: a root and a server with ML-DSA keys; `other` has the server signed by another key in the root's name."""

    def make() -> Situation:
        top = issue(root(secret=kind), None)
        by = issue(root(secret=kind, whose="impostor"), None) if other else top
        aki = fields.authority_key(top.ski).value
        return Situation(issue(leaf(secret=kind, usage=usage, aki=aki), by), [top])

    return shape(f"rfc9881::{title}", valid, make)


PATHOLOGICAL: tuple[Row, ...] = (
    shape("pathological::multiple-chains-expired-intermediate", True, chain_of_pain),
    shape("pathological::intermediate-cycle-distinct-cas", False, cycle),
    shape("pathological::intermediate-cycle-distinct-cas-max-depth", False, cycle, max_depth=255),
    shape("pathological::intermediate-cycle-same-logical-ca", False, cycle_of_keys),
    shape("pathological::pathological-chain-same-subject", False, lambda: same_subject(48, same_key=False)),
    shape("pathological::pathological-chain-same-subject-same-key", False, lambda: same_subject(48, same_key=True)),
    shape("pathological::mesh", False, lambda: mesh(7)),
    shape("pathological::nc-dos-1", False, lambda: many_names(513, ".test"), names=["t0.test"]),
    shape("pathological::nc-dos-2", False, lambda: many_names(1025, "test"), names=["t0.test"], rule="budget-exhausted"),
    shape("cve::cve-2024-0567", True, cross_signed_trio, names=["cve-2024-0567.example.com"]),
    shape("invalid::invalid-issuer-key", False, broken_issuer_key),
)

QUANTUM: tuple[Row, ...] = (
    quantum("ml-dsa-44", True, "ML-DSA-44"),
    quantum("ml-dsa-65", True, "ML-DSA-65"),
    quantum("ml-dsa-87", True, "ML-DSA-87"),
    quantum("ml-dsa-44-bad-signature", False, "ML-DSA-44", other=True),
    quantum("ml-dsa-44-key-encipherment", False, "ML-DSA-44", usage=(0, 2)),
    quantum("ml-dsa-44-key-agreement", False, "ML-DSA-44", usage=(0, 4)),
)

ROWS = PATHOLOGICAL + QUANTUM
