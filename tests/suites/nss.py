"""NSS's scenarios of policies, mappings and bridges (Mozilla NSS, tests/chains/scenarios), in a notation of our own.

A line names a certificate, its issuer and its policies: `CA2 < CA1: any -0` has anyPolicy and inhibits it at once, `1>2`
maps policy 1 to policy 2. A question names the certificate, the anchor, the policy that has to hold and whether it does.
"""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

from cardstack.ca import fields
from cardstack.ca.extensions import ANY_POLICY
from cardstack.ca.fields import Extension
from tests.suites.kit import Made, Row, Situation, ca, issue, leaf, root, shape

World = dict[str, Made]


def _oid(word: str) -> str:
    return ANY_POLICY if word == "any" else f"1.2.156.99.{word}"


def _extensions(words: Sequence[str]) -> list[Extension]:
    """The extensions that policies, `1>2` and `-0` make."""
    found = []
    policies = [_oid(one) for one in words if one == "any" or one.isdigit()]
    pairs = [one.split(">") for one in words if ">" in one]
    if policies:
        found.append(fields.policies(policies))
    if pairs:
        found.append(fields.policy_mappings([(_oid(ours), _oid(theirs)) for ours, theirs in pairs]))
    found += [fields.inhibit_any_policy(int(one[1:])) for one in words if one[0] == "-"]
    return found


@lru_cache(maxsize=1)
def world(lines: str) -> World:
    """The certificates by `NAME` for roots and `NAME:ISSUER` for others; an authority has one key, whoever certifies it."""
    made: World = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        name, _, rest = line.partition(" < ")
        issuer, _, policies = rest.partition(":")
        if not issuer:
            made[name] = issue(root(name=name, whose=name, san=None), None)
            continue
        above = next(one for key, one in made.items() if key.split(":")[0] == issuer)
        spec = leaf(san=None) if name.startswith(("User", "EE")) else ca(san=None)
        more: dict[str, Any] = {"name": name, "whose": name, "extra": _extensions(policies.split())}
        made[f"{name}:{issuer}"] = issue(type(spec)(**{**spec.__dict__, **more}), above)
    return made


def asks(title: str, lines: str, *questions: str) -> tuple[Row, ...]:
    """A row for each question: `CERTIFICATE ANCHOR POLICY yes|no`, `*` for no policy; then the pool, or everything."""

    def situation(certificate: str, anchor: str, pool: Sequence[str]) -> Situation:
        made = world(lines)
        last = next(one for key, one in made.items() if key.split(":")[0] == certificate)
        at_hand = [made[one] for one in pool] if pool else list(made.values())
        return Situation(last, [made[anchor]], at_hand)

    rows = []
    for question in questions:
        certificate, anchor, policy, verdict, *pool = question.split()
        asked: dict[str, Any] = {"names": []}
        if policy != "*":
            asked |= {"policies": [_oid(policy)], "explicit_policy": True}
        make = partial(situation, certificate, anchor, pool)
        rows.append(shape(f"nss::{title}: {question}", verdict == "yes", make, **asked))
    return tuple(rows)


