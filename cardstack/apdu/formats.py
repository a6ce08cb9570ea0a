"""Traces in the forms that others write and read: pyscard, GlobalPlatformPro, pcscd's log, GSMTAP in pcap.

`Exchanged` (`apdu.trace`) is the one form of ours; everything here is text or bytes to and from it.
"""

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping

from cardstack.apdu import trace
from cardstack.apdu.trace import Exchanged
from cardstack.errors import Malformed, problem
from cardstack.text import Text

FOREIGN = problem(
    "CS-1121",
    Text("The file is no trace of the form {form}", "文件不是 {form} 格式的记录"),
    Text(
        "Say its form with --from: jsonl, pyscard, gp, pcscd or pcap.",
        "请用 --from 指明格式：jsonl、pyscard、gp、pcscd 或 pcap。",
    ),
)
PORT, SIM = 4729, 4
"""GSMTAP's UDP port, and its type for smart cards."""
MARK = 0xC5
"""Begins the header's word in which our captures say how long the command is."""
OUTGOING = frozenset({0x84, 0xB0, 0xB2, 0xC0, 0xCA, 0x5C, 0x5A})
"""Instructions whose fifth byte is Le: a capture has nothing between command and answer."""


def _spaced(digits: str) -> str:
    return " ".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def to_pyscard(records: Iterable[Exchanged]) -> bytes:
    """As pyscard's console observer prints: `> 00 A4 …`, `< … 90 0`."""
    lines = []
    for one in records:
        if not one.command:
            continue
        sw = " ".join(f"{int(half, 16):X}" for half in (one.sw[:2], one.sw[2:]))
        lines += [f">  {_spaced(one.command)}", f"<  {_spaced(one.answer[:-4]) or '[]'} {sw}"]
    return ("\n".join(lines) + "\n").encode()


def to_gp(records: Iterable[Exchanged]) -> bytes:
    """As GlobalPlatformPro prints with --debug: `A>> T=1 (4+0015) …`, `A<< (0018+2) …`."""
    lines = []
    for one in records:
        if not one.command:
            lines.append(f"# ATR {one.answer}")
            continue
        body = one.command[8:]
        head = f"{one.command[:8]} {body[:2]} {body[2:]}".rstrip()
        lines.append(f"A>> T=1 (4+{max(0, len(body) // 2 - 1):04d}) {head}")
        lines.append(f"A<< ({len(one.answer) // 2 - 2:04d}+2) (0ms) {one.answer[:-4]} {one.sw}".replace("  ", " "))
    return ("\n".join(lines) + "\n").encode()


def to_jsonl(records: Iterable[Exchanged]) -> bytes:
    """One JSON object a line."""
    return "".join(one.line() + "\n" for one in records).encode()


def to_gsmtap(records: Iterable[Exchanged]) -> bytes:
    """A pcap of GSMTAP packets (type 4, UDP 4729), which Wireshark dissects; masked digits become zeros.

    A packet has no border between command and answer. Ours have a fifth word in the header, which others skip by its length:
    C5 and the command's size. Wireshark's dissector knows short lengths alone, as T=0 has them, and calls a refused command
    that only asks (case 2) malformed.
    """
    packets = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)]
    for number, one in enumerate(one for one in records if one.command):
        payload = bytes.fromhex((one.command + one.answer).replace("*", "0"))
        border = MARK << 24 | len(one.command) // 2
        tap = struct.pack(">BBBBHbbIBBBBI", 2, 5, SIM, 0, 0, 0, 0, number, 0, 0, 0, 0, border) + payload
        datagram = struct.pack(">HHHH", PORT, PORT, 8 + len(tap), 0) + tap
        packet = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(datagram), number & 0xFFFF, 0, 64, 17, 0, 0x7F000001, 0x7F000001)
        packet = packet[:10] + _checksum(packet).to_bytes(2) + packet[12:] + datagram
        packets.append(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)
    return b"".join(packets)


def _checksum(header: bytes) -> int:
    total: int = sum(struct.unpack(">10H", header))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def from_jsonl(raw: bytes) -> Iterator[Exchanged]:
    """Our own form."""
    yield from trace.parse(_text(raw).splitlines())


def from_pyscard(raw: bytes) -> Iterator[Exchanged]:
    """What its console observer printed; the last two numbers are the status word."""
    command = ""
    for line in _text(raw).splitlines():
        said = line.strip()
        if said[:1] == ">":
            command = "".join(said[1:].split()).upper()
        elif said[:1] == "<" and command:
            *data, sw1, sw2 = said[1:].replace("[]", "").split()
            yield _record(command, "".join(data) + sw1.zfill(2) + sw2.zfill(2))
            command = ""


