"""Deaths of a session's hosts decide when the next host starts and whether the engine is suspected."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.keeper.keeper import stop_without_host
from session_host.keeper.kept_session import (
    CRASHES_WITHIN_S,
    RESTART_DELAYS_S,
    SUSPICIOUS_DEATHS,
    KeptSession,
    KeptSessionState,
)
from session_host.protocol.keeper import EndBegun, Leave
from session_host.protocol.values import GridSize
from session_host.storage.descriptors import session_descriptors
from session_host.storage.descriptors.input_log import InputLog, LogHeader
from session_host.storage.descriptors.splice import Splicer
from session_host.system.processes.identity import is_stopped
from tests.support.leaks import descriptors as open_descriptors
from tests.support.session_harness import spec_of
from tests.support.waiting import wait_until


@pytest.fixture
def session() -> Iterator[KeptSession]:
    spec = spec_of()
    path = Path(spec.socket_path)
    before = open_descriptors()
    descriptors, slave = session_descriptors.create_descriptors(path, GridSize(80, 24))
    InputLog(descriptors.input_log, descriptors.master, Splicer()).close()
    session = KeptSession(spec, descriptors, LogHeader(descriptors.input_log), slave)
    yield session
    session.close()
    path.unlink()
    assert (open_descriptors() - before).total() == 0


def test_the_first_dead_hosts_are_replaced_at_once_and_later_ones_after_growing_delays(session: KeptSession) -> None:
    waits = [session.count_death(None) for _ in range(12)]
    assert waits[:2] == [0.0, 0.0]
    assert waits == sorted(waits)
    assert waits[-1] == RESTART_DELAYS_S[-1]
    session.failed_hosts = 0  # a host has taken over
    assert session.count_death(None) == 0.0


def test_sigkill_alone_does_not_make_the_engine_suspected(session: KeptSession) -> None:
    for _ in range(20):
        session.count_death(signal.SIGKILL)
    assert not session.header.engine_suspected


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGFPE])
def test_repeated_crashes_make_the_engine_suspected(session: KeptSession, number: int) -> None:
    for _ in range(SUSPICIOUS_DEATHS - 1):
        session.count_death(number | 0x80)
        assert not session.header.engine_suspected
    session.count_death(number)
    assert session.header.engine_suspected


def test_crashes_far_apart_do_not_make_the_engine_suspected(
    session: KeptSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    for _ in range(10):
        now_s += CRASHES_WITHIN_S
        session.count_death(signal.SIGSEGV)
    assert not session.header.engine_suspected


def test_any_deaths_during_the_same_output_make_the_engine_suspected(session: KeptSession) -> None:
    for death in range(SUSPICIOUS_DEATHS):
        assert not session.header.engine_suspected, death
        session.header.engine_started(4711)
        session.count_death(signal.SIGKILL)
    assert session.header.engine_suspected


KILLED, FAILED, LEFT = int(signal.SIGKILL), 70 << 8, 0


@pytest.mark.parametrize(
    ("deaths", "counted"),
    [
        ([FAILED, FAILED], 2),
        ([FAILED, KILLED, None, LEFT, signal.SIGTERM], 1),
        ([signal.SIGSEGV] * SUSPICIOUS_DEATHS, 0),
        ([signal.SIGSEGV] * (SUSPICIOUS_DEATHS + 2) + [KILLED], 2),
    ],
)
def test_only_hosts_that_failed_at_the_end_count_against_it(
    session: KeptSession, deaths: list[int | None], counted: int
) -> None:
    """While the other engine may help, a crash does not count, either."""
    session.state = KeptSessionState.RUNNING
    session.header.exit_status = 42 << 8
    for death in deaths:
        session.count_death(death)
    assert session.header.failed_ends == counted


@pytest.mark.parametrize("when", ["before its end", "after it is recorded", "before its start is reported"])
def test_a_host_that_fails_at_another_time_does_not_count(session: KeptSession, when: str) -> None:
    """A program that runs is never given up."""
    if when != "before its start is reported":
        session.state = KeptSessionState.RUNNING
    if when != "before its end":
        session.header.exit_status = 42 << 8
    session.header.exit_saved = when == "after it is recorded"
    for _ in range(20):
        session.count_death(FAILED)
    assert session.header.failed_ends == 0


def test_a_stopped_program_is_continued_so_that_it_can_exit_by_itself(session: KeptSession) -> None:
    script = "trap 'exit 7' TERM; kill -STOP $$; while :; do sleep 0.1; done"
    with subprocess.Popen(["sh", "-c", script], start_new_session=True) as program:
        try:
            wait_until(lambda: is_stopped(program.pid), 20, "the program to be stopped")
            session.state = KeptSessionState.RUNNING
            session.header.child = program.pid
            assert stop_without_host(session) == EndBegun(0)
            assert program.wait(20) == 7
        finally:
            program.kill()


def test_a_message_to_a_dead_host_does_no_harm(session: KeptSession) -> None:
    session.send_to_host(Leave())
