"""Write the ledger that today's tables leave into `tests/vectors/saved`, for later versions: `python -m tests.saving`."""

import sqlite3
import tempfile
from pathlib import Path

from server.permissions import Grant, Role
from server.sealing import Keyring
from server.store import open_store
from server.store.office import Office
from server.store.office.people import Operator
from tests import saving_medical
from tests.ledgers import NOON, SCHEMES, bill, enrol, submission

SAVED = Path(__file__).parent / "vectors" / "saved"
RING = Keyring({"test": bytes(32)})
"""A test key, worth nothing."""


def main() -> None:
    """Two transactions, an operator who signs in, and what follows from them; beside them a ledger of medical bills."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        store = enrol(open_store(f"sqlite:///{path}", SCHEMES))
        store.submit([submission(bill(1), bill(2, 700))], NOON)
        office = Office(store.database.engine, lambda: RING)
        office.people.save(Operator("zhang.wei", "张伟", (Grant(Role.CLERK, "33"),)), NOON)
        office.people.put_credentials("zhang.wei", "totp", ["JBSWY3DPEHPK3PXP"], NOON)
        office.people.put_credentials("zhang.wei", "recovery", ["00" * 32], NOON)
        office.audit.append(NOON, "zhang.wei", "33", "sign-in")
        store.close()
        raw = sqlite3.connect(path)
        ((version,),) = raw.execute("SELECT version_num FROM alembic_version")
        (SAVED / f"ledger-{version}.sql").write_text("\n".join(raw.iterdump()) + "\n", "utf-8")
        raw.close()


if __name__ == "__main__":
    main()
    saving_medical.main(SAVED)
