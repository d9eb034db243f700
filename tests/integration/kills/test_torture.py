"""Processes of the product are killed at random moments, and nothing is lost; the benchmark is the long form.

The last tests cause a loss or a repetition on purpose, and check that the run reports it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from session_host.client.control import ControlConnection, request
from session_host.client.sessions.session_info import SessionInfo
from session_host.protocol.messages import Output, Send
from session_host.storage.store import SessionRecord
from tests.benchmarks.kills.chat import Chat, chats, described, recorded
from tests.benchmarks.kills.recorder import RecordingViewer
from tests.benchmarks.kills.relayed import RelayedChat
from tests.benchmarks.kills.torture import Kill, Outcome, Torture, plan
from tests.benchmarks.kills.witness import SIZE
from tests.support import processes
from tests.support.area import Area
from tests.support.hosts import start

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("sessions")]

SEED = 20_260_101


@pytest.fixture
def records(area: Area) -> Path:
    directory = area.root / "records"
    directory.mkdir()
    return directory


@pytest.mark.parametrize(
    ("roles", "kills"),
    [
        (("host", "structured host", "relay", "keeper", "viewer", "command"), 12),
        (("standby", "two", "sequence"), 6),
    ],
)
async def test_random_kills_lose_nothing(roles: tuple[str, ...], kills: int, records: Path) -> None:
    outcome = await Torture(records, plan(SEED, kills, 2, roles), seed=SEED, sessions=2).run()
    assert outcome.losses == []
    assert sum(outcome.killed.values()) == kills
    assert outcome.figures["bytes written"] > 10_000, "the agents were at work"
    logged = [json.loads(line) for line in (records / "kills.jsonl").read_text().splitlines()]
    assert [kill["number"] for kill in logged] == list(range(1, kills + 1))


def test_a_seed_makes_the_same_kills_again() -> None:
    roles = ("host", "keeper", "command")
    first, again, another = plan(7, 50, 3, roles), plan(7, 50, 3, roles), plan(8, 50, 3, roles)
    assert first == again != another
    assert {kill.role for kill in first} == set(roles)
    assert {kill.chat for kill in first} == {0, 1, 2}


# ------------------------------------------------------------------------------- planted losses


class RunWithFault(Torture):
    """A run with a deliberate fault at the second kill."""

    async def _kill(self, kill: Kill) -> None:
        await super()._kill(kill)
        if kill.number == 2:
            [chat] = self._chats
            match self.planted:
                case "agent":
                    os.kill(chat.witness.pid, signal.SIGKILL)
                case "input":
                    # A text that was typed once is sent again.
                    await request(chat.witness.id, Send(0, chat.typed.sure[0]))
                case "never typed":
                    chat.typed.sure.append(chat.next_token("v"))

    planted = ""


async def run_with_fault(records: Path, what: str) -> Outcome:
    run = RunWithFault(records, plan(SEED, 3, 1, ["command"]), seed=SEED, sessions=1)
    run.planted = what
    return await run.run()


async def test_a_missing_agent_counts_as_a_loss(records: Path) -> None:
    assert "chat 0: the agent is gone" in (await run_with_fault(records, "agent")).losses


async def test_a_repeated_input_counts_as_a_loss(records: Path) -> None:
    [loss, *_] = (await run_with_fault(records, "input")).losses
    assert loss.endswith("read 2 times")


async def test_a_missing_input_counts_as_a_loss(records: Path) -> None:
    [loss, *_] = (await run_with_fault(records, "never typed")).losses
    assert "1 inputs missing" in loss


class RunWithLostEcho(Torture):
    """A run in which the viewer misses the last echo: no later snapshot repairs its screen."""

    is_losing = False

    async def _collect_losses(self) -> None:
        [chat] = self._chats
        await chat.settle()
        self.is_losing = True
        chat.type_text()
        await super()._collect_losses()


async def test_output_that_a_viewer_lacks_counts_as_a_loss(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunWithLostEcho(records, plan(SEED, 3, 1, ["command"]), seed=SEED, sessions=1)
    take = RecordingViewer._message

    def lose_one(viewer: RecordingViewer, message: Any) -> None:
        if run.is_losing and isinstance(message, Output):
            run.is_losing = False
            viewer._rules.offset += len(message.data)
        else:
            take(viewer, message)

    monkeypatch.setattr(RecordingViewer, "_message", lose_one)
    losses = (await run.run()).losses
    assert any("viewer: " in loss and "bytes missing at offset" in loss for loss in losses), losses
    assert any("the viewer shows otherwise" in loss for loss in losses), losses


# ------------------------------------------------------------------------------- the run itself


async def test_a_text_that_a_killed_command_leaves_is_typed_before_the_screens_are_compared(records: Path) -> None:
    """The host types it late: the earlier text's Enter comes first, after a pause."""
    chat = Chat(records, 0)
    try:
        await chat.adopt(await start(*chat.witness.argv, size=SIZE, signals={"enter_after_s": 0.5}))
        async with ControlConnection(chat.witness.id) as first, ControlConnection(chat.witness.id) as second:
            first.send_only(Send(1, chat.next_token("s"), enter=True))
            await chat.until(lambda: b"<s1>" in chat.witness.received, "the first text to be typed")
            second.send_only(Send(2, chat.next_token("s")))
        await chat.settle()
        assert b"<s2>" in chat.witness.received
    finally:
        await chat.close()


class RunWithStoppedHost(Torture):
    """A run in which the first chat's host does not answer, until a list of the chats is made without it."""

    async def _kill(self, kill: Kill) -> None:
        self.stopped = (await described(self._chats[0].witness.id)).host_pid
        assert self.stopped is not None
        processes.stop(self.stopped)
        await super()._kill(kill)

    def go_on(self) -> None:
        """Let the host run, if it is stopped."""
        if self.stopped:
            os.kill(self.stopped, signal.SIGCONT)
            self.stopped = None

    stopped: int | None = None


async def test_a_host_that_answers_late_is_no_loss(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunWithStoppedHost(records, plan(SEED, 1, 1, ["standby"]), seed=SEED, sessions=1)

    async def list_once() -> dict[str, SessionInfo]:
        found = await chats()
        run.go_on()
        return found

    monkeypatch.setattr("tests.benchmarks.kills.chat.chats", list_once)
    monkeypatch.setattr("tests.benchmarks.kills.torture.chats", list_once)
    assert (await run.run()).losses == []


class RelayThatDiesAgain(RelayedChat):
    """A chat with a relay that dies once more when it is resumed, before a viewer attaches."""

    async def _follow(self, record: SessionRecord) -> None:
        if self.deaths == 1:
            self._record = record
            pid, _ = await self._pids()
            os.kill(pid, signal.SIGKILL)
            await self.until(lambda: (end := recorded(record.id)) is not None and end.state == "exited", "the end")
        await super()._follow(record)


async def test_a_relay_that_dies_before_a_viewer_attaches_is_no_loss(records: Path) -> None:
    chat = RelayThatDiesAgain(records)
    try:
        await chat.start()
        work = asyncio.create_task(chat.work())
        await chat.inject_fault("relay killed")
        chat.stop()
        await work
        assert chat.losses() == []
    finally:
        await chat.close()
    assert chat.deaths == 2
