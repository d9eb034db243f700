"""Kills the product's processes at random moments while sessions work, and reports what was lost.

``python -m tests.kills.torture [--kills N] [--seed S] [--sessions K] [--roles ROLE,…] [--keep]``

SIGKILL hits hosts, the keeper, its standby, two of these at the same time, a sequence of them 20 ms apart, a process
with viewers, commands, and with ``--roles …,window`` the window (on an off-screen display). Each kill waits until the
product has recovered from the previous one; permanent viewers and commands type input all the time. The programs record
all that they write and read, and a permanent viewer records all that it receives; both records are compared with the
journal and with the typed input. The same seed makes the same kills; ``kills.jsonl`` lists them with their times and
PIDs.

Exit status: 0; 1 if anything was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from session_host.errors import OutliveError
from session_host.system import event_loop
from tests.benchmarks.environment import BenchmarkEnvironment, benchmark_environment
from tests.kills import several, targets
from tests.kills.chat import ARROWS, Chat, chats, described
from tests.kills.evidence import viewer_losses
from tests.kills.recorder import read_recording
from tests.kills.structured import StructuredWitness
from tests.support import processes
from tests.support.facts import keeper_pid
from tests.support.waiting import TIMEOUT_S, WaitTimeout, eventually

ROLES = ("host", "structured host", "keeper", "standby", "two", "sequence", "viewer", "command", "window")
DEFAULT_ROLES = ROLES[:-1]
SHOWN_LOSSES = 40
SHARE_BYTES = {"ghostty": 45_000_000, "pyte": 10_000_000}
"""Output of each witness at changing rates; then it writes a line now and then, so that a long run fits the journal."""

LONGEST_PAUSE_S = 0.3
"""From a recovery to the next kill, at most."""

LONGEST_COMMAND_S = 0.4
"""From a command's start to its kill, at most; some commands have ended by then."""

LONGEST_LOOK_S = 0.1
FIRST_CODE = 11


class Kill(NamedTuple):
    """One planned kill."""

    number: int
    role: str
    chat: int
    pause_s: float
    command: str
    command_s: float


def plan(seed: int, kills: int, sessions: int, roles: Sequence[str]) -> list[Kill]:
    """Return the kills of a seed; the same seed gives the same kills. Each role has its turn, in random order."""
    rng = random.Random(seed)
    turns = itertools.chain.from_iterable(rng.sample(roles, len(roles)) for _ in itertools.count())
    return [
        Kill(
            number,
            next(turns),
            rng.randrange(sessions),
            rng.uniform(0.0, LONGEST_PAUSE_S),
            rng.choice(targets.COMMANDS),
            rng.uniform(0.0, LONGEST_COMMAND_S),
        )
        for number in range(1, kills + 1)
    ]


