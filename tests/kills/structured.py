"""A structured chat with a fake agent: makes turns with an approval, and reports what is lost or doubled."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

from session_host.client.viewer.viewer import ViewerState
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import Prompt
from session_host.structured.items import AgentRequest
from tests.kills.chat import described
from tests.support.structured_chats import ChatViewer, received, start_chat
from tests.support.waiting import TIMEOUT_S, WaitTimeout

LINES = 40
DELAY_MS = 4
DECISION_CHARACTERS = 40
"""Maximum length of an answer's part about the decision."""

_TURN = re.compile(r"run: echo (\d+)")


class StructuredWitness:
    """A structured chat, its permanent viewer, and its turns.

    Attributes:
        turns: the number of turns up to now.
    """

    def __init__(self, directory: Path, name: str = "structured") -> None:
        self.name = name
        self.directory = directory / name
        self.directory.mkdir()
        self.turns = 0
        self._is_stopped = False
        self._chat: ChatViewer | None = None
        self._record: ChatFacts | None = None

    @property
    def id(self) -> str:
        """The session's id."""
        assert self._record is not None
        return self._record.id

    @property
    def is_started(self) -> bool:
        """Whether the session has been started."""
        return self._record is not None

    async def start(self, prompt: str = "") -> None:
        """Start the chat, with a prompt or without one, and its permanent viewer."""
        self._record = await start_chat(self.directory, prompt=prompt, name=self.name)
        self._chat = ChatViewer(self._record.id)
        self._chat.viewer.start()
        await self.until(lambda: self.viewer.viewer.line.shown is ViewerState.LIVE, "the viewer to be live")

    @property
    def viewer(self) -> ChatViewer:
        """The permanent viewer."""
        assert self._chat is not None
        return self._chat

    async def work(self) -> None:
        """Make one turn after another, and answer their questions, until ``stop`` is called."""
        while not self._is_stopped:
            await self.turn()

    def stop(self) -> None:
        """Make the current turn the last one."""
        self._is_stopped = True

    async def wait_progress(self) -> None:
        """Wait until the chat shows more items or text than now."""
        before = len(self.viewer.viewer.replica.transcript or ()), sum(map(len, self.viewer.texts()))
        await self.until(
            lambda: (len(self.viewer.viewer.replica.transcript or ()), sum(map(len, self.viewer.texts()))) > before,
            "more to be said",
        )

    async def turn(self) -> None:
        """Prompt for a turn, answer its question, and wait for its end."""
        chat = self.viewer
        self.turns += 1
        number = self.turns
        chat.viewer.send(Prompt(f"run: echo {number}\ncount: {LINES}\ndelay: {DELAY_MS}"))
        request = await self.asked(number)
        chat.answer(request, "accept")
        await self.until(lambda: chat.state == "idle" and self._answers() >= number, f"the end of turn {number}")

    async def asked(self, number: int) -> AgentRequest:
        """Wait for a turn's question and return it.

        Raises:
            WaitTimeout: the question does not come.
        """
        chat = self.viewer
        await self.until(
            lambda: (
                chat.viewer.replica.transcript is not None
                and any(f"echo {number}" in each.subject for each in chat.viewer.replica.transcript.open_requests)
            ),
            f"the question of turn {number}",
        )
        assert chat.viewer.replica.transcript is not None
        return chat.viewer.replica.transcript.open_requests[0]

    def _answers(self) -> int:
        return sum(each.kind == "agent" and each.status == "done" for each in self.viewer.items)

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until a condition on the viewer is true.

        Raises:
            WaitTimeout: the condition does not become true in time.
        """
        deadline_s = time.monotonic() + TIMEOUT_S
        while not condition():
            if time.monotonic() > deadline_s:
                raise WaitTimeout(f"structured chat: {what}; viewer {self.viewer.watcher.states[-4:]}")
            await asyncio.sleep(0.005)

    async def kill_host(self) -> int:
        """Kill the chat's host; returns its PID."""
        pid = (await described(self.id)).facts.program.host_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        return pid

    async def losses(self) -> list[str]:
        """A line for each lost or doubled prompt, answer or decision; call it after the last turn."""
        chat = self.viewer
        losses: list[str] = []
        whole = "".join(f"answer line {line:04}\n" for line in range(1, LINES + 1))
        prompts = [int(match[1]) for each in chat.texts("user") if (match := _TURN.search(each))]
        if prompts != list(range(1, self.turns + 1)):
            losses.append(f"prompts {prompts}, {self.turns} were sent")
        texts = [each for each in chat.texts() if "line" in each]
        longest = len(whole) + DECISION_CHARACTERS
        wrong = [number for number, text in enumerate(texts, 1) if not text.endswith(whole) or len(text) > longest]
        if wrong or len(texts) != self.turns:
            losses.append(f"{len(texts)} answers of {self.turns}; wrong: {wrong[:5]}")
        started = received(self.directory, "turn/start")
        decisions = [each["result"].get("decision") for each in received(self.directory)]
        if len(started) != self.turns:
            losses.append(f"the agent got {len(started)} prompts of {self.turns}")
        if decisions != ["accept"] * self.turns:
            losses.append(f"the agent got {len(decisions)} answers of {self.turns}")
        fresh = ChatViewer(self.id)
        fresh.viewer.start()
        await self.until(lambda: len(fresh.items) >= len(chat.items), "another viewer")
        if fresh.items != chat.items:
            losses.append("another viewer shows other items")
        fresh.viewer.close()
        await fresh.viewer.delivery.wait()
        return [f"structured chat: {each}" for each in losses]

    async def close(self) -> None:
        """Stop following the chat."""
        if self._chat is not None:
            self._chat.viewer.close()
            await self._chat.viewer.delivery.wait()
