"""Turns that have not begun: whether a prompt will begin one."""

from __future__ import annotations

import asyncio
import math
import time

from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.turn_watch import TurnWatch
from session_host.errors import TimedOut
from session_host.standing.traits import traits_of
from session_host.structured.transcript import Transcript
from session_host.structured.turns import last_sent_prompt
from session_host.system import event_loop


def wait_while_queued(info: SessionInfo, watch: TurnWatch, number: int, until_s: float) -> bool:
    """Wait while a turn after the next one is that of a prompt in a chat view's queue.

    Returns:
        Whether it may still come: other turns have begun, or the chat has ended. False if no prompt will begin it.

    Raises:
        TimedOut: the time has come.
    """
    waiting: int | None = 0
    if traits_of(info.facts).takes_prompts:
        waiting = event_loop.run_command(_less_than(number - max(watch.starts, default=0), info, watch, until_s))
    watch.look()  # Now it has the turns that had begun when the queue was read.
    return waiting is None or watch.is_over or number <= max(watch.starts, default=0) + max(waiting, 1)


async def _less_than(count: int, info: SessionInfo, watch: TurnWatch, until_s: float) -> int | None:
    """Wait until fewer prompts of a chat view wait for their turns; returns how many, or None if the chat has ended."""
    from session_host.client.viewer.transcript_watch import watch_transcript  # Terminals have no transcript.

    waiting = 0

    def is_enough(transcript: Transcript) -> bool:
        nonlocal waiting
        waiting = len(transcript) - transcript.queue_start
        sent = last_sent_prompt(transcript)
        if sent is not None and not (watch.number_of(sent.turn) if sent.turn else sent.status != "sent"):
            waiting += 1
        return waiting < count

    try:
        async with asyncio.timeout(None if until_s == math.inf else until_s - time.monotonic()):
            return waiting if await watch_transcript(info.id, is_enough) is not None else None
    except TimeoutError:
        raise TimedOut(f"{info.name}: timed out waiting for the prompts before it in the queue") from None
