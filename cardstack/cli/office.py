"""`cardstack office …`: what the console's administrator does where the service runs, when no page can help."""

from pathlib import Path
from typing import Annotated

import typer

from cardstack.cli.ledgers import Database, Json, now, open_ledger
from cardstack.cli.output import emit, words
from cardstack.errors import Refused, problem
from cardstack.text import Text

app = typer.Typer(no_args_is_help=True, add_completion=False)

NO_OPERATOR = problem(
    "CS-9040",
    Text("No such operator, or a disabled one", "没有该操作员，或已停用"),
    Text("Operators are made by a request in the console that another decides.", "操作员须在控制台申请并经他人复核。"),
)
Name = Annotated[str, typer.Argument(help=words("sign-in name", "登录名"))]


@app.command("link", help=words("A one-time sign-in link for an operator", "为操作员签发一次性登录链接"))
def link(
    name: Name,
    *,
    url: Annotated[str, typer.Option(help=words("where the console is", "控制台地址"))] = "http://localhost:8650",
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Make the link and write it into the audit log: whoever has it is that operator, once, for a day."""
    from server import operators
    from server.store.office import Office

    with open_ledger(database) as store:
        office, at = Office(store.database.engine), now()
        person = office.people.operator(name)
        if person is None or person.disabled:
            raise Refused("name", NO_OPERATOR, field="name")
        made = f"{url.rstrip('/')}/enter/{operators.first_link(office.people, name, at)}"
        office.audit.append(at, "cli", "*", "office.link", subject=name)
    emit({"operator": name, "link": made}, as_json=as_json, render=lambda: print(made))


@app.command("unlock", help=words("Forget an operator's failed sign-ins", "解除操作员登录锁定"))
def unlock(name: Name, *, database: Database = "", as_json: Json = False) -> None:
    """Let a locked operator try again at once."""
    from server import operators
    from server.store.office import Office

    with open_ledger(database) as store:
        office = Office(store.database.engine)
        operators.unlock(office.people, name)
        office.audit.append(now(), "cli", "*", "office.unlock", subject=name)
    emit({"operator": name}, as_json=as_json, render=lambda: print(words("unlocked", "已解锁"), name))


@app.command("rotate-key", help=words("Seal operators' secrets under a new key", "更换服务密钥并重新密封"))
def rotate_key(
    *,
    file: Annotated[
        Path | None, typer.Option(help=words("the service's key file; by default the one it is set to", "服务密钥文件"))
    ] = None,
    database: Database = "",
    as_json: Json = False,
) -> None:
    """Put a new key first, seal everything under it, then forget the old; a running service reads the file by itself."""
    from server import sealing
    from server.config import settings
    from server.store.office import Office

    file = file or settings().office_key_file
    sealing.rotate(file)
    with open_ledger(database) as store:
        office = Office(store.database.engine, sealing.opened(file))
        left = office.people.seal_all()
        office.audit.append(now(), "cli", "*", "office.rotate-key", detail={"left": left})
    if not left:
        sealing.forget_old(file)
    said = words(f"done; {left} secrets do not open", f"已完成；{left} 项无法打开")
    emit({"left": left}, as_json=as_json, render=lambda: print(said))
