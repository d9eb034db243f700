"""Ctrl+C is noted until a wait has seen it."""

from __future__ import annotations

import asyncio
import signal
import sys
import weakref

import pytest

from session_host.client.sessions.following import Following, events_since
from session_host.client.sessions.store_access import open_store
from session_host.system import interrupts
from session_host.system.event_loop import run_command
from tests.support.area import Area


class _Thing: ...


@pytest.fixture(autouse=True)
def _told_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python tells the errors that it drops; here, that is expected."""
    monkeypatch.setattr(sys, "unraisablehook", lambda _error: None)


def interrupt_in_callback() -> None:
    """Ctrl+C in a callback whose errors Python drops."""
    thing = _Thing()
    reference = weakref.ref(thing, lambda _gone: signal.raise_signal(signal.SIGINT))
    del thing
    assert reference() is None


def test_an_interrupt_that_python_drops_is_told_by_the_next_check() -> None:
    with interrupts.noted():
        interrupts.check()
        interrupt_in_callback()
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
    with interrupts.noted():
        interrupts.check()


def test_a_wait_for_events_ends_by_an_interrupt_that_python_dropped(area: Area) -> None:
    del area
    with open_store() as store:
        position = store.ledger.position()
    with interrupts.noted(), Following(events_since, position) as following:
        interrupt_in_callback()
        with pytest.raises(KeyboardInterrupt):
            following.wait()


def test_a_wait_for_events_ends_by_an_interrupt_that_came_as_a_coroutine_ended(area: Area) -> None:
    del area
    with open_store() as store:
        position = store.ledger.position()

    async def ends() -> str:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        await asyncio.sleep(0)
        return "result"

    with interrupts.noted(), Following(events_since, position) as following:
        assert run_command(ends()) == "result", "what was done is told"
        with pytest.raises(KeyboardInterrupt):
            following.wait()


def test_a_coroutine_does_not_begin_after_an_interrupt_that_python_dropped() -> None:
    async def never() -> None:
        raise AssertionError

    with interrupts.noted():
        interrupt_in_callback()
        with pytest.raises(KeyboardInterrupt):
            run_command(never())
        assert signal.getsignal(signal.SIGINT) is interrupts.interrupt


def test_an_interrupt_before_a_coroutine_begins_is_no_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """``asyncio.run`` forgets one that comes between its own handler and its count: it raises CancelledError."""
    before = asyncio.Runner.run

    def run(runner: asyncio.Runner, *arguments: object) -> object:
        signal.raise_signal(signal.SIGINT)
        return before(runner, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(asyncio.Runner, "run", run)

    async def never() -> None:
        raise AssertionError

    with interrupts.noted(), pytest.raises(KeyboardInterrupt):
        run_command(never())


def test_an_ignored_signal_stays_ignored() -> None:
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts.noted():
            signal.raise_signal(signal.SIGINT)
            interrupts.check()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, usual)
    with interrupts.noted():
        assert signal.getsignal(signal.SIGINT) is interrupts.interrupt
    assert signal.getsignal(signal.SIGINT) is usual
