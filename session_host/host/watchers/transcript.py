"""Reads the transcripts that an agent writes after each of its turns; ``agents.conversations`` has the rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from session_host.agents.conversations.gemini import transcripts
from session_host.agents.conversations.gemini_turns import GeminiTurns, Sizes
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.values import Activity
from session_host.system.processes.proc import command_lines
from session_host.system.timer import Timer

from .conversation import WRITTEN, ConversationTracker
from .harmless import log_errors

AFTER_S = 1.0
"""The end of a turn is told of before all of it is written."""

_HEAD_BYTES = 4096


class TranscriptConversation:
    """Looks at the agent's transcripts after each turn."""

    def __init__(self, spec: LaunchSpec, conversation: ConversationTracker, moved: Callable[[], None]) -> None:
        """Know what to look at.

        Args:
            spec: the session's.
            conversation: is told what is found.
            moved: called when the agent was found in another conversation.
        """
        self._spec = spec
        self._conversation = conversation
        self._moved = moved
        self._turns: GeminiTurns | None = None
        self._due = Timer()

    @log_errors
    def start(self) -> None:
        """The program runs, maybe since long."""
        if self._spec.watch.transcripts:
            self._turns = GeminiTurns(self._spec.cwd, self._sizes())

    @log_errors
    def activity_changed(self, activity: Activity) -> None:
        """A turn may be over, or the next one begin: what was written in which is to be told apart."""
        self.finish()
        if self._turns is not None and activity is Activity.IDLE:
            self._due.set(AFTER_S, self._scan)

    @property
    def is_quiet(self) -> bool:
        """Whether it is not about to be looked."""
        return not self._due.is_set

    def close(self) -> None:
        """Look no more."""
        self._due.cancel()

    def finish(self) -> None:
        """Look now if a look is due."""
        if self._due.is_set:
            self._due.cancel()
            self._scan()

    @log_errors
    def _scan(self) -> None:
        """See what was written since it was last looked."""
        assert self._turns is not None
        first_lines = {path: _first_line(path) for path in self._turns.written(self._sizes())}
        found = self._turns.conversation(self._conversation.id, first_lines, command_lines)
        if found and self._conversation.set_conversation(found, WRITTEN):
            self._moved()

    def _sizes(self) -> Sizes:
        found: dict[str, int] = {}
        for path in transcripts(self._spec.env):
            try:
                found[str(path)] = path.stat().st_size
            except OSError:
                continue  # It is just being deleted.
        return found


def _first_line(path: str) -> bytes:
    """The first record of a transcript, as far as a look goes; empty if it is gone."""
    try:
        with Path(path).open("rb") as file:
            return file.read(_HEAD_BYTES).partition(b"\n")[0]
    except OSError:
        return b""
