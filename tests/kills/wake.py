"""Kills hosts, keepers and commands while texts wake a chat: each text comes once, or is named as not sent.

``python -m tests.kills.wake [--kills N] [--seed S]``

Each kill hits two processes at once: of those that wake the chat, also between their transaction and the first host, of
the keepers, and of the chat's host. In every second round, two commands wake the chat at once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import launch
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.sessions.session_info import SessionInfo, find_session
from session_host.client.sessions.store_access import open_store
from session_host.paths import config_dir
from session_host.protocol.events import Woke
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import Activity, Runtime
from session_host.system import event_loop
from tests.benchmarks.environment import benchmark_environment
from tests.kills import several
from tests.programs import program
from tests.support import processes
from tests.support.commands import OUTLIVE, environment
from tests.support.hosts import end
from tests.support.ledger import CHANGES_READ
from tests.support.reporting import AGENTS
from tests.support.structured_chats import FAKE
from tests.support.waiting import TIMEOUT_S, WaitTimeout, eventually, poll_until

KILLED_WITHIN_S = 0.8
"""When the kill comes, from the start of the commands on: a wake takes half a second."""

RESUMES = {
    "terminal": 'preset = true\nresume = ["{python}", "{arguments}", "--id", "{conversation}"]\n',
    "structured": 'resume = ["true"]\n',
}
QUIET = subprocess.DEVNULL
LEFT = "has a text in its input line"


class Sleeper:
    """A chat that is woken again and again, by its name.

    Attributes:
        name: its name, which each chat that continues it takes over.
        chain: the ids of its chats, oldest first.
    """

    def __init__(self, record: ChatFacts, file: Path, runtime: Runtime) -> None:
        self.name, self.chain = record.entry.name, [record.id]
        self._file, self._runtime = file, runtime

    @classmethod
    async def start(cls, directory: Path, runtime: Runtime) -> Sleeper:
        """Start such a chat; its agent has answered once."""
        directory.mkdir()
        agents = config_dir() / "agents"
        agents.mkdir(parents=True, exist_ok=True)
        text = AGENTS[runtime] + f"[conversation]\n{RESUMES[runtime]}"
        preset = '"{python}", "{arguments}", ["--id", "{conversation}"]'
        text = text.replace('"{python}", "{arguments}"', preset, 1) if runtime == "terminal" else text
        (agents / f"{runtime}.toml").write_text(text, encoding="utf-8")
        file = directory / "prompts"
        words = program("listening_agent", file)[1:] if runtime == "terminal" else ["-S", os.fspath(FAKE)]
        record = await launch(
            LaunchRequest(
                agent=load_catalog(config_dir())[runtime],
                arguments=words,
                name=f"sleeper-{runtime}",
                directory=os.fspath(directory),
                environment=os.environ,
                overrides={
                    "FAKE_APP_SERVER_LOG": os.fspath(file),
                    "FAKE_APP_SERVER_THREADS": os.fspath(directory),
                },
                runtime=runtime,
            )
        )
        chat = cls(record, file, runtime)
        await chat.command("send", chat.name, "begin", "--enter", "--wait", "--timeout", "60")
        return chat

    async def command(self, *words: str) -> str:
        """Run a command; returns why it failed, "" if it did not."""
        pipe = subprocess.PIPE
        done = await asyncio.create_subprocess_exec(*OUTLIVE, *words, stdout=QUIET, stderr=pipe, env=environment())
        return (await done.communicate())[1].decode()

    def now(self) -> SessionInfo:
        """The newest chat of the chain."""
        with open_store() as store:
            info = find_session(store, self.name)
        if info.id not in self.chain:
            self.chain.append(info.id)
        return info

    async def fall_asleep(self) -> None:
        """Put it to sleep, unless a wake was undone."""

        why = ""

        async def why_awake() -> str:
            nonlocal why
            is_asleep = (await asyncio.to_thread(self.now)).facts.is_asleep
            # A command and the host that were killed together may have left a text without Enter, as with any text.
            anyway = ["--anyway"] if LEFT in why else []
            why = "" if is_asleep else await self.command("sleep", self.name, *anyway)
            return why

        await poll_until(why_awake, lambda why: not why, TIMEOUT_S, lambda: f"{self.name} to be asleep: {why}")

    def is_settled(self) -> bool:
        """Whether it is asleep, or its agent is idle and has what it gets."""
        info = self.now()
        later = info.facts.later
        if later is not None and later.stage == "sending":
            return False
        return info.facts.is_asleep or (info.has_host and info.facts.status.activity is Activity.IDLE)

    def got(self) -> Counter[str]:
        """How often the agent got each prompt."""
        lines = [json.loads(line) for line in self._file.read_text().splitlines()] if self._file.exists() else []
        if self._runtime == "terminal":
            return Counter(lines)
        return Counter(each["params"]["input"][0]["text"] for each in lines if each.get("method") == "turn/start")

    def named(self) -> set[str]:
        """The texts that are named as not sent."""
        self.now()
        with open_store() as store:
            infos = [find_session(store, each) for each in self.chain if store.get(each) is not None]
        found = (info.facts.later or info.facts.entry.later for info in infos)
        return {prompt.text for prompt in found if prompt is not None and prompt.stage != ""}

    def wakes(self) -> int:
        """How often it was woken."""
        with open_store() as store:
            return sum(len(store.ledger.of_chat(each, [Woke], CHANGES_READ)) for each in self.chain)


def losses_of(chat: Sleeper, codes: dict[str, int], *, woke: bool) -> list[str]:
    """A line for each text that came twice, or did not come without a word.

    Args:
        chat: the chat.
        codes: the exit codes of the commands, by their texts; negative for one that was killed.
        woke: whether a transaction has woken it.
    """
    got, named = chat.got(), chat.named()
    losses = [f"{chat.name}: {text!r} came {got[text]} times" for text in codes if got[text] > 1]
    # In a terminal, one text may join another that was left without Enter; `send` says so (``messages.MAY_JOIN``).
    joined = {text for text in codes if not got[text] and any(text in line for line in got)}
    for text in sorted(joined):
        print(f"  {chat.name}: {text!r} joined another: {[*got][-2:]}", flush=True)
    losses += [
        f"{chat.name}: {text!r} did not come, and its command succeeded; codes {codes}, {[*got][-3:]}, named {named}"
        for text, code in codes.items()
        if not code and not got[text] and text not in named | joined
    ]
    was_killed = any(code < 0 for code in codes.values())
    if woke and was_killed and not any(got[text] or text in named for text in codes):
        losses.append(f"{chat.name}: it was woken by {[*codes]}, and none of them came or is named")
    return losses


def victims(chat: Sleeper, wakers: Sequence[subprocess.Popen[bytes]], rng: random.Random) -> dict[str, int]:
    """Two processes to kill, by their names; those that are not there are left out."""
    host = chat.now().facts.program.host_pid
    found = {f"waker {number}": each.pid for number, each in enumerate(wakers, 1) if each.poll() is None}
    found |= {name: several.keeper_pid(name) for name in ("keeper", "standby")}
    found["host"] = host if host is not None and processes.is_alive(host) else 0
    there = {name: pid for name, pid in found.items() if pid and pid != os.getpid()}
    return {name: there[name] for name in rng.sample(sorted(there), min(2, len(there)))}


async def one_round(chat: Sleeper, number: int, rng: random.Random, killed: Counter[str]) -> list[str]:
    """Wake a chat and kill two processes meanwhile; returns the losses."""
    await eventually(several.is_whole, TIMEOUT_S, "two keepers")
    await chat.fall_asleep()
    wakes = await asyncio.to_thread(chat.wakes)
    texts = [f"text {number}.{each}" for each in range(1, 2 + number % 2)]
    words = {text: [*OUTLIVE, "send", chat.name, text, "--enter"] for text in texts}
    wakers = [subprocess.Popen(each, stdout=QUIET, stderr=QUIET, env=environment()) for each in words.values()]
    try:
        await asyncio.sleep(rng.uniform(0.0, KILLED_WITHIN_S))
        chosen = await asyncio.to_thread(victims, chat, wakers, rng)
        processes.kill_at_once(chosen.values())
        killed[" and ".join(sorted(name.partition(" ")[0] for name in chosen))] += 1
        codes = {text: await asyncio.to_thread(each.wait, TIMEOUT_S) for text, each in zip(texts, wakers, strict=True)}
    finally:
        for each in wakers:
            each.kill()
            each.wait()

    async def settled() -> bool:
        return await asyncio.to_thread(chat.is_settled)

    try:
        await poll_until(settled, bool, TIMEOUT_S, f"{chat.name} to be settled after {[*chosen]}")
    except WaitTimeout as error:
        outcome = chat.now().facts.outcome
        return [f"{error}: {outcome.state} {outcome.error}"]
    return await asyncio.to_thread(losses_of, chat, codes, woke=chat.wakes() > wakes)


async def torture(directory: Path, kills: int, seed: int) -> list[str]:
    """Make the kills; returns the losses."""
    rng = random.Random(seed)
    sleepers = [await Sleeper.start(directory / runtime, runtime) for runtime in ("terminal", "structured")]
    killed: Counter[str] = Counter()
    losses: list[str] = []
    began_s = time.monotonic()
    for number in range(1, kills + 1):
        losses += await one_round(sleepers[number // 2 % 2], number, rng, killed)
        if number % 25 == 0:
            print(f"  {number} of {kills} kills, {time.monotonic() - began_s:.0f} s, losses {losses}", flush=True)
    print(*(f"{count} × {names} killed" for names, count in sorted(killed.items())), sep="\n")
    for chat in sleepers:
        got = chat.got()
        print(f"{chat.name}: {len(chat.chain)} chats, {sum(got.values())} texts came, woken {chat.wakes()} times")
        info = chat.now()
        if not info.facts.outcome.is_over:
            await end(info.id)
    return losses


def main() -> int:
    """Make the kills that the command line describes; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills.wake", description=(__doc__ or "").splitlines()[0])
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
