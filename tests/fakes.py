"""The smallest cards that tests of readers need; the real ones are in `emulator`."""

import threading

ATR = bytes.fromhex("3B6D000000814E43238697159900BF7C7A")
OTHER_ATR = bytes.fromhex("3B6D000000904A3001866033110000048A")
RECORD = bytes.fromhex("00B2010420")
CONTENT = bytes(range(32))


class FakeCard:
    """READ RECORD gives 32 bytes, SELECT leaves a mark that a reset wipes out, anything else is 6D00."""

    def __init__(self, atr: bytes = ATR) -> None:
        self.atr = atr
        self.selected = False
        self.resets = 0
        self.commands: list[bytes] = []

    def reset(self) -> None:
        self.selected = False
        self.resets += 1

    def __call__(self, command: bytes) -> bytes:
        self.commands.append(command)
        if command[1] == 0xA4:
            self.selected = True
            return b"\x90\x00"
        if command[1] == 0xB2:
            return CONTENT + b"\x90\x00"
        if command[1] == 0x20:
            return b"\x90\x00" if command[5:] == bytes.fromhex("123456") else b"\x63\xc2"
        return b"\x6d\x00"


class TornCard(FakeCard):
    """Loses power in the middle of a command."""

    def __call__(self, _: bytes) -> bytes:
        return b""


class BrokenCard(FakeCard):
    """Raises what no card should."""

    def __call__(self, _: bytes) -> bytes:
        raise RuntimeError("a card of a test")


class MuteCard(FakeCard):
    """Says nothing until the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()

    def __call__(self, _: bytes) -> bytes:
        self.release.wait(20)
        return b"\x90\x00"
