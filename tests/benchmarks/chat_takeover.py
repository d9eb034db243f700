"""A host is killed while its agent without a terminal writes without end: how long the agent stands still.

Nobody reads the agent's pipe of 64 KiB while the host is replaced. The agent writes the time into each of its messages,
so the longest time between two of them is seen in the transcript, and so is each message that is lost or doubled.
"""

from __future__ import annotations

import asyncio
import os
import signal
from itertools import pairwise
from pathlib import Path

from session_host.client.control import request
from session_host.protocol.messages import Describe, Description, Prompt
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series
from tests.support.facts import known
from tests.support.structured_chats import ChatViewer, start_chat, viewing

MESSAGES = 20_000
KILLS = 5


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("chat_takeover", f"a host is killed {KILLS} times while its agent writes {MESSAGES:,} messages")
    command = "python -m tests.benchmarks chat_takeover"
    for name, kills in (("no kill", 0), ("host killed", KILLS)):
        still = Series(f"{name}: the agent stands still for at most", "ms", command=command)
        rate = Series(f"{name}: messages of the agent", "1/s", command=command)
        for number in range(bench.rounds):
            directory = bench.cache / f"{kills}-{number}"
            directory.mkdir()
            stamps = asyncio.run(written(directory, kills))
            gaps = sorted(after - before for before, after in pairwise(stamps))
            still.values += [gap / 1e6 for gap in gaps[-max(kills, 1) :]]
            rate.values.append(len(stamps) / (stamps[-1] - stamps[0]) * 1e9)
        report.series += [still, rate]
    return report


async def written(directory: Path, kills: int) -> list[int]:
    """Let an agent write while its host is killed; returns the time of each message (CLOCK_MONOTONIC, ns).

    Raises:
        RuntimeError: a message is missing, or there twice.
    """
    record = await start_chat(directory)
    async with viewing(record.id) as chat:
        chat.viewer.send(Prompt(f"clock: {MESSAGES}"))
        for number in range(kills):
            await until_written(chat, MESSAGES * (number + 1) // (kills + 2))
            description: Description = await request(record.id, Describe(0))
            os.kill(known(description.facts.program.host_pid), signal.SIGKILL)
        await chat.until_idle(1)
        stamps = [int(each) for each in chat.texts()[-1].split()]
    if len(stamps) != MESSAGES or any(after <= before for before, after in pairwise(stamps)):
        raise RuntimeError(f"{len(stamps)} of {MESSAGES} messages, {len(set(stamps))} different ones")
    return stamps


async def until_written(chat: ChatViewer, messages: int) -> None:
    """Wait until the transcript has so many messages."""
    await chat.watcher.until(lambda: any(each.count(" ") >= messages for each in chat.texts()), f"{messages} messages")
