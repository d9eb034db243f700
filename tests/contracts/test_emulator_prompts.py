"""OSC 133: the rows of prompts and outputs after scrolling, resizes, snapshots and replays."""

from __future__ import annotations

import pytest

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import Emulator
from session_host.terminal.prompts import MAX_PROMPTS, Prompt
from tests.support.emulators import texts

from .conftest import Maker

pytestmark = pytest.mark.portable_lacks("marks of commands")


def command(text: str, *output: str, code: int = 0, shell: str = "") -> str:
    """The output of a shell with marks for one command, from its prompt to its end."""
    identity = f";aid={shell}" if shell else ""
    lines = "".join(line + "\r\n" for line in output)
    return f"\x1b]133;A{identity}\x07$ \x1b]133;B\x07{text}\r\n\x1b]133;C\x07{lines}\x1b]133;D;{code}{identity}\x07"


WAITING = "\x1b]133;A\x1b\\$ \x1b]133;B\x1b\\"
SESSION = command("true") + command("ls", "a", "b", code=2) + WAITING
FOUND = [Prompt(0, 1, 1, 0), Prompt(1, 2, 4, 2), Prompt(4, None, None)]


def shown(emulator: Emulator) -> list[tuple[str, list[str]]]:
    """The text of each prompt's row, and of the rows of its command's output."""
    rows = [row.text() for row in (*emulator.history(0, emulator.scrollback_rows), *emulator.rows())]
    return [
        (rows[prompt.row], rows[prompt.output : prompt.end] if prompt.output is not None else [])
        for prompt in emulator.prompts()
    ]


def test_prompts_and_outputs_are_found_with_their_exit_codes(make: Maker) -> None:
    emulator = make(20, 6, output=SESSION)
    assert emulator.prompts() == FOUND
    assert emulator.prompts(1, 3) == FOUND[1:2]
    assert emulator.prompts(5) == []
    last = [emulator.prompts(0, count, last_only=True) for count in range(7)]
    assert last == [[], FOUND[:1], *[FOUND[1:2]] * 3, *[FOUND[2:]] * 2]
    assert emulator.prompts(2, 2, last_only=True) == []
    assert emulator.prompts(last_only=True) == FOUND[2:]


def test_a_command_that_runs_has_no_end(make: Maker) -> None:
    emulator = make(20, 6, output=f"{WAITING}make\r\n\x1b]133;C\x07cc\r\n")
    assert emulator.prompts() == [Prompt(0, 1, None)]
    emulator.feed(b"\x1b]133;D\x07\x1b]133;A\x07$ ")
    assert emulator.prompts() == [Prompt(0, 1, 2), Prompt(2, None, None)]


def test_a_prompt_follows_output_without_a_line_end(make: Maker) -> None:
    emulator = make(20, 6, output=f"{WAITING}printf x\r\n\x1b]133;C\x07x\x1b]133;D;0\x07{WAITING}")
    assert shown(emulator) == [("$ printf x", ["x"]), ("$", [])]
    assert texts(emulator)[:3] == ["$ printf x", "x", "$"]


@pytest.mark.parametrize("mark", ["A;k=s", "P;k=c", "P;k=r", "B", "L", "X", "AA"])
def test_other_marks_begin_no_prompt(make: Maker, mark: str) -> None:
    emulator = make(20, 6, output=f"{WAITING}for\r\n\x1b]133;{mark}\x07> ")
    assert [prompt.row for prompt in emulator.prompts()] == [0]


def test_an_empty_line_has_no_output(make: Maker) -> None:
    emulator = make(20, 6, output=f"{WAITING}\r\n\x1b]133;D;0\x07{WAITING}")
    assert emulator.prompts() == [Prompt(0, None, None), Prompt(1, None, None)]


def test_prompts_are_found_in_the_history_and_lost_with_it(make: Maker) -> None:
    emulator = make(20, 4, output=SESSION + "\r\n" * 20)
    assert emulator.prompts() == FOUND
    assert shown(emulator)[1] == ("$ ls", ["a", "b"])
    emulator.feed(b"\x1b[3J")
    assert emulator.prompts() == []
    emulator.feed(SESSION.encode())
    assert [text for text, _ in shown(emulator)] == ["$ true", "$ ls", "$"]
    emulator.feed(b"\x1bc")
    assert emulator.prompts() == []


def test_a_prompt_that_leaves_the_history_is_forgotten(make: Maker) -> None:
    emulator = make(20, 4, scrollback_lines=10, output=SESSION)
    emulator.feed(b"x\r\n" * 8)
    assert [prompt.row for prompt in emulator.prompts()][-1] == 4
    emulator.feed(b"x\r\n" * 5000)
    assert emulator.prompts() == []


def test_a_screen_that_was_cleared_has_one_prompt(make: Maker) -> None:
    emulator = make(20, 6, output=SESSION + "\x1b[H\x1b[2J" + WAITING)
    assert emulator.prompts() == [Prompt(0, None, None)]
    emulator.feed(b"\r" + WAITING.encode())
    assert emulator.prompts() == [Prompt(0, None, None)]


def test_a_prompt_redrawn_without_marks_after_a_clear_is_found_at_its_new_row(make: Maker) -> None:
    emulator = make(20, 6, output=SESSION + "\x1b[H\x1b[2J$ date\r\n\x1b]133;C\x07now\r\n\x1b]133;D;0\x07")
    assert shown(emulator)[-1] == ("$ date", ["now"])


