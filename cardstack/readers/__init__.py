"""Real readers, and whatever stands in for one: each is an exchange of bytes with an answer to reset.

`connect(name)` opens `pcsc:0`, `pcsc:NAME`, `tcp:HOST:PORT` and `replay:FILE`. The emulator's own readers are opened
one floor up, by the command line, which may see the emulator.
"""

from cardstack.readers.open import connect
from cardstack.readers.reader import Reader

__all__ = ["Reader", "connect"]
