"""Readers by name: `pcsc:0`, `pcsc:NAME`, `tcp:HOST:PORT`, `replay:FILE`."""

from collections.abc import Callable
from pathlib import Path

from cardstack.apdu import trace
from cardstack.errors import Malformed, told
from cardstack.readers.problems import NO_RECORDING, READER_NAME, ReaderError
from cardstack.readers.reader import DEADLINE, Reader

RECORDING_MAX = 1 << 26
"""A recording is read no further; nobody sits through more commands with one card."""


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


def _replay(rest: str, _deadline: float) -> Reader:
    try:
        with Path(rest).open("rb") as file:
            raw = file.read(RECORDING_MAX)
        records = list(trace.parse(raw.decode("utf-8-sig").splitlines()))
    except (OSError, ValueError) as error:
        place = f"replay:{rest[:200]}"
        raise ReaderError(told(error, place) if isinstance(error, Malformed) else place, NO_RECORDING) from error
    if not any(record.command for record in records):
        raise ReaderError(f"replay:{rest[:200]}", NO_RECORDING)
    # A record without a command is a reset, and its answer the answer to reset.
    resets = [record for record in records if not record.command]
    atr = bytes.fromhex(resets[0].answer) if resets and not resets[0].masked else bytes.fromhex("3B00")
    return Reader(f"replay:{rest}", atr, trace.replay(record for record in records if record.command))


KINDS: dict[str, Callable[[str, float], Reader]] = {"pcsc": _pcsc, "tcp": _tcp, "replay": _replay}
"""What stands before the colon, and how it is opened."""