def from_gp(raw: bytes) -> Iterator[Exchanged]:
    """What GlobalPlatformPro printed."""
    yield from _paired(
        raw, re.compile(r"A>> .*?\(4\+\d+\) ([0-9A-Fa-f ]+)"), re.compile(r"A<< \(\d+\+2\)(?: \(.*?\))? ([0-9A-Fa-f ]+)")
    )


def from_pcscd(raw: bytes) -> Iterator[Exchanged]:
    """The APDU and SW lines of `pcscd --apdu`."""
    yield from _paired(raw, re.compile(r"APDU: ([0-9A-Fa-f ]+)"), re.compile(r"SW: ([0-9A-Fa-f ]+)"))


def _paired(raw: bytes, commands: re.Pattern[str], answers: re.Pattern[str]) -> Iterator[Exchanged]:
    command = ""
    for line in _text(raw).splitlines():
        asked, said = commands.search(line), answers.search(line)
        if asked:
            command = "".join(asked[1].split()).upper()
        elif said and command:
            yield _record(command, "".join(said[1].split()).upper())
            command = ""


def from_pcap(raw: bytes) -> Iterator[Exchanged]:
    """The GSMTAP packets of a capture on raw IP, Ethernet or Linux cooked links."""
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}.get(raw[:4])
    if order is None or len(raw) < 24:
        raise Malformed(Text("the file does not begin as a pcap", "文件开头不是 pcap 格式"), FOREIGN, form="pcap")
    link = {1: 14, 101: 0, 113: 16, 228: 0}.get(struct.unpack_from(order + "I", raw, 20)[0], 0)
    offset = 24
    while offset + 16 <= len(raw):
        size = struct.unpack_from(order + "I", raw, offset + 8)[0]
        packet = raw[offset + 16 + link : offset + 16 + size]
        offset += 16 + size
        tapped = _gsmtap(packet)
        if tapped is not None:
            yield _split(*tapped)


def _gsmtap(packet: bytes) -> tuple[bytes, int | None] | None:
    """The payload of a GSMTAP packet for smart cards and the size of its command where that is said; None for others."""
    if len(packet) < 44 or packet[9] != 17:
        return None
    udp = packet[(packet[0] & 0x0F) * 4 :]
    if len(udp) < 24 or PORT not in struct.unpack(">HH", udp[:4]) or udp[10] != SIM:
        return None
    word = udp[24:28] if udp[9] == 5 else b""
    return udp[8 + udp[9] * 4 :], int.from_bytes(word[1:]) if word[:1] == bytes((MARK,)) else None


def _split(payload: bytes, said: int | None) -> Exchanged:
    """Command and answer, by the size that is said, else as T=0 has them: a byte of length, then data or what is wanted."""
    size = 5 if said is None else said
    if said is None and len(payload) >= 5 and payload[1] not in OUTGOING:
        size = min(5 + payload[4], len(payload) - 2)
        answer = len(payload) - size - 2
        # A byte Le stands behind the data where the answer is one byte too long for its own length.
        if answer > 0 and payload[size] in (0, answer - 1):
            size += 1
    return _record(payload[:size].hex().upper(), payload[size:].hex().upper())


def _record(command: str, answer: str) -> Exchanged:
    if len(command) % 2 or len(answer) % 2 or len(answer) < 4 or len(command) < 8:
        raise Malformed(Text("a command or an answer is cut off", "命令或应答不完整"), FOREIGN, form="hexadecimal")
    channel = int(command[:2], 16) & 0x03
    return Exchanged("", "", channel, command, answer)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


WRITERS: Mapping[str, Callable[[Iterable[Exchanged]], bytes]] = {
    "jsonl": to_jsonl,
    "pyscard": to_pyscard,
    "gp": to_gp,
    "gsmtap": to_gsmtap,
}
READERS: Mapping[str, Callable[[bytes], Iterator[Exchanged]]] = {
    "jsonl": from_jsonl,
    "pyscard": from_pyscard,
    "gp": from_gp,
    "pcscd": from_pcscd,
    "pcap": from_pcap,
}


def guessed(raw: bytes) -> str:
    """Which form a file has, by how it begins."""
    if raw[:4] in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4"):
        return "pcap"
    text = _text(raw[:4096])
    signs = (("jsonl", "{"), ("pyscard", ">"), ("gp", "A>>"), ("pcscd", "APDU:"))
    first = text.lstrip()[:1]
    for form, sign in signs:
        if (form in ("jsonl", "pyscard") and first == sign) or (form in ("gp", "pcscd") and sign in text):
            return form
    return "jsonl"
