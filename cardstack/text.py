"""Words for people, Chinese and English side by side."""

import re
from typing import Literal, NamedTuple, TypeAlias

Language: TypeAlias = Literal["zh", "en"]


class Text(NamedTuple):
    """One thing said in both languages.

    >>> Text("card", "卡").of("zh")
    '卡'
    >>> print(Text("holder", "持卡人"))
    持卡人 holder
    """

    en: str
    zh: str

    def of(self, language: Language) -> str:
        """The words in one language."""
        return self.zh if language == "zh" else self.en

    def format(self, **facts: object) -> "Text":
        """Both languages with `{names}` filled in."""
        return Text(self.en.format(**facts), self.zh.format(**facts))

    def __str__(self) -> str:
        return f"{self.zh} {self.en}"


def language_of(tag: str) -> Language:
    """The language that a locale name or an Accept-Language header (RFC 9110 §12.5.4) asks for; Chinese where it says nothing.

    >>> language_of("zh_CN.UTF-8"), language_of("en-GB,zh;q=0.5"), language_of("")
    ('zh', 'en', 'zh')
    >>> language_of("en;q=0, zh"), language_of("fr, en;q=0.8"), language_of("zh;q=0.1, en;q=0.9")
    ('zh', 'en', 'en')
    """
    best: tuple[float, Language] = (0.0, "zh")
    for one in tag.lower().split(","):
        name, _, weight = one.strip().partition(";")
        asked = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", weight, re.ASCII) if weight else None
        quality = float(asked[1]) if asked else float(not weight)
        if name[:2] in ("zh", "en") and quality > best[0]:
            best = (quality, "en" if name.startswith("en") else "zh")
    return best[1]
