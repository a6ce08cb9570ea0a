"""The key file, and what is sealed under it."""

import base64
import os
import sqlite3
from pathlib import Path
from threading import Thread

import pyotp
import pytest

from cardstack.errors import CardstackError, Malformed, Refused, Untrusted
from server import operators, sealing
from server.operators import Visitor
from server.sealing import Keyring
from server.store.office import Office
from tests.unit.console.conftest import START, Clock

HERE = Visitor("192.0.2.1", "a browser")
PASSWORD = "四个字也行 but longer"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    sealing.opened(tmp_path / "office.key")
    return tmp_path / "office.key"


@pytest.fixture
def sealed(office: Office, key_file: Path) -> Office:
    """An office whose maker signs in with a password and a phone."""
    held = Office(office.engine, sealing.opened(key_file))
    maker = held.people.operator("maker")
    assert maker is not None
    operators.set_password(held.people, maker, PASSWORD, START)
    secret = pyotp.random_base32()
    operators.enrol_totp(held.people, maker, secret, pyotp.TOTP(secret).at(START), START)
    return held


def code_of(held: Office, clock: Clock) -> str:
    """What the phone shows."""
    (enrolled,) = held.people.credentials("maker", "totp")
    return pyotp.TOTP(held.people.secret_of(enrolled)).at(clock())


def signs_in(held: Office, clock: Clock, code: str) -> bool:
    """Whether password and code open the console."""
    try:
        operators.check_password(held.people, "maker", PASSWORD, code, visitor=HERE, at=clock())
    except CardstackError:
        return False
    return True


def test_a_new_file_is_its_owners_alone(key_file: Path) -> None:
    """Mode 600; asked for again it is the same key."""
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert sealing.opened(key_file)().keys == sealing.keyring(key_file).keys


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    """The first to write wins; nobody keeps a key that no file holds."""
    path, rings = tmp_path / "office.key", []
    threads = [Thread(target=lambda: rings.append(str(sealing.opened(path)()))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert set(rings) == {path.read_text()}
    assert [one.name for one in tmp_path.iterdir() if "office.key" in one.name] == ["office.key"]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_file_that_others_may_read_is_refused(key_file: Path) -> None:
    """So is none at all, once it was there."""
    keys = sealing.opened(key_file)
    key_file.chmod(0o644)
    with pytest.raises(Refused, match="mode 644"):
        keys()
    key_file.unlink()
    with pytest.raises(Refused, match="not there"):
        keys()


@pytest.mark.parametrize("text", ["", "a", "a !!", f"a {base64.b64encode(bytes(31)).decode()}", "ä " + "A" * 44])
def test_a_broken_file_is_malformed(text: str) -> None:
    """It names the line."""
    with pytest.raises(Malformed, match="key file"):
        Keyring.parse(text)


def test_a_sealed_secret_opens_in_its_place_alone() -> None:
    """Not elsewhere, not changed, not under another key, and not twice the same."""
    ring = Keyring.fresh()
    once, again = (ring.seal("secret", "totp maker") for _ in range(2))
    assert once != again
    assert "secret" not in once
    assert ring.open(once, "totp maker") == "secret"
    mark, name, words = once.split(":")
    raw = bytearray(base64.b64decode(words))
    raw[-1] ^= 1
    broken = [
        f"{mark}:{name}:{base64.b64encode(raw).decode()}",
        f"{mark}:{name}:!",
        "secret",
        f"{mark}:other:{words}",
        f"{mark}:{name}:",
    ]
    for wrong in broken:
        with pytest.raises(Untrusted):
            ring.open(wrong, "totp maker")
    with pytest.raises(Untrusted):
        ring.open(once, "totp checker")


def test_the_database_alone_does_not_make_codes(sealed: Office, clock: Clock, tmp_path: Path) -> None:
    """Nothing in it is the secret; without the key file nobody can even enrol."""
    (kept,) = sealed.people.credentials("maker", "totp")
    assert sealed.people.secret_of(kept).encode() not in (tmp_path / "ledger.db").read_bytes()
    bare = Office(sealed.engine)
    assert not signs_in(bare, clock, code_of(sealed, clock))
    maker = bare.people.operator("maker")
    assert maker is not None
    with pytest.raises(Refused, match="no key file"):
        operators.enrol_totp(bare.people, maker, "A" * 32, pyotp.TOTP("A" * 32).at(START), START)
    assert signs_in(sealed, clock, code_of(sealed, clock))


def test_secrets_of_an_older_version_are_sealed_at_the_first_start(office: Office, key_file: Path, tmp_path: Path) -> None:
    """They stood in clear; afterwards they do not, and the phone still serves."""
    secret = pyotp.random_base32()
    with sqlite3.connect(tmp_path / "ledger.db") as raw:
        raw.execute(
            "INSERT INTO office_credential (operator_id, kind, label, handle, secret, counter, created_ms, used_ms) "
            "VALUES ('maker', 'totp', '', '', ?, 0, 0, 0)",
            (secret,),
        )
    raw.close()
    held = Office(office.engine, sealing.opened(key_file))
    assert held.people.seal_all() == 0
    (kept,) = held.people.credentials("maker", "totp")
    assert kept.secret.startswith("sealed1:")
    assert held.people.secret_of(kept) == secret


def test_a_new_key_takes_over_while_the_service_runs(sealed: Office, key_file: Path, clock: Clock) -> None:
    """Rotated by another process: the running one reads the file again, and the old key is forgotten."""
    before = next(iter(sealing.keyring(key_file).keys))
    sealing.rotate(key_file)
    assert signs_in(sealed, clock, code_of(sealed, clock))
    assert Office(sealed.engine, sealing.opened(key_file)).people.seal_all() == 0
    assert before not in sealing.forget_old(key_file).keys
    clock.at += 2 * operators.WARNING
    assert signs_in(sealed, clock, code_of(sealed, clock))


def test_where_the_key_file_is_lost_a_recovery_code_still_serves(sealed: Office, key_file: Path, clock: Clock) -> None:
    """A code from the phone cannot be checked, which is said; nothing opens without a second factor."""
    maker = sealed.people.operator("maker")
    assert maker is not None
    codes = operators.new_recovery_codes(sealed.people, maker, clock())
    code = code_of(sealed, clock)
    key_file.unlink()
    other = Office(sealed.engine, sealing.opened(key_file))
    assert other.people.seal_all() == 1
    with pytest.raises(Untrusted) as told:
        operators.check_password(other.people, "maker", PASSWORD, code, visitor=HERE, at=clock())
    assert told.value.code == "CS-4116"
    assert not signs_in(other, clock, "")
    assert signs_in(other, clock, codes[0])


def test_recovery_codes_are_kept_as_hashes(sealed: Office, clock: Clock, tmp_path: Path) -> None:
    """What is in the database opens nothing."""
    maker = sealed.people.operator("maker")
    assert maker is not None
    codes = operators.new_recovery_codes(sealed.people, maker, clock())
    content = (tmp_path / "ledger.db").read_bytes() + (tmp_path / "ledger.db-wal").read_bytes()
    assert all(code.encode() not in content and code.replace("-", "").encode() not in content for code in codes)
    kept = sealed.people.credentials("maker", "recovery")[0].secret
    assert not signs_in(sealed, clock, kept)
