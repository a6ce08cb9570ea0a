"""What the card commands do, as data: files with titles in both languages, masked unless asked otherwise."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cardstack.apdu.message import StatusError
from cardstack.apdu.script import Script
from cardstack.card import proving
from cardstack.card.gathering import NOT_PROVEN, Gathered, basics, everything, gather, logs
from cardstack.card.keys import Factors, Usage
from cardstack.card.layout import File, pack
from cardstack.card.profile import Application, Pin
from cardstack.card.profiles.social import AID
from cardstack.card.reading import open_application, read_issuer
from cardstack.card.view import Row, rows
from cardstack.card.view import as_data as content_data
from cardstack.cli.output import as_data, words
from cardstack.errors import CardstackError, Malformed
from cardstack.readers import pinpad
from cardstack.text import Text
from cardstack.vault import files
from emulator.opening import Opened, need_keys

NOT_THERE = (0x6A82, 0x6A83, 0x6A88)
"""File, record or object not found (ISO/IEC 7816-4 §5.6)."""


PAD = "pad"
"""How a PIN is given that is typed on the reader's own keys; `pad:6` says how many digits, where the reader wants to know."""


def pad_digits(pin: str | None) -> int | None:
    """How many digits `pad:N` names, 0 for `pad` alone; None for what is no word about a pad.

    >>> pad_digits("pad"), pad_digits("pad:6"), pad_digits("123456")
    (0, 6, None)
    """
    word, colon, digits = (pin or "").partition(":")
    if word != PAD:
        return None
    if colon and not (digits.isascii() and digits.isdigit() and 4 <= int(digits) <= 16):
        raise Malformed(Text("pad:N has 4 to 16 digits", "pad:N 的位数为 4 至 16"), field="PIN")
    return int(digits or 0)


def at_pad(opened: Opened, pin: str | None) -> bool:
    """Whether the PIN is typed at the reader; then the partner for it is there, and the holder is told when."""
    digits = pad_digits(pin)
    if digits is None:
        return False

    def told() -> None:
        print(words("Type the PIN at the reader.", "请在读卡器键盘上输入密码。"), file=sys.stderr, flush=True)

    pinpad.need_keys(opened.reader)
    opened.partners["pad"] = pinpad.partner(opened.reader, (digits, digits) if digits else None, told)
    return True


def read_card(
    opened: Opened, name: str | None, pin: str | None, *, every: bool, unmasked: bool, saved: Mapping[int, Path | None]
) -> dict[str, Any]:
    """The card as data; transparent files of the social security application that are to be kept go to their paths."""
    kind, pad = opened.kind(name), at_pad(opened, pin)
    kept = {fid for fid, path in saved.items() if path}

    def wanted(application: Application, file: File) -> bool:
        return (everything if every else basics)(application, file) or (application.name == "SSSE" and file.fid in kept)

    gathered = opened.run(gather(kind, wanted, pin=None if pad else pin, terminal=opened.terminal, pad=pad))
    for one in gathered:
        path = saved.get(one.file.fid) if one.application.name == "SSSE" else None
        if path and one.refused:
            raise one.refused
        if path:
            files.write(path, pack(one.content).rstrip(b"\0\xff"), secret=True)
    issuer, holder = (_plain(gathered, fid, unmasked=unmasked) for fid in (0xEF05, 0xEF06))
    return {
        "reader": opened.reader.name,
        "atr": opened.reader.atr.hex().upper(),
        "profile": kind.name,
        "title": kind.title._asdict(),
        "version": kind.version,
        "region": issuer.get("identifier", "")[:6] if issuer else None,
        "issuer": issuer,
        "holder": holder,
        "masked": not unmasked,
        "missing": missing(gathered),
        "files": [file_data(one, unmasked=unmasked) for one in gathered],
    }


