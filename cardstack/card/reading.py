"""Reading a card as scripts: files by their declaration, issuer, holder, version, and what kind of card it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cardstack import tlv
from cardstack.apdu import commands
from cardstack.apdu.script import Script, ask
from cardstack.card.keys import Factors
from cardstack.card.layout import File, Form, items
from cardstack.card.profile import Application, Profile
from cardstack.card.profiles.pki import der_length
from cardstack.card.profiles.social import AID, FirstHolder, Holder, Issuer
from cardstack.card.proving import KeySource, external_authenticate
from cardstack.card.salvage import Salvaged, salvage
from cardstack.errors import Malformed, Refused, problem
from cardstack.text import Text

CHUNK = 0xF0
"""Bytes of one READ BINARY, as the field does it."""

NO_CARD_APPLICATION = problem(
    "CS-1220",
    Text(
        "This is no social security card: neither its application nor EF05 in the master file was found",
        "不是社会保障卡：未找到社保应用，主文件下也没有 EF05",
    ),
    Text("Check that the right card lies on the right reader.", "请确认卡片及读卡器是否正确。"),
)


def select(application: Application) -> Script[bytes]:
    """Select an application by name, or by identifier where it has no name; its FCI."""
    chosen = commands.select_aid(application.aid) if application.aid else commands.select_file(application.fid or 0x3F00)
    return (yield from ask(chosen)).require()


def open_application(profile: Profile, name: str) -> Script[None]:
    """Select an application of a profile, its parent first where it lies in one."""
    application = profile.application(name)
    if profile.has(application.parent) and application.parent != profile.root:
        yield from select(profile.application(application.parent))
    if name != profile.root:
        yield from select(application)


def read_file(file: File) -> Script[Any]:
    """One file of the current application, as the content its declaration gives."""
    if file.form in (Form.TRANSPARENT, Form.INTERNAL):
        return file.decode(((yield from _read_bytes(file)),))
    if file.form is Form.CYCLIC:
        return file.decode((yield from _read_log(file)))
    sizes = [item.size for item in items(file.body).values() for _ in range(item.times)]
    records = []
    for number, size in enumerate(sizes, start=1):
        records.append((yield from ask(commands.read_record(file.sfi, number, size))).require())
    return file.decode(records)


def read_loosely(file: File) -> Script[Salvaged]:
    """As much of a file as can be read, with every difference from its declaration; the same commands as `read_file`."""
    if file.form in (Form.TRANSPARENT, Form.INTERNAL, Form.CYCLIC):
        return Salvaged((yield from read_file(file)))
    sizes = [item.size for item in items(file.body).values() for _ in range(item.times)]
    records = []
    for number, size in enumerate(sizes, start=1):
        answer = yield from ask(commands.read_record(file.sfi, number, size))
        if number > 1 and answer.sw == 0x6A83:
            break
        records.append(answer.require())
    return salvage(file, records)


def _read_bytes(file: File) -> Script[bytes]:
    """A transparent file in parts; the declaration alone says how many."""
    (yield from ask(commands.select_file(file.fid))).require()
    content = b""
    for offset in range(0, file.size, CHUNK):
        size = min(CHUNK, file.size - offset)
        part = (yield from ask(commands.read_binary(offset, size))).require()
        if len(part) != size:
            raise Malformed(
                Text(
                    f"{file.fid:04X}: {size} bytes asked for at offset {offset}, got {len(part)}",
                    f"{file.fid:04X}：在偏移 {offset} 处请求 {size} 字节，实得 {len(part)} 字节",
                ),
                offset=offset,
            )
        content += part
    return content


def _read_log(file: File) -> Script[list[bytes]]:
    """The records of a cyclic file, newest first, up to the first that is not there."""
    records: list[bytes] = []
    for number in range(1, file.records + 1):
        answer = yield from ask(commands.read_record(file.sfi, number, file.size))
        if answer.sw == 0x6A83:
            break
        records.append(answer.require())
    return records


def read_issuer(profile: Profile) -> Script[Issuer]:
    """EF05 of the social security application."""
    yield from open_application(profile, "SSSE")
    issuer: Issuer = yield from read_file(profile.file("SSSE", 0xEF05))
    return issuer


def read_city(profile: Profile) -> Script[str]:
    """The city that a card's keys are diversified by: the first six digits of its identification code, record 1 of EF05.

    The social security application is current.
    """
    file = profile.file("SSSE", 0xEF05)
    item = items(file.body)["identifier"]
    record = (yield from ask(commands.read_record(file.sfi, 1, item.size))).require()
    return str(item.codec.decode(record[2:]))[:6]


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a terminal brings to a protected file: a key source and the card's factor (last eight bytes of the ATR)."""

    keys: KeySource
    card: bytes


