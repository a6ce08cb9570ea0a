"""操作员与角色: who may do what, where; each change of it is a request that another decides."""

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cardstack.errors import Malformed, problem
from cardstack.text import Text
from server.console import forms, listing, requesting
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import operator, scope, services, t
from server.console.states import choices
from server.console.words import PROVINCES
from server.permissions import EVERYWHERE, ROLE_TITLES, ROLES, Grant, Pages, Permission, Role, Scope
from server.store.office.people import Operator

pages = Pages("people", __name__, url_prefix="/console/operators")


SIGN_IN_NAME = problem(
    "CS-4150",
    Text("This is not a sign-in name", "此项不是有效的登录名"),
    Text("Write 2 to 32 letters, digits, dots and hyphens.", "请填写 2–32 位字母、数字、点或连字符。"),
)
NO_ROLE = problem(
    "CS-4151",
    Text("No role is chosen", "未选择任何角色"),
    Text("Choose at least one role in one province, or disable the operator.", "请至少选择一个省份的一个角色，或勾选停用。"),
)


def _visible(person: Operator, within: Scope) -> bool:
    return within is None or any(grant.province in within for grant in person.grants)


def grants_in_words(person: Operator) -> str:
    """The roles of an operator and where they hold."""
    from server.console import words  # noqa: PLC0415  # the words know the language of the request

    return "、".join(f"{words.say(ROLE_TITLES[grant.role])}（{words.province(grant.province)}）" for grant in person.grants)


def _rows(query: Query) -> Slice:
    found = [one for one in services().office.people.operators() if _visible(one, query.scope) and _asked(one, query.where)]
    return listing.part_of(found, query, key=lambda one: one.id, row=_row)


def _row(person: Operator) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "grants": grants_in_words(person),
        "state": "disabled" if person.disabled else "active",
    }


def _asked(person: Operator, where: Mapping[str, str]) -> bool:
    return (
        where.get("name", "").lower() in f"{person.id} {person.name}".lower()
        and ("role" not in where or any(grant.role == where["role"] for grant in person.grants))
        and ("province" not in where or any(grant.province == where["province"] for grant in person.grants))
        and where.get("state") in {None, "disabled" if person.disabled else "active"}
    )


LISTING = Listing(
    name="people",
    title=Text("Operators and roles", "操作员与角色"),
    columns=(
        Column("id", Text("Sign-in name", "登录名"), "id", link=lambda row: url_for("people.show", operator_id=row["id"])),
        Column("name", Text("Name", "姓名")),
        Column("grants", Text("Roles", "角色"), "wide"),
        Column("state", Text("State", "状态"), "state"),
    ),
    filters=(
        Filter("name", Text("Name or sign-in name", "姓名或登录名")),
        Filter("role", Text("Role", "角色"), "choice", choices=[(role.value, title) for role, title in ROLE_TITLES.items()]),
        Filter("province", Text("Province", "省份"), "choice", choices=list(PROVINCES.items())),
        Filter(
            "state",
            Text("State", "状态"),
            "choice",
            choices=choices("active", "disabled"),
        ),
    ),
    fetch=_rows,
    create=("people.form", Text("New operator", "新增操作员"), Permission.OPERATOR_REQUEST),
)


@pages.page("/", needs=Permission.OPERATOR_READ)
def index() -> ResponseReturnValue:
    """All operators."""
    return listing.show(LISTING)


@pages.page("/roles", needs=Permission.OPERATOR_READ)
def roles() -> ResponseReturnValue:
    """The matrix of roles and permissions, from the code."""
    return render_template("people/roles.html", roles=ROLES, permissions=Permission)


@pages.page("/new", needs=Permission.OPERATOR_REQUEST)
def form() -> ResponseReturnValue:
    """The form for a new operator."""
    return render_template("people/form.html", person=None, roles=Role, provinces=_provinces())


@pages.page("/<operator_id>", needs=Permission.OPERATOR_READ)
def show(operator_id: str) -> ResponseReturnValue:
    """One operator: roles, ways to sign in, sessions."""
    person = services().office.people.operator(operator_id)
    if person is None or not _visible(person, scope()):
        abort(404)
    people = services().office.people
    return render_template(
        "people/show.html",
        person=person,
        grants=grants_in_words(person),
        credentials=people.credentials(operator_id),
        sessions=people.sessions(operator_id),
        roles=Role,
        provinces=_provinces(),
        may_request=operator().may(Permission.OPERATOR_REQUEST),
    )


@pages.page("/", needs=Permission.OPERATOR_REQUEST, method="POST", fresh=True)
def submit() -> ResponseReturnValue:
    """Ask for a new operator, or for a change of one."""
    payload = _payload()
    request_id = requesting.ask("operator", province=payload.pop("province"), subject=payload["id"], payload=payload)
    flash(t("Requested; another operator decides.", "已提交申请，待其他操作员复核。"), "success")
    return redirect(url_for("approvals.show", request_id=request_id), 303)


def _payload() -> dict[str, Any]:
    name = forms.text("id", most=32).lower()
    if len(name) < 2 or not (name.isascii() and name.replace("-", "").replace(".", "").isalnum()):
        raise Malformed("", SIGN_IN_NAME, field="id")
    shown, before = forms.text("name", most=40), services().office.people.operator(name)
    grants = [str(Grant.parse(text)) for text in request.form.getlist("grant")]
    if not grants and "disabled" not in request.form:
        raise Malformed("", NO_ROLE, field="grant")
    provinces = {Grant.parse(text).province for text in grants}
    provinces |= {grant.province for grant in before.grants} if before else set()
    return {
        "id": name,
        "name": shown,
        "grants": grants,
        "disabled": "disabled" in request.form,
        "province": provinces.pop() if len(provinces) == 1 else EVERYWHERE,
    }


def _provinces() -> list[str]:
    from server.console import words  # noqa: PLC0415  # the table of names

    held = operator().scope(Permission.OPERATOR_REQUEST)
    return [code for code in words.PROVINCES if held is None or code in held]
