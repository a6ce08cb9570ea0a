"""A what-if question as it is typed on the page: which cross certificates, what would happen to them, and its answer's moment."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from werkzeug.datastructures import MultiDict  # what the method's signature names

from cardstack.ca.agreement import LEVELS, Level
from cardstack.ca.graph import Edge, Graph
from cardstack.ca.names import Name
from cardstack.errors import Malformed, problem
from cardstack.text import Text
from server.console.forms import NOT_DAY, NOT_OFFERED
from server.console.services import LOCAL

NO_EDGE = problem(
    "CS-4160", Text("No cross certificate is chosen", "未选择交叉证书"), Text("Choose one or several.", "请选择一张或多张。")
)
PAST = problem(
    "CS-4161", Text("The day is past", "所选日期已过"), Text("Choose a day that is still to come.", "请选择今后的日期。")
)
NO_CONSTRAINT = problem(
    "CS-4162",
    Text("No constraint is given", "未填写约束"),
    Text("Name what is to be excluded, or take a level away.", "请填写要排除的名称，或取消某个等级。"),
)


class Change(StrEnum):
    """What may happen to a cross certificate."""

    REVOKE = "revoke"
    EXPIRE = "expire"
    CONSTRAIN = "constrain"


CHANGES = {
    Change.REVOKE: Text("revoke", "吊销"),
    Change.EXPIRE: Text("let expire", "到期不续"),
    Change.CONSTRAIN: Text("constrain", "收紧约束"),
}


@dataclass(frozen=True, slots=True)
class Supposed:
    """The question, with what was typed kept as it is."""

    asked: bool
    edges: tuple[str, ...]
    change: str
    day: str
    exclude: str
    levels: tuple[str, ...]

    @classmethod
    def of(cls, typed: MultiDict[str, str]) -> "Supposed":
        """From the address of the page."""
        return cls(
            asked="change" in typed,
            edges=tuple(typed.getlist("edge")),
            change=typed.get("change", Change.REVOKE),
            day=typed.get("day", ""),
            exclude=typed.get("exclude", "").strip(),
            levels=tuple(typed.getlist("level")) if "change" in typed else tuple(LEVELS),
        )

    def apply(self, graph: Graph, at: datetime) -> tuple[Graph, datetime | None]:
        """The graph afterwards, and the moment to look at it where that is another one; `Malformed` names the field."""
        chosen = [graph.edge(one) for one in self.edges if one]
        if self.change not in set(Change):
            raise Malformed(problem=NOT_OFFERED, field="change")
        if self.change == Change.EXPIRE:
            return self._expired(graph, chosen, at)
        if not chosen:
            raise Malformed(problem=NO_EDGE, field="edge")
        return (graph.without(*chosen), None) if self.change == Change.REVOKE else (self._constrained(graph, chosen), None)

    def moment(self, at: datetime) -> datetime:
        """When the drawing is of: the day asked about, where everything that ends by then is."""
        return at if self.edges or self.change != Change.EXPIRE or not self.day else _evening(self.day)

    def _expired(self, graph: Graph, chosen: list[Edge], at: datetime) -> tuple[Graph, datetime | None]:
        """Those that are chosen, or all that end by the day."""
        if chosen:
            return graph.expired(*chosen, at=at), None
        later = _evening(self.day)
        if later < at:
            raise Malformed(problem=PAST, field="day")
        return graph, later

    def _constrained(self, graph: Graph, chosen: list[Edge]) -> Graph:
        """Other names excluded, fewer levels passed on, or both."""
        kept = [Level(one) for one in self.levels if one in set(Level)]
        if not self.exclude and len(kept) == len(Level):
            raise Malformed(problem=NO_CONSTRAINT, field="exclude")
        excluded = [name(one) for one in self.exclude.splitlines() if one.strip()]
        for one in chosen:
            edge = graph.edge(one.fingerprint)
            graph = graph.constrained(edge, excluded=excluded)
            if len(kept) < len(Level):
                graph = graph.limited(graph.edge(one.fingerprint), kept)
        return graph


def name(text: str) -> Name:
    """A name as certificates are shown (most special first), or with the country first as people say it.

    >>> name("C=CN,ST=浙江省") == name("ST=浙江省, C=CN")
    True
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 1 and parts[0].partition("=")[0].strip() == "C":
        parts.reverse()
    return Name.typed(",".join(parts))


def _evening(day: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time(23, 59, 59), LOCAL)
    except ValueError:
        raise Malformed(problem=NOT_DAY, field="day") from None
