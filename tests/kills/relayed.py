"""A structured chat with an agent that consists of a relay and a server: reports losses when one of them is killed.

The chat ends with its agent, and is resumed at once. The chat may show each prompt as answered, cut, or not confirmed.
The agent must get a prompt once, or never if the prompt was not accepted.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from session_host.client.chats.resume import resume
from session_host.client.viewer.viewer import ViewerState
from session_host.errors import OutliveError
from session_host.storage.store import SessionRecord
from session_host.structured.items import Item
from tests.kills import several
from tests.kills.chat import chats, recorded
from tests.kills.kill_points import KillResult, Workspace, tracing
from tests.support import processes
from tests.support.structured_chats import ChatViewer, received, start_chat
from tests.support.waiting import TIMEOUT_S, WaitTimeout

FAULTS = ("relay killed", "relay stopped", "relay slow", "relay stopped, host killed", "server killed")
STOPPED_S = 0.2
SLICES = 15
SLICE_S = 0.01
"""A slow relay is stopped for one slice and runs for one slice, ``SLICES`` times."""

ASKS_EVERY = 3
"""In each turn with a multiple of this number, the agent asks whether a command may run."""

_PROMPT = re.compile(r"(?:answer: turn|run: echo) (\d+)")
_ANSWER = re.compile(r"turn (\d+) ")
_DECIDED = "the decision was accept"


class RelayedChat:
    """A structured chat with a relay, its viewer, which is replaced at each resume, and its turns.

    Attributes:
        answered: the numbers of the turns that were answered.
        deaths: how often the agent died.
    """

    def __init__(self, directory: Path, name: str = "relayed") -> None:
        self.name = name
        self.directory = directory / name
        self.directory.mkdir()
        self.answered: list[int] = []
        self.deaths = 0
        self._asked = 0
        self._losses: list[str] = []
        self._is_stopped = False
        self._record: SessionRecord | None = None
        self._chat: ChatViewer | None = None

    @property
    def id(self) -> str:
        """The id of the current session."""
        assert self._record is not None
        return self._record.id

    @property
    def viewer(self) -> ChatViewer:
        """The viewer of the current session."""
        assert self._chat is not None
        return self._chat

    async def start(self) -> None:
        """Start the chat, and wait until its agent is idle."""
        await self._follow(await start_chat(self.directory, agent="live", name=self.name))
        await self.until(lambda: self.viewer.state == "idle", "the agent")

    async def work(self) -> None:
        """Make one turn after another, until ``stop`` is called."""
        while not self._is_stopped:
            await self.turn()

    def stop(self) -> None:
        """Make the current turn the last one."""
        self._is_stopped = True

    async def turn(self) -> None:
        """Prompt for a turn, and wait for its end; resume the chat if its agent dies meanwhile.

        Raises:
            WaitTimeout: the question or the end of the turn does not come.
        """
        self._asked += 1
        number, chat = self._asked, self.viewer
        asks = number % ASKS_EVERY == 0
        text = f"run: echo {number}" if asks else f"answer: {answer_of(number)}\ndeltas: 20\ndelay: 3"
        chat.viewer.prompt(text)
        if asks:
            await self.until(lambda: _has_open_request(chat) or self._is_over(), f"the question of turn {number}")
            if _has_open_request(chat):
                assert chat.viewer.transcript is not None
                chat.answer(chat.viewer.transcript.open_requests[0], "accept")
        await self.until(
            lambda: self._is_over() or (chat.state == "idle" and _status(chat, text) == "done"), f"the end of {text!r}"
        )
        if self._is_over():
            await self._resume()
        else:
            self.answered.append(number)

    def _is_over(self) -> bool:
        """Whether the chat has ended; the viewer has no transcript if that was before it attached."""
        return self.viewer.state in {"ended", ""} and self.viewer.viewer.state is ViewerState.ENDED

    async def _resume(self) -> None:
        """Resume the chat in a new session, as a user would, and check that it begins with the earlier items."""
        previous = self.viewer.items
        while True:
            self.deaths += 1
            await self.until(lambda: (record := recorded(self.id)) is not None and record.state == "exited", "the end")
            if (ended := recorded(self.id)) is not None and not (ended.exit_signal or ended.exit_code):
                self._losses.append("the record says that the agent ended well")
            await self._close_viewer()
            try:
                await self._follow(await resume(self.id))
            except OutliveError as error:
                raise WaitTimeout(f"the chat cannot be resumed: {error}") from error
            await self.until(
                lambda: self.viewer.state in {"idle", "ended"} or self._is_over(), "the agent that is resumed"
            )
            if self.viewer.state and self.viewer.items[: len(previous)] != previous:
                self._losses.append(
                    f"the resumed chat does not begin with the {len(previous)} items of the previous one"
                )
            if self.viewer.state == "idle":
                return
            await self.until(self._is_over, "the end")

    async def _follow(self, record: SessionRecord) -> None:
        self._record, self._chat = record, ChatViewer(record.id)
        self._chat.viewer.start()
        await self.until(lambda: bool(self.viewer.state) or self._is_over(), "the viewer to have a transcript")

    async def _close_viewer(self) -> None:
        if self._chat is not None:
            self._chat.viewer.close()
            await self._chat.viewer.closed()

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until a condition on the viewer is true.

        Raises:
            WaitTimeout: the condition does not become true in time.
        """
        deadline_s = time.monotonic() + TIMEOUT_S
        while not condition():
            if time.monotonic() > deadline_s:
                shown = [(each.kind, each.status, each.text[:40]) for each in self.viewer.items[-3:]]
                raise WaitTimeout(f"relayed chat: {what}; {self.viewer.watcher.states[-3:]}, {shown}")
            await asyncio.sleep(0.005)

    # ------------------------------------------------------------ kills

    async def inject_fault(self, fault: str) -> int:
        """Inject a fault, and wait until two more turns are answered; return the relay's PID.

        Raises:
            WaitTimeout: the turns are not answered in time.
        """
        before = len(self.answered)
        pid, host_pid = await self._pids()
        match fault:
            case "relay killed":
                os.kill(pid, signal.SIGKILL)
            case "server killed":
                for each in several.children_of(pid):
                    os.kill(each, signal.SIGKILL)
            case "relay slow":
                for _ in range(SLICES):
                    await _stopped(pid, SLICE_S)
                    await asyncio.sleep(SLICE_S)
            case "relay stopped":
                await _stopped(pid, STOPPED_S)
            case _:
                os.kill(pid, signal.SIGSTOP)
                os.kill(host_pid, signal.SIGKILL)
                await asyncio.sleep(STOPPED_S)
                os.kill(pid, signal.SIGCONT)
        await self.until(lambda: len(self.answered) > before + 1, f"another turn after this: {fault}")
        return pid

    async def _pids(self) -> tuple[int, int]:
        """The PIDs of the relay and the host of the running session.

        Raises:
            WaitTimeout: the session does not run.
        """
        deadline_s = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline_s:
            info = (await chats()).get(self.id)
            if info is not None and info.child_pid and info.host_pid and processes.is_alive(info.child_pid):
                return info.child_pid, info.host_pid
            await asyncio.sleep(0.01)
        raise WaitTimeout("relayed chat: it does not run")

    # ------------------------------------------------------------ losses

    def losses(self) -> list[str]:
        """A line for each lost or doubled prompt, answer or decision; call it after the last turn."""
        items, losses = self.viewer.items, list(self._losses)
        prompts = [(int(match[1]), each.status) for each in items if (match := _prompted(each)) is not None]
        numbers = [number for number, _ in prompts]
        if numbers != sorted(set(numbers)):
            losses.append(f"the prompts shown are {numbers}")
        got = Counter(
            int(match[1])
            for each in received(self.directory, "turn/start")
            if (match := _PROMPT.search("".join(part.get("text", "") for part in each["params"]["input"]))) is not None
        )
        for number, status in prompts:
            allowed = {"done": {1}, "unconfirmed": {0, 1}, "queued": {0}, "unsent": {0}}.get(status, set())
            if got[number] not in allowed:
                losses.append(f"prompt {number} is {status}, and the agent got it {got[number]} times")
        if unknown := got.keys() - set(numbers):
            losses.append(f"the agent got prompts that are not shown: {sorted(unknown)}")
        losses += self._answer_losses(items)
        if running := [each.id for each in items if each.status == "running"]:
            losses.append(f"{len(running)} items still run")
        return [f"relayed chat: {each}" for each in losses]

    def _answer_losses(self, items: list[Item]) -> list[str]:
        losses: list[str] = []
        whole: Counter[int] = Counter()
        for each in items:
            if each.kind != "agent" or (match := _ANSWER.match(each.text)) is None:
                continue
            number, expected = int(match[1]), answer_of(int(match[1]))
            if each.status == "done" and each.text == expected:
                whole[number] += 1
            elif each.status != "cut" or not expected.startswith(each.text):
                losses.append(f"the answer of turn {number} is {each.status}: {each.text!r}")
        wanted = [number for number in self.answered if number % ASKS_EVERY]
        if doubled := [number for number in whole if whole[number] > 1]:
            losses.append(f"answers shown twice: {doubled}")
        if missing := [number for number in wanted if not whole[number]]:
            losses.append(f"answers missing: {missing}")
        decided = sum(each.kind == "agent" and each.text == _DECIDED and each.status == "done" for each in items)
        if decided < len(self.answered) - len(wanted):
            losses.append(f"{decided} decisions of {len(self.answered) - len(wanted)}")
        accepted = [each for each in received(self.directory) if each["result"].get("decision")]
        if len(accepted) > self._asked // ASKS_EVERY:
            losses.append(f"the agent got {len(accepted)} answers of {self._asked // ASKS_EVERY}")
        return losses

    async def close(self) -> None:
        """Stop following the chat."""
        await self._close_viewer()


