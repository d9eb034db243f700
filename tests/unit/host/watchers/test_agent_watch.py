"""Which senders may report for an agent, and what a later host knows of their reports."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.host.watchers.state_file import StateFileContent
from session_host.protocol.events import Asked, TurnEnded, TurnStarted, kind_of
from session_host.protocol.launch import Watch
from session_host.protocol.messages import ActivityEvent, Report
from session_host.protocol.values import Activity
from session_host.session.terminal_session import TerminalSession
from session_host.structured.items import StateChanged, UsageChanged
from session_host.terminal.events import AgentState
from session_host.terminal.typed_line import PromptState
from tests.support.session_harness import SessionHarness, session_harness
from tests.support.signals import recorded_signals, watch_of
from tests.support.waiting import eventually

IDLE = Activity.IDLE
WATCH = Watch(
    reports={"working": Activity.WORKING, "idle": IDLE, "ask": Activity.NEEDS_INPUT, "SessionStart": IDLE},
)
FIRST, OTHER = "5e55104e-0000-4000-8000-00000000000a", "5e55104e-0000-4000-8000-00000000000b"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[SessionHarness]:
    """A session with this process as its program."""
    with session_harness(watch=WATCH, conversation=FIRST) as session:
        yield session


@pytest.fixture
def tool() -> Iterator[int]:
    """A process that the program has started."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        yield process.pid
        assert process.stdin is not None
        process.stdin.close()


def host(harness: SessionHarness) -> SessionHarness:
    harness.host()
    harness.attach_pty()
    return harness


def report_activity(
    harness: SessionHarness, event: str, pid: int, conversation: str = "", source: str = "plugin"
) -> Activity:
    harness.driver.watch.on_hook_report(Report(source, event, conversation, ""), pid)  # type: ignore[arg-type]
    return harness.driver.watch.tracker.activity


def turns_of(harness: SessionHarness) -> list[TurnStarted | TurnEnded]:
    """The events of the beginnings and ends of turns."""
    events = (each.event for each in harness.driver.events.unsaved())
    return [each for each in events if isinstance(each, TurnStarted | TurnEnded)]


def is_timer_running(harness: SessionHarness) -> bool:
    return harness.driver.watch._expiry._timer.is_set


async def test_a_plugin_of_a_nested_agent_is_ignored(harness: SessionHarness, tool: int) -> None:
    host(harness)
    assert report_activity(harness, "working", os.getpid()) is Activity.WORKING
    assert report_activity(harness, "ask", tool, OTHER) is Activity.WORKING
    assert harness.driver.conversation.id == FIRST
    harness.kill()
    host(harness)
    assert report_activity(harness, "ask", tool) is Activity.WORKING
    assert report_activity(harness, "idle", os.getpid()) is Activity.IDLE


async def test_a_wrappers_agent_with_a_plugin_that_is_killed_has_no_status(harness: SessionHarness) -> None:
    host(harness)
    agent = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE)
    assert report_activity(harness, "ask", agent.pid) is Activity.NEEDS_INPUT
    harness.kill()
    host(harness)
    agent.kill()
    await agent.wait()
    await eventually(lambda: harness.driver.watch.tracker.activity is Activity.NO_SIGNAL, 10, "no status")


async def test_the_error_that_stopped_a_turn_of_a_chat_view_is_shown_until_the_next_turn(
    harness: SessionHarness,
) -> None:
    watch = host(harness).driver.watch
    watch.on_chat_state(StateChanged("running"))
    watch.on_turn_failed("API Error: 400")
    watch.on_chat_state(StateChanged("idle"))
    assert (watch.tracker.activity, watch.tracker.detail) == (IDLE, "API Error: 400")
    watch.on_chat_state(StateChanged("running"))
    watch.on_chat_state(StateChanged("idle"))
    assert (watch.tracker.activity, watch.tracker.detail) == (IDLE, "")


async def test_a_child_of_the_launcher_may_report_and_an_unrelated_process_may_not(
    harness: SessionHarness, tool: int
) -> None:
    host(harness)
    assert report_activity(harness, "working", os.getppid()) is Activity.NO_SIGNAL
    assert report_activity(harness, "working", 0) is Activity.NO_SIGNAL
    assert report_activity(harness, "working", tool) is Activity.WORKING
    assert report_activity(harness, "idle", os.getpid()) is Activity.WORKING


