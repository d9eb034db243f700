"""Many sessions that end at once: ``python -m tests.benchmarks.quick_sessions --count 10000``.

Each session runs ``exit N`` with its own N. At the end each must be recorded with that exit code, no process and no
socket may be left except the keeper's, and the keeper's memory must not have grown with the number of sessions.
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
from session_host.client.sessions.store_access import open_store
from session_host.keeper_client.discovery import keeper_status
from session_host.paths import config_dir
from session_host.protocol.values import State
from tests.benchmarks.environment import BenchmarkEnvironment, benchmark_environment
from tests.benchmarks.usage import descriptor_count, flatness, pss_mb
from tests.support import processes
from tests.support.waiting import eventually

AT_ONCE = 8
ENDS_WITHIN_S = 60.0


async def start_session(number: int) -> str:
    """Start session number ``number``; return its id."""
    request = LaunchRequest(
        agent=load_catalog(config_dir())["command"], arguments=["sh", "-c", f"exit {number % 256}"],
        name=f"quick-{number}", directory="/", environment=dict(os.environ),
    )  # fmt: skip
    return (await launch(request)).id


def active_keeper() -> int | None:
    """The PID of the active keeper; None if no keeper runs."""
    status = keeper_status()
    return status.pid if status is not None else None


async def run(bench: BenchmarkEnvironment, count: int) -> int:
    """Start the sessions, ``AT_ONCE`` concurrently; return 1 if anything is wrong."""
    began_s = time.perf_counter()
    numbers = iter(range(count))
    done = 0
    memory: list[tuple[float, float]] = []
    descriptors: list[int] = []

    async def worker() -> None:
        nonlocal done
        for number in numbers:
            await start_session(number)
            done += 1
            if done % max(1, count // 100) == 0 and (keeper := active_keeper()) is not None:
                memory.append((time.perf_counter() - began_s, pss_mb(keeper)))
                descriptors.append(descriptor_count(keeper))
            if done % 1000 == 0:
                print(f"  {done} started, {done / (time.perf_counter() - began_s):.0f}/s", flush=True)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    started_s = time.perf_counter() - began_s

    def wrong() -> list[str]:
        with open_store() as store:
            records = store.all()
        return [
            f"{record.name}: {record.state}, code {record.exit_code}"
            for record in records
            if record.state is not State.EXITED or record.exit_code != int(record.name.partition("-")[2]) % 256
        ] + (["some are not recorded at all"] if len(records) != count else [])

    faults: list[str] = []
    try:
        await eventually(lambda: not wrong(), ENDS_WITHIN_S, "all ends", every_s=0.5)
    except AssertionError:
        faults += wrong()[:5]
    keeper = active_keeper()
    keepers = processes.keepers(keeper) if keeper is not None else []
    ours = processes.with_environment("OUTLIVE_RUNTIME_DIR", str(bench.area.runtime))
    left = [pid for pid in ours if pid not in keepers]
    faults += [f"left: {pid} {processes.command_line(pid)}" for pid in left[:5]]
    faults += [f"left: {path.name}" for path in bench.area.runtime.glob("*-*-*.sock")][:5]
    print(f"{count} sessions in {started_s:.1f} s, {count / started_s:.0f} a second, each end recorded with its code")
    if memory:
        judged = flatness(memory, least=2.0, share=0.1)
        grew = f"grew by {judged.growth:+.2f} MB over the last two thirds (≤ {judged.allowed:.2f})"
        size = f"{memory[0][1]:.1f} → {memory[-1][1]:.1f} MB, {grew}"
        print(f"keeper: {size}; {descriptors[0]} → {descriptors[-1]} descriptors")
        if not judged.flat:
            faults.append("the keeper grows")
        if descriptors[-1] > descriptors[0] + 10 * AT_ONCE:
            faults.append("the keeper keeps descriptors")
    for fault in faults:
        print(f"WRONG {fault}", file=sys.stderr)
    return 1 if faults else 0


def main() -> int:
    """Run the benchmark that the command line describes; return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.quick_sessions", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="how many sessions (1000)")
    options = parser.parse_args()
    with benchmark_environment(1) as bench:
        return asyncio.run(run(bench, options.count))


if __name__ == "__main__":
    sys.exit(main())