async def relay_at_work(workspace: Workspace, number: int) -> KillResult:
    """Kill the relay of a structured chat while turns, a question and its answer go through it."""
    chat = RelayedChat(workspace.directory, f"relayed-{workspace.next_number()}")
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await chat.start()
        with await tracing((await chat._pids())[0], number) as traced:
            try:
                for _ in range(ASKS_EVERY):
                    await chat.turn()
                result = await asyncio.to_thread(traced.stop)
                await chat.turn()
            except (WaitTimeout, OutliveError) as error:
                losses.append(str(error))
                result = await asyncio.to_thread(traced.stop)
        losses += chat.losses()
        if chat.deaths != (result.killed_at is not None):
            losses.append(f"the agent died {chat.deaths} times")
    finally:
        await chat.close()
    return KillResult(number, result, losses, time.monotonic() - began_s)


def answer_of(number: int) -> str:
    """The answer of a turn, different for each turn."""
    return f"turn {number} says {' '.join(f'{number}.{word}' for word in range(1, 30))}"


def _prompted(item: Item) -> re.Match[str] | None:
    return _PROMPT.match(item.text) if item.kind == "user" else None


def _status(chat: ChatViewer, text: str) -> str:
    return next((each.status for each in reversed(chat.items) if each.kind == "user" and each.text == text), "")


def _has_open_request(chat: ChatViewer) -> bool:
    return chat.viewer.transcript is not None and bool(chat.viewer.transcript.open_requests)


async def _stopped(pid: int, for_s: float) -> None:
    os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(for_s)
    os.kill(pid, signal.SIGCONT)