async def test_hook_reports_count_only_for_the_current_conversation(harness: SessionHarness) -> None:
    host(harness)
    assert report_activity(harness, "working", 0, FIRST, "hook") is Activity.WORKING
    assert report_activity(harness, "ask", 0, OTHER, "hook") is Activity.WORKING
    assert report_activity(harness, "SessionStart", 0, OTHER, "hook") is Activity.IDLE
    assert harness.driver.conversation.id == OTHER
    assert report_activity(harness, "ask", 0, OTHER, "hook") is Activity.NEEDS_INPUT
    assert report_activity(harness, "idle", 0, "", "hook") is Activity.IDLE, "a report without a conversation"


async def test_the_next_host_has_the_events_that_the_ledger_did_not_get(harness: SessionHarness) -> None:
    host(harness)
    report_activity(harness, "working", os.getpid())
    report_activity(harness, "idle", os.getpid())
    events = harness.driver.events.unsaved()
    kinds = [(each.number, kind_of(each.event)) for each in events]
    assert kinds == [(1, "turn_started"), (2, "status"), (3, "status"), (4, "turn_ended"), (5, "turn_counted")]
    harness.kill()
    host(harness)
    assert harness.driver.events.unsaved() == events
    assert harness.driver.events.has_unsaved.is_set()
    harness.driver.events.saved(1)
    harness.kill()
    host(harness)
    assert harness.driver.events.unsaved() == events[1:]
    assert [each.activity for each in harness.driver.events.changes()] == [Activity.WORKING, Activity.IDLE]
    report_activity(harness, "working", os.getpid())
    assert [each.number for each in harness.driver.events.unsaved()] == [2, 3, 4, 5, 6, 7]


async def test_a_turn_that_is_over_when_its_output_is_read_is_a_turn(harness: SessionHarness) -> None:
    """A new host reads the output of the time without one at once."""
    host(harness)
    terminal = harness.driver.session.terminal
    assert isinstance(terminal, TerminalSession)
    terminal.prompt.typed(b"hello")
    terminal.prompt.typed(b"\r")
    harness.driver.worker.feed_output(b"\x1b]7501;state=working\x07\x1b]7501;state=done\x07")
    events = harness.driver.events.unsaved()
    kinds = [kind_of(each.event) for each in events]
    assert kinds == ["turn_started", "status", "status", "turn_ended", "turn_counted"]
    assert terminal.prompt.state is PromptState.EMPTY
    harness.kill()
    host(harness)
    assert harness.driver.events.unsaved() == events


@pytest.mark.parametrize("is_read_meanwhile", [False, True])
@pytest.mark.parametrize(("end", "outcome"), [("error", "error"), ("done", "done")])
async def test_a_turn_that_the_strongest_source_has_not_shown_is_a_turn(
    harness: SessionHarness, end: str, outcome: str, is_read_meanwhile: bool
) -> None:
    """Claude's state file is read too late for a prompt that a limit stops at once; its other reports tell the turn."""
    host(harness)
    report_activity(harness, "idle", os.getpid())
    rules = harness.terminal.rules
    for number in range(2):
        if number:  # The first prompt may be one of the command line.
            rules.prompt.typed(b"go on\r")
        harness.driver.worker.feed_output(b"\x1b]7501;state=working\x07")
        assert harness.driver.watch.tracker.activity is IDLE, "the plugin counts"
        if is_read_meanwhile:
            report_activity(harness, "idle", os.getpid())
        harness.driver.worker.feed_output(f"\x1b]7501;state={end}\x07".encode())
        assert not number or rules.prompt.state is PromptState.EMPTY, "what waits for a turn learns of it"
        # Reports that come late are about the same turn.
        harness.driver.worker.feed_output(b"\x1b]7501;state=working\x07")
        harness.driver.worker.feed_output(b"\x1b]7501;state=done\x07")
    turns = turns_of(harness)
    assert [kind_of(each) for each in turns] == ["turn_started", "turn_ended"] * 2
    assert [getattr(each, "outcome", outcome) for each in turns] == [outcome] * 4
    assert [getattr(each, "turn", 0) for each in turns] == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("recording", "last"), [("claude-failed-with-a-queue", "done"), ("claude-failed-twice", "error")]
)
async def test_a_turn_that_failed_and_the_prompt_behind_it_are_two_turns(recording: str, last: str) -> None:
    """The second one was told as failed, for good: in the status, the events and the exit code of who waited for it."""
    with session_harness(watch=watch_of("claude")) as harness:
        host(harness)
        harness.terminal.rules.prompt.typed(b"first\r")
        for _, signal in recorded_signals(recording):
            replay(harness, signal)
            if isinstance(signal, Report) and signal.event == "StopFailure":
                harness.kill()
                host(harness)
        turns = turns_of(harness)
        assert harness.driver.watch.tracker.activity is IDLE
        assert harness.driver.watch.tracker.has_failed is (last == "error")
    ends = [(getattr(each, "turn", 0), getattr(each, "outcome", "")) for each in turns]
    assert ends == [(1, ""), (1, "error"), (2, ""), (2, last)]


