"""OSC 133: prompts and outputs after their rows were erased, for example by ``clear``."""

from __future__ import annotations

import pytest

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.prompts import Prompt
from tests.contracts.test_emulator_prompts import WAITING, command, shown

from .conftest import Maker

pytestmark = pytest.mark.portable_lacks("marks of commands")

RUNS = "\r\n\x1b]133;C\x07"
TWO = "x\r\n" + command("ls", "a", "b") + WAITING
"""A line in row 0, a command in row 1, its output in rows 2 and 3, and a waiting prompt in row 4."""


@pytest.mark.parametrize(
    "clear",
    [
        "\x1b[H\x1b[2J",
        "\x1b[2J\x1b[H",
        "\x1b[H\x1b[2J\x1b[3J",
        "\x1b[H\x1b[3J\x1b[2J",
        "\x1b[H\x1b[J",
        "\x1b[H\x1b[02J",
    ],
)
def test_after_a_clear_no_mark_stays_at_the_previous_prompt_of_the_command(make: Maker, clear: str) -> None:
    emulator = make(20, 9, output=f"{TWO}clear; make{RUNS}{clear}cc\r\nld\r\n")
    assert emulator.prompts() == [Prompt(0, 0, None)]
    for each in (emulator, *make.copies(emulator)):
        each.feed(f"\x1b]133;D;2\x07{WAITING}".encode())
        assert each.prompts() == [Prompt(0, 0, 2, 2), Prompt(2, None, None)]
        assert shown(each)[0] == ("cc", ["cc", "ld"])


def test_an_erase_is_noticed_wherever_the_output_is_split(make: Maker) -> None:
    output = f"{TWO}clear; make{RUNS}\x1b[H\x1b[2Jcc J\r\n\x1b]133;D;2\x07{WAITING}".encode()
    found = [Prompt(0, 0, 1, 2), Prompt(1, None, None)]
    for end in range(len(output) - 60, len(output)):
        emulator = make(20, 9, output="")
        emulator.feed(output[:end])
        emulator.feed(output[end:])
        assert emulator.prompts() == found, output[:end]
    emulator = make(20, 9, output="")
    for byte in output:
        emulator.feed(bytes([byte]))
    assert emulator.prompts() == found


def test_the_output_of_an_older_command_ends_where_the_screen_was_erased(make: Maker) -> None:
    emulator = make(20, 6, output=command("seq", *"12345678") + WAITING + f"clear -x; make{RUNS}")
    top = emulator.scrollback_rows
    emulator.feed(f"\x1b[H\x1b[2Jcc\r\n\x1b]133;D;0\x07{WAITING}".encode())
    assert emulator.prompts() == [Prompt(0, 1, top, 0), Prompt(top, top, top + 1, 0), Prompt(top + 1, None, None)]
    assert shown(emulator)[0] == ("$ seq", list("12345678")[: top - 1])


def test_a_screen_that_is_cleared_at_a_prompt_keeps_what_is_above_it(make: Maker) -> None:
    emulator = make(20, 6, output=command("seq", *"12345678") + "\x1b[2A" + WAITING)
    top = emulator.scrollback_rows
    emulator.feed(f"\x1b[H\x1b[2J{WAITING}".encode())
    assert emulator.prompts() == [Prompt(0, 1, top, 0), Prompt(top, None, None)]


def test_a_command_that_clears_the_screen_again_keeps_its_output_in_the_history(make: Maker) -> None:
    emulator = make(20, 4, output=f"{TWO}watch{RUNS}\x1b[H\x1b[2J")
    top = emulator.scrollback_rows
    emulator.feed(b"1\r\n2\r\n3\r\n4\r\n5\r\n\x1b[H\x1b[2J6\r\n\x1b]133;D;0\x07")
    prompt = emulator.prompts()[-1]
    assert (prompt.row, prompt.output, prompt.exit_code) == (top, top, 0)
    assert shown(emulator)[-1][1] == ["1", "2", "6"]


def test_a_prompt_redrawn_elsewhere_leaves_no_previous_prompt(make: Maker) -> None:
    emulator = make(20, 9, output=f"{TWO}\x1b[2J\r\n{WAITING}")
    assert emulator.prompts() == [Prompt(5, None, None)]


@pytest.mark.parametrize(
    ("erase", "rows"),
    [
        ("\x1b[4;1H\x1b[J", [1, 3]),
        ("\x1b[4;3H\x1b[J", [1, 4]),
        ("\x1b[2;1H\x1b[0J", [1]),
        ("\x1b[2;2H\x1b[0J", [1, 2]),
        ("\x1b[5;3H\x1b[1J", [4]),
        ("\x1b[2;3H\x1b[1J", [1, 4]),
        ("\x1b[2J", [0]),
        ("\x1b[3J", [1, 4]),
        ("\x1b[2;1H\x1b[K", [1, 4]),
        ("\x1b[2;9H\x1b[1K", [1, 4]),
        ("\x1b[2;1H\x1b[2K", [1, 4]),
        ("\x1b[2;1H\x1b[20X", [1, 4]),
        ("\x1b[?1049h\x1b[2Jx\x1b[?1049l", [1, 4]),
        ("\x1b[?47h\x1b[H\x1b[2J\x1b[?47l", [1, 4]),
        ("\x1bc", []),
        ("\x1b[!p", [1, 4]),
    ],
)
def test_completely_erased_rows_lose_their_prompts(make: Maker, erase: str, rows: list[int]) -> None:
    emulator = make(20, 9, output=TWO + erase)
    assert [prompt.row for prompt in emulator.prompts()] == rows
    for each in make.copies(emulator):
        assert each.prompts() == emulator.prompts()


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b[5;1H\x1b[M",
        "\x1b[2;8r\x1b[8;1H" + "\n" * 4,
        "\x1b[6T",
        "\x1b[3;8r\x1b[3;1H" + "\x1bM" * 7,
    ],
    ids=["deleted", "scrolled up in a region", "scrolled down", "reversed"],
)
def test_a_prompt_disappears_with_its_row(make: Maker, sequence: str) -> None:
    emulator = make(20, 9, output=f"{TWO}make{RUNS}{sequence}\x1b[r")
    rows = [row.text() for row in (*emulator.history(0, emulator.scrollback_rows), *emulator.rows())]
    assert "$ make" not in rows
    assert all(rows[prompt.row] == "$ ls" for prompt in emulator.prompts())
    emulator.feed(b"\x1b[9;1H\x1b]133;D;1\x07\x1b]133;A\x07$ ")
    assert all(prompt.exit_code != 1 for prompt in emulator.prompts())


def test_a_turn_disappears_with_its_erased_row(make: Maker) -> None:
    emulator = make(20, 4, output="x\r\n" * 6)
    emulator.mark_turn()
    emulator.feed(b"answer\r\n" * 6)
    emulator.mark_turn()
    emulator.feed(b"\x1b[2J\x1b[H")
    assert [prompt.row for prompt in emulator.prompts()] == [6]


def test_prompts_that_return_from_the_scrollback_by_a_resize_can_be_erased(make: Maker) -> None:
    emulator = make(20, 4, output=TWO + f"seq{RUNS}" + "1\r\n" * 6)
    emulator.feed(b"J\x1b[J")
    emulator.resize(GridSize(20, 20), CellSize())
    in_history = emulator.scrollback_rows
    emulator.feed(b"\x1b[H\x1b[2J")
    assert [prompt.row for prompt in emulator.prompts() if prompt.row > in_history] == []
