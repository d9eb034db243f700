"""Approvals and questions of a structured chat, on a real X server, with a scripted transcript."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from gui.chat.page import requests as request_cards
from session_host.structured.items import (
    AgentRequest,
    FileChange,
    Put,
    Question,
    RequestOption,
    digest,
)
from tests.support.chat_view_harness import ChatViewHarness
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import ALLOW, DECLINE, ScriptedChat, command_request

WAIT_S = 60.0
NEVER_MS = 3_600_000


def test_a_request_is_answered_by_its_button_once(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    request = command_request("make install")
    chat.ask(request)
    shown = show_chat(chat)
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    shown.button("Allow").click()
    assert shown.of("answer_request") == [("r1", "yes", digest(request), {})]
    assert not shown.button("Allow").isEnabled()
    chat.resolve("r1", "yes", "Allow", "command")
    shown.settle()
    assert "Allow · from the command line" in shown.shown()


def test_letters_answer_only_while_the_request_has_the_keyboard(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.ask(command_request("make"))
    shown = show_chat(chat)
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    shown.type("y")
    shown.press(Qt.Key.Key_Escape)
    assert not shown.of("answer_request")
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Escape)
    assert not shown.of("answer_request")
    shown.press(Qt.Key.Key_Y)
    assert [answer[1] for answer in shown.of("answer_request")] == ["yes"]


def test_the_prompt_has_the_keyboard_after_an_answer_but_not_with_a_draft_that_enter_would_send(
    show_chat: Callable[..., ChatViewHarness],
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
    assert len(shown.of("answer_request")) == 2


def test_alt_and_a_letter_answer_the_oldest_request_also_from_the_prompt_box(
    show_chat: Callable[..., ChatViewHarness], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_cards, "_SEEN_AFTER_MS", NEVER_MS)
    alt = Qt.KeyboardModifier.AltModifier
    chat = ScriptedChat()
    requests = [command_request("make"), command_request("make install", request_id="r2")]
    for request in requests:
        chat.ask(request)
    shown = show_chat(chat)
    shown.type("later")
    shown.press(Qt.Key.Key_Y, alt)
    assert not shown.of("answer_request"), "the command has not been on the page for long enough"
    cards = [shown.view.page.requests.card(request.id) for request in requests]
    assert cards[0] is not None
    assert cards[1] is not None
    buttons = [card.findChildren(QPushButton)[0] for card in cards if card is not None]
    for card in cards:
        assert card is not None
        card.seen._timer.setInterval(0)
    process_events_until(lambda: all(button.isEnabled() for button in buttons), WAIT_S, "the commands to be seen")
    assert [button.text() for button in buttons] == ["Allow (Alt+Y)", "Allow"]
    cards[1].setFocus()
    shown.press(Qt.Key.Key_Y, alt)
    assert not shown.of("answer_request"), "another request has the keyboard"
    shown.view.prompt.editor.setFocus()
    shown.press(Qt.Key.Key_Y, alt)
    assert [answer[:2] for answer in shown.of("answer_request")] == [("r1", "yes")]
    chat.resolve("r1", "yes", "Allow", "window")
    shown.settle()
    assert buttons[1].text() == "Allow (Alt+Y)"
    shown.press(Qt.Key.Key_N, alt)
    assert [answer[:2] for answer in shown.of("answer_request")] == [("r1", "yes"), ("r2", "no")]
    assert shown.view.prompt.editor.toPlainText() == "later"


def test_a_narrow_pane_shows_the_complete_texts_of_the_buttons(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.ask(msgspec.structs.replace(command_request("make"), title="Write /var/tmp/copy-of-the-database.db"))
    chat.put("tool", title="Edit", tool="edit", status="done", changes=(FileChange("/a", "@@ -1 +1 @@\n-a\n+b\n"),))
    shown = show_chat(chat)
    shown.view.resize(100, 700)
    shown.settle()
    title = shown.view.page.requests.card("r1")._title  # type: ignore[union-attr]
    assert title.minimumSizeHint().width() <= title.width(), "a word that is wider than the pane is wrapped, too"
    assert shown.view.strip.files_button.text() == "+1 −1"
    words = [shown.button(text).text().split() for text in ("Allow", "Always", "Decline")]
    assert words == [["Allow", "(Alt+Y)"], ["Always", "allow", "make", "(Alt+A)"], ["Decline", "(Alt+N)"]]
    card = shown.view.page.requests.card("r1")
    assert card is not None
    assert all(card.rect().contains(shown.button(text).geometry()) for text in ("Allow", "Always", "Decline"))


def test_a_long_command_can_be_allowed_only_after_its_end_was_seen(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.ask(command_request("\n".join(f"echo {number}" for number in range(300)) + "\nrm -rf ~"))
    shown = show_chat(chat)
    card = shown.view.page.requests.card("r1")
    assert card is not None
    assert not shown.button("Allow").isEnabled()
    assert shown.button("Decline").isEnabled()
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Y)
    assert not shown.of("answer_request")
    assert card._subject is not None
    bar = card._subject.verticalScrollBar()
    bar.setValue(bar.maximum())
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the end to be seen")
    assert card.isAncestorOf(shown.view.page) is False


def test_a_command_in_a_shell_is_shown_without_it_and_exactly_on_request(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    exact, begin = "/bin/bash -lc 'rm -rf build'", "Always allow commands that begin with"
    always = RequestOption("always", f"{begin} {exact}", "allow_always", "Always allow `rm -rf build`")
    options = (ALLOW, always, DECLINE)
    request = AgentRequest("r1", "command", 1, "Run rm -rf build", exact, options, short_subject="rm -rf build")
    chat = ScriptedChat()
    chat.ask(request)
    shown = show_chat(chat)
    card = shown.view.page.requests.card("r1")
    assert card is not None

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
    assert not shown.of("answer_request")
    shown.press(Qt.Key.Key_A, Qt.KeyboardModifier.AltModifier)
    assert shown.of("answer_request") == [("r1", "always", digest(request), {})]


def test_invisible_characters_are_shown_in_a_command_and_in_an_edit(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.ask(command_request("rm \u2064\U000e0041x"))
    edit = "--- /a\n+++ /a\n@@ -1 +1 @@\n-one\n+two\u2064\n"
    chat.ask(msgspec.structs.replace(command_request(edit, request_id="r2"), kind="edit", title="Change /a?"))
    shown = show_chat(chat)
    card = shown.view.page.requests.card("r1")
    assert card is not None
    assert card._subject is not None
    assert card._subject.toPlainText() == "rm \\u2064\\udb40\\udc41x"
    assert "two\\u2064" in shown.shown()


def test_an_incomplete_request_can_only_be_declined(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.ask(command_request("make …", complete=False))
    shown = show_chat(chat)
    card = shown.view.page.requests.card("r1")
    assert card is not None
    assert [option.id for option in card.available_options()] == ["no"]
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Return)
    assert not shown.of("answer_request")


def test_an_answer_without_effect_shows_the_reason_and_can_be_given_again(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.ask(command_request("make"))
    shown = show_chat(chat)
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    shown.button("Allow").click()
    shown.view.refused("r1", "the question is not the one that was shown; look at it again")
    assert shown.button("Allow").isEnabled()


def test_an_update_of_an_item_replaces_it(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    item = chat.put("agent", "draft")
    shown = show_chat(chat)
    previous = chat.transcript.get(item)
    assert previous is not None
    import msgspec

    chat.apply(Put(msgspec.structs.replace(previous, text="final")))
    shown.settle()
    assert "final" in shown.shown()
    assert "draft" not in shown.shown()


def test_options_with_long_names_are_stacked(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    options = (
        RequestOption("yes", "Yes", "allow_once"),
        RequestOption("always", "Yes, and don't ask again for npm & npx in /home/ada/src", "allow_always"),
        RequestOption("no", "No, and tell the agent what to do instead of it in this case", "reject_once"),
    )
    chat.ask(AgentRequest("r1", "command", 1, "Run npm?", "npm test", options))
    shown = show_chat(chat)
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


def test_a_title_that_only_repeats_the_command_is_left_out(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    options = (RequestOption("no", "No", "reject_once"),)
    chat.ask(AgentRequest("r1", "command", 1, "Run make all -j …", "make all \\\n -j 2", options))
    chat.ask(AgentRequest("r2", "command", 1, "Run make all \\ ⏎ -j 2?", "make all \\\n -j 2", options))
    chat.ask(AgentRequest("r3", "command", 1, "Run make without the sandbox", "make", options))
    page = show_chat(chat).view.page
    cards = [page.requests.card(each) for each in ("r1", "r2", "r3")]
    titles = [label.text() for card in cards if card is not None and (label := card.findChild(QLabel)) is not None]
    assert titles == ["Run make all -j …", "Run this command?", "Run make without the sandbox"]


def test_tab_goes_from_the_messages_to_the_request_and_its_buttons(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.ask(command_request("make"))
    shown = show_chat(chat)
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    shown.view.page.setFocus()
    card = shown.view.page.requests.card("r1")
    reached = []
    for _ in range(5):
        shown.press(Qt.Key.Key_Tab)
        reached.append(QApplication.focusWidget())
    assert reached[0] is card
    assert reached[2:] == [shown.button("Allow (Alt+Y)"), shown.button("Decline"), shown.button("Always")]


def test_enter_presses_the_button_that_has_the_keyboard_and_no_other(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.ask(command_request("make"))
    shown = show_chat(chat)
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    assert shown.view.prompt._message.text() == "The agent waits for your answer · Shift+Tab goes to it"
    shown.press(Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert QApplication.focusWidget() is shown.view.page.requests.card("r1")
    assert shown.view.prompt._message.text() == "The agent waits for your answer", "Shift+Tab goes elsewhere from here"
    for _ in range(3):
        shown.press(Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is shown.button("Decline")
    shown.press(Qt.Key.Key_Y)
    assert not shown.of("answer_request")
    shown.press(Qt.Key.Key_Return)
    assert [answer[1] for answer in shown.of("answer_request")] == ["no"]


def test_enter_in_a_field_of_a_request_allows_nothing(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    options = (RequestOption("yes", "Allow", "allow_once"), RequestOption("no", "Decline", "reject_once"))
    questions = (Question("q1", "Why?"), Question("q2", "When?"))
    chat.ask(AgentRequest("r1", "permission", 1, "Go on?", "all of it", options, questions=questions))
    shown = show_chat(chat)
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the request to be seen")
    assert shown.view.show_request()
    shown.press(Qt.Key.Key_Y)
    shown.press(Qt.Key.Key_Return)
    assert not shown.of("answer_request")


def test_a_command_with_long_lines_is_shown_completely_without_scrolling(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.ask(command_request("\n".join(f"echo {'word ' * 60}{number}" for number in range(4))))
    shown = show_chat(chat)
    process_events_until(lambda: shown.button("Allow").isEnabled(), WAIT_S, "the command to be seen")
    card = shown.view.page.requests.card("r1")
    assert card is not None
    assert card._subject is not None
    assert card._subject.verticalScrollBar().maximum() == 0
    before = card._subject.height(), shown.view.prompt.editor.height()
    shown.view.page.set_font_size(17)
    shown.settle()
    assert card._subject.verticalScrollBar().maximum() == 0
    assert card._subject.height() > before[0]
    assert shown.view.prompt.editor.fontInfo().pixelSize() == 17
