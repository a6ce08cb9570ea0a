"""A bulk file on its way: a ZIP archive of manifest, signature and compressed data.

    manifest.json  layout, charset, sender, counts, sum and digest of the data, certificates (base64 DER, the signer's first)
    signature      over the line `cardstack-file/1`, a line feed and the bytes of the manifest
    data           the lines, deflated

Any archive tool opens one. Nothing in it is believed before `verified`: path validation vouches for the signer,
the signature covers the manifest, the manifest's digest covers the data.
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from struct import error as BadFields  # noqa: N812  # an error is named for what is so
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo
from zlib import error as BadDeflate  # noqa: N812  # an error is named for what is so

import msgspec

from cardstack.ca.trust import Trusted
from cardstack.crypto.keys import PublicKey, Signer
from cardstack.errors import CardstackError, Malformed, Untrusted, faulty, told
from cardstack.settlement.envelope import NOT_SIGNER, TOLERANCE
from cardstack.settlement.transaction import Party, check_moment

FORMAT: Final = "cardstack-file/1"
CERTIFICATES_MAX: Final = 12
DATA_MAX: Final = 1 << 30
"""Bytes of data at most: four million lines of a transit day or of a medical month."""
PIECE: Final = 1 << 20
"""How many bytes of data are inflated together."""
MANIFEST_MAX: Final = 1 << 20
_ENTRIES: Final = ("manifest.json", "signature", "data")


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What the sender says of the data, and signs. `answers` is the digest of the file that a return file answers."""

    format: str
    name: str
    layout: str
    charset: str
    sender: str
    lines: int
    total_fen: int
    size: int
    sha256: str
    made_at: datetime
    certificates: tuple[str, ...]
    answers: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """A file as it came; nothing in it is believed yet, and its data stays packed until somebody asks for it."""

    manifest: Manifest
    signed: bytes
    signature: bytes
    archive: bytes | IO[bytes] = field(repr=False)

    def pieces(self) -> Iterator[bytes]:
        """The data, a piece at a time and inflated anew each time; `Malformed` where it is more than the manifest declares."""
        left = self.manifest.size
        with _opened(self.archive) as archive, archive.open("data") as entry:
            while piece := entry.read(min(PIECE, left + 1)):
                left -= len(piece)
                if left < 0:
                    raise faulty("data", "longer than declared", "超过声明长度")
                yield piece

    @property
    def data(self) -> bytes:
        """All of the data, in memory."""
        return b"".join(self.pieces())

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The certificates sent along as DER, the signer's first."""
        try:
            return tuple(b64decode(one, validate=True) for one in self.manifest.certificates)
        except (BadBase64, ValueError) as error:
            raise faulty("certificates", "not base64", "不是 base64") from error


def describe(
    data: bytes | Iterable[bytes], *, name: str, layout: str, charset: str, sender: Party, lines: int, total_fen: int,
    at: datetime, certificates: Sequence[bytes], answers: str = "",
) -> Manifest:  # fmt: skip
    """The manifest of some data, which may come in pieces."""
    check_moment(at, "made_at")
    size, digest = _measured(_pieces(data))
    return Manifest(
        format=FORMAT,
        name=name,
        layout=layout,
        charset=charset,
        sender=str(sender),
        lines=lines,
        total_fen=total_fen,
        size=size,
        sha256=digest,
        made_at=at.astimezone(UTC),
        certificates=tuple(b64encode(one).decode() for one in certificates),
        answers=answers,
    )


def pack(data: bytes | Iterable[bytes], manifest: Manifest, signer: Signer) -> bytes:
    """The archive of some data, which may come in pieces; the same input gives the same bytes, but for the signature."""
    signed = msgspec.json.encode(manifest, order="sorted")
    contents = ((signed,), (signer.sign(message(signed)),), _pieces(data))
    raw = BytesIO()
    with ZipFile(raw, "w", ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in zip(_ENTRIES, contents, strict=True):
            info = ZipInfo(name)
            info.compress_type = ZIP_DEFLATED
            with archive.open(info, "w") as entry:
                for piece in content:
                    entry.write(piece)
    return raw.getvalue()


def _pieces(data: bytes | Iterable[bytes]) -> Iterable[bytes]:
    return (data,) if isinstance(data, bytes) else data


def _measured(pieces: Iterable[bytes]) -> tuple[int, str]:
    """Bytes and SHA-256 of what comes in pieces."""
    size, digest = 0, hashlib.sha256()
    for piece in pieces:
        size += len(piece)
        digest.update(piece)
    return size, digest.hexdigest()


def head(raw: bytes | IO[bytes]) -> Package:
    """The parts of an archive, which may stand in a file, or `Malformed`; its data is not looked at before its signature."""
    with _opened(raw) as archive:
        signed, signature = (_entry(archive, name, MANIFEST_MAX) for name in _ENTRIES[:2])
    try:
        manifest = msgspec.json.decode(signed, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(told(error, "manifest"), field="manifest") from error
    if manifest.format != FORMAT or not 0 <= manifest.size <= DATA_MAX:
        raise faulty("manifest", f"{FORMAT} of at most {DATA_MAX} bytes was expected", f"应为 {FORMAT}，至多 {DATA_MAX} 字节")
    if not 1 <= len(manifest.certificates) <= CERTIFICATES_MAX:
        raise faulty("certificates", f"1 to {CERTIFICATES_MAX}", f"应为 1 至 {CERTIFICATES_MAX} 个")
    check_moment(manifest.made_at, "made_at")
    return Package(manifest, signed, signature, raw)


def unpack(raw: bytes) -> Package:
    """The parts of an archive whose data is what the manifest says, or `Malformed`."""
    package = head(raw)
    if _measured(package.pieces()) != (package.manifest.size, package.manifest.sha256):
        raise faulty("data", "not what the manifest's size and digest say", "与文件清单的长度和摘要不符")
    return package


@contextmanager
def _opened(raw: bytes | IO[bytes]) -> Iterator[ZipFile]:
    """The archive with its three entries, deflated or stored; whatever is wrong with it is `Malformed`."""
    try:
        with ZipFile(BytesIO(raw) if isinstance(raw, bytes) else raw) as archive:
            if tuple(sorted(archive.namelist())) != tuple(sorted(_ENTRIES)):
                raise faulty("archive", "manifest.json, signature and data, nothing else", "应仅有 manifest.json、签名和数据")
            if any(entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for entry in archive.infolist()):
                raise faulty("archive", "entries are deflated or stored", "条目只可采用 deflate 压缩或不压缩")
            yield archive
    except CardstackError:
        raise
    except (BadZipFile, BadDeflate, BadFields, ValueError, EOFError, RuntimeError, LookupError, OSError) as error:
        raise Malformed(told(error, "archive"), field="archive") from error


def verified(package: Package, trusted: Trusted) -> Package:
    """The same package, once its signature holds; `trusted` is of its first certificate, validated as of `made_at`."""
    certificates = package.certificates
    if not certificates or trusted.certificate.raw != certificates[0] or abs(trusted.at - package.manifest.made_at) > TOLERANCE:
        raise Untrusted("signature", NOT_SIGNER, field="certificates")
    key: PublicKey = trusted.certificate.public_key
    key.verify(package.signature, message(package.signed))
    return package


def _entry(archive: ZipFile, name: str, most: int) -> bytes:
    with archive.open(name) as entry:
        content = entry.read(most + 1)
    if len(content) > most:
        raise faulty(name, "longer than declared", "超过声明长度")
    return content


def message(signed: bytes) -> bytes:
    """What the signature of a file is over."""
    return FORMAT.encode() + b"\n" + signed
