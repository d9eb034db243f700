"""Many sessions at once: ``python -m tests.benchmarks.many_sessions --count 200``.

The sessions are started together. Then each must be listed, answer, take input and echo it. Then all are ended.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.control import request
from session_host.paths import config_dir
from session_host.protocol.messages import Describe, Kill, Peek, Send
from tests.benchmarks.environment import BenchmarkEnvironment, benchmark_environment
from tests.benchmarks.quick_sessions import active_keeper
from tests.benchmarks.report import percentile
from tests.benchmarks.usage import descriptor_count, pss_mb
from tests.support import processes
from tests.support.commands import outlive
from tests.support.waiting import eventually

AT_ONCE = 32
"""Concurrent requests of one kind, as from a window with many tabs."""


async def run(bench: BenchmarkEnvironment, count: int) -> int:
    """Start, use and end the sessions; return 1 if anything is wrong."""
    limit = asyncio.Semaphore(AT_ONCE)
    starts_s: list[float] = []

    async def start(number: int) -> str:
        async with limit:
            began_s = time.perf_counter()
            launch_request = LaunchRequest(
                agent=load_catalog(config_dir())["command"], arguments=["cat"], name=f"many-{number}", directory="/",
                environment=dict(os.environ),
            )  # fmt: skip
            record = await launch(launch_request)
            starts_s.append(time.perf_counter() - began_s)
            return record.id

    async def use(number: int, session: str) -> None:
        async with limit:
            await request(session, Send(0, f"I am number {number}", enter=True))
            while f"I am number {number}" not in (await request(session, Peek(0))).lines:
                pass

    async def end(session: str) -> None:
        async with limit:
            await request(session, Kill(0))

    steps: list[tuple[str, float]] = []
    began_s = time.perf_counter()

    def step(name: str) -> None:
        nonlocal began_s
        steps.append((name, time.perf_counter() - began_s))
        began_s = time.perf_counter()

    sessions = await asyncio.gather(*(start(number) for number in range(count)))
    step("started")
    listed = outlive("ls", "--json", timeout_s=60)
    step("listed")
    await asyncio.gather(*(use(number, session) for number, session in enumerate(sessions)))
    step("each typed into and looked at")
    hosts = [(await request(session, Describe(0))).host_pid for session in sessions]
    memory = [pss_mb(pid) for pid in hosts]
    keeper = active_keeper()
    step("each measured")
    await asyncio.gather(*(end(session) for session in sessions))
    step("ended")

    faults = [] if len(listed.json()) == count and {info["viewers"] for info in listed.json()} == {0} else ["the list"]
    for name, took_s in steps:
        print(f"{count} sessions {name}: {took_s:.2f} s")
    late = f"p50 {percentile(starts_s, 50) * 1000:.0f} ms, p99 {percentile(starts_s, 99) * 1000:.0f} ms"
    print(f"one start among {AT_ONCE}: {late}")
    print(f"memory of a host (PSS): {percentile(memory, 50):.2f} MB, all {sum(memory):.0f} MB")
    if keeper is not None:
        print(f"keeper: {pss_mb(keeper):.1f} MB, {descriptor_count(keeper)} descriptors")

    def left() -> list[int]:
        ours = processes.with_environment("OUTLIVE_RUNTIME_DIR", str(bench.area.runtime))
        return [pid for pid in ours if processes.name(pid) not in {"outlive-keeper", "outlive-standby"}]

    try:
        await eventually(lambda: not left(), 30, "all processes to end", every_s=0.2)
    except AssertionError:
        faults += [f"left: {pid} {processes.command_line(pid)}" for pid in left()[:5]]
    for fault in faults:
        print(f"WRONG {fault}", file=sys.stderr)
    return 1 if faults else 0


def main() -> int:
    """Run the benchmark that the command line describes; return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.many_sessions", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="how many sessions (200)")
    options = parser.parse_args()
    with benchmark_environment(1) as bench:
        return asyncio.run(run(bench, options.count))


if __name__ == "__main__":
    sys.exit(main())
