"""Approvals and questions of a structured chat, on a real X server, with a scripted transcript."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QWidget

from gui.chat.content.segments import Subject
from gui.chat.drawing.code import ASKED_EDGE_PX
from gui.chat.page.requests import seen as seen_subjects
from gui.input import refused_keys as refused_keys_module
from gui.input.refused_keys import refused_keys
from session_host.protocol.messages import AnswerRequest, Interrupt
from session_host.protocol.values import FileLocation
from session_host.structured.items import (
    AgentRequest,
    Capabilities,
    CapabilitiesKnown,
    FileChange,
    Question,
    RequestOption,
    Takes,
    digest,
)
from tests.support.chat_view_harness import ChatViewHarness, ShowChat
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import ALLOW, DECLINE, ScriptedChat, asking, command_request, long_chat

WAIT_S = 60.0
NEVER_MS = 3_600_000


def test_a_request_is_answered_by_its_button_once(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    request = command_request("make install")
    chat.ask(request)
    shown = show_chat(chat)
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    shown.button("Allow").click()
    assert shown.of(AnswerRequest) == [("r1", "yes", digest(request), {})]
    assert not shown.button("Allow").isEnabled()
    chat.resolve("r1", "yes", "Allow", "command")
    shown.settle()
    assert "Allowed make install · from the command line" in shown.shown()


def test_letters_answer_only_while_the_request_has_the_keyboard(show_chat: ShowChat) -> None:
    shown = show_chat(asking(command_request("make")))
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    shown.type("y")
    assert not shown.of(AnswerRequest)
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Y)
    assert [answer[1] for answer in shown.of(AnswerRequest)] == ["yes"]


@pytest.mark.parametrize("place", ["prompt", "request", "button"])
def test_escape_asks_once_more_before_it_withdraws_the_question(show_chat: ShowChat, place: str) -> None:
    shown = show_chat(asking(command_request("make")))
    card = shown.card("r1")
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    if place != "prompt":
        assert shown.view.show_request()
    if place == "button":
        shown.button("Decline").setFocus()
    area = card.geometry()
    shown.press(Qt.Key.Key_Escape)
    assert (shown.of(Interrupt), card.geometry()) == ([], area), "it asks, in the same row"
    assert is_fully_visible(shown.button("Withdraw"))
    assert not shown.button("Allow").isVisible()
    shown.press(Qt.Key.Key_Y, Qt.KeyboardModifier.AltModifier)
    assert (shown.button("Allow").isVisible(), shown.of(AnswerRequest)) == (True, []), "no answer to the other question"
    shown.press(Qt.Key.Key_Escape)
    shown.press(Qt.Key.Key_Escape)
    assert len(shown.of(Interrupt)) == 1
    assert not shown.of(AnswerRequest)


@pytest.mark.parametrize("by", ["click", "enter", "typing"])
def test_a_question_that_is_not_withdrawn_stays_open(show_chat: ShowChat, by: str) -> None:
    shown = show_chat(asking(command_request("make")))
    if by == "enter":
        assert shown.view.show_request()
        shown.button("Decline").setFocus()
    shown.press(Qt.Key.Key_Escape)
    if by == "click":
        shown.button("Keep").click()
    elif by == "enter":
        assert QApplication.focusWidget() is shown.button("Keep")
        shown.press(Qt.Key.Key_Return)
    else:
        shown.type("x")
    assert shown.button("Decline").isVisible()
    shown.press(Qt.Key.Key_Escape)
    assert not shown.of(Interrupt), "it asks again"


def test_an_agent_that_cannot_be_stopped_keeps_its_question(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.apply(CapabilitiesKnown(Capabilities(interrupt=False)))
    chat.ask(command_request("make"))
    shown = show_chat(chat)
    assert shown.view.show_request()
    for _ in range(2):
        shown.press(Qt.Key.Key_Escape)
    assert shown.button("Decline").isVisible()
    assert not shown.sent


def test_the_question_is_told_once_on_its_page(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.put("user", "Do it", status="done", turn="t1")
    item = chat.put("tool", tool="execute", title="make", command="make", status="running", turn="t1")
    chat.ask(msgspec.structs.replace(command_request("make", item=item), title="Run make?", reason=""))
    shown = show_chat(chat)
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    said = [shown.shown(), *(each.text() for each in shown.view.findChildren(QLabel) if each.isVisible())]
    assert "\n".join(said).count("make") == 1
    assert "wait" not in "".join(said)
    chat.resolve("r1", "yes", "Allow", "window")
    chat.run()
    shown.settle()
    assert "make" in shown.shown(), "the line of the call is back"


def test_words_in_place_of_a_yes_are_sent_by_enter_and_allow_is_not_what_comes_next(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    shown = show_chat(chat)
    shown.view.set_takes_words(takes_words=True)
    chat.ask(command_request("make"))
    shown.settle()
    allow, words = shown.button("Allow"), shown.card("r1").words
    process_events_until(allow.isEnabled, WAIT_S, "the command to be seen")
    assert words is not None
    assert allow.property("kind") == "primary"
    shown.press(Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is words, "from the prompt"
    assert allow.property("kind") == "answer"
    QTest.keyClicks(words, "yes, but only build")
    shown.press(Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is shown.card("r1"), "what is written stays"
    assert words.text() == "yes, but only build"
    shown.press(Qt.Key.Key_Tab)
    shown.press(Qt.Key.Key_Return)
    assert [answer[1::2] for answer in shown.of(AnswerRequest)] == [("no", {"": "yes, but only build"})]


def test_the_prompt_has_the_keyboard_after_an_answer_but_not_with_a_draft_that_enter_would_send(
    show_chat: ShowChat,
) -> None:
    chat = ScriptedChat()
    shown = show_chat(chat)
    for request, draft in (("r1", ""), ("r2", "a draft")):
        chat.ask(command_request("make", request_id=request))
        shown.settle()
        process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
        shown.type(draft)
        assert shown.view.show_request()
        shown.settle()
        shown.press(Qt.Key.Key_Return)
        chat.resolve(request, "yes", "Allow", "window")
        shown.settle()
        assert shown.view.prompt.editor.hasFocus() == (not draft)
        assert shown.view.page.hasFocus() == bool(draft)
    assert len(shown.of(AnswerRequest)) == 2


@pytest.mark.parametrize(("prompt", "draft"), [("/key", ""), ("/key", "a draft"), ("log in", "")])
def test_a_secret_that_a_command_asks_for_is_typed_into_its_field_and_not_into_the_prompt(
    show_chat: ShowChat, monkeypatch: pytest.MonkeyPatch, prompt: str, draft: str
) -> None:
    monkeypatch.setattr(refused_keys_module, "KEYS_AFTER_MS", NEVER_MS)
    chat = ScriptedChat()
    shown = show_chat(chat)
    chat.put("user", prompt, status="sent")
    chat.run()
    shown.settle()
    shown.type(draft)
    asked = AgentRequest("r1", "question", 1, "The API key", "", questions=(Question("key", "API key", secret=True),))
    chat.ask(asked)
    shown.settle()
    field = QApplication.focusWidget()
    if prompt != "/key" or draft:
        assert field is shown.view.prompt.editor
        return
    assert isinstance(field, QLineEdit)
    assert field.echoMode() is QLineEdit.EchoMode.Password
    QTest.keyClicks(field, "the next prompt\r")
    assert (field.text(), shown.of(AnswerRequest)) == ("", []), "it was on its way to the prompt"
    refused_keys.end()
    QTest.keyClicks(field, "sk-1\r")
    assert shown.of(AnswerRequest) == [("r1", "", digest(asked), {"key": "sk-1"})]
    chat.resolve("r1", "text", "••••••", "window")
    shown.settle()
    assert shown.view.prompt.editor.hasFocus()


def test_alt_and_a_letter_answer_the_oldest_request_also_from_the_prompt_box(
    show_chat: ShowChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen_subjects, "KEYS_AFTER_MS", NEVER_MS)
    alt = Qt.KeyboardModifier.AltModifier
    chat = ScriptedChat()
    requests = [command_request("make"), command_request("make install", request_id="r2")]
    for request in requests:
        chat.ask(request)
    shown = show_chat(chat)
    shown.type("later")
    shown.press(Qt.Key.Key_Y, alt)
    assert not shown.of(AnswerRequest), "the command has not been on the page for long enough"
    cards = [shown.card(request.id) for request in requests]
    buttons = [card.button_of("allow_once") for card in cards]
    for card in cards:
        card.seen._timer.setInterval(0)
    process_events_until(
        lambda: all(button is not None and button.isEnabled() for button in buttons), WAIT_S, "the commands to be seen"
    )
    assert names_of(*buttons) == ["Allow (Alt+Y)", "Allow"]
    cards[1].setFocus()
    shown.press(Qt.Key.Key_Y, alt)
    assert not shown.of(AnswerRequest), "another request has the keyboard"
    shown.view.prompt.editor.setFocus()
    shown.press(Qt.Key.Key_Y, alt)
    assert [answer[:2] for answer in shown.of(AnswerRequest)] == [("r1", "yes")]
    chat.resolve("r1", "yes", "Allow", "window")
    shown.settle()
    assert names_of(buttons[1]) == ["Allow (Alt+Y)"]
    shown.press(Qt.Key.Key_N, alt)
    assert [answer[:2] for answer in shown.of(AnswerRequest)] == [("r1", "yes"), ("r2", "no")]
    assert shown.view.prompt.editor.toPlainText() == "later"


def focused_name() -> str:
    """The name of the widget that has the keyboard."""
    focused = QApplication.focusWidget()
    return focused.accessibleName() if focused is not None else ""


def names_of(*buttons: QPushButton | None) -> list[str]:
    """The names of buttons, with their keys."""
    return [button.accessibleName() for button in buttons if button is not None]


def test_a_narrow_pane_shows_the_complete_texts_of_the_buttons(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.ask(msgspec.structs.replace(command_request("make"), title="Write /var/tmp/copy-of-the-database.db"))
    chat.put("tool", title="Edit", tool="edit", status="done", changes=(FileChange("/a", "@@ -1 +1 @@\n-a\n+b\n"),))
    shown = show_chat(chat)
    shown.view.resize(100, 700)
    shown.settle()
    card = shown.card("r1")
    assert "Write /var/tmp/copy-of-the-database.db" in shown.shown(), "what is asked is wrapped and not cut"
    assert shown.view.strip.files_button.text() == "+1 −1"
    shown.press(Qt.Key.Key_A, Qt.KeyboardModifier.AltModifier)
    buttons = [shown.button(text) for text in ("Allow", "Decline", "Always")]
    assert [button.text().split() for button in buttons] == [["Allow"], ["Decline"], ["Always", "allow", "make"]]
    for button in buttons:
        assert card.rect().contains(QRect(button.mapTo(card, QPoint()), button.size()))


def test_a_long_command_can_be_allowed_only_after_its_end_was_seen(show_chat: ShowChat) -> None:
    shown = show_chat(asking(command_request("\n".join(f"echo {number}" for number in range(300)) + "\nrm -rf ~")))
    card = shown.card("r1")
    assert not shown.button("Allow").isEnabled()
    assert is_fully_visible(shown.button("Decline")), "the answers are there from the beginning"
    assert shown.button("Decline").isEnabled()
    assert "echo 0" in shown.shown()
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Y)
    assert not shown.of(AnswerRequest)
    assert "Allow waits for the end" in card._below.text()
    process_events_until(lambda: card.seen._seen_ends[0], WAIT_S, "the beginning to be seen")
    below = card._below.text()
    shown.press(Qt.Key.Key_PageDown)
    assert card._below.text() != below, "it says how much is left"
    area, top = card.geometry(), shown.button("Allow").mapTo(shown.view, QPoint())
    shown.press(Qt.Key.Key_End)
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the end to be seen")
    assert "rm -rf ~" in shown.shown()
    assert card.height() == area.height(), "nothing moves at the end"
    assert shown.button("Allow").mapTo(shown.view, QPoint()).x() == top.x()
    shown.press(Qt.Key.Key_Y)
    assert [answer[1] for answer in shown.of(AnswerRequest)] == ["yes"]


def test_a_command_in_a_shell_is_shown_without_it_and_exactly_on_request(show_chat: ShowChat) -> None:
    exact, begin = "/bin/bash -lc 'rm -rf build'", "Always allow commands that begin with"
    always = RequestOption("always", f"{begin} {exact}", "allow_always", "Always allow `rm -rf build`")
    options = (ALLOW, always, DECLINE)
    request = AgentRequest(
        "r1", "command", 1, "Run rm -rf build", exact, options, reason="The build.", short_subject="rm -rf build"
    )
    shown = show_chat(asking(request))
    card = shown.card("r1")

    def texts() -> list[str]:
        buttons = (shown.button("Allow"), shown.button("Decline"), card.button_of("allow_always"))
        return [shown.shown().strip(), *names_of(*buttons)]

    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    short = "Always allow `rm -rf build` (Alt+A)"
    assert texts() == ["Run rm -rf build\nThe build.", "Allow (Alt+Y)", "Decline (Alt+N)", short]
    assert not shown.button("Show exactly").isVisible()
    assert shown.view.show_request()
    for _ in range(3):
        shown.press(Qt.Key.Key_Tab)
    assert focused_name() == "More answers"
    shown.press(Qt.Key.Key_Return)
    shown.button("Show exactly").click()
    shown.settle()
    assert texts() == [f"Run {exact}\nThe build.", "Allow (Alt+Y)", "Decline (Alt+N)", f"{begin} {exact} (Alt+A)"]
    assert shown.button("Show shortened").isVisible()
    assert not shown.of(AnswerRequest)
    shown.press(Qt.Key.Key_A, Qt.KeyboardModifier.AltModifier)
    assert shown.of(AnswerRequest) == [("r1", "always", digest(request), {})]


def test_the_key_of_an_answer_that_is_put_away_shows_it_first(show_chat: ShowChat) -> None:
    shown = show_chat(asking(command_request("make")))
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    always = shown.button("Always")
    for is_shown in (False, True):
        assert (always.isVisible(), shown.of(AnswerRequest)) == (is_shown, [])
        shown.press(Qt.Key.Key_A, Qt.KeyboardModifier.AltModifier)
    assert [answer[1] for answer in shown.of(AnswerRequest)] == ["always"]


def test_invisible_characters_are_shown_in_a_command_and_in_an_edit(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.ask(command_request("rm \u2064\U000e0041x"))
    edit = "--- /a\n+++ /a\n@@ -1 +1 @@\n-one\n+two\u2064\n"
    chat.ask(msgspec.structs.replace(command_request(edit, request_id="r2"), kind="edit", title="Change /a?"))
    shown = show_chat(chat)
    assert "rm \\u2064\\udb40\\udc41x" in shown.shown()
    assert "two\\u2064" in shown.shown()


def test_an_answer_without_effect_shows_the_reason_and_can_be_given_again(show_chat: ShowChat) -> None:
    shown = show_chat(asking(command_request("make")))
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    shown.button("Allow").click()
    shown.view.refused("r1", "the question is not the one that was shown; look at it again")
    assert shown.button("Allow").isEnabled()


def test_options_with_long_names_are_stacked(show_chat: ShowChat) -> None:
    options = (
        RequestOption("yes", "Yes", "allow_once"),
        RequestOption("always", "Yes, and don't ask again for npm & npx in /home/ada/src", "allow_always"),
        RequestOption("no", "No, and tell the agent what to do instead of it in this case", "reject_once"),
    )
    shown = show_chat(asking(AgentRequest("r1", "command", 1, "Run npm?", "npm test", options)))
    shown.view.resize(420, 700)
    shown.settle()
    shown.press(Qt.Key.Key_A, Qt.KeyboardModifier.AltModifier)
    buttons = [shown.button(text) for text in ("Yes", "No, and")]
    assert len({button.geometry().left() for button in buttons}) == 1
    assert all(button.width() >= button.sizeHint().width() for button in buttons)
    always = shown.button("Yes, and")
    assert always.text().replace("&&", "&") == "Yes, and don't ask again for npm & npx in /home/ada/src"
    one_line_px = always.height()
    shown.view.resize(300, 700)
    shown.settle()
    assert always.height() > one_line_px, "its words are wrapped and not cut"
    shown.view.resize(700, 700)
    shown.settle()
    assert len({shown.button(text).geometry().top() for text in ("Yes", "No, and")}) == 1


def test_a_title_that_only_repeats_the_command_is_left_out(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    options = (RequestOption("no", "No", "reject_once"),)
    chat.ask(AgentRequest("r1", "command", 1, "Run make all -j …", "make all \\\n -j 2", options))
    chat.ask(AgentRequest("r2", "command", 1, "Run make all \\ ⏎ -j 2?", "make all \\\n -j 2", options))
    chat.ask(AgentRequest("r3", "command", 1, "Run make without the sandbox", "make", options))
    shown = show_chat(chat)
    said = shown.shown().split("\n")
    assert [said.count(text) for text in ("Run make all -j …", "Run", "Run make without the sandbox")] == [1, 1, 1]


def test_tab_goes_from_the_messages_to_the_request_and_its_buttons(show_chat: ShowChat) -> None:
    shown = show_chat(asking(command_request("make")))
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    shown.view.page.setFocus()
    card = shown.card("r1")
    reached = []
    for _ in range(4):
        shown.press(Qt.Key.Key_Tab)
        reached.append(QApplication.focusWidget())
    assert reached[:3] == [card, shown.button("Allow"), shown.button("Decline")]
    assert focused_name() == "More answers"


def test_enter_presses_the_button_that_has_the_keyboard_and_no_other(show_chat: ShowChat) -> None:
    shown = show_chat(asking(command_request("make")))
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    assert not shown.view.prompt._message.isVisible(), "the question says it"
    shown.press(Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert QApplication.focusWidget() is shown.card("r1")
    for _ in range(2):
        shown.press(Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is shown.button("Decline")
    shown.press(Qt.Key.Key_Y)
    assert not shown.of(AnswerRequest)
    shown.press(Qt.Key.Key_Return)
    assert [answer[1] for answer in shown.of(AnswerRequest)] == ["no"]


@pytest.mark.parametrize("complete", [True, False])
def test_a_request_with_the_keyboard_is_seen_to_have_it(show_chat: ShowChat, complete: bool) -> None:
    shown = show_chat(asking(command_request("make", complete=complete)))
    card, accent = shown.card("r1"), shown.view.theme.tokens.color("accent").rgb()
    process_events_until(lambda: shown.button("Decline").isEnabled(), WAIT_S, "the request")

    def pixels() -> set[int]:
        image, row = shown.view.page.grab().toImage(), card.geometry()
        return {image.pixel(x, y) for x in range(row.left() + 4, row.right()) for y in range(row.top(), row.bottom())}

    before = pixels()
    assert shown.view.show_request()
    shown.settle()
    assert pixels() != before
    assert (accent in pixels() - before) == (not complete), "where Enter allows, its button has the frame"


def test_enter_in_a_field_of_a_request_allows_nothing(show_chat: ShowChat) -> None:
    options = (RequestOption("yes", "Allow", "allow_once"), RequestOption("no", "Decline", "reject_once"))
    questions = (Question("q1", "Why?"), Question("q2", "When?"))
    shown = show_chat(asking(AgentRequest("r1", "permission", 1, "Go on?", "all of it", options, questions=questions)))
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the request to be seen")
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Y)
    shown.press(Qt.Key.Key_Return)
    assert not shown.of(AnswerRequest)


def test_a_command_with_long_lines_is_shown_completely_without_scrolling(show_chat: ShowChat) -> None:
    shown = show_chat(asking(command_request("\n".join(f"echo {'word ' * 60}{number}" for number in range(4)))))
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    page = shown.view.page
    lines, prompt_px = subject_lines(shown), shown.view.prompt.editor.height()
    assert {x for x, _ in lines} == {0.0, 24.0}, "what continues a line is further right"
    page.set_font_size(17)
    shown.settle()
    assert sum(height for _, height in subject_lines(shown)) > sum(height for _, height in lines)
    assert shown.view.prompt.editor.fontInfo().pixelSize() == 17
    assert shown.view.prompt.editor.height() > prompt_px


def subject_lines(shown: ChatViewHarness) -> list[tuple[float, float]]:
    """The x coordinate and the height of each line of the command on the page."""
    page = shown.view.page
    boxes = [
        box
        for each in page.visible
        if isinstance(page.rows.row(each.position).segments[each.number], Subject)
        for box in each.laid.boxes
    ]
    lines = [box.layout.lineAt(number) for box in boxes for number in range(box.layout.lineCount())]
    return [(line.x(), line.height()) for line in lines]


def test_questions_are_answered_one_after_the_other(show_chat: ShowChat) -> None:
    questions = (Question("q1", "Which base?", ("main", "dev"), free=False), Question("q2", "Which name?"))
    request = AgentRequest("r1", "question", 1, "Two questions", "", questions=questions)
    shown = show_chat(asking(request))
    assert shown.view.show_request()
    card, alt = shown.card("r1"), Qt.KeyboardModifier.AltModifier
    assert QApplication.focusWidget() is shown.button("main")
    assert card._question is not None
    assert (shown.shown().split("\n")[0], card._question.text()) == ("Two questions", "Which base?")
    step = shown.button("Next")
    assert (step.toolTip(), card._message.isVisible()) == ("Still to answer: Which base?", False)
    shown.press(Qt.Key.Key_Y, alt)
    assert card._message.text() == step.toolTip()
    shown.press(Qt.Key.Key_2)
    assert (shown.button("dev").isChecked(), step.toolTip(), card._message.isVisible()) == (True, "", False)
    shown.press(Qt.Key.Key_Return)
    assert (card._question.text(), shown.of(AnswerRequest)) == ("Which name?", [])
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    assert not shown.button("main").isVisible()
    shown.button("Back").click()
    shown.settle()
    assert shown.button("dev").isChecked()
    shown.press(Qt.Key.Key_Y, alt)
    QTest.keyClicks(field, "retry\r")
    assert shown.of(AnswerRequest) == [("r1", "", digest(request), {"q1": "dev", "q2": "retry"})]


def test_a_question_says_what_it_takes_and_one_may_stay_empty(show_chat: ShowChat) -> None:
    questions = (
        Question("q1", "Port?", takes=Takes("integer", 1, 65535)),
        Question("q2", "Name?", takes=Takes(optional=True)),
    )
    request = AgentRequest("r1", "question", 1, "A server", "", questions=questions)
    shown = show_chat(asking(request))
    assert shown.view.show_request()
    step = shown.button("Next")
    port, name = shown.card("r1")._form.fields
    assert port.placeholderText() == "Your answer: a whole number, 1 to 65535"
    assert name.placeholderText() == "Your answer: may stay empty"
    assert step.toolTip() == "Still to answer: Port?"
    QTest.keyClicks(port, "70000\r")
    assert step.toolTip() == "“Port?” takes a whole number, 1 to 65535"
    assert shown.card("r1")._message.text() == step.toolTip()
    QTest.keyClick(port, Qt.Key.Key_Backspace)
    assert step.toolTip() == ""
    QTest.keyClicks(port, "\r")
    shown.settle()
    assert QApplication.focusWidget() is name
    shown.press(Qt.Key.Key_Y, Qt.KeyboardModifier.AltModifier)
    assert shown.of(AnswerRequest) == [("r1", "", digest(request), {"q1": "7000"})]


LEFT, RIGHT, UP, DOWN = Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down
SPACE = Qt.Key.Key_Space


@pytest.mark.parametrize(
    ("several", "keys", "places", "answer"),
    [
        (False, [RIGHT, RIGHT], ["dev", "next"], "next"),
        (False, [DOWN, DOWN, DOWN, UP, UP], ["dev", "next", "", "next", "dev"], "dev"),
        (True, [SPACE, RIGHT, RIGHT, SPACE, LEFT], ["main", "dev", "next", "next", "dev"], "main\nnext"),
    ],
)
def test_choices_are_made_by_keys_and_blanks_are_no_answer(
    show_chat: ShowChat, several: bool, keys: list[Qt.Key], places: list[str], answer: str
) -> None:
    questions = (Question("q1", "Which base?", ("main", "dev", "next"), several=several),)
    request = AgentRequest("r1", "question", 1, "Which base?", "", questions=questions)
    shown = show_chat(asking(request))
    card = shown.card("r1")
    [field] = card.findChildren(QLineEdit)
    field.setText("  ")
    shown.view.show_request()
    assert not shown.button("Answer").isEnabled()
    if several:
        shown.press(Qt.Key.Key_Return)
        assert card._message.text() == "Still to answer: Which base?"
    for key, place in zip(keys, places, strict=True):
        shown.press(key)
        assert QApplication.focusWidget() is (shown.button(place) if place else field)
    shown.press(Qt.Key.Key_Return)
    assert shown.of(AnswerRequest) == [("r1", "", digest(request), {"q1": answer})]


def test_several_answers_are_chosen_and_nothing_moves_under_the_pointer(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.put("agent", "\n\n".join(f"line {number}" for number in range(80)))
    questions = (
        Question("q1", "Which base?", ("main", "dev"), descriptions=("what users have", "")),
        Question("q2", "Which parts?", ("API", "UI", "docs"), several=True, descriptions=("REST", "Qt", "")),
    )
    request = AgentRequest("r1", "question", 1, "Which base?", "", questions=questions)
    chat.ask(request)
    shown = show_chat(chat)
    card = shown.card("r1")
    assert shown.shown().strip().split("\n")[-1] == "Which base?", "the head is the question"
    window, none = card.window(), Qt.KeyboardModifier.NoModifier

    def click(*names: str) -> None:
        places = [button.mapTo(window, button.rect().center()) for button in map(shown.button, names)]
        area = card.geometry()
        for place in places:
            QTest.mouseClick(window.windowHandle(), Qt.MouseButton.LeftButton, none, place)  # As the X server gives it.
            shown.settle()
            assert card.geometry() == area

    click("main")
    shown.press(Qt.Key.Key_Y, Qt.KeyboardModifier.AltModifier)
    assert shown.shown().strip().split("\n")[-1] == "Which parts? (several answers possible)"
    click("docs", "API", "UI", "UI")
    assert card._form.answers() == {"q1": "main", "q2": "API\ndocs"}
    assert shown.button("Answer").isEnabled()
    focused = QApplication.focusWidget()
    shown.press(Qt.Key.Key_Y, Qt.KeyboardModifier.AltModifier)
    sent, said = shown.of(AnswerRequest), f"{focused!r} {card._message.text()!r} {shown.button('Answer').geometry()}"
    assert sent == [("r1", "", digest(request), {"q1": "main", "q2": "API\ndocs"})], said


def test_a_message_that_is_the_title_is_shown_once(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    questions = (Question("name", "Your name"),)
    chat.ask(AgentRequest("r1", "question", 1, "Who are you?", "Who are you?", questions=questions))
    assert show_chat(chat).shown().count("Who are you?") == 1


def test_a_click_on_the_disabled_answer_button_says_what_is_missing(show_chat: ShowChat) -> None:
    questions = (Question("q", f"0 {'word ' * 20}"), Question("q2", "more?"))
    shown = show_chat(asking(AgentRequest("r1", "question", 1, "Two questions", "", questions=questions)))
    card, step = shown.card("r1"), shown.button("Next")
    window, none = step.window(), Qt.KeyboardModifier.NoModifier
    place = step.mapTo(window, step.rect().center())
    QTest.mouseClick(window.windowHandle(), Qt.MouseButton.LeftButton, none, place)  # As the X server gives it.
    assert card._message.text() == f"Still to answer: 0 {'word ' * 11}wo…"
    assert not shown.of(AnswerRequest)


def is_fully_visible(part: QWidget | None) -> bool:
    """Whether a widget is completely visible: neither cut off nor covered."""
    return part is not None and part.visibleRegion().boundingRect() == part.rect()


@pytest.mark.parametrize(("width", "height"), [(300, 60), (300, 110), (64, 500)])
def test_a_question_in_a_small_pane_is_read_and_answered_by_keyboard(
    show_chat: ShowChat, width: int, height: int
) -> None:
    chat = long_chat(10)
    chat.ask(command_request("make install"))
    shown = show_chat(chat)
    shown.view.setMinimumSize(1, 1)  # A pane may be smaller than the view's minimum size.
    shown.view.resize(width, height)
    shown.settle()
    page, prompt, card = shown.view.page, shown.view.prompt, shown.card("r1")
    assert shown.view.size().toTuple() == (width, height)
    assert page.geometry().bottom() < prompt.mapTo(shown.view, QPoint()).y(), "they do not overlap"
    parts = [prompt.editor, prompt._stop, prompt._message]
    rects = [QRect(part.mapTo(prompt, part.rect().topLeft()), part.size()) for part in parts if part.isVisible()]
    if prompt.height() > 0:
        assert all(prompt.rect().contains(rect) for rect in rects)
        assert sum(one.intersects(other) for one in rects for other in rects) == len(rects)
    else:
        assert (page.height(), prompt.editor.hasFocus()) == (height, True)
    shown.press(Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert QApplication.focusWidget() is card
    assert page.rect().left() <= card.x() < card.geometry().right() <= page.width() - 10, "beside the scroll bar"
    card.seen._timer.setInterval(0)
    for key in (*[Qt.Key.Key_Up] * 20, *[Qt.Key.Key_Down] * 40):  # The keys of the page show all of what is asked.
        if card.seen.is_seen:
            break
        shown.press(key)
    assert card.seen.is_seen
    assert shown.view.show_request()
    shown.settle()
    for name in ("Allow", "Decline", "More", "Always"):
        shown.press(Qt.Key.Key_Tab)
        part = QApplication.focusWidget()
        assert is_fully_visible(part), name
        assert focused_name().startswith(name)
        if name == "More":
            shown.press(Qt.Key.Key_Return)
            shown.press(Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    shown.press(Qt.Key.Key_Return)
    shown.type("next")
    shown.settle()
    assert is_fully_visible(prompt), "what is written is to be seen"
    assert [answer[1] for answer in shown.of(AnswerRequest)] == ["always"]


def test_input_method_text_is_visible_in_a_small_pane_with_a_question(show_chat: ShowChat) -> None:
    chat = long_chat(10)
    chat.ask(command_request("make install"))
    shown = show_chat(chat)
    shown.view.setMinimumSize(1, 1)
    shown.view.resize(300, 80)
    prompt = shown.view.prompt
    heights = []
    for composed in ("", "に", "にほん", ""):
        QApplication.sendEvent(prompt.editor, QInputMethodEvent(composed, []))
        shown.settle()
        heights.append(prompt.height())
        assert is_fully_visible(prompt) == bool(composed)
    assert heights[0] == heights[3] == 0 < heights[1] == heights[2]


EDIT = "--- /src/a.py\n+++ /src/a.py\n@@ -1 +1 @@\n-old\n+new\n"


def edit_request(diff: str, item: str = "") -> AgentRequest:
    options = (RequestOption("yes", "Allow", "allow_once"), RequestOption("no", "Decline", "reject_once"))
    return AgentRequest("r1", "edit", 1, "Edit a.py", diff, options, item=item)


def test_a_requests_diff_looks_like_the_tool_calls_diff(show_chat: ShowChat) -> None:
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


@pytest.mark.parametrize("width", [400, 470, 700, 1240])
def test_the_lines_of_a_requests_diff_are_tinted_from_edge_to_edge_of_its_ground(
    show_chat: ShowChat, width: int
) -> None:
    shown = show_chat(asking(edit_request("--- a.py\n+++ a.py\n@@ -1 +1 @@\n-old\n+new\n")))
    shown.view.resize(width, 700)
    shown.settle()
    page = shown.view.page
    [asked] = page.visible_requests()
    image = page.grab().toImage()
    removed = page.style_.code.removed.rgb()
    tinted = [
        [x for x in range(image.width()) if image.pixel(x, y) == removed]
        for y in range(image.height())
        if image.pixel(round(asked.left) + ASKED_EDGE_PX + 1, y) == removed
    ]
    assert len(tinted) > page.style_.code_line_px / 2
    assert {(line[0], line[-1]) for line in tinted} == {(round(asked.left) + ASKED_EDGE_PX, round(asked.right) - 1)}


def test_a_long_diff_can_be_allowed_only_after_both_its_ends_were_seen(show_chat: ShowChat) -> None:
    lines = "".join(f"+line {number}\n" for number in range(300))
    shown = show_chat(asking(edit_request(f"--- a.py\n+++ a.py\n@@ -0,0 +1,300 @@\n{lines}")))
    card = shown.card("r1")
    assert "lines below · Allow waits for the end" in card._below.text()
    assert not shown.button("Allow").isEnabled()
    assert shown.button("Decline").isEnabled()
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Y)
    assert "line 0" in shown.shown(), "it is shown from its beginning"
    process_events_until(lambda: card.seen._seen_ends[0], WAIT_S, "the beginning to be seen")
    shown.press(Qt.Key.Key_End)
    process_events_until(lambda: card.seen.hint == "", WAIT_S, "the end to be seen")
    assert "line 299" in shown.shown(), "the keys of the page scroll it while the request has the keyboard"
    assert not shown.of(AnswerRequest)
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Y)
    assert [answer[1] for answer in shown.of(AnswerRequest)] == ["yes"]


def test_a_files_button_opens_it_at_its_first_change(show_chat: ShowChat) -> None:
    shown = show_chat(asking(edit_request("--- a.py\n+++ a.py\n@@ -6,2 +6,2 @@\n same\n-old\n+new\n")), "/src")
    shown.click(shown.control("file"))
    assert shown.emitted("file_requested") == [(FileLocation("a.py", 7),)]
    shown.view.page.setFocus()
    for _ in range(len(shown.view.page.visible)):
        shown.press(Qt.Key.Key_Tab)
        if shown.view.page.accessibleDescription() == "Open the file in your editor":
            break
    shown.press(Qt.Key.Key_Return)
    assert shown.emitted("file_requested") == [(FileLocation("a.py", 7),)] * 2


def test_a_files_button_copies_a_patch(show_chat: ShowChat) -> None:
    shown = show_chat(asking(edit_request(EDIT)), "/src")
    shown.click(shown.control("copy"))
    assert QGuiApplication.clipboard().text() == "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-old\n+new\n"
