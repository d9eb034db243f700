"""``outlive logs``: a host's events as they happen, without the chat's text."""

from __future__ import annotations

import os
import signal

import pytest

from session_host.paths import session_log
from tests.support.commands import OnTerminal, new, outlive

pytestmark = pytest.mark.usefixtures("sessions")


def test_a_log_is_followed_across_rotation() -> None:
    chat = new("-n", "x", "--", "cat")
    path = session_log(chat)
    with OnTerminal("logs", "x", "--follow") as logs:
        logs.see("running pid=")
        with path.open("a") as log:
            log.write("a line more\n")
        logs.see("a line more")
        path.rename(path.with_suffix(".log.1"))
        path.write_text("a line of the new file\n")
        logs.see("a line of the new file")
        os.killpg(logs.pid, signal.SIGINT)
        assert logs.end() in {130, -signal.SIGINT}


def test_at_the_level_debug_each_message_is_logged_without_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLIVE_LOG_LEVEL", "debug")
    new("-n", "x", "--", "cat")
    assert outlive("send", "x", "something secret").code == 0
    log = outlive("logs", "x").output
    assert "Send request=1 text=<16>" in log
    assert "Done request=1" in log
    assert "secret" not in log


def test_at_other_levels_no_message_is_logged() -> None:
    new("-n", "x", "--", "cat")
    assert outlive("send", "x", "something").code == 0
    assert "message_trace" not in outlive("logs", "x").output
