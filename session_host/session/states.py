"""State machines as tables, which generate the diagrams in docstrings."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
T = TypeVar("T", bound=StrEnum)


class TransitionTable(Generic[S, T]):
    """Maps states and triggers to the next state; a trigger without an entry changes nothing."""

    def __init__(self, rows: Mapping[S, Mapping[T, S]]) -> None:
        self._rows = {state: dict(triggers) for state, triggers in rows.items()}

    def after(self, state: S, trigger: T) -> S:
        """The next state."""
        return self._rows[state].get(trigger, state)

    def __str__(self) -> str:
        """The diagram, with a line for each transition."""
        return "\n".join(
            f"{state} ──{trigger}──▶ {following}"
            for state, triggers in self._rows.items()
            for trigger, following in triggers.items()
        )
