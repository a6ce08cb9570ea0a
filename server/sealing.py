"""The service's own key file, and what is sealed under it: secrets that the database must hold but not show.

A line of the file is a key: its short name and 32 bytes in base64, the newest first. The file is made at the first start,
readable by its owner alone, and kept apart from the database: who steals the one without the other has nothing. What is
sealed (AES-256-GCM) is bound to where it stands, so that one operator's secret moved into another's row does not open.
"""

import base64
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cardstack.errors import Malformed, Refused, Untrusted, problem
from cardstack.text import Text

MARK: Final = "sealed1"
NONCE: Final = 12

KEY_FILE = problem(
    "CS-4115",
    Text("The service's key file cannot be used", "服务密钥文件不可用"),
    Text(
        "It must be readable by the service's user alone (chmod 600) and hold one key a line; restore it from its own backup.",
        "该文件须仅限服务用户读取（chmod 600），每行一个密钥；请从单独备份中恢复。",
    ),
)
NOT_OPENED = problem(
    "CS-4116",
    Text("A sealed secret does not open under this key file", "密封的密钥无法用当前密钥文件打开"),
    Text(
        "Put the key file back that belongs to this database; until then recovery codes and passkeys sign in.",
        "请放回与该数据库配套的密钥文件；在此之前可用恢复码或通行密钥登录。",
    ),
)


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by their names; the first seals, every one opens."""

    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def fresh(cls) -> Self:
        """One new key."""
        return cls({secrets.token_hex(4): secrets.token_bytes(32)})

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines of a key file.

        >>> Keyring.parse("a1 AAAA")
        Traceback (most recent call last):
        cardstack.errors.Malformed: key file: line 1: a name and 32 bytes in base64 expected
        """
        keys = {}
        for number, line in enumerate(text.splitlines(), 1):
            name, _, words = line.strip().partition(" ")
            try:
                key = base64.b64decode(words, validate=True)
            except ValueError:
                key = b""
            if not name.isalnum() or len(key) != 32:
                raise Malformed(
                    Text(
                        f"key file: line {number}: a name and 32 bytes in base64 expected",
                        f"密钥文件第 {number} 行：应为名称和 32 字节的 base64",
                    ),
                    problem=KEY_FILE,
                )
            keys[name] = key
        if not keys:
            raise Malformed(Text("key file: it holds no key", "密钥文件中没有密钥"), problem=KEY_FILE)
        return cls(keys)

    def __str__(self) -> str:
        return "".join(f"{name} {base64.b64encode(key).decode()}\n" for name, key in self.keys.items())

    def seal(self, secret: str, place: str) -> str:
        """A secret as the database keeps it, bound to its place."""
        name, key = next(iter(self.keys.items()))
        nonce = secrets.token_bytes(NONCE)
        sealed = AESGCM(key).encrypt(nonce, secret.encode(), f"{name} {place}".encode())
        return f"{MARK}:{name}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, place: str) -> str:
        """The secret again; `Untrusted` (CS-4116) for another place, another key file, or a changed byte."""
        mark, _, rest = sealed.partition(":")
        name, _, words = rest.partition(":")
        key = self.keys.get(name)
        if mark != MARK or key is None:
            raise Untrusted(problem=NOT_OPENED)
        try:
            raw = base64.b64decode(words, validate=True)
            return AESGCM(key).decrypt(raw[:NONCE], raw[NONCE:], f"{name} {place}".encode()).decode()
        except (ValueError, InvalidTag) as error:
            raise Untrusted(problem=NOT_OPENED) from error

    def is_current(self, sealed: str) -> bool:
        """Whether a stored secret is sealed, and under the newest key."""
        return sealed.startswith(f"{MARK}:{next(iter(self.keys))}:")

    def is_sealed(self, secret: str) -> bool:
        """Whether a stored secret is sealed at all; older versions kept it in clear."""
        return secret.startswith(f"{MARK}:")

    def derived(self, purpose: str) -> str:
        """A key for one other purpose, from the newest."""
        key = next(iter(self.keys.values()))
        return HKDF(SHA256(), 32, None, f"cardstack {purpose}".encode()).derive(key).hex()


def opened(path: Path) -> Callable[[], Keyring]:
    """The present keys of a file, read again each time: another process may have put a new one first.

    A file that is not there is made, once.
    """
    if not path.exists():
        _write(path, Keyring.fresh(), first=True)
    keyring(path)
    return partial(keyring, path)


def keyring(path: Path) -> Keyring:
    """The keys of a file. `Refused` where it is not there or others may read it."""
    if not path.is_file():
        raise Refused(Text("key file: it is not there", "密钥文件不存在"), problem=KEY_FILE)
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Refused(
            Text(
                f"key file: others may read it (mode {stat.S_IMODE(path.stat().st_mode):o})",
                f"密钥文件可被其他用户读取（权限 {stat.S_IMODE(path.stat().st_mode):o}）",
            ),
            problem=KEY_FILE,
        )
    return Keyring.parse(path.read_text("ascii", errors="replace"))


def rotate(path: Path) -> Keyring:
    """Put a new key before the others; what was sealed still opens, and what is sealed from now on is under the new one."""
    held = keyring(path)
    after = Keyring({**Keyring.fresh().keys, **held.keys})
    _write(path, after)
    return after


def forget_old(path: Path) -> Keyring:
    """Keep only the newest key, once nothing is sealed under an older one."""
    name, key = next(iter(keyring(path).keys.items()))
    _write(path, Keyring({name: key}))
    return Keyring({name: key})


def _write(path: Path, keys: Keyring, *, first: bool = False) -> None:
    """Whole or not at all; of two processes that start together the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(str(keys))
            file.flush()
            os.fsync(file.fileno())
        if not first:
            part.replace(path)
        else:
            try:
                os.link(part, path)
            except FileExistsError:
                return
    finally:
        part.unlink(missing_ok=True)
