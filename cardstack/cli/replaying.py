"""What `conformance clients` does: the recorded flows against the card in a reader."""

from collections.abc import Sequence
from typing import Any

from cardstack.card.profiles import profile
from cardstack.cli.differing import renewed
from cardstack.cli.output import choices, language
from cardstack.conformance.compatibility import SERVED, Served, Standing, standings
from cardstack.conformance.flows import recorded
from cardstack.errors import Malformed
from emulator.opening import open_card
from emulator.slot import Slot


def rows(reader: str | None, name: str, only: Sequence[str]) -> list[dict[str, Any]]:
    """One row a client; `step` is the first that it did not accept, 0 where there is none.

    Only a card that is as new for each client is written to: what one wrote would stop the next.
    """
    kind = profile(name)
    known = {flow.id: flow for flow in recorded()}
    unknown = sorted(set(only) - set(known))
    if unknown:
        raise Malformed(choices("flow", sorted(known)), field="flow")
    chosen = [known[one] for one in only] or list(known.values())
    with open_card(reader or f"emu:{name}") as opened:
        return [_row(one) for one in standings(chosen, kind, renewed(opened), issued=type(opened.reader.exchange) is not Slot)]


def _row(one: Standing) -> dict[str, Any]:
    stopped = one.served in (Served.FAIL, Served.NOT_APPLICABLE)
    return {
        "client": one.flow.id,
        "system": one.flow.client,
        "verdict": one.served.value,
        "step": one.done + 1 if stopped else 0,
        "steps": one.steps,
        "why": one.why,
        "differs": one.differs,
        "fix": one.change._asdict(),
    }


def table(found: Sequence[dict[str, Any]]) -> str:
    """Those that would fail first and in full, then how many of each verdict."""
    chosen = language()
    failed = [one for one in found if one["verdict"] == Served.FAIL]
    lines = [
        f"{SERVED[Served.FAIL].of(chosen)}  {one['client']} ({one['system']})  {one['step']}/{one['steps']}  {one['why']}\n"
        f"    → {one['fix'][chosen]}"
        for one in failed
    ]
    counts = {verdict: sum(one["verdict"] == verdict for one in found) for verdict in Served}
    lines.append("  ".join(f"{SERVED[verdict].of(chosen)} {number}" for verdict, number in counts.items()))
    return "\n".join(lines)
