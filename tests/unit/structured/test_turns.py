"""The turns of a transcript."""

from __future__ import annotations

import pytest

from session_host.structured.items import Item, Put, StateChanged, TurnOver
from session_host.structured.transcript import Transcript
from session_host.structured.turns import answer_in_turn, is_turn_over


@pytest.fixture
def transcript() -> Transcript:
    """Three turns; a sub-agent's items, which belong to another one, are within the second."""
    transcript = Transcript()
    for number, (item, turn, parent) in enumerate(
        [("a", "t1", ""), ("b", "t2", ""), ("sub", "s1", "tool"), ("c", "t2", ""), ("d", "t3", ""), ("queued", "", "")]
    ):
        kind = "user" if item == "queued" else "agent"
        transcript.apply(Put(Item(item, kind, number, item.upper(), "done", turn, parent=parent)), number)  # type: ignore[arg-type]
    return transcript


def test_the_answer_in_a_turn_is_all_that_its_agent_wrote_in_it(transcript: Transcript) -> None:
    assert [answer_in_turn(transcript, turn) for turn in ("t1", "t2", "t3", "t4")] == ["A", "B\n\nC", "D", ""]


def test_a_turn_is_over_after_its_end(transcript: Transcript) -> None:
    transcript.apply(StateChanged("running", "t3"), 1)
    assert [is_turn_over(transcript, turn) for turn in ("t2", "t3")] == [True, False]
    transcript.apply(StateChanged("requires_action", "t3"), 2)
    assert not is_turn_over(transcript, "t3")
    transcript.apply(TurnOver("t3", "completed"), 3)
    assert is_turn_over(transcript, "t3"), "also before the next state"
    transcript.apply(StateChanged("idle"), 4)
    assert is_turn_over(transcript, "t3")
