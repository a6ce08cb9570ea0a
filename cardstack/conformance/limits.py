"""How long commands may take: a table that a run's times are held against."""

import json
from typing import Final

from cardstack.errors import faulty

FORMAT: Final = "cardstack-limits/1"
Limits = tuple[tuple[str, float], ...]
"""Class and instruction in hexadecimal, and the milliseconds that 95 of 100 answers may take at most."""


def read_limits(raw: str) -> Limits:
    """A table of limits; `Malformed` where it is none.

    >>> read_limits('{"format": "cardstack-limits/1", "limits_ms": {"00b2": 50}}')
    (('00B2', 50.0),)
    """
    try:
        data = json.loads(raw)
        limits = tuple((bytes.fromhex(header).hex().upper(), float(limit)) for header, limit in data["limits_ms"].items())
        known = data["format"] == FORMAT
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise faulty("limits_ms", "milliseconds by class and instruction", "应为按类别和指令给出的毫秒数") from error
    if not known:
        raise faulty("format", f"{FORMAT} was expected", f"应为 {FORMAT}")
    return limits
