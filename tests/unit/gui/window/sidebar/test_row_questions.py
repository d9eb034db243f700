"""The question of a chat beside its row: opened by a click, answered by keys, and closed without an answer."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from gui.input import in_sight
from gui.window.sidebar.question_card import BESIDE_PX, LARGEST_SHARE, WIDTH_PX, QuestionCard
from gui.wording import chat_texts
from session_host.errors import HostUnavailable, WrongRuntime
from session_host.protocol.messages import AgentRequests, AnswerRequest, Done, OpenRequests, SendChatInput
from session_host.protocol.values import Activity
from session_host.structured.items import AgentRequest, Question, digest
from tests.support.scripted_chat import ALLOW, ALWAYS, BEGAN_MS, DECLINE, command_request
from tests.unit.gui.conftest import WAIT_S, WindowHarness

Key = Qt.Key


class AskingHost:
    """The hosts of all chats: they ask these requests, and take answers."""

    def __init__(self, harness: WindowHarness) -> None:
        self.harness = harness
        self.requests: list[AgentRequest] = []
        self.elsewhere = self.outcome = ""
        self.answers: list[SendChatInput] = []
        self.error: Exception | None = None

    async def request(self, session_id: str, message: object, _machine: object) -> object:
        if self.error is not None:
            raise self.error
        if isinstance(message, OpenRequests):
            return AgentRequests(0, msgspec.msgpack.encode(self.requests), True, self.elsewhere, self.outcome)
        assert isinstance(message, SendChatInput)
        self.answers.append(message)
        assert isinstance(message.chat_input, AnswerRequest)
        self.requests = [each for each in self.requests if each.id != message.chat_input.agent_request]
        if not self.requests:
            self.harness.viewers[session_id].be(Activity.WORKING)
        return Done(0, "Allowed")

    @property
    def given(self) -> list[tuple[str, str, dict[str, str], str]]:
        """The answers: request, option, texts, and where they were given."""
        found = []
        for sent in self.answers:
            assert isinstance(sent.chat_input, AnswerRequest)
            given = sent.chat_input
            found.append((given.agent_request, given.option, given.texts, sent.by))
        return found


@pytest.fixture
async def host(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> AskingHost:
    host = AskingHost(harness)
    monkeypatch.setattr("session_host.client.control.request", host.request)
    monkeypatch.setattr("gui.window.actions.chats.row_questions.PATIENCE_S", WAIT_S)
    return host


def edit_request(lines: int) -> AgentRequest:
    """A request to change so many lines of a file."""
    head = f"--- a/src/login.py\n+++ b/src/login.py\n@@ -18,{lines} +18,{lines} @@ def use(self):\n"
    changed = "".join(
        f"-    found = self.tokens.get({n})\n+    found = self.tokens.take({n})  # marks it\n" for n in range(lines)
    )
    return AgentRequest("e1", "edit", BEGAN_MS, "Edit src/login.py?", head + changed, (ALLOW, ALWAYS, DECLINE))


async def two_chats(harness: WindowHarness) -> str:
    """Show one chat, while another one asks; returns the other one's id."""
    await harness.add("shown", agent="claude", runtime="structured")
    asking = await harness.add("asking", agent="claude", runtime="structured")
    window = harness.open_window()
    window.resize(1100, 700)
    shown = next(chat for chat in harness.sessions.chats.made() if chat.name == "shown")
    window.open_chat(shown)
    harness.viewers[asking].be(Activity.NEEDS_INPUT, detail="Run make?")
    harness.settle()
    return asking


def click_row(harness: WindowHarness, session_id: str) -> None:
    sidebar = harness.window.sidebar
    row = sidebar.list.visualRect(sidebar.model.index_of(session_id))
    QTest.mouseClick(sidebar.list.viewport(), Qt.MouseButton.LeftButton, pos=row.center())


async def open_card(harness: WindowHarness, session_id: str, *, waits: bool = True) -> QuestionCard:
    """Click a row that asks, and wait until its keys count."""
    window = harness.window
    window.activateWindow()
    await harness.until(window.isActiveWindow, "the window to be active")
    click_row(harness, session_id)
    questions = window.commands.row_questions
    await harness.until(lambda: questions.card is not None, "the card")
    assert questions.card is not None
    card = questions.card
    if waits:
        await harness.until(lambda: card.takes_keys, "its keys to count")
    return card


async def press(harness: WindowHarness, key: Qt.Key, *, at: QWidget | None = None) -> None:
    """Press a key in the widget that has the keyboard."""
    QTest.keyClick(at or harness.window.focusWidget(), key)
    harness.settle()


def is_closed(harness: WindowHarness) -> bool:
    return harness.window.commands.row_questions.card is None


