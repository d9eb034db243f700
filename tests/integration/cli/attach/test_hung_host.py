"""``outlive attach`` while the chat's host hangs or hibernates."""

from __future__ import annotations

import os
import re
import signal
import sys

import pytest

from tests.programs import program
from tests.support import processes
from tests.support.commands import OnTerminal, environment, new, outlive
from tests.support.hosts import has_hibernated, hibernate_after
from tests.support.terminals import ScreenTerminal
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

PATIENT = (
    "import runpy; from session_host.client.viewer import closing; closing.DELIVERY_TIMEOUT_S = 60.0; "
    "runpy.run_module('session_host.cli', run_name='__main__')"
)
"""Runs ``outlive`` with a timeout of 60 s instead of 2 s when leaving, for busy machines."""


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


def test_text_typed_into_a_hibernating_chat_arrives_although_the_user_detaches_at_once() -> None:
    hibernate_after(0.2)
    session_id = new("-n", "echo", "--", *program("raw_echo", "--show"))
    with ScreenTerminal([sys.executable, "-c", PATIENT, "attach", "echo"], env=environment()) as terminal:
        terminal.see("ready")
        wait_until(lambda: has_hibernated(session_id, 1), 60, "the chat to rest")
        terminal.type(b"exit" + b"\x02d")
        assert terminal.end() == 0
        assert "input may be missing" not in terminal.text()
    assert bytes.fromhex("".join(re.findall("<(.*?)>", outlive("peek", "echo").output))) == b"exit"
