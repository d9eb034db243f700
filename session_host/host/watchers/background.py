"""What an idle agent still runs, for agents that do not tell: its commands, and its sub-agents.

The agent is asked for nothing: its commands are processes (``process_tree.background_commands``), and its sub-agents
have records in its own files. Both are looked at when the agent reports that it is idle, and then whenever one of them
ends or changes; an agent without such work costs nothing between its turns.

At its start, an agent may run commands for itself, such as a shell that prints the user's environment, and the program
that was started may run the agent in a session of its own, as a terminal within the terminal does. So nothing counts
before the user's first input or the agent's first turn, and later only what is younger than that input, or than the
agent's first report.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.codex import is_in_turn
from session_host.agents.conversations.qwen import running_sub_agents, sub_agents_directory
from session_host.agents.conversations.records import TooFarBack
from session_host.agents.session_files import HOOK_PROGRAM
from session_host.protocol.launch import LaunchSpec
from session_host.structured.shortening import WORK_CHARACTERS, cut, sub_agents
from session_host.system.event_loop import Timer
from session_host.system.inotify import Event, Inotify
from session_host.system.processes.process_end import ProcessEnd
from session_host.system.processes.process_tree import ChatProcess, background_commands
from session_host.system.processes.pty_process import PtyProcess

from .conversation import ConversationTracker, files_of_sub_agents
from .logged_calls import log_errors

OWN_HOOK = "/".join(HOOK_PROGRAM.parts[-3:])
"""It reports a turn's end, and may still run then."""
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
LOOK_S = 0.3
"""The time from a change of a sub-agent's record to the look at it: a running one writes much."""


class BackgroundWork:
    """Watches one agent's work beside its turns.

    Attributes:
        counts_from: when a command may have been started at the earliest that counts, in clock ticks since boot; None
            while none does.
    """

    def __init__(self, spec: LaunchSpec, conversation: ConversationTracker, on_change: Callable[[str], object]) -> None:
        """Watch nothing yet.

        Args:
            spec: the session's launch spec.
            conversation: knows the conversation that sub-agents belong to.
            on_change: called with what runs, "" for nothing.
        """
        self._spec, self._conversation, self._on_change = spec, conversation, on_change
        self._process: PtyProcess | None = None
        self._ends: dict[ChatProcess, ProcessEnd] = {}
        self._inotify = Inotify(self._on_file_events)
        self._watched: dict[Path, int] = {}
        self._timer = Timer()
        self._first_report: int | None = None
        self.counts_from: int | None = None

    def start_watching(self, process: PtyProcess) -> None:
        """Let ``look`` find the running program's work."""
        self._process = process

    def note_input(self) -> None:
        """Note the user's input, with which a turn may begin."""
        if self.counts_from is None:
            self.counts_from = _now_ticks()

    def note_report(self) -> None:
        """Note that the agent reports something, before the report counts."""
        if self._first_report is None:
            self._first_report = _now_ticks()

    def note_turn(self) -> None:
        """Note that a turn begins; the agent has reported it."""
        if self.counts_from is None:
            self.counts_from = self._first_report or 0

    def commands(self) -> str:
        """The commands that run now, "" for none."""
        found = self._commands(self._process) if self._process is not None else []
        return ", ".join(cut(each.command, WORK_CHARACTERS) for each in found)

    def look(self) -> str:
        """What runs now, "" for nothing; ``on_change`` is called when that changes."""
        self._timer.cancel()
        if self._process is None or not self._spec.watch.background:
            return ""
        commands = self._commands(self._process)
        self._watch_commands(commands)
        agents, paths = self._sub_agents()
        self._watch_files(paths)
        return ", ".join([*(cut(each.command, WORK_CHARACTERS) for each in commands), *agents])

    def close(self) -> None:
        """Stop watching."""
        self._process = None
        self._timer.cancel()
        self._watch_commands([])
        self._watched = {}
        self._inotify.close()

    # ------------------------------------------------------------ what is watched

    def _commands(self, process: PtyProcess) -> list[ChatProcess]:
        found = [each for each in background_commands(process.pid) if OWN_HOOK not in each.command]
        return [] if self.counts_from is None else [each for each in found if each.started >= self.counts_from]

    def _watch_commands(self, commands: list[ChatProcess]) -> None:
        for each in [each for each in self._ends if each not in commands]:
            self._ends.pop(each).close()
        for each in commands:
            if each not in self._ends:
                self._ends[each] = ProcessEnd(self._look_again)
                self._ends[each].watch(each.pid, each.started)

    def _sub_agents(self) -> tuple[list[str], list[Path]]:
        """The running sub-agents, and the files and directories that show their ends."""
        assert self._process is not None
        spec, watch = self._spec, self._spec.watch
        if watch.background == "codex":
            files = files_of_sub_agents(self._process.pid, watch.open_files, watch.open_files_aside)
            running = [path for path in files if _is_in_turn(path)]
            return sub_agents(len(running)), running
        query = ConversationQuery.of_own(spec, self._conversation.id)
        directory = sub_agents_directory(query) if watch.background == "qwen" and query.conversation else None
        if directory is None:
            return [], []
        running_here = running_sub_agents(directory)
        return [f"sub-agent {cut(each, WORK_CHARACTERS)}" for each in running_here], [directory] if running_here else []

    def _watch_files(self, paths: list[Path]) -> None:
        if not self._inotify.is_open and not (paths and self._inotify.start()):
            return
        flags = self._inotify.flags
        for path in [path for path in self._watched if path not in paths]:
            self._inotify.unwatch(self._watched.pop(path))
        for path in paths:
            if path not in self._watched:
                try:
                    self._watched[path] = self._inotify.watch(path, flags.MODIFY | flags.CLOSE_WRITE | flags.MOVED_TO)
                except OSError:
                    continue  # It is looked at again when the agent reports next.

    # ------------------------------------------------------------ events

    def _on_file_events(self, events: list[Event]) -> None:  # noqa: ARG002 - any change
        if not self._timer.is_set:
            self._timer.set(LOOK_S, self._look_again)

    @log_errors
    def _look_again(self) -> None:
        if self._process is not None:
            self._on_change(self.look())


def _now_ticks() -> int:
    """The time as processes' start times have it."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * _TICKS_A_SECOND)


def _is_in_turn(path: Path) -> bool:
    try:
        return is_in_turn(path)
    except (OSError, TooFarBack):
        return False
