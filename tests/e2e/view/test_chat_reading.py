"""Reading a structured chat, and what its menus do with prompts and answers."""

from __future__ import annotations

import socket
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QCoreApplication, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAccessibleEvent,
    QEnterEvent,
    QGuiApplication,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import Shiboken

from gui.chat.content.segments import TurnFooter
from gui.chat.finder import WHOLE
from gui.chat.page.accessible_rows import FocusedControl, TranscriptRow
from gui.chat.view import Announcer
from gui.finding.query import FindQuery
from gui.window.widgets.accessibility import install_roles
from gui.wording import chat_texts, phrases
from session_host.protocol.messages import Prompt
from session_host.protocol.turns import TurnFacts
from session_host.protocol.values import Image
from session_host.structured.items import FileChange, PlanEntry, Remove, SetStatus, TurnOver
from session_host.structured.transcript import Transcript
from tests.support.chat_view_harness import ShowChat
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import ScriptedChat, command_request, having, long_chat

WAIT_S = 60.0


def test_a_chat_of_ten_thousand_items_opens_at_its_end(show_chat: ShowChat) -> None:
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


def test_the_end_is_followed_while_a_message_streams(show_chat: ShowChat) -> None:
    chat = long_chat(40)
    message = chat.put("agent", status="running")
    shown = show_chat(chat)
    for number in range(60):
        chat.say(message, f"Line {number}.\n\n")
    shown.settle()
    assert "Line 59." in shown.shown()
    assert shown.view.page.scroller.is_following_end


WIDE_TABLE = (
    "| first | " + " | ".join(f"Column{number:08}" for number in range(12)) + " | last |\n" + "|---" * 14 + "|\n"
)
WIDE_TABLE += "| one |" + " x |" * 12 + " [needle](https://example.org) |\n"


def test_a_wide_table_is_scrolled_sideways_by_its_bar_the_wheel_and_keys(show_chat: ShowChat) -> None:
    shown = show_chat(having("agent", WIDE_TABLE))
    page = shown.view.page
    [table] = [placed for placed in page.visible if placed.laid.overflow is not None]
    overflow = table.laid.overflow
    assert overflow is not None
    assert overflow.bar is not None

    def aside() -> float:
        return page.rows.aside_of(table.position, table.number)

    left = page.column_left
    bar = QPointF(left + overflow.bar.left(), table.top + overflow.bar.center().y()).toPoint()
    shown.drag(bar, bar + QPoint(2000, 0))
    assert aside() == overflow.most_px
    assert page.selection.is_empty(page.rows)
    shown.click(shown.point_of("needle"))
    assert shown.emitted("link_requested") == [("https://example.org",)], "a click meets what is shown there"
    shown.drag(bar + QPoint(400, 0), bar)
    assert aside() == 0
    place = QPointF(shown.point_of("one"))
    QApplication.sendEvent(
        page,
        QWheelEvent(
            place,
            page.mapToGlobal(place),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.ShiftModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        ),
    )
    assert aside() > 0
    page.setFocus()
    for _ in range(50):
        shown.press(Qt.Key.Key_Right)
    assert aside() == overflow.most_px
    shown.press(Qt.Key.Key_Left)
    assert 0 < aside() < overflow.most_px


def test_find_and_tab_scroll_a_wide_table_to_what_they_go_to(show_chat: ShowChat) -> None:
    shown = show_chat(having("agent", WIDE_TABLE))
    page = shown.view.page
    [table] = [placed for placed in page.visible if placed.laid.overflow is not None]

    def is_needle_seen() -> bool:
        return 0 < shown.point_of("needle").x() < page.width()

    assert not is_needle_seen()
    page.setFocus(Qt.FocusReason.TabFocusReason)
    while page.control_name(page.focused) != chat_texts.LINK(text="needle"):
        shown.press(Qt.Key.Key_Tab)
    assert is_needle_seen()
    page.rows.scroll_aside(table.position, table.number, 0)
    shown.view.finder.find(FindQuery("needle"))
    process_events_until(is_needle_seen, WAIT_S, "the match")


def test_the_page_does_not_move_while_text_streams_below_it(show_chat: ShowChat) -> None:
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


def test_the_page_does_not_move_while_an_item_above_it_grows(show_chat: ShowChat) -> None:
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


def test_a_tool_call_unfolds_by_a_click_and_by_the_keyboard(show_chat: ShowChat) -> None:
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


