"""What runs inside the C library: one terminal a process, its reader from the environment."""

import os
from functools import cache
from typing import Any

from cardstack.agent.family import FAMILY, call
from cardstack.agent.interfaces import Slots
from cardstack.agent.library import OUT_MAX
from cardstack.agent.sscard import SscApi


@cache
def terminal() -> SscApi:
    """The terminal of this process.

    CARDSTACK_READER, CARDSTACK_CONTACTLESS, CARDSTACK_PSAM, CARDSTACK_TERMINAL and CARDSTACK_DEVICE. Without a PIN pad the
    holder's PIN comes from CARDSTACK_PIN, which is for tests.
    """
    opener = Slots(*(os.environ.get(f"CARDSTACK_{name}") for name in ("READER", "CONTACTLESS", "PSAM")))
    number = os.environ.get("CARDSTACK_TERMINAL", "000000000001")
    device = os.environ.get("CARDSTACK_DEVICE", "CS0000000001")
    return SscApi(opener, lambda _: os.environ.get("CARDSTACK_PIN"), number, device)


def called(ffi: Any, name: str, given: tuple[Any, ...], out: Any) -> int:
    """One call from C: texts are read as GBK, the answer is written as GBK with its NUL."""
    try:
        names = FAMILY[name].parameters
        values = [one if isinstance(one, int) else _text(ffi, one) for one in given]
    except UnicodeDecodeError:
        code, said = -14, ""
    else:
        code, said = call(terminal(), name, dict(zip(names, values, strict=True)))
    if out != ffi.NULL:
        raw = said.encode("gbk", "replace")[: OUT_MAX - 1] + b"\0"
        ffi.memmove(out, raw, len(raw))
    return code


def _text(ffi: Any, pointer: Any) -> str:
    return "" if pointer == ffi.NULL else str(ffi.string(pointer, OUT_MAX).decode("gbk"))
