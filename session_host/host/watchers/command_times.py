"""The times of a shell's commands: read off the clocks as the emulator interprets the output, logged and sent.

A command's duration is the difference of two readings of CLOCK_BOOTTIME. It is never set, counts on while the machine
sleeps, and is the same for the next host. The wall clock is read only for the time at which the command began.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from session_host.protocol.messages import CommandEvent
from session_host.protocol.values import CommandTime
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import newest_times
from session_host.system.clock import now_ms
from session_host.terminal.commands import CommandLog
from session_host.terminal.events import CommandBegan, CommandEnded, TerminalEvent

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
