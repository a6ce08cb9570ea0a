"""Certificates, CRLs and OCSP responses from wherever a user keeps them: files, folders, PEM text."""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TypeVar

from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.ocsp import OcspResponse
from cardstack.ca.path import Pool
from cardstack.ca.standing import Crls
from cardstack.errors import Malformed
from cardstack.text import Text

FILE_MAX = 1 << 28
FILES_MAX = 10_000
"""How many files of a folder are read; a larger one is somebody's disk, not a collection of certificates."""
HELD_MAX = 1 << 26
"""How many bytes of files stay in memory between cases."""
Thing = TypeVar("Thing")


def certificates(raw: bytes) -> tuple[Certificate, ...]:
    """The certificates that can be read in a file; those that cannot are no candidates."""
    return _readable(raw, Certificate.parse_all)


def crls(raw: bytes) -> tuple[Crl, ...]:
    """The CRLs that can be read in a file."""
    return _readable(raw, Crl.parse_all)


def responses(raw: bytes) -> tuple[OcspResponse, ...]:
    """The OCSP response in a file, if it can be read."""
    return _readable(raw, lambda content: (OcspResponse.parse(content),))


def _readable(raw: bytes, parse: Callable[[bytes], tuple[Thing, ...]]) -> tuple[Thing, ...]:
    found: list[Thing] = []
    for block in _blocks(raw):
        try:
            found += parse(block)
        except Malformed:
            continue
    return tuple(found)


def _blocks(raw: bytes) -> Iterable[bytes]:
    """Every PEM block for itself, so that one that cannot be read does not hide the next."""
    mark = b"-----BEGIN "
    if mark not in raw:
        return (raw,)
    return (mark + block for block in raw.split(mark)[1:])


def content(source: str, home: Path) -> tuple[bytes, ...]:
    """What a source holds: PEM text itself, base64 of DER, or the files of a path (a folder's are all of its files)."""
    if "-----BEGIN " in source:
        return (source.encode("utf-8", "replace"),)
    for path in (Path(source), home / source) if source.strip() else ():
        if _exists(path):
            return _read(path.resolve())
    try:
        raw = base64.b64decode("".join(source.split()), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if raw[:1] == b"\x30":
        return (raw,)
    raise Malformed(
        Text("neither PEM text nor a file or folder that exists", "既不是 PEM 文本，也不是存在的文件或目录"),
        field="path",
        path=source[:200],
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


_held: dict[Path, tuple[bytes, ...]] = {}


def _read(path: Path) -> tuple[bytes, ...]:
    """The content of a file, or of all files in a folder; the last ones read are remembered."""
    if path not in _held:
        found = tuple(_read_files(path))
        size = sum(map(len, found))
        if size > HELD_MAX // 4:
            return found
        while _held and size + sum(len(raw) for raws in _held.values() for raw in raws) > HELD_MAX:
            _held.pop(next(iter(_held)))
        _held[path] = found
    return _held[path]


def _read_files(path: Path) -> Iterator[bytes]:
    """Regular files alone: a device has no end."""
    files = sorted(islice((file for file in path.rglob("*") if file.is_file()), FILES_MAX + 1)) if path.is_dir() else [path]
    if len(files) > FILES_MAX or not (path.is_dir() or path.is_file()):
        raise Malformed(
            Text(f"no file, and no folder of at most {FILES_MAX} files", f"不是文件，也不是至多含 {FILES_MAX} 个文件的目录"),
            field="path",
            path=str(path)[:200],
        )
    try:
        for file in files:
            if file.stat().st_size <= FILE_MAX:
                yield file.read_bytes()
    except OSError as error:
        raise Malformed(
            Text(f"cannot be read: {error.strerror}", f"无法读取：{error.strerror}"), field="path", path=str(path)[:200]
        ) from None


def gathered(sources: Iterable[str], home: Path, read: Callable[[bytes], tuple[Thing, ...]]) -> tuple[Thing, ...]:
    """All that the sources hold of one kind, each once."""
    return tuple(dict.fromkeys(one for source in sources for raw in content(source, home) for one in read(raw)))


@lru_cache(maxsize=32)
def pool(sources: tuple[str, ...], home: Path) -> Pool:
    """A pool from sources; many cases share one."""
    return Pool(gathered(sources, home, certificates))


@lru_cache(maxsize=32)
def crl_index(sources: tuple[str, ...], home: Path) -> Crls:
    """The CRLs from sources; many cases share them."""
    return Crls(gathered(sources, home, crls))
