"""The host's own sequences are inserted between two sequences of the program, for every viewer and later host."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from collections.abc import Iterator

import pytest

from session_host.host.driver import clearer
from session_host.terminal import available_engines
from tests.support.session_harness import SessionHarness, is_quiet, session_harness
from tests.support.waiting import eventually

LINES = b"".join(b"line %d\r\n" % number for number in range(30))


@pytest.fixture(params=available_engines())
def harness(request: pytest.FixtureRequest) -> Iterator[SessionHarness]:
    with session_harness(engine=request.param) as harness:
        yield harness


def size_px(terminal: int) -> tuple[int, int]:
    """The width and height of a terminal."""
    width, height = struct.unpack("HHHH", fcntl.ioctl(terminal, termios.TIOCGWINSZ, bytes(8)))[2:]
    return width, height


def output(harness: SessionHarness) -> bytes:
    return harness.output_file.read(0, harness.output_file.end)


async def test_the_scrollback_is_cleared_at_once_between_two_sequences(harness: SessionHarness) -> None:
    driver = harness.host()
    harness.write_output(LINES + b"abc")
    harness.terminal.clearer.clear("scrollback")
    harness.terminal.clearer.clear("scrollback")
    await eventually(lambda: is_quiet(harness.terminal.clearer, driver.worker), 10, "the end")
    harness.write_output(b"def")
    await eventually(lambda: is_quiet(driver.worker), 10, "the text")
    assert output(harness).count(b"\x1b[3J") in {1, 2}, "at most one more for the second request"
    emulator = harness.terminal.worker.idle
    assert emulator is not None
    assert (emulator.scrollback_rows, emulator.rows()[-1].text()) == (0, "abcdef")
    # The host that follows after a kill reads the same output.
    harness.kill()
    harness.host()
    emulator = harness.terminal.emulator
    assert (emulator.scrollback_rows, emulator.rows()[-1].text()) == (0, "abcdef")


@pytest.mark.parametrize("first", [b"\x1b[3", b"\x1b]0;ti", b"\xe6"])
async def test_an_unfinished_sequence_of_the_program_is_awaited(harness: SessionHarness, first: bytes) -> None:
    driver = harness.host()
    harness.write_output(LINES + first)
    harness.terminal.clearer.clear("scrollback")
    await eventually(lambda: is_quiet(driver.worker), 10, "the first look")
    assert output(harness) == LINES + first
    rest = {b"\x1b[3": b"1m", b"\x1b]0;ti": b"tle\x07", b"\xe6": b"\xbc\xa2"}[first]
    harness.write_output(rest)
    await eventually(lambda: is_quiet(harness.terminal.clearer), 10, "the sequence after it")
    assert output(harness) == LINES + first + rest + b"\x1b[3J"


async def test_a_sequence_that_does_not_end_is_cancelled(
    harness: SessionHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearer, "WAIT_S", 0.01)
    driver = harness.host()
    harness.write_output(LINES + b"\x1bPbinary")
    harness.terminal.clearer.clear("scrollback")
    await eventually(lambda: is_quiet(harness.terminal.clearer, driver.worker), 10, "the end")
    assert output(harness) == LINES + b"\x1bPbinary\x18\x1b[3J"
    emulator = harness.terminal.worker.idle
    assert emulator is not None
    assert (emulator.is_ground(), emulator.scrollback_rows) == (True, 0)


async def test_a_terminal_is_not_left_narrower_by_a_host_killed_during_a_reset(harness: SessionHarness) -> None:
    harness.host()
    harness.attach_pty()
    harness.terminal.clearer.clear("reset")
    assert os.get_terminal_size(harness.slave).columns == 39
    harness.kill()
    harness.host()
    harness.attach_pty()
    assert os.get_terminal_size(harness.slave).columns == 40


async def test_a_later_host_changes_no_terminal_without_need(harness: SessionHarness) -> None:
    before = size_px(harness.slave)
    assert all(before), "a program knows the pixels before any viewer has come"
    harness.host()
    harness.attach_pty()
    harness.kill()
    harness.host()
    harness.write_output(LINES)
    harness.attach_pty()
    assert size_px(harness.slave) == before, "a change would be a signal to the program"


async def test_a_waiting_request_ends_with_the_program(harness: SessionHarness) -> None:
    driver = harness.host()
    harness.write_output(b"\x1b[3")
    harness.terminal.clearer.clear("reset")
    harness.terminal.clearer.close()
    await eventually(lambda: is_quiet(driver.worker), 10, "the output")
    assert output(harness) == b"\x1b[3"
    assert is_quiet(harness.terminal.clearer)


BEGIN, END, PROMPT = b"\x1b]133;C\x1b\\", b"\x1b]133;D;137\x1b\\", b"\x1b]133;A\x1b\\$ \x1b]133;B\x1b\\"

LEFT = {
    "kitty's keyboard protocol": (b"\x1b[>5u", b"\x1b[<99u\x1b[=0;1u"),
    "modifyOtherKeys": (b"\x1b[>4;2m", b"\x1b[>4;0m"),
    "mouse": (b"\x1b[?1000;1003h\x1b[?1006h", b"\x1b[?1000l\x1b[?1003l\x1b[?1006l"),
    "paste of a shell without it": (b"\x1b[?2004h", b"\x1b[?2004l"),
    "focus and size reports": (b"\x1b[?1004;2048h", b"\x1b[?1004l\x1b[?2048l"),
    "hidden cursor": (b"\x1b[?25l", b"\x1b[?25h"),
    "scroll region": (b"\x1b[2;5r\x1b[3;1H", b"\x1b[r\x1b[3;3H"),
    "origin": (b"\x1b[?6h", b"\x1b[?6l\x1b[1;3H"),
    "line drawing": (b"\x1b(0\x1b)0\x0e", b"\x1b(B\x1b)B\x0f"),
    "inserted text": (b"\x1b[4h", b"\x1b[4l"),
    "line feeds that return": (b"\x1b[20h", b"\x1b[20l"),
    "lines that do not wrap": (b"\x1b[?7l", b"\x1b[?7h"),
    "wrapping backwards": (b"\x1b[?45h", b"\x1b[?45l"),
    "keys on the hidden screen": (b"\x1b[?1049h\x1b[>5u\x1b[?1049l", b"\x1b[?47h\x1b[<99u\x1b[=0;1u\x1b[?47l"),
    "application keys": (b"\x1b[?1h\x1b=", b"\x1b[?1l\x1b[?66l"),
    "nothing": (b"\x1b[?1049h\x1b[?1000h\x1b[>5u\x1b[<u\x1b[?1000l\x1b[?1049l", b""),
}


@pytest.mark.portable_lacks("marks of commands")
@pytest.mark.parametrize("left", LEFT)
async def test_the_shell_is_usable_after_a_killed_program(harness: SessionHarness, left: str) -> None:
    driver = harness.host()
    sets, takes_back = LEFT[left]
    written = PROMPT + b"vim\r\n" + BEGIN + sets + END + PROMPT
    harness.write_output(written)
    await eventually(lambda: is_quiet(harness.terminal.clearer, driver.worker), 10, "the prompt")
    assert output(harness).removeprefix(written) == takes_back


@pytest.mark.portable_lacks("marks of commands")
async def test_ctrl_c_is_no_escape_sequence_after_a_killed_program_that_had_set_its_keys_before_its_screen(
    harness: SessionHarness,
) -> None:
    """The keyboard's flags of the hidden screen stayed: Ctrl+C typed ``^[[99;5u`` into the shell."""
    driver = harness.host()
    left = b"\x1b[>1u\x1b(0\x1b[?1049h\x1b[>5u\x1b[4h\x1b[?7l"
    harness.write_output(PROMPT + b"vim\r\n" + BEGIN + left + END + PROMPT)
    await eventually(lambda: is_quiet(harness.terminal.clearer, driver.worker), 10, "the prompt")
    emulator = harness.terminal.worker.idle
    assert emulator is not None
    assert (emulator.modes.alternate_screen, emulator.modes.kitty_keyboard) == (False, 0)
    harness.write_output(b"\r\x1b[Kq" + b"x" * 40)
    await eventually(lambda: is_quiet(driver.worker), 10, "the text")
    rows = [row.text() for row in emulator.rows()]
    assert "q" + "x" * 39 in rows
    assert "x" in rows