def read_holder(profile: Profile, terminal: Terminal | None = None) -> Script[Holder | FirstHolder]:
    """EF06 of the social security application; generation 3 gives it only to a terminal that proves RKSSSE."""
    yield from open_application(profile, "SSSE")
    file = profile.file("SSSE", 0xEF06)
    if terminal is not None and not file.read.allows(frozenset()):
        factors = Factors((yield from read_city(profile)), terminal.card)
        yield from external_authenticate(profile.key("SSSE", "RKSSSE"), factors, terminal.keys)
    holder: Holder | FirstHolder = yield from read_file(file)
    return holder


def read_certificate(profile: Profile, fid: int = 0x0018) -> Script[bytes]:
    """The holder's certificate from the PKI application, DER; empty where none was written."""
    yield from open_application(profile, "PKI-ADF1")
    file = profile.file("PKI-ADF1", fid)
    (yield from ask(commands.select_file(file.fid))).require()
    content = (yield from ask(commands.read_binary(0, CHUNK))).require()
    size = min(der_length(content), file.size)
    for offset in range(CHUNK, size, CHUNK):
        content += (yield from ask(commands.read_binary(offset, min(CHUNK, size - offset)))).require()
    if len(content) < size:
        raise Malformed(
            Text(
                f"{file.fid:04X}: the certificate has {size} bytes, {len(content)} came",
                f"{file.fid:04X}：证书有 {size} 字节，读到 {len(content)} 字节",
            ),
            field="certificate",
        )
    return content[:size]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a card says of itself before anything is proved."""

    version: str
    algorithm: int
    """Third byte of the FCI's issuer data: 1 DES, 2 SSF33, 3 SM4; 1 where it says nothing."""
    in_master_file: bool


def detect() -> Script[Kind]:
    """Version and algorithm of a social security card; old Shanghai cards keep EF05 in the master file."""
    answer = yield from ask(commands.select_aid(AID))
    in_master_file = answer.sw == 0x6A82
    if in_master_file:
        yield from ask(commands.select_file(0x3F00))
    elif answer.sw != 0x9000:
        answer.require()
    version = yield from ask(commands.read_record(5, 3, 6))
    if in_master_file and version.sw != 0x9000:
        raise Refused(problem=NO_CARD_APPLICATION, sw=f"{version.sw:04X}")
    text = version.require()[2:].decode("ascii", errors="replace")
    return Kind(text, _algorithm(answer.data), in_master_file)


def _algorithm(fci: bytes) -> int:
    try:
        data = tlv.find(fci, 0x6F, 0xA5, 0x9F0C) or b""
    except Malformed:
        return 1
    return data[2] if len(data) == 3 and data[0] == 0x86 else 1


def fitting(kind: Kind, profiles: Mapping[str, Profile]) -> Profile:
    """The first declared profile that fits what a card says of itself."""
    for one in profiles.values():
        same_place = one.has("SSSE") and bool(one.aid) != kind.in_master_file
        if same_place and one.version == kind.version:
            return one
    raise Refused(problem=NO_CARD_APPLICATION, version=kind.version)
