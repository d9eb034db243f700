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
from tests.support.session_harness import SessionHarness, session_harness
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
    driver.clearer.clear("scrollback")
    driver.clearer.clear("scrollback")
    await eventually(lambda: driver.clearer.is_quiet and driver.worker.is_quiet, 10, "the end")
    harness.write_output(b"def")
    await eventually(lambda: driver.worker.is_quiet, 10, "the text")
    assert output(harness).count(b"\x1b[3J") in {1, 2}, "at most one more for the second request"
    emulator = driver.worker.idle
    assert emulator is not None
    assert (emulator.scrollback_rows, emulator.rows()[-1].text()) == (0, "abcdef")
    # The host that follows after a kill reads the same output.
    harness.kill()
    harness.host()
    emulator = harness.recovered.emulator
    assert (emulator.scrollback_rows, emulator.rows()[-1].text()) == (0, "abcdef")


@pytest.mark.parametrize("first", [b"\x1b[3", b"\x1b]0;ti", b"\xe6"])
async def test_an_unfinished_sequence_of_the_program_is_awaited(harness: SessionHarness, first: bytes) -> None:
    driver = harness.host()
    harness.write_output(LINES + first)
    driver.clearer.clear("scrollback")
    await eventually(lambda: driver.worker.is_quiet, 10, "the first look")
    assert output(harness) == LINES + first
    rest = {b"\x1b[3": b"1m", b"\x1b]0;ti": b"tle\x07", b"\xe6": b"\xbc\xa2"}[first]
    harness.write_output(rest)
    await eventually(lambda: driver.clearer.is_quiet, 10, "the sequence after it")
    assert output(harness) == LINES + first + rest + b"\x1b[3J"


async def test_a_sequence_that_does_not_end_is_cancelled(
    harness: SessionHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearer, "WAIT_S", 0.01)
    driver = harness.host()
    harness.write_output(LINES + b"\x1bPbinary")
    driver.clearer.clear("scrollback")
    await eventually(lambda: driver.clearer.is_quiet and driver.worker.is_quiet, 10, "the end")
    assert output(harness) == LINES + b"\x1bPbinary\x18\x1b[3J"
    emulator = driver.worker.idle
    assert emulator is not None
    assert (emulator.is_ground(), emulator.scrollback_rows) == (True, 0)


async def test_a_terminal_is_not_left_narrower_by_a_host_killed_during_a_reset(harness: SessionHarness) -> None:
    driver = harness.host()
    harness.attach_pty()
    driver.clearer.clear("reset")
    assert not driver.clearer.is_quiet, "the host does not hibernate meanwhile"
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
    driver.clearer.clear("reset")
    driver.clearer.close()
    await eventually(lambda: driver.worker.is_quiet, 10, "the output")
    assert output(harness) == b"\x1b[3"
    assert driver.clearer.is_quiet
