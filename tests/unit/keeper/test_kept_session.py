"""What a dead host says about its session: how long to wait for the next, and whether the engine is to blame."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.keeper.kept_session import CRASHES_WITHIN_S, PATIENCE, SUSPICIOUS_DEATHS, KeptSession
from session_host.protocol.keeper import Yield
from session_host.protocol.values import GridSize
from session_host.storage.descriptors import session_descriptors
from session_host.storage.descriptors.input_log import InputLog, LogHeader
from session_host.storage.descriptors.splice import Splicer
from tests.support.estates import spec_of
from tests.support.leaks import descriptors as open_descriptors


@pytest.fixture
def ward() -> Iterator[KeptSession]:
    spec = spec_of()
    path = Path(spec.socket_path)
    before = open_descriptors()
    estate, slave = session_descriptors.create_descriptors(path, GridSize(80, 24))
    InputLog(estate.ledger, estate.master, Splicer()).close()
    own = KeptSession(spec, estate, LogHeader(estate.ledger), slave)
    yield own
    own.close()
    path.unlink()
    assert (open_descriptors() - before).total() == 0


def test_the_first_is_followed_at_once_and_later_ones_less_and_less_soon(ward: KeptSession) -> None:
    waits = [ward.count_death(None) for _ in range(12)]
    assert waits[:2] == [0.0, 0.0]
    assert waits == sorted(waits)
    assert waits[-1] == PATIENCE[-1]
    ward.failed_hosts = 0  # one has taken over
    assert ward.count_death(None) == 0.0


def test_being_killed_by_somebody_says_nothing_about_the_engine(ward: KeptSession) -> None:
    for _ in range(20):
        ward.count_death(signal.SIGKILL)
    assert not ward.page.engine_suspected


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE])
def test_crashes_in_a_row_do(ward: KeptSession, number: int) -> None:
    for _ in range(SUSPICIOUS_DEATHS - 1):
        ward.count_death(number | 0x80)
        assert not ward.page.engine_suspected
    ward.count_death(number)
    assert ward.page.engine_suspected


def test_crashes_that_are_far_apart_do_not(ward: KeptSession, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    for _ in range(10):
        now_s += CRASHES_WITHIN_S
        ward.count_death(signal.SIGSEGV)
    assert not ward.page.engine_suspected


def test_deaths_over_the_same_output_do_however_they_look(ward: KeptSession) -> None:
    for death in range(SUSPICIOUS_DEATHS):
        assert not ward.page.engine_suspected, death
        ward.page.engine_started(4711)
        ward.count_death(signal.SIGKILL)
    assert ward.page.engine_suspected


def test_words_to_a_host_that_is_gone_do_no_harm(ward: KeptSession) -> None:
    ward.send_to_host(Yield())


def test_the_other_side_of_the_terminal_is_let_go_of_once(ward: KeptSession) -> None:
    slave = ward.slave
    ward.close_slave()
    ward.close_slave()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(slave)
