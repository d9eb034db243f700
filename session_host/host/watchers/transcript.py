"""Reads the transcripts that an agent writes after each of its turns; ``agents.conversations`` has the rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from session_host.agents.conversations.gemini import transcripts
from session_host.agents.conversations.gemini_turns import GeminiTurns, Sizes
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.values import Activity
from session_host.system.event_loop import Timer
from session_host.system.processes.proc import command_lines

from .conversation import WRITTEN, ConversationTracker
from .logged_calls import log_errors

SCAN_DELAY_S = 1.0
"""Agents report the end of a turn before they have written all of it, so scan after this delay."""

_HEAD_BYTES = 4096


class TranscriptWatcher:
    """Scans the agent's transcripts after each turn."""

    def __init__(self, spec: LaunchSpec, conversation: ConversationTracker, on_change: Callable[[], None]) -> None:
        """Prepare the scans; ``start`` begins.

        Args:
            spec: the session's launch spec.
            conversation: receives the conversation that a scan finds.
            on_change: called when the agent is in another conversation.
        """
        self._spec = spec
        self._conversation = conversation
        self._on_change = on_change
        self._turns: GeminiTurns | None = None
        self._scan_timer = Timer()

    @log_errors
    def start(self) -> None:
        """Note the present sizes of the transcripts; the program may have run for long."""
        if self._spec.watch.transcripts:
            self._turns = GeminiTurns(self._spec.cwd, self._sizes())

    @log_errors
    def activity_changed(self, activity: Activity) -> None:
        """Do a scheduled scan now, so that each turn is scanned by itself; schedule a scan if the agent is idle."""
        self.finish()
        if self._turns is not None and activity is Activity.IDLE:
            self._scan_timer.set(SCAN_DELAY_S, self._scan)

    def close(self) -> None:
        """Cancel a scheduled scan."""
        self._scan_timer.cancel()

    def finish(self) -> None:
        """Scan now if a scan is scheduled."""
        if self._scan_timer.is_set:
            self._scan_timer.cancel()
            self._scan()

    @log_errors
    def _scan(self) -> None:
        """Find the conversation in the transcripts written since the last scan."""
        assert self._turns is not None
        first_lines = {path: _first_line(path) for path in self._turns.written(self._sizes())}
        found = self._turns.conversation(self._conversation.id, first_lines, command_lines)
        if found and self._conversation.set_conversation(found, WRITTEN):
            self._on_change()

    def _sizes(self) -> Sizes:
        sizes: dict[str, int] = {}
        for path in transcripts(self._spec.env):
            try:
                sizes[str(path)] = path.stat().st_size
            except OSError:
                continue  # The agent has deleted the file.
        return sizes


def _first_line(path: str) -> bytes:
    """The first line of a transcript, up to a limit; empty if the file is gone."""
    try:
        with Path(path).open("rb") as file:
            return file.read(_HEAD_BYTES).partition(b"\n")[0]
    except OSError:
        return b""
