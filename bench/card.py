"""The emulated card in process: READ RECORD beside vsmartcard's vicc, whole conversations, symmetric crypto per call.

    python -m bench.card

vicc is the peer where Debian's vsmartcard-vpicc is installed (it lies outside the path, and its crypto package is not
needed to read a record); otherwise the line says that there was none. A peer runs in turn with ours, in this process.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from unittest.mock import MagicMock

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from bench.harness import Measure, measure, report
from cardstack.apdu.script import run
from cardstack.card.paying import PsamSam, transit_purchase
from cardstack.card.profiles import profile
from cardstack.card.proving import PsamKeys
from cardstack.card.reading import Terminal, read_holder
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.values import Fen
from emulator.card import answer
from emulator.faults import every_tear
from emulator.samples import MOMENT, sample, sample_psam
from emulator.slot import Slot

UNUSED = ("Crypto", "Crypto.Cipher", "Crypto.Hash", "Crypto.Protocol", "Crypto.Protocol.KDF", "Crypto.Random", "Crypto.Util")
VICC = Path("/usr/lib/python3/site-packages/virtualsmartcard")
SELECT, EF06, NAME = (
    bytes.fromhex("00A404000F7378312E73682EC9E7BBE1B1A3D5CF00"),
    bytes.fromhex("00A4000002EF06"),
    bytes.fromhex("00B2020420"),
)


def vicc() -> Callable[[bytes], bytes] | None:
    """Vsmartcard's card with a file of seven records of which the second has 32 bytes, current; None where it is absent."""
    if not VICC.is_dir():
        return None
    sys.path.insert(0, str(VICC))
    for name in UNUSED:
        sys.modules.setdefault(name, MagicMock())
    parts = [
        import_module(f"virtualsmartcard.{name}") for name in ("ConstantDefinitions", "SmartcardFilesystem", "VirtualSmartcard")
    ]
    constants, system, virtual = parts
    records = [system.Record(identifier=8 + place, data=bytes((8 + place, 30)) + bytes(30)) for place in range(7)]
    master = system.MF(filedescriptor=constants.FDB["DF"])
    form = constants.FDB["EFSTRUCTURE_LINEAR_VARIABLE_NOFURTHERINFO"]
    master.append(system.RecordStructureEF(parent=master, fid=0xEF06, filedescriptor=form, shortfid=6, records=records))
    card = virtual.Iso7816OS(master, MagicMock())
    assert card.execute(EF06[:2] + b"\x00\x0c" + EF06[4:]) == b"\x90\x00"
    assert len(card.execute(NAME)) == 34
    said: Callable[[bytes], bytes] = card.execute
    return said


def asking(exchange: Callable[[bytes], object], raw: bytes) -> Callable[[int], None]:
    """N times the same command."""

    def ask(n: int) -> None:
        for _ in range(n):
            exchange(raw)

    return ask


def reading() -> None:
    """READ RECORD of a name: through the pure function, a slot, a slot that is listened to, and behind a proof."""
    peer = vicc()
    theirs = measure(asking(peer, NAME), n=20_000) if peer else None
    named = "vsmartcard-vpicc 3.3 Iso7816OS.execute" if peer else "none installed"
    slot = Slot(sample(profile("2.00")))
    slot(SELECT)
    slot(EF06)
    card = slot.card
    ours = measure(asking(lambda raw: answer(card, raw), NAME), n=500_000)
    report("READ RECORD 32 bytes, answer(card, raw)", ours, theirs, named)
    report("READ RECORD 32 bytes, slot", measure(asking(slot, NAME), n=500_000), theirs, named)
    heard: list[tuple[bytes, bytes]] = []
    slot.listener = lambda raw, said: heard.append((raw, said))

    def traced(n: int) -> None:
        heard.clear()
        asking(slot, NAME)(n)

    report("READ RECORD 32 bytes, slot with a trace", measure(traced, n=300_000), theirs, named)
    proved = Slot(sample(profile("2.00")))
    for command in (SELECT, bytes.fromhex("0020000003123456"), bytes.fromhex("00A4000002DF04"), bytes.fromhex("00A4000002EF05")):
        assert proved(command)[-2] in (0x90, 0x61)
    read = bytes.fromhex("00B281000A")
    report("READ RECORD behind PIN or RK1DF04", measure(asking(proved, read), n=300_000), theirs, named)
    report("SELECT by AID", measure(asking(slot, SELECT), n=50_000))


