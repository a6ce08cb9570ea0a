"""Readers by name: `pcsc:0`, `pcsc:NAME`, `tcp:HOST:PORT`, `replay:FILE`."""

from collections.abc import Callable

from cardstack.readers.problems import READER_NAME, ReaderError
from cardstack.readers.reader import DEADLINE, Reader


def connect(name: str, *, deadline: float = DEADLINE) -> Reader:
    """Open the card behind a name; every later answer comes within `deadline` seconds, or a typed error does."""
    kind, colon, rest = name.partition(":")
    if not colon or kind not in KINDS:
        raise ReaderError(repr(name), READER_NAME, reader=name)
    return KINDS[kind](rest, deadline)


def _pcsc(rest: str, deadline: float) -> Reader:
    from cardstack.readers.card import connect as connect_card  # noqa: PLC0415  # PC/SC is loaded when asked

    return connect_card(rest, deadline=deadline)


def _tcp(rest: str, deadline: float) -> Reader:
    from cardstack.readers.tcp import connect as dial  # noqa: PLC0415  # the same

    return dial(rest, deadline)


KINDS: dict[str, Callable[[str, float], Reader]] = {"pcsc": _pcsc, "tcp": _tcp}
"""What stands before the colon, and how it is opened."""
