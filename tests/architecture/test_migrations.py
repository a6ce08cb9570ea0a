"""Migrations stand in one line: two that were written at the same time would leave a service that cannot start."""

import re
from pathlib import Path

VERSIONS = sorted((Path(__file__).resolve().parents[2] / "server" / "store" / "migrations" / "versions").glob("[0-9]*.py"))


def test_migrations_stand_in_one_line() -> None:
    """Each follows the one before it, and is named as its file is."""
    before = None
    for path in VERSIONS:
        source = path.read_text("utf-8")
        revision = re.search(r'^revision = "(\w+)"', source, re.MULTILINE)
        down = re.search(r'^down_revision = (?:"(\w+)"|None)', source, re.MULTILINE)
        assert revision is not None
        assert down is not None
        assert path.name.startswith(f"{revision.group(1)}_"), path.name
        assert down.group(1) == before, path.name
        before = revision.group(1)
