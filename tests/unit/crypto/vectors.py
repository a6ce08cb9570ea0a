"""Published values for the tests of this folder."""

import json
from pathlib import Path

from asn1crypto.core import Integer, SequenceOf

VECTORS = Path(__file__).resolve().parents[2] / "vectors"


class _Numbers(SequenceOf):  # type: ignore[misc]  # asn1crypto is untyped
    _child_spec = Integer


def vector(name: str) -> dict[str, bytes]:
    """The first case of a vector file, hex turned into bytes."""
    case = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))["cases"][0]
    return {field: bytes.fromhex(value) for field, value in case.items() if field not in {"id", "flags"}}


def der_signature(r: bytes, s: bytes) -> bytes:
    """SEQUENCE of two INTEGERs."""
    return bytes(_Numbers([int.from_bytes(r), int.from_bytes(s)]).dump())