def missing(gathered: Sequence[Gathered]) -> list[dict[str, Any]]:
    """What was to be read and was not, or not as declared, and why.

    A file beyond the basics is asked for only as far as the proofs at hand and the card itself have it.
    """
    found = []
    for one in gathered:
        place = {"application": one.application.name, "file": f"{one.file.fid:04X}", "title": one.file.name._asdict()}
        if one.refused and not (_beyond(one.refused) and not basics(one.application, one.file)):
            found.append({**place, "error": as_data(one.refused)})
        found += [{**place, "field": each.field, "differs": each.what._asdict()} for each in one.deviations]
    return found


def _beyond(refused: CardstackError) -> bool:
    """Whether the file is one that this terminal cannot open, or this card does not have."""
    return refused.problem is NOT_PROVEN or (isinstance(refused, StatusError) and refused.sw in NOT_THERE)


def read_logs(opened: Opened, name: str | None, pin: str | None) -> dict[str, Any]:
    """Every log as data."""
    kind, pad = opened.kind(name), at_pad(opened, pin)
    gathered = opened.run(gather(kind, logs, pin=None if pad else pin, terminal=opened.terminal, pad=pad))
    return {
        "profile": kind.name,
        "missing": missing(gathered),
        "logs": [
            {**file_data(replace(one, content=None), unmasked=True), "records": content_data(one.content or (), unmasked=True)}
            for one in gathered
        ],
    }


def opened_social(opened: Opened) -> None:
    """Select the social security application, whatever the generation."""
    opened.run(_select())


def _select() -> Script[None]:
    from cardstack.apdu.commands import select_aid
    from cardstack.apdu.script import ask

    (yield from ask(select_aid(AID))).require()


def verified(opened: Opened, pin: str) -> None:
    """VERIFY in the social security application, with what was given or what is typed at the reader."""
    opened_social(opened)
    if at_pad(opened, pin):
        opened.run(proving.verify_at_pad(Pin().shortest, Pin().longest))
    else:
        opened.run(proving.verify_pin(pin))


def unblock_card(opened: Opened, name: str | None, new: str | None) -> None:
    """Prove the unblocking key; then the PIN counts again, or is a new one."""
    kind, keys = opened.kind(name), need_keys(opened)
    issuer = opened.run(read_issuer(kind))
    factors = Factors(issuer.region, opened.factor)
    application = next(one for one in kind.applications if any(key.usage is Usage.RELOAD for key in one.keys))
    opened.run(open_application(kind, application.name))
    puk = application.key_named("PUK")
    stk = next(key for key in application.keys if key.usage is Usage.RELOAD)
    assert puk is not None
    script = proving.reload_pin(puk, stk, factors, keys, new) if new else proving.unblock_pin(puk, stk, factors, keys)
    opened.run(script)


def file_data(one: Gathered, *, unmasked: bool) -> dict[str, Any]:
    """One file: where it is, its fields, or why it was not read.

    Unmasked it has the digest by which another province is asked about the record; of masked fields that would tell too much.
    """
    from cardstack.settlement.services.records import content_digest

    return {
        "application": one.application.name,
        "file": f"{one.file.fid:04X}",
        "title": one.file.name._asdict(),
        "error": as_data(one.refused) if one.refused else None,
        "deviations": [{"field": each.field, **each.what._asdict()} for each in one.deviations],
        "fields": [_row(row) for row in rows(one.content, unmasked=unmasked)] if one.content is not None else [],
        "content_sha256": content_digest(one.records) if unmasked and one.records else None,
    }


def _row(row: Row) -> dict[str, Any]:
    return {"tag": row.tag or None, "title": row.name._asdict(), "value": row.value, "meaning": row.meaning or None}


def _plain(gathered: tuple[Gathered, ...], fid: int, *, unmasked: bool) -> Any:
    """Name and value of each field of one file of the social security application."""
    one = next((one for one in gathered if one.application.name == "SSSE" and one.file.fid == fid), None)
    return content_data(one.content, unmasked=unmasked) if one and one.content is not None else None
