"""`cardstack settle party|node …`: who may owe and be owed, and who may sign."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cardstack.cli.inputs import content
from cardstack.cli.ledgers import Database, Json, now, one_of, open_ledger, table
from cardstack.cli.output import emit, language, words
from cardstack.errors import Refused, problem
from cardstack.text import Text

if TYPE_CHECKING:
    from server.store.values import Participant, RegisteredNode

party = typer.Typer(no_args_is_help=True, add_completion=False)
node = typer.Typer(no_args_is_help=True, add_completion=False)

REGISTERED = problem(
    "CS-9030",
    Text("It is registered already", "已登记"),
    Text(
        "Use another name; a party's limit changes by a request that another operator approves.",
        "请使用其他名称；参与方额度须经申请并由他人复核后变更。",
    ),
)
Zh = Annotated[str, typer.Option(help=words("its name in Chinese", "中文名称"))]
En = Annotated[str, typer.Option(help=words("its name in English; the Chinese one if empty", "英文名称，缺省同中文"))]


@party.command("add", help=words("Register a party that can owe and be owed", "登记参与方"))
def add_party(
    name: Annotated[str, typer.Argument(help=words("such as 31.medical-fund", "如 31.medical-fund"))],
    *,
    zh: Zh,
    en: En = "",
    account: Annotated[str, typer.Option(help=words("the bank account that pays and is paid", "收付款银行账户"))],
    limit_fen: Annotated[
        int | None,
        typer.Option(min=0, help=words("how much it may owe unsettled; without it no limit", "未结算应付限额（分），缺省不限")),
    ] = None,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Register a party; one that is there already is refused, because its account and limit are not one person's to change."""
    from cardstack.settlement.transaction import Party
    from cardstack.values import Fen
    from server.store.values import Participant

    limit = None if limit_fen is None else Fen(limit_fen)
    made = Participant(Party(name), Text(en or zh, zh), account, limit, now())
    with open_ledger(database) as store:
        if any(one.name == made.name for one in store.parties()):
            raise Refused("name", REGISTERED, field="name")
        store.register_party(made)
    emit(_party_data(made), as_json=as_json, render=lambda: print(words("registered", "已登记"), made.name))


@party.command("list", help=words("List the parties", "列出参与方"))
def list_parties(*, database: Database = "", as_json: Json = False) -> None:
    """List the parties."""
    from cardstack.values import yuan

    with open_ledger(database) as store:
        found = store.parties()
    rows = [
        (one.name, one.title.of(language()), one.account, "" if one.limit_fen is None else yuan(one.limit_fen)) for one in found
    ]
    titles = (words("party", "参与方"), words("name", "名称"), words("account", "账户"), words("limit", "额度（元）"))
    emit([_party_data(one) for one in found], as_json=as_json, render=lambda: table(titles, rows))


@node.command("add", help=words("Register a node that signs, by its certificate", "以证书登记接入节点"))
def add_node(
    name: Annotated[str, typer.Argument(help=words("such as 33.hospital.h33010600001", "如 33.hospital.h33010600001"))],
    certificate: Annotated[
        Path,
        typer.Argument(
            help=words("its certificate, DER or PEM; the subject is what counts", "节点证书（DER 或 PEM），以主体名称识别"),
            exists=True,
            dir_okay=False,
        ),
    ],
    *,
    role: Annotated[str, typer.Option(help="hub | province | hospital | operator")],
    zh: Zh,
    en: En = "",
    relays: Annotated[bool, typer.Option("--relays", help=words("it may hand in what others sent", "可代他方上送交易"))] = False,
    institution: Annotated[
        list[str] | None,
        typer.Option(
            help=words(
                "it sends under this institution's message ids, or those that begin so; several times; any if left out",
                "仅可使用该机构代码（或其前缀）开头的报文标识，可重复；缺省不限",
            )
        ),
    ] = None,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Register a node. Whether its certificate is trusted is decided anew at every envelope; here only its subject is read."""
    from cardstack.ca.certificate import Certificate
    from cardstack.settlement.transaction import Party
    from server.config import Role
    from server.store.values import RegisteredNode

    subject = str(Certificate.parse(content(certificate)).subject)
    made = RegisteredNode(
        Party(name),
        one_of(Role, role, "role").value,
        Text(en or zh, zh),
        subject,
        relays=relays,
        active=True,
        since=now(),
        institutions=tuple(institution or ()),
    )
    with open_ledger(database) as store:
        for one in store.nodes():
            if one.name == made.name or one.subject == subject:
                field = "name" if one.name == made.name else "certificate"
                raise Refused(field, REGISTERED, field=field)
        store.register_node(made)
    emit(_node_data(made), as_json=as_json, render=lambda: print(words("registered", "已登记"), made.name, made.subject))


@node.command("list", help=words("List the nodes", "列出接入节点"))
def list_nodes(*, database: Database = "", as_json: Json = False) -> None:
    """List the nodes."""
    with open_ledger(database) as store:
        found = store.nodes()
    states = {True: words("active", "启用"), False: words("suspended", "停用")}
    rows = [(one.name, one.role, one.title.of(language()), one.subject, states[one.active]) for one in found]
    titles = (words("node", "节点"), words("role", "角色"), words("name", "名称"), words("subject", "证书主体"), "")
    emit([_node_data(one) for one in found], as_json=as_json, render=lambda: table(titles, rows))


def _party_data(one: "Participant") -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title._asdict(),
        "account": one.account,
        "limit_fen": one.limit_fen,
        "since": one.since,
    }


def _node_data(one: "RegisteredNode") -> dict[str, Any]:
    return {
        "name": one.name,
        "role": one.role,
        "title": one.title._asdict(),
        "subject": one.subject,
        "relays": one.relays,
        "institutions": one.institutions,
        "active": one.active,
        "since": one.since,
    }