MAPPING = asks(
    "mapping",
    """
    Root
    CA1 < Root: 1 1>2
    CA2 < CA1: 2
    User < CA2: 2
    """,
    "User Root 1 yes",
    "User Root 2 no",
    "User CA1:Root 1 no",
    "User CA1:Root 2 yes",
    "User CA2:CA1 1 no",
    "User CA2:CA1 2 yes",
)
MAPPING_2 = asks(
    "mapping2",
    """
    Root
    CA1 < Root: 1
    CA2 < CA1: 1 1>2
    CA3 < CA2: 2
    User < CA3: 2
    """,
    "User Root 1 yes",
    "User Root 2 no",
    "User CA1:Root 1 yes",
    "User CA1:Root 2 no",
    "User CA2:CA1 1 no",
    "User CA2:CA1 2 yes",
)
ANY = asks(
    "anypolicy",
    """
    RootCA
    CA1 < RootCA: any
    CA2 < CA1: 1 -0
    CA3 < CA1: 1
    User1 < CA2: 1
    User2 < CA2: any
    User3 < CA3: any
    """,
    "User1 RootCA 1 yes",
    "User1 RootCA 2 no",
    "User2 RootCA 1 no",
    "User2 RootCA 2 no",
    "User3 RootCA 1 yes",
    "User3 RootCA 2 no",
)
ANY_WITH_LEVEL = asks(
    "anypolicywithlevel",
    """
    RootCA
    CA1 < RootCA: any -1
    CA12 < CA1: any
    CA13 < CA12: 1
    EE1 < CA13: 1
    CA22 < CA1: any
    CA23 < CA22: any
    EE2 < CA23: 1
    CA32 < CA1: any -1
    CA33 < CA32: any
    EE3 < CA33: 1
    CA42 < CA1: any 1
    CA43 < CA42: any 1
    EE4 < CA43: 1
    CA52 < CA1: any 1
    CA53 < CA52: any
    EE5 < CA53: 1
    CA61 < RootCA: any -5
    CA62 < CA61: any
    EE62 < CA62: 1
    CA63 < CA62: any
    EE63 < CA63: 1
    CA64 < CA63: any
    EE64 < CA64: 1
    CA65 < CA64: any
    EE65 < CA65: 1
    CA66 < CA65: any
    EE66 < CA66: 1
    CA67 < CA66: any
    EE67 < CA67: 1
    """,
    *("EE1 RootCA 1 yes", "EE1 RootCA 2 no", "EE1 RootCA any yes"),
    *("EE2 RootCA 1 no", "EE2 RootCA 2 no", "EE2 RootCA any no", "EE2 RootCA * yes"),
    *("EE3 RootCA 1 no", "EE3 RootCA 2 no", "EE3 RootCA any no", "EE3 RootCA * yes"),
    *("EE4 RootCA 1 yes", "EE4 RootCA 2 no", "EE4 RootCA any yes"),
    *("EE5 RootCA 1 no", "EE5 RootCA 2 no", "EE5 RootCA any no", "EE5 RootCA * yes"),
    *(f"EE6{depth} RootCA 1 yes" for depth in range(2, 7)),
    "EE67 RootCA 1 no",
)
EXPLICIT = asks(
    "explicitPolicy",
    """
    Root
    nonEVCA < Root
    EVCA < Root: 1
    otherEVCA < Root: 2
    EEvalid < EVCA: 1
    EEinvalid < nonEVCA: 1
    EEwrong < otherEVCA: 1
    """,
    "EEvalid Root 1 yes",
    "EEinvalid Root 1 no",
    "EEwrong Root 1 no",
)
EXTENSION = asks(
    "extension",
    """
    Root
    CA1 < Root: 1
    CA2 < CA1: 1
    User < CA2: 1
    """,
    "User Root 1 yes",
    "User Root 2 no",
    "User CA1:Root 1 yes",
    "User CA1:Root 2 no",
    "User CA2:CA1 1 yes",
    "User CA2:CA1 2 no",
)
BRIDGE = asks(
    "bridge",
    """
    Army
    Navy
    Bridge < Army
    Bridge < Navy
    User < Bridge
    """,
    "User Navy * yes Bridge:Navy",
    "User Army * yes Bridge:Army",
    "User Army * no Bridge:Navy",
    "User Army * yes",
    "User Navy * yes",
    "User Army * no Bridge:Navy Navy",
    "User Navy * yes Bridge:Navy Navy Army",
    "User Army * yes Bridge:Army Bridge:Navy Navy",
)

_ARMY, _NAVY = "Bridge:CAArmy CAArmy:Army", "Bridge:CANavy CANavy:Navy"
MAPPED_BRIDGE = asks(
    "bridgewithpolicyextensionandmapping",
    """
    Army
    Navy
    CAArmy < Army: 10 11
    CANavy < Navy: 20 21
    Bridge < CAArmy: 10 11 11>21
    Bridge < CANavy: 20 21 21>11
    CA1 < Bridge: 11 21
    CA2 < Bridge: 10 20
    EE1 < CA1: 21
    EE2 < CA2: 20
    """,
    f"EE1 Army 10 no CA1:Bridge {_ARMY}",
    f"EE1 Army 11 yes CA1:Bridge {_ARMY}",
    *(f"EE1 Army {policy} no CA1:Bridge {_ARMY}" for policy in (20, 21)),
    *(f"EE1 Navy {policy} no CA1:Bridge {_NAVY}" for policy in (10, 11, 20, 21)),
    f"EE2 Navy 20 yes CA2:Bridge {_NAVY}",
    *(f"EE2 Navy {policy} no CA2:Bridge {_NAVY}" for policy in (10, 11, 21)),
    *(f"EE2 Army {policy} no CA2:Bridge {_ARMY}" for policy in (10, 11, 20, 21)),
)
_WORLD = """
    {roots}
    Bridge11 < Root1
    Bridge11 < Root2
    Bridge11 < Root3
    Bridge12 < Root4
    Bridge12 < Root5
    Bridge12 < Root6
    Bridge13 < Root7
    Bridge13 < Root8
    Bridge13 < Root9
    Bridge21 < Bridge11
    Bridge21 < Bridge12
    Bridge21 < Bridge13
    CA1 < Bridge21
    EE1 < CA1
""".replace("{roots}", "\n".join(f"Root{number}" for number in range(1, 10)))
MEGA_BRIDGE = asks("megabridge_3_2", _WORLD, *(f"EE1 Root{number} * yes" for number in range(1, 10)))
MEGA_BRIDGE += asks("megabridge_3_2 without a bridge", _WORLD, "EE1 Root1 * no CA1:Bridge21 Bridge21:Bridge12 Bridge11:Root1")

ROWS = MAPPING + MAPPING_2 + ANY + ANY_WITH_LEVEL + EXPLICIT + EXTENSION + BRIDGE + MAPPED_BRIDGE + MEGA_BRIDGE
