"""A PostgreSQL cluster of Debian's binaries for one test session: own folder, free port, loopback only, fsync on."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

_numbers = count(1)
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


@contextmanager
def cluster() -> Iterator[str]:
    """The address of an empty database; the test is skipped where PostgreSQL is not installed."""
    if not BINARIES:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="cardstack-pg-"))
    binaries, port = BINARIES[-1].parent, _free_port()
    data = folder / "data"
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=on"
    try:
        _run(f"{binaries}/initdb -D {data} -U cardstack -A trust -E UTF8 --locale=C.UTF-8")
        _run(f"{binaries}/pg_ctl -D {data} -l {folder}/log -o '{options}' -w -t 60 start")
        try:
            yield f"postgresql://cardstack@127.0.0.1:{port}/postgres"
        finally:
            _run(f"{binaries}/pg_ctl -D {data} -m immediate -w -t 60 stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def created(url: str, copy_of: str = "template0") -> str:
    """The address of a new database, empty or a copy of the one at an address.

    No two get one name: a fixture of a module is made again where the tests of the module are not run in one go.
    """
    name, template = f"cardstack{next(_numbers)}", copy_of.rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return url.removesuffix("postgres") + name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _run(command: str) -> None:
    """PostgreSQL refuses to run as root."""
    words = ["su", "postgres", "-s", "/bin/sh", "-c", command] if os.geteuid() == 0 else ["sh", "-c", command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, cwd="/")
    assert done.returncode == 0, done.stderr + done.stdout
