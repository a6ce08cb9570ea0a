"""The terminal behind a recorded flow: it remembers what card and PSAM said, and makes what a host would make."""

from typing import TYPE_CHECKING, Final

from cardstack import tlv
from cardstack.apdu import secure
from cardstack.apdu.message import Command
from cardstack.apdu.script import run
from cardstack.card.issuing import Personalisation
from cardstack.card.keys import Key, Usage
from cardstack.card.profile import Application
from cardstack.card.proving import HsmKeys, source_blocks
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed, Refused
from cardstack.text import Text
from emulator.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.blueprint import Directory
from emulator.hsm import hsm

SOURCE: Final = bytes.fromhex("0102030405060708")
MOMENT: Final = bytes.fromhex("20260302103000")
AMOUNT: Final = bytes.fromhex("000000C8")
ALGORITHMS: Final = {0x03: Block.SM4, 0x04: Block.SM4}


def _issuer_data(fci: bytes) -> bytes:
    """What an FCI carries in 9F0C; nothing where it is no FCI."""
    try:
        return tlv.find(fci, 0x6F, 0xA5, 0x9F0C) or b""
    except Malformed:
        return b""


class Terminal:
    """What the other side of a card knows while a flow runs; `fact` fills in a name of the flow."""

    def __init__(self, order: Personalisation, card: Slot) -> None:
        self.order, self.card = order, card
        self.hsm = hsm([order.profile], master=order.master, province=order.factors.city[:2])
        self.challenges: list[bytes] = []
        self.psam_said = b""
        self.chained = False
        self.opening = b""
        self.begin = b""
        self.known: dict[str, bytes] = {
            "card8": order.factors.card,
            "city8": order.factors.of_city,
            "city6": order.factors.of_city[:6],
            "moment7": MOMENT,
            "amount4": AMOUNT,
            "source8": SOURCE,
            "factor8": SOURCE,
            "terminal6": bytes.fromhex("310000000001"),
            "termseq4": bytes.fromhex("01020304"),
        }
        self.made: dict[str, Callable[[str], bytes]] = {
            "cipher": self._cipher,
            "mac": self._order_mac,
            "mac1": self._mac1,
            "mac2": self._mac2,
        }

    def fact(self, name: str, template: str) -> bytes:
        """The bytes that a name of the flow stands for at this moment."""
        if name in self.known:
            return self.known[name]
        if name in self.made:
            return self.made[name](template)
        raise Refused(Text(f"nothing gave this flow its {name}", f"该流程未得到 {name}"), name=name)

    def heard(self, partner: str, command: bytes, answer: bytes) -> None:
        """Remember what of an answer comes again."""
        data, ins = answer[:-2], command[1]
        if partner == "psam":
            self._from_psam(command, data)
        elif ins == 0x84 and data:
            self.challenges.append(data)
            self.psam_said = b""
            self.known["rand8"] = self.known["factor8"] = data
            self.known["source8"] = self.challenges[-2] if len(self.challenges) > 1 else SOURCE
        elif ins in (0x50, 0x28):
            self._opened(command, data)
        elif ins in (0x54, 0x2C) and len(data) == 8:
            self.known["mac2"] = data[4:]
        elif command[:3] == bytes.fromhex("00B095"):
            self._named(data)
        elif ins == 0xA4:
            self._named(_issuer_data(data))

    def _named(self, public: bytes) -> None:
        """Issuer and serial number out of file 15, read by itself or carried in the FCI."""
        if len(public) >= 28:
            self.known["issuer8"], self.known["serial8"] = public[:8], public[12:20]

    def _from_psam(self, command: bytes, data: bytes) -> None:
        if command[1] == 0xFA:
            self.chained = command[2] == 0x05
        if command[1] in (0xFA, 0xC0) and data:
            self.psam_said = data
            if not self.chained:
                self.known["enciphered"] = data
        if command[1] == 0x70:
            self.begin = command
        if len(data) == 8 and (command[1] == 0x70 or (command[1] == 0xC0 and self.begin)):
            self.known["termseq4"], self.known["mac1"] = data[:4], data[4:]
            self.begin = b""
        if command[:4] == bytes.fromhex("00B09600") and len(data) == 6:
            self.known["terminal6"] = data

    def _opened(self, command: bytes, data: bytes) -> None:
        """The answer to an INIT: sequence, key version, algorithm, random stand at its end."""
        self.opening, self.begin = command, b""
        self.known.pop("mac1", None)
        self.known.pop("mac2", None)
        if command[1] == 0x28 and len(data) == 22:
            self._remember(data[14:16], data[16:])
        elif command[2] in (0x01, 0x02, 0x03) and len(data) == 15:
            self._remember(data[4:6], data[9:])
            self.known["type1"] = b"\x09" if command[2] == 0x03 else b"\x06" if command[3] == 0x02 else b"\x05"
        elif len(data) == 16:
            self._remember(data[4:6], data[6:12])
        if command[1] == 0x50:
            self.known["amount4"], self.known["terminal6"] = command[6:10], command[10:16]

    def _remember(self, sequence: bytes, rest: bytes) -> None:
        self.known |= {"seq2": sequence, "keyver1": rest[:1], "alg1": rest[1:2], "rand4": rest[2:6]}

    def _cipher(self, template: str) -> bytes:
        """EXTERNAL AUTHENTICATE: what the PSAM made, or else the host with the card's own key."""
        if self.psam_said:
            return self.psam_said[:8]
        challenge = self.challenges[-1] if self.challenges else bytes(8)
        key, value = self._key(Usage.EXTERNAL, int(template[6:8], 16))
        if template.startswith("0082") and template[8:10] == "08":
            return cryptogram.encrypt(value, challenge.ljust(key.algorithm.size, b"\0"), key.algorithm)[:8]
        said = template.rpartition("}")[2]
        source = bytes.fromhex(said) if len(said) == 16 else self.known["source8"]
        if key.hsm is not None:
            blocks = source_blocks(source, key.algorithm)
            return run(HsmKeys().cipher(key, self.order.factors, challenge[:8], blocks), self.card, hsm=self.hsm)[:8]
        return cryptogram.authentication(value, challenge[:8], source, key.algorithm)[:8]

    def _order_mac(self, template: str) -> bytes:
        """The MAC of an order of the issuer: the PSAM's, or the host's over the last challenge."""
        if self.psam_said:
            return self.psam_said[:4]
        key, value = self._key(Usage.MAINTENANCE)
        vector = secure.initial_vector(self.challenges[-1] if self.challenges else bytes(4), key.algorithm)
        header = bytes.fromhex(template[:8])
        return secure.mac(Command(*header), value, vector, key.algorithm)

    def _session(self, usage: Usage, tail: bytes) -> tuple[bytes, Block]:
        block = ALGORITHMS.get(self.known["alg1"][0], Block.TRIPLE_DES)
        _, value = self._key(usage, self.opening[5])
        return cryptogram.session_key(value, self.known["rand4"], self.known["seq2"], tail, block), block

    def _mac1(self, _: str) -> bytes:
        """MAC1 as a host with the purchase key makes it, for clients that ask no PSAM."""
        session, block = self._session(Usage.PURCHASE, self.known["termseq4"][2:])
        covered = self.known["amount4"] + self.known["type1"] + self.known["terminal6"] + MOMENT
        return cryptogram.mac(session, covered, block)

    def _mac2(self, _: str) -> bytes:
        """MAC2 of a load as the issuer makes it."""
        session, block = self._session(Usage.LOAD, bytes.fromhex("8000"))
        kind = b"\x02" if self.opening[3] == 0x02 else b"\x01"
        return cryptogram.mac(session, self.known["amount4"] + kind + self.known["terminal6"] + MOMENT, block)

    def _key(self, usage: Usage, kid: int | None = None) -> tuple[Key, bytes]:
        """The declared key in force where the card stands now, and its value on this card."""
        state = self.card.card.session.channels[0]
        node: Directory | None = state.directory if state is not None else None
        while node is not None:
            if (found := self._declared(node.declared, usage, kid)) is not None:
                return found
            node = node.parent
        raise Refused(Text(f"the card has no key for {usage} here", f"卡在此处没有用于 {usage} 的密钥"), usage=usage)

    def _declared(self, application: Application | None, usage: Usage, kid: int | None) -> tuple[Key, bytes] | None:
        if application is None:
            return None
        for key in application.keys:
            if key.usage is usage and kid in (None, key.kid):
                return key, self.order.key(application, key)
        return None
