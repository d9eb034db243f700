"""Diffs in requests for permission, on a real X server."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from gui.terminal.links.links import FileLocation
from session_host.structured.items import AgentRequest, FileChange, RequestOption
from tests.support.chat_view_harness import WAIT_S, ChatViewHarness
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import ScriptedChat

EDIT = "--- /src/a.py\n+++ /src/a.py\n@@ -1 +1 @@\n-old\n+new\n"


def edit_request(diff: str, item: str = "") -> AgentRequest:
    options = (RequestOption("yes", "Allow", "allow_once"), RequestOption("no", "Decline", "reject_once"))
    return AgentRequest("r1", "edit", 1, "Edit a.py", diff, options, item=item)


def test_a_requests_diff_looks_like_the_tool_calls_diff(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    change = FileChange("/src/a.py", "@@ -1 +1 @@\n-old\n+new\n")
    item = chat.put("tool", tool="edit", changes=(change,), status="running")
    chat.ask(edit_request(EDIT + "Writing below /src is allowed for the rest of the session.\n", item))
    shown = show_chat(chat, "/src")
    asked = shown.shown()
    assert "a.py\n@@ -1 +1 @@\n-old\n+new\nWriting below /src is allowed for the rest of the session." in asked
    assert "--- " not in asked
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the diff to be seen")
    chat.resolve("r1", "yes", "Allow", "window")
    shown.settle()
    assert "a.py\n@@ -1 +1 @@\n-old\n+new" in shown.shown()


def test_a_long_diff_can_be_allowed_only_after_its_beginning_was_seen(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    lines = "".join(f"+line {number}\n" for number in range(300))
    chat.ask(edit_request(f"--- a.py\n+++ a.py\n@@ -0,0 +1,300 @@\n{lines}"))
    shown = show_chat(chat)
    card = shown.view.page.requests.card("r1")
    assert card is not None
    process_events_until(lambda: "Scroll" in card._message.text(), WAIT_S, "the way to allow it to be said")
    assert not shown.button("Allow").isEnabled()
    assert shown.button("Decline").isEnabled()
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Y)
    shown.press(Qt.Key.Key_Home)
    assert "line 0" in shown.shown(), "the keys of the page scroll it while the request has the keyboard"
    process_events_until(lambda: card.seen.is_seen, WAIT_S, "the beginning to be seen")
    assert not shown.of("answer_request")
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Y)
    assert [answer[1] for answer in shown.of("answer_request")] == ["yes"]


def test_a_files_button_opens_it_at_its_first_change(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.ask(edit_request("--- a.py\n+++ a.py\n@@ -6,2 +6,2 @@\n same\n-old\n+new\n"))
    shown = show_chat(chat, "/src")
    shown.click(shown.control("file"))
    assert shown.of("open_file") == [(FileLocation("a.py", 7),)]
    shown.view.page.setFocus()
    for _ in range(len(shown.view.page.visible)):
        shown.press(Qt.Key.Key_Tab)
        if shown.view.page.accessibleDescription() == "Open the file in your editor":
            break
    shown.press(Qt.Key.Key_Return)
    assert shown.of("open_file") == [(FileLocation("a.py", 7),)] * 2


def test_a_files_button_copies_a_patch(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.ask(edit_request(EDIT))
    shown = show_chat(chat, "/src")
    shown.click(shown.control("copy"))
    assert QGuiApplication.clipboard().text() == "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-old\n+new\n"
