"""The line about the end of a turn."""

from __future__ import annotations

from typing import Literal

import pytest

from gui.chat.content.items import ItemRequests, Mode, segments
from gui.chat.content.markdown import MarkdownText
from gui.chat.content.segments import FoldLine
from gui.chat.page.turn_ends import with_ending
from session_host.structured.items import Item, TurnEnded


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
