"""Go's cases of name constraints (golang/go, src/crypto/x509/name_constraints_test.go), no name asked for.

Left out: names of a form that X.509 does not have (tag 9), which are malformed here, and purposes, which Go asks for by itself.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any

from tests.suites.kit import ANY_USE, CLIENT, EMAIL, SERVER, Made, Row, Situation, ca, issue, leaf, line, root, shape

NOT, OUT = "name-not-permitted", "name-excluded"
_numbers = count(1)


def go(rule: str | None, names: Sequence[str | bytes] | str, root_: Any = None, middle: Any = None, **more: Any) -> Row:
    """A leaf with these names below constraints; `rule` is broken, None where none is."""
    san = [names] if isinstance(names, str) else names
    number = next(_numbers)
    chain = (
        root(san=None, **_sides(root_)),
        ca(san=None, **_sides(middle)),
        leaf(san=san or None, usage=None, name="leaf", **more),
    )
    return line(f"go::constraints {number}: {', '.join(map(str, san))}", rule is None, *chain, names=[], rule=rule)


def _sides(text: Any) -> dict[str, list[str]]:
    """Constraints as `+permitted -excluded`, separated by blanks."""
    words = (text or "").split()
    sides = {"permitted": [one[1:] for one in words if one[0] == "+"], "excluded": [one[1:] for one in words if one[0] == "-"]}
    return {side: bases for side, bases in sides.items() if bases}


def several(rule: str | None, name: str, roots: Sequence[str], *levels: Sequence[str]) -> Row:
    """Several roots of one name and key, and several certificates of each authority; any way through will do."""

    def make() -> Situation:
        tops = [issue(root(san=None, **_sides(one)), None) for one in roots]
        pool: list[Made] = []
        above = tops[-1]
        for depth, constraints in enumerate(levels):
            made = [issue(ca(name=f"level {depth}", san=None, **_sides(one)), above) for one in constraints]
            pool += made
            above = made[-1]
        return Situation(issue(leaf(san=[name], name="leaf"), above), tops, pool)

    return shape(f"go::several {next(_numbers)}: {name}", rule is None, make, names=[], rule=rule)


_COM, _FOO = "+example.com", "+foo.com"
FOO = "foo.example.com"

HOSTS: tuple[Row, ...] = (
    go(None, "example.com"),
    go(None, "example.com", _COM),
    go(None, "example.com", None, _COM),
    go(NOT, "example.com", "+.example.com"),
    go(None, FOO, None, "+.example.com"),
    go(None, "foo.bar.example.com", "+.example.com"),
    go(None, "IP:10.1.1.1", "+.example.com"),
    go(None, "example.com", "+IP:10.0.0.0/8"),
    go(None, "example.com", _COM, "+example.com +foo.com"),
    go(NOT, "foo.com", _COM, "+foo.example.com +foo.com"),
    go(None, "foo.bar.example.com", "+.example.com", "+.bar.example.com"),
    go(NOT, "foo.notbar.example.com", "+.example.com", "+.bar.example.com"),
    go(None, "foo.com", "-.example.com"),
    go(OUT, FOO, "-.example.com"),
    go(None, "foo.com", None, "-.example.com"),
    go(OUT, FOO, None, "-.example.com"),
    go(None, ["foo.com", "IP:10.1.1.1"], "-.example.com"),
    go(None, [], "+foo.com +.foo.com"),
    go(None, "example.com", "+EXAMPLE.com"),
    go(OUT, "*.example.com", "-foo.example.com"),
    go(None, "*.com", "-foo.example.com"),
    go(OUT, "*.foo.example.com", "-foo.example.com"),
    go(OUT, "*.bar.foo.example.com", "-foo.example.com"),
    go(NOT, "*.example.com", "+foo.example.com"),
    go(NOT, "*.com", "+foo.example.com"),
    go(None, "*.foo.example.com", "+foo.example.com"),
    go(None, "*.bar.foo.example.com", "+foo.example.com"),
    go(None, "*.example.com", "+.example.com"),
    go(NOT, "*.bar.example.com", "+foo.example.com"),
    go(None, "*.bar.example.com", "-foo.example.com"),
    go(OUT, "*.EXAMPLE.COM", "-sub.example.com"),
    go(OUT, "*.example.com", "-SUB.EXAMPLE.COM"),
    go(NOT, "*.example.com", "+a.com +foo.example.com +z.com"),
    go(NOT, ".example.com", _COM),
    go(NOT, "testexample.com", _COM),
    go(None, "testexample.com", "-example.com"),
    go(None, "example.com", "+"),
    go(OUT, "example.com", "-"),
    go(NOT, "test.com", "+", _COM),
    go(OUT, "test.com", "-", "-example.com"),
    go(OUT, "test.com", "-example.com", "-"),
)

ADDRESSES: tuple[Row, ...] = (
    go(None, "IP:192.168.1.1", "-IP:10.0.0.0/8"),
    go(OUT, "IP:10.0.0.1", "-IP:10.0.0.0/8"),
    go(OUT, "IP:11.0.0.1", "-IP:0.0.0.0/1", "-IP:11.0.0.0/8"),
    go(None, "IP:2000:abcd:1234::", "+IP:2000:abcd::/32"),
    go(NOT, "IP:2000:1234:abcd::", "+IP:2000:abcd::/32"),
    go(None, ["IP:2000:abcd::", "foo.com"], "+IP:2000:abcd::/32"),
    go(None, "IP:2000:1234::", "-IP:2000:abcd::/32"),
    go(OUT, "IP:2000:abcd::", "-IP:2000:abcd::/32"),
    go(NOT, "IP:10.0.0.1", "+IP:2000:abcd::/32"),
    go(NOT, "IP:2000:abcd::", "+IP:10.0.0.0/8"),
    go(None, "IP:1.2.3.4", "+IP:1.2.3.0/24 -IP:::/0"),
)

MAIL: tuple[Row, ...] = (
    go(None, "email:foo@example.com", "+email:foo@example.com"),
    go(NOT, "email:bar@example.com", "+email:foo@example.com"),
    go(None, r'email:"\f\o\o"@example.com', "+email:foo@example.com"),
    go(None, "email:foo@example.com", "+email:example.com"),
    go(None, "email:foo@sub.example.com", "+email:.example.com"),
    go(NOT, "email:foo@example.com", "+email:.example.com"),
    go(None, "email:foo@sub.sub.example.com", "+email:.example.com"),
    go(NOT, "email:Foo@example.com", "+email:foo@example.com"),
    go(None, "email:foo@example.com", "+email:foo@EXAMPLE.com"),
    go(OUT, "email:a@example.com", "-email:a@example.com -email:a@test.com"),
    go(None, "email:a@ExAmple.com", "+email:a@example.com"),
    go(None, "email:foo@example.com", "+email:"),
    go(OUT, "email:foo@example.com", "-email:"),
)

URIS: tuple[Row, ...] = (
    go(
        None,
        [f"URI:{one}" for one in ("http://example.com/bar", "http://example.com:8080/", "https://example.com/w#b")],
        "+URI:example.com",
    ),
    go(NOT, "URI:http://1.2.3.4/", "+URI:example.com"),
    go(NOT, "URI:http://1.2.3.4:43/", "+URI:example.com"),
    go(NOT, "URI:http://[2006:abcd::1]/", "+URI:example.com"),
    go(NOT, "URI:http://[2006:abcd::1%25.example.com]:16/", "+URI:example.com"),
    go(NOT, "URI:http://bar.com/", "+URI:example.com"),
    go(OUT, "URI:http://foo.com/", "-URI:foo.com"),
    go(OUT, "URI:http://1.2.3.4/", "-URI:foo.com"),
    go(None, "URI:http://www.foo.com/", "+URI:.foo.com"),
    go(NOT, "URI:urn:example", "+URI:example.com"),
    go(None, "URI:https://example.com/test", "+URI:"),
    go(OUT, "URI:https://example.com/test", "-URI:"),
)

WAYS: tuple[Row, ...] = (
    several(None, FOO, [""], ["+.foo.com", "+.example.com"]),
    several(None, FOO, [""], ["+.example.com", "+.foo.com"]),
    several(None, "example.com", ["", _FOO], [""]),
    several(None, "example.com", [_FOO, ""], [""]),
    several(None, "bar.com", [_FOO, _COM, ""], ["", _FOO], ["", _FOO]),
    several(NOT, "bar.com", [_FOO, _COM], ["", _FOO], ["+bar.com", _FOO]),
)


def uses(valid: bool, last: Sequence[str], *, top: Sequence[str] = (), middle: Sequence[str] = (), asked: str = SERVER) -> Row:
    """Purposes of the root, the authority and the leaf, and the one that is asked for."""
    lists = [{"eku": tuple(one)} if one else {} for one in (top, middle)]
    chain = (root(san=None, **lists[0]), ca(san=None, **lists[1]), leaf(eku=tuple(last) or None))
    return line(f"go::uses {next(_numbers)}", valid, *chain, names=[], purpose=asked, rule=None if valid else "purpose")


OTHER, GATED = "2.4.1.2.3", "1.3.6.1.4.1.311.10.3.3"
USES: tuple[Row, ...] = (
    uses(True, [SERVER, OTHER]),
    uses(True, [SERVER, OTHER], middle=[ANY_USE]),
    uses(False, [SERVER], middle=[EMAIL]),
    uses(True, [SERVER], top=[SERVER], middle=[SERVER, EMAIL]),
    uses(False, [SERVER], top=[EMAIL], middle=[SERVER]),
    uses(False, [SERVER, CLIENT], middle=[GATED]),
    uses(False, [SERVER], asked=CLIENT),
    uses(False, [GATED]),
    uses(True, [EMAIL, SERVER], middle=[SERVER]),
)

ROWS = HOSTS + ADDRESSES + MAIL + URIS + WAYS + USES
