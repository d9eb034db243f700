"""Usage in the window: what turns of a real agent said, as bars, rows and limits, read as a screen reader does."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest

from session_host.paths import config_dir
from tests.e2e.window.conftest import WAIT_S, OpenWindow, retry_until
from tests.support.area import Area
from tests.support.commands import new, outlive
from tests.support.screen_reader import Accessible, Gone, ScreenReader
from tests.support.structured_chats import add_claude, new_chat, wait, wait_for_text
from tests.support.waiting import wait_until
from tests.support.windows import Window

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("sessions")]


def open_usage(app: Window, reader: ScreenReader) -> Accessible:
    """Open the tab by a word that finds it in the palette; returns the program."""
    app.focus()
    app.press("ctrl+shift+p")
    app.type("money")
    app.press("Return")
    shown = reader.program("outlive")
    wait_until(lambda: "Usage" in shown.showing("page tab"), WAIT_S, "the tab")
    return shown


def rows(shown: Accessible) -> list[str]:
    """The rows and days that can be seen."""
    return shown.showing("list item")


def test_turns_are_shown_with_their_tokens_and_money_while_they_end(
    reader: ScreenReader, open_window: OpenWindow, area: Area
) -> None:
    add_claude()
    new("fake-claude", "--runtime", "structured", "-n", "api", "-C", str(area.home), "-p", "first")
    new_chat(area, "docs", "limit: 81")
    wait("api", "idle")
    wait_for_text("docs", "echo: limit: 81")
    with open_window() as app:
        shown = open_usage(app, reader)
        today = ": 30. Fake 15, Fake Claude 15. 2 chats"
        wait_until(lambda: any(today in each for each in rows(shown)), WAIT_S, lambda: f"today among {rows(shown)}")
        row = "Fake Claude: Turns 1, Tokens in 10, of them cached 0, Tokens out 5, Money 0.25 USD"
        wait_until(lambda: row in rows(shown), WAIT_S, lambda: f"{row!r} in {rows(shown)}")
        wait_until(lambda: "≥ 0.25 USD" in shown.showing("label"), WAIT_S, "that the other agent says no money")
        outlive("send", "api", "second")
        more = "Fake Claude: Turns 2, "
        wait_until(lambda: any(each.startswith(more) for each in rows(shown)), WAIT_S, lambda: f"{rows(shown)}")
        foot = wait_until(
            lambda: [each for each in shown.showing("push button") if each.startswith("Limits:")], WAIT_S, "the foot"
        )
        assert re.match(r"Limits: 5-hour limit 81 % · until \S", foot[0])


def press(shown: Accessible, name: str) -> None:
    """Press a button by its name, if it is there."""
    for part in shown.shown(name):
        with suppress(Gone):
            if part.role == "push button":
                part.call("Action", "DoAction", "i", 0)


def test_a_prompt_at_an_amount_is_asked_about_and_sent_by_enter(
    reader: ScreenReader, open_window: OpenWindow, area: Area
) -> None:
    add_claude()
    (config_dir() / "chats.toml").write_text("ask_at_chat = 0.2\n", encoding="utf-8")
    chat = new("fake-claude", "--runtime", "structured", "-n", "api", "-C", str(area.home), "-p", "first")
    wait("api", "idle")
    wait_for_text("api", "first")
    with open_window() as app:
        app.show(chat)
        app.wait_connected([chat])
        app.focus()
        shown = reader.program("outlive")
        app.type("second")
        app.press("Return")
        asked = "0.25 USD of 0.20 in this chat."
        wait_until(lambda: asked in shown.showing("label"), WAIT_S, lambda: f"the question in {shown.showing('label')}")
        more = "0.40 from now on"
        reader.wait_for("Announcement", asked)
        names = ["Send this one", more, "Not now"]
        wait_until(lambda: set(names) <= set(shown.showing("push button")), WAIT_S, "its answers")
        # A key that comes sooner than one can read counts for nothing.
        retry_until(
            lambda: app.press("Escape"), lambda: asked not in shown.showing("label"), "the prompt to be taken back"
        )
        app.press("Return")
        wait_until(lambda: asked in shown.showing("label"), WAIT_S, "the question about the same text")
        retry_until(lambda: app.press("Return"), lambda: asked not in shown.showing("label"), "the prompt to be sent")
        wait_for_text("api", "echo: second")
        app.type("third")
        app.press("Return")
        wait_until(lambda: more in shown.showing("push button"), WAIT_S, "the higher amount")
        retry_until(lambda: press(shown, more), lambda: asked not in shown.showing("label"), "the amount to be raised")
        wait_for_text("api", "echo: third")
    assert (config_dir() / "chats.toml").read_text(encoding="utf-8") == "ask_at_chat = 0.4\n"
