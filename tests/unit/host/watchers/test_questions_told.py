"""The event that an agent in a terminal asks: once for each question, whatever can answer it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from session_host.host.watchers import hook_questions
from session_host.protocol.events import Asked
from session_host.protocol.launch import Watch
from session_host.protocol.messages import AskUser, Report
from session_host.protocol.values import Activity
from tests.support.session_harness import SessionHarness, session_harness
from tests.support.waiting import eventually

REPORTS = {"works": Activity.WORKING, "asks": Activity.NEEDS_INPUT}
TEST, PLAN, BUILD = "Bash: npm test", "a plan", "Bash: make"


@pytest.fixture(params=["", "claude"], ids=["in its dialog", "from outside, too"])
def form(request: pytest.FixtureRequest) -> str:
    """Whether the agent's hook takes answers."""
    return str(request.param)


@pytest.fixture
def harness(form: str) -> Iterator[SessionHarness]:
    with session_harness(watch=Watch(reports=REPORTS, answered_by_hook=form)) as session:  # type: ignore[arg-type]
        yield session


def begin(harness: SessionHarness) -> None:
    """Begin with a host and a program."""
    harness.host()
    harness.attach_pty()


def report(harness: SessionHarness, event: str, detail: str = "") -> None:
    """The agent reports."""
    harness.driver.watch.on_hook_report(Report("hook", event, "", detail), 0)


def hook_asks(harness: SessionHarness, number: int, detail: str, *, again: bool = False) -> None:
    """The hook of a question asks; of a plan, which only the dialog answers."""
    tool = "ExitPlanMode" if detail == PLAN else "Bash"
    command = {"command": detail.partition(": ")[2]}
    data = json.dumps({"hook_event_name": "PermissionRequest", "tool_name": tool, "tool_input": command})
    asks = AskUser(1, str(number), data, again, detail=detail)
    harness.driver.questions.ask(asks, object(), lambda _: None)


def told(harness: SessionHarness) -> list[tuple[str, bool]]:
    """The titles of the questions that are events, and whether they can be answered from outside."""
    events = (each.event for each in harness.driver.events.newest)
    return [(each.title, bool(each.request)) for each in events if isinstance(each, Asked)]


@pytest.mark.parametrize("form", [""], indirect=True)
async def test_a_question_in_a_terminal_with_default_settings_rings(harness: SessionHarness) -> None:
    """`outlive events --event asked` printed nothing, though the list said that the chat needs its user."""
    begin(harness)
    report(harness, "works")
    report(harness, "asks", TEST)
    assert told(harness) == [(TEST, False)]
    report(harness, "asks", f"{TEST} -- --watch")  # A better description of the same question.
    harness.kill()
    harness.host()
    report(harness, "asks", f"{TEST} -- --watch")
    assert told(harness) == [(TEST, False)], "one question, one event"
    report(harness, "works")
    report(harness, "asks", BUILD)
    assert told(harness) == [(TEST, False), (BUILD, False)]
    harness.driver.program_ended(0, None)


@pytest.mark.parametrize("form", ["claude"], indirect=True)
@pytest.mark.parametrize("is_hook_first", [True, False])
@pytest.mark.parametrize("is_killed", [True, False])
async def test_a_question_that_can_be_answered_outside_is_told_once(
    harness: SessionHarness, is_hook_first: bool, is_killed: bool
) -> None:
    begin(harness)
    if is_hook_first:
        hook_asks(harness, 1, TEST)
    report(harness, "asks", TEST)
    if is_killed:
        harness.kill()
        harness.host()
    if not is_hook_first or is_killed:
        hook_asks(harness, 1, TEST, again=is_killed)
    [(_, can_answer)] = told(harness)
    assert can_answer
    assert harness.driver.questions._untold is None
    harness.driver.program_ended(0, None)


@pytest.mark.parametrize("form", ["claude"], indirect=True)
@pytest.mark.parametrize("is_hook_first", [True, False])
async def test_a_question_that_its_hook_leaves_to_the_dialog_is_told_at_once(
    harness: SessionHarness, is_hook_first: bool
) -> None:
    begin(harness)
    if is_hook_first:
        hook_asks(harness, 1, PLAN)
    report(harness, "asks", PLAN)
    if not is_hook_first:
        hook_asks(harness, 1, PLAN)
    assert [can_answer for _, can_answer in told(harness)] == [False]
    harness.driver.program_ended(0, None)


@pytest.mark.parametrize("form", ["claude"], indirect=True)
async def test_a_question_without_a_hook_is_told_after_the_time_that_a_hook_has(
    harness: SessionHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(harness)
    report(harness, "asks", "Trust this directory?")
    assert not told(harness)
    harness.kill()
    monkeypatch.setattr(hook_questions, "HOOK_DELAY_S", 0.0)
    harness.host()
    await eventually(lambda: told(harness) == [("Trust this directory?", False)], 10, "the question's event")
    harness.driver.program_ended(0, None)


@pytest.mark.parametrize("form", ["claude"], indirect=True)
async def test_a_question_that_ends_before_its_hook_asks_rings_no_later(harness: SessionHarness) -> None:
    begin(harness)
    report(harness, "asks", TEST)
    report(harness, "works")
    assert (told(harness), harness.driver.questions._untold) == ([], None)
    harness.driver.program_ended(0, None)
