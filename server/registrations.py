"""Entering participants and nodes, each asked for by one person and decided by two others: who may owe, and who may sign."""

from collections.abc import Mapping
from typing import Any, Final

from cardstack.ca.certificate import Certificate
from cardstack.errors import Malformed, faulty
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from cardstack.values import Fen
from server.approvals import Kind, Request
from server.forms import FIELD, Field, Shape
from server.means import Change, Draft, Means, two
from server.permissions import Permission
from server.store import registering
from server.store.values import Participant, RegisteredNode

ROLES: Final[tuple[tuple[str, Text], ...]] = (
    ("hub", Text("hub", "区域枢纽")),
    ("province", Text("province", "省级节点")),
    ("hospital", Text("hospital", "医疗机构")),
    ("operator", Text("operator", "运营单位")),
)
"""What a node is to the others (server.config.Role)."""
YES: Final = "yes"


def _party_draft(told: Mapping[str, Any], means: Means) -> Draft:
    name = _named("party", told["party"])
    with means.ledger.view() as view:
        registering.check_new_party(view, name)
    payload = {**told, "party": name, "title_en": told["title_en"] or told["title_zh"]}
    return Draft("party-new", name.province, name, payload, Fen(told["limit_fen"] or 0))


def _party(request: Request, means: Means) -> str:
    """Enter a participant, who may owe and be owed from then on."""
    told = request.payload
    limit = None if told["limit_fen"] is None else Fen(told["limit_fen"])
    title = Text(told["title_en"], told["title_zh"])
    made = Participant(Party(told["party"]), title, told["account"], limit, means.at)
    means.ledger.desk.add_party(made, two(request), now=means.at)
    return str(made.name)


def _node_draft(told: Mapping[str, Any], means: Means) -> Draft:
    """What stands in the payload of the certificate is its subject, which counts, and what tells people which one was seen."""
    name, seen = _named("node", told["node"]), _certificate(told["certificate"])
    subject = str(seen.subject)
    with means.ledger.view() as view:
        registering.check_new_node(view, name, subject)
    payload = {
        "node": name,
        "title_zh": told["title_zh"],
        "title_en": told["title_en"] or told["title_zh"],
        "role": told["role"],
        "subject": subject,
        "issuer": str(seen.issuer),
        "valid_until": seen.valid_until.isoformat(),
        "fingerprint": seen.fingerprint,
        "relays": told["relays"],
        "institutions": " ".join(dict.fromkeys((told["institutions"] or "").split())),
    }
    _made(payload, means)
    return Draft("node-new", name.province, name, payload)


def _node(request: Request, means: Means) -> str:
    """Enter a node; whether its certificate is trusted is decided anew at every envelope."""
    made = _made(request.payload, means)
    means.ledger.desk.add_node(made, two(request), now=means.at)
    return str(made.name)


def _made(told: Mapping[str, Any], means: Means) -> RegisteredNode:
    return RegisteredNode(
        Party(told["node"]),
        told["role"],
        Text(told["title_en"], told["title_zh"]),
        told["subject"],
        relays=told["relays"] == YES,
        active=True,
        since=means.at,
        institutions=tuple(told["institutions"].split()),
    )


def _named(field: str, told: str) -> Party:
    try:
        return Party(told)
    except Malformed as error:
        raise Malformed(error.told, error.problem, field=field) from None


def _certificate(told: str) -> Certificate:
    try:
        return Certificate.parse(told.strip().encode())
    except Malformed:
        raise faulty("certificate", "a certificate in PEM is expected", "应为 PEM 格式的证书", FIELD) from None


_ZH: Final = Field("title_zh", Text("Name in Chinese", "中文名称"))
_EN: Final = Field(
    "title_en", Text("Name in English", "英文名称"), optional=True, hint=Text("empty: the Chinese one", "留空同中文名称")
)
_NAME: Final = Text("two digits of the province, a dot and a role in lower case", "两位省份代码、点号与小写角色")
CHANGES: Final = (
    Change(
        Kind(
            "party-new",
            Text("Register a participant", "参与方登记"),
            Permission.PARTICIPANT_REQUEST,
            Fen(0),
            fields=(
                Field("party", Text("Participant, such as 31.medical-fund", "参与方编号（如 31.medical-fund）"), hint=_NAME),
                _ZH,
                _EN,
                Field("account", Text("Bank account that pays and is paid", "收付款账户")),
                Field(
                    "limit_fen", Text("Limit in fen; empty is without limit", "额度（分），留空为不限"), Shape.FEN, optional=True
                ),
            ),
        ),
        _party,
        _party_draft,
    ),
    Change(
        Kind(
            "node-new",
            Text("Register a node", "接入节点登记"),
            Permission.PARTICIPANT_REQUEST,
            Fen(0),
            fields=(
                Field(
                    "node", Text("Node, such as 33.hospital.h33010600001", "节点编号（如 33.hospital.h33010600001）"), hint=_NAME
                ),
                _ZH,
                _EN,
                Field("role", Text("Role", "类别"), Shape.CHOICE, ROLES),
                Field(
                    "relays",
                    Text("Relays for others", "可转发"),
                    Shape.CHOICE,
                    (
                        ("no", Text("no: only what it sends itself", "否（仅报送本方报文）")),
                        (YES, Text("yes", "是（可代他方上送）")),
                    ),
                ),
                Field(
                    "institutions",
                    Text("Message ids of these institutions", "可用报文机构"),
                    optional=True,
                    hint=Text(
                        "codes or how they begin, with spaces between; empty is any", "机构代码或其前缀，空格分隔；留空为不限"
                    ),
                ),
                Field(
                    "certificate",
                    Text("Its certificate, PEM", "节点证书（PEM）"),
                    Shape.LONG,
                    hint=Text(
                        "its subject is what the node is known by; trust is checked at every message",
                        "以证书主体识别节点；每份报文均重新验证其证书",
                    ),
                ),
            ),
        ),
        _node,
        _node_draft,
    ),
)
