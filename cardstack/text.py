"""Words for people, Chinese and English side by side."""

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
    """The language that a locale name or an Accept-Language header asks for first; Chinese where it says nothing.

    >>> language_of("zh_CN.UTF-8"), language_of("en-GB,zh;q=0.5"), language_of("")
    ('zh', 'en', 'zh')
    """
    return "en" if tag.strip().lower().startswith("en") else "zh"
