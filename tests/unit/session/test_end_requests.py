"""Stop and Kill, step by step: each test is a script of events and effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from session_host.protocol.launch import Watch
from session_host.protocol.messages import Done, Kill, Stop
from session_host.session.effects import (
    Effect,
    EndProcesses,
    ListProcesses,
    RecordEndRequest,
    SendReply,
    SignalProgram,
    StartTimer,
    StopTimer,
)
from session_host.session.end_requests import SAVE, SAVE_S, STEP, EndRequest, EndRequests
from tests.support.playbook import Capture, Event, Playbook, RulesHarness, do

SHELL, AGENT, OTHER = Watch(leave_by="SIGHUP"), Watch(ends_all=True), Watch()
TERM, HUP, KILL, CONT = (SignalProgram(name) for name in ("SIGTERM", "SIGHUP", "SIGKILL", "SIGCONT"))
STOPPED, KILLED = SendReply("client", Done(1)), SendReply("killer", Done(2))


class Harness(RulesHarness[Effect]):
    """The requests to end one program."""

    def __init__(self, watch: Watch) -> None:
        self.effects = []
        self.requests = EndRequests(self.effects, watch, ends_all=watch.ends_all)

    def running(self) -> Playbook:
        return self.script() >> do(self.requests.program_runs)

    def stop(self) -> Event:
        return do(self.requests.request, Stop(1), "client")

    def kill(self) -> Event:
        return do(self.requests.request, Kill(2), "killer")

    def ended(self) -> Event:
        return do(self.requests.program_ended)

    def saved(self) -> Event:
        return do(self.requests.exit_saved)


def some_request() -> Any:
    """A request that the script captures when it appears."""
    return Capture(EndRequest)


def due(request: Capture[EndRequest], name: str) -> Event:
    def timer_due(name: str) -> None:
        request.value.timer_due(name)

    return do(timer_due, name)


def listed(request: Capture[EndRequest], *processes: str) -> Event:
    def processes_listed(processes: Sequence[Any]) -> None:
        request.value.processes_listed(processes)

    return do(processes_listed, processes)


def processes_ended_event(request: Capture[EndRequest]) -> Event:
    def processes_ended() -> None:
        request.value.processes_ended()

    return do(processes_ended)


def test_a_shell_gets_a_hang_up_and_its_stop_is_answered_when_the_exit_is_saved() -> None:
    harness, request = Harness(SHELL), some_request()
    assert (
        harness.running()
        >> harness.stop()
        << RecordEndRequest("stop")
        << HUP
        << CONT
        << StartTimer(request, STEP, 4.0)
        >> harness.ended()
        << StopTimer(request, STEP)
        << StartTimer(request, SAVE, SAVE_S)
        >> harness.saved()
        << StopTimer(request, SAVE)
        << STOPPED
        >> harness.saved()
    )


def test_a_program_that_ignores_polite_signals_is_killed_in_the_end() -> None:
    harness, request = Harness(OTHER), some_request()
    assert (
        harness.running()
        >> harness.stop()
        << RecordEndRequest("stop")
        << TERM
        << CONT
        << StartTimer(request, STEP, 1.0)
        >> due(request, STEP)
        << HUP
        << CONT
        << StartTimer(request, STEP, 4.0)
        >> due(request, STEP)
        << KILL
        << CONT
        >> harness.ended()
        << StartTimer(request, SAVE, SAVE_S)
        >> harness.saved()
        << StopTimer(request, SAVE)
        << STOPPED
    )


def test_the_agents_processes_are_listed_before_its_end_and_ended_with_it() -> None:
    harness, request = Harness(AGENT), some_request()
    assert (
        harness.running()
        >> harness.stop()
        << RecordEndRequest("stop")
        << ListProcesses(request)
        >> listed(request, "a tool")
        << TERM
        << CONT
        << StartTimer(request, STEP, 8.0)
        >> harness.ended()
        << StopTimer(request, STEP)
        << EndProcesses(request, ("a tool",), gracefully=True)
        >> processes_ended_event(request)
        << StartTimer(request, SAVE, SAVE_S)
        >> harness.saved()
        << StopTimer(request, SAVE)
        << STOPPED
    )


def test_an_agent_that_ends_while_its_processes_are_listed_is_not_signalled() -> None:
    harness, request = Harness(AGENT), some_request()
    assert (
        harness.running()
        >> harness.stop()
        << RecordEndRequest("stop")
        << ListProcesses(request)
        >> harness.ended()
        >> listed(request, "a tool")
        << EndProcesses(request, ("a tool",), gracefully=True)
        >> harness.saved()
        >> processes_ended_event(request)
        << STOPPED
    )


def test_a_program_that_has_not_started_yet_is_ended_once_it_runs() -> None:
    harness, request = Harness(OTHER), some_request()
    assert (
        harness.script()
        >> harness.kill()
        >> do(harness.requests.program_runs)
        << RecordEndRequest("kill")
        << KILL
        >> harness.ended()
        << StartTimer(request, SAVE, SAVE_S)
        >> harness.saved()
        << StopTimer(request, SAVE)
        << KILLED
    )


def test_a_stop_is_answered_after_a_time_out_if_the_disk_refuses_the_exit() -> None:
    harness, request = Harness(AGENT), some_request()
    assert (
        harness.running()
        >> harness.kill()
        << RecordEndRequest("kill")
        << ListProcesses(request)
        >> listed(request)
        << KILL
        >> harness.ended()
        << EndProcesses(request, (), gracefully=False)
        >> processes_ended_event(request)
        << StartTimer(request, SAVE, SAVE_S)
        >> due(request, SAVE)
        << KILLED
        >> harness.saved()
    )


@pytest.mark.parametrize("stops_first", [True, False])
def test_a_kill_during_a_stop_answers_both_requests(stops_first: bool) -> None:
    harness, stopping, killing = Harness(SHELL), some_request(), some_request()
    script = harness.running()
    if stops_first:
        script = script >> harness.stop() << RecordEndRequest("stop") << HUP << CONT << StartTimer(stopping, STEP, 4.0)
        script = script >> harness.kill() << RecordEndRequest("kill") << KILL
        script = script >> harness.ended() << StopTimer(stopping, STEP) << StartTimer(stopping, SAVE, SAVE_S)
        script = script << StartTimer(killing, SAVE, SAVE_S)
        first, second, answers = stopping, killing, (STOPPED, KILLED)
    else:
        script = script >> harness.kill() << RecordEndRequest("kill") << KILL
        script = script >> harness.stop() << RecordEndRequest("stop") << HUP << CONT << StartTimer(stopping, STEP, 4.0)
        script = script >> harness.ended() << StartTimer(killing, SAVE, SAVE_S) << StopTimer(stopping, STEP)
        script = script << StartTimer(stopping, SAVE, SAVE_S)
        first, second, answers = killing, stopping, (KILLED, STOPPED)
    assert script >> harness.saved() << StopTimer(first, SAVE) << answers[0] << StopTimer(second, SAVE) << answers[1]
