"""Kills the host of a structured chat at its k-th system call: the transcript and the agent's input stay whole.

The chat does the same in each run. So the items of its transcript, and the messages that the agent gets, are compared
with lists. Nothing may be missing or doubled.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Sequence
from typing import Any

from session_host.client.control import request
from session_host.errors import OutliveError
from session_host.protocol.messages import ChangeSetting, Interrupt, Prompt, ReleaseHeld, SendChatInput, WithdrawPrompt
from session_host.storage.last_transcript import last_transcript
from session_host.structured.items import Item
from tests.kills.chat import chats, recorded
from tests.kills.kill_points import KillResult, Workspace, tracing
from tests.kills.structured import StructuredWitness
from tests.support.facts import keeper_pid
from tests.support.hosts import end
from tests.support.structured_chats import received
from tests.support.waiting import TIMEOUT_S, WaitTimeout

ANSWER = "answer line 0001\nanswer line 0002\n"

ITEMS = [
    ("user", "done", "run: echo 1\ncount: 2"),
    ("tool", "done", "/bin/bash -lc 'echo 1'"),
    ("agent", "done", ANSWER),
    ("user", "done", "count: 4\nhold: 2"),
    ("agent", "interrupted", ANSWER),
    ("user", "done", "and more"),
    ("agent", "done", "steered: and more"),
    ("user", "done", "count: 6\nhold: 2"),
    ("agent", "interrupted", ANSWER),
    ("user", "withdrawn", "answer: never"),
    ("user", "done", "answer: queued"),
    ("agent", "done", "queued"),
    ("user", "done", "answer: by a command"),
    ("agent", "done", "by a command"),
    ("user", "done", "count: 9\ncut: 2"),
    ("agent", "cut", ANSWER),
]
"""The items of the work: kind, status, text or command."""

HEARD = [
    "turn/start run: echo 1\ncount: 2",
    "accept",
    "turn/start count: 4\nhold: 2",
    "turn/steer and more",
    "turn/start count: 6\nhold: 2",
    "turn/interrupt",
    "turn/start answer: queued",
    "thread/settings/update other-model",
    "turn/start answer: by a command",
    "turn/start count: 9\ncut: 2",
]
"""The messages that the agent gets in the work, after those that open the chat."""

_OPENING = {"initialize", "initialized", "thread/start", "thread/turns/list", "account/read", "model/list"}


async def structured_host_at_work(workspace: Workspace, number: int) -> KillResult:
    """Kill the host of a structured chat while the chat is used in every way, up to the agent's death."""
    witness = _witness(workspace)
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await witness.start()
        with await tracing((await chats())[witness.id].facts.program.host_pid, number) as traced:
            try:
                await _use(witness)
                result = await asyncio.to_thread(traced.result)
            except (WaitTimeout, OutliveError) as error:
                losses.append(str(error))
                result = await asyncio.to_thread(traced.stop)
        losses += await _losses(witness, ITEMS, HEARD)
    finally:
        await _close(witness)
    return KillResult(number, result, losses, time.monotonic() - began_s)


async def structured_host_at_launch(workspace: Workspace, number: int) -> KillResult:
    """Kill the host of a structured chat while the chat starts with a prompt, from the host's first call on."""
    other, witness = _witness(workspace), _witness(workspace)
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await other.start()
        with await tracing(keeper_pid((await chats())[other.id]), number, follow="fork") as traced:
            started = True
            try:
                await witness.start(prompt="run: echo 1\ncount: 2")
                await _allow(witness)
            except (OutliveError, WaitTimeout) as error:
                started = isinstance(error, WaitTimeout)
                losses += [str(error)] if started else []
            result = await asyncio.to_thread(traced.stop)
        if started:
            losses += await _short_losses(witness)
        elif (witness.directory / "input.log").exists():
            losses.append("the launch failed, and yet the agent was started")
    finally:
        await _close(witness)
        await _close(other)
    return KillResult(number, result, losses, time.monotonic() - began_s)


async def structured_host_at_recovery(workspace: Workspace, number: int) -> KillResult:
    """Kill the host that replaces a killed one during a turn, from its first call on."""
    witness = _witness(workspace)
    losses: list[str] = []
    began_s = time.monotonic()
    try:
        await witness.start()
        witness.viewer.viewer.send(Prompt("run: echo 1\ncount: 2"))
        await witness.asked(1)
        info = (await chats())[witness.id]
        with await tracing(keeper_pid(info), number, follow="fork") as traced:
            assert info.facts.program.host_pid is not None
            os.kill(info.facts.program.host_pid, signal.SIGKILL)
            try:
                await _allow(witness)
            except WaitTimeout as error:
                losses.append(str(error))
            result = await asyncio.to_thread(traced.stop)
        losses += await _short_losses(witness)
    finally:
        await _close(witness)
    return KillResult(number, result, losses, time.monotonic() - began_s)


def _witness(workspace: Workspace) -> StructuredWitness:
    return StructuredWitness(workspace.directory, f"structured-{workspace.next_number()}")


# ------------------------------------------------------------------------------- the chat's work


