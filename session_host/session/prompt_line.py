"""Whether nothing is typed in the agent's input line, as far as that is known."""

from __future__ import annotations

import re

from session_host.protocol.values import Activity
from session_host.storage.descriptors.log_state import LogState, PromptState, after_activity, after_input
from session_host.terminal.base import Emulator
from session_host.terminal.rows import row_text


class PromptLine:
    """Follows the input of all clients and the agent's activity.

    Attributes:
        state: what is known.
    """

    def __init__(self, pattern: str, log_state: LogState) -> None:
        """Begin with the state that a previous host left; ``pattern``: ``Watch.empty_prompt``."""
        self.state = log_state.prompt
        self._pattern = re.compile(pattern) if pattern else None
        self._activity = log_state.activity.activity if log_state.activity is not None else Activity.NO_SIGNAL

    def program_began(self) -> None:
        """The program was started: nobody has typed anything."""
        self.state = PromptState.EMPTY

    def typed(self, data: bytes) -> None:
        """The program gets input of a viewer or a command."""
        self.state = after_input(self.state, data, self._activity)

    def activity_changed(self, activity: Activity) -> None:
        """The agent reported its activity."""
        self._activity = activity
        self.state = after_activity(self.state, activity)

    def is_empty(self, emulator: Emulator) -> bool:
        """Whether the line is empty: nothing was typed, the agent is idle, and its cursor is at the line's beginning.

        If that is not certain, the line counts as not empty.
        """
        if self._pattern is None or self.state is not PromptState.EMPTY or self._activity is not Activity.IDLE:
            return False
        cursor = emulator.cursor
        before = row_text(emulator.rows()[cursor.row])[: cursor.column]
        return self._pattern.fullmatch(before.ljust(cursor.column)) is not None
