"""Request bodies: one whose length was said is read in one go. By parts, each costs copies and a turn of the interpreter."""

from typing import IO, cast

from flask import Request
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream


class _Whole(LimitedStream):
    """As its parent, but asks the server for all that is left at once."""

    def readall(self) -> bytes:
        parts = []
        while not self.is_exhausted:
            part = self._stream.read(self.limit - self._pos)
            if not part:
                self.on_disconnect()
                break
            parts.append(part)
            self._pos += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


class WholeRequest(Request):
    """A request whose body comes whole."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """As the parent's, which has checked that the body is not too long."""
        found: IO[bytes] = super().stream
        length = self.content_length
        return found if length is None else cast("IO[bytes]", _Whole(self.environ["wsgi.input"], length))
