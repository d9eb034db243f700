"""Kills hosts and keepers while a prompt becomes due: it is sent once, or is named as missed.

``python -m tests.kills.later [--kills N] [--seed S]``

Each kill hits two processes at once, shortly before or after the time of a prompt, in a terminal or in a chat view.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.control import request
from session_host.client.sessions.store_access import open_store
from session_host.errors import OutliveError
from session_host.paths import config_dir
from session_host.protocol.events import LaterSet, Missed
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import Describe, Description, SendLater
from session_host.protocol.values import Activity, Runtime
from session_host.system import event_loop
from session_host.system.clock import as_text
from tests.benchmarks.environment import benchmark_environment
from tests.kills import several
from tests.kills.chat import chats
from tests.kills.kill_points import KillResult, Workspace, tracing
from tests.programs import program
from tests.support import processes
from tests.support.hosts import end
from tests.support.ledger import CHANGES_READ
from tests.support.reporting import AGENTS
from tests.support.structured_chats import FAKE
from tests.support.waiting import TIMEOUT_S, WaitTimeout, eventually, poll_until

DUE_AFTER_S = 0.3
KILLED_WITHIN_S = (-0.1, 0.4)
"""When the kill comes, from the time of the prompt on: typing takes a tenth of a second."""


class Due:
    """A chat that gets prompts at their times.

    Attributes:
        record: the chat.
        sent: the texts of the prompts so far, each another one.
    """

    def __init__(self, record: ChatFacts, file: Path, runtime: Runtime) -> None:
        self.record, self._file, self._runtime = record, file, runtime
        self.sent: list[str] = []

    @classmethod
    async def start(cls, directory: Path, runtime: Runtime) -> Due:
        """Start such a chat."""
        directory.mkdir()
        agents = config_dir() / "agents"
        agents.mkdir(parents=True, exist_ok=True)
        (agents / f"{runtime}.toml").write_text(AGENTS[runtime], encoding="utf-8")
        file = directory / "prompts"
        words = program("listening_agent", file)[1:] if runtime == "terminal" else ["-S", os.fspath(FAKE)]
        record = await launch(
            LaunchRequest(
                agent=load_catalog(config_dir())[runtime],
                arguments=words,
                directory=os.fspath(directory),
                environment=os.environ,
                overrides={"FAKE_APP_SERVER_LOG": os.fspath(file)},
                runtime=runtime,
            )
        )
        chat = cls(record, file, runtime)
        await poll_until(chat.is_idle, bool, TIMEOUT_S, "the agent to be idle")
        return chat

    async def described(self) -> Description | None:
        """The host's description; None while there is no host."""
        try:
            found: Description = await request(self.record.id, Describe(0))
        except OutliveError:
            return None
        return found

    async def is_idle(self) -> bool:
        found = await self.described()
        return found is not None and found.facts.status.activity is Activity.IDLE

    async def set(self, text: str, due_s: float) -> None:
        """Let a prompt be sent."""
        self.sent.append(text)
        await request(self.record.id, SendLater(0, text, as_text(due_s)))

    async def is_settled(self) -> bool:
        """Whether the prompt is sent or missed, and the agent is idle."""
        found = await self.described()
        if found is None or found.facts.status.activity is not Activity.IDLE:
            return False
        later = found.facts.status.continues
        return later is None or later.stage in {"missed", "late"}

    def got(self) -> Counter[str]:
        """How often the agent got each prompt."""
        lines = [json.loads(line) for line in self._file.read_text().splitlines()] if self._file.exists() else []
        if self._runtime == "terminal":
            return Counter(lines)
        return Counter(each["params"]["input"][0]["text"] for each in lines if each.get("method") == "turn/start")

    def missed(self) -> list[str]:
        """Why prompts were missed, oldest first."""
        with open_store() as store:
            entries = store.ledger.of_chat(self.record.id, [LaterSet, Missed], CHANGES_READ)
        return [each.event.why for each in entries if isinstance(each.event, Missed)]

    async def losses(self) -> list[str]:
        """A line for each prompt that the agent got twice, or not at all without a word."""
        got = self.got()
        absent = [text for text in self.sent if not got[text]]
        named = 0
        with_words = f"{len(absent)} prompts did not come"
        try:
            await eventually(lambda: len(self.missed()) >= len(absent), TIMEOUT_S, with_words)
        except WaitTimeout:
            named = len(self.missed())
            return [f"{with_words}, {named} are named: {absent}"]
        twice = [f"{text!r} came {count} times" for text, count in got.items() if count > 1]
        others = [f"{text!r} was never sent" for text in got if text not in self.sent]
        surplus = len(self.missed()) - len(absent)
        return [*twice, *others, *([f"{surplus} prompts came, and are called missed"] if surplus else [])]


