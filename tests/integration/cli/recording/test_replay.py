"""``outlive replay``: a recording is played in a terminal, which is restored afterwards."""

from __future__ import annotations

import os
import signal
import time

import pytest

from session_host.paths import session_journal
from session_host.protocol.values import GridSize
from session_host.storage.journal import Entry
from tests.support.commands import OnTerminal, outlive
from tests.support.journals import output, recorded_session, resize
from tests.support.terminals import fresh_modes


def check_given_back(terminal: OnTerminal) -> None:
    assert terminal.modes() == fresh_modes()
    modes = terminal.screen.modes
    assert not modes.alternate_screen
    assert modes.mouse == "none"
    assert not modes.bracketed_paste
    assert not modes.focus_events
    assert modes.kitty_keyboard == 0
    assert terminal.screen.cursor.visible


def test_a_recording_is_played_to_its_end() -> None:
    recorded_session("x", [resize(0, 0), output(0, b"first"), output(5, b" \x1b[31msecond\x1b[0m", 0.2)])
    with OnTerminal("replay", "x") as terminal:
        assert terminal.end() == 0
        assert terminal.text() == "first second\n[end of the recording of x]"
        check_given_back(terminal)


def test_times_are_kept_and_idle_gaps_are_cut() -> None:
    recorded_session("x", [output(0, b"first"), output(5, b" second", 0.6), output(12, b" third", 3600.0)])
    begun_s = time.monotonic()
    with OnTerminal("replay", "x") as terminal:
        terminal.see("first")
        terminal.see("second")
        terminal.see("third")
        assert terminal.end() == 0
        # With the original gap of an hour, the test would time out.
        assert time.monotonic() - begun_s > 2.6, "0.6 s, and 2 s in the place of an hour"


def test_speed_shortens_the_times() -> None:
    recorded_session("x", [output(number, b"%d" % (number % 10), number * 1.9) for number in range(100)])
    with OnTerminal("replay", "x", "--speed", "500") as terminal:
        assert terminal.end() == 0  # At the original speed, the test would time out.


@pytest.mark.parametrize("keys", [b"q", b"\x03"])
def test_quit_keys_end_the_replay(keys: bytes) -> None:
    recorded_session("x", [output(0, b"first"), *(output(n, b".", n * 2.0) for n in range(5, 100))])
    with OnTerminal("replay", "x") as terminal:
        terminal.see("first")
        terminal.type(b"xyz\x1b[A\r")
        terminal.type(keys)
        assert terminal.end() == 0
        check_given_back(terminal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_replay_and_restores_the_terminal(number: signal.Signals) -> None:
    recorded_session("x", [output(0, b"first"), output(5, b"second", 1.9), output(11, b"third", 3.8)])
    with OnTerminal("replay", "x", "--speed", "0.01") as terminal:
        terminal.see("first")
        os.kill(terminal.pid, number)
        assert terminal.end() == 128 + number
        check_given_back(terminal)


def test_queries_and_modes_are_not_written_to_the_terminal() -> None:
    asking = (
        b"\x1b[c\x1b[6n\x1b]11;?\x07\x1b[?1003h\x1b[?1006h\x1b[?2004h\x1b[>1u\x1b[?1049h\x1bP+q544e\x1b\\\x1b[5n\x1b[18t"
        b"\x1b]52;c;aGVsbG8=\x07\x1b]0;owned\x07\x07here"
    )
    recorded_session("x", [resize(0, 0), output(0, asking), output(len(asking), b" we are", 0.5)])
    with OnTerminal("replay", "x") as terminal:
        terminal.see("here")
        modes = terminal.screen.modes
        assert modes.mouse == "none"
        assert modes.kitty_keyboard == 0
        assert terminal.end() == 0, "that it is never asked anything is checked with each read"
        assert b"\x1b]" not in terminal.raw
        assert b"\x07" not in terminal.raw
        check_given_back(terminal)


def test_a_smaller_terminal_is_reported_once() -> None:
    recorded_session(
        "x",
        [resize(0, 0, 120, 40), output(0, b"first"), resize(5, 1, 130, 40, 0.3), output(5, b" second", 0.4)],
    )
    with OnTerminal("replay", "x") as terminal:
        terminal.see("smaller than the recording (120x40)")
        assert terminal.end() == 0
        assert "130x40" not in terminal.raw.decode()


def test_resizes_are_played() -> None:
    entries: list[Entry] = [
        resize(0, 0, 30, 10),
        output(0, b"0123456789" * 5),
        resize(50, 1, 60, 10, 0.5),
        output(50, b"end", 1.0),
    ]
    recorded_session("x", entries)
    with OnTerminal("replay", "x", size=GridSize(80, 24)) as terminal:
        terminal.see("012345678901234567890123456789\n01234567890123456789")
        terminal.see("0123456789" * 5 + "end")
        assert terminal.end() == 0


def test_a_gap_is_reported() -> None:
    recorded_session("x", [output(0, b"one"), output(1003, b"two", 0.1), output(1006, b"end", 1.5)])
    with OnTerminal("replay", "x") as terminal:
        terminal.see("1,000 bytes of output missing")
        assert terminal.end() == 0


def test_recordings_that_cannot_be_played_are_refused() -> None:
    recorded_session("x", [output(0, b"one")])
    recorded_session("empty", [])
    for words, code in ((["x"], 1), (["empty"], 1)):
        done = outlive("replay", *words)
        assert done.code == code
        done.complaint()
    with OnTerminal("replay", "x", env={"TERM": "dumb"}) as terminal:
        assert terminal.end() == 1


def test_a_recording_of_which_nothing_can_be_read_is_called_damaged() -> None:
    directory = session_journal(recorded_session("x", [output(0, b"first")]))
    for path in directory.iterdir():
        path.write_bytes(b"garbage" * 100)
    done = outlive("replay", "x")
    assert done.code == 1
    assert done.complaint() == f"the recording of x cannot be read: its files are damaged ({directory})"
