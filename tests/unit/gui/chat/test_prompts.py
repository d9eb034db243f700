"""Prompts on the page: going from one to the next, and which one is named as the one that the user reads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from gui.chat.page.painting import EDGE_ABOVE_PX
from gui.chat.page.positions import PlacedSegment
from gui.chat.view import ChatView
from gui.theme.theme import Theme
from session_host.structured.items import TurnOver
from tests.support.qt_waiting import process_events_until, run_deferred_deletes, show
from tests.support.scripted_chat import ScriptedChat
from tests.support.themes import OWN

WAIT_S = 60.0
PROMPTS = 20
HEADING_PX, BELOW_PX = 32, 12


@pytest.fixture
def view(qapp: QApplication) -> Iterator[ChatView]:
    chat = ScriptedChat()
    for number in range(PROMPTS):
        turn = f"t{number}"
        chat.put("user", f"Look at the module of turn{number}. It has more to say.", status="done", turn=turn)
        chat.run(turn)
        chat.put("agent", "A line of the answer.\n\n" * 6, status="done", turn=turn)
        chat.end(TurnOver(turn, "completed"))
    made = ChatView(Theme(qapp, OWN, "dark"), lambda _input: None)
    made.page.set_font_size(14)
    made.set_transcript(chat.transcript)
    made.resize(1000, 700)
    show(made)
    process_events_until(lambda: len(made.rail.ticks.found) == PROMPTS, WAIT_S, "the prompts to be read")
    yield made
    made.close()
    made.deleteLater()
    run_deferred_deletes()


def key_of(view: ChatView, number: int) -> str:
    return view.rail.ticks.found[number].key


def begin_of(view: ChatView, key: str) -> PlacedSegment | None:
    """The beginning of a prompt, if it is on the page."""
    position = view.page.rows.position(key)
    return next((each for each in view.page.visible if (each.position, each.number) == (position, 0)), None)


def is_in_sight(view: ChatView, key: str) -> bool:
    found = begin_of(view, key)
    return found is not None and found.top + EDGE_ABOVE_PX >= view.page.covered_px


def test_a_prompt_that_one_goes_to_is_12_px_below_the_line_that_names_it(view: ChatView) -> None:
    for number in (7, 3, 12):
        key = key_of(view, number)
        view.page.scroller.go_to_prompt(key)
        found = begin_of(view, key)
        assert found is not None
        assert found.top + EDGE_ABOVE_PX == pytest.approx(HEADING_PX + BELOW_PX, abs=1)
        assert view.heading.isVisible()
        assert view.heading.height() == view.page.covered_px == HEADING_PX
        assert view.heading.text() == f"Prompt {number + 1} of {PROMPTS}", "it is in sight: it is not said twice"
        assert view.rail.prompt_in_view() == key


def test_the_last_prompts_are_named_although_the_end_lets_them_not_up(view: ChatView) -> None:
    for number in (PROMPTS - 1, PROMPTS - 2, PROMPTS - 3):
        key = key_of(view, number)
        view.prompts.go(-1)
        found = begin_of(view, key)
        assert found is not None
        assert found.top + EDGE_ABOVE_PX >= HEADING_PX + BELOW_PX - 1
        assert (view.heading.text(), view.rail.prompt_in_view()) == (f"Prompt {number + 1} of {PROMPTS}", key)
    view.prompts.go(1)
    assert view.rail.prompt_in_view() == key_of(view, PROMPTS - 2)


def test_the_line_over_the_page_and_the_tick_name_the_same_prompt_wherever_one_scrolls(view: ChatView) -> None:
    page = view.page
    page.scroller.scroll_to_start()
    assert not view.heading.isVisible(), "the page shows the chat from its beginning"
    assert view.rail.prompt_in_view() == key_of(view, 0)
    seen: list[str] = []
    while not page.scroller.is_following_end:
        page.scroller.scroll_by(37)
        here = view.rail.prompt_in_view()
        number = [tick.key for tick in view.rail.ticks.found].index(here)
        usual = (
            f"Prompt {number + 1} of {PROMPTS}" if is_in_sight(view, here) else f"Look at the module of turn{number}."
        )
        assert view.heading.text() == usual
        seen.append(here)
    assert list(dict.fromkeys(seen)) == [tick.key for tick in view.rail.ticks.found if tick.key in seen], "in order"
    assert seen[-1] == key_of(view, PROMPTS - 1), "at the end, one is at the last prompt"


def test_keys_go_from_prompt_to_prompt_in_both_directions(view: ChatView) -> None:
    for number in range(PROMPTS - 1, -1, -1):
        view.prompts.go(-1)
        assert view.rail.prompt_in_view() == key_of(view, number)
    for number in range(1, PROMPTS):
        view.prompts.go(1)
        assert view.rail.prompt_in_view() == key_of(view, number)
    view.prompts.go(1)
    assert view.page.scroller.is_following_end


def test_a_prompt_that_was_scrolled_out_of_sight_is_gone_back_to_first(view: ChatView) -> None:
    view.page.scroller.go_to_prompt(key_of(view, 8))
    view.page.scroller.scroll_by(60)
    assert view.rail.prompt_in_view() == key_of(view, 8)
    view.prompts.go(-1)
    assert is_in_sight(view, key_of(view, 8))
    view.prompts.go(-1)
    assert is_in_sight(view, key_of(view, 7))
