"""A shell's commands: their numbers, texts, times, and the positions of their input."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from session_host.protocol.values import CommandTime, GridSize
from session_host.terminal.base import Emulator
from session_host.terminal.commands import MAX_COMMAND_CHARACTERS, MAX_COMMANDS, Command
from session_host.terminal.prompts import MAX_MARK_BYTES

from .conftest import Maker

pytestmark = pytest.mark.portable_lacks("marks of commands")

LOOP = "for x in a; do\n\techo ä\ndone"


class Clock:
    """The clocks of a host: ``wall_ms`` may be changed by the user, ``counted_ms`` (CLOCK_BOOTTIME) never."""

    def __init__(self) -> None:
        self.wall_ms, self.counted_ms = 1_700_000_000_000, 5_000

    def __call__(self) -> tuple[int, int]:
        return self.wall_ms, self.counted_ms

    def wait(self, ms: int) -> None:
        self.wall_ms += ms
        self.counted_ms += ms


def begun(text: str = "", typed: str = "x") -> bytes:
    line = f";cmdline_url={quote(text)}" if text else ""
    return f"\x1b]133;A\x07$ \x1b]133;B\x07{typed}\r\n\x1b]133;C{line}\x07".encode()


def ended(code: int = 0) -> bytes:
    return f"out\r\n\x1b]133;D;{code}\x07".encode()


def commands(emulator: Emulator) -> list[Command]:
    found = [emulator.commands.of(prompt.number) for prompt in emulator.prompts() if prompt.output is not None]
    return [command for command in found if command is not None]


def host(make: Maker, columns: int = 40, rows: int = 10) -> tuple[Emulator, Clock]:
    emulator, clock = make(columns, rows), Clock()
    emulator.commands.start_numbers(1)
    emulator.commands.clock = clock
    return emulator, clock


def test_a_host_times_commands_and_a_replica_learns_the_times(make: Maker) -> None:
    emulator, clock = host(make)
    replica = make(40, 10)
    replica.commands.start_numbers(1)
    output = begun(LOOP)
    emulator.feed(output)
    clock.wait(700)
    clock.wall_ms -= 86_400_000
    emulator.feed(ended(1))
    output += ended(1)
    began = CommandTime(2, 1_700_000_000_000, 700, 5_000)
    new = emulator.commands.take_changes()
    assert (new, emulator.commands.take_changes()) == ([began], [])
    replica.commands.set_times(new)  # The times may arrive before the output.
    replica.feed(output)
    assert (
        commands(replica)
        == commands(emulator)
        == [Command(2, LOOP, ((0, 2),), began.began_ms, began.took_ms, began.clock_ms)]
    )
    assert emulator.prompts() == replica.prompts()
    emulator.feed(begun())
    replica.feed(begun())
    replica.commands.set_times(emulator.commands.take_changes())
    assert [each.time() for each in commands(replica)] == [began, CommandTime(3, clock.wall_ms, -1, clock.counted_ms)]


def test_snapshots_and_replays_have_the_commands_and_the_next_host_ends_the_running_one(make: Maker) -> None:
    emulator, clock = host(make)
    emulator.feed(
        begun("true") + ended() + b"\x1b[2J\x1b[H" + begun(LOOP, "for\r\n\x1b]133;P;k=s\x07> \x1b]133;B\x07y")
    )
    for copy in make.copies(emulator):
        assert (commands(copy), copy.commands.count) == (commands(emulator), 3)
        assert commands(copy)[-1].inputs == ((0, 2), (1, 2))
        copy.commands.clock = lambda: (0, clock.counted_ms + 40)
        copy.feed(ended() + begun())
        assert [(each.number, each.took_ms) for each in commands(copy)][-2:] == [(3, 40), (4, -1)]


def test_command_numbers_survive_changes_of_rows(make: Maker) -> None:
    emulator, _ = host(make, 20, 6)
    emulator.feed(begun("one") + b"long " * 20 + b"\r\n" + ended())
    emulator.feed(b"\x1b[?1049h" + begun("inner") + b"\x1b[?1049l" + b"\x1bc")
    for columns in (13, 60):
        emulator.feed(begun(f"at {columns}") + ended())
        emulator.resize(GridSize(columns, 6), emulator.cell)
    assert [(each.number, each.text) for each in commands(emulator)] == [(3, "at 13"), (4, "at 60")]


@pytest.mark.parametrize(
    "options",
    [
        "n=",
        "n=x",
        "n=99999999999999999999",
        "t=1",
        "t=-.-.-",
        "t=9999999999999.1.1",
        "i=1.2.3.x",
        "i=0.-5",
        "cmdline_url=%ff%1b[2J",
    ],
)
def test_garbage_in_marks_is_ignored(make: Maker, options: str) -> None:
    emulator = make(40, 10)
    emulator.commands.start_numbers(1)
    emulator.feed(f"\x1b]133;C;{options}\x07\x1b]133;D\x07\x1b]133;Z;{options}\x07\x1b]133;Z\x07".encode())
    [command] = commands(emulator)
    assert (command.began_ms, command.took_ms, command.inputs) == (0, -1, ())
    assert "\x1b" not in command.text


def test_a_command_text_that_is_too_long_is_left_out_and_a_flood_of_commands_is_bounded(make: Maker) -> None:
    emulator, _ = host(make)
    emulator.feed(begun("x" * (MAX_COMMAND_CHARACTERS + 1)) + ended() + begun("x" * MAX_COMMAND_CHARACTERS) + ended())
    assert [len(each.text) for each in commands(emulator)] == [0, MAX_COMMAND_CHARACTERS]
    emulator.feed(b"\x1b]133;C\x07\x1b]133;D\x07\r\n" * (2 * MAX_COMMANDS))
    assert len(emulator.commands.saved().commands) == MAX_COMMANDS
    assert len(emulator.commands.take_changes()) <= MAX_COMMANDS


def test_both_engines_count_marks_with_long_commands_up_to_the_same_length(make: Maker) -> None:
    """With different limits, a replica of the other engine would number its commands differently."""
    emulator, _ = host(make)
    for length in (20_000, MAX_MARK_BYTES - len("C;x") - 1, MAX_MARK_BYTES - len("C;x")):
        emulator.feed(f"\x1b]133;C;x{'x' * length}\x07\x1b]133;D\x07\r\n".encode())
    assert emulator.commands.count == 3


def test_without_numbers_no_commands_are_recorded(make: Maker) -> None:
    emulator = make(40, 10, output=begun("ls") + ended())
    emulator.commands.set_times([CommandTime(1, 5, 5, 5)])
    assert [prompt.number for prompt in emulator.prompts()] == [0]
    assert commands(emulator) == []
