"""Questions of an agent with several answers, on a real X server, with a scripted transcript."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit

from session_host.structured.items import AgentRequest, Question, digest
from tests.support.chat_view_harness import ChatViewHarness
from tests.support.scripted_chat import ScriptedChat


def test_questions_are_answered_by_choices_and_texts(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    questions = (Question("q1", "Which base?", ("main", "dev"), free=False), Question("q2", "Which name?"))
    request = AgentRequest("r1", "question", 1, "Two questions", "", questions=questions)
    chat.ask(request)
    shown = show_chat(chat)
    assert shown.view.show_request()
    card, answer = shown.view.page.requests.card("r1"), shown.button("Answer (Alt+Y)")
    assert card is not None
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
    assert shown.of("answer_request") == [("r1", "", digest(request), {"q1": "dev", "q2": "retry"})]


def test_a_choice_is_made_by_keys_and_blanks_are_no_answer(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    questions = (Question("q1", "Which base?", ("main", "dev", "next")),)
    request = AgentRequest("r1", "question", 1, "Which base?", "", questions=questions)
    chat.ask(request)
    shown = show_chat(chat)
    card, answer = shown.view.page.requests.card("r1"), shown.button("Answer (Alt+Y)")
    assert card is not None
    shown.view.show_request()
    [field] = card.findChildren(QLineEdit)
    QTest.keyClicks(field, "  ")
    assert not answer.isEnabled()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right):
        shown.press(key)
    assert QApplication.focusWidget() is shown.button("next")
    shown.press(Qt.Key.Key_Return)
    assert shown.of("answer_request") == [("r1", "", digest(request), {"q1": "next"})]


def test_down_and_up_go_through_the_choices_of_one_row_and_the_field_below(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    questions = (Question("q1", "Which base?", ("main", "dev", "next")),)
    request = AgentRequest("r1", "question", 1, "Which base?", "", questions=questions)
    chat.ask(request)
    shown = show_chat(chat)
    card = shown.view.page.requests.card("r1")
    assert card is not None
    shown.view.show_request()
    [field] = card.findChildren(QLineEdit)
    for key, expected in (
        (Qt.Key.Key_Down, shown.button("dev")), (Qt.Key.Key_Down, shown.button("next")), (Qt.Key.Key_Down, field),
        (Qt.Key.Key_Up, shown.button("next")), (Qt.Key.Key_Up, shown.button("dev")),
    ):  # fmt: skip
        shown.press(key)
        assert QApplication.focusWidget() is expected
    shown.press(Qt.Key.Key_Return)
    assert shown.of("answer_request") == [("r1", "", digest(request), {"q1": "dev"})]


def test_enter_on_one_of_several_choices_answers_with_the_chosen_ones(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    questions = (Question("q1", "Which parts?", ("API", "UI", "docs"), several=True),)
    request = AgentRequest("r1", "question", 1, "Which parts?", "", questions=questions)
    chat.ask(request)
    shown = show_chat(chat)
    card = shown.view.page.requests.card("r1")
    assert card is not None
    shown.view.show_request()
    shown.press(Qt.Key.Key_Return)
    assert card._message.text() == "Still to answer: Which parts?"
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Space, Qt.Key.Key_Left):
        shown.press(key)
    shown.press(Qt.Key.Key_Return)
    assert shown.of("answer_request") == [("r1", "", digest(request), {"q1": "API\ndocs"})]


def test_several_answers_are_chosen_and_nothing_moves_under_the_pointer(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.put("agent", "\n\n".join(f"line {number}" for number in range(80)))
    questions = (
        Question("q1", "Which base?", ("main", "dev"), descriptions=("what users have", "")),
        Question("q2", "Which parts?", ("API", "UI", "docs"), several=True, descriptions=("REST", "Qt", "")),
    )
    request = AgentRequest("r1", "question", 1, "Which base?", "", questions=questions)
    chat.ask(request)
    shown = show_chat(chat)
    card = shown.view.page.requests.card("r1")
    assert card is not None
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
    shown.press(Qt.Key.Key_Y, Qt.KeyboardModifier.AltModifier)
    assert shown.of("answer_request") == [("r1", "", digest(request), {"q1": "main", "q2": "API\ndocs"})]


def test_a_message_that_is_the_title_is_shown_once(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    questions = (Question("name", "Your name"),)
    chat.ask(AgentRequest("r1", "question", 1, "Who are you?", "Who are you?", questions=questions))
    card = show_chat(chat).view.page.requests.card("r1")
    assert card is not None
    assert (card._title.isVisible(), card._subject) == (True, None)


def test_a_click_on_the_disabled_answer_button_says_what_is_missing(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    questions = tuple(Question(f"q{number}", f"{number} {'word ' * 20}") for number in range(5))
    chat.ask(AgentRequest("r1", "question", 1, "Five questions", "", questions=questions))
    shown = show_chat(chat)
    card, answer = shown.view.page.requests.card("r1"), shown.button("Answer (Alt+Y)")
    assert card is not None
    shown.view.page.scroller.scroll_to_end()
    window, none = answer.window(), Qt.KeyboardModifier.NoModifier
    place = answer.mapTo(window, answer.rect().center())
    QTest.mouseClick(window.windowHandle(), Qt.MouseButton.LeftButton, none, place)  # As the X server gives it.
    start = f"{'word ' * 11}wo…"
    assert card._message.text() == f"Still to answer: 0 {start} · 1 {start} · 2 {start} · and 2 more"
    assert not shown.of("answer_request")
