"""The view of a structured chat on a real X server, over a transcript that the test plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from gui.chat.view import ChatView
from gui.theme.follow import Theme
from session_host.structured.items import (
    AgentRequest,
    CommandsChanged,
    FileChange,
    PlanEntry,
    Put,
    Question,
    SetStatus,
    Setting,
    SettingChoice,
    SettingsChanged,
    SlashCommand,
    TurnEnded,
    UsageChanged,
)
from session_host.structured.rules import digest
from tests.support.displays import XServer
from tests.support.played_chat import PlayedChat, command_request, long_chat
from tests.support.qt_waiting import process_events_until
from tests.support.windows import has_keyboard

WAIT_S = 60.0


class Stage:
    """A shown view, and what a user does with it."""

    def __init__(self, theme: Theme, chat: PlayedChat, directory: str) -> None:
        self.chat = chat
        self.view = ChatView(theme, directory)
        self.said: list[tuple[Any, ...]] = []
        for name in (
            "prompt_sent", "interrupted", "answered", "withdrawn", "setting_changed", "link_activated", "noticed",
        ):  # fmt: skip
            getattr(self.view, name).connect(lambda *values, name=name: self.said.append((name, *values)))
        self.view.set_transcript(chat.transcript)
        self.view.resize(900, 700)
        self.view.show()
        assert QTest.qWaitForWindowExposed(self.view)
        self.view.activateWindow()
        window_id = int(self.view.winId())
        process_events_until(lambda: has_keyboard(window_id), WAIT_S, "the view to have the keyboard")
        self.view.prompt.editor.setFocus()
        self.settle()

    def settle(self) -> None:
        """Show all that changed."""
        self.view.changed()
        process_events_until(lambda: not self.view.page._pacer.pending, WAIT_S, "the frame to be painted")
        QApplication.processEvents()
        QApplication.processEvents()

    def of(self, name: str) -> list[tuple[Any, ...]]:
        return [each[1:] for each in self.said if each[0] == name]

    def shown(self) -> str:
        """The text on the page."""
        page = self.view.page
        return "\n".join(page.rows.row(each.position).segments[each.number].text for each in page.visible)

    def place_of(self, text: str, *, within: int = 2) -> QPoint:
        """A point on the page where a text stands."""
        page = self.view.page
        for each in page.visible:
            segment = page.rows.row(each.position).segments[each.number]
            if text in segment.text:
                offset = segment.text.index(text) + within
                for box in each.laid.boxes:
                    if box.start <= offset <= box.start + box.length:
                        line = box.layout.lineForTextPosition(offset - box.start)
                        x = cast(tuple[float, int], line.cursorToX(offset - box.start))[0]
                        left = page.segment_left(each.position)
                        return QPointF(left + box.x + x, each.top + box.y + line.y() + line.height() / 2).toPoint()
        raise AssertionError(f"{text!r} is not on the page")

    def control(self, verb: str, number: int = 0) -> QPoint:
        """The middle of a control on the page."""
        page = self.view.page
        found = [
            (each, control) for each in page.visible for control in each.laid.controls if control.action.verb == verb
        ]
        each, control = found[number]
        return (QPointF(page.segment_left(each.position), each.top) + control.area.center()).toPoint()

    def click(self, point: QPoint) -> None:
        QTest.mouseClick(self.view.page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
        self.settle()

    def drag(self, first: QPoint, last: QPoint) -> None:
        page = self.view.page
        QTest.mousePress(page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, first)
        for point in (first + QPoint(9, 0), last):
            place = QPointF(point)
            QApplication.sendEvent(page, QMouseEvent(
                QEvent.Type.MouseMove, place, page.mapToGlobal(place), Qt.MouseButton.NoButton,
                Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
            ))  # fmt: skip
        QTest.mouseRelease(page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, last)
        self.settle()

    def type(self, text: str) -> None:
        QTest.keyClicks(self.view.prompt.editor, text)

    def press(self, key: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
        held = Qt.KeyboardModifier.NoModifier
        for each in modifiers:
            held |= each
        QTest.keyClick(QApplication.focusWidget() or self.view, key, held)
        self.settle()

    def button(self, text: str) -> QPushButton:
        return next(each for each in self.view.page.findChildren(QPushButton) if each.text().startswith(text))


CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def stage(qapp: QApplication, window_manager: None, display: XServer) -> Iterator[Callable[..., Stage]]:
    """Puts a view on the display; closed at the end."""
    stages: list[Stage] = []
    theme = Theme(qapp, "dark")

    def make(chat: PlayedChat | None = None, directory: str = "") -> Stage:
        stages.append(Stage(theme, chat or PlayedChat(), directory))
        return stages[-1]

    yield make
    for made in stages:
        made.view.close()
        made.view.deleteLater()


# ---------------------------------------------------------------- reading


def test_a_chat_of_ten_thousand_items_opens_at_its_end(stage: Callable[..., Stage]) -> None:
    chat = long_chat(10_000)
    shown = stage(chat)
    assert "Answer 9999" in shown.shown()
    assert len(shown.view.page.rows._rows) < 50  # Only what is visible is laid out.
    shown.view.page.scroll_to_start()
    assert "Prompt 0" in shown.shown()
    bar = shown.view.page._bar
    bar.setValue(bar.maximum() // 2)
    assert "Answer 9999" not in shown.shown()
    assert shown.shown()
    bar.setValue(bar.maximum())
    assert "Answer 9999" in shown.shown()


def test_the_end_is_followed_while_a_message_streams(stage: Callable[..., Stage]) -> None:
    chat = long_chat(40)
    message = chat.put("agent", status="running")
    shown = stage(chat)
    for number in range(60):
        chat.say(message, f"Line {number}.\n\n")
    shown.settle()
    assert "Line 59." in shown.shown()
    assert shown.view.page.follows


def test_nothing_moves_while_text_streams_below_the_place_that_is_read(stage: Callable[..., Stage]) -> None:
    chat = long_chat(60)
    message = chat.put("agent", "Begin.", status="running")
    shown = stage(chat)
    shown.view.page.scroll_by(-900)
    before = [(each.position, each.number, each.top) for each in shown.view.page.visible]
    for number in range(80):
        chat.say(message, f"\n\nLine {number}.")
    chat.put("notice", "Another item")
    shown.settle()
    assert [(each.position, each.number, each.top) for each in shown.view.page.visible] == before
    assert shown.view.page._new.isVisible()
    shown.view.page._new.click()
    assert "Another item" in shown.shown()
    assert not shown.view.page._new.isVisible()


def test_nothing_moves_while_an_item_above_the_page_grows(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    above = chat.put("agent", "Above.", status="running")
    for number in range(60):
        chat.put("notice", f"Notice {number}")
    shown = stage(chat)
    shown.view.page.scroll_by(-300)
    before = [(each.position, each.number, each.top) for each in shown.view.page.visible]
    chat.say(above, "\n\nMore." * 50)
    shown.settle()
    assert [(each.position, each.number, each.top) for each in shown.view.page.visible] == before


def test_a_tool_call_unfolds_by_a_click_and_by_the_keyboard(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    chat.put("tool", tool="execute", title="make", command="make -j2", output="all good", status="done")
    shown = stage(chat)
    assert "all good" not in shown.shown()
    shown.click(shown.control("fold"))
    assert "all good" in shown.shown()
    assert "make -j2" in shown.shown()
    shown.view.page.setFocus()
    shown.press(Qt.Key.Key_Tab)
    shown.press(Qt.Key.Key_Return)
    assert "all good" not in shown.shown()


def test_long_output_is_shown_whole_after_show_all(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    output = "\n".join(f"line {number}" for number in range(2000))
    chat.put("tool", title="make", output=output, status="done")
    shown = stage(chat)
    shown.click(shown.control("fold"))
    shown.view.page.scroll_to("i1", 2)
    shown.click(shown.control("show_all"))
    segments = shown.view.page.rows.row(0).segments
    assert "\n".join(each.text for each in segments[1:]) == output


def test_a_diff_can_be_read_side_by_side(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    chat.put("tool", tool="edit", changes=(FileChange("a.py", "@@ -1,2 +1,2 @@\n same\n-old\n+new\n"),), status="done")
    shown = stage(chat)
    one = shown.place_of("+new")
    old = shown.place_of("-old")
    assert one.y() > old.y()
    shown.click(shown.control("columns"))
    assert shown.place_of("+new").y() == shown.place_of("-old").y()
    assert shown.place_of("+new").x() > shown.place_of("-old").x() + 200


def test_how_turns_ended_is_said(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    chat.put("agent", "One.", status="done")
    chat.end(TurnEnded("t1", "failed", "no credit left"))
    chat.put("agent", "Two.", status="interrupted")
    chat.end(TurnEnded("t2", "interrupted"))
    chat.put("agent", "Three", status="cut")
    chat.end(TurnEnded("t3", "cut"))
    lines = stage(chat).shown().splitlines()
    assert lines[:6] == [
        "One.", "The turn failed: no credit left", "Two.", "Interrupted", "Three", "The agent ended here",
    ]  # fmt: skip


def test_a_plan_is_a_check_list(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    chat.put("plan", plan=(PlanEntry("one", "completed"), PlanEntry("two", "in_progress")))
    assert stage(chat).shown().splitlines()[:3] == ["Plan · 1 of 2 done", "one", "two"]


def test_links_open_only_by_a_click_and_only_by_the_signal(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    chat.put("agent", "See [the page](http://127.0.0.1:9/x) and ![picture](http://127.0.0.1:9/y.png).")
    shown = stage(chat)
    assert not shown.of("link_activated")
    shown.click(shown.place_of("the page"))
    shown.click(shown.place_of("picture"))
    assert shown.of("link_activated") == [("http://127.0.0.1:9/x",), ("http://127.0.0.1:9/y.png",)]


def test_another_snapshot_takes_the_transcripts_place_without_a_jump(stage: Callable[..., Stage]) -> None:
    chat = long_chat(100)
    shown = stage(chat)
    shown.view.page.scroll_by(-2000)
    before = shown.shown()
    shown.type("a draft")
    shown.view.set_transcript(type(chat.transcript).restore(chat.transcript.snapshot()))
    shown.settle()
    assert shown.shown() == before
    assert shown.view.prompt.editor.toPlainText() == "a draft"


# ---------------------------------------------------------------- selecting, finding


def test_a_selection_goes_across_items_and_is_copied(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    chat.put("user", "first prompt", status="done")
    chat.put("agent", "a **bold** answer")
    chat.put("agent", "the last words")
    shown = stage(chat)
    shown.drag(shown.place_of("first", within=0), shown.place_of("last words", within=4))
    shown.view.page.copy()
    clipboard = QGuiApplication.clipboard()
    assert clipboard.text() == "first prompt\n\na bold answer\n\nthe last"
    shown.view.page.copy_markdown()
    assert clipboard.text() == "first prompt\n\na **bold** answer\n\nthe last"


def test_find_counts_in_folded_items_too_and_unfolds_the_one_that_is_shown(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    chat.put("tool", title="make", output="a needle in the output", status="done")
    for number in range(40):
        chat.put("agent", f"Answer {number}")
    chat.put("agent", "The Needle is here.")
    shown = stage(chat)
    shown.view.open_find()
    QTest.keyClicks(shown.view.find_bar.field, "needle")
    process_events_until(lambda: shown.view._finder.is_done, WAIT_S, "the search to end")
    assert shown.view.find_bar.count.text() == "2 of 2"
    assert "The Needle is here." in shown.shown()
    shown.press(Qt.Key.Key_Return)
    assert shown.view.find_bar.count.text() == "1 of 2"
    assert "a needle in the output" in shown.shown()
    shown.press(Qt.Key.Key_Escape)
    assert not shown.view.find_bar.isVisible()


# ---------------------------------------------------------------- requests


def test_a_request_is_answered_by_its_button_once(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    request = command_request("make install")
    chat.ask(request)
    shown = stage(chat)
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    shown.button("Allow").click()
    assert shown.of("answered") == [("r1", "yes", digest(request), {})]
    assert not shown.button("Allow").isEnabled()
    chat.resolve("r1", "yes", "Allow", "command")
    shown.settle()
    assert "Allow · from the command line" in shown.shown()


def test_keys_answer_only_while_the_request_has_the_keyboard(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    chat.ask(command_request("make"))
    shown = stage(chat)
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    shown.type("y")
    shown.press(Qt.Key.Key_Escape)
    assert not shown.of("answered")
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Escape)
    assert not shown.of("answered")
    shown.press(Qt.Key.Key_Y)
    assert [answer[1] for answer in shown.of("answered")] == ["yes"]


def test_a_long_command_can_be_allowed_only_after_its_end_was_seen(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    chat.ask(command_request("\n".join(f"echo {number}" for number in range(300)) + "\nrm -rf ~"))
    shown = stage(chat)
    card = shown.view.page.card("r1")
    assert card is not None
    assert not shown.button("Allow").isEnabled()
    assert shown.button("Decline").isEnabled()
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Y)
    assert not shown.of("answered")
    assert card._subject is not None
    bar = card._subject.verticalScrollBar()
    bar.setValue(bar.maximum())
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the end to be seen")
    assert card.isAncestorOf(shown.view.page) is False


def test_an_incomplete_request_can_only_be_declined(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    chat.ask(command_request("make …", complete=False))
    shown = stage(chat)
    card = shown.view.page.card("r1")
    assert card is not None
    assert [option.id for option in card.offered()] == ["no"]
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Return)
    assert not shown.of("answered")


def test_questions_are_answered_by_choices_and_texts(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    questions = (Question("q1", "Which base?", ("main", "dev"), free=False), Question("q2", "Which name?"))
    request = AgentRequest("r1", "question", 1, "Two questions", "", questions=questions)
    chat.ask(request)
    shown = stage(chat)
    assert shown.view.show_request()
    field = QApplication.focusWidget()
    assert field is not None
    QTest.keyClicks(field, "retry")
    assert not shown.button("Answer").isEnabled()
    shown.button("dev").click()
    shown.button("Answer").click()
    assert shown.of("answered") == [("r1", "", digest(request), {"q1": "dev", "q2": "retry"})]


def test_an_answer_that_had_no_effect_says_why_and_can_be_given_again(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    chat.ask(command_request("make"))
    shown = stage(chat)
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    shown.button("Allow").click()
    shown.view.refused("r1", "the question is not the one that was shown; look at it again")
    assert shown.button("Allow").isEnabled()


# ---------------------------------------------------------------- prompts


def test_enter_sends_and_shift_enter_begins_a_line(stage: Callable[..., Stage]) -> None:
    shown = stage()
    shown.type("one")
    shown.press(Qt.Key.Key_Return, SHIFT)
    shown.type("two")
    shown.press(Qt.Key.Key_Return)
    assert shown.of("prompt_sent") == [("one\ntwo", "queue", ())]
    assert shown.view.prompt.editor.toPlainText() == ""
    shown.press(Qt.Key.Key_Return)
    assert len(shown.of("prompt_sent")) == 1
    shown.press(Qt.Key.Key_Up)
    assert shown.view.prompt.editor.toPlainText() == "one\ntwo"


def test_while_a_turn_runs_enter_queues_and_ctrl_enter_steers_and_the_box_says_so(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    chat.run()
    shown = stage(chat)
    shown.type("later")
    assert shown.view.prompt._said.text() == "Enter queues the prompt · Ctrl+Enter adds it to this turn"
    shown.press(Qt.Key.Key_Return)
    shown.type("now")
    shown.press(Qt.Key.Key_Return, CTRL)
    assert [each[:2] for each in shown.of("prompt_sent")] == [("later", "queue"), ("now", "steer")]


def test_ctrl_c_stops_the_turn_only_with_nothing_selected(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    shown = stage(chat)
    shown.press(Qt.Key.Key_C, CTRL)
    assert not shown.of("interrupted")
    chat.run()
    shown.settle()
    shown.type("text")
    shown.press(Qt.Key.Key_A, CTRL)
    shown.press(Qt.Key.Key_C, CTRL)
    assert not shown.of("interrupted")
    shown.press(Qt.Key.Key_End)
    shown.press(Qt.Key.Key_C, CTRL)
    shown.view.prompt._stop.click()
    assert shown.of("interrupted") == [(), ()]


def test_a_queued_prompt_is_taken_back_and_a_failed_one_sent_again(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    queued = chat.put("user", "in the queue", status="queued")
    chat.put("user", "lost", status="unconfirmed")
    shown = stage(chat)
    shown.click(shown.control("withdraw"))
    shown.click(shown.control("again"))
    assert shown.of("withdrawn") == [(queued,)]
    assert shown.of("prompt_sent") == [("lost", "queue", ())]
    chat.apply(SetStatus(queued, "withdrawn"))
    shown.settle()
    assert "Taken back" in shown.shown()


def test_files_and_commands_are_completed(stage: Callable[..., Stage], tmp_path: Any) -> None:
    (tmp_path / "retry.py").touch()
    chat = PlayedChat()
    chat.apply(CommandsChanged((SlashCommand("review", "Look at the changes"), SlashCommand("init"))))
    shown = stage(chat, str(tmp_path))
    offers = shown.view.prompt.completion.list
    shown.type("see @ret")
    process_events_until(offers.isVisible, WAIT_S, "the files to be offered")
    shown.press(Qt.Key.Key_Return)
    assert shown.view.prompt.editor.toPlainText() == "see @retry.py "
    shown.view.prompt.editor.clear()
    shown.type("/re")
    assert offers.isVisible()
    shown.press(Qt.Key.Key_Escape)
    assert not offers.isVisible()
    shown.type("v")
    shown.press(Qt.Key.Key_Tab)
    assert shown.view.prompt.editor.toPlainText() == "/review "
    assert not shown.of("prompt_sent")


def test_a_pasted_image_goes_with_the_prompt(stage: Callable[..., Stage]) -> None:
    from PySide6.QtGui import QImage

    shown = stage()
    image = QImage(20, 10, QImage.Format.Format_RGB32)
    image.fill(0x336699)
    QGuiApplication.clipboard().setImage(image)
    shown.press(Qt.Key.Key_V, CTRL)
    assert len(shown.view.prompt.attachments.images) == 1
    shown.type("look")
    shown.press(Qt.Key.Key_Return)
    [(text, _mode, images)] = shown.of("prompt_sent")
    assert text == "look"
    assert images[0].mime == "image/png"
    assert not shown.view.prompt.attachments.images


def test_settings_and_tokens_are_below_the_prompt(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    choices = (SettingChoice("a", "Fast"), SettingChoice("b", "Careful"))
    chat.apply(SettingsChanged((Setting("m", "Model", "a", choices, "model"),)))
    chat.apply(UsageChanged(84_000, 200_000))
    shown = stage(chat)
    row = shown.view.prompt.settings
    assert row._usage.text() == "42 % context"
    [button] = row._buttons
    assert button.text().startswith("Fast")
    button.click()
    menu = QApplication.activePopupWidget()
    assert menu is not None
    menu.actions()[1].trigger()
    menu.close()
    assert shown.of("setting_changed") == [("m", "b")]


def test_a_text_that_is_typed_over_the_messages_goes_to_the_prompt(stage: Callable[..., Stage]) -> None:
    shown = stage(long_chat(10))
    shown.view.page.setFocus()
    QTest.keyClicks(shown.view.page, "h")
    assert shown.view.prompt.editor.toPlainText() == "h"
    assert shown.view.prompt.editor.hasFocus()


def test_an_update_of_an_item_replaces_it(stage: Callable[..., Stage]) -> None:
    chat = PlayedChat()
    item = chat.put("agent", "draft")
    shown = stage(chat)
    former = chat.transcript.get(item)
    assert former is not None
    import msgspec

    chat.apply(Put(msgspec.structs.replace(former, text="final")))
    shown.settle()
    assert "final" in shown.shown()
    assert "draft" not in shown.shown()