@pytest.mark.portable_lacks("marks of commands")
async def test_what_the_shell_sets_at_its_prompt_stays_after_a_killed_program(harness: SessionHarness) -> None:
    driver = harness.host()
    prompt = PROMPT + b"\x1b[?2004h\x1b[?1h\x1b=\x1b[>1u"
    killed = b"\x1b[<u\x1b[?2004;1l" + BEGIN + b"\x1b[?2004;1000;1h\x1b=\x1b[>5u" + END
    harness.write_output(prompt + killed + prompt)
    await eventually(lambda: is_quiet(harness.terminal.clearer, driver.worker), 10, "the prompt")
    emulator = harness.terminal.worker.idle
    assert emulator is not None
    modes = emulator.modes
    assert (modes.mouse, modes.bracketed_paste, modes.application_cursor, modes.kitty_keyboard) == (
        "none",
        True,
        True,
        1,
    )
    harness.write_output(b"\x1b[<u")
    await eventually(lambda: is_quiet(driver.worker), 10, "the next command")
    assert emulator.modes.kitty_keyboard == 0, "the killed program's flags are not below those of the shell"


@pytest.mark.portable_lacks("marks of commands")
async def test_the_alternate_screen_of_a_killed_program_ends_and_the_shell_draws_its_prompt_again(
    harness: SessionHarness,
) -> None:
    driver = harness.host()
    harness.attach_pty()
    harness.write_output(LINES + PROMPT + b"vim\r\n" + BEGIN + b"\x1b[?1049h\x1b[>5u~\r\n~" + END + PROMPT)
    await eventually(
        lambda: is_quiet(driver.worker) and not is_quiet(harness.terminal.clearer), 10, "the narrower terminal"
    )
    assert os.get_terminal_size(harness.slave).columns == 39
    await eventually(lambda: is_quiet(harness.terminal.clearer), 10, "the end")
    emulator = harness.terminal.worker.idle
    assert emulator is not None
    assert (emulator.modes.alternate_screen, emulator.modes.kitty_keyboard) == (False, 0)
    assert "$ vim" in [row.text() for row in emulator.rows()]
