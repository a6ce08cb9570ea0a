"""Content for declared files, drawn from the declarations: nobody writes a second list of fields."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from cardstack.card.generation import Either, Rewritten
from cardstack.card.layout import File, Form, Item, Nested, items
from cardstack.codec import An, Binary, Cn, Day, Digits, Hex, Moment, Number


def values(codec: Any) -> st.SearchStrategy[Any]:
    """Any value that a codec can write."""
    drawn: st.SearchStrategy[Any] = STRATEGIES[type(codec)](codec)
    return drawn


def texts(codec: An) -> st.SearchStrategy[str]:
    """Text that fits: padding strips zeros, so text does not end in them."""
    letters = st.characters(codec=codec.charset, exclude_characters="\0")
    return st.text(letters, max_size=max(codec.size // 2, 1)).filter(lambda text: len(text.encode(codec.charset)) <= codec.size)


def field(item: Item) -> st.SearchStrategy[Any]:
    """What a field holds; one that repeats, exactly as often as declared."""
    one = values(item.codec)
    return one if item.times == 1 else st.tuples(*(one for _ in range(item.times)))


def bodies(body: type) -> st.SearchStrategy[Any]:
    """Any content that a declared body allows."""
    return st.builds(body, **{name: field(item) for name, item in items(body).items()})


def contents(file: File) -> st.SearchStrategy[Any]:
    """Any content that a file allows."""
    if file.form is Form.CYCLIC:
        return st.lists(bodies(file.body), max_size=min(file.records, 3)).map(tuple)
    return bodies(file.body)


def hexadecimal(codec: Hex) -> st.SearchStrategy[str]:
    """Digits 0 to F, not FF throughout, which stands for nothing written."""
    some = st.binary(min_size=codec.size, max_size=codec.size).filter(lambda raw: raw.strip(b"\xff"))
    return some.map(lambda raw: raw.hex().upper())


def either(codec: Either) -> st.SearchStrategy[Any]:
    """A value by the old definition that does not look rewritten, or one by the new."""
    old = values(codec.old).filter(lambda value: not codec.old.encode(value).endswith(b"\xee"))
    return old | values(codec.new).map(Rewritten)


def octets(codec: Binary) -> st.SearchStrategy[bytes]:
    """Bytes; kilobytes of photograph find nothing that a short run of them does not."""
    return st.binary(max_size=min(codec.size, 64)).map(lambda raw: raw.ljust(codec.size, b"\x5a"))


STRATEGIES: dict[type, Callable[[Any], st.SearchStrategy[Any]]] = {
    An: texts,
    Cn: lambda codec: st.text("0123456789", max_size=2 * codec.size),
    Hex: hexadecimal,
    Digits: lambda codec: st.integers(0, 100**codec.size - 1),
    Number: lambda codec: st.integers(0, 256**codec.size - 1),
    Binary: octets,
    Day: lambda _: st.none() | st.dates(),
    Moment: lambda _: st.none() | st.datetimes().map(lambda moment: moment.replace(microsecond=0)),
    Nested: lambda codec: bodies(codec.body),
    Either: either,
}
