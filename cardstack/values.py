"""Checked values that every room shares: a value that exists is good."""

from dataclasses import dataclass
from datetime import date
from typing import NewType

from cardstack.errors import Malformed
from cardstack.text import Text

Fen = NewType("Fen", int)
"""Money in whole fen (分), the only form in which it travels."""
_CITIZEN_NUMBER, _CARD_NUMBER = Text("citizen number", "公民身份号码"), Text("card number", "社会保障卡卡号")
_BIRTH = Text("citizen number: date of birth", "公民身份号码：出生日期")


def yuan(amount: Fen) -> str:
    """An amount for people, in yuan with two decimals.

    >>> yuan(Fen(1234560)), yuan(Fen(-5))
    ('12,345.60', '-0.05')
    """
    sign, whole = ("-", -amount) if amount < 0 else ("", amount)
    return f"{sign}{whole // 100:,}.{whole % 100:02d}"


def _checked_text(text: str, length: int, body: int, what: Text) -> str:
    """Stripped and upper case, with its length and a body of ASCII letters and digits.

    `isascii` is not decoration: full-width digits, which input methods produce, count as decimal.
    """
    text = text.strip().upper()
    if len(text) != length or not text.isascii() or not text[:body].isalnum():
        said = Text(f"{what.en}: {length} characters, got {len(text)}", f"{what.zh}：应为 {length} 个字符，实为 {len(text)} 个")
        raise Malformed(said, field=what.en)
    return text


@dataclass(frozen=True, slots=True)
class CitizenNumber:
    """An 18-character citizen number (GB 11643-1999), check character by ISO 7064 MOD 11-2.

    A region that is not in today's table is no error: people keep the number of an abolished county.

    >>> str(CitizenNumber("11010519491231002x"))
    '11010519491231002X'
    >>> CitizenNumber("110105194912310021")
    Traceback (most recent call last):
    cardstack.errors.Malformed: citizen number: check character is not the computed one
    """

    text: str

    def __post_init__(self) -> None:
        text = _checked_text(self.text, 18, 17, _CITIZEN_NUMBER)
        if not text[:17].isdigit():
            said = Text("citizen number: 17 digits and a check character", "公民身份号码：应为 17 位数字加校验码")
            raise Malformed(said, field=_CITIZEN_NUMBER.en)
        if text[17] != self.check_character(text[:17]):
            raise _wrong_check(_CITIZEN_NUMBER)
        _day(text[6:14], _BIRTH)
        object.__setattr__(self, "text", text)

    @staticmethod
    def check_character(digits: str) -> str:
        """The 18th character for the 17 before it."""
        total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(digits))
        return "10X98765432"[total % 11]

    @property
    def region(self) -> str:
        """The county of first registration, six digits (GB/T 2260)."""
        return self.text[:6]

    @property
    def born(self) -> date:
        return _day(self.text[6:14], _BIRTH)

    @property
    def sex(self) -> str:
        """1 male, 2 female (GB/T 2261.1)."""
        return "1" if int(self.text[16]) % 2 else "2"

    @property
    def masked(self) -> str:
        """The form for pages and traces.

        >>> CitizenNumber("11010519491231002X").masked
        '1101**********002X'
        """
        return mask_number(self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"CitizenNumber({self.masked!r})"


@dataclass(frozen=True, slots=True)
class CardNumber:
    """The card number printed on a social security card: eight characters and a check (GB 11714).

    >>> str(CardNumber("d2143569x"))
    'D2143569X'
    >>> CardNumber("D21435691")
    Traceback (most recent call last):
    cardstack.errors.Malformed: card number: check character is not the computed one
    """

    text: str

    def __post_init__(self) -> None:
        text = _checked_text(self.text, 9, 8, _CARD_NUMBER)
        if text[8] != self.check_character(text[:8]):
            raise _wrong_check(_CARD_NUMBER)
        object.__setattr__(self, "text", text)

    @staticmethod
    def check_character(body: str) -> str:
        """The ninth character: 11 less the weighted sum modulo 11; 10 is written X and 11 is 0 (V2.0 annex A)."""
        total = sum(int(character, 36) * weight for character, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
        return "0123456789X0"[11 - total % 11]

    def __str__(self) -> str:
        return self.text


def mask_number(number: str) -> str:
    """All but the first and last four characters hidden.

    >>> mask_number("D2143569X")
    'D214*569X'
    >>> mask_number("12345678")
    '********'
    """
    hidden = len(number) - 8
    return number[:4] + "*" * hidden + number[-4:] if hidden > 0 else "*" * len(number)


def mask_name(name: str) -> str:
    """The first and last character of a name, or the first of a name of two.

    >>> mask_name("张小三"), mask_name("李四"), mask_name("")
    ('张*三', '李*', '')
    """
    if len(name) <= 2:
        return name[:1] + "*" * (len(name) - 1)
    return name[0] + "*" * (len(name) - 2) + name[-1]


def _wrong_check(what: Text) -> Malformed:
    return Malformed(Text(f"{what.en}: check character is not the computed one", f"{what.zh}：校验码不正确"), field=what.en)


def _day(digits: str, what: Text) -> date:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError as error:
        raise Malformed(Text(f"{what.en} is not a day of the calendar", f"{what.zh}不存在"), field=what.en) from error
