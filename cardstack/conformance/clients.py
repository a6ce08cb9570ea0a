"""The page client × profile: which recorded clients each kind of card serves to the last step, and why not the others."""

from collections.abc import Iterable, Mapping, Sequence

from cardstack.card.profile import Profile
from cardstack.conformance.flows import Flow, Replay, table

HEAD = """# Clients and profiles 客户端与卡片规范

Each row is a public client of the field; its recorded commands are replayed against a sample card of every profile, with a PSAM
where it uses one, and judged by what that client itself accepts. ✓ reaches the last step; a figure is the number of the step that
was not accepted. What stops a client is given below the table. The data is `cardstack/conformance/data/flows.json`.

每行为一个公开的现场客户端：其记录的指令在各规范的样卡上（需要时连同 PSAM）逐步回放，并按该客户端自身的判定条件判定。
✓ 表示走到最后一步；数字为未被接受的步骤序号，原因见表后。数据见 `cardstack/conformance/data/flows.json`。
"""


def page(flows: Sequence[Flow], profiles: Mapping[str, Profile]) -> str:
    """The whole page as Markdown."""
    verdicts = table(flows, profiles.values())
    return "\n".join([HEAD, *_matrix(flows, list(profiles), verdicts), "", *_reasons(flows, verdicts), ""])


def _matrix(flows: Iterable[Flow], profiles: Sequence[str], verdicts: Iterable[Replay]) -> list[str]:
    found = {(verdict.flow, verdict.profile): verdict for verdict in verdicts}
    rows = ["| client 客户端 | " + " | ".join(profiles) + " |", "|--" * (len(profiles) + 1) + "|"]
    for flow in flows:
        cells = (found[flow.id, profile] for profile in profiles)
        rows.append(f"| {flow.id} | " + " | ".join("✓" if one.works else str(one.done + 1) for one in cells) + " |")
    return rows


def _reasons(flows: Iterable[Flow], verdicts: Sequence[Replay]) -> list[str]:
    """For each client its source, and what stops it where."""
    lines = ["## Why not 未通过的原因", ""]
    for flow in flows:
        lines += [f"**{flow.id}**: {flow.about} ({flow.source})", ""]
        stops: dict[tuple[int, str], list[str]] = {}
        for verdict in verdicts:
            if verdict.flow == flow.id and not verdict.works:
                stops.setdefault((verdict.done + 1, verdict.why), []).append(verdict.profile)
        lines += [f"- step {step}, `{why}`: {', '.join(kinds)}" for (step, why), kinds in stops.items()]
        lines += [""] if stops else ["- every profile", ""]
    return lines
