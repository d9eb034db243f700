"""``outlive attach`` while the chat's host hangs."""

from __future__ import annotations

import os
import signal

import pytest

from tests.programs import program
from tests.support import processes
from tests.support.commands import OnTerminal, new, outlive
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")


def test_attach_shows_that_the_host_does_not_answer_and_can_be_left() -> None:
    new("-n", "echo", "--", *program("raw_echo", "--show"))
    [entry] = outlive("ls", "--json").json()
    with OnTerminal("attach", "echo") as terminal:
        terminal.see("ready")
        processes.stop(entry["host_pid"])
        try:
            terminal.type("a")
            terminal.see("the chat does not answer; what you type is kept")
            terminal.type(b"\x02?")
            terminal.see("Ctrl+B, then: d detach")
        finally:
            os.kill(entry["host_pid"], signal.SIGCONT)
        terminal.see("<61>")
        terminal.not_see("does not answer")
        processes.stop(entry["host_pid"])
        try:
            terminal.type("b")
            terminal.type(b"\x02d")
            assert terminal.end() == 0
        finally:
            os.kill(entry["host_pid"], signal.SIGCONT)
    wait_until(lambda: outlive("peek", "echo").output.split() == ["ready", "<61>", "<62>"], 20, "what was typed, once")
