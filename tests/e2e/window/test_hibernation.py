"""Hibernating chats in the window: typing wakes them, and the user notices nothing."""

from __future__ import annotations

import subprocess
from functools import partial

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, echo, listed
from tests.support.hosts import has_hibernated, hibernate_after
from tests.support.waiting import wait_until

pytestmark = pytest.mark.e2e

WORDS = ("first-", "second-", "third-")


def is_there(session_id: str, text: str) -> bool:
    """Whether the host's screen or scrollback has a text."""
    return text in chat_text(session_id)


def test_typing_wakes_a_hibernating_chat_and_arrives_once(open_window: OpenWindow, new_chat: NewChat):
    hibernate_after(0.2)
    chat = new_chat("typed", *echo())
    with open_window() as app:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
        app.focus()
        for times, word in enumerate(WORDS, 1):
            wait_until(partial(has_hibernated, chat["id"], times), WAIT_S, "the chat to rest")
            # A hibernating chat counts as connected, although another process stands in for its host.
            assert app.tabs()[0]["connected"]
            subprocess.run(["xdotool", "type", "--delay", "20", word], check=True, timeout=60)
            wait_until(partial(is_there, chat["id"], word), WAIT_S, "what was typed")
        wait_until(lambda: app.copy_all().splitlines() == ["ready", "".join(WORDS)], WAIT_S, "it to be shown")
    assert chat_text(chat["id"]).splitlines() == ["ready", "".join(WORDS)]
    assert listed(chat["id"])["child_pid"] == chat["child_pid"]