@dataclass
class Outcome:
    """The result of a run.

    Attributes:
        losses: a line for each loss; empty if all is well.
        killed: the number of kills by role.
        recovery_ms: times from a kill until every affected chat answers, by role.
        alone_ms: times from a host's kill until another is forked; only the keepers hold the session meanwhile.
        figures: counts of the activity during the kills.
        notes: remarks for the report.
    """

    losses: list[str] = field(default_factory=list)
    killed: dict[str, int] = field(default_factory=dict)
    recovery_ms: dict[str, list[float]] = field(default_factory=dict)
    alone_ms: list[float] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Torture:
    """One run, in the directories that the environment variables name."""

    def __init__(
        self, directory: Path, kills: Sequence[Kill], *, seed: int, sessions: int, say: Callable[[str], None] = print
    ) -> None:
        self.directory = directory
        self.kills = kills
        self.outcome = Outcome()
        self._rng = random.Random(f"typing {seed}")
        self._seed = seed
        self._say = say
        # The portable engine is slow, so that the hosts of every other chat make checkpoints between two kills.
        self._chats = [Chat(directory, number, "pyte" if number % 2 else "ghostty") for number in range(sessions)]
        self._structured = StructuredWitness(directory)
        self._viewers: targets.ViewerProcess | None = None
        self._window: targets.WindowProcess | None = None
        self._log = (directory / "kills.jsonl").open("w", buffering=1)
        self._began_s = time.monotonic()

    async def run(self) -> Outcome:
        """Start the sessions, make the kills, and collect the losses. The caller must end the hosts."""
        try:
            await self._run()
        except (WaitTimeout, OutliveError) as error:
            self.outcome.losses.append(str(error))
        finally:
            self._log.close()
            for target in (self._viewers, self._window):
                if target is not None:
                    await target.close()
            for chat in self._chats:
                await chat.close()
            await self._structured.close()
        return self.outcome

    async def _run(self) -> None:
        for chat in self._chats:
            await chat.start()
            chat.witness.order(f"random {self._seed + chat.number} {SHARE_BYTES[chat.engine]}")
        await self._structured.start()
        self._viewers = targets.ViewerProcess(self.directory, self._ids)
        await self._viewers.start()
        if any(kill.role == "window" for kill in self.kills):
            self._window = targets.WindowProcess(self._ids)
            await self._window.start()
        async with self._activity():
            for kill in self.kills:
                await asyncio.sleep(kill.pause_s)
                try:
                    await self._kill(kill)
                except WaitTimeout as error:
                    self.outcome.losses.append(f"kill {kill.number} ({kill.role}): {error}")
                    break
        await self._collect_losses()

    @property
    def _ids(self) -> list[str]:
        return [chat.witness.id for chat in self._chats]

    # ------------------------------------------------------------ activity during the kills

    @contextlib.asynccontextmanager
    async def _activity(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._type(chat)) for chat in self._chats]
        tasks.append(asyncio.create_task(self._send()))
        turns = asyncio.create_task(self._structured.work())
        try:
            yield
        finally:
            self._structured.stop()
            try:
                await turns
            except WaitTimeout as error:
                self.outcome.losses.append(str(error))
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception):
                    raise result

    async def _type(self, chat: Chat) -> None:
        """Type into a chat as a user would, until cancelled."""
        while True:
            match self._rng.randrange(5):
                case 0:
                    chat.paste()
                case 1:
                    chat.press_arrow(self._rng.choice(list(ARROWS)))
                case 2:
                    chat.type_text()
                case _:
                    chat.press(self._rng.randrange(1, 6))
            await asyncio.sleep(self._rng.uniform(0.02, 0.3))

    async def _send(self) -> None:
        """Send text by ``outlive send`` to one chat after another, until cancelled."""
        for chat in itertools.cycle(self._chats):
            token = chat.next_token("s")
            # The text counts as certainly sent only after the command has succeeded.
            chat.typed.unsure.add(token)
            code, error = await targets.outlive("send", chat.witness.id, token)
            self._count("sends")
            if code == 0:
                chat.typed.unsure.discard(token)
                chat.typed.sure.append(token)
            else:
                self._count("sends that said they failed")
                self._note(f"a send failed: {error}")
            await asyncio.sleep(self._rng.uniform(0.1, 0.6))

    # ------------------------------------------------------------ kills

    async def _kill(self, kill: Kill) -> None:
        chat = self._chats[kill.chat]
        match kill.role:
            case "host":
                took_s = await self._kill_host(kill, chat)
            case "structured host":
                took_s = await self._kill_structured(kill)
            case "keeper":
                took_s = await self._kill_keeper(kill)
            case "standby":
                took_s = await self._kill_keeper(kill, standby=True)
            case "two":
                took_s = await self._kill_several(kill, chat, [several.two_of(kill.number)])
            case "sequence":
                took_s = await self._kill_several(kill, chat, several.sequence_of(kill.number))
            case "viewer":
                assert self._viewers is not None
                self._killed(kill, self._viewers.pid)
                took_s = await self._viewers.kill_and_restart()
            case "window":
                assert self._window is not None
                self._killed(kill, self._window.pid)
                took_s = await self._window.kill_and_restart()
            case _:
                took_s = await self._kill_command(kill, chat)
        self.outcome.killed[kill.role] = self.outcome.killed.get(kill.role, 0) + 1
        self.outcome.recovery_ms.setdefault(kill.role, []).append(took_s * 1000)
        if gone := [chat.number for chat in self._chats if not chat.witness.lives()]:
            raise WaitTimeout(f"the agents of chats {gone} are gone")

    def _killed(self, kill: Kill, pid: int) -> None:
        fact = {"at_s": round(time.monotonic() - self._began_s, 4), "pid": pid, **kill._asdict()}
        self._log.write(json.dumps(fact) + "\n")
        if kill.number % 50 == 0:
            self._say(f"  {kill.number} of {len(self.kills)} kills")

    async def _kill_host(self, kill: Kill, chat: Chat) -> float:
        info = await described(chat.witness.id)
        assert info.facts.program.host_pid is not None
        self._killed(kill, info.facts.program.host_pid)
        before = several.children_of(keeper_pid(info))
        began_s = time.perf_counter()
        os.kill(info.facts.program.host_pid, signal.SIGKILL)
        # Poll without a pause for the next host: until then, only the keepers hold the session.
        while time.perf_counter() - began_s < LONGEST_LOOK_S:
            if several.children_of(keeper_pid(info)) - before:
                self.outcome.alone_ms.append((time.perf_counter() - began_s) * 1000)
                break
        took_s = await chat.answers()

        async def is_another() -> bool:
            now = await described(chat.witness.id)
            return now.facts.program.host_pid != info.facts.program.host_pid

        await _until(is_another, f"chat {chat.number}: another host")
        return took_s

    async def _kill_structured(self, kill: Kill) -> float:
        began_s = time.monotonic()
        self._killed(kill, await self._structured.kill_host())
        await self._structured.wait_progress()
        return time.monotonic() - began_s

    async def _kill_several(self, kill: Kill, chat: Chat, order: Sequence[Sequence[str]]) -> float:
        """Kill the entries one after another; the processes of one entry at the same time."""
        known = await chats()
        another = self._chats[(kill.chat + 1) % len(self._chats)]
        is_structured = kill.number % 2
        hosts = {"host": chat.witness.id, "another host": self._structured.id if is_structured else another.witness.id}
        self._killed(kill, 0)
        began_s = time.monotonic()
        for number, names in enumerate(order):
            if number:
                await asyncio.sleep(several.APART_S)
                if not several.is_whole():
                    self._count("kills of a sequence that came later, since this machine had not run the next keeper")
                    await eventually(several.is_whole, TIMEOUT_S, "two keepers", every_s=0.001)
                known = await chats() if any(name in hosts for name in names) else known
            pids = [
                known[hosts[name]].facts.program.host_pid if name in hosts else several.keeper_pid(name)
                for name in names
            ]
            processes.kill_at_once([pid for pid in pids if pid])
        await self._all_answer(previous=0)
        return time.monotonic() - began_s

    async def _kill_keeper(self, kill: Kill, *, standby: bool = False) -> float:
        previous = keeper_pid(await described(self._chats[0].witness.id))
        assert previous is not None
        await eventually(several.is_whole, TIMEOUT_S, "two keepers")
        killed = several.keeper_pid("standby") if standby else previous
        self._killed(kill, killed)
        began_s = time.monotonic()
        os.kill(killed, signal.SIGKILL)
        await self._all_answer(previous)
        return time.monotonic() - began_s

    async def _all_answer(self, previous: int) -> None:
        """Wait until all chats answer and have a keeper that is not the previous one and has a standby."""

        async def all_know_another() -> bool:
            known = await chats()
            pids = {keeper_pid(info) for info in known.values()}
            if not set(self._ids) <= known.keys() or len(pids) != 1 or pids & {None, previous}:
                return False
            return several.keeper_pid("keeper") in pids and several.is_whole()

        await _until(all_know_another, f"all chats to have another keeper than {previous}, with a standby")
        await asyncio.gather(*(chat.answers() for chat in self._chats))

    async def _kill_command(self, kill: Kill, chat: Chat) -> float:
        words = [kill.command, chat.witness.id] if kill.command != "ls" else ["ls", "--json"]
        token = ""
        if kill.command == "send":
            token = chat.next_token("k")
            chat.typed.unsure.add(token)
            words.append(token)
        async with targets.command(words) as terminal:
            await asyncio.sleep(kill.command_s)
            self._killed(kill, terminal.pid)
            terminal.kill()
            if await terminal.ended() == 0 and token:
                chat.typed.unsure.discard(token)
                chat.typed.sure.append(token)
        return await chat.answers()

    # ------------------------------------------------------------ losses

    async def _collect_losses(self) -> None:
        losses = self.outcome.losses
        viewers = self._viewers
        assert viewers is not None
        for chat in self._chats:
            if not chat.witness.lives():
                losses.append(f"chat {chat.number}: the agent is gone")
                continue
            try:
                await chat.settle()
                if self._window is None:
                    losses += await chat.screen_losses()
            except (WaitTimeout, OutliveError) as error:
                losses.append(str(error))
            losses += await chat.end(FIRST_CODE + chat.number)
        for chat in self._chats:
            losses += chat.losses(targets.journal(chat.witness.id), start=targets.journal_start(chat.witness.id))
            written = chat.witness.written
            for path in viewers.paths(chat.witness.id):
                recorded = list(read_recording(path))
                losses += [
                    f"chat {chat.number}: {path.parent.name}: {loss}"
                    for loss in viewer_losses(written, recorded, whole=False)
                ]
            self._count("bytes written", len(written))
            self._count("inputs", len(chat.typed.sure) + len(chat.typed.keys) + len(chat.typed.arrows) // 3)
            self._count("queries", len(chat.witness.asked))
            assert chat.viewer is not None
            self._count("snapshots in the place of output", chat.viewer.snapshots - 1)
        losses += await self._structured.losses()
        self._count("structured turns", self._structured.turns)
        self._count("agents", len(self._chats))

    def _count(self, what: str, number: int = 1) -> None:
        self.outcome.figures[what] = self.outcome.figures.get(what, 0) + number

    def _note(self, text: str) -> None:
        if text not in self.outcome.notes:
            self.outcome.notes.append(text)


async def _until(condition: Callable[[], Any], what: str) -> None:
    """Wait until an asynchronous condition is true, as ``eventually`` does for other ones."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while not await condition():
        if time.monotonic() > deadline_s:
            raise WaitTimeout(f"timed out after {TIMEOUT_S:g} s, waiting for {what}")
        await asyncio.sleep(0.02)


# ------------------------------------------------------------------------------- the command line


def report(outcome: Outcome) -> list[str]:
    """The outcome in lines."""
    lines = [f"{count} × {role} killed" for role, count in sorted(outcome.killed.items())]
    times = {f"{role}: kill → it answers": values for role, values in sorted(outcome.recovery_ms.items())}
    if outcome.alone_ms:
        times["host: kill → another is forked"] = outcome.alone_ms
    for what, values in times.items():
        lines.append(f"{what}: {statistics.median(values):.1f} ms, {min(values):.1f} … {max(values):.1f}")
    lines += [f"{what}: {number:,}" for what, number in outcome.figures.items()] + outcome.notes
    lines += [f"LOSS {loss}" for loss in outcome.losses[:SHOWN_LOSSES]]
    return [*lines, f"losses: {len(outcome.losses)}"]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Make the kills that the command line describes; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills.torture", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None, help="a run's seed, to have the same kills again")
    parser.add_argument("--sessions", type=int, default=3)
    parser.add_argument("--roles", default=",".join(DEFAULT_ROLES), help=f"some of {','.join(ROLES)}")
    parser.add_argument("--keep", action="store_true", help="keep all records, even if nothing was lost")
    options = parser.parse_args()
    roles = tuple(options.roles.split(","))
    if unknown := set(roles) - set(ROLES):
        parser.error(f"there is no role {', '.join(sorted(unknown))}; there are {', '.join(ROLES)}")
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    _say(f"seed {seed}")
    with benchmark_environment(1) as bench:
        try:
            if "window" in roles:
                bench.display()
            kills = plan(seed, options.kills, options.sessions, roles)
            torture = Torture(bench.cache, kills, seed=seed, sessions=options.sessions, say=_say)
            outcome = event_loop.run(torture.run())
        except BaseException:
            _keep(bench)
            raise
        print(*report(outcome), sep="\n")
        if outcome.losses or options.keep:
            print(f"records and logs are kept in {_keep(bench)}")
    return 1 if outcome.losses else 0


def _keep(bench: BenchmarkEnvironment) -> Path:
    """Copy the witnesses', viewers' and hosts' files and the journals to a directory that outlives this run."""
    kept = Path(tempfile.mkdtemp(prefix="torture-", dir="/tmp"))
    for directory in (bench.cache, bench.area.state):
        # copytree reports sockets and FIFOs as errors.
        with contextlib.suppress(shutil.Error):
            shutil.copytree(directory, kept / directory.name, ignore=lambda _, names: {"orders"} & set(names))
    return kept


if __name__ == "__main__":
    sys.exit(main())
