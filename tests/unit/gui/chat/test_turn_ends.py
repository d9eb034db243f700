"""The line about the end of a turn."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import pytest

from gui.chat.content.items import ItemRequests, Mode, segments
from gui.chat.content.markdown import MarkdownText
from gui.chat.content.segments import FoldLine
from gui.chat.page.rows import turn_footer, with_ending
from gui.wording import phrases
from session_host.structured.items import Item, Put, TurnEnded
from session_host.structured.transcript import Transcript


def test_an_answer_of_an_earlier_chat_has_its_time_and_duration() -> None:
    transcript = Transcript()
    for change in (
        Put(Item("p1", "user", 1_795_348_800_000, "prompt", "done", "t1")),
        Put(Item("a1", "agent", 1_795_348_801_000, "answer", "done", "t1")),
        TurnEnded("t1", "completed", at_ms=1_795_348_875_000),
    ):
        transcript.apply(change, 1_895_000_000_000)
    ended = datetime.fromtimestamp(1_795_348_875, UTC)
    assert turn_footer(transcript, 1, "p1").label == f"{phrases.short_clock(ended, datetime.now(UTC))} · 1 min 15 s"


@pytest.mark.parametrize(("outcome", "line"), [("cut", "The agent ended here"), ("interrupted", "Interrupted")])
def test_a_turn_that_stopped_in_a_tool_call_says_so_once(outcome: Literal["cut", "interrupted"], line: str) -> None:
    call = Item("i1", "tool", 1000, title="make", tool="execute", command="make", status=outcome)
    [head] = with_ending(segments(call, Mode(), MarkdownText(), ItemRequests()), TurnEnded("t1", outcome), call, "")
    assert isinstance(head, FoldLine)
    assert head.detail == line


@pytest.mark.parametrize(("outcome", "line"), [("cut", "The agent ended here"), ("interrupted", "Interrupted")])
def test_a_turn_that_stopped_after_a_tool_call_says_so_below_it(
    outcome: Literal["cut", "interrupted"], line: str
) -> None:
    call = Item("i1", "tool", 1000, title="make", tool="execute", command="make", status="done")
    head, end = with_ending(segments(call, Mode(), MarkdownText(), ItemRequests()), TurnEnded("t1", outcome), call, "")
    assert isinstance(head, FoldLine)
    assert not head.detail
    assert end.text == line
