"""State machines as tables: code asks them, documents draw them, tests walk them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from cardstack.errors import Refused
from cardstack.text import Text

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Machine(Generic[State, Event]):
    """Every legal move; what is not in the table is refused."""

    initial: State
    moves: Mapping[tuple[State, Event], State]

    def after(self, state: State, event: Event) -> State:
        """The state that follows; `Refused` where the table has no such move."""
        try:
            return self.moves[state, event]
        except KeyError:
            raise Refused(
                Text(f"{event} is not possible in state {state}", f"状态 {state} 下不能执行 {event}"), state=state, event=event
            ) from None

    def events(self, state: State) -> tuple[Event, ...]:
        """What can happen next, in the order of the table."""
        return tuple(event for source, event in self.moves if source == state)

    def diagram(self) -> str:
        """The table as a Mermaid state diagram."""
        arrows = (f"    {source} --> {target}: {event}" for (source, event), target in self.moves.items())
        return "\n".join(["stateDiagram-v2", f"    [*] --> {self.initial}", *arrows])
