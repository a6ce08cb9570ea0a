"""Cards in files: one image a card, with schema and version in it, journaled so that no write can be half done.

The first line is a snapshot; every commit of the card adds a line (`emulator.journal`). Opening an image writes it new
beside the old one and puts it in its place, so a journal never grows for ever.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cardstack
from cardstack.card.profile import Profile
from cardstack.card.profiles import PROFILES
from cardstack.errors import Malformed, Refused, oversized, problem
from cardstack.text import Text
from cardstack.vault import files
from emulator import factory, psam
from emulator.blueprint import Blueprint
from emulator.dice import Dice
from emulator.journal import IMAGE, LINE_MAX, entry, from_json, replayed, to_json
from emulator.slot import Listener, Slot
from emulator.state import Card, Memory, manufactured

SCHEMA: Final = 1
IMAGE_MAX: Final = 1 << 28
"""The most that is read of an image: a card of an hour's commits has a hundredth of it."""
NEWER = problem(
    "CS-1402",
    Text("The card image was written by a newer release (schema {schema})", "卡映像由更新的版本写入（结构版本 {schema}）"),
    Text("Open it with that release or a newer one.", "请使用该版本或更新的版本打开。"),
)
UNKNOWN_PROFILE = problem(
    "CS-1403",
    Text("The card image is of a profile that is not declared here: {profile}", "卡映像所用规范 {profile} 未在此声明"),
    Text(
        "List the profiles with `cardstack emulator profiles`; install the package that declares it.",
        "请用 `cardstack emulator profiles` 查看已有规范，或安装声明该规范的软件包。",
    ),
)


def image(card: Card) -> bytes:
    """The whole card as the first line of an image file; its session is not kept, as with any card without power."""
    said = {
        "cardstack-card": SCHEMA,
        "release": getattr(cardstack, "__version__", "0.1.0"),
        "profile": card.blueprint.profile,
        "factor": card.atr[-8:].hex(),
        "dice": {"seed": card.dice.seed.hex(), "count": card.dice.count},
        "memory": to_json(card.memory),
    }
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"


def restored(raw: bytes, profiles: Mapping[str, Profile] = PROFILES) -> Card:
    """The card of an image, powered up; a last commit that was cut off is as if it had never been asked for."""
    line, _, tail = raw.partition(b"\n")
    head = _head(line)
    blueprint, blank = _kind(head, profiles)
    dice = head.get("dice")
    if not isinstance(dice, dict) or not isinstance(dice.get("count"), int):
        raise Malformed(Text("the image says nothing of its random numbers", "映像未包含随机数状态"), IMAGE, field="dice")
    # What a later release declares and this card was never given stays blank.
    memory = replayed({**blank, **from_json(head.get("memory"))}, tail)
    return manufactured(blueprint, memory, Dice(_hex(dice.get("seed"), "seed"), dice["count"]))


def _head(line: bytes) -> dict[str, Any]:
    if len(line) > LINE_MAX:
        raise oversized("snapshot", LINE_MAX, len(line), IMAGE)
    try:
        head = json.loads(line)
    except (ValueError, RecursionError):
        raise Malformed(Text("the first line is no snapshot", "首行不是快照"), IMAGE, offset=0) from None
    if not isinstance(head, dict) or not isinstance(head.get("cardstack-card"), int):
        raise Malformed(Text("the first line does not say that it is a card", "首行未声明为卡片"), IMAGE, field="cardstack-card")
    if head["cardstack-card"] > SCHEMA:
        raise Refused(problem=NEWER, schema=head["cardstack-card"])
    return head


def _hex(text: Any, field: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        raise Malformed(Text(f"{field} is not hexadecimal", f"{field} 不是十六进制"), IMAGE, field=field) from None


def _kind(head: dict[str, Any], profiles: Mapping[str, Profile]) -> tuple[Blueprint, Memory]:
    """The blueprint that the image names, and its files before anything is written."""
    name = head.get("profile")
    if name == psam.BLUEPRINT.profile:
        return psam.BLUEPRINT, {}
    if not isinstance(name, str) or name not in profiles:
        raise Refused(problem=UNKNOWN_PROFILE, profile=str(name)[:40])
    factor = _hex(head.get("factor"), "factor")
    return factory.blueprint(profiles[name], factor), factory.blank(profiles[name])


def save(card: Card, path: Path) -> None:
    """A snapshot of the card in a file, put in place whole; the file is the owner's alone, for it holds keys."""
    files.write(path, image(card), secret=True)


def load(path: Path, profiles: Mapping[str, Profile] = PROFILES) -> Card:
    """The card of an image file, with every commit that was written whole."""
    with path.open("rb") as file:
        raw = file.read(IMAGE_MAX + 1)
    if len(raw) > IMAGE_MAX:
        raise Malformed(Text(f"an image has at most {IMAGE_MAX} bytes", f"映像至多 {IMAGE_MAX} 字节"), IMAGE, offset=IMAGE_MAX)
    return restored(raw, profiles)


class KeptSlot(Slot):
    """A slot whose card lives in an image file: what a command commits is on disk before its answer is given."""

    __slots__ = ("_path",)

    def __init__(self, path: Path, listener: Listener | None = None, profiles: Mapping[str, Profile] = PROFILES) -> None:
        # A journal keeps commits, not challenges: with fresh dice none of an earlier session comes again.
        card = replace(load(path, profiles), dice=Dice(os.urandom(16)))
        save(card, path)
        super().__init__(card, listener)
        self._path = path

    def __call__(self, raw: bytes) -> bytes:
        before = self.card
        said = super().__call__(raw)
        if self.card.memory is not before.memory:
            # Opened for each commit: a card may be pulled out and its file moved at any time, and nobody need close it.
            with self._path.open("ab") as file:
                memory = before.memory
                for after in self.card.commits:
                    file.write(entry(memory, after))
                    memory = after
                file.flush()
                os.fsync(file.fileno())
        return said
