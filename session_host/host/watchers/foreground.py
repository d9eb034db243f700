"""The foreground program of a shell: its name, its start, the last command's exit code; the times of all commands.

A change of the foreground program nearly always comes with output: the echo of Enter before the start, the prompt after
the end. So the foreground group is read twice shortly after output, and on request; without output, no timer runs.

The exit code of a command is known if the shell marks its commands (OSC 133)::

    unknown ──began──▶ a command runs ──ended, with a code──▶ the code is known ──began──▶ a command runs
                                └──ended, without a code──▶ unknown

An end mark without a start mark belongs to no command: shells mark each prompt, even after an empty line.

Hosts are replaced while nothing happens in the shell. So each change is saved for the next host, which continues with
the saved start as long as it finds the same program in the foreground.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec

from session_host.host.event_log import EventLog
from session_host.patience import within
from session_host.protocol import events as ledger_events
from session_host.protocol.facts import Foreground
from session_host.protocol.messages import CommandEvent
from session_host.protocol.shown_command import shown_command
from session_host.protocol.values import CommandTime
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import (
    NO_COMMAND,
    NO_FOREGROUND,
    CommandState,
    ForegroundState,
    newest_times,
)
from session_host.system.clock import as_text, now_ms
from session_host.system.event_loop import Timer
from session_host.system.processes import proc
from session_host.system.processes.identity import start_time
from session_host.system.processes.pty_process import PtyProcess
from session_host.terminal.commands import CommandLog
from session_host.terminal.events import CommandBegan, CommandEnded, TerminalEvent

from .logged_calls import log_errors

FIRST_POLL_S: Final = 0.2
SECOND_POLL_S: Final = 2.0
"""Delay of the second poll: a program may start without output, or be a later part of the command line."""

LOOK_S: Final = 0.05
"""How long a look at a file may take: that of a network mount without its server would take for ever."""

_INTERPRETER: Final = re.compile(r"(python|pypy|node|deno|bun|ruby|perl|php|lua|tclsh|Rscript)[\d.]*|(ba|da|z|fi)?sh")
"""The programs that run a script; see ``command_of``."""

# fmt: off
SHELLS: Final = frozenset({
    "ash", "bash", "csh", "dash", "elvish", "fish", "ksh", "mksh", "nu", "oksh", "pwsh", "rbash", "sh", "tcsh", "xonsh",
    "yash", "zsh",
})
# fmt: on


class ForegroundProcess:
    """Watches one terminal's foreground group.

    Attributes:
        current: the foreground program; its name is "" while a shell waits for a command, or nothing is known.
        command: the state of the last command, by the shell's marks.
    """

    def __init__(
        self,
        on_change: Callable[[Foreground], None],
        events: EventLog,
        now: Callable[[], str],
        command: CommandState = NO_COMMAND,
        saved_state: ForegroundState = NO_FOREGROUND,
    ) -> None:
        """Watch nothing yet.

        Args:
            on_change: saves the state, and sends it to all followers.
            events: gets the ends of commands.
            now: returns the time as ISO 8601 text.
            command: the state of the last command that a previous host left.
            saved_state: the foreground program that a previous host left.
        """
        self.current = Foreground(saved_state.program, saved_state.since, command.exit_code, command.ended)
        self.command = command
        self._on_change, self._events = on_change, events
        self._now = now
        self._process: PtyProcess | None = None
        self._group = saved_state.group
        self._files = _Files()
        self._named: tuple[int, list[str], str] = (0, [], "")
        """The process and the command line that were named last, with their name."""
        self.is_private = False
        """Whether the running command was typed with a leading blank: its program's name alone is shown."""
        self._timer = Timer()
        self._is_second = False

    def start_watching(self, process: PtyProcess) -> None:
        """Start watching the session's running program."""
        self._process = process
        self.schedule_polls()

    def schedule_polls(self) -> None:
        """Schedule two polls after output."""
        if self._process is not None and (self._is_second or not self._timer.is_set):
            self._is_second = False
            self._timer.set(FIRST_POLL_S, self._on_timer)

    def observe(self, event: TerminalEvent) -> bool:
        """Note a command mark in the output; returns whether the command's state changed. The next poll reports it."""
        previous = self.command
        if isinstance(event, CommandBegan):
            self.is_private = False
            self.command = CommandState(is_running=True, began_s=time.clock_gettime(time.CLOCK_BOOTTIME))
        elif isinstance(event, CommandEnded) and previous.is_running:
            code = event.exit_code
            self.command = CommandState(exit_code=code, ended="" if code is None else self._now())
            took_s = time.clock_gettime(time.CLOCK_BOOTTIME) - (previous.began_s or math.inf)
            self._events.add(ledger_events.CommandEnded(exit_code=code, duration_s=round(max(took_s, 0.0), 3)))
        return self.command != previous

    def note_private(self) -> None:
        """Note that the running command was typed with a leading blank: shells keep it out of their history."""
        self.is_private = True
        self._poll_logged()

    @property
    def saved_state(self) -> ForegroundState:
        """The foreground program for a replacement host."""
        return ForegroundState(self._group, self.current.program, self.current.since)

    def close(self) -> None:
        """Stop polling."""
        self._process = None
        self._timer.cancel()

    def _on_timer(self) -> None:
        self.poll()
        if not self._is_second and self._process is not None:
            self._is_second = True
            self._timer.set(SECOND_POLL_S, self._on_timer)

    def poll(self) -> Foreground:
        """Read the foreground group now, and return the result."""
        self._poll_logged()
        return self.current

    def is_at_prompt(self) -> bool:
        """Whether a shell waits for a command now."""
        return not self.poll().program and self._group > 0 and not self.command.is_running

    @log_errors
    def _poll_logged(self) -> None:
        process = self._process
        if process is None:
            return
        group = process.foreground_group()
        program = self._name_of(*command_of(group, process.pid))
        since, previous = self.current.since, self.current
        if (group, program) != (self._group, previous.program) or not since:
            since = (_start_time_text(group) if program else "") or self._now()
        self._group = group
        self.current = Foreground(program, since, self.command.exit_code, self.command.ended)
        if self.current != previous:
            self._on_change(self.current)

    def _name_of(self, pid: int, words: list[str]) -> str:
        """The name of a command; a disk is asked once for each."""
        if self.is_private:
            return shown_command(words[:1])
        if (pid, words) != self._named[:2]:
            name = shown_command(words, lambda word: self._files.has(Path(f"/proc/{pid}/cwd", word)))
            self._named = (pid, words, name)
        return self._named[2]