async def _use(witness: StructuredWitness) -> None:
    """Use a structured chat in every way between its start and end.

    Raises:
        WaitTimeout: an item or a state does not come.
    """
    viewer = witness.viewer.viewer
    viewer.send(Prompt("run: echo 1\ncount: 2"))
    await _allow(witness)
    viewer.send(Prompt("count: 4\nhold: 2"))
    await _said(witness, "line 0002", answers=2)
    viewer.send(Prompt("and more", "steer"))
    await _idle(witness, "steered: and more")
    viewer.send(Prompt("count: 6\nhold: 2"))
    await _said(witness, "line 0002", answers=4)
    viewer.send(Prompt("answer: never"))
    await _prompted(witness, "answer: never")
    viewer.send(Prompt("answer: queued"))
    await _prompted(witness, "answer: queued")
    viewer.send(WithdrawPrompt(next(each.id for each in witness.viewer.items if each.text == "answer: never")))
    viewer.send(Interrupt())
    await witness.until(
        lambda: viewer.replica.transcript is not None and viewer.replica.transcript.held == 1, "the queue to wait"
    )
    viewer.send(ReleaseHeld())
    await _idle(witness, "queued")
    viewer.send(ChangeSetting("model", "other-model"))
    await witness.until(lambda: _model(witness) == "other-model", "the other model")
    await request(witness.id, SendChatInput(0, Prompt("answer: by a command")))
    await _idle(witness, "by a command")
    await _die(witness)


async def _allow(witness: StructuredWitness) -> None:
    witness.viewer.answer(await witness.asked(1), "accept")
    await _idle(witness, ANSWER)


async def _die(witness: StructuredWitness) -> None:
    """Let the agent die within an answer.

    Raises:
        WaitTimeout: the viewer does not show the end.
    """
    witness.viewer.viewer.send(Prompt("count: 9\ncut: 2"))
    await witness.until(lambda: witness.viewer.state == "ended", "the end")


async def _said(witness: StructuredWitness, text: str, *, answers: int) -> None:
    def is_said() -> bool:
        texts = witness.viewer.texts()
        return len(texts) >= answers and text in texts[-1]

    await witness.until(is_said, f"{text!r} to be said")


async def _idle(witness: StructuredWitness, text: str) -> None:
    await witness.until(
        lambda: witness.viewer.texts()[-1:] == [text] and witness.viewer.state == "idle", f"{text!r} and the turn's end"
    )


async def _prompted(witness: StructuredWitness, text: str) -> None:
    await witness.until(lambda: text in witness.viewer.texts("user"), f"{text!r} among the prompts")


def _model(witness: StructuredWitness) -> str:
    transcript = witness.viewer.viewer.replica.transcript
    settings = transcript.status.settings if transcript is not None else ()
    return next((each.value for each in settings if each.id == "model"), "")


# ------------------------------------------------------------------------------- losses


async def _short_losses(
    witness: StructuredWitness, items: Sequence[tuple[str, str, str]] = (), messages: Sequence[str] = ()
) -> list[str]:
    """Let the agent die; return the losses of a chat of one turn and of these further items and messages."""
    try:
        await _die(witness)
    except WaitTimeout as error:
        return [str(error)]
    return await _losses(witness, [*ITEMS[:3], *items, *ITEMS[-2:]], [*HEARD[:2], *messages, HEARD[-1]])


async def _losses(witness: StructuredWitness, items: list[tuple[str, str, str]], messages: list[str]) -> list[str]:
    """Compare items and messages with the expected ones after the end; return a line for each difference."""
    losses = [f"input {each.sequence} was refused: {each.message}" for each in witness.viewer.watcher.refusals]
    shown = witness.viewer.items
    losses += _difference("the viewer's items", items, _described(shown))
    got = received(witness.directory, everything=True)
    losses += _difference("the agent's input", messages, [each for each in map(_short, got) if each not in _OPENING])
    opened = [each for each in map(_short, got) if each in _OPENING]
    if len(opened) != len(set(opened)):
        losses.append(f"the agent's input at the start: {opened}")
    numbers = [each["id"] for each in got if "id" in each and "method" in each]
    if numbers != sorted(set(numbers)):
        losses.append(f"the ids of the messages for the agent: {numbers}")
    deadline_s = time.monotonic() + TIMEOUT_S
    while (record := await asyncio.to_thread(recorded, witness.id)) is not None and record.outcome.state != "exited":
        if time.monotonic() > deadline_s:
            losses.append(f"the record knows: {record.outcome.state}")
            break
        await asyncio.sleep(0.01)
    transcript = await asyncio.to_thread(last_transcript, witness.id)
    losses += _difference("the kept items", _described(shown), _described(list(transcript or ())))
    if not losses and list(transcript or ()) != shown:
        losses.append("the kept items differ from the viewer's")
    return losses


def _described(items: list[Item]) -> list[tuple[str, str, str]]:
    return [(each.kind, each.status, each.command or each.text) for each in items if each.kind != "notice"]


def _short(message: dict[str, Any]) -> str:
    """Describe a message for the agent by its method and text, or by its decision."""
    if "method" not in message:
        return str(message.get("result", {}).get("decision", message))
    params = message.get("params") or {}
    text = "".join(each.get("text", "") for each in params.get("input", ()))
    model = params.get("model", "") if message["method"] == "thread/settings/update" else ""
    return " ".join(each for each in (message["method"], text, model) if each)


def _difference(name: str, expected: list[Any], actual: list[Any]) -> list[str]:
    if expected == actual:
        return []
    index = next((at for at, pair in enumerate(zip(expected, actual, strict=False)) if pair[0] != pair[1]), -1)
    index = min(len(expected), len(actual)) if index < 0 else index
    there, wanted = actual[index : index + 2], expected[index : index + 2]
    return [f"{name}: {len(actual)} of {len(expected)}; at {index}: {there}, not {wanted}"]


async def _close(witness: StructuredWitness) -> None:
    """Close the viewer, and end the agent if it runs."""
    await witness.close()
    if witness.is_started:
        with contextlib.suppress(OutliveError):
            await end(witness.id)
