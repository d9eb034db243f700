"""Kills the host of an agent in a terminal at its k-th system call: each of the agent's turns is counted once."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

from session_host.client.sessions.store_access import open_store
from session_host.errors import OutliveError
from session_host.protocol.events import TurnCounted, TurnEnded, TurnStarted, kind_of
from session_host.protocol.turns import TurnWork
from session_host.system.clock import now
from tests.kills.chat import chats
from tests.kills.kill_points import KillResult, Workspace, tracing
from tests.support.conversing import ClaudeLike, claude_like
from tests.support.ledger import CHANGES_READ
from tests.support.waiting import TIMEOUT_S, WaitTimeout, eventually

TURNS = 3


async def host_at_a_turns_end(workspace: Workspace, number: int) -> KillResult:
    """Kill the host of an agent in a terminal while its turns begin, end and are counted by its record."""
    directory = workspace.directory / f"turns-{workspace.next_number()}"
    directory.mkdir()
    losses: list[str] = []
    began_s = time.monotonic()
    async with claude_like(directory, environment={"HOME": os.fspath(directory)}) as chat:
        with await tracing((await chats())[chat.record.id].facts.program.host_pid, number) as traced:
            try:
                for turn in range(1, TURNS + 1):
                    await _turn(chat, directory, turn)
            except (WaitTimeout, OutliveError) as error:
                losses.append(str(error))
            result = await asyncio.to_thread(traced.stop)
        told = _told(chat)
    wanted = [
        f"{kind} {turn}" for turn in range(1, TURNS + 1) for kind in ("turn_started", "turn_ended", "turn_counted")
    ]
    losses += [] if told == wanted else [f"the ledger has {told}"]
    return KillResult(number, result, losses, time.monotonic() - began_s)


async def _turn(chat: ClaudeLike, home: Path, turn: int) -> None:
    """Let the agent work on a prompt, and record the answer after the turn's end.

    Raises:
        WaitTimeout: the ledger does not have the turn.
    """
    record = home / ".claude" / "projects" / "project" / f"{chat.record.program.conversation}.jsonl"
    record.parent.mkdir(parents=True, exist_ok=True)
    if turn == 1:
        chat.order("state idle")
    _write(record, "user", f"prompt {turn}")
    chat.order("state busy")
    await _has(chat, f"turn_started {turn}")
    chat.order("state idle")
    await _has(chat, f"turn_ended {turn}")
    _write(record, "assistant", [{"type": "text", "text": "Done."}])
    await _has(chat, f"turn_counted {turn}")


def _write(record: Path, kind: str, content: object) -> None:
    message = {"id": "one", "content": content, "stop_reason": "end_turn"}
    with record.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"type": kind, "message": message, "timestamp": now()}) + "\n")


async def _has(chat: ClaudeLike, event: str) -> None:
    await eventually(lambda: event in _told(chat), TIMEOUT_S, event)


def _told(chat: ClaudeLike) -> list[str]:
    """The events of turns in the ledger."""
    with open_store() as store:
        entries = store.ledger.of_chat(chat.record.id, [TurnStarted, TurnEnded, TurnCounted], CHANGES_READ)
    return [
        f"{kind_of(each.event)} {getattr(each.event, 'turn', 0)}"
        + (" without work" if isinstance(each.event, TurnCounted) and each.event.work != TurnWork() else "")
        for each in entries
    ]
