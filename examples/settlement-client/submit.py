"""Submit one signed transaction to a settlement service, and never guess what became of it.

python submit.py http://127.0.0.1:8650 node-key.pem node-certificate.pem
"""

import sys
import time
from datetime import datetime
from pathlib import Path

from cardstack.ca.certificate import Certificate
from cardstack.crypto.local import load_pkcs8
from cardstack.settlement.transaction import SHANGHAI, MessageId, Party, Transaction
from cardstack.values import Fen
from server.client import Client, Lost


def submit(client: Client, transaction: Transaction, at: datetime, tries: int = 5) -> dict[str, object]:
    """Send until an answer comes: the same message id is booked once, however often it is sent."""
    for attempt in range(tries):
        try:
            return client.submit(transaction, at)
        except Lost:
            time.sleep(min(2**attempt, 30) / 10)
    return client.transaction(transaction.id)


def main(url: str, key: str, certificate: str) -> None:
    at = datetime.now(SHANGHAI).replace(microsecond=0)
    chain = [one.raw for one in Certificate.parse_all(Path(certificate).read_bytes())]
    client = Client(url, load_pkcs8(Path(key).read_bytes(), None), chain)
    pension = Transaction(
        id=MessageId.of("H33010600001", at, 1),
        scheme="pension-certification",
        kind="request",
        sender=Party("33.hospital.h33010600001"),
        home="310000",
        treating="330100",
        occurred_at=at,
        amount_fen=Fen(0),
    )
    print(submit(client, pension, at))


if __name__ == "__main__":
    main(*sys.argv[1:])
