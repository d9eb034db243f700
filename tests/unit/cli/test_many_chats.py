"""Commands about hundreds of chats: some at a time, and printing how far they are."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from typing import Any, Self

import pytest

from session_host.cli import ending, processes
from session_host.client import control
from session_host.client.connection import HostNotResponding
from session_host.client.sessions.hosts import UpgradeResult
from session_host.client.sessions.session_info import info_of
from session_host.errors import AlreadyEnding, HostUnavailable, SessionEnded
from session_host.protocol.messages import Done, Kill
from tests.support.facts import chat_facts


def chats(count: int) -> list[Any]:
    return [
        info_of(chat_facts(id=f"00000000-0000-4000-8000-{number:012}", name=f"c{number}", agent="command"))
        for number in range(count)
    ]


def test_hundreds_of_chats_are_killed_some_at_a_time_and_the_progress_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked, most = 0, 0

    async def request(session_id: str, message: Kill) -> Done:
        nonlocal asked, most
        asked += 1
        most = max(most, asked)
        for _ in range(3):
            await asyncio.sleep(0)
        asked -= 1
        if session_id.endswith("7"):
            raise SessionEnded("it ended by itself")
        if session_id.endswith("42"):
            raise HostUnavailable("no host")
        return Done(message.request)

    monkeypatch.setattr(control, "request", request)
    assert ending.kill_chats(chats(120)) == ["c42: no host"]
    assert most == ending.KILLED_AT_ONCE
    assert capsys.readouterr().out == "50 of 120 …\n100 of 120 …\n"


async def test_a_chat_that_is_already_ending_is_no_failure_of_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: Iterator[Any] = iter([HostNotResponding("late"), HostNotResponding("late"), Done(0)])

    class SlowHost:
        """A host that is late with its answer twice."""

        def __init__(self, session_id: str, machine: object) -> None:
            pass

        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *error: object) -> None:
            pass

        async def request(self, message: Kill) -> Done:
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return Done(message.request)

    def kill_unresponsive(session_id: str) -> str:
        raise AlreadyEnding("the chat is already ending; try again")

    monkeypatch.setattr(control, "ControlConnection", SlowHost)
    monkeypatch.setattr(control, "is_host_stopped", lambda session_id: False)
    monkeypatch.setattr(control, "kill_unresponsive", kill_unresponsive)
    assert isinstance(await control.request("one", Kill(0)), Done)
    assert next(answers, None) is None


def test_upgrade_prints_each_chat_as_soon_as_it_is_updated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = []

    def upgrade(store: object, session_id: str | None) -> Iterator[UpgradeResult]:
        for number in range(3):
            printed.append(capsys.readouterr().out)
            yield UpgradeResult("id", f"c{number}", True, "updated")

    monkeypatch.setattr(processes, "upgrade", upgrade)
    monkeypatch.setattr(processes, "with_store", lambda use: use(None))
    assert processes.run_upgrade(argparse.Namespace(session=None)) == 0
    assert [*printed, capsys.readouterr().out] == ["", "c0: updated\n", "c1: updated\n", "c2: updated\n"]
