"""The window crashes: its chats keep running, its log has the location, and the next window reports it."""

from __future__ import annotations

import os
import signal

import pytest

from session_host.paths import window_log
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, echo, listed
from tests.support.area import Area
from tests.support.screen_reader import Accessible, ScreenReader
from tests.support.waiting import wait_until
from tests.support.windows import outlive

pytestmark = pytest.mark.e2e

CRASHED = "The window ended unexpectedly. Your chats kept running."


def shown(reader: ScreenReader, name: str) -> list[Accessible]:
    return [part for part in reader.program("outlive").descendants() if part.name == name and "showing" in part.states]


def test_the_next_window_reports_the_crash_and_opens_the_report(
    area: Area, new_chat: NewChat, reader: ScreenReader, open_window: OpenWindow
):
    chat = new_chat("chat", *echo())
    opened, editor = area.root / "opened", area.root / "editor"
    editor.write_text(f'#!/bin/sh\necho "$1" > {opened}.new && mv {opened}.new {opened}\n')
    editor.chmod(0o700)
    (area.config / "window.toml").write_text(f'editor = "{editor} {{file}}"\n')
    with open_window() as app:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
        os.kill(app.process.pid, signal.SIGSEGV)
        app.process.wait(WAIT_S)
    assert "Fatal Python error: Segmentation fault" in outlive("logs", "--window")
    assert listed(chat["id"])["state"] == "running"
    with open_window() as app:
        app.wait_connected([chat["id"]])
        wait_until(lambda: shown(reader, CRASHED), WAIT_S, "the line")
        [button] = shown(reader, "Show report")
        button.call("Action", "DoAction", "i", 0)
        wait_until(opened.exists, WAIT_S, "the editor to be started")
        assert opened.read_text() == f"{window_log()}\n"
        app.ask("close")
        app.process.wait(WAIT_S)
    with open_window() as app:
        app.wait_connected([chat["id"]])
        assert not shown(reader, CRASHED), "it is said once"
