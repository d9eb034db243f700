"""A transcript printed line by line: each complete line once, in order."""

from __future__ import annotations

from session_host.cli.attach.chat.plain import FIRST_LINES, LineLog
from session_host.cli.attach.chat.question import ShownQuestion
from session_host.structured.items import (
    AgentRequest,
    Append,
    Item,
    Put,
    RequestOpened,
    RequestOption,
    RequestResolved,
    SetStatus,
    StateChanged,
    TurnOver,
)
from session_host.structured.transcript import Transcript


def test_whole_lines_are_printed_once_as_they_come() -> None:
    log, transcript = LineLog(), Transcript()
    transcript.apply(StateChanged("idle"))
    assert log.take(transcript, None) == ["○ Idle"]
    log.sent("mine")
    for item in (Item("1", "user", 1, text="mine"), Item("2", "user", 1, text="another's")):
        transcript.apply(Put(item))
    transcript.apply(StateChanged("running"))
    transcript.apply(Put(Item("3", "agent", 1, text="one\ntw", status="running")))
    transcript.apply(Put(Item("4", "notice", 1, text="later")))
    assert log.take(transcript, None) == ["> another's", "one", "◐ Working…"]
    assert log.take(transcript, None) == []
    transcript.apply(Append("3", "o\nthree"))
    assert log.take(transcript, None) == ["two"]
    transcript.apply(SetStatus("3", "done"))
    assert log.take(transcript, None) == ["three", "— later"]
    later = Transcript.restore(transcript.snapshot())
    later.apply(StateChanged("idle"))
    assert log.take(later, None) == ["○ Idle"]
    later.apply(StateChanged("running", "t2"))
    later.apply(TurnOver("t2", "completed"))
    later.apply(StateChanged("idle"))
    assert log.take(later, None) == ["○ Idle"], "a turn between two calls"


def test_a_queued_prompt_is_printed_when_it_is_sent_below_the_earlier_lines() -> None:
    log, transcript = LineLog(), Transcript()
    log.take(transcript, None)
    transcript.apply(Put(Item("1", "user", 1, text="another's", status="queued")))
    assert log.take(transcript, None) == []
    transcript.apply(Put(Item("2", "agent", 1, text="one", status="done")))
    assert log.take(transcript, None) == ["one"]
    transcript.apply(SetStatus("1", "done"))
    assert log.take(transcript, None) == ["> another's"]


def test_a_long_chat_begins_with_its_end() -> None:
    transcript = Transcript()
    for number in range(100):
        transcript.apply(Put(Item(str(number), "agent", 1, text=f"line {number}")))
    assert LineLog().take(transcript, None)[:-1] == [f"line {number}" for number in range(100 - FIRST_LINES, 100)]


def test_a_question_and_its_answer_are_printed_once() -> None:
    log, transcript = LineLog(), Transcript()
    log.take(transcript, None)
    request = AgentRequest("r", "command", 1, "Run it?", "make", (RequestOption("1", "Allow", "allow_once"),))
    transcript.apply(StateChanged("requires_action"))
    transcript.apply(RequestOpened(request))
    question = ShownQuestion(request)
    assert log.take(transcript, question) == ["? Run it?", "    make", "  [y] Allow", "▲ y allow (and Enter)"]
    assert log.take(transcript, question) == []
    transcript.apply(RequestResolved("r", "1", "Allow", "window", 2))
    assert log.take(transcript, None) == ["? Run it? → Allow (in a window)"]


def test_the_duration_of_a_command_begins_when_it_is_allowed() -> None:
    log, transcript = LineLog(), Transcript()
    log.take(transcript, None)
    transcript.apply(RequestOpened(AgentRequest("r", "command", 1_000, "Run it?", "make", (), item="1")))
    transcript.apply(RequestResolved("r", "1", "Allow", "window", 60_000))
    transcript.apply(Put(Item("1", "tool", 1_000, tool="execute", command="make", status="done", ended_ms=61_500)))
    assert log.take(transcript, None)[0] == "✓ Ran make (1.5 s)"
