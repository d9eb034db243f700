"""Going to chats by keys: from the list, from the sidebar, to those that ask, with tabs in two panes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, echo, listed
from tests.programs import Gate
from tests.support.waiting import wait_until
from tests.support.windows import Window, has_keyboard, outlive, xdotool

pytestmark = pytest.mark.e2e

ASKS = ("sh", "-c", r"printf '\033]7501;state=blocked\007asks\n'; exec cat")


def finishes_behind(gate: Gate) -> list[str]:
    """A program that works until the gate is released."""
    works, rests = r"\033]9;4;1;10\007", r"\033]9;4;0\007"
    return ["sh", "-c", f"printf '{works}'; head -c 1 {gate.path} >/dev/null; printf '{rests}'; exec cat"]


def test_going_to_a_chat_moves_no_tab_and_the_key_for_waiting_chats_goes_to_all_questions_first(
    open_window: OpenWindow, new_chat: NewChat, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/bin/sh")
    chats = {"done": new_chat("done", *finishes_behind(gate))}
    chats |= {name: new_chat(name, *(ASKS if name.startswith("asks") else echo())) for name in (
        "asks-1", "left", "asks-2", "right"
    )}  # fmt: skip
    seen: list[dict[str, Any]] = []

    def tabs(app: Window) -> list[tuple[int, str]]:
        seen[:] = app.tabs()
        return [(tab["pane"], tab["name"]) for tab in seen if tab["name"] in chats]

    def wait_active(app: Window, name: str) -> None:
        wait_until(
            lambda: tabs(app) == places and [tab["name"] for tab in seen if tab["active"]] == [name],
            WAIT_S, lambda: f"{name} to be shown where its tab is; there is {seen}",
        )  # fmt: skip

    with open_window() as app:
        for name in ("done", "asks-1", "left"):
            app.show(chats[name]["id"])
        app.focus()
        app.press("ctrl+shift+d")
        wait_until(lambda: any(tab["pane"] == 2 for tab in app.tabs()), WAIT_S, "a shell beside the chat")
        for name in ("asks-2", "right"):
            app.show(chats[name]["id"])
        places = [(1, "done"), (1, "asks-1"), (1, "left"), (2, "asks-2"), (2, "right")]
        wait_active(app, "right")
        gate.release()
        wait_until(lambda: listed(chats["done"]["id"])["activity"] == "idle", WAIT_S, "the end of the turn")

        app.press("ctrl+shift+k")
        app.type("left")
        app.press("Return")
        wait_active(app, "left")
        app.press("ctrl+shift+l", "Home", "Down", "Down", "Return")
        wait_active(app, "asks-2")
        app.press("ctrl+shift+k")
        app.type("right")
        app.press("Return")
        wait_active(app, "right")
        for name in ("asks-1", "asks-2", "done"):
            app.press("ctrl+shift+j")
            wait_active(app, name)

        # A global key of the desktop may run this command, whatever program the user is in.
        window = xdotool("getactivewindow").strip()
        xdotool("windowminimize", "--sync", window)
        assert outlive("window", "next") == "showing asks-1\n"
        wait_active(app, "asks-1")
        wait_until(lambda: has_keyboard(int(window)), WAIT_S, "the window to be in front")
