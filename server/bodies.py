"""Request bodies: one whose length was said is read in one go. By parts, each costs copies and a turn of the interpreter."""

from typing import IO, cast

from flask import Request
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream


def taken(stream: IO[bytes], length: int) -> bytes:
    """So many bytes, or all that come before the stream ends."""
    parts = []
    while length > 0 and (part := stream.read(length)):
        parts.append(part)
        length -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class _Whole(LimitedStream):
    """As its parent, but asks the server for all that is left at once."""

    def readall(self) -> bytes:
        body = taken(self._stream, self.limit - self._pos)
        self._pos += len(body)
        if not self.is_exhausted:
            self.on_disconnect()
        return body


class WholeRequest(Request):
    """A request whose body comes whole."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """As the parent's, which has checked that the body is not too long."""
        found: IO[bytes] = super().stream
        length = self.content_length
        return found if length is None else cast("IO[bytes]", _Whole(self.environ["wsgi.input"], length))
