"""Requests to a chat whose host is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from session_host.client import control
from session_host.client.machine import THIS_MACHINE
from session_host.client.sessions.hosts import end_without_host
from session_host.client.sessions.store_access import outcome_of
from session_host.errors import HostUnavailable, NotAllowed, OutliveError
from session_host.protocol.facts import Outcome
from session_host.protocol.messages import Describe, Done, Kill, Request, Stop
from session_host.protocol.values import State

LOST = "the connection to the chat was lost; try again"


class WithoutHost:
    """A machine with a chat that has no host."""

    def __init__(self, end: Callable[[], str]) -> None:
        self.end = end

    async def connect(self, *_: object) -> Any:
        raise HostUnavailable(LOST)

    async def call(self, function: Callable[..., Any], *_: object, **__: object) -> Any:
        if function is end_without_host:
            return self.end()
        return Outcome(State.RUNNING) if function is outcome_of else False

    def __getattr__(self, name: str) -> Any:
        return getattr(THIS_MACHINE, name)


def fails(error: OutliveError) -> Callable[[], str]:
    def end() -> str:
        raise error

    return end


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "RETRY_S", (0.0,))


@pytest.mark.parametrize("message", [Stop(0), Kill(0)])
async def test_its_end_goes_by_the_keeper(message: Request) -> None:
    machine: Any = WithoutHost(lambda: "the keeper ended the agent")
    assert await control.request("id", message, machine) == Done(0, "the keeper ended the agent")


@pytest.mark.parametrize(
    ("message", "end", "said"),
    [
        (Stop(0), lambda: "", LOST),
        (Describe(0), lambda: "not asked", LOST),
        (Stop(0), fails(HostUnavailable("its exit is not saved yet")), "its exit is not saved yet"),
        (Kill(0), fails(NotAllowed("an agent may not")), "an agent may not"),
        (Stop(0), fails(OutliveError("this version of Outlive has no call 'end_without_host'")), LOST),
    ],
    ids=["has a host", "another request", "not saved", "not allowed", "a machine with an earlier version"],
)
async def test_a_failure_names_what_the_user_can_do(message: Request, end: Callable[[], str], said: str) -> None:
    machine: Any = WithoutHost(end)
    with pytest.raises(OutliveError, match=said):
        await control.request("id", message, machine)
