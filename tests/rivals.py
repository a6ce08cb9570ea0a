"""A process that submits transactions to a ledger while another does the same: `python -m tests.rivals URL SEED COUNT`."""

import json
import random
import sys

from server.store.store import Store
from tests.ledgers import NOON, SCHEMES, bill, submission


def main(url: str, seed: int, count: int) -> None:
    """Submit the same ids as every rival, in an order of one's own, one by one and in batches; print the outcomes."""
    order = list(range(count))
    dice = random.Random(seed)
    dice.shuffle(order)
    store = Store(url, SCHEMES)
    outcomes: dict[int, str] = {}
    while order:
        size = dice.choice((1, 1, 1, 7, 20))
        taken, order = order[:size], order[size:]
        answers = store.submit([submission(*(bill(serial, 100 + serial) for serial in taken))], NOON)[0]
        outcomes |= {serial: answer.outcome.value for serial, answer in zip(taken, answers, strict=True)}
    store.close()
    sys.stdout.write(json.dumps(outcomes))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
