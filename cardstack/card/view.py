"""Decoded files as data and as rows for people; what is personal is masked unless asked for."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from cardstack.card.layout import Item, Nested, items
from cardstack.card.plain import masked, meaning, to_text
from cardstack.text import Text


class Row(NamedTuple):
    """One line of a card's content for people."""

    tag: str
    name: Text
    value: str
    meaning: str


def as_data(content: Any, *, unmasked: bool = False) -> Any:
    """Content as JSON: a body is an object of texts, a cyclic file a list of them.

    >>> from cardstack.card.profiles.social import Holder
    >>> as_data(Holder(number="11010519491231002X", name="张三", sex="2"))["name"]
    '张*'
    """
    if isinstance(content, tuple):
        return [as_data(one, unmasked=unmasked) for one in content]
    return {name: _data(item, getattr(content, name), unmasked=unmasked) for name, item in items(type(content)).items()}


def _data(item: Item, value: Any, *, unmasked: bool) -> Any:
    if item.times > 1:
        return [_one(item, one, unmasked=unmasked) for one in value]
    return _one(item, value, unmasked=unmasked)


def _one(item: Item, value: Any, *, unmasked: bool) -> Any:
    if isinstance(item.codec, Nested):
        return as_data(value, unmasked=unmasked)
    text = to_text(item.codec, value)
    return masked(text) if item.personal and not unmasked else text


def rows(content: Any, *, unmasked: bool = False) -> Iterator[Row]:
    """Content as lines of a table: tag, name, value, and what a code means."""
    if isinstance(content, tuple):
        for one in content:
            yield from rows(one, unmasked=unmasked)
        return
    for name, item in items(type(content)).items():
        held = getattr(content, name)
        for value in held if item.times > 1 else (held,):
            yield from _rows(item, value, unmasked=unmasked)


def _rows(item: Item, value: Any, *, unmasked: bool) -> Iterator[Row]:
    tag = "" if item.tag is None else f"{item.tag:02X}"
    if isinstance(item.codec, Nested):
        yield Row(tag, item.name, "", "")
        yield from rows(value, unmasked=unmasked)
        return
    text = to_text(item.codec, value)
    yield Row(tag, item.name, masked(text) if item.personal and not unmasked else text, meaning(item, text))