def test_the_keyboard_reaches_each_link_once_and_opens_it(show_chat: ShowChat) -> None:
    text = "😀 [**one** word](https://a.test), https://b.test\n\n| x |\n| --- |\n| [cell](https://c.test) |"
    shown = show_chat(having("agent", text, status="done"))
    page = shown.view.page
    page.setFocus()
    names = []
    for _ in range(3):
        shown.press(Qt.Key.Key_Tab)
        names.append(page.accessibleDescription())
        shown.press(Qt.Key.Key_Return)
    assert names == ["Link: one word", "Link: https://b.test", "Link: cell"]
    assert shown.emitted("link_requested") == [("https://a.test",), ("https://b.test",), ("https://c.test",)]
    shown.press(Qt.Key.Key_Tab)
    assert page.accessibleDescription() == "Copy this answer"
    shown.press(Qt.Key.Key_Tab)
    assert not page.hasFocus()


def test_a_diff_can_be_read_side_by_side(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.put("tool", tool="edit", changes=(FileChange("a.py", "@@ -1,2 +1,2 @@\n same\n-old\n+new\n"),), status="done")
    shown = show_chat(chat)
    one = shown.point_of("+new")
    old = shown.point_of("-old")
    assert one.y() > old.y()
    shown.click(shown.control("columns"))
    assert shown.point_of("+new").y() == shown.point_of("-old").y()
    assert shown.point_of("+new").x() > shown.point_of("-old").x() + 200


def test_a_plan_is_a_check_list(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.put("plan", plan=(PlanEntry("one", "completed"), PlanEntry("two", "in_progress")))
    assert show_chat(chat).shown().splitlines()[:3] == ["Plan · 1 of 2 done", "one", "two"]


def test_list_numbers_share_the_baseline_of_their_text(show_chat: ShowChat) -> None:
    shown = show_chat(having("agent", "1. E\n2. E\n", status="done"))
    image, text = shown.view.page.grab().toImage(), shown.point_of("E", within=0)
    background = image.pixel(text.x() + 100, text.y())

    def lowest(first_x: int, last_x: int) -> int:
        rows = range(text.y() - 10, text.y() + 12)
        return max(y for y in rows if any(image.pixel(x, y) != background for x in range(first_x, last_x)))

    assert lowest(text.x() - 20, text.x() - 4) == lowest(text.x(), text.x() + 8)


def test_the_pointer_comes_back_after_the_pages_window_was_deleted(show_chat: ShowChat) -> None:
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


def test_links_open_only_by_a_click(show_chat: ShowChat) -> None:
    shown = show_chat(having("agent", "See [the page](http://127.0.0.1:9/x) and ![picture](http://127.0.0.1:9/y.png)."))
    assert not shown.emitted("link_requested")
    shown.click(shown.point_of("the page"))
    shown.click(shown.point_of("picture"))
    assert shown.emitted("link_requested") == [("http://127.0.0.1:9/x",), ("http://127.0.0.1:9/y.png",)]


def test_a_new_snapshot_replaces_the_transcript_without_a_jump_also_after_it_was_gone(show_chat: ShowChat) -> None:
    chat = long_chat(100)
    shown = show_chat(chat)
    shown.view.page.scroller.scroll_by(-2000)
    before = shown.shown()
    shown.type("a draft")
    shown.view.set_transcript(Transcript())
    shown.view.set_transcript(Transcript.restore(chat.transcript.snapshot()))
    shown.settle()
    assert shown.shown() == before
    assert shown.view.prompt.editor.toPlainText() == "a draft"


def test_no_message_loads_anything(show_chat: ShowChat) -> None:
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
    show_chat: ShowChat, monkeypatch: pytest.MonkeyPatch
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
    assert names == ["Your prompt: What is wrong?\n1 step, 1 failed", "The agent’s message: Only a"]
    assert not announced
    chat.say(message, " typo.")
    chat.done(message)
    shown.settle()
    assert announced == ["The agent’s message: Only a typo."]
    chat.ask(command_request("make"))
    shown.settle()
    assert announced[1:] == ["The agent asks: Run a command?\nmake\nAnswers: Allow, Always allow make, Decline"]


def test_opening_a_chat_announces_none_of_its_old_answers(show_chat: ShowChat, monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[str] = []
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(Announcer, "announce", lambda _self, text: announced.append(text))
    shown = show_chat(ScriptedChat())
    old = long_chat(3)
    old.ask(command_request("make"))
    shown.view.set_transcript(old.transcript)
    shown.settle()
    assert announced == []
    old.put("agent", "New.", status="done")
    shown.view.changed()
    shown.settle()
    assert announced == ["The agent’s message: New."]


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> list[QAccessibleEvent]:
    """A screen reader is active; returns the events that it gets from the page."""
    events: list[QAccessibleEvent] = []
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    monkeypatch.setattr("gui.chat.page.page.QAccessible.updateAccessibility", events.append)
    install_roles()
    return events


def test_a_screen_reader_reads_a_message_by_line_word_and_character(
    show_chat: ShowChat, spoken: list[QAccessibleEvent]
) -> None:
    shown = show_chat(having("agent", "😀 First paragraph.\n\n- an entry\n\n" + "many words " * 60, status="done"))
    page = shown.view.page
    [row] = [
        QAccessible.queryAccessibleInterface(each) for each in page.findChildren(TranscriptRow) if each.isVisible()
    ]
    text = row.textInterface()
    lines = text.text(0, text.characterCount()).split("\n")
    assert lines[:3] == ["The agent’s message", "😀 First paragraph.", "an entry"]
    assert len(lines) > 5, "a paragraph has the lines that the page shows"
    assert "".join(f"{line} " for line in lines[3:]).split() == ["many", "words"] * 60
    offset = len("The agent’s message\n") + 3  # A smiling face is two code units.
    assert text.text(offset, offset + 5) == "First"
    area = text.characterRect(offset)
    assert page.rect().contains(page.mapFromGlobal(area.center()))
    assert text.offsetAtPoint(area.center()) == offset
    assert text.offsetAtPoint(page.mapToGlobal(QPoint(-5, -5))) == -1


def test_a_screen_reader_hears_what_comes_into_view_by_a_key(
    show_chat: ShowChat, spoken: list[QAccessibleEvent]
) -> None:
    shown = show_chat(long_chat(40))
    page = shown.view.page
    page.setFocus()
    spoken.clear()

    def said(key: Qt.Key) -> str:
        shown.press(key)
        texts = [event.message() for event in spoken if isinstance(event, QAccessibleAnnouncementEvent)]
        spoken.clear()
        return "\n".join(texts)

    assert said(Qt.Key.Key_Down) == "The end of the messages"
    heard = said(Qt.Key.Key_Home).splitlines()
    assert heard[0].startswith("Your prompt: Prompt 0")
    assert said(Qt.Key.Key_Up) == "The beginning of the messages"
    while (text := said(Qt.Key.Key_Down)) != "The end of the messages":
        heard += text.splitlines()
    answers = [line.split()[4] for line in heard if line.startswith("The agent’s message: Answer")]
    assert answers == ["4", "9", "14", "19", "24", "29", "34", "39"], "each is read once, and none is left out"


def test_a_screen_reader_hears_whose_button_has_the_keyboard_and_presses_it(
    show_chat: ShowChat, spoken: list[QAccessibleEvent]
) -> None:
    shown = show_chat(having("agent", "See [the page](https://a.test).", status="done"))
    page = shown.view.page
    page.setFocus()
    shown.press(Qt.Key.Key_Tab)
    [control] = [QAccessible.queryAccessibleInterface(each) for each in page.findChildren(FocusedControl)]
    assert [event.object() for event in spoken if event.type() is QAccessible.Event.Focus] == [control.object()]
    assert (control.role(), control.text(QAccessible.Text.Name)) == (QAccessible.Role.Button, "Link: the page")
    assert control.text(QAccessible.Text.Description) == "The agent’s message: See the page."
    assert control.state().focused
    control.actionInterface().doAction(control.actionInterface().actionNames()[0])
    assert shown.emitted("link_requested") == [("https://a.test",)]


def test_a_button_of_a_question_says_what_it_answers(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.ask(command_request("make"))
    shown = show_chat(chat)
    card = shown.view.page.requests.card(chat.transcript.open_requests[0].id)
    assert card is not None
    button = card.button_of("reject_once")
    assert button is not None
    assert button.accessibleDescription() == "The agent asks: Run a command?"


def test_only_a_part_of_a_very_long_output_is_laid_out(show_chat: ShowChat) -> None:
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


pytestmark = pytest.mark.e2e


def test_a_withdrawn_prompt_is_inserted_before_the_draft_once_the_host_confirms_it(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    first, second = [chat.put("user", text, status="queued") for text in ("in the queue", "too late")]
    by_another = chat.put("user", "by another viewer", status="queued")
    shown = show_chat(chat)
    editor = shown.view.prompt.editor
    shown.type("written")
    for _ in range(3):
        shown.press(Qt.Key.Key_Left)
    shown.press_queue_button("withdraw", 0)
    shown.press_queue_button("withdraw", 1)
    assert editor.toPlainText() == "written", "the host has not answered"
    assert editor.hasFocus()
    chat.apply(SetStatus(first, "withdrawn"))
    chat.apply(SetStatus(second, "sent"))
    chat.apply(SetStatus(by_another, "withdrawn"))
    shown.settle()
    assert editor.toPlainText() == "in the queue\nwritten"
    shown.type("X")
    assert editor.toPlainText() == "in the queue\nwritXten", "the cursor has not moved"
    editor.undo()
    editor.undo()
    assert editor.toPlainText() == "written"


def _failed(prompt: str, error: str) -> TurnFacts:
    return TurnFacts(prompt=prompt, outcome="error", error=error)


def test_a_failed_turn_is_not_retried_with_what_its_agent_calls_the_users_prompt(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.put("user", "by the agent's record", status="done", turn="t1")
    chat.end(TurnOver("t1", "failed", "overloaded", facts=_failed("", "overloaded")))
    shown = show_chat(chat)
    assert "The turn failed: overloaded" in shown.shown()
    assert not shown.controls("again")

    own = chat.put("user", "by the user", status="done", turn="t2")
    chat.put("user", "by the agent's record", status="done", turn="t2")
    chat.end(TurnOver("t2", "failed", "overloaded", facts=_failed(own, "overloaded")))
    shown.settle()
    shown.click(shown.control("again"))
    assert shown.of(Prompt) == [("by the user", "queue", ())]


def test_a_prompt_that_is_taken_back_or_reused_hides_nothing(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    joined = "\U0001f469\u200d\U0001f4bb"
    queued = chat.put("user", f"two\u200b {joined}\U000e0041", status="queued")
    shown = show_chat(chat)
    shown.press_queue_button("withdraw", 0)
    chat.apply(SetStatus(queued, "withdrawn"))
    shown.settle()
    assert shown.view.prompt.editor.toPlainText() == f"two\\u200b {joined}\\udb40\\udc41"


def test_a_failed_turn_is_retried_with_its_first_prompt(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.put("user", "an earlier one", status="done", turn="t0")
    chat.put("agent", "Done.", status="done", turn="t0")
    first = chat.put("user", "run the tests", status="done", turn="t1", images=(Image("image/png", b"x"),))
    chat.put("agent", "I run", status="done", turn="t1")
    chat.put("user", "only the fast ones", status="done", turn="t1")
    chat.put("user", "and then", status="withdrawn")
    chat.end(TurnOver("t1", "failed", "overloaded", facts=_failed(first, "overloaded")))
    shown = show_chat(chat)
    assert "The turn failed: overloaded" in shown.shown()
    shown.click(shown.control("again"))
    assert shown.of(Prompt) == [("run the tests", "queue", (Image("image/png", b"x"),))]


def test_an_error_that_is_reported_and_ends_the_turn_is_shown_once(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    prompt = chat.put("user", "run the tests", status="done", turn="t1")
    chat.put("notice", "no network (5 tries)", turn="t1")
    chat.end(TurnOver("t1", "failed", "no network", facts=_failed(prompt, "no network")))
    shown = show_chat(chat)
    assert shown.shown().splitlines()[:2] == ["run the tests", "The turn failed: no network (5 tries)"]
    assert len(shown.controls("again")) == 1


def test_the_last_message_of_a_turn_says_when_it_ended_and_its_button_copies_the_answer(
    show_chat: ShowChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.chat.page.page.COPIED_MS", 600_000)
    chat = ScriptedChat()
    chat.put("user", "an earlier conversation", status="done")
    chat.put("agent", "Yes.", status="done")
    chat.put("user", "why?", status="done", turn="t1")
    chat.run("t1")
    chat.put("agent", "Because **b**.", status="done", turn="t1")
    chat.put("user", "only `b`", status="sent")
    chat.put("tool", tool="read", title="a.py", status="done", turn="t1")
    chat.put("agent", "- c", status="done", turn="t1")
    shown = show_chat(chat)
    page = shown.view.page

    def labels() -> list[str]:
        segments = (page.rows.row(each.position).segments[each.number] for each in page.visible)
        return [each.label for each in segments if isinstance(each, TurnFooter)]

    assert labels() == [""], "the turn runs"
    chat.apply(SetStatus("i5", "withdrawn"))
    queued = chat.put("user", "and then", status="queued")
    chat.end(TurnOver("t1", "completed"))
    shown.settle()
    time = phrases.told_time(datetime.fromtimestamp(chat.transcript.ends["i7"].at_ms / 1000, UTC), datetime.now(UTC))
    assert labels() == ["", f"{time} · 5.0 s"]
    shown.click(shown.control("copy_answer", 1))
    assert QGuiApplication.clipboard().text() == "Because **b**.\n\n- c"
    assert page.copied is not None, "a check mark says so"
    chat.apply(Remove(queued))
    chat.put("user", "and then", status="done", turn="t2")
    chat.run("t2")
    chat.put("agent", "D.", status="running", turn="t2")
    shown.settle()
    assert labels() == ["", f"{time} · 5.0 s"]
    page.select_all()
    assert time not in page.selection.text(page.rows, markdown=False), "only the messages are copied"


def test_the_menu_copies_an_answer_or_a_prompt_and_puts_a_prompt_into_the_box(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.put("user", "why `a`?", status="done")
    chat.put("agent", "Because **b**.", status="done")
    chat.put("tool", tool="read", title="a.py", status="done")
    chat.put("agent", "- c", status="done")
    chat.put("user", "and?", status="done")
    shown = show_chat(chat)

    def choose(text: str, name: str) -> None:
        menu = shown.view.page.context_menu.build(QPointF(shown.point_of(text)))
        [action] = [action for action in menu.actions() if action.text() == name]
        action.trigger()
        menu.deleteLater()

    clipboard = QGuiApplication.clipboard()
    shown.click(shown.control("fold_turn"))
    choose("a.py", "Copy this answer")
    assert clipboard.text() == "Because **b**.\n\n- c"
    choose("why", "Copy this prompt")
    assert clipboard.text() == "why `a`?"
    shown.type("draft")
    choose("why", "Put into the prompt")
    assert shown.view.prompt.editor.toPlainText() == "why `a`?\ndraft"
    names = [action.text() for action in shown.view.page.context_menu.build(QPointF(shown.point_of("and?"))).actions()]
    assert "Copy this answer" not in names


def test_a_long_prompt_is_shortened_until_it_is_expanded_or_find_shows_a_hidden_line(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    text = "\n".join(f"line {number}." for number in range(100))
    for _ in range(2):
        chat.put("user", text, status="done")
    shown = show_chat(chat)
    page = shown.view.page
    assert "line 5." in shown.shown()
    assert "line 6." not in shown.shown()
    names = {each.name for placed in page.visible for each in placed.laid.controls}
    assert names == {"Show all 100 lines", "Copy"}
    shown.click(shown.control("show_all", 1))
    page.scroller.scroll_to_end()
    assert "line 99." in shown.shown()
    shown.view.finder.find(FindQuery("line"))
    shown.view.finder.step(-1)
    process_events_until(lambda: shown.view.finder.scan.is_done, WAIT_S, "the search to end")
    for _ in range(99):
        shown.view.finder.step(-1)
    shown.settle()
    assert page.current_hit is not None
    assert page.current_hit[0] == "i1"
    assert "line 99." in shown.shown(), "the hidden line that was found"


def test_code_is_wrapped_until_the_user_scrolls_it_sideways_and_its_lines_get_numbers(show_chat: ShowChat) -> None:
    lines = [f"line {number} of the code" for number in range(40)]
    lines[35] = "a long line " * 20 + "end"
    code = "\n".join(lines)
    shown = show_chat(having("agent", f"```python\n{code}\n```\n\nBelow."))
    page = shown.view.page
    page.scroller.scroll_to_start()
    wrap = shown.control("wrap")

    def heights() -> list[float]:
        return [page.rows.laid(0, number).height for number in range(2)]

    before = heights()
    shown.click(wrap)
    page.scroller.scroll_to_start()
    after = heights()
    assert after[0] == before[0]
    assert after[1] < before[1], "the long line is one line"
    overflows = [page.rows.laid(0, number).overflow for number in range(2)]
    assert overflows[0] is not None
    assert overflows[1] is not None
    assert overflows[1].bar is not None, "below the whole block"
    assert page.rows.scroll_aside(0, 1, 200)
    assert page.rows.aside_of(0, 0) == 200, "both parts are scrolled together"
    assert page.pointer.control_at(QPointF(shown.control("copy"))) is not None, "the buttons stay"
    shown.click(shown.control("copy"))
    assert QGuiApplication.clipboard().text() == code
    shown.click(shown.control("wrap"))
    page.scroller.scroll_to_start()
    assert heights() == before
    left = page.rows.laid(0, 0).boxes[0].x
    shown.click(shown.control("numbers"))
    page.scroller.scroll_to_start()
    assert page.rows.laid(0, 0).boxes[0].x > left
    assert page.rows.laid(0, 1).boxes[0].x == page.rows.laid(0, 0).boxes[0].x
    page.select_all()
    assert page.selection.text(page.rows, markdown=False).startswith("line 0 of"), "numbers are not copied"
    shown.view.set_transcript(having("agent", "```\nshort\n```").transcript)
    shown.settle()
    assert shown.controls("wrap") == [], "there is nothing to wrap"
