"""Places that a command will write to, looked at before it does anything whose result would be lost."""

import errno
import os
from pathlib import Path


def ready(path: Path | None) -> Path | None:
    """A file to write, looked at before anything is done whose result would be lost: a callback of options."""
    if path is not None and path.is_dir():
        raise _refused(errno.EISDIR, path)
    if path is not None and not path.parent.is_dir():
        raise _refused(errno.ENOENT, path.parent)
    _writable(path)
    return path


def ready_folder(path: Path | None) -> Path | None:
    """A folder to write into, which is made where it is not there."""
    if path is not None and path.exists() and not path.is_dir():
        raise _refused(errno.ENOTDIR, path)
    _writable(path)
    return path


def _writable(path: Path | None) -> None:
    """Itself where it is there, else the nearest folder above it."""
    for place in (path, *path.parents) if path is not None else ():
        if place.exists():
            if not os.access(place, os.W_OK):
                raise _refused(errno.EACCES, place)
            return


def _refused(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))
