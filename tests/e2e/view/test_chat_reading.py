"""Reading a structured chat, on a real X server, with a scripted transcript."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from PySide6.QtCore import QCoreApplication, QPointF, Qt
from PySide6.QtGui import QAccessible, QEnterEvent
from PySide6.QtWidgets import QWidget
from shiboken6 import Shiboken

from gui.chat.finder import WHOLE
from gui.chat.view import Announcer
from gui.window.widgets.accessibility import install_roles
from session_host.protocol.values import Image
from session_host.structured.items import (
    FileChange,
    PlanEntry,
    TurnEnded,
)
from session_host.structured.transcript import Transcript
from tests.support.chat_view_harness import ChatViewHarness
from tests.support.scripted_chat import ScriptedChat, command_request, long_chat

WAIT_S = 60.0


# ---------------------------------------------------------------- reading


def test_a_chat_of_ten_thousand_items_opens_at_its_end(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = long_chat(10_000)
    shown = show_chat(chat)
    assert "Answer 9999" in shown.shown()
    assert len(shown.view.page.rows._rows) < 50  # Only what is visible is laid out.
    shown.view.page.scroller.scroll_to_start()
    assert "Prompt 0" in shown.shown()
    bar = shown.view.page.scroller.bar
    bar.setValue(bar.maximum() // 2)
    assert "Answer 9999" not in shown.shown()
    assert shown.shown()
    bar.setValue(bar.maximum())
    assert "Answer 9999" in shown.shown()


def test_the_end_is_followed_while_a_message_streams(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = long_chat(40)
    message = chat.put("agent", status="running")
    shown = show_chat(chat)
    for number in range(60):
        chat.say(message, f"Line {number}.\n\n")
    shown.settle()
    assert "Line 59." in shown.shown()
    assert shown.view.page.scroller.is_following_end


def test_the_page_does_not_move_while_text_streams_below_it(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = long_chat(60)
    message = chat.put("agent", "Begin.", status="running")
    shown = show_chat(chat)
    shown.view.page.scroller.scroll_by(-900)
    before = [(each.position, each.number, each.top) for each in shown.view.page.visible]
    for number in range(80):
        chat.say(message, f"\n\nLine {number}.")
    chat.put("notice", "Another item")
    shown.settle()
    assert [(each.position, each.number, each.top) for each in shown.view.page.visible] == before
    button = shown.button_named("New messages")
    button.click()
    assert "Another item" in shown.shown()
    assert not button.isVisible()
    shown.view.page.scroller.scroll_by(-900)
    assert button.isVisible()
    assert button.accessibleName() == "Scroll to bottom", "nothing is new"


def test_the_page_does_not_move_while_an_item_above_it_grows(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    above = chat.put("agent", "Above.", status="running")
    for number in range(60):
        chat.put("notice", f"Notice {number}")
    shown = show_chat(chat)
    shown.view.page.scroller.scroll_by(-300)
    before = [(each.position, each.number, each.top) for each in shown.view.page.visible]
    chat.say(above, "\n\nMore." * 50)
    shown.settle()
    assert [(each.position, each.number, each.top) for each in shown.view.page.visible] == before


def test_a_tool_call_unfolds_by_a_click_and_by_the_keyboard(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.put("tool", tool="execute", title="make", command="make -j2", output="all good", status="done")
    shown = show_chat(chat)
    assert "all good" not in shown.shown()
    shown.click(shown.control("fold"))
    assert "all good" in shown.shown()
    assert "make -j2" in shown.shown()
    shown.view.page.setFocus()
    shown.press(Qt.Key.Key_Tab)
    shown.press(Qt.Key.Key_Return)
    assert "all good" not in shown.shown()


def test_the_keyboard_reaches_each_link_once_and_opens_it(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    text = "😀 [**one** word](https://a.test), https://b.test\n\n| x |\n| --- |\n| [cell](https://c.test) |"
    chat.put("agent", text, status="done")
    shown = show_chat(chat)
    page = shown.view.page
    page.setFocus()
    names = []
    for _ in range(3):
        shown.press(Qt.Key.Key_Tab)
        names.append(page.accessibleDescription())
        shown.press(Qt.Key.Key_Return)
    assert names == ["Link: one word", "Link: https://b.test", "Link: cell"]
    assert shown.of("open_link") == [("https://a.test",), ("https://b.test",), ("https://c.test",)]
    shown.press(Qt.Key.Key_Tab)
    assert page.accessibleDescription() == "Copy this answer"
    shown.press(Qt.Key.Key_Tab)
    assert not page.hasFocus()


def test_long_output_is_shown_completely_after_show_all(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    output = "\n".join(f"line {number}" for number in range(2000))
    chat.put("tool", title="make", output=output, status="done")
    shown = show_chat(chat)
    shown.click(shown.control("fold"))
    shown.view.page.scroller.scroll_to("i1", 2)
    shown.click(shown.control("show_all"))
    segments = shown.view.page.rows.row(0).segments
    assert "\n".join(each.text for each in segments[1:]) == output


def test_a_diff_can_be_read_side_by_side(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.put("tool", tool="edit", changes=(FileChange("a.py", "@@ -1,2 +1,2 @@\n same\n-old\n+new\n"),), status="done")
    shown = show_chat(chat)
    one = shown.point_of("+new")
    old = shown.point_of("-old")
    assert one.y() > old.y()
    shown.click(shown.control("columns"))
    assert shown.point_of("+new").y() == shown.point_of("-old").y()
    assert shown.point_of("+new").x() > shown.point_of("-old").x() + 200


def test_the_end_of_each_turn_is_described(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.put("agent", "One.", status="done")
    chat.end(TurnEnded("t1", "failed", "no credit left"))
    chat.put("agent", "Two.", status="interrupted")
    chat.end(TurnEnded("t2", "interrupted"))
    chat.put("agent", "Three", status="cut")
    chat.end(TurnEnded("t3", "cut"))
    lines = show_chat(chat).shown().splitlines()
    assert lines[:6] == [
        "One.", "The turn failed: no credit left", "Two.", "Interrupted", "Three", "The agent ended here",
    ]  # fmt: skip


def test_a_plan_is_a_check_list(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.put("plan", plan=(PlanEntry("one", "completed"), PlanEntry("two", "in_progress")))
    assert show_chat(chat).shown().splitlines()[:3] == ["Plan · 1 of 2 done", "one", "two"]


def test_list_numbers_share_the_baseline_of_their_text(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.put("agent", "1. E\n2. E\n", status="done")
    shown = show_chat(chat)
    image, text = shown.view.page.grab().toImage(), shown.point_of("E", within=0)
    background = image.pixel(text.x() + 100, text.y())

    def lowest(first_x: int, last_x: int) -> int:
        rows = range(text.y() - 10, text.y() + 12)
        return max(y for y in rows if any(image.pixel(x, y) != background for x in range(first_x, last_x)))

    assert lowest(text.x() - 20, text.x() - 4) == lowest(text.x(), text.x() + 8)


def test_the_pointer_comes_back_after_the_pages_window_was_deleted(show_chat: Callable[..., ChatViewHarness]) -> None:
    view = show_chat(long_chat(3)).view
    old = QWidget()
    old.winId()
    view.setParent(old)
    place = QPointF(5, 5)
    QCoreApplication.sendEvent(view.page, QEnterEvent(place, place, place))
    view.setParent(None)
    Shiboken.delete(old)
    view.show()
    QCoreApplication.sendEvent(view.page, QEnterEvent(place, place, place))
    assert view.page.pointer._key_source is view.windowHandle()


def test_links_open_only_by_a_click_and_only_by_the_signal(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.put("agent", "See [the page](http://127.0.0.1:9/x) and ![picture](http://127.0.0.1:9/y.png).")
    shown = show_chat(chat)
    assert not shown.of("open_link")
    shown.click(shown.point_of("the page"))
    shown.click(shown.point_of("picture"))
    assert shown.of("open_link") == [("http://127.0.0.1:9/x",), ("http://127.0.0.1:9/y.png",)]


def test_a_new_snapshot_replaces_the_transcript_without_a_jump(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = long_chat(100)
    shown = show_chat(chat)
    shown.view.page.scroller.scroll_by(-2000)
    before = shown.shown()
    shown.type("a draft")
    shown.view.set_transcript(type(chat.transcript).restore(chat.transcript.snapshot()))
    shown.settle()
    assert shown.shown() == before
    assert shown.view.prompt.editor.toPlainText() == "a draft"


def test_no_message_loads_anything(show_chat: Callable[..., ChatViewHarness]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        chat = ScriptedChat()
        chat.put(
            "agent",
            f"![image]({address}/a.png) <img src='{address}/b.png'>\n\n<link rel=stylesheet href={address}/c.css>\n\n"
            f"[![both]({address}/d.png)]({address}/e)\n\n![file](file:///etc/passwd)\n\n<{address}/f>",
        )
        svg = f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{address}/g.png"/></svg>'.encode()
        chat.put("user", "look", images=(Image("image/svg+xml", svg), Image("image/png", svg)), status="done")
        shown = show_chat(chat)
        assert "image" in shown.shown()
        assert "<img src=" in shown.shown()
        with pytest.raises(BlockingIOError):
            server.accept()


def test_screen_readers_get_names_and_each_finished_message(
    show_chat: Callable[..., ChatViewHarness], monkeypatch: pytest.MonkeyPatch
) -> None:
    announced: list[str] = []
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(Announcer, "announce", lambda _self, text: announced.append(text))
    install_roles()
    chat = ScriptedChat()
    chat.put("user", "What is wrong?", status="done")
    chat.put("tool", title="make", command="make", output="error", exit_code=2, status="failed")
    message = chat.put("agent", "Only a", status="running")
    shown = show_chat(chat)
    page = QAccessible.queryAccessibleInterface(shown.view.page)
    assert page.role() == QAccessible.Role.List
    rows = [page.child(number) for number in range(page.childCount())]
    names = [row.text(QAccessible.Text.Name) for row in rows if row.role() == QAccessible.Role.ListItem]
    assert names == ["Your prompt: What is wrong?", "Tool call: make\nexit 2", "The agent’s message: Only a"]
    assert not announced
    chat.say(message, " typo.")
    chat.done(message)
    shown.settle()
    assert announced == ["The agent’s message: Only a typo."]
    chat.ask(command_request("make"))
    shown.settle()
    assert announced[1:] == ["The agent asks: Run a command?"]


def test_the_scroll_position_is_kept_while_the_transcript_is_gone(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = long_chat(100)
    shown = show_chat(chat)
    shown.view.page.scroller.scroll_by(-2000)
    before = shown.shown()
    shown.view.set_transcript(Transcript())
    shown.view.set_transcript(chat.transcript)
    shown.settle()
    assert shown.shown() == before


def test_only_a_part_of_a_very_long_output_is_laid_out(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.put("tool", title="make", output="\n".join(f"line {number}" for number in range(50_000)), status="done")
    shown = show_chat(chat)
    page = shown.view.page
    page.rows.set_mode("i1", WHOLE)
    page.scroller.scroll_to_start()
    for segment in range(0, 1500, 6):
        page.scroller.scroll_to("i1", segment)
    row = page.rows.row(0)
    assert sum(laid is not None for laid in row.laid) < 400
    page.scroller.scroll_to_end()
    assert "line 49999" in shown.shown()
