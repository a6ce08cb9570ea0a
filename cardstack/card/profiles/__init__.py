"""The registry of profiles: every kind of card that is declared, by name."""

from collections.abc import Mapping

from cardstack.card.profile import NOT_DECLARED, Application, Profile, Style
from cardstack.card.profiles import medical, social, transit
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Refused
from cardstack.text import Text

MF = Application("MF", Text("master file", "主文件"), "ISO/IEC 7816-4 §7.2", fid=0x3F00)

SECOND = Profile(
    "2.00",
    Text("second generation", "第二代社会保障卡"),
    "2.00",
    (MF, social.SSSE, medical.DF04, transit.TUNION, transit.PPSE),
)
THIRD = Profile(
    "3.00",
    Text("third generation", "第三代社会保障卡"),
    "3.00",
    (MF, social.SSSE_3, medical.DF04_3, transit.TUNION, transit.PPSE),
    algorithm=Block.SM4,
    contactless=True,
    historical=bytes.fromhex("00814E4323"),
)

PROFILES: Mapping[str, Profile] = {one.name: one for one in (SECOND, THIRD)}


def profile(name: str) -> Profile:
    """The profile with a name, or `Refused`.

    >>> profile("3.00").application("SSSE").file(0xEF06).read.allows(frozenset())
    False
    """
    if name not in PROFILES:
        raise Refused(f"known are {', '.join(PROFILES)}", NOT_DECLARED, profile=name, what="cards")
    return PROFILES[name]


__all__ = ["PROFILES", "Style", "profile"]
