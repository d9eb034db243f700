"""A chat's host hangs: the window says so on the page, and continues when the host does."""

from __future__ import annotations

import os
import signal

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, echo, is_bar_shown, listed
from tests.support import processes
from tests.support.area import Area
from tests.support.waiting import wait_until

pytestmark = pytest.mark.e2e


def test_a_bar_shows_that_a_host_hangs_and_text_typed_meanwhile_arrives_once(
    open_window: OpenWindow, new_chat: NewChat, area: Area
):
    (area.config / "window.toml").write_text('appearance = "light"\n')
    chat = new_chat("typed", *echo())
    host = listed(chat["id"])["host_pid"]
    with open_window() as app:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
        app.focus()
        app.type("typed before")
        wait_until(lambda: "before" in chat_text(chat["id"]), WAIT_S, "what is typed")
        processes.stop(host)
        try:
            app.type(", meanwhile")
            wait_until(lambda: is_bar_shown(app, area, "needs_you"), WAIT_S, "the line over the terminal")
            assert not app.tabs()[0]["connected"]
            app.type(", under the line")
        finally:
            os.kill(host, signal.SIGCONT)
        wait_until(lambda: not is_bar_shown(app, area, "needs_you"), WAIT_S, "the line to go")
        app.type(", after")
        wait_until(lambda: "after" in chat_text(chat["id"]), WAIT_S, "what is typed")
        text = "readytyped before, meanwhile, under the line, after"
        assert "".join(chat_text(chat["id"]).splitlines()) == text
        processes.stop(host)
        try:
            app.type("x")
            app.press("ctrl+shift+w")
            wait_until(lambda: app.tabs() == [], WAIT_S, "the tab to close")
        finally:
            os.kill(host, signal.SIGCONT)
        wait_until(lambda: "afterx" in chat_text(chat["id"]), WAIT_S, "the last key")