async def test_a_dialog_that_the_user_opens_is_no_turn() -> None:
    with session_harness(watch=watch_of("claude")) as harness:
        host(harness)
        harness.terminal.rules.prompt.typed(b"hello one\r")
        activities = []
        for _, signal in recorded_signals("claude-dialogs"):
            if isinstance(signal, StateFileContent) and signal.waiting_for:
                harness.terminal.rules.prompt.typed(b"/model\r")
            replay(harness, signal)
            activities.append(harness.driver.watch.tracker.activity)
        turns = [each for each in turns_of(harness) if isinstance(each, TurnEnded)]
    assert activities.count(Activity.NEEDS_INPUT) == 3
    assert [getattr(each, "outcome", "") for each in turns] == ["done", "error"]


def replay(harness: SessionHarness, signal: Report | StateFileContent | AgentState) -> None:
    match signal:
        case Report():
            harness.driver.watch.on_hook_report(signal, 0)
        case AgentState(parameters):
            harness.driver.worker.feed_output(f"\x1b]7501;{parameters}\x07".encode())
        case StateFileContent():
            harness.driver.watch._on_state_file(signal)


@pytest.mark.parametrize("starts_idle", [True, False])
async def test_what_codex_says_while_it_starts_is_no_turn(tmp_path: Path, *, starts_idle: bool) -> None:
    watch = Watch(turn_ends={"state=idle": "interrupted"}, starts_idle=starts_idle)
    with session_harness(watch=watch) as harness:
        host(harness)
        harness.driver.watch.age_s = lambda: 0.5
        for state in ("idle", "working", "idle"):
            harness.driver.worker.feed_output(f"\x1b]7501;state={state}:app=codex\x07".encode())
        assert bool(turns_of(harness)) is not starts_idle
        harness.driver.watch.has_entered = lambda: True
        harness.driver.worker.feed_output(b"\x1b]7501;state=working:app=codex\x07")
        assert isinstance(turns_of(harness)[-1], TurnStarted), "a prompt was sent"


async def test_a_checkpoint_has_the_events(harness: SessionHarness) -> None:
    host(harness)
    report_activity(harness, "working", os.getpid())
    harness.driver.checkpointer.request_checkpoint()
    await eventually(lambda: harness.input_log.header.checkpoint, 10, "the checkpoint")
    harness.kill()
    host(harness)
    assert [each.number for each in harness.driver.events.unsaved()] == [1, 2]
    assert harness.driver.events.open_turn is not None


async def test_after_an_answer_a_timer_runs_only_if_no_source_reports_the_end_of_the_question(
    harness: SessionHarness,
) -> None:
    host(harness)
    report_activity(harness, "ask", 0, FIRST, "hook")
    harness.driver.watch.on_input()
    assert is_timer_running(harness)
    report_activity(harness, "ask", os.getpid())
    harness.driver.watch.on_input()
    assert not is_timer_running(harness)
    harness.kill()
    host(harness)
    assert not is_timer_running(harness)
    assert harness.driver.watch.tracker.activity is Activity.NEEDS_INPUT


