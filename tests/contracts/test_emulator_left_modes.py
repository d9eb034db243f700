"""After a killed program, a shell's terminal is as if the program had never run, whatever it set and in which order."""

from __future__ import annotations

import random

import pytest

from session_host.terminal.base import Emulator
from tests.contracts.conftest import Maker
from tests.support.fuzzing import chance, some, times

pytestmark = pytest.mark.portable_lacks("marks of commands")

BEGIN, END = b"\x1b]133;C\x1b\\", b"\x1b]133;D;137\x1b\\"
PROMPT = b"\r\n\x1b]133;A\x1b\\$ \x1b]133;B\x1b\\"

MODES = [
    1,
    5,
    6,
    7,
    9,
    25,
    45,
    47,
    66,
    69,
    1000,
    1002,
    1003,
    1004,
    1005,
    1006,
    1007,
    1015,
    1016,
    1045,
    1047,
    1049,
    2004,
    2026,
    2031,
    2048,
]
COMMANDS = [
    *(b"\x1b[?%d%c" % (mode, end) for mode in MODES for end in b"hl"),
    *[b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[>1u", b"\x1b[>5u", b"\x1b[<u", b"\x1b[=9;1u"] * 5,
    b"\x1b[4h",
    b"\x1b[4l",
    b"\x1b[20h",
    b"\x1b[20l",
    b"\x1b(0",
    b"\x1b(B",
    b"\x1b)0",
    b"\x1b)B",
    b"\x0e",
    b"\x0f",
    b"\x1b[>4;2m",
    b"\x1b[>4m",
    b"\x1b[2;5r",
    b"\x1b[r",
    b"\x1b7",
    b"\x1b8",
    b"\x1b[3;4H",
    b"\x1b=",
    b"\x1b>",
    b"text\r\n",
    b"\x1b[!p",
    b"\x1b[?25;1003h",
    b"\x1b[<9u",
    b"\x1b[2J",
    *[b"\x1b[4 q", b"\x1b[5 q", b"\x1b[ q"] * 2,
]
SHELLS = [
    (b"", b""),
    (b"\x1b[?2004h", b"\x1b[?2004l"),
    (b"\x1b[?1h\x1b=\x1b[?2004h", b"\x1b[?1l\x1b>\x1b[?2004l"),
    (b"\x1b[>5u\x1b[?2004h\x1b(B", b"\x1b[<u\x1b[?2004l"),
    (b"\x1b[5 q\x1b[?2004h", b"\x1b[2 q\x1b[?2004l"),
    (b"\x1b[6 q", b""),
]
"""What a shell sets at its prompt, and takes back before a command."""


def take_back(emulator: Emulator, written: bytes) -> None:
    """Write what the host writes after a command."""
    for _ in range(5):
        if not (step := emulator.command_modes.next_step(written)):
            return
        emulator.feed(step)
    raise AssertionError("it does not end")


def behaviour(emulator: Emulator) -> list[object]:
    """How a terminal reads keys and shows text, on both screens."""
    found: list[object] = []
    for screen in (b"", b"\x1b[?1049h"):
        emulator.feed(screen + b"\x1b[0m")
        found.append(emulator.modes)
        emulator.feed(b"\x1b[2J\x1b[1;1H" + b"q" * 25 + b"\nx\x1b[2;1H\b\bz\x1b[3;1Hcd\x1b[3;1Hab")
        emulator.feed(b"\n" * 12 + b"end")
        found.append([row.text() for row in emulator.rows()])
        found.append(emulator.cursor)
    return found


def test_whatever_a_killed_program_has_set_is_taken_back(make: Maker) -> None:
    with chance() as choose:
        for _ in range(times(100)):
            _try(make, choose)


def _try(make: Maker, choose: random.Random) -> None:
    at_prompt, before_command = some(choose, SHELLS)
    emulator, untouched = make(20, 8), make(20, 8)
    left: list[bytes] = []
    for _ in range(choose.randrange(1, 3)):
        left = [some(choose, COMMANDS) for _ in range(choose.randrange(1, 12))]
        prompt = PROMPT + at_prompt
        for each, command in ((emulator, b"".join(left)), (untouched, b"")):
            each.feed(prompt + b"vim\r\n" + before_command + BEGIN + command)
            each.feed(END + prompt)
            take_back(each, prompt)
            each.feed(before_command)
    assert behaviour(emulator) == behaviour(untouched), left
    emulator.close()
    untouched.close()


@pytest.mark.parametrize(("status", "shape"), [(137, "block"), (130, "block"), (0, "bar"), (1, "bar")])
def test_the_cursors_shape_is_taken_back_if_a_signal_ended_the_command(make: Maker, status: int, shape: str) -> None:
    emulator = make(20, 8)
    emulator.feed(PROMPT + BEGIN + b"\x1b[5 q\x1b]133;D;%d\x1b\\" % status + PROMPT)
    take_back(emulator, PROMPT)
    assert emulator.cursor.shape == shape
    assert emulator.take_replies() == b""
    emulator.close()


BLUE = b"\x1b]11;#0000ff\x1b\\\x1b]4;7;#0000ff\x1b\\"
RED = b"\x1b]11;#ff0000\x1b\\\x1b]4;7;#ff0000\x1b\\\x1b]10;#ff0000\x1b\\"


@pytest.mark.parametrize(
    ("before", "status", "theme", "stays"),
    [
        (b"", 137, b"", b""),
        (b"", 0, b"", RED),
        (BLUE, 137, b"", BLUE),
        (BLUE, 0, b"", BLUE + RED),
        (BLUE, 130, b"\x1b]11;#00ff00\x07", BLUE + RED + b"\x1b]11;#00ff00\x07"),
        (BLUE, 130, b"\x1b]11;?\x07", BLUE),
    ],
)
def test_the_colours_of_a_killed_program_go_and_those_that_were_set_before_stay(
    make: Maker, before: bytes, status: int, theme: bytes, stays: bytes
) -> None:
    emulator, wanted = make(20, 8), make(20, 8)
    prompt = PROMPT + theme
    emulator.feed(before + PROMPT + BEGIN + RED + b"\x1b]133;D;%d\x1b\\" % status + prompt)
    take_back(emulator, prompt)
    emulator.take_replies()
    wanted.feed(stays)
    found, expected = (each.frame() for each in (emulator, wanted))
    assert (found.foreground, found.background, found.palette) == (
        expected.foreground,
        expected.background,
        expected.palette,
    )
    for each in (emulator, wanted):
        each.close()
