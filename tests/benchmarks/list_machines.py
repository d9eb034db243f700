"""The time of ``outlive ls --all --on all`` with ten machines of a hundred chats, compared with ``ssh MACHINE true``.

The machines are sshds on loopback, so this machine does the work of all of them: ten interpreters start for one list.
Connections ride on logins, as after the first command; *without logins* each connection makes one. *Two newly dead
ones* answered the list before, and since then their network swallows all; *two dead ones* accept a connection and say
nothing, and did so in the lists before.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from session_host.machines import names
from session_host.machines.names import MachineEntry
from session_host.machines.ssh import argv
from session_host.protocol.values import State
from session_host.storage.store import Store
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict
from tests.support.commands import OUTLIVE, environment
from tests.support.facts import chat_facts
from tests.support.ssh_machines import SSHD, end_logins, ssh_machines
from tests.support.ssh_relay import ssh_relay

MACHINES, CHATS, DEAD = 10, 100, 2
LIMIT_S = 1.0


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("list_machines", f"a list of {MACHINES} machines with {CHATS} chats each")
    if not SSHD:
        report.notes.append("sshd is not installed")
        return report
    listed, with_dead = Series("outlive ls --all --on all", "ms"), Series(f"the same with {DEAD} dead ones", "ms")
    newly_dead = Series(f"the same with {DEAD} newly dead ones", "ms")
    first, bare = Series("the same without logins", "ms"), Series("ssh MACHINE true", "ms")
    with ExitStack() as stack:
        machines, variables = stack.enter_context(
            ssh_machines(bench.area.root / "m", *(f"m{number}" for number in range(MACHINES)))
        )
        stack.enter_context(pytest.MonkeyPatch.context()).setenv("PATH", variables["PATH"])
        entries = [MachineEntry(each.name, each.name) for each in machines]
        for each, entry in zip(machines, entries, strict=True):
            _fill(each.home / "state" / "outlive.db")
            names.add(entry)
        logins = [each.name for each in machines]
        stack.callback(end_logins, *logins)
        _list_ms(MACHINES * CHATS)  # The first start of a machine's interpreter reads its files.
        for _ in range(bench.rounds):
            end_logins(*logins)
            first.values.append(_list_ms(MACHINES * CHATS))
            listed.values.append(_list_ms(MACHINES * CHATS))
            began_s = time.perf_counter()
            subprocess.run(argv(entries[0], "true"), check=True)
            bare.values.append((time.perf_counter() - began_s) * 1e3)
        relays = [stack.enter_context(ssh_relay(machines[0].port)) for _ in range(DEAD)]
        far = [MachineEntry(f"far{number}", f"ssh://m0:{relay.port}") for number, relay in enumerate(relays)]
        stack.callback(end_logins, *(each.destination for each in far))
        for entry in far:
            names.add(entry)
        for _ in range(bench.rounds):
            for _ in "login", "list":
                _list_ms((MACHINES + DEAD) * CHATS)
            for relay in relays:
                relay.stall()
            newly_dead.values.append(_list_ms(MACHINES * CHATS, DEAD))
            end_logins(*(each.destination for each in far))
            for relay in relays:
                relay.flow()
        for entry in far:
            names.remove(entry.name)
        for number in range(DEAD):
            silent = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
            names.add(MachineEntry(f"dead{number}", f"ssh://m0:{silent.getsockname()[1]}"))
        _list_ms(MACHINES * CHATS, DEAD)
        with_dead.values = [_list_ms(MACHINES * CHATS, DEAD) for _ in range(bench.rounds)]
    report.series = [listed, newly_dead, with_dead, first, bare]
    for series in (listed, newly_dead, with_dead):
        report.verdicts.append(Verdict(series.name, series.median / 1e3, "s", LIMIT_S, False))
    ratio = statistics.median(ours / theirs for ours, theirs in zip(listed.values, bare.values, strict=True))
    report.verdicts.append(Verdict(f"{listed.name} of {bare.name}", ratio, "×"))
    return report


def _fill(database: Path) -> None:
    database.parent.mkdir(mode=0o700)
    with Store.open(database) as store:
        assert store.mark_complete(store.file)
        for number in range(CHATS):
            store.insert(
                chat_facts(
                    id=f"00000000-0000-4000-8000-{number:012}",
                    name=f"chat-{number}",
                    agent="shell",
                    argv=["sh"],
                    cwd="/",
                    state=State.EXITED,
                    exit_code=0,
                    created_at=f"2026-01-02T03:04:05.{number:06}Z",
                    ended_at="2026-01-02T03:05:00.000Z",
                    columns=80,
                    rows=24,
                    engine="ghostty",
                )
            )


def _list_ms(chats: int, dead: int = 0) -> float:
    began_s = time.perf_counter()
    done = subprocess.run(
        [*OUTLIVE, "ls", "--all", "--on", "all"], capture_output=True, text=True, env=environment(), check=True
    )
    time_ms = (time.perf_counter() - began_s) * 1e3
    lines = len(done.stdout.splitlines()) - 1
    if lines != chats or len(done.stderr.splitlines()) != dead:
        raise AssertionError(f"{lines} chats; {done.stderr}")
    return time_ms
