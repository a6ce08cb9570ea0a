"""An explanation as a drawing: the paths tried as a tree, and the policy graph of the path that held or came furthest."""

from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from cardstack.ca import tables
from cardstack.ca.explain import Explanation, PolicyNode, StepData, Tried
from cardstack.ca.extensions import ANY_POLICY
from cardstack.text import Language, Text

BOX, ROW, STEP, MARGIN = (210, 44), 62, 250, 16
_GOOD, _BAD, _PLAIN = "#0a7d33", "#b3261e", "#5f6368"
_FONT = "system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif"
_STYLE = (
    f"text{{font:12px {_FONT};fill:#202124}} .small{{font-size:10px;fill:{_PLAIN}}} .good{{fill:{_GOOD}}} .bad{{fill:{_BAD}}} "
    ".head{font-size:14px;font-weight:600}"
)
_PATHS = Text("Paths tried", "尝试过的路径")
_POLICIES = Text("Policy graph", "策略图")
_ACCEPTED = Text("accepted", "成立")
_MORE = Text("… and {count} more", "……另有 {count} 条")
DRAWN_MAX = 60


@dataclass
class _Branch:
    """A certificate in the tree of paths, what follows it, and how paths ended here."""

    step: StepData
    after: dict[str, "_Branch"] = field(default_factory=dict)
    endings: list[Tried] = field(default_factory=list)

    @property
    def height(self) -> int:
        return max(1, sum(branch.height for branch in self.after.values()))

    @property
    def good(self) -> bool:
        return any(one.accepted for one in self.endings) or any(branch.good for branch in self.after.values())


def svg(explanation: Explanation, language: Language = "zh") -> str:
    """The drawing as an SVG document."""
    drawn = sorted(explanation.tried, key=lambda one: not one.accepted)[:DRAWN_MAX]
    roots = _tree(drawn)
    body: list[str] = [_text(MARGIN, 24, _PATHS.of(language), "head")]
    top, depth = 40, 1
    for root in roots.values():
        depth = max(depth, _draw(root, MARGIN, top, body, language))
        top += root.height * ROW
    if explanation.count > len(drawn):
        body.append(_text(MARGIN, top + 12, _MORE.of(language).format(count=explanation.count - len(drawn)), "small"))
        top += 24
    chosen = next(iter(sorted(drawn, key=lambda one: (not one.accepted, -len(one.steps)))), None)
    bottom = _policy_graph(chosen, top + 30, body, language) if chosen else top
    width = 2 * MARGIN + depth * STEP
    title = escape(f"{explanation.certificate.subject} {explanation.at.isoformat()}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + MARGIN}" width="{width}" '
        f'height="{bottom + MARGIN}" role="img"><title>{title}</title><style>{_STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(body)}</svg>\n'
    )


def _tree(tried: list[Tried]) -> dict[str, _Branch]:
    """Paths that begin alike share their beginning."""
    roots: dict[str, _Branch] = {}
    for one in tried:
        level, branch = roots, None
        for step in one.steps:
            branch = level.setdefault(step["fingerprint"], _Branch(step))
            level = branch.after
        if branch is not None:
            branch.endings.append(one)
    return roots


def _draw(branch: _Branch, left: int, top: int, body: list[str], language: Language) -> int:
    """A branch with all that follows; how many boxes deep it is."""
    ending = next(iter(branch.endings), None)
    colour = _GOOD if branch.good else _BAD if ending else _PLAIN
    _box(left, top, branch.step, colour, body)
    if ending is not None:
        known = tables.RULES[ending.rule] if ending.rule else None
        said = "✗ " + known.problem.title.of(language) if known else "✓ " + _ACCEPTED.of(language)
        body.append(_text(left, top + BOX[1] + 12, _cut(said, 36), "small bad" if known else "small good"))
    depth, below = 1, top
    for after in branch.after.values():
        x, y = left + BOX[0], top + BOX[1] // 2
        line = _GOOD if after.good else _PLAIN
        body.append(
            f'<path d="M{x} {y} C{x + 20} {y} {x + 20} {below + BOX[1] // 2} {left + STEP} {below + BOX[1] // 2}" '
            f'fill="none" stroke="{line}" stroke-width="{2 if after.good else 1}"/>'
        )
        depth = max(depth, 1 + _draw(after, left + STEP, below, body, language))
        below += after.height * ROW
    return depth


def _box(left: int, top: int, step: StepData, colour: str, body: list[str]) -> None:
    common, _, rest = step["subject"].partition(",")
    body.append(f"<g><title>{escape(step['subject'])}\n{step['fingerprint']}</title>")
    body.append(
        f'<rect x="{left}" y="{top}" width="{BOX[0]}" height="{BOX[1]}" rx="6" fill="#fff" stroke="{colour}" stroke-width="1.5"/>'
    )
    body.append(_text(left + 8, top + 18, _cut(common.removeprefix("CN="), 28)))
    body.append(_text(left + 8, top + 34, _cut(rest, 36), "small") + "</g>")


def _policy_graph(one: Tried, top: int, body: list[str], language: Language) -> int:
    """A column for each certificate, a node for each policy, a line from each parent; where the drawing ends."""
    body.append(_text(MARGIN, top, _POLICIES.of(language), "head"))
    places: dict[str, int] = {}
    bottom = top + 20
    for column, step in enumerate(one.steps):
        here: dict[str, int] = {}
        left = MARGIN + column * STEP
        for row, node in enumerate(step["policies"] or ()):
            y = top + 20 + row * 40
            here[node["policy"]] = y
            bottom = max(bottom, y + 34)
            body.extend(
                f'<line x1="{left - STEP + BOX[0]}" y1="{places[parent] + 14}" x2="{left}" y2="{y + 14}" stroke="{_PLAIN}"/>'
                for parent in node["parents"]
                if parent in places
            )
            _policy_box(left, y, node, body)
        places = here
    return bottom


def _policy_box(left: int, top: int, node: PolicyNode, body: list[str]) -> None:
    name = "anyPolicy" if node["policy"] == ANY_POLICY else node["policy"]
    mapped = [policy for policy in node["expected"] if policy != node["policy"]]
    body.append(f'<rect x="{left}" y="{top}" width="{BOX[0]}" height="30" rx="15" fill="#f1f3f4" stroke="{_PLAIN}"/>')
    body.append(_text(left + 12, top + 13, _cut(name, 32)))
    if mapped:
        body.append(_text(left + 12, top + 25, _cut("→ " + " | ".join(mapped), 40), "small"))


def _text(x: int, y: int, words: str, kind: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}"{attribute}>{escape(words)}</text>'


def _cut(words: str, width: int) -> str:
    """Words in a given width, a Chinese character counting twice."""
    used, kept = 0, ""
    for letter in words:
        used += 2 if ord(letter) > 0x2E7F else 1
        if used > width:
            return kept + "…"
        kept += letter
    return kept
