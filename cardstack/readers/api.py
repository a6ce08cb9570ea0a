"""Who brings the functions of PC/SC: pyscard where it is installed, else the system's library."""

from cardstack.readers.ports import Api
from cardstack.readers.problems import NO_EXTRA, ReaderError


def api(choice: str = "auto") -> Api:
    """`pyscard`, `system`, or by itself whichever is there, pyscard first."""
    if choice in ("auto", "pyscard"):
        from cardstack.readers import pcsc  # noqa: PLC0415  # pyscard is looked for when asked

        if pcsc.available():
            return pcsc.Pyscard()
        if choice == "pyscard":
            raise ReaderError(problem=NO_EXTRA)
    from cardstack.readers.winscard import System  # noqa: PLC0415  # loads a system library

    return System()
