"""The visible part of a transcript."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from session_host.cli.attach.chat.page import Page, row_of
from session_host.cli.attach.chat.question import ShownQuestion
from session_host.structured.items import (
    AgentRequest,
    Append,
    Item,
    Put,
    RequestOpened,
    RequestOption,
    RequestResolved,
    StateChanged,
)
from session_host.structured.text import TextLine, all_lines
from session_host.structured.transcript import Transcript

_OPTIONS = (RequestOption("y", "Allow", "allow_once"),)


def chat(messages: int) -> Transcript:
    transcript = Transcript()
    for number in range(messages):
        transcript.apply(Put(Item(f"i{number}", "agent", number, text=f"message {number}\nend {number}")))
    transcript.apply(StateChanged("idle"))
    return transcript


def shown(page: Page, transcript: Transcript, rows: int, columns: int = 40) -> list[str]:
    return [line.text for line in page.show(transcript, columns, rows, None, 0.0)]


@given(st.integers(0, 12), st.integers(1, 20), st.lists(st.integers(-30, 30), max_size=5))
def test_the_page_shows_successive_lines_at_any_scroll_position(count: int, rows: int, steps: list[int]) -> None:
    transcript, page = chat(count), Page()
    whole = [line.text for line in all_lines(transcript, width=40)]
    for step in [0, *steps]:
        page.scroll(step)
        lines = shown(page, transcript, rows)
        end = len(whole) - page.back
        assert lines == whole[max(0, end - rows) : end]


def test_lines_being_read_stay_in_place_while_the_chat_continues() -> None:
    transcript, page = chat(10), Page()
    shown(page, transcript, 5)
    page.scroll(8)
    before = shown(page, transcript, 5)
    transcript.apply(Put(Item("new", "agent", 99, text="one\ntwo", status="running")))
    assert shown(page, transcript, 5) == before
    transcript.apply(Append("new", "\nthree\nfour"))
    assert shown(page, transcript, 5) == before
    page.back = 0
    assert shown(page, transcript, 2) == ["three", "four"]


def test_a_long_question_counts_as_seen_once_all_its_lines_were_visible() -> None:
    transcript, page = chat(3), Page()
    request = AgentRequest("r", "command", 9, "Run?", "\n".join(f"line {number}" for number in range(20)), _OPTIONS)
    transcript.apply(StateChanged("requires_action"))
    transcript.apply(RequestOpened(request))
    question = ShownQuestion(request)
    page.show(transcript, 40, 10, question, 1.0)
    seen_at = [question.since_s]
    for now_s in (2.0, 3.0):
        page.scroll(9)
        page.show(transcript, 40, 10, question, now_s)
        seen_at.append(question.since_s)
    assert seen_at == [None, None, 3.0]
    transcript.apply(RequestResolved("r", "y", "Allow", "window", 10))
    page.back = 0
    assert shown(page, transcript, 1) == ["? Run? → Allow (in a window)"]


def test_another_width_wraps_the_lines_again() -> None:
    transcript, page = chat(1), Page()
    assert shown(page, transcript, 5, 40) == ["message 0", "end 0"]
    assert shown(page, transcript, 5, 8) == ["message", "0", "end 0"]


def test_wide_and_combined_characters_take_their_cells() -> None:
    row = row_of(TextLine("ab漢e\u0301c"), 10)
    assert [(run.column, run.cells, run.text, run.cluster) for run in row.runs] == [
        (0, 2, "ab", False),
        (2, 2, "漢", True),
        (4, 1, "e\u0301", True),
        (5, 1, "c", False),
    ]


@given(st.text(alphabet="ab 漢👨‍👩‍👧e\u0301│", max_size=30), st.integers(1, 20))
def test_no_run_overlaps_another_or_the_edge(text: str, columns: int) -> None:
    end = 0
    for run in row_of(TextLine(text), columns).runs:
        assert run.column >= end
        end = run.column + run.cells
        assert end <= columns
