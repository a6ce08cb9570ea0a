"""Changes of card lists: cards added and removed, or an earlier version restored, published as the next version."""

from collections.abc import Mapping
from typing import Any, Final

from cardstack.errors import faulty
from cardstack.settlement.bulk.list_file import key
from cardstack.settlement.transit.lists import Kind as ListKind
from cardstack.text import Text
from server.approvals import Kind, Request
from server.forms import FIELD, Field, Shape
from server.means import Change, Draft, Means, two
from server.permissions import EVERYWHERE, Permission

NAMES: Final[Mapping[ListKind, Text]] = {
    ListKind.BLACK: Text("black: refused", "黑名单（拒绝）"),
    ListKind.GREY: Text("grey: looked at", "灰名单（核查）"),
    ListKind.WHITE: Text("white: trusted", "白名单（信任）"),
}
LINES: Final = Text(
    "a line each: issuer, a dot, card number or a prefix ending in *", "每行一项：发卡机构.卡号，或以 * 结尾的号段前缀"
)


def _draft(told: Mapping[str, Any], means: Means) -> Draft:
    here = means.ledger.desk.card_list(ListKind(told["kind"]))
    add, remove = _keys(told["add"], "add"), _keys(told["remove"], "remove")
    if told["restore"] is not None:
        if add or remove:
            raise faulty("restore", "a version, or cards", "恢复版本与增删卡号只能选一", FIELD)
        older = here.rolled_back(told["restore"]).cards
        add, remove = older - here.cards, here.cards - older
    if add & remove:
        raise faulty("remove", "a card is added or removed, not both", "同一卡号不得既增又删", FIELD)
    if not add and not remove:
        raise faulty("add", "nothing changes", "没有变更", FIELD)
    payload = {**told, "add": sorted(add), "remove": sorted(remove), "version_before": here.version}
    return Draft("card-list", EVERYWHERE, told["kind"], payload)


def _publish(request: Request, means: Means) -> str:
    """Publish the next version of the list."""
    told = request.payload
    update = means.ledger.desk.publish_list(
        ListKind(told["kind"]), frozenset(told["add"]), frozenset(told["remove"]), two(request), now=means.at
    )
    return f"{update.kind} {update.version}"


def _keys(told: str | None, field: str) -> frozenset[str]:
    return frozenset(key(line.strip(), field) for line in (told or "").splitlines() if line.strip())


CHANGES: Final = (
    Change(
        Kind(
            "card-list",
            Text("Card list", "卡名单"),
            Permission.BLACKLIST_REQUEST,
            fields=(
                Field("kind", Text("List", "名单"), Shape.CHOICE, tuple((kind.value, name) for kind, name in NAMES.items())),
                Field("add", Text("Cards to add", "新增"), Shape.LONG, optional=True, hint=LINES),
                Field("remove", Text("Cards to remove", "移除"), Shape.LONG, optional=True, hint=LINES),
                Field("restore", Text("Or the version to go back to", "或恢复到的版本"), Shape.NUMBER, optional=True, least=1),
            ),
        ),
        _publish,
        _draft,
    ),
)
