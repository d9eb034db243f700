"""Approvals and questions of a structured chat, on a real X server, with a scripted transcript."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QWidget

from gui.chat.page.requests import seen as seen_subjects
from gui.input import refused_keys as refused_keys_module
from gui.input.refused_keys import refused_keys
from session_host.protocol.messages import AnswerRequest
from session_host.protocol.values import FileLocation
from session_host.structured.items import AgentRequest, FileChange, Question, RequestOption, Takes, digest
from tests.support.chat_view_harness import ShowChat
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
    shown.press(Qt.Key.Key_Escape)
    assert not shown.of(AnswerRequest)
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Escape)
    assert not shown.of(AnswerRequest)
    shown.press(Qt.Key.Key_Y)
    assert [answer[1] for answer in shown.of(AnswerRequest)] == ["yes"]


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
    buttons = [card.findChildren(QPushButton)[0] for card in cards]
    for card in cards:
        card.seen._timer.setInterval(0)
    process_events_until(lambda: all(button.isEnabled() for button in buttons), WAIT_S, "the commands to be seen")
    assert [button.text() for button in buttons] == ["Allow (Alt+Y)", "Allow"]
    cards[1].setFocus()
    shown.press(Qt.Key.Key_Y, alt)
    assert not shown.of(AnswerRequest), "another request has the keyboard"
    shown.view.prompt.editor.setFocus()
    shown.press(Qt.Key.Key_Y, alt)
    assert [answer[:2] for answer in shown.of(AnswerRequest)] == [("r1", "yes")]
    chat.resolve("r1", "yes", "Allow", "window")
    shown.settle()
    assert buttons[1].text() == "Allow (Alt+Y)"
    shown.press(Qt.Key.Key_N, alt)
    assert [answer[:2] for answer in shown.of(AnswerRequest)] == [("r1", "yes"), ("r2", "no")]
    assert shown.view.prompt.editor.toPlainText() == "later"


def test_a_narrow_pane_shows_the_complete_texts_of_the_buttons(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.ask(msgspec.structs.replace(command_request("make"), title="Write /var/tmp/copy-of-the-database.db"))
    chat.put("tool", title="Edit", tool="edit", status="done", changes=(FileChange("/a", "@@ -1 +1 @@\n-a\n+b\n"),))
    shown = show_chat(chat)
    shown.view.resize(100, 700)
    shown.settle()
    title = shown.card("r1")._title
    assert title.minimumSizeHint().width() <= title.width(), "a word that is wider than the pane is wrapped, too"
    assert shown.view.strip.files_button.text() == "+1 −1"
    words = [shown.button(text).text().split() for text in ("Allow", "Always", "Decline")]
    assert words == [["Allow", "(Alt+Y)"], ["Always", "allow", "make", "(Alt+A)"], ["Decline", "(Alt+N)"]]
    card = shown.card("r1")
    assert all(card.rect().contains(shown.button(text).geometry()) for text in ("Allow", "Always", "Decline"))


def test_a_long_command_can_be_allowed_only_after_its_end_was_seen(show_chat: ShowChat) -> None:
    shown = show_chat(asking(command_request("\n".join(f"echo {number}" for number in range(300)) + "\nrm -rf ~")))
    card = shown.card("r1")
    assert not shown.button("Allow").isEnabled()
    assert shown.button("Decline").isEnabled()
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Y)
    assert not shown.of(AnswerRequest)
    assert card._subject is not None
    bar = card._subject.verticalScrollBar()
    bar.setValue(bar.maximum())
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the end to be seen")
    assert card.isAncestorOf(shown.view.page) is False


def test_a_command_in_a_shell_is_shown_without_it_and_exactly_on_request(show_chat: ShowChat) -> None:
    exact, begin = "/bin/bash -lc 'rm -rf build'", "Always allow commands that begin with"
    always = RequestOption("always", f"{begin} {exact}", "allow_always", "Always allow `rm -rf build`")
    options = (ALLOW, always, DECLINE)
    request = AgentRequest("r1", "command", 1, "Run rm -rf build", exact, options, short_subject="rm -rf build")
    shown = show_chat(asking(request))
    card = shown.card("r1")

    def texts() -> list[str]:
        assert card._subject is not None
        buttons = [button.text().replace("\n", " ") for button in card.findChildren(QPushButton)]
        return [card._title.text(), card._subject.toPlainText(), *buttons]

    first = ["Run this command?", "rm -rf build", "Allow (Alt+Y)", "Decline (Alt+N)"]
    assert texts() == [*first, "Always allow `rm -rf build` (Alt+A)", "Show exactly"]
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    assert shown.view.show_request()
    for _ in range(5):
        shown.press(Qt.Key.Key_Tab)
    shown.press(Qt.Key.Key_Return)
    shown.settle()
    assert texts() == [first[0], exact, *first[2:], f"{begin} {exact} (Alt+A)", "Show shortened"]
    assert not shown.of(AnswerRequest)
    shown.press(Qt.Key.Key_A, Qt.KeyboardModifier.AltModifier)
    assert shown.of(AnswerRequest) == [("r1", "always", digest(request), {})]


def test_invisible_characters_are_shown_in_a_command_and_in_an_edit(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.ask(command_request("rm \u2064\U000e0041x"))
    edit = "--- /a\n+++ /a\n@@ -1 +1 @@\n-one\n+two\u2064\n"
    chat.ask(msgspec.structs.replace(command_request(edit, request_id="r2"), kind="edit", title="Change /a?"))
    shown = show_chat(chat)
    card = shown.card("r1")
    assert card._subject is not None
    assert card._subject.toPlainText() == "rm \\u2064\\udb40\\udc41x"
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
    buttons = [shown.button(text) for text in ("Yes (Alt+Y)", "Yes, and", "No, and")]
    assert len({button.geometry().left() for button in buttons}) == 1
    assert all(button.width() >= button.sizeHint().width() for button in buttons)
    shown_text = buttons[1].text().replace("\n", " ").replace("&&", "&")
    assert shown_text == "Yes, and don't ask again for npm & npx in /home/ada/src (Alt+A)"
    shown.view.resize(700, 700)
    shown.settle()
    tops = [shown.button(text).geometry().top() for text in ("Yes (Alt+Y)", "No, and", "Yes, and")]
    assert tops[0] == tops[1] < tops[2], "those that fit are beside each other"


def test_a_title_that_only_repeats_the_command_is_left_out(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    options = (RequestOption("no", "No", "reject_once"),)
    chat.ask(AgentRequest("r1", "command", 1, "Run make all -j …", "make all \\\n -j 2", options))
    chat.ask(AgentRequest("r2", "command", 1, "Run make all \\ ⏎ -j 2?", "make all \\\n -j 2", options))
    chat.ask(AgentRequest("r3", "command", 1, "Run make without the sandbox", "make", options))
    shown = show_chat(chat)
    cards = [shown.card(each) for each in ("r1", "r2", "r3")]
    titles = [card._title.text() for card in cards]
    assert titles == ["Run make all -j …", "Run this command?", "Run make without the sandbox"]


def test_tab_goes_from_the_messages_to_the_request_and_its_buttons(show_chat: ShowChat) -> None:
    shown = show_chat(asking(command_request("make")))
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    shown.view.page.setFocus()
    card = shown.card("r1")
    reached = []
    for _ in range(5):
        shown.press(Qt.Key.Key_Tab)
        reached.append(QApplication.focusWidget())
    assert reached[0] is card
    assert reached[2:] == [shown.button("Allow (Alt+Y)"), shown.button("Decline"), shown.button("Always")]


def test_enter_presses_the_button_that_has_the_keyboard_and_no_other(show_chat: ShowChat) -> None:
    shown = show_chat(asking(command_request("make")))
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    assert shown.view.prompt._message.text() == "The agent waits for your answer · Shift+Tab goes to it"
    shown.press(Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert QApplication.focusWidget() is shown.card("r1")
    assert shown.view.prompt._message.text() == "The agent waits for your answer", "Shift+Tab goes elsewhere from here"
    for _ in range(3):
        shown.press(Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is shown.button("Decline")
    shown.press(Qt.Key.Key_Y)
    assert not shown.of(AnswerRequest)
    shown.press(Qt.Key.Key_Return)
    assert [answer[1] for answer in shown.of(AnswerRequest)] == ["no"]


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
    card = shown.card("r1")
    assert card._subject is not None
    assert card._subject.verticalScrollBar().maximum() == 0
    before = card._subject.height(), shown.view.prompt.editor.height()
    shown.view.page.set_font_size(17)
    shown.settle()
    assert card._subject.verticalScrollBar().maximum() == 0
    assert card._subject.height() > before[0]
    assert shown.view.prompt.editor.fontInfo().pixelSize() == 17


def test_questions_are_answered_by_choices_and_texts(show_chat: ShowChat) -> None:
    questions = (Question("q1", "Which base?", ("main", "dev"), free=False), Question("q2", "Which name?"))
    request = AgentRequest("r1", "question", 1, "Two questions", "", questions=questions)
    shown = show_chat(asking(request))
    assert shown.view.show_request()
    card, answer = shown.card("r1"), shown.button("Answer (Alt+Y)")
    assert QApplication.focusWidget() is shown.button("main")
    [field] = card.findChildren(QLineEdit)
    assert (answer.toolTip(), card._message.isVisible()) == ("Still to answer: Which base? · Which name?", False)
    shown.press(Qt.Key.Key_Y, Qt.KeyboardModifier.AltModifier)
    assert card._message.text() == answer.toolTip()
    QTest.keyClicks(field, "retry\r")
    assert not answer.isEnabled()
    assert card._message.text() == answer.toolTip() == "Still to answer: Which base?"
    shown.button("dev").click()
    assert (answer.toolTip(), card._message.isVisible()) == ("", False)
    shown.press(Qt.Key.Key_Y, Qt.KeyboardModifier.AltModifier)
    assert shown.of(AnswerRequest) == [("r1", "", digest(request), {"q1": "dev", "q2": "retry"})]


def test_a_question_says_what_it_takes_and_one_may_stay_empty(show_chat: ShowChat) -> None:
    questions = (
        Question("q1", "Port?", takes=Takes("integer", 1, 65535)),
        Question("q2", "Name?", takes=Takes(optional=True)),
    )
    request = AgentRequest("r1", "question", 1, "A server", "", questions=questions)
    shown = show_chat(asking(request))
    assert shown.view.show_request()
    answer = shown.button("Answer (Alt+Y)")
    port, name = shown.card("r1").findChildren(QLineEdit)
    assert port.placeholderText() == "Your answer: a whole number, 1 to 65535"
    assert name.placeholderText() == "Your answer: may stay empty"
    assert answer.toolTip() == "Still to answer: Port?"
    QTest.keyClicks(port, "70000\r")
    assert answer.toolTip() == "“Port?” takes a whole number, 1 to 65535"
    assert not shown.of(AnswerRequest)
    QTest.keyClick(port, Qt.Key.Key_Backspace)
    assert answer.toolTip() == ""
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
    assert not card._title.isVisible(), "the first question says it"
    shown_texts = [label.text() for label in card.findChildren(QLabel) if label.isVisible()]
    assert "Which parts? (several answers possible)" in shown_texts
    shown.view.page.scroller.scroll_to_end()
    names = ("main: what users have", "docs", "API: REST", "UI: Qt", "UI: Qt")
    window, none = card.window(), Qt.KeyboardModifier.NoModifier
    area = card.geometry()
    places = [button.mapTo(window, button.rect().center()) for button in map(shown.button, names)]
    for place in places:
        QTest.mouseClick(window.windowHandle(), Qt.MouseButton.LeftButton, none, place)  # As the X server gives it.
        shown.settle()
        assert card.geometry() == area
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
    card = show_chat(chat).card("r1")
    assert (card._title.isVisible(), card._subject) == (True, None)


def test_a_click_on_the_disabled_answer_button_says_what_is_missing(show_chat: ShowChat) -> None:
    questions = tuple(Question(f"q{number}", f"{number} {'word ' * 20}") for number in range(5))
    shown = show_chat(asking(AgentRequest("r1", "question", 1, "Five questions", "", questions=questions)))
    card, answer = shown.card("r1"), shown.button("Answer (Alt+Y)")
    shown.view.page.scroller.scroll_to_end()
    window, none = answer.window(), Qt.KeyboardModifier.NoModifier
    place = answer.mapTo(window, answer.rect().center())
    QTest.mouseClick(window.windowHandle(), Qt.MouseButton.LeftButton, none, place)  # As the X server gives it.
    start = f"{'word ' * 11}wo…"
    assert card._message.text() == f"Still to answer: 0 {start} · 1 {start} · 2 {start} · and 2 more"
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
    assert is_fully_visible(card._title) or card._title.height() > page.height()
    for name in ("", "Allow", "Decline", "Always"):
        shown.press(Qt.Key.Key_Tab)
        part = QApplication.focusWidget()
        assert is_fully_visible(part), name
        if not name:
            assert part is card._subject
            process_events_until(shown.button_named("Allow").isEnabled, WAIT_S, "the command to be seen")
        else:
            assert part is shown.button_named(name)
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


def test_a_long_diff_can_be_allowed_only_after_its_beginning_was_seen(show_chat: ShowChat) -> None:
    lines = "".join(f"+line {number}\n" for number in range(300))
    shown = show_chat(asking(edit_request(f"--- a.py\n+++ a.py\n@@ -0,0 +1,300 @@\n{lines}")))
    card = shown.card("r1")
    process_events_until(lambda: "Scroll" in card._message.text(), WAIT_S, "the way to allow it to be said")
    assert not shown.button("Allow").isEnabled()
    assert shown.button("Decline").isEnabled()
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Y)
    shown.press(Qt.Key.Key_Home)
    assert "line 0" in shown.shown(), "the keys of the page scroll it while the request has the keyboard"
    process_events_until(lambda: card.seen.is_seen, WAIT_S, "the beginning to be seen")
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