def test_a_command_without_marks_of_its_prompt_is_found_at_its_output(make: Maker) -> None:
    emulator = make(20, 6, output="$ date\r\n\x1b]133;C\x07now\r\n\x1b]133;D;0\x07")
    assert shown(emulator)[-1] == ("now", ["now"])


def test_prompts_move_with_their_lines_when_the_width_changes(make: Maker) -> None:
    emulator = make(40, 6, output=command("x" * 60, "y" * 70, "z", code=1) + WAITING + "\r\n" * 5)
    before = [(text[:2], [row[:1] for row in output]) for text, output in shown(emulator)]
    assert before == [("$ ", ["y", "y", "z"]), ("$", [])]
    for columns in (25, 40, 90, 30):
        emulator.resize(GridSize(columns, 5), CellSize())
        texts_now = shown(emulator)
        assert "".join(texts_now[0][1]) == "y" * 70 + "z", columns
        assert [text[:3] for text, _ in texts_now] == ["$ x", "$"], columns


@pytest.mark.parametrize("output", [["a", "b"], ["", "b"], ["a"], [""]])
def test_an_output_that_begins_with_a_short_or_blank_row_is_found_at_every_width(
    make: Maker, output: list[str]
) -> None:
    for columns in range(2, 40):
        emulator = make(20, 12, output="x\r\n" + command("ls", *output) + WAITING)
        emulator.resize(GridSize(columns, 12), CellSize())
        emulator.resize(GridSize(20, 12), CellSize())
        assert shown(emulator) == [("$ ls", output), ("$", [])], columns


def test_a_shell_within_a_shell_ends_with_its_own_marks(make: Maker) -> None:
    inside = f"{WAITING.replace('A', 'A;aid=2')}bash\r\n\x1b]133;C\x07"
    output = f"{inside}{command('false', code=1, shell='3')}\x1b]133;A;aid=3\x07$ exit\r\n\x1b]133;C\x07exit\r\n"
    emulator = make(20, 9, output=f"{output}\x1b]133;D;7;aid=2\x07")
    assert emulator.prompts() == [Prompt(0, 1, 4, 7), Prompt(1, 2, 2, 1), Prompt(2, 3, 4)]


def test_no_prompts_on_the_alternate_screen_and_all_after_it(make: Maker) -> None:
    emulator = make(20, 6, output=SESSION + "vi\r\n\x1b]133;C\x07\x1b[?1049h\x1b[2J\x1b]133;A\x07~")
    assert emulator.prompts() == []
    for each in (emulator, *make.copies(emulator)):
        assert each.prompts() == []
        each.feed(b"\x1b[?1049l\x1b]133;D;3\x07")
        assert each.prompts() == [*FOUND[:2], Prompt(4, 5, 5, 3)]


def test_a_snapshot_and_a_replay_in_any_engine_have_the_prompts(make: Maker) -> None:
    emulator = make(20, 4, output="".join(command(f"c{n}", *"ab"[: n % 3], code=n, shell="9") for n in range(12)))
    emulator.feed(f"{WAITING}\r\n\x1b]133;C\x07run".encode())
    found = emulator.prompts()
    assert len(found) == 13
    for each in (*make.copies(emulator), emulator):
        assert each.prompts() == found
        each.feed(b"\r\n\x1b]133;D;5\x07")
        assert each.prompts()[-1].exit_code == 5


def test_a_snapshot_of_a_full_history_has_the_prompts(make: Maker) -> None:
    emulator = make(20, 4, scrollback_lines=50, output="")
    for number in range(400):
        emulator.feed(command(f"c{number}", "x", code=number % 3).encode())
    for copy in make.copies(emulator):
        assert copy.prompts() == emulator.prompts()
        assert shown(copy) == shown(emulator)
    assert shown(emulator)[-1] == ("$ c399", ["x"])


def test_the_oldest_of_many_prompts_are_forgotten(make: Maker) -> None:
    emulator = make(20, 4)
    for _ in range(MAX_PROMPTS + 5):
        emulator.feed(b"\x1b]133;A\x07$\r\n")
    assert len(emulator.prompts()) == MAX_PROMPTS


def test_the_directory_is_the_last_reported_one_also_in_copies(make: Maker) -> None:
    emulator = make(20, 4, output="\x1b]7;file://host/a\x07\x1b]7;file://host/tmp/a%20b\x1b\\")
    for each in (*make.copies(emulator), emulator):
        assert each.directory == "file://host/tmp/a%20b"
        each.feed(b"\x1bc")
        assert each.directory == ""


def test_turns_are_among_the_prompts_and_in_copies(make: Maker) -> None:
    emulator = make(20, 4, output="one\r\n")
    emulator.mark_turn()
    emulator.feed(b"answer\r\nmore\r\n\r\n")
    emulator.mark_turn()
    emulator.mark_turn()
    emulator.feed(b"second\r\n" * 5)
    found = [Prompt(1, None, None, None, turn=True), Prompt(4, None, None, None, turn=True)]
    for each in (emulator, *make.copies(emulator)):
        assert each.prompts() == found
    emulator.feed(b"\x1b[?1049h")
    emulator.mark_turn()
    emulator.feed(b"\x1b[?1049l")
    assert emulator.prompts() == found