async def host_at_a_due_prompt(workspace: Workspace, number: int) -> KillResult:
    """Kill the host of an agent in a terminal while a prompt is set, becomes due and is typed."""
    return await _at_a_due_prompt(workspace, number, "terminal")


async def structured_host_at_a_due_prompt(workspace: Workspace, number: int) -> KillResult:
    """Kill the host of a chat view while a prompt is set, becomes due and is sent."""
    return await _at_a_due_prompt(workspace, number, "structured")


async def _at_a_due_prompt(workspace: Workspace, number: int, runtime: Runtime) -> KillResult:
    losses: list[str] = []
    began_s = time.monotonic()
    chat = await Due.start(workspace.directory / f"due-{workspace.next_number()}", runtime)
    try:
        with await tracing((await chats())[chat.record.id].facts.program.host_pid, number) as traced:
            try:
                await chat.set("go on", time.time() + DUE_AFTER_S)
                await poll_until(chat.is_settled, bool, TIMEOUT_S, "the prompt to be sent or missed")
            except (WaitTimeout, OutliveError) as error:
                losses.append(str(error))
            result = await asyncio.to_thread(traced.stop)
        losses += await chat.losses()
    finally:
        await end(chat.record.id)
    return KillResult(number, result, losses, time.monotonic() - began_s)


async def torture(directory: Path, kills: int, seed: int) -> list[str]:
    """Make the kills; returns the losses."""
    rng = random.Random(seed)
    due = [await Due.start(directory / runtime, runtime) for runtime in ("terminal", "structured")]
    killed: Counter[str] = Counter()
    for number in range(1, kills + 1):
        await eventually(several.is_whole, TIMEOUT_S, "two keepers")
        at_s = time.time() + DUE_AFTER_S
        for chat in due:
            await chat.set(f"prompt {number}", at_s)
        known = await chats()
        ids = dict(zip(("host", "another host"), rng.sample([chat.record.id for chat in due], 2), strict=True))
        names = several.two_of(number)
        pids = [known[ids[name]].facts.program.host_pid if name in ids else several.keeper_pid(name) for name in names]
        await asyncio.sleep(max(0.0, at_s + rng.uniform(*KILLED_WITHIN_S) - time.time()))
        processes.kill_at_once([pid for pid in pids if pid])
        killed[" and ".join(names)] += 1
        for chat in due:
            await poll_until(chat.is_settled, bool, TIMEOUT_S, f"prompt {number} to be sent or missed")
        if number % 50 == 0:
            print(f"  {number} of {kills} kills", flush=True)
    losses = [loss for chat in due for loss in await chat.losses()]
    print(*(f"{count} × {names} killed" for names, count in sorted(killed.items())), sep="\n")
    for chat in due:
        came = sum(chat.got()[text] for text in chat.sent)
        print(f"{chat.record.origin.runtime}: {came} of {len(chat.sent)} came, missed: {Counter(chat.missed())}")
        await end(chat.record.id)
    return losses


def main() -> int:
    """Make the kills that the command line describes; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills.later", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="a run's seed, to have the same kills again")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    print(f"seed {seed}", file=sys.stderr, flush=True)
    with benchmark_environment(1) as bench:
        losses = event_loop.run(torture(bench.cache, options.kills, seed))
    print(*(f"LOSS {loss}" for loss in losses[:20]), f"losses: {len(losses)}", sep="\n")
    return 1 if losses else 0


if __name__ == "__main__":
    sys.exit(main())
