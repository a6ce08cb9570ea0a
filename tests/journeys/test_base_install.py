"""What a base installation leaves out is missed by nothing but what needs it."""

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BASE = """
import sys
from importlib import import_module
from importlib.abc import MetaPathFinder

class Left(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1].split():
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Left())
from cardstack.cli.nouns import NOUNS
for noun in NOUNS:
    import_module(noun.module)
for name in ("emulator", "server.app", "server.serving", "server.store", "cardstack.card.profiles"):
    import_module(name)
from server.store import open_store
store = open_store(f"sqlite:///{sys.argv[2]}")
print(store.audit().blocks)
store.close()
"""


def left_out() -> list[str]:
    """The modules that extras bring, but for those of development."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    wanted = {line.partition(">")[0].partition("[")[0] for name, lines in extras.items() if name != "dev" for line in lines}
    return [name for name, owners in packages_distributions().items() if {one.lower() for one in owners} & wanted]


def test_the_service_and_every_command_begin_without_extras(tmp_path: Path) -> None:
    """Each module that a command or the service begins with is imported, and a ledger made."""
    names = left_out()
    assert {"psycopg", "smartcard", "reportlab", "hypothesis"} <= set(names)
    ran = [sys.executable, "-c", BASE, " ".join(names), str(tmp_path / "ledger.db")]
    done = subprocess.run(ran, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "0"), done.stderr
