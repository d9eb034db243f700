"""The guide with real keys and mouse events, while a chat's program gets none of them."""

from __future__ import annotations

import re
import subprocess

import pytest

from gui.window.guide import read_chapters
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window, has_keyboard, xdotool

pytestmark = pytest.mark.e2e


def guides(app: Window, title: str) -> list[str]:
    """The ids of the visible guide windows with a title."""
    search = ["xdotool", "search", "--all", "--onlyvisible", "--pid", str(app.process.pid), "--name", f"^{title}$"]
    return subprocess.run(search, check=False, capture_output=True, text=True, timeout=WAIT_S).stdout.split()


def guide(app: Window, title: str) -> str:
    """The id of the guide window once it has this title and the keyboard."""
    [window] = wait_until(lambda: guides(app, title), WAIT_S, f"the guide with the title {title!r}")
    wait_until(lambda: has_keyboard(int(window)), WAIT_S, "the guide to have the keyboard")
    return window


def test_the_guide_opens_by_its_key_and_by_the_word_manual(
    open_window: OpenWindow, new_chat: NewChat, area: Area
) -> None:
    *others, last = read_chapters({})
    second = others[1].title
    rest = "\n".join(chapter.text for chapter in others).casefold()
    word = next(word for word in re.findall("[a-z]{5,}", last.text) if word not in rest)
    received = area.root / "received"
    received.touch()
    chat = new_chat("reads", "sh", "-c", f"stty raw -echo; printf ready; exec cat >{received}")
    wait_until(lambda: "ready" in chat_text(chat["id"]), WAIT_S, "the program")
    with open_window() as app:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
        app.focus()
        app.press("F1")
        wait_until(received.read_bytes, WAIT_S, "F1, which is the program's")
        app.press("ctrl+shift+F1")
        window = guide(app, "Guide — Outlive")
        # By keys: the list, the page, its first link; and back.
        app.press("Tab", "Tab", "Tab", "Return")
        guide(app, f"{second} — Guide — Outlive")
        app.press("alt+Left")
        guide(app, "Guide — Outlive")
        # With the mouse: the second chapter in the list.
        xdotool("mousemove", "--window", window, "90", "92", "click", "1")
        guide(app, f"{second} — Guide — Outlive")
        app.press("ctrl+f")
        app.type(word)
        guide(app, f"{last.title} — Guide — Outlive")
        app.press("Escape", "Escape")
        wait_until(lambda: not guides(app, ".*Guide — Outlive"), WAIT_S, "the guide to be gone")
        app.focus()
        app.press("ctrl+shift+p")
        app.type("manual")
        app.press("Return")
        guide(app, "Guide — Outlive")
    assert received.read_bytes() in {b"\x1bOP", b"\x1b[P", b"\x1b[11~"}
