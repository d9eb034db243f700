"""Input typed while an agent starts reaches its input line, once and in order, and answers no question."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from session_host.agents.agent import ConversationSettings
from session_host.client.connection import HostConnection
from session_host.client.control import request
from session_host.client.machine import ThisMachine
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.errors import Unreachable
from session_host.machines.another import AnotherMachine
from session_host.protocol.facts import ChatFacts, LaterPrompt
from session_host.protocol.messages import Describe, Description, NoticeEvent, Role
from session_host.protocol.values import Activity, ErrorCode
from session_host.session.starting_input import ASKS, WAITS
from tests.programs import Gate, program
from tests.support.facts import known
from tests.support.hosts import Watcher, description_of, end, see, start, watching, write_as_program
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("sessions")

SIGNALS = {"input_line": "> ", "start_question": r"\s*❯ \d\. ", "held_within_s": 60.0, "resumed_line": r"\* "}
CONVERSATION = ConversationSettings(options={"--resume": "flag"})


class Agent(NamedTuple):
    """An agent that starts in steps (``tests/programs/starting_agent``), one for each release of the gate."""

    gate: Gate
    path: Path

    async def start(
        self, *arguments: str, asks_by_notification: bool = False, first: LaterPrompt | None = None
    ) -> ChatFacts:
        argv = program("starting_agent", self.path, self.gate.path, *arguments)
        return await start(
            *argv,
            asks_by_notification=asks_by_notification,
            signals=SIGNALS,
            conversation=CONVERSATION,
            first=first,
        )

    def accepted(self) -> bytes:
        """The input that the agent has accepted at its input line."""
        return self.path.read_bytes() if self.path.exists() else b""

    async def wait_for_input(self, typed: bytes) -> None:
        """Wait until the agent has accepted this input; fails if it got any other."""
        await eventually(lambda: len(self.accepted()) >= len(typed), 20, lambda: f"{typed!r}, not {self.accepted()!r}")
        assert self.accepted() == typed


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with Gate(tmp_path / "gate") as gate:
        yield Agent(gate, tmp_path / "kept")


def type_keys(viewer: Viewer, text: str) -> None:
    for character in text:
        if character == "\r":
            viewer.key("Enter", "")
        else:
            viewer.key(character, character)


async def wait_for_notice(watcher: Watcher, notice: str) -> None:
    def is_last() -> bool:
        notices = [each.text for each in watcher.events if isinstance(each, NoticeEvent)]
        return bool(notices) and notices[-1] == notice

    await watcher.until(is_last, f"the notice {notice!r}")


async def test_input_during_the_start_waits_for_the_input_line_and_enter_is_a_separate_key(
    agent: Agent,
) -> None:
    record = await agent.start()
    async with watching(record.id) as (viewer, watcher):
        type_keys(viewer, "first\r")
        await wait_for_notice(watcher, WAITS)
        agent.gate.release()
        await see(viewer, watcher, "loading")  # The terminal is in raw mode now, and the agent drops its input.
        type_keys(viewer, "second")
        viewer.paste("a\nb")
        agent.gate.release()
        await agent.wait_for_input(b"first\rsecond\x1b[200~a\rb\x1b[201~")
        await wait_for_notice(watcher, "")
        type_keys(viewer, "\rz")
        await agent.wait_for_input(b"first\rsecond\x1b[200~a\rb\x1b[201~\rz")
        assert watcher.refusals == []
        await watcher.until(lambda: len(viewer.inputs) == 0, "all to be acknowledged")
    await end(record.id)


async def test_waiting_input_outlives_its_viewer_and_its_host_and_is_typed_once(agent: Agent) -> None:
    record = await agent.start()
    async with watching(record.id) as (viewer, watcher):
        type_keys(viewer, "first\r")
        await wait_for_notice(watcher, WAITS)
    async with watching(record.id) as (viewer, watcher):
        type_keys(viewer, "second\r")
        described = await request(record.id, Describe(0))
        assert isinstance(described, Description)
        os.kill(known(described.facts.program.host_pid), signal.SIGKILL)
        type_keys(viewer, "third\r")
        agent.gate.release(2)
        await agent.wait_for_input(b"first\rsecond\rthird\r")
    await end(record.id)


async def test_input_typed_before_a_question_is_refused_and_does_not_answer_it(agent: Agent) -> None:
    record = await agent.start("--ask")
    answer_file = Path(f"{agent.path}.asked")
    async with watching(record.id) as (viewer, watcher):
        type_keys(viewer, "1\r")
        await wait_for_notice(watcher, WAITS)
        agent.gate.release(2)
        await see(viewer, watcher, "1. Yes")
        await watcher.until(lambda: bool(watcher.refusals), "the refusal")
        assert (watcher.refusals[0].code, watcher.refusals[0].message) == (ErrorCode.NEEDS_INPUT, ASKS)
        type_keys(viewer, "\r")  # The user has not accepted the refusal yet.
        await watcher.until(lambda: len(watcher.refusals) > 1, "the next refusal")
        assert not answer_file.exists()

        viewer.accept_refusal()
        type_keys(viewer, "1")
        await see(viewer, watcher, "loading again")
        assert answer_file.read_bytes() == b"1"
        type_keys(viewer, "later\r")
        await wait_for_notice(watcher, WAITS)
        agent.gate.release()
        await agent.wait_for_input(b"later\r")
    await end(record.id)


class FarMachine(AnotherMachine, ThisMachine):
    """This machine, as if it were at the end of a line."""

    name = "far"

    def __init__(self) -> None:
        self.is_cut = False

    async def connect(self, session_id: str, role: Role, engine_build: str = "") -> HostConnection:
        if self.is_cut:
            raise Unreachable("far: no route")
        return await super().connect(session_id, role, engine_build)

    async def wait_reachable(self) -> None:
        await eventually(lambda: not self.is_cut, 60, "the line")


async def test_input_is_taken_after_a_refusal_accepted_while_the_user_is_asked_about_kept_input(agent: Agent) -> None:
    record = await agent.start("--ask", asks_by_notification=True)
    machine = FarMachine()
    async with watching(record.id, machine=machine) as (viewer, watcher):
        type_keys(viewer, "1\r")
        await wait_for_notice(watcher, WAITS)
        machine.is_cut = True
        viewer.connector.drop()
        await watcher.until(lambda: viewer.line.shown is ViewerState.UNREACHABLE, "the line to be lost")
        viewer.text("x")
        write_as_program(record, b"\x1b]9;May I?\a")
        await eventually(lambda: is_asking(record.id), 20, "the question")
        machine.is_cut = False
        await watcher.until(lambda: viewer.asks_to_send, "the user to be asked")
        agent.gate.release(2)
        await watcher.until(lambda: bool(watcher.refusals), "the refusal")
        assert (watcher.refusals[0].message, viewer.inputs.characters()) == (ASKS, 0)

        viewer.accept_refusal()
        viewer.text("1")
        viewer.send_kept()
        await watcher.until(lambda: not viewer.inputs, "the answer to be typed, or refused")
        assert len(watcher.refusals) == 1
        await see(viewer, watcher, "loading again")
        assert Path(f"{agent.path}.asked").read_bytes() == b"1"
    await end(record.id)


def is_asking(session_id: str) -> bool:
    return description_of(session_id).facts.status.activity is Activity.NEEDS_INPUT


async def test_input_waits_until_a_resumed_agent_shows_its_conversation(agent: Agent) -> None:
    """Before that, it shows its input line once without reading, and drops what was typed there."""
    record = await agent.start("--resume")
    async with watching(record.id) as (viewer, watcher):
        agent.gate.release(2)
        await see(viewer, watcher, "> Type here")
        type_keys(viewer, "first\r")
        await wait_for_notice(watcher, WAITS)
        agent.gate.release()
        await see(viewer, watcher, "resuming")
        type_keys(viewer, "second\r")
        agent.gate.release()
        await agent.wait_for_input(b"first\rsecond\r")
    await end(record.id)


WAKES = LaterPrompt("2026-01-01T00:00:00Z", "wake up", token="2" * 32, stage="sending", wakes=True)
TEXT = b"\x1b[200~wake up\x1b[201~\r"


async def test_keys_come_behind_the_text_that_wakes_a_chat_also_after_its_host_was_killed(agent: Agent) -> None:
    record = await agent.start(first=WAKES)
    async with watching(record.id) as (viewer, watcher):
        type_keys(viewer, "first\r")
        await wait_for_notice(watcher, WAITS)
        described = await request(record.id, Describe(0))
        assert isinstance(described, Description)
        os.kill(known(described.facts.program.host_pid), signal.SIGKILL)
        type_keys(viewer, "second\r")
        agent.gate.release(2)
        await agent.wait_for_input(TEXT + b"first\rsecond\r")
        type_keys(viewer, "z")
        await agent.wait_for_input(TEXT + b"first\rsecond\rz")
        assert watcher.refusals == []
    await end(record.id)


async def test_the_question_of_an_agent_that_is_woken_is_answered_by_keys(agent: Agent) -> None:
    record = await agent.start("--ask", first=WAKES)
    async with watching(record.id) as (viewer, watcher):
        agent.gate.release(2)
        await see(viewer, watcher, "1. Yes")
        await eventually(lambda: not is_waking(record.id), 20, "the text to be kept for the user")
        type_keys(viewer, "1")
        await see(viewer, watcher, "loading again")
        assert Path(f"{agent.path}.asked").read_bytes() == b"1"
        agent.gate.release()
        await see(viewer, watcher, "> Type here")
        type_keys(viewer, "after\r")
        await agent.wait_for_input(b"after\r")
    await end(record.id)


def is_waking(session_id: str) -> bool:
    """Whether the text that wakes a chat is still to be typed."""
    later = description_of(session_id).facts.status.continues
    assert later is not None
    assert later.text == WAKES.text
    return later.stage == "sending"
