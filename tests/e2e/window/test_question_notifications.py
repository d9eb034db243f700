"""A chat that needs input: a desktop notification appears, a click opens the chat, an answer withdraws it."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from session_host.paths import notifications_file
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, listed
from tests.programs import Gate, program
from tests.support.area import Area
from tests.support.buses import BusDaemon
from tests.support.notification_thread import NotificationThread, notification_thread
from tests.support.waiting import wait_until
from tests.support.windows import outlive

pytestmark = pytest.mark.e2e


@pytest.fixture
def desktop(session_bus: BusDaemon) -> Iterator[NotificationThread]:
    with notification_thread("actions") as desktop:
        yield desktop


def asks_behind(gate: Gate) -> list[str]:
    """A program that waits at a gate, asks something and waits for a line, again and again."""
    asks = rf"\033]7501;state=blocked:msg={base64.b64encode(b'Run npm test?').decode()}\007"
    answered = r"\033]7501;state=idle\007"
    wait, ask = f"head -c 1 {gate.path} >/dev/null", f"printf '{asks}'; read answer; printf '{answered}'"
    return ["sh", "-c", f"while {wait}; do {ask}; done"]


def test_a_question_is_notified_until_it_is_answered_and_a_click_goes_to_its_chat_where_its_tab_is(
    new_chat: NewChat, desktop: NotificationThread, open_window: OpenWindow, gate: Gate, area: Area
):
    (area.config / "keys.toml").write_text('mirror_right = "F8"\n')
    shown = new_chat("shown", *program("raw_echo"))
    asking = new_chat("asking", *asks_behind(gate))
    with open_window() as app:
        app.show(asking["id"])
        app.show(shown["id"])
        app.wait_connected([shown["id"]])
        app.focus()
        app.press("F8")
        places = [(1, "asking"), (1, "shown"), (2, "shown")]
        wait_until(lambda: [(tab["pane"], tab["name"]) for tab in app.tabs()] == places, WAIT_S, "the second pane")
        assert desktop.shown() == []
        gate.release()
        wait_until(desktop.shown, WAIT_S, "the notification")
        [notification] = desktop.shown()
        assert (notification.title, notification.text) == ("asking needs you", "Run npm test?")
        desktop.click()
        wait_until(
            lambda: [tab["name"] for tab in app.tabs() if tab["active"]] == ["asking"],
            WAIT_S,
            "the chat's tab in front",
        )
        assert [(tab["pane"], tab["name"]) for tab in app.tabs()] == places
        app.wait_connected([asking["id"]])
        app.focus()
        app.type("yes")
        app.press("Return")
        wait_until(lambda: "yes" in chat_text(asking["id"]), WAIT_S, "the answer")
        wait_until(lambda: listed(asking["id"])["activity"] != "needs_input", WAIT_S, "the question to be answered")
        assert desktop.shown() == []

        # An answer from elsewhere withdraws the notification.
        app.press("ctrl+Next")
        wait_until(lambda: [tab["in_front"] for tab in app.tabs()] == [False, True, True], WAIT_S, "the other tab")
        gate.release()
        wait_until(desktop.shown, WAIT_S, "the notification")
        outlive("send", asking["id"], "yes", "--enter", "--anyway")
        wait_until(lambda: not desktop.shown(), WAIT_S, "the notification to go")


def test_a_programs_notification_is_forwarded_and_is_no_question(
    new_chat: NewChat, desktop: NotificationThread, open_window: OpenWindow, gate: Gate
):
    shown = new_chat("shown", *program("raw_echo"))
    says = r"\033]99;i=1:d=0;Build\033\\\033]99;i=1:p=body;all <b>done</b>\033\\"
    build = new_chat("build", "sh", "-c", rf"head -c 1 {gate.path} >/dev/null; printf '{says}'; exec cat")
    with open_window() as app:
        app.show(shown["id"])
        app.wait_connected([shown["id"]])
        app.focus()
        gate.release()
        wait_until(desktop.shown, WAIT_S, "the notification")
        [notification] = desktop.shown()
        assert (notification.title, notification.text) == ("build: Build", "all <b>done</b>")
        assert listed(build["id"])["activity"] == "no_signal"
        desktop.click()
        wait_until(
            lambda: [tab["name"] for tab in app.tabs() if tab["active"]] == ["build"], WAIT_S, "the chat's tab in front"
        )
        wait_until(lambda: not desktop.shown(), WAIT_S, "the notification to go")


def test_the_notification_of_a_killed_window_goes_with_the_next_window(
    new_chat: NewChat, desktop: NotificationThread, open_window: OpenWindow, gate: Gate
):
    """Its buttons would do nothing."""
    shown = new_chat("shown", *program("raw_echo"))
    asking = new_chat("asking", *asks_behind(gate))
    with open_window() as app:
        app.show(shown["id"])
        gate.release()
        wait_until(desktop.shown, WAIT_S, "the notification")
        # The service shows it before the window has its number.
        wait_until(notifications_file().exists, WAIT_S, "the window to save the notification's number")
        app.kill()
    outlive("send", asking["id"], "yes", "--enter", "--anyway")
    wait_until(lambda: listed(asking["id"])["activity"] != "needs_input", WAIT_S, "the question to be answered")
    with open_window():
        wait_until(lambda: not desktop.shown(), WAIT_S, "the notification to go")