class _Files:
    """Looks for files, for ``LOOK_S`` at most; while a look hangs, there are no others."""

    def __init__(self) -> None:
        self._is_looking = False

    def has(self, path: Path) -> bool:
        """Whether there is such a file, as far as the disk says so in time."""
        if self._is_looking:
            return False
        self._is_looking = True

        def look() -> bool:
            try:
                return path.exists()
            finally:
                self._is_looking = False

        try:
            return within(LOOK_S, look)
        except (TimeoutError, OSError, ValueError):
            return False


def command_of(group: int, child: int) -> tuple[int, list[str]]:
    """A process of a group, and its command line; no words for a shell that waits for a command.

    A script is called by its own name, as its user did: the kernel puts the interpreter before its path.

    Args:
        group: the terminal's foreground group; 0 for none.
        child: the session's program; its children are searched if a group's leader has ended.
    """
    if group <= 0:
        return 0, []
    members = (pid for pid in proc.children(child) if proc.group_of(pid) == group)
    pid, argv = next(((pid, found) for pid in chain((group,), members) if (found := _command_line(pid))), (0, []))
    if not argv or _is_waiting_shell(argv):
        return 0, []
    if len(argv) > 1 and argv[1].startswith("/") and _INTERPRETER.fullmatch(Path(argv[0]).name):
        argv = argv[1:]
    return pid, argv


def _is_waiting_shell(argv: list[str]) -> bool:
    """Whether this is an interactive shell, without a script or a command to run."""
    name = Path(argv[0]).name.removeprefix("-")
    options = argv[1:]
    return name in SHELLS and all(
        word.startswith("-") and (word.startswith("--") or "c" not in word) for word in options
    )


def _command_line(pid: int) -> list[str]:
    return [word.decode("utf-8", "replace") for word in proc.command_line(pid).split(b"\0") if word]


def _start_time_text(pid: int) -> str:
    """The start time of a process, ISO 8601; "" if it has ended."""
    try:
        ticks = start_time(pid)
    except OSError:
        return ""
    if not ticks:
        return ""
    ago_s = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return as_text(time.time() - max(ago_s, 0.0))


_NS_PER_MS = 1_000_000


class CommandTimer:
    """Times the commands of one terminal.

    Attributes:
        times: the newest, for a viewer that attaches and for the next host; emulators have the others.
    """

    def __init__(
        self,
        commands: CommandLog,
        previous: Sequence[CommandTime],
        input_log: InputLog,
        send_event: Callable[[CommandEvent], None],
    ) -> None:
        """Time the commands that the emulator finds from now on.

        Args:
            commands: those of the host's emulator.
            previous: the newest times that a previous host left.
            input_log: records the times, so that they survive this process.
            send_event: sends an event to all followers.
        """
        self.times = list(previous)
        self._commands = commands
        self._input_log = input_log
        self._send_event = send_event
        commands.clock = _read_clocks

    def current_events(self) -> list[CommandEvent]:
        """The event for a viewer that has just attached; none if there were no commands."""
        return [CommandEvent(tuple(self.times))] if self.times else []

    def on_terminal_events(self, events: Sequence[TerminalEvent]) -> None:
        """Log and send new times, if the output had marks of commands."""
        if any(isinstance(event, CommandBegan | CommandEnded) for event in events) and (
            new := self._commands.take_changes()
        ):
            self.times = newest_times(self.times, new)
            self._input_log.append(EntryKind.COMMANDS, msgspec.msgpack.encode(new))
            self._send_event(CommandEvent(tuple(new)))


def _read_clocks() -> tuple[int, int]:
    return now_ms(), time.clock_gettime_ns(time.CLOCK_BOOTTIME) // _NS_PER_MS
