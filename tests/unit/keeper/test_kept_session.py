"""What a dead host says about its session: how long to wait for the next, and whether the engine is to blame."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.keeper.kept_session import CRASHES_WITHIN_S, RESTART_DELAYS_S, SUSPICIOUS_DEATHS, KeptSession
from session_host.protocol.keeper import Leave
from session_host.protocol.values import GridSize
from session_host.storage.descriptors import session_descriptors
from session_host.storage.descriptors.input_log import InputLog, LogHeader
from session_host.storage.descriptors.splice import Splicer
from tests.support.kept_sessions import spec_of
from tests.support.leaks import descriptors as open_descriptors


@pytest.fixture
def session() -> Iterator[KeptSession]:
    spec = spec_of()
    path = Path(spec.socket_path)
    before = open_descriptors()
    descriptors, slave = session_descriptors.create_descriptors(path, GridSize(80, 24))
    InputLog(descriptors.input_log, descriptors.master, Splicer()).close()
    own = KeptSession(spec, descriptors, LogHeader(descriptors.input_log), slave)
    yield own
    own.close()
    path.unlink()
    assert (open_descriptors() - before).total() == 0


def test_the_first_is_followed_at_once_and_later_ones_less_and_less_soon(session: KeptSession) -> None:
    waits = [session.count_death(None) for _ in range(12)]
    assert waits[:2] == [0.0, 0.0]
    assert waits == sorted(waits)
    assert waits[-1] == RESTART_DELAYS_S[-1]
    session.failed_hosts = 0  # one has taken over
    assert session.count_death(None) == 0.0


def test_being_killed_by_somebody_says_nothing_about_the_engine(session: KeptSession) -> None:
    for _ in range(20):
        session.count_death(signal.SIGKILL)
    assert not session.header.engine_suspected


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE])
def test_crashes_in_a_row_do(session: KeptSession, number: int) -> None:
    for _ in range(SUSPICIOUS_DEATHS - 1):
        session.count_death(number | 0x80)
        assert not session.header.engine_suspected
    session.count_death(number)
    assert session.header.engine_suspected


def test_crashes_that_are_far_apart_do_not(session: KeptSession, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    for _ in range(10):
        now_s += CRASHES_WITHIN_S
        session.count_death(signal.SIGSEGV)
    assert not session.header.engine_suspected


def test_deaths_over_the_same_output_do_however_they_look(session: KeptSession) -> None:
    for death in range(SUSPICIOUS_DEATHS):
        assert not session.header.engine_suspected, death
        session.header.engine_started(4711)
        session.count_death(signal.SIGKILL)
    assert session.header.engine_suspected


def test_words_to_a_host_that_is_gone_do_no_harm(session: KeptSession) -> None:
    session.send_to_host(Leave())


def test_the_other_side_of_the_terminal_is_let_go_of_once(session: KeptSession) -> None:
    slave = session.slave
    session.close_slave()
    session.close_slave()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(slave)
