"""The console's reference page: every page and action with its permission, and which role has it."""

from server.approvals import REQUEST
from server.commands import kinds
from server.console import route_table
from server.permissions import ROLE_TITLES, ROLES


def console() -> str:
    """Routes by role, kinds of requests, and the life of a request."""
    roles = list(ROLES)
    lines = [
        "# The console's pages and who may open them 控制台页面与权限",
        "",
        "Generated from the code that enforces it; tests hold the running application to it. *fresh*: the operator has proved",
        "their presence within the last minutes. Every change carries the CSRF token of its session. Roles hold by province.",
        "",
        "| method | page | permission | fresh | " + " | ".join(str(ROLE_TITLES[role]) for role in roles) + " |",
        "|--|--|--|--|" + "--|" * len(roles),
    ]
    for page in sorted(route_table(), key=lambda one: (one.rule, one.method)):
        held = " | ".join("✓" if page.needs in ROLES[role] else "" for role in roles)
        lines.append(f"| {page.method} | `{page.rule}` | {page.needs} | {'yes' if page.fresh else ''} | {held} |")
    lines += ["", "## Requests that another operator decides 须复核的申请", ""]
    lines += ["| kind | title | who asks | a second decision from (yuan) | lapses after |", "|--|--|--|--|--|"]
    for kind in kinds():
        second = "" if kind.second_from_fen is None else f"{kind.second_from_fen // 100:,}"
        lines.append(f"| `{kind.name}` | {kind.title} | {kind.ask} | {second} | {kind.lapses_after.days} d |")
    return "\n".join([*lines, "", "```mermaid", REQUEST.diagram(), "```", ""])
