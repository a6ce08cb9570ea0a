"""Values of the card as plain text: what is written as text reads back as the same value."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.card.plain import from_text, to_text
from cardstack.codec import An, Binary, Cn, Codec, Day, Digits, Hex, Moment, Number
from tests.bodies import values

CODECS: tuple[Codec, ...] = (An(8), An(3, "ascii"), Cn(3), Hex(4), Digits(4), Number(2), Binary(5), Day(), Moment())


@pytest.mark.parametrize("codec", CODECS, ids=str)
def test_text_and_back(codec: Codec) -> None:
    """from_text(to_text(value)) is the value."""

    @settings(max_examples=25, deadline=None)
    @given(values(codec))
    def survives(value: Any) -> None:
        assert from_text(codec, to_text(codec, value)) == value

    survives()


@pytest.mark.parametrize("codec", CODECS, ids=str)
def test_any_text_is_a_value_or_a_value_error(codec: Codec) -> None:
    """A form field may hold anything; what the codec then refuses is a ValueError too."""

    @settings(max_examples=25, deadline=None)
    @given(st.text(max_size=20))
    def holds(text: str) -> None:
        try:
            raw = codec.encode(from_text(codec, text))
        except ValueError:
            return
        assert len(raw) == codec.size

    holds()
