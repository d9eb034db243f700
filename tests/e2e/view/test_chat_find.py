"""Finding and scrolling in a structured chat: by the find bar, a button, keys, and questions."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.finding.query import FindQuery
from gui.window.page.find_bar import FindBar
from gui.wording import chat_texts
from session_host.protocol.messages import AnswerRequest
from tests.support.chat_view_harness import ShowChat
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import ScriptedChat, command_request, having, long_chat

WAIT_S = 60.0
SHIFT = Qt.KeyboardModifier.ShiftModifier


def test_find_counts_matches_in_folded_items_and_unfolds_the_current_one(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    chat.put("tool", title="make", output="a needle in the output", status="done")
    for number in range(40):
        chat.put("agent", f"Answer {number}")
    chat.put("agent", "The Needle is here.")
    shown = show_chat(chat)
    bar = FindBar(shown.view.theme, shown.view, shown.view.finder)
    bar.open_find()
    QTest.keyClicks(bar.field, "needle")
    process_events_until(lambda: shown.view.finder.scan.is_done, WAIT_S, "the search to end")
    assert bar.count.text() == "2 of 2"
    assert "The Needle is here." in shown.shown()
    QTest.keyClick(bar.field, Qt.Key.Key_Return)
    assert bar.count.text() == "1 of 2"
    assert "a needle in the output" in shown.shown()
    chat.put("agent", "Another needle comes.")
    shown.settle()
    process_events_until(lambda: "of 3" in bar.count.text(), WAIT_S, "the new match to be counted")
    assert bar.count.text() == "1 of 3"
    QTest.keyClick(bar.field, Qt.Key.Key_Return)
    assert bar.count.text() == "3 of 3", "from the first one to the last"
    shown.view.page.scroller.scroll_to_start()
    assert "a needle in the output" not in shown.shown()  # The item is folded again.
    QTest.keyClick(bar.field, Qt.Key.Key_Escape)
    assert not bar.isVisible()


def test_find_begins_with_the_nearest_match_above_the_end_of_what_is_shown(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    for number in range(300):
        chat.put("agent", f"Answer {number}." + " The rare word." * (number in {20, 280}))
    shown = show_chat(chat)
    page, finder = shown.view.page, shown.view.finder
    bar = FindBar(shown.view.theme, shown.view, finder)

    def found(text: str) -> str:
        """Replace the query by a text; returns the number of the current match."""
        bar.open_find()
        bar.field.selectAll()
        QTest.keyClicks(bar.field, text)
        process_events_until(lambda: finder.scan.is_done, WAIT_S, "the search to end")
        return bar.count.text()

    def numbers() -> list[int]:
        return [int(line.split()[1].rstrip(".")) for line in shown.shown().splitlines() if line.startswith("Answer")]

    assert found("answer") == "300 of 300"
    page.scroller.scroll_by(-3000)
    before = numbers()
    position = found("answer")
    assert numbers() == before, "a match that is in view is shown where it is"
    assert int(position.split()[0]) - 1 in before[-4:]
    assert found("rare") == "1 of 2"
    assert found("answer") == position, "the next query begins where the first one did"
    QTest.keyClick(bar.field, Qt.Key.Key_Return, SHIFT)
    stepped = bar.count.text()
    assert found("answe") == stepped, "after a step, it begins at the current match"
    page.scroller.scroll_to_start()
    assert int(found("answer").split()[0]) < 20
    at_start = shown.shown()
    assert found("rare") == "1 of 2"
    assert shown.shown() != at_start
    assert found("rarely") == "No matches"
    assert shown.shown() == at_start, "one is where one was, if what was found does not match any more"
    assert found("rare") == "1 of 2", "without a match above, the first one below"
    page.scroller.scroll_to_end()
    assert found("answer") == "300 of 300"


def test_find_begins_inside_of_a_long_message_where_it_is_read(show_chat: ShowChat) -> None:
    shown = show_chat(having("agent", "\n\n".join(f"Paragraph {number} of it." for number in range(200))))
    page, finder = shown.view.page, shown.view.finder
    bar = FindBar(shown.view.theme, shown.view, finder)
    page.scroller.scroll_by(-3000)
    for _ in range(round(page.style_.line_px)):  # the end of the page is in each part of a line and between paragraphs
        page.scroller.scroll_by(-2)
        before = shown.shown()
        bar.open_find(FindQuery("paragraph"))
        process_events_until(lambda: finder.scan.is_done, WAIT_S, "the search to end")
        current = f"Paragraph {int(bar.count.text().split()[0]) - 1} of"
        assert current in "\n".join(before.splitlines()[-4:])
        assert shown.shown() == before
        bar.close_find()


def test_a_button_goes_back_to_the_end_of_an_idle_chat(show_chat: ShowChat) -> None:
    shown = show_chat(long_chat(60))
    page = shown.view.page
    button = page.scroller.to_end
    assert not button.isVisible()
    page.scroller.scroll_by(-page.style_.line_px)
    assert button.isVisible()
    assert button.accessibleName() == "Scroll to bottom"
    assert page.rect().contains(button.geometry())
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert page.scroller.is_following_end
    assert not button.isVisible()
    page.scroller.scroll_to_start()
    page.scroller.scroll_by(sum(page.rows.heights))
    assert not button.isVisible(), "one scrolled to the end"


def test_the_button_that_goes_to_the_end_never_covers_a_question_or_a_prompt(show_chat: ShowChat) -> None:
    chat = long_chat(40)
    shown = show_chat(chat)
    page = shown.view.page
    page.scroller.scroll_by(-page.style_.line_px)
    chat.put("agent", "words")
    chat.ask(command_request("make install"))
    shown.settle()
    assert page.scroller.to_end.accessibleName() == "New messages"
    for width in (1300, 452, 130):
        shown.view.resize(width, 700)
        shown.settle()
        page.scroller.scroll_to_end()
        page.scroller.scroll_by(-page.height() // 2)  # A line is less than what the card's height may still change by.
        shown.settle()
        assert page.scroller.to_end.isVisible()
        assert page.scroller.to_end.x() >= page.column_left + page.rows.widths.text
        assert not page.scroller.to_end.geometry().intersects(page.scroller.bar.geometry())


def test_keys_scroll_the_messages_as_in_a_browser(show_chat: ShowChat) -> None:
    shown = show_chat(long_chat(60))
    page, control, alt = shown.view.page, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
    page.setFocus()
    for first, last in (
        ((Qt.Key.Key_Home,), (Qt.Key.Key_End,)),
        ((Qt.Key.Key_Home, control), (Qt.Key.Key_End, control)),
    ):
        shown.press(*first)
        assert page.scroller.bar.value() == 0
        assert not page.scroller.is_following_end
        shown.press(*last)
        assert page.scroller.is_following_end
    shown.press(Qt.Key.Key_Home)
    for down, up, part in ((Qt.Key.Key_Down, Qt.Key.Key_Up, 0.0), (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp, 0.5)):
        shown.press(down)
        assert part * page.height() < page.scroller.bar.value() < page.height()
        shown.press(up)
        assert page.scroller.bar.value() == 0
    for key in (Qt.Key.Key_End, Qt.Key.Key_Down, Qt.Key.Key_PageDown):
        shown.press(key, alt)
    shown.press(Qt.Key.Key_Down, control)
    assert page.scroller.bar.value() == 0
    assert page.hasFocus()


def test_the_prompt_of_the_visible_answer_is_shown_above_it(show_chat: ShowChat) -> None:
    shown = show_chat(long_chat(60))
    page, heading = shown.view.page, shown.view.heading
    prompts = {item.id: item for item in page.transcript if item.kind == "user"}
    page.scroller.scroll_to_start()
    assert not heading.isVisible(), "the page shows the chat from its beginning"
    process_events_until(lambda: len(shown.view.rail.ticks.found) == len(prompts), WAIT_S, "the prompts to be read")
    seen: list[str] = []
    while not page.scroller.is_following_end:
        if heading.isVisible():
            assert heading.geometry().top() == 0
            first = [each for each in page.visible if each.top <= page.covered_px + 12][-1]
            above = [key for key in prompts if (page.rows.position(key) or 0) <= first.position]
            text = " ".join(prompts[above[-1]].text.split())
            begin = next((each for each in page.visible if page.rows.key(each.position) == above[-1]), None)
            is_in_sight = begin is not None and begin.number == 0 and begin.top + 6 >= page.covered_px
            assert heading.text() == (f"Prompt {len(above)} of {len(prompts)}" if is_in_sight else text)
            assert heading.accessibleName() == f"Go to the prompt: {text}"
            seen.append(above[-1])
        page.scroller.scroll_by(page.height() / 3)
    assert list(dict.fromkeys(seen)) == [key for key in prompts if key in seen], "each in its turn"
    assert len(set(seen)) >= 8


def test_a_click_on_the_prompt_above_the_page_goes_to_it(show_chat: ShowChat) -> None:
    shown = show_chat(long_chat(60))
    page, heading = shown.view.page, shown.view.heading
    page.scroller.scroll_to_end()
    if not heading.isVisible():
        page.scroller.scroll_by(-page.style_.line_px * 8)
    text = heading.accessibleName().removeprefix("Go to the prompt: ")
    QTest.mouseClick(heading, Qt.MouseButton.LeftButton)
    in_view = [page.transcript[placed.position] for placed in page.visible if placed.position < len(page.transcript)]
    assert any(item.kind == "user" and " ".join(item.text.split()) == text for item in in_view)


def test_a_match_below_the_heading_is_scrolled_into_view(show_chat: ShowChat) -> None:
    shown = show_chat(long_chat(60))
    page = shown.view.page
    page.scroller.scroll_to_start()
    page.scroller.scroll_by(page.height() * 1.5)
    covered = next(placed for placed in page.visible if -1 <= placed.top < page.covered_px or placed.bottom > 0)
    page.scroller.scroll_to(page.rows.key(covered.position), covered.number)
    top = next(
        placed.top for placed in page.visible if (placed.position, placed.number) == (covered.position, covered.number)
    )
    assert top >= page.covered_px


def test_a_small_page_shows_a_question_from_its_beginning(show_chat: ShowChat) -> None:
    chat = long_chat(40)
    shown = show_chat(chat)
    page = shown.view.page
    shown.view.resize(300, 330)
    shown.settle()
    chat.put("agent", "words " * 80)
    chat.ask(command_request("make install"))
    shown.settle()
    card, allow = shown.card("r1"), shown.button("Allow")
    for width in (300, 200, 400):
        shown.view.resize(width, 330)
        shown.settle()
        [asked] = page.visible_requests()
        assert page.covered_px <= asked.top < page.height() // 2, "what is asked is in sight"
        assert allow.visibleRegion().boundingRect() == allow.rect(), "and so are the answers"
    page.scroller.scroll_to_end()
    assert card.geometry().bottom() < page.height(), "the user goes on to its end"
    shown.settle()
    assert card.geometry().bottom() < page.height()
    page.scroller.scroll_by(-60)
    chat.resolve("r1", "yes", "Allow", "command")
    shown.settle()
    assert page.scroller.is_following_end


def test_an_answers_key_first_scrolls_to_its_button_if_it_is_hidden(show_chat: ShowChat) -> None:
    chat = long_chat(40)
    shown = show_chat(chat)
    shown.view.resize(300, 110)
    chat.ask(command_request("make install"))
    shown.settle()
    decline = shown.button("Decline")
    assert decline.visibleRegion().isEmpty()
    shown.press(Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
    assert not shown.of(AnswerRequest)
    assert decline.visibleRegion().boundingRect() == decline.rect()
    shown.press(Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
    assert [answer[1] for answer in shown.of(AnswerRequest)] == ["no"]


def test_scrolling_past_the_command_shows_why_it_cannot_be_allowed_yet(show_chat: ShowChat) -> None:
    chat = long_chat(40)
    shown = show_chat(chat)
    shown.view.resize(260, 110)
    chat.ask(command_request("make install"))
    shown.settle()
    page, allow, card = shown.view.page, shown.button("Allow"), shown.card("r1")
    page.scroller.scroll_to_end()
    reason = chat_texts.READ_TO_ALLOW()
    process_events_until(card._below.isVisible, WAIT_S, "the reason to be shown")
    assert allow.toolTip() == card.accessibleDescription() == reason
    assert card._below.text() == chat_texts.LINES_ABOVE()
    assert not allow.isEnabled()
    shown.press(Qt.Key.Key_Y, Qt.KeyboardModifier.AltModifier)
    assert not shown.of(AnswerRequest)
    page.scroller.scroll_to_end()
    card.seen._timer.setInterval(0)
    for _ in range(60):
        page.scroller.scroll_by(-8)
        shown.settle()
        if allow.isEnabled():
            break
    assert (card._below.text(), allow.toolTip(), card.accessibleDescription()) == ("", "", "")
    assert allow.isEnabled()


def test_the_frame_of_the_focused_messages_is_whole_below_the_heading(show_chat: ShowChat) -> None:
    shown = show_chat(long_chat(60))
    page, heading = shown.view.page, shown.view.heading
    while not heading.isVisible():
        page.scroller.scroll_by(-page.style_.line_px)
        shown.settle()
    page.setFocus(Qt.FocusReason.BacktabFocusReason)
    shown.settle()
    picture, accent = page.grab().toImage(), shown.view.theme.tokens.color("accent")
    middle_x, middle_y = page.width() // 2, page.height() // 2
    sides = [(1, middle_y), (page.width() - 2, middle_y), (middle_x, heading.height()), (middle_x, page.height() - 2)]
    assert [picture.pixelColor(x, y) for x, y in sides] == [accent] * 4
