"""A shell's commands: their numbers, texts and times, and the modes that they leave. ``prompts`` has their rows.

The marks in the output (OSC 133) show a command's rows and its exit status. Only the host, which reads the output as it
is written, knows when a command ran: its emulator has a clock, and it sends the times to the others, by the commands'
numbers. Host and replicas count the same marks, so a command has the same number everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import quote, unquote

import msgspec

from session_host.protocol.untrusted_text import plain
from session_host.protocol.values import CommandTime

MAX_COMMANDS: Final = 1000
MAX_COMMAND_CHARACTERS: Final = 1024
"""The longest command text that is kept; a longer one is dropped whole, since a part would be another command."""

MAX_INPUTS: Final = 24
_MAX_NUMBER: Final = 10**13
_LATEST_MS: Final = 4_102_444_800_000
"""The year 2100: a later time is not one of ours."""

_NUMBERS: Final = re.compile(r"[0-9]{1,14}(?:\.-?[0-9]{1,14})*", re.ASCII)

Clock = Callable[[], tuple[int, int]]
"""The time in ms since 1970, and in ms on a clock that is never set."""

Inputs = tuple[tuple[int, int], ...]
"""The beginning of each line of the user's input: (rows below the prompt's first row, column)."""


class Command(msgspec.Struct, array_like=True):
    """One command.

    Attributes:
        number: its number, greater than those of earlier ones.
        text: the command line as the shell reported it; "" if it did not.
        inputs: where the input was in the prompt's rows; empty if not marked.
        began_ms: when it began, in ms since 1970; 0 if not known.
        took_ms: how long it ran, in ms; -1 while it runs, or if not known.
        clock_ms: when it began, on the clock that is never set; 0 if not known.
    """

    number: int
    text: str = ""
    inputs: Inputs = ()
    began_ms: int = 0
    took_ms: int = -1
    clock_ms: int = 0

    def time(self) -> CommandTime:
        """The times alone."""
        return CommandTime(self.number, self.began_ms, self.took_ms, self.clock_ms)

    def set_time(self, time: CommandTime) -> None:
        """Set the times."""
        self.began_ms, self.took_ms, self.clock_ms = time.began_ms, time.took_ms, time.clock_ms


class SavedCommands(msgspec.Struct, frozen=True, array_like=True):
    """The commands in a snapshot."""

    count: int = 0
    commands: list[Command] = []


class CommandLog:
    """The newest commands of one terminal.

    Attributes:
        clock: gives the times of marks; None where output is read late, or again.
        count: the number of the newest command; 0 until commands are numbered.
    """

    def __init__(self) -> None:
        self.clock: Clock | None = None
        self.count = 0
        self._commands: dict[int, Command] = {}
        self._times: dict[int, CommandTime] = {}
        """Times of commands that are not in the output so far."""
        self._changed: dict[int, CommandTime] = {}

    def start_numbers(self, after: int) -> None:
        """Number the commands from now on with the numbers after ``after`` (> 0), unless they are numbered already."""
        self.count = self.count or after

    def restore_from_record(self) -> None:
        """Count the durations of commands that still run by the wall clock, the only one that a record has."""
        for command in self._commands.values():
            if command.took_ms < 0:
                command.clock_ms = command.began_ms

    def of(self, number: int) -> Command | None:
        """The command with this number; None if nothing is known."""
        return self._commands.get(number)

    # -- marks in the output

    def count_command(self, options: dict[str, str]) -> int:
        """Count the command that a C mark begins, and return its number; 0 if commands are not numbered."""
        found = _numbers(options.get("n", ""))
        if found:
            self.count = max(self.count, found[0])
            return found[0]
        if self.count:
            self.count += 1
        return self.count

    def count_to(self, options: dict[str, str]) -> None:
        """Handle the mark of a replay that has the count of commands."""
        if found := _numbers(options.get("n", "")):
            self.count = max(self.count, found[0])

    def begin(self, number: int, options: dict[str, str], inputs: Inputs) -> None:
        """Note the beginning of a command; ``options`` are those of its C mark."""
        command = Command(number, _text_of(options), inputs)
        self._commands[number] = command
        while len(self._commands) > MAX_COMMANDS:
            del self._commands[next(iter(self._commands))]
        if self.clock is not None:
            command.began_ms, command.clock_ms = self.clock()
            self._note_change(command)
        elif (known := self._times.pop(number, None)) is not None:
            command.set_time(known)
        elif len(times := _numbers(options.get("t", ""))) == 3 and times[0] < _LATEST_MS:
            command.began_ms, command.clock_ms, command.took_ms = times

    def end(self, number: int) -> None:
        """Note the end of a command."""
        command = self._commands.get(number)
        if command is None or self.clock is None or command.took_ms >= 0 or not command.clock_ms:
            return
        took_ms = self.clock()[1] - command.clock_ms
        if took_ms >= 0:
            command.took_ms = took_ms
            self._note_change(command)

    def _note_change(self, command: Command) -> None:
        self._changed[command.number] = command.time()
        if len(self._changed) > MAX_COMMANDS:
            del self._changed[next(iter(self._changed))]

    def width_changed(self) -> None:
        """Forget the positions of inputs that another width has moved: all but those in the first line of a prompt."""
        for command in self._commands.values():
            command.inputs = lasting(command.inputs)

    # -- carrying the commands elsewhere

    def take_changes(self) -> list[CommandTime]:
        """The times that the clock gave since the last call."""
        changes = list(self._changed.values())
        self._changed.clear()
        return changes

    def set_times(self, times: Iterable[CommandTime]) -> None:
        """Set the times of commands, also of those that come later in the output."""
        for time in times:
            if (command := self._commands.get(time.number)) is not None:
                command.set_time(time)
            elif time.number > self.count:
                self._times[time.number] = time
        while len(self._times) > MAX_COMMANDS:
            del self._times[next(iter(self._times))]

    def saved(self) -> SavedCommands:
        """The commands for a snapshot."""
        return SavedCommands(self.count, list(self._commands.values()))

    def restore(self, saved: SavedCommands) -> None:
        """Set the commands of a snapshot."""
        self.count = saved.count
        self._commands = {command.number: command for command in saved.commands[-MAX_COMMANDS:]}

    def options_of(self, number: int) -> str:
        """The options of an OSC 133;C mark that tell another emulator the known facts about a command."""
        if (command := self._commands.get(number)) is None:
            return f";n={number}" if number else ""
        times = f";t={command.began_ms}.{command.clock_ms}.{command.took_ms}" if command.began_ms else ""
        text = f";cmdline_url={quote(command.text, safe='')}" if command.text else ""
        return f";n={number}{times}{written_inputs(command.inputs)}{text}"


def options_in(options: Iterable[str]) -> dict[str, str]:
    """The options of a mark by their names."""
    return dict(option.partition("=")[::2] for option in options)


def inputs_in(options: dict[str, str]) -> Inputs:
    """The positions of the input in the options of a replayed mark."""
    found = _numbers(options.get("i", ""))[: 2 * MAX_INPUTS]
    return tuple(zip(found[::2], found[1::2], strict=False)) if min(found, default=0) >= 0 else ()


def written_inputs(inputs: Inputs) -> str:
    """The option with the positions of the input; "" for none."""
    return ";i=" + ".".join(f"{below}.{column}" for below, column in inputs) if inputs else ""


def lasting(inputs: Inputs) -> Inputs:
    """The positions of an input, if another width does not move them within their line."""
    return inputs if len(inputs) == 1 and inputs[0][0] == 0 else ()


def _numbers(text: str) -> list[int]:
    """Whole numbers with dots between them; empty if it is anything else."""
    if not _NUMBERS.fullmatch(text):
        return []
    found = [int(part) for part in text.split(".")]
    return found if max(found) < _MAX_NUMBER else []


def _text_of(options: dict[str, str]) -> str:
    """The command line that a shell put into its C mark, in the form of kitty and fish; "" for none."""
    text = unquote(options.get("cmdline_url", ""), errors="replace")
    cleaned = plain(text, MAX_COMMAND_CHARACTERS + 1, keep_lines=True).strip("\n")
    return cleaned if len(cleaned) <= MAX_COMMAND_CHARACTERS else ""