def conversations(name: str) -> None:
    """A holder read with the terminal's proof where the card asks for it, and a bus ride from the purse, PSAM included."""
    kind = profile(name)
    card, module = Slot(sample(kind)), Slot(sample_psam([kind]))
    terminal = Terminal(PsamKeys(), card.atr[-8:])

    def holders(n: int) -> None:
        for _ in range(n):
            run(read_holder(kind, terminal), card, psam=module)

    def rides(n: int) -> None:
        for _ in range(n):
            run(transit_purchase(kind, PsamSam(0x8011), Fen(0), MOMENT), card, psam=module)

    report(f"whole holder read, generation {name}", measure(holders, n=500))
    report(f"whole transit purchase, generation {name}", measure(rides, n=500))


def symmetric() -> None:
    """Per call with kept contexts, beside a new context a call as `cryptography` is used by most."""
    key, data = bytes(range(16)), bytes(40)

    def fresh(algorithm: TripleDES | SM4, mode: modes.ECB | modes.CBC, block: bytes) -> bytes:
        encryptor = Cipher(algorithm, mode).encryptor()
        return encryptor.update(block) + encryptor.finalize()

    def fresh_retail(n: int) -> None:
        for _ in range(n):
            padded = data + b"\x80" + bytes(7)
            carry = fresh(TripleDES(3 * key[:8]), modes.CBC(bytes(8)), padded[:-8])[-8:]
            last = int.from_bytes(carry) ^ int.from_bytes(padded[-8:])
            fresh(TripleDES(key + key[:8]), modes.ECB(), last.to_bytes(8))

    def kept_retail(n: int) -> None:
        for _ in range(n):
            cryptogram.retail_mac(key, data)

    def kept(call: Callable[[], bytes]) -> Callable[[int], None]:
        def again(n: int) -> None:
            for _ in range(n):
                call()

        return again

    def side(what: str, ours: Callable[[int], None], theirs: Callable[[int], None]) -> None:
        line: Measure = measure(ours, n=20_000)
        report(
            what,
            line,
            measure(theirs, n=5_000),
            "cryptography, a new context each call",
            microseconds=round(1e6 / line.per_second, 2),
        )

    side("retail MAC 40 bytes, 3DES", kept_retail, fresh_retail)
    chain = kept(lambda: cryptogram.mac(key, data, Block.SM4))
    side("CBC-MAC 40 bytes, SM4", chain, kept(lambda: fresh(SM4(key), modes.CBC(bytes(16)), data + b"\x80" + bytes(7))))
    block = kept(lambda: cryptogram.encrypt(key, key, Block.SM4))
    side("SM4 block", block, kept(lambda: fresh(SM4(key), modes.ECB(), key)))
    block = kept(lambda: cryptogram.encrypt(key, key[:8]))
    side("3DES block", block, kept(lambda: fresh(TripleDES(key + key[:8]), modes.ECB(), key[:8])))


def tearing() -> None:
    """A purchase torn at every byte: how many torn cards a second come up."""
    from tests.payments import ready_to_debit

    card, raw = ready_to_debit()

    def torn(n: int) -> None:
        left = n
        while left > 0:
            for _ in every_tear(card, raw):
                left -= 1

    report("torn purchases, powered up again", measure(torn, n=5_000, rounds=3))


if __name__ == "__main__":
    reading()
    conversations("2.00")
    conversations("3.00")
    symmetric()
    tearing()