async def test_a_question_repeated_to_a_later_host_is_not_a_new_question(harness: SessionHarness) -> None:
    host(harness)
    report_activity(harness, "ask", os.getpid())
    harness.driver.watch.on_input()
    since = harness.driver.watch.tracker.since
    harness.kill()
    host(harness)
    harness.driver.watch._now = lambda: "later"
    assert report_activity(harness, "ask", os.getpid()) is Activity.NEEDS_INPUT
    assert harness.driver.watch.tracker.since == since
    report_activity(harness, "ask", os.getpid())
    assert harness.driver.watch.tracker.since == "later", "a second repetition is another question"


async def test_the_silence_time_out_includes_the_time_before_a_kill(harness: SessionHarness) -> None:
    host(harness)
    report_activity(harness, "working", os.getpid())
    due_s = harness.driver.watch._expiry._due_s
    harness.kill()
    host(harness)
    assert harness.driver.watch._expiry._due_s == pytest.approx(due_s, abs=0.5)


async def test_a_chat_continues_and_ends_normally_although_the_agent_watch_fails(
    harness: SessionHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The exception used to leave the session and end one host after another."""

    def fail(*_: object) -> None:
        raise RuntimeError("of the watcher's own")

    monkeypatch.setattr("session_host.host.watchers.agent_activity.StateFile.start", fail)
    monkeypatch.setattr("session_host.host.watchers.agent_activity.StateFile.close", fail)
    monkeypatch.setattr("session_host.host.watchers.agent_activity.ActivityTracker.apply_report", fail)
    monkeypatch.setattr("session_host.host.watchers.agent_activity.ActivityTracker.program_ended", fail)
    monkeypatch.setattr("session_host.host.watchers.conversation.conversation_of", fail)
    harness.spec.env["HOME"] = "/"
    with caplog.at_level(logging.CRITICAL):
        for _ in range(2):
            host(harness)
            assert report_activity(harness, "working", os.getpid()) is Activity.NO_SIGNAL
            harness.driver.worker.feed_output(b"\x1b]2;a title\x07\x1b]9;notified\x07")
            assert harness.session.title == "a title"
            harness.driver.conversation.check_open_files()
            harness.kill()
        host(harness)
        harness.driver.program_ended(0, None)
        assert harness.driver.ended.is_set()


async def test_a_question_reported_by_two_sources_is_logged_once(harness: SessionHarness) -> None:
    host(harness)
    watch = harness.driver.watch
    watch._now = iter(f"2026-01-02T03:04:{second:02}Z" for second in range(60)).__next__

    def blocked(text: str = "") -> None:
        message = base64.b64encode(text.encode())
        harness.driver.worker.feed_output(b"\x1b]7501;state=blocked:kind=permission:msg=%b\x07" % message)

    report_activity(harness, "working", 0, FIRST, "hook")
    blocked()
    [poorer] = [each for each in harness.driver.events.changes() if each.activity is Activity.NEEDS_INPUT]
    assert poorer.detail == "permission"
    watch.on_hook_report(Report("hook", "ask", FIRST, "Bash: npm test"), 0)
    for text in ("approve Bash: npm test", "approve Bash: rm -r build"):
        blocked(text)
    report_activity(harness, "idle", 0, FIRST, "hook")
    harness.driver.worker.feed_output(b"\x1b]7501;state=working\x07")
    transitions = harness.driver.events.changes()
    told = [each.event.title for each in harness.driver.events.newest if isinstance(each.event, Asked)]
    harness.kill()

    assert told == [poorer.detail, "approve Bash: rm -r build"], "each question once, as soon as it is asked"
    questions = [(each.at, each.detail) for each in transitions if each.activity is Activity.NEEDS_INPUT]
    assert [detail for _, detail in questions] == ["approve Bash: npm test", "approve Bash: rm -r build"]
    assert questions[0][0] == poorer.at, "the time of the question, not of its better text"


async def test_how_full_the_context_is_is_told_at_each_change_and_to_whoever_comes_later(
    harness: SessionHarness,
) -> None:
    host(harness)
    watch, sent = harness.driver.watch, list[object]()
    watch._send_event = sent.append
    for used in (0, 580, 581, 910, 2000):
        watch.on_usage(UsageChanged(used, 1000))
    told = [each.status.context for each in sent if isinstance(each, ActivityEvent)]
    assert told == [58, 91, 100], "once for each percent"
    [event] = [each for each in watch.current_events() if isinstance(each, ActivityEvent)]
    assert event.status.context == 100
