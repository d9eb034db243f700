"""A click into a shell's command line moves its cursor by the right number of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gui.terminal.prompts.clicking import steps_to
from session_host.protocol.values import GridSize
from session_host.terminal import create
from session_host.terminal.base import Emulator

COUNTED, PROMPT = "\x1b]133;Z;n=1\x07", "\x1b]133;A\x07$ \x1b]133;B\x07"
Maker = Callable[[str], Emulator]


@pytest.fixture
def shell() -> Iterator[Maker]:
    """Makes a terminal of 20 × 6 cells in which a shell has written something."""
    emulators: list[Emulator] = []

    def make(output: str) -> Emulator:
        emulators.append(create(None, GridSize(20, 6)))
        emulators[-1].feed((COUNTED + output).encode())
        return emulators[-1]

    yield make
    for emulator in emulators:
        emulator.close()


@pytest.mark.parametrize(
    ("column", "row", "steps"), [(2, 1, -8), (5, 1, -5), (10, 1, 0), (15, 1, 0), (1, 1, 0), (5, 0, 0), (5, 2, 0)]
)
def test_a_click_on_the_input_moves_the_cursor_there(shell: Maker, column: int, row: int, steps: int):
    assert steps_to(shell(f"above\r\n{PROMPT}git push"), column, row) == steps


@pytest.mark.parametrize(("column", "steps"), [(2, -2), (3, -2), (4, -1), (6, 0), (7, 1), (9, 3), (19, 3)])
def test_a_character_of_two_cells_or_with_a_mark_is_one_step(shell: Maker, column: int, steps: int):
    assert steps_to(shell(f"{PROMPT}日e\u0301字ab\x1b[1;6H"), column, 0) == steps


def test_a_click_works_in_a_wrapped_line(shell: Maker):
    emulator = shell(PROMPT + "echo " + "a" * 20)
    assert [steps_to(emulator, column, row) for column, row in ((2, 0), (19, 0), (3, 1), (12, 1))] == [-25, -8, -4, 0]


def test_only_a_click_on_the_cursors_line_counts(shell: Maker):
    emulator = shell(f"{PROMPT}for a in b\r\n\x1b]133;P;k=s\x07> \x1b]133;B\x07do x")
    assert [steps_to(emulator, 4, row) for row in (0, 1)] == [0, -2]


@pytest.mark.parametrize("style", ["90", "2", "38;5;8", "38;5;240", "38;2;85;85;85"])
def test_a_click_on_a_suggestion_or_a_right_prompt_goes_to_the_end_of_the_input(shell: Maker, style: str):
    emulator = shell(f"{PROMPT}ls\x1b[{style}m -la\x1b[m\x1b[5G")
    assert [steps_to(emulator, column, 0) for column in (2, 6, 19)] == [-2, 0, 0]
    emulator = shell(f"{PROMPT}\x1b[{style}mls -la\x1b[5G")
    assert steps_to(emulator, 6, 0) == 2, "all of the input is grey"
    emulator = shell(f"{PROMPT}ls x\x1b[16G12:30\x1b[5G")
    assert [steps_to(emulator, column, 0) for column in (5, 10, 19)] == [1, 2, 2]


@pytest.mark.parametrize(
    "output",
    ["$ ls -l", f"{PROMPT}ls -l\r\n\x1b]133;C\x07", f"{PROMPT}ls -l\x1b[?1049h\x1b[H$ ls -l", "\x1b]133;A\x07$ ls -l"],
)
def test_nothing_moves_without_a_prompt_that_waits(shell: Maker, output: str):
    assert all(steps_to(shell(output), column, row) == 0 for column in (2, 3) for row in (0, 1))
