"""模拟卡: the card images kept beside the data, each asked over APDUs what it says of itself; nothing is written to them."""

from pathlib import Path
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from cardstack.apdu import commands
from cardstack.apdu.script import Script, run
from cardstack.card.profile import Profile
from cardstack.card.profiles import PROFILES
from cardstack.card.reading import open_application, read_file
from cardstack.errors import CardstackError
from cardstack.text import Text
from cardstack.values import mask_number
from emulator import store as images
from emulator.slot import Slot
from server.console import listing
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import moment, services
from server.console.states import choices
from server.console.words import PROVINCE_CHOICES
from server.permissions import Pages, Permission

pages = Pages("emulated", __name__, url_prefix="/console/emulated")

MOST = 200
"""How many images are looked at."""
SSSE, ISSUER = "SSSE", 0xEF05
VERIFY_NOTHING = bytes.fromhex("00200000")
"""VERIFY without a PIN: the answer says how many tries are left, and no try is used up."""


def _folder() -> Path | None:
    home = services().home
    folder = home / "cards" if home else None
    return folder if folder is not None and folder.is_dir() else None


def _every() -> list[dict[str, Any]]:
    folder = _folder()
    return [_row(path) for path in sorted(folder.glob("*.card"))[:MOST]] if folder else []


def _row(path: Path) -> dict[str, Any]:
    row: dict[str, Any] = {"id": path.stem, "province": path.stem[:2], "profile": None, "title": None, "number": None}
    row |= {"until": None, "tries": None, "state": "card unreadable"}
    try:
        card = images.restored(path.read_bytes())
        profile = PROFILES[card.blueprint.profile]
        row |= {"profile": profile.name, "title": profile.title}
        row |= _said(Slot(card), profile)
    except (CardstackError, KeyError, OSError):
        return row
    return row


def _said(slot: Slot, profile: Profile) -> dict[str, Any]:
    """What the card says of itself: number, end, and how many tries its PIN has left."""
    issuer = run(_issuer(profile), slot)
    slot(bytes(commands.select_aid(profile.application(SSSE).aid)))
    answer = slot(VERIFY_NOTHING)
    tries = answer[-1] & 0x0F if answer[-2:-1] == b"\x63" else 0
    until = issuer.valid_until
    expired = until < moment().date()
    return {
        "number": mask_number(issuer.number),
        "until": until,
        "tries": tries,
        "state": "card expired" if expired else "card ready" if tries else "card blocked",
    }


def _issuer(profile: Profile) -> Script[Any]:
    yield from open_application(profile, SSSE)
    return (yield from read_file(profile.file(SSSE, ISSUER)))


def _rows(query: Query) -> Slice:
    where = query.where
    found = [
        one
        for one in _every()
        if (query.scope is None or one["province"] in query.scope)
        and where.get("province") in {None, one["province"]}
        and where.get("state") in {None, str(one["state"]).removeprefix("card ")}
    ]
    return listing.part_of(found, query, key=lambda one: str(one["id"]), row=dict)


LISTING = Listing(
    name="emulated",
    title=Text("Emulated cards", "模拟卡"),
    about=Text(
        "Card images kept beside the data, with test keys. Their state is asked over APDUs and changes nothing.",
        "保存在数据目录中的卡映像，使用测试密钥；状态通过 APDU 查询，不改变卡片。",
    ),
    empty=Text(
        "No emulated card; put card files into the folder cards beside the data.",
        "暂无模拟卡；请将卡文件放入数据目录的 cards 文件夹。",
    ),
    columns=(
        Column("id", Text("Card", "卡片"), "code"),
        Column("province", Text("Province", "省份"), "province"),
        Column("profile", Text("Profile", "卡片规范"), "id", link=lambda row: url_for("cards.show", name=row["profile"])),
        Column("title", Text("Name", "名称"), "wide"),
        Column("number", Text("Card number", "社会保障卡卡号"), "code"),
        Column("until", Text("Valid until", "有效期至"), "day"),
        Column("tries", Text("PIN tries left", "PIN 剩余次数"), "count"),
        Column("state", Text("State", "状态"), "state"),
    ),
    filters=(
        Filter("province", Text("Province", "省份"), "choice", choices=PROVINCE_CHOICES),
        Filter("state", Text("State", "状态"), "choice", choices=choices("ready", "expired", "blocked", "unreadable", of="card")),
    ),
    fetch=_rows,
)


@pages.page("/", needs=Permission.CARD_READ)
def index() -> ResponseReturnValue:
    """Every card image."""
    return listing.show(LISTING)