async def until_closed(harness: WindowHarness) -> None:
    await harness.until(lambda: is_closed(harness), "the card to be closed")


def words_of(card: QuestionCard) -> str:
    """All texts that the card shows."""
    shown = (label for label in card.findChildren(QLabel) if label.isVisible())
    return "\n".join(label.text() for label in shown)


def buttons_of(shown: QWidget) -> list[QPushButton]:
    """The visible buttons, from left to right."""
    found = [each for each in shown.findChildren(QPushButton) if each.isVisible()]
    return sorted(found, key=lambda each: each.mapTo(shown, each.rect().topLeft()).toTuple()[::-1])


def names_of(shown: QWidget) -> list[str]:
    """The names of the visible buttons, without keys."""
    return [each.accessibleName().partition(" (")[0] for each in buttons_of(shown)]


async def test_a_question_is_answered_beside_its_row_and_the_page_keeps_draft_and_keyboard(
    harness: WindowHarness, host: AskingHost
) -> None:
    asking = await two_chats(harness)
    request = command_request("make check")
    host.requests = [request]
    prompt = harness.content.view.prompt
    prompt.insert("half a ")
    card = await open_card(harness, asking)
    assert harness.page.chat.name == "shown"
    assert card.hasFocus()
    row = harness.window.sidebar.area_of(harness.chat(asking))
    assert (card.x(), card.y()) == (row.right() + 1 + BESIDE_PX, row.top())
    shown = card.card
    assert shown is not None
    assert card.page.height() == round(sum(card.page.rows.heights))  # Nothing is empty below the answers.
    await harness.until(lambda: shown.seen.is_seen, "the command to be seen")
    await press(harness, Key.Key_Y)
    await harness.until(lambda: host.given, "the answer")
    assert host.given == [("r1", "yes", {}, "window")]
    assert host.answers[0].chat_input.digest == digest(request)  # type: ignore[union-attr]
    await press(harness, Key.Key_Y, at=card)  # The same key again, while the card says what was done.
    assert "Allowed" in words_of(card)
    await until_closed(harness)
    assert prompt.editor.hasFocus()
    QTest.keyClicks(prompt.editor, "draft")
    assert (prompt.editor.toPlainText(), len(host.given)) == ("half a draft", 1)


