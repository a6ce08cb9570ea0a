"""A T+1 transit file from bytes to the ledger's columns, records a second; TACs a second, beside one at a time."""

from time import process_time

from bench.harness import measure, report
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.settlement.bulk.transit_file import batches
from cardstack.settlement.bulk.transit_layout import LAYOUT, line_of
from cardstack.settlement.schemes.transit import TRANSIT
from cardstack.settlement.transaction import Party
from cardstack.settlement.transit.keys import TEST_ROOT
from cardstack.settlement.transit.proofs import tacs
from cardstack.settlement.transit.tap import read_tap

SENDER = Party("33.transit-operator")
ISSUER = "02002900FFFFFFFF"
PER_CARD = 8


def a_line(n: int, tac: str) -> bytes:
    """The line of an invented journey: eight a card, five fares, sixteen hours."""
    tap = read_tap(
        {
            "issuer": ISSUER,
            "card": f"031000200000{n // PER_CARD:08d}",
            "counter": n % PER_CARD,
            "balance_fen": 50_000,
            "amount_fen": (200 + 100 * (n % 5)) * 91 // 100,
            "gross_fen": 200 + 100 * (n % 5),
            "kind": 9,
            "terminal": "331000000001",
            "terminal_serial": n,
            "moment": f"20261012{6 + n % 16:02d}{n % 60:02d}00",
            "city": "3310",
            "card_city": "2900",
            "acquirer": "12003310FFFFFFFF",
            "industry": "02",
            "tac": tac,
            "line": "7路",
        }
    )
    key = TEST_ROOT.issuer_key(bytes.fromhex(ISSUER), Block.TRIPLE_DES, 1)
    assert key is not None
    proven = tap.tac_under(key)
    return line_of(read_tap({**_plain(tap), "tac": proven}), f"T3301000000120261013020000{n % 10_000:04d}", "310000", "330100")


def _plain(tap: object) -> dict[str, object]:
    import msgspec

    plain: dict[str, object] = msgspec.to_builtins(tap)
    return plain


def main() -> None:
    """Print both lines."""
    lines = [a_line(n, "00000000") for n in range(20_000)]
    body = b"".join(lines)

    def read(count: int) -> None:
        taken = 0
        while taken < count:
            part = body[: min(count - taken, len(lines)) * LAYOUT.size]
            taken += sum(len(batch.columns.ids) + len(batch.faults) for batch in batches(part, TRANSIT, SENDER))

    name = "transit file, bytes to columns of postings"
    report(name, measure(read, 100_000, rounds=3), floor_per_second=30_000)
    report(f"{name}, own seconds", measure(read, 100_000, rounds=3, clock=process_time), floor_per_second=30_000)
    key = bytes(16)
    for block in Block:

        def at_once(count: int, block: Block = block) -> None:
            tacs(key, [(n // PER_CARD).to_bytes(8) for n in range(count)], [n.to_bytes(22) for n in range(count)], block)

        def one_by_one(count: int, block: Block = block) -> None:
            for n in range(count):
                card = cryptogram.diversify(key, (n // PER_CARD).to_bytes(8), block)
                cryptogram.tac(card, n.to_bytes(22), block)

        ours, peer = measure(at_once, 80_000, rounds=3), measure(one_by_one, 8_000, rounds=3)
        report(f"TACs verified, {block}, {PER_CARD} a card", ours, peer, "one at a time")


if __name__ == "__main__":
    main()
