"""State machines as tables, which generate the diagrams in docstrings."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class TransitionTable(Generic[S, E]):
    """Maps states and events to the next state; an event without an entry changes nothing."""

    def __init__(self, rows: Mapping[S, Mapping[E, S]]) -> None:
        self._rows = {state: dict(events) for state, events in rows.items()}

    def after(self, state: S, event: E) -> S:
        """The next state."""
        return self._rows[state].get(event, state)

    def __str__(self) -> str:
        """The diagram, with a line for each transition."""
        return "\n".join(
            f"{state} ──{event}──▶ {following}"
            for state, events in self._rows.items()
            for event, following in events.items()
        )
