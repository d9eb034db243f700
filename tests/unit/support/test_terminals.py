"""The terminals on which tests run programs."""

from __future__ import annotations

import os
import time

import pytest

from session_host.protocol.values import GridSize
from tests.programs import program
from tests.support import processes
from tests.support.terminals import ScreenTerminal, Terminal, fresh_modes
from tests.support.waiting import WaitTimeout


def test_a_program_leads_a_session_on_its_terminal_with_the_requested_size() -> None:
    with Terminal(["sh", "-c", "stty size; read x"], size=GridSize(91, 17)) as terminal:
        assert terminal.until(b"\r\n") == b"17 91\r\n"
        assert os.getsid(terminal.pid) == terminal.pid == processes.foreground_group(terminal.pid)
        assert terminal.modes() == fresh_modes()


def test_a_program_gets_the_default_signals() -> None:
    with Terminal(["grep", "-E", "SigIgn", "/proc/self/status"]) as terminal:
        assert terminal.until(b"\n").split() == [b"SigIgn:", b"0000000000000000"]


def test_the_end_of_a_program_keeps_its_output_and_terminal_settings() -> None:
    with ScreenTerminal(["sh", "-c", "stty -echo; echo bye; exit 7"]) as terminal:
        assert terminal.end() == 7
        assert terminal.text() == "bye"
        assert terminal.modes() != fresh_modes()
        with pytest.raises(WaitTimeout, match="the terminal shows:\nbye"):
            terminal.see("more")


async def test_the_end_of_a_program_can_be_awaited() -> None:
    with Terminal(["sh", "-c", "read x"]) as terminal:
        terminal.kill()
        assert await terminal.ended() == -9


def test_a_closed_terminal_hangs_up() -> None:
    with Terminal(["sleep", "1000"]) as terminal:
        terminal.close()
        assert terminal.wait() == -1


def test_a_program_that_ignores_hangups_is_ended_without_sleeping(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    with Terminal(program("ignore_signals")) as terminal:
        terminal.until(b"ready")
    assert sum(slept) == 0, "ptyprocess alone sleeps between its signals"
    assert not processes.is_alive(terminal.pid)
