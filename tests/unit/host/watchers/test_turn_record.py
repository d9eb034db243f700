"""When a turn of an agent in a terminal is counted: once, by the agent's record, or when it is no longer waited for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from session_host.host.watchers import turn_record
from session_host.protocol.events import TurnCounted, kind_of
from session_host.protocol.launch import Watch
from session_host.protocol.messages import Report
from session_host.protocol.turns import TurnWork
from session_host.protocol.values import Activity
from tests.support.session_harness import SessionHarness, session_harness
from tests.support.waiting import TIMEOUT_S, eventually

CONVERSATION = "5e55104e-0000-4000-8000-00000000000a"
AT = "2026-01-01T00:00:01Z"
"""The time in each of these hosts."""
WATCH = Watch(
    reports={"working": Activity.WORKING, "idle": Activity.IDLE, "failed": Activity.IDLE},
    turn_ends={"failed": "failed"},
    record="claude",
)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """The file of the conversation, which is not there yet."""
    return tmp_path / ".claude" / "projects" / "project" / f"{CONVERSATION}.jsonl"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[SessionHarness]:
    env = {**os.environ, "HOME": str(tmp_path)}
    with session_harness(watch=WATCH, conversation=CONVERSATION, env=env) as session:
        yield session


def host(harness: SessionHarness) -> None:
    harness.host()
    harness.attach_pty()


def report(harness: SessionHarness, event: str, detail: str = "") -> None:
    harness.driver.watch.on_hook_report(Report("plugin", event, detail=detail), os.getpid())


def write(record: Path, kind: str, content: object, at: str = AT, **fields: object) -> None:
    record.parent.mkdir(parents=True, exist_ok=True)
    message = {"id": "one", "content": content, "stop_reason": "end_turn"}
    with record.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"type": kind, "message": message, "timestamp": at, **fields}) + "\n")


def answer(record: Path) -> None:
    write(record, "assistant", [{"type": "text", "text": "Done."}])


def counts(harness: SessionHarness) -> list[tuple[int, str, TurnWork | None]]:
    """What the events say of counted turns: number, outcome and work."""
    told = (each.event for each in harness.driver.events.newest if isinstance(each.event, TurnCounted))
    return [(each.turn, each.outcome, each.work) for each in told]


async def is_counted(harness: SessionHarness, *expected: tuple[int, str, TurnWork | None]) -> None:
    await eventually(lambda: counts(harness) == [*expected], TIMEOUT_S, "the count")


async def test_a_turn_is_counted_when_the_agent_has_recorded_the_end_of_its_answer(
    harness: SessionHarness, record: Path
) -> None:
    host(harness)
    report(harness, "working")
    report(harness, "idle")
    write(record, "user", "hello")
    assert counts(harness) == []
    answer(record)
    await is_counted(harness, (1, "done", TurnWork()))
    kinds = [kind_of(each.event) for each in harness.driver.events.newest]
    assert kinds == ["turn_started", "status", "status", "turn_ended", "turn_counted"]
    assert harness.driver.watch.status().last == harness.driver.events.last
    last = harness.driver.events.last
    assert last is not None
    assert last.work == TurnWork()


async def test_what_the_agent_said_last_is_known_to_the_next_host_and_in_no_event(
    harness: SessionHarness, record: Path
) -> None:
    host(harness)
    write(record, "user", "hello")
    write(record, "assistant", [{"type": "text", "text": "I look at it."}])
    write(record, "assistant", [{"type": "text", "text": "The tests are **green** now. More."}])
    report(harness, "working")
    report(harness, "idle")
    await is_counted(harness, (1, "done", TurnWork()))
    assert harness.driver.watch.status().said == "The tests are **green** now."
    assert not any(b"green" in msgspec.json.encode(each) for each in harness.driver.events.newest)
    harness.kill()
    host(harness)
    assert harness.driver.watch.status().said == "The tests are **green** now."


async def test_a_turn_that_the_record_calls_interrupted_is_so(harness: SessionHarness, record: Path) -> None:
    host(harness)
    write(record, "user", "hello")
    write(record, "user", [{"type": "text", "text": "[Request interrupted by user]"}])
    report(harness, "working")
    report(harness, "idle")
    await is_counted(harness, (1, "interrupted", TurnWork()))


async def test_a_limit_and_its_reset_are_known_by_the_record(harness: SessionHarness, record: Path) -> None:
    host(harness)
    write(record, "user", "hello")
    limit = {"rate_limit_info": {"resetsAt": 1767225600}}
    write(record, "assistant", [], isApiErrorMessage=True, error="rate_limit", apiErrorParams=limit)
    report(harness, "working")
    report(harness, "failed", "You have had enough.")
    await is_counted(harness, (1, "limit", TurnWork()))
    for _ in range(2):
        last = harness.driver.watch.status().last
        assert last is not None
        assert (last.outcome, last.error, last.resets_at) == (
            "limit",
            "You have had enough.",
            "2026-01-01T00:00:00.000Z",
        )
        harness.kill()
        host(harness)


async def test_an_error_is_known_by_the_record_if_the_agent_was_idle_before_its_hook_came(
    harness: SessionHarness, record: Path
) -> None:
    host(harness)
    write(record, "user", "hello")
    write(record, "assistant", [{"type": "text", "text": "API Error: 400\nrefused"}], isApiErrorMessage=True)
    report(harness, "working")
    report(harness, "idle")
    await is_counted(harness, (1, "error", TurnWork()))
    last = harness.driver.watch.status().last
    assert last is not None
    assert (last.outcome, last.error) == ("error", "API Error: 400 refused")


async def test_the_next_host_counts_what_a_killed_one_has_not(harness: SessionHarness, record: Path) -> None:
    host(harness)
    write(record, "user", "hello")
    report(harness, "working")
    report(harness, "idle")
    harness.kill()
    host(harness)
    assert counts(harness) == []
    harness.kill()
    answer(record)
    host(harness)
    await is_counted(harness, (1, "done", TurnWork()))
    harness.kill()
    host(harness)
    assert counts(harness) == [(1, "done", TurnWork())]
    assert harness.driver.events.uncounted() == 0


async def test_the_next_turn_does_not_wait_for_the_record_of_the_one_before(
    harness: SessionHarness, record: Path
) -> None:
    host(harness)
    report(harness, "working")
    report(harness, "idle")
    report(harness, "working")
    assert counts(harness) == [(1, "done", None)]
    kinds = [kind_of(each.event) for each in harness.driver.events.newest if kind_of(each.event) != "status"]
    assert kinds == ["turn_started", "turn_ended", "turn_counted", "turn_started"]
    write(record, "user", "hello", "2026-01-01T00:00:01.500Z")
    answer(record)
    report(harness, "idle")
    await is_counted(harness, (1, "done", None), (2, "done", TurnWork()))


@pytest.mark.parametrize(
    ("end", "limit", "outcome"), [("idle", "WITHIN_S", "done"), ("failed", "STOPPED_WITHIN_S", "error")]
)
async def test_a_record_without_the_answer_is_not_waited_for_without_end(
    harness: SessionHarness, record: Path, monkeypatch: pytest.MonkeyPatch, end: str, limit: str, outcome: str
) -> None:
    monkeypatch.setattr(turn_record, limit, 0.0)
    host(harness)
    write(record, "user", "hello")
    report(harness, "working")
    report(harness, end, "API error 400")
    await is_counted(harness, (1, outcome, None))


async def test_at_the_programs_end_its_last_turn_is_counted(harness: SessionHarness) -> None:
    host(harness)
    report(harness, "working")
    report(harness, "idle")
    harness.driver.watch.program_ended()
    assert counts(harness) == [(1, "done", None)]


async def test_a_turn_that_the_programs_end_cuts_is_counted(harness: SessionHarness) -> None:
    host(harness)
    report(harness, "working")
    harness.driver.watch.program_ended()
    assert counts(harness) == [(1, "cut", None)]


async def test_without_a_record_a_turn_is_counted_at_once() -> None:
    with session_harness(watch=Watch(reports=WATCH.reports), conversation=CONVERSATION) as harness:
        host(harness)
        report(harness, "working")
        report(harness, "idle")
        assert counts(harness) == [(1, "done", None)]
