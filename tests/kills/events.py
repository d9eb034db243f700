"""Kills readers of the events, hosts, keepers and windows at random; checks that each event is read exactly once.

Each chat asks numbered questions without pause, which are events. The reader writes to a file and is killed like the
others; the next one goes on after the last whole line. The window, on an off-screen display, has a tab for each chat.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from session_host.protocol.values import Activity
from tests.benchmarks.environment import BenchmarkEnvironment, benchmark_environment
from tests.kills import several
from tests.programs import program
from tests.support.commands import OUTLIVE, environment, outlive
from tests.support.ledger import CHANGES_READ
from tests.support.waiting import wait_for_end, wait_until
from tests.support.windows import ARGV, Window

CHATS = 3
PAUSE_S = 0.05
"""Between two questions: 200 kills take a quarter of an hour, and the ledger keeps 100,000 events."""
LONGEST_PAUSE_S = 0.2
ROLES = ("reader", "host", "keeper", "standby", "window")
TIMEOUT_S = 60.0


class Reader:
    """A reader of the events, which may be killed and started again.

    Attributes:
        lines: the whole lines so far.
    """

    def __init__(self, path: Path, cursor: str) -> None:
        self.lines: list[dict[str, object]] = []
        self._path, self._cursor = path, cursor
        self.process = self._start()

    def _start(self, *more: str) -> subprocess.Popen[bytes]:
        words = [*OUTLIVE, "events", "--json", "--event", "status", "--since", self._cursor, *more]
        with self._path.open("wb") as file:
            return subprocess.Popen(words, stdout=file, env=environment(), stdin=subprocess.DEVNULL)

    def kill(self) -> None:
        """Kill it, and start the next one after the last whole line."""
        self.process.kill()
        self.process.wait()
        self.take()
        self.process = self._start()

    def finish(self) -> None:
        """Kill it, and read the rest with one that ends by itself."""
        self.process.kill()
        self.process.wait()
        self.take()
        assert self._start("--once").wait() == 0
        self.take()

    def take(self) -> None:
        """Take the whole lines that an ended reader has written."""
        whole = self._path.read_bytes().rpartition(b"\n")[0]
        found = [json.loads(line) for line in whole.splitlines()]
        if found:
            self._cursor = str(found[-1]["cursor"])
            self.lines += [each for each in found if each["chat"] is not None]


class OpenWindow:
    """The product's window with a tab for each chat, which may be killed and opened again."""

    def __init__(self, chats: list[str]) -> None:
        self._chats = chats
        self.process = self._open()

    def _open(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(ARGV, env=environment(), stdin=subprocess.DEVNULL)
        window = Window(process)
        for chat in self._chats:
            window.show(chat)
        window.wait_connected(self._chats)
        return process

    def kill(self) -> None:
        """Kill it, and open the next one."""
        self.close()
        self.process = self._open()

    def close(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()


def torture(bench: BenchmarkEnvironment, kills: int, seed: int) -> list[str]:
    """Make the kills; returns what was lost or came twice."""
    rng = random.Random(seed)
    directory = bench.cache / "counts"
    directory.mkdir()
    hello = json.loads(outlive("events", "--json", "--once").output.splitlines()[0])
    reader = Reader(bench.cache / "events.jsonl", str(hello["cursor"]))
    counts = [directory / str(number) for number in range(CHATS)]
    stop = directory / "stop"
    asking = ("questions", 0, "--pause", str(PAUSE_S), "--until", stop, "--told")
    chats = [str(bench.new_session(program(*asking, count), f"chat-{count.name}")["id"]) for count in counts]
    bench.display()
    window = OpenWindow(chats)
    killed: Counter[str] = Counter()
    for _ in range(kills):
        time.sleep(rng.uniform(0, LONGEST_PAUSE_S))
        for role in rng.sample(ROLES, rng.choice((1, 1, 2))):
            killed[role] += _kill(role, reader, window, rng.choice(chats))
        wait_until(lambda: _is_whole(chats), TIMEOUT_S, "two keepers, and a host for each chat")  # Two at most at once.
    window.close()
    stop.touch()
    wait_until(lambda: all(each.exists() and each.read_text() for each in counts), TIMEOUT_S, "the programs to stop")
    asked = {chat: int(path.read_text()) for chat, path in zip(chats, counts, strict=True)}
    wanted = {chat: [f"question {number}" for number in range(count)] for chat, count in asked.items()}
    total = sum(map(len, wanted.values()))
    wait_until(lambda: _told(chats) >= total, TIMEOUT_S, lambda: f"{total} events in the ledger; it has {_told(chats)}")
    reader.finish()
    print(*(f"{count} × {role} killed" for role, count in sorted(killed.items())), f"{total:,} events", sep="\n")
    return [loss for chat in chats for loss in _losses(wanted[chat], _details(reader, chat))]


def _is_whole(chats: list[str]) -> bool:
    """Whether there are two keepers, and a host of each chat that answers."""
    rows = outlive("ls", "--json").json() if several.is_whole() else []
    return {each["id"] for each in rows if each["viewers"] is not None} >= set(chats)


def _kill(role: str, reader: Reader, window: OpenWindow, chat: str) -> int:
    """Kill one process; returns how many were killed."""
    if role in {"reader", "window"}:
        (reader if role == "reader" else window).kill()
        return 1
    if role == "host":
        rows = outlive("ls", "--json").json()
        pid = next((each["host_pid"] or 0 for each in rows if each["id"] == chat), 0)
    else:
        pid = several.keeper_pid(role)
    if not pid:
        return 0
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return 0
    wait_for_end(pid, TIMEOUT_S)
    return 1


def _told(chats: list[str]) -> int:
    """How many questions the ledger has."""
    from session_host.client.sessions.store_access import open_store
    from session_host.protocol.events import StatusChanged

    with open_store() as store:
        entries = [each for chat in chats for each in store.ledger.of_chat(chat, [StatusChanged], CHANGES_READ * 10)]
    return sum(isinstance(each.event, StatusChanged) and each.event.after is Activity.NEEDS_INPUT for each in entries)


def _details(reader: Reader, chat: str) -> list[str]:
    found = []
    for each in reader.lines:
        about, event = each["chat"], each["event"]
        assert isinstance(about, dict)
        assert isinstance(event, dict)
        if about["id"] == chat and event["to"] == Activity.NEEDS_INPUT:
            found.append(str(event["detail"]))
    return found


def _losses(wanted: list[str], found: list[str]) -> list[str]:
    """What is missing, comes twice, or is in another order."""
    missing = [f"missing: {each}" for each in wanted if each not in set(found)]
    twice = [f"twice: {each}" for each, count in Counter(found).items() if count > 1]
    return missing + twice or ([] if found == wanted else ["another order"])


def main() -> int:
    """Make the kills that the command line describes; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills.events", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="a run's seed, to have the same kills again")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    print(f"seed {seed}", file=sys.stderr, flush=True)
    with benchmark_environment(1) as bench:
        losses = torture(bench, options.kills, seed)
    print(*(f"LOSS {loss}" for loss in losses[:20]), f"losses: {len(losses)}", sep="\n")
    return 1 if losses else 0


if __name__ == "__main__":
    sys.exit(main())
