"""What the card commands do, as data: files with titles in both languages, masked unless asked otherwise."""

from dataclasses import fields
from datetime import date, datetime
from typing import Any

from cardstack.apdu.script import Script
from cardstack.card import proving
from cardstack.card.gathering import Gathered, basics, everything, gather, logs
from cardstack.card.keys import Factors, Usage
from cardstack.card.layout import items
from cardstack.card.profile import Profile
from cardstack.card.profiles import PROFILES, profile
from cardstack.card.profiles.social import AID
from cardstack.card.reading import Terminal, detect, fitting, open_application, read_issuer
from cardstack.cli.opening import Opened, need_keys
from cardstack.values import mask_name, mask_number


def kind_of(opened: Opened, name: str | None) -> Profile:
    """The profile asked for, the one an emulated card was made of, or what the card says of itself."""
    if name:
        return profile(name)
    kind, _, rest = opened.reader.name.partition(":")
    if kind == "emu" and rest in PROFILES:
        return profile(rest)
    return fitting(opened.run(detect()), PROFILES)


def terminal(opened: Opened) -> Terminal | None:
    """What this terminal can prove with; None without keys."""
    return Terminal(opened.keys, opened.factor) if opened.keys is not None else None


def read_card(opened: Opened, name: str | None, pin: str | None, *, every: bool, unmasked: bool) -> dict[str, Any]:
    """The card as data."""
    kind = kind_of(opened, name)
    wanted = everything if every else basics
    gathered = opened.run(gather(kind, wanted, pin=pin, terminal=terminal(opened)))
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
        "files": [as_data(one, unmasked=unmasked) for one in gathered],
    }


def read_logs(opened: Opened, name: str | None, pin: str | None) -> dict[str, Any]:
    """Every log as data."""
    kind = kind_of(opened, name)
    gathered = opened.run(gather(kind, logs, pin=pin, terminal=terminal(opened)))
    return {
        "profile": kind.name,
        "logs": [{**_head(one), "records": [_rows(record, unmasked=True) for record in one.content or ()]} for one in gathered],
    }


def opened_social(opened: Opened) -> None:
    """Select the social security application, whatever the generation."""
    opened.run(_select())


def _select() -> Script[None]:
    from cardstack.apdu.commands import select_aid
    from cardstack.apdu.script import ask

    (yield from ask(select_aid(AID))).require()


def unblock_card(opened: Opened, name: str | None, new: str | None) -> None:
    """Prove the unblocking key; then the PIN counts again, or is a new one."""
    kind, keys = kind_of(opened, name), need_keys(opened)
    issuer = opened.run(read_issuer(kind))
    factors = Factors(issuer.region, opened.factor)
    application = next(one for one in kind.applications if any(key.usage is Usage.RELOAD for key in one.keys))
    opened.run(open_application(kind, application.name))
    puk = application.key_named("PUK")
    stk = next(key for key in application.keys if key.usage is Usage.RELOAD)
    assert puk is not None
    script = proving.reload_pin(puk, stk, factors, keys, new) if new else proving.unblock_pin(puk, stk, factors, keys)
    opened.run(script)


def as_data(one: Gathered, *, unmasked: bool) -> dict[str, Any]:
    """One file: where it is, its fields, or why it was not read."""
    content = one.content
    if isinstance(content, tuple):
        return {**_head(one), "fields": [], "records": [_rows(record, unmasked=unmasked) for record in content]}
    return {**_head(one), "fields": _rows(content, unmasked=unmasked) if content is not None else []}


def _head(one: Gathered) -> dict[str, Any]:
    return {
        "application": one.application.name,
        "file": f"{one.file.fid:04X}",
        "title": one.file.name._asdict(),
        "error": f"{one.refused.code} {one.refused.title.en}" if one.refused else None,
    }


def _rows(content: Any, *, unmasked: bool) -> list[dict[str, Any]]:
    """The fields of a body in record order."""
    return [
        {
            "tag": f"{item.tag:02X}" if item.tag is not None else None,
            "name": name,
            "title": item.name._asdict(),
            "value": shown(getattr(content, name), personal=item.personal and not unmasked),
        }
        for name, item in items(type(content)).items()
    ]


def shown(value: Any, *, personal: bool) -> Any:
    """A value as JSON; personal ones keep their ends."""
    if isinstance(value, tuple):
        return [shown(one, personal=personal) for one in value]
    if hasattr(value, "__dataclass_fields__"):
        return {one.name: shown(getattr(value, one.name), personal=personal) for one in fields(value)}
    if isinstance(value, bytes):
        return f"{len(value)} bytes" if personal else value.hex().upper()
    if isinstance(value, datetime | date):
        return value.isoformat()[:4] + "-**-**" if personal else value.isoformat()
    if isinstance(value, str) and personal:
        return mask_number(value) if value.isascii() else mask_name(value)
    return value


def _plain(gathered: tuple[Gathered, ...], fid: int, *, unmasked: bool) -> dict[str, Any] | None:
    """Name and value of each field of one file of the social security application."""
    one = next((one for one in gathered if one.application.name == "SSSE" and one.file.fid == fid), None)
    if one is None or one.content is None:
        return None
    return {row["name"]: row["value"] for row in _rows(one.content, unmasked=unmasked)}
