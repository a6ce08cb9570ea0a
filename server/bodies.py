"""Request bodies: one whose length was said is read in one go. By parts, each costs copies and a turn of the interpreter.

What may be large is kept in a file without a name until somebody works on it.
"""

from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Final, cast

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream

PIECE: Final = 1 << 20
"""How many bytes are carried over at a time."""


def spooled(source: IO[bytes]) -> IO[bytes]:
    """All that a stream holds, in a file of the system's temporary folder that is gone once it is closed."""
    file = TemporaryFile()  # noqa: SIM115  # whoever asked for it closes it
    try:
        copyfileobj(source, file, PIECE)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return cast("IO[bytes]", file)


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


class _Unsaid(LimitedStream):
    """As its parent, for a body whose length was not said: what goes on past the limit is refused and not cut."""

    def readall(self) -> bytes:
        body = taken(self._stream, self.limit - self._pos + 1)
        self._pos += len(body)
        if self._pos > self.limit:
            raise RequestEntityTooLarge
        return body


class WholeRequest(Request):
    """A request whose body comes whole."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """As the parent's, which has checked that the body is not too long."""
        found: IO[bytes] = super().stream
        source, length, most = self.environ["wsgi.input"], self.content_length, self.max_content_length
        if length is not None:
            return cast("IO[bytes]", _Whole(source, length))
        return cast("IO[bytes]", _Unsaid(source, most, is_max=True)) if isinstance(found, LimitedStream) and most else found
