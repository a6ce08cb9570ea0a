"""The registry of profiles: every kind of card that is declared, by name.

A profile is a specification and generation, with a province's extensions and the habits its clients depend on.
Which habits a province's cards really have is known from clients alone; each variant says which.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points

from cardstack.card.profile import MF, Data, Length, Profile, Style
from cardstack.card.profiles import (
    annex,
    cities,
    employment,
    first,
    insurance,
    medical,
    pki,
    public,
    purses,
    social,
    talent,
    transit,
)
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Refused, problem
from cardstack.text import Text

UNKNOWN = problem(
    "CS-1203",
    Text("There is no profile {profile}", "没有规范 {profile}"),
    Text(
        "Name one of those listed; `cardstack emulator profiles` says what each is.",
        "请从所列规范中选择；各规范说明见 `cardstack emulator profiles`。",
    ),
)
DIRECT = Style(select=Data.DIRECT)
"""T=1 and contactless: everything at once."""
STRICT = Style(answer=Data.FETCHED)
"""T=0 to the letter: every answer with data to a command with data is fetched."""
TOLERANT = Style(select=Data.DIRECT, short_le=Length.WHOLE)
"""Gives the whole record whatever Le says, as the stacks of some readers make it look."""

SECOND_DFS = (public.DF01, employment.DF02, insurance.DF03, medical.DF04, annex.DF05, annex.DF06, talent.DF07)
FIRST_DFS = (first.DF01, first.DF02, first.DF03, first.DF04)
TRANSIT = (transit.TUNION, transit.PPSE)
BANK = (purses.BANK, purses.PSE)

FIRST = Profile(
    "1.00",
    Text("first generation", "第一代社会保障卡"),
    "1.00",
    (MF, social.SSSE_1, *FIRST_DFS),
)
SECOND = Profile(
    "2.00",
    Text("second generation", "第二代社会保障卡"),
    "2.00",
    (MF, social.SSSE, *SECOND_DFS, *TRANSIT, *BANK),
)
THIRD_DFS = tuple(replace(one, keys=tuple(replace(key, algorithm=Block.SM4) for key in one.keys)) for one in SECOND_DFS)
THIRD = Profile(
    "3.00",
    Text("third generation, SM4", "第三代社会保障卡（SM4）"),
    "3.00",
    (MF, social.SSSE_3, *THIRD_DFS, *TRANSIT, *BANK, pki.PKI_ENVIRONMENT, pki.PKI),
    algorithm=Block.SM4,
    contactless=True,
    historical=bytes.fromhex("00814E4323"),
)
THIRD_DES = THIRD.variant(
    "3.00-3des",
    Text("third generation, 3DES", "第三代社会保障卡（3DES）"),
    applications=(MF, social.SSSE_3_DES, *SECOND_DFS, *TRANSIT, *BANK, pki.PKI_ENVIRONMENT, pki.PKI),
    algorithm=Block.TRIPLE_DES,
)

SHANGHAI = (purses.CITY_UNION_SHANGHAI, purses.TUNION_SHANGHAI)

VARIANTS = (
    FIRST.variant(
        "1.00-shanghai-mf",
        Text("Shanghai's oldest cards: EF05 in the master file, no SSSE", "上海早期卡：EF05 位于主文件，无 SSSE"),
        applications=(social.SSSE_MF, *(replace(one, parent="SSSE") for one in FIRST_DFS)),
        root="SSSE",
    ),
    SECOND.variant(
        "2.00-direct",
        Text("second generation, answers at once (T=1)", "第二代社会保障卡，直接返回数据（T=1）"),
        style=DIRECT,
    ),
    SECOND.variant(
        "2.00-shanghai",
        Text("Shanghai, second generation: 611E to SELECT, CityUnion purse", "上海第二代卡：SELECT 返回 611E，含公交卡应用"),
        applications=SECOND.with_application(*SHANGHAI),
    ),
    SECOND.variant(
        "2.00-jiangsu",
        Text("Jiangsu, second generation, with EF0D", "江苏第二代卡（含 EF0D）"),
        applications=SECOND.with_application(social.SSSE_JIANGSU),
        style=STRICT,
    ),
    SECOND.variant(
        "2.00-zhejiang",
        Text("Zhejiang, second generation: whole records whatever Le says", "浙江第二代卡：不论 Le 均返回整条记录"),
        style=TOLERANT,
    ),
    SECOND.variant("2.00-anhui", Text("Anhui, second generation", "安徽第二代卡")),
    SECOND.variant("2.01", Text("second generation, revision 2.01", "第二代社会保障卡 2.01 版"), version="2.01"),
    THIRD.variant(
        "3.00-shanghai",
        Text("Shanghai, third generation, with the CityUnion purse", "上海第三代卡（含公交卡应用）"),
        applications=THIRD.with_application(*SHANGHAI),
    ),
    THIRD.variant(
        "3.00-jiangsu",
        Text("Jiangsu, third generation, with EF0D", "江苏第三代卡（含 EF0D）"),
        applications=THIRD.with_application(social.SSSE_JIANGSU_3),
    ),
    THIRD.variant(
        "3.00-zhejiang",
        Text("Zhejiang, third generation: whole records whatever Le says", "浙江第三代卡：不论 Le 均返回整条记录"),
        style=TOLERANT,
    ),
    THIRD.variant("3.00-anhui", Text("Anhui, third generation", "安徽第三代卡")),
    THIRD.variant(
        "3.00-contactless",
        Text("third generation through its antenna", "第三代社会保障卡（非接触）"),
        style=DIRECT,
    ),
    THIRD_DES,
)

TRANSIT_CARDS = (
    Profile(
        "t-union",
        Text("T-Union transit card", "交通联合卡"),
        "",
        (MF, *TRANSIT, purses.PSE),
        style=DIRECT,
        implicit="T-UNION",
        contactless=True,
    ),
    Profile(
        "t-union-rail",
        Text("T-Union transit card whose bus record is laid out like the rail record", "交通联合卡（公交记录同轨道布局）"),
        "",
        (MF, transit.TUNION_LIKE_RAIL, transit.PPSE),
        style=DIRECT,
        implicit="T-UNION",
        contactless=True,
        based_on="t-union",
    ),
    Profile(
        "city-union-shanghai",
        Text("Shanghai transit card: CityUnion and T-Union", "上海公共交通卡（城市一卡通与交通联合）"),
        "",
        (MF, *SHANGHAI, transit.PPSE, purses.PSE),
        style=DIRECT,
        implicit="CITY-UNION",
        contactless=True,
    ),
    Profile(
        "ep-ed",
        Text("PBOC purse and deposit", "PBOC 电子钱包与电子存折卡"),
        "",
        (MF, purses.EP_ED, purses.PSE),
        style=DIRECT,
    ),
    Profile(
        "city-card",
        Text("city card without SELECT", "城市通卡（无需选择应用）"),
        "",
        (purses.CITY_CARD,),
        style=DIRECT,
        root="CITY-CARD",
    ),
    Profile("etc", Text("motorway stored-value card", "高速公路储值卡"), "", (purses.ETC_PURSE,), style=DIRECT, root="ETC"),
)

PROFILES: Mapping[str, Profile] = {one.name: one for one in (FIRST, SECOND, THIRD, *VARIANTS, *TRANSIT_CARDS, *cities.CARDS)}


GROUP = "cardstack.profiles"
"""The entry-point group in which an installed package offers profiles: each names a `Profile`."""


@cache
def outside() -> Mapping[str, Profile]:
    """The profiles that installed packages offer, by name; one that is declared here already is not replaced."""
    offered = (entry.load() for entry in entry_points(group=GROUP))
    return {one.name: one for one in offered if isinstance(one, Profile) and one.name not in PROFILES}


def profile(name: str) -> Profile:
    """The profile with a name, declared here or offered by an installed package, or `Refused`.

    >>> profile("3.00").application("SSSE").file(0xEF06).read.allows(frozenset())
    False
    """
    found = PROFILES.get(name) or outside().get(name)
    if found is None:
        raise Refused(", ".join((*PROFILES, *outside())), UNKNOWN, profile=name)
    return found


__all__ = ["PROFILES", "Style", "outside", "profile"]