async def test_a_key_in_the_first_moment_is_no_answer_and_escape_leaves_the_question_open(
    harness: WindowHarness, host: AskingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = await two_chats(harness)
    host.requests = [command_request("make check")]
    monkeypatch.setattr(in_sight, "KEYS_AFTER_PAINT_MS", 600_000)
    card = await open_card(harness, asking, waits=False)
    for key in (Key.Key_N, Key.Key_Return, Key.Key_Y):
        await press(harness, key)
    assert not is_closed(harness)
    assert card.hasFocus()
    await press(harness, Key.Key_Escape)
    await until_closed(harness)
    assert harness.content.view.prompt.editor.hasFocus()
    assert not host.given


async def test_tab_begins_the_words_of_a_refusal_and_letters_there_are_no_answers(
    harness: WindowHarness, host: AskingHost
) -> None:
    asking = await two_chats(harness)
    host.requests = [command_request("make check")]
    card = await open_card(harness, asking)
    assert card.card is not None
    await press(harness, Key.Key_Tab)
    assert card.card.words is not None
    assert card.card.words.hasFocus()
    QTest.keyClicks(card.card.words, "yes, but use ninja")
    assert not host.given
    await press(harness, Key.Key_Return)
    await harness.until(lambda: host.given, "the answer")
    assert host.given == [("r1", "no", {"": "yes, but use ninja"}, "window")]
    await until_closed(harness)


@pytest.mark.parametrize("by", ["click", "keyboard", "letter"])
async def test_an_answer_that_lasts_is_behind_more(harness: WindowHarness, host: AskingHost, by: str) -> None:
    asking = await two_chats(harness)
    host.requests = [msgspec.structs.replace(command_request("bash -lc 'make check'"), short_subject="make check")]
    card = await open_card(harness, asking)
    shown = card.card
    assert shown is not None
    await harness.until(lambda: shown.seen.is_seen, "the command to be seen")
    assert names_of(shown) == ["Allow", "Decline", chat_texts.MORE_ANSWERS()]
    more = buttons_of(shown)[-1]
    if by == "click":
        QTest.mouseClick(more, Qt.MouseButton.LeftButton)
    elif by == "letter":
        await press(harness, Key.Key_A)
    else:
        more.setFocus()
        await press(harness, Key.Key_Return)
        assert harness.window.focusWidget().accessibleName().startswith("Always allow make")
    harness.settle()
    others = ["Always allow make", chat_texts.SHOW_EXACTLY()]
    assert names_of(shown) == [*others, "Allow", "Decline", chat_texts.FEWER_ANSWERS()]
    assert card.height() >= card.page.y() + shown.height()
    assert not host.given
    await press(harness, Key.Key_Return if by == "keyboard" else Key.Key_A)
    await harness.until(lambda: host.given, "the answer")
    assert host.given == [("r1", "always", {}, "window")]


async def test_tab_stays_in_the_card(harness: WindowHarness, host: AskingHost) -> None:
    asking = await two_chats(harness)
    host.requests = [command_request("make check")]
    card = await open_card(harness, asking)
    seen = []
    for _ in range(8):
        await press(harness, Key.Key_Tab)
        focused = harness.window.focusWidget()
        assert card.isAncestorOf(focused) or focused is card
        seen.append(focused)
    assert card in seen
    assert not is_closed(harness)


@pytest.mark.parametrize("kind", ["command", "edit"])
async def test_what_is_long_is_allowed_only_after_its_end_was_shown(
    harness: WindowHarness, host: AskingHost, kind: str
) -> None:
    asking = await two_chats(harness)
    lines = "\n".join(f"echo {number}" for number in range(90))
    host.requests = [command_request(lines) if kind == "command" else edit_request(60)]
    card = await open_card(harness, asking)
    assert card.height() <= harness.window.height() * LARGEST_SHARE + 1
    assert "lines below" in words_of(card)
    shown = card.card
    assert shown is not None
    await harness.until(lambda: shown.seen._seen_ends[0], "the beginning to be seen")
    position = card.page.scroller.bar.value()
    await press(harness, Key.Key_Y)
    assert not host.given
    assert card.page.scroller.bar.value() == position, "nothing jumps to the end"

    bar = card.page.scroller.bar
    while bar.value() < bar.maximum():
        await press(harness, Key.Key_Space)
    await harness.until(lambda: shown.seen.is_seen, "the end to be seen")
    await press(harness, Key.Key_Y)
    await harness.until(lambda: host.given, "the answer")
    assert [each[1] for each in host.given] == ["yes"]


async def test_the_card_is_as_high_as_it_needs_and_never_scrolls_for_a_line_or_two(
    harness: WindowHarness, host: AskingHost
) -> None:
    asking = await two_chats(harness)
    host.requests = [command_request("echo")]
    card = await open_card(harness, asking)
    row, found = harness.window.sidebar.area_of(harness.chat(asking)), set()
    for lines in range(2, 40):
        command = "\n".join(f"echo {number}" for number in range(lines))
        card.ask(command_request(command, request_id=f"r{lines}"), row, 0)
        harness.settle()
        hidden_px, line_px = card.page.scroller.bar.maximum(), card.page.style_.code_line_px
        assert hidden_px == 0 or hidden_px > 2 * line_px
        assert card.page.whole_px >= card.page.height(), "nothing is empty below"
        found.add(hidden_px > 0)
        assert card.height() <= harness.window.height() * LARGEST_SHARE + 2 * line_px + 1
    assert found == {False, True}


async def test_the_lines_of_a_diff_are_tinted_from_edge_to_edge(harness: WindowHarness, host: AskingHost) -> None:
    asking = await two_chats(harness)
    host.requests = [edit_request(1)]
    card = await open_card(harness, asking)
    image, added = card.page.grab().toImage(), card.page.style_.code.added.rgb()
    last = image.width() - 1
    assert any(image.pixel(0, y) == added == image.pixel(last, y) for y in range(image.height()))


async def test_a_second_click_and_enter_open_the_chat(harness: WindowHarness, host: AskingHost) -> None:
    asking = await two_chats(harness)
    host.requests = [command_request("make check")]
    await open_card(harness, asking)
    click_row(harness, asking)
    harness.settle()
    assert is_closed(harness)
    assert harness.window.tabs.active_id == asking
    click_row(harness, asking)  # Its page shows the question.
    harness.settle()
    assert is_closed(harness)
    harness.window.open_chat(next(chat for chat in harness.sessions.chats.made() if chat.name == "shown"))
    await open_card(harness, asking)
    await press(harness, Key.Key_Return)
    assert is_closed(harness)
    assert harness.window.tabs.active_id == asking
    assert not host.given


@pytest.mark.parametrize("why", ["elsewhere", "no protocol", "no request"])
async def test_a_question_that_only_the_chat_itself_asks_opens_the_chat(
    harness: WindowHarness, host: AskingHost, why: str
) -> None:
    asking = await two_chats(harness)
    host.elsewhere = "Pick a theme" if why == "elsewhere" else ""
    host.error = WrongRuntime("it has no such questions") if why == "no protocol" else None
    click_row(harness, asking)
    await harness.until(lambda: harness.window.tabs.active_id == asking, "the chat to be opened")
    assert is_closed(harness)


async def test_a_question_that_is_over_says_so_and_takes_no_key(harness: WindowHarness, host: AskingHost) -> None:
    asking = await two_chats(harness)
    host.requests = [command_request("make check")]
    card = await open_card(harness, asking)
    host.requests, host.outcome = [], "already answered by a command: Allow"
    harness.viewers[asking].be(Activity.WORKING)
    await harness.until(lambda: host.outcome in words_of(card), "the outcome")
    await press(harness, Key.Key_Y)
    assert not host.given
    assert not is_closed(harness), "the key does not reach the page"
    await press(harness, Key.Key_Escape)
    assert is_closed(harness)


async def test_a_refused_answer_is_shown_and_can_be_given_again(harness: WindowHarness, host: AskingHost) -> None:
    asking = await two_chats(harness)
    host.requests = [command_request("make check")]
    card = await open_card(harness, asking)
    host.error = HostUnavailable("The chat does not answer")
    await press(harness, Key.Key_N)
    await harness.until(lambda: "The chat does not answer" in words_of(card), "the reason")
    host.error = None
    await press(harness, Key.Key_N)
    await harness.until(lambda: host.given, "the answer")
    await until_closed(harness)


async def test_the_chats_next_question_follows_in_the_same_place(
    harness: WindowHarness, host: AskingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, took_keys = QuestionCard.ask, []

    def asked(self: QuestionCard, *arguments: Any) -> None:
        ask(self, *arguments)
        took_keys.append(self.takes_keys)

    monkeypatch.setattr(QuestionCard, "ask", asked)
    asking = await two_chats(harness)
    host.requests = [command_request("make one"), command_request("make two", request_id="r2")]
    card = await open_card(harness, asking)
    assert card.page.rows.asker == "asking · Claude Code · 1 more"
    await press(harness, Key.Key_N)
    await harness.until(lambda: card.request is not None and card.request.id == "r2", "the next question")
    await harness.until(lambda: card.takes_keys, "its keys to count")
    await press(harness, Key.Key_N)
    await until_closed(harness)
    assert [each[0] for each in host.given] == ["r1", "r2"]
    assert took_keys == [False, False], "a key of the first moment may be meant for the question before"


async def test_using_another_part_of_the_window_closes_the_card(harness: WindowHarness, host: AskingHost) -> None:
    asking = await two_chats(harness)
    host.requests = [command_request("make check")]
    await open_card(harness, asking)
    harness.content.view.prompt.editor.setFocus()
    assert is_closed(harness)
    assert harness.content.view.prompt.editor.hasFocus()


async def test_a_form_is_filled_in_beside_the_row(harness: WindowHarness, host: AskingHost) -> None:
    asking = await two_chats(harness)
    question = Question("q", "Which column?", ("amount", "total"))
    host.requests = [AgentRequest("f1", "question", BEGAN_MS, "Which column?", "", (), questions=(question,))]
    card = await open_card(harness, asking)
    assert card.isAncestorOf(harness.window.focusWidget())
    await press(harness, Key.Key_Space)
    await press(harness, Key.Key_Return)
    await harness.until(lambda: host.given, "the answer")
    assert host.given == [("f1", "", {"q": "amount"}, "window")]


@pytest.mark.parametrize("size", [(320, 240), (700, 400), (2550, 1300)])
async def test_the_card_is_inside_of_any_window(
    harness: WindowHarness, host: AskingHost, size: tuple[int, int]
) -> None:
    asking = await two_chats(harness)
    harness.window.resize(*size)
    harness.settle()
    host.requests = [edit_request(60)]
    card = await open_card(harness, asking)
    assert harness.window.rect().contains(card.geometry())
    assert card.width() <= WIDTH_PX


async def test_keys_scroll_and_the_card_stays_inside_of_a_window_that_shrinks(
    harness: WindowHarness, host: AskingHost
) -> None:
    asking = await two_chats(harness)
    host.requests = [edit_request(60)]
    card = await open_card(harness, asking)
    bar = card.page.scroller.bar
    values = []
    for key in (Key.Key_Down, Key.Key_PageDown, Key.Key_Up, Key.Key_End, Key.Key_Home):
        await press(harness, key)
        values.append(bar.value())
    down, page_down, up, end, home = values
    assert home == 0 < down < up < page_down < end
    harness.window.resize(500, 320)
    harness.settle()
    assert harness.window.rect().contains(card.geometry())
