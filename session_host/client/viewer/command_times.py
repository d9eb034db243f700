"""The times of a shell's commands that a viewer has received, for each replica that it makes."""

from __future__ import annotations

from collections import deque

from session_host.protocol.messages import CommandEvent
from session_host.protocol.values import CommandTime
from session_host.terminal.base import Emulator
from session_host.terminal.commands import MAX_COMMANDS


class ReceivedTimes:
    """The newest times: they may come before the output that they are about, or before the replica."""

    def __init__(self) -> None:
        self._times: deque[CommandTime] = deque(maxlen=MAX_COMMANDS)

    def receive(self, message: object, emulator: Emulator | None) -> bool:
        """Receive a message of the host; returns whether it was about commands."""
        if type(message) is not CommandEvent:
            return False
        self._times += message.times
        if emulator is not None:
            emulator.commands.set_times(message.times)
        return True

    def copy_to(self, emulator: Emulator | None) -> None:
        """Copy all times into a new replica."""
        if emulator is not None:
            emulator.commands.set_times(self._times)
