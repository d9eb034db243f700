"""Terminals that an agent makes through the host: real programs on real PTYs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from session_host.host.operations.runner import MARK, OperationRunner
from session_host.structured.operations import (
    AnyResult,
    EndTerminal,
    OperationDone,
    ReadText,
    StartTerminal,
    TerminalEnded,
    TerminalOutput,
    WriteText,
)
from session_host.system.processes.chat_mark import Mark
from session_host.system.processes.permission import AGENT_CHATS
from session_host.system.processes.proc import hard_limit
from session_host.system.processes.process_tree import chat_processes
from tests.support.session_harness import spec_of
from tests.support.waiting import wait_until

KEPT = 100_000


class OperationHarness:
    """Starts operations and collects their results."""

    def __init__(self, directory: Path) -> None:
        self.session_id = str(uuid.uuid4())
        spec = spec_of(id=self.session_id, cwd=str(directory), env=dict(os.environ))
        self.results: list[AnyResult] = []
        self._came = asyncio.Event()
        self.runner = OperationRunner(spec, self._take)
        self.runner.agent = os.getpid()

    def _take(self, result: AnyResult) -> None:
        self.results.append(result)
        self._came.set()

    async def until(self, wanted: type[AnyResult], count: int = 1) -> list[AnyResult]:
        """Wait for this many results of a kind."""
        while len(found := [each for each in self.results if isinstance(each, wanted)]) < count:
            self._came.clear()
            await asyncio.wait_for(self._came.wait(), 60)
        return found

    async def run(self, *argv: str, kept_bytes: int = KEPT, directory: str = "") -> TerminalEnded:
        """Run a program to its end."""
        self.runner.start(StartTerminal(1, "t", argv, directory, {"GREETING": "hello"}, kept_bytes))
        (ended,) = await self.until(TerminalEnded)
        assert isinstance(ended, TerminalEnded)
        return ended

    @property
    def output(self) -> str:
        return "".join(each.text for each in self.results if isinstance(each, TerminalOutput))

    @property
    def dropped(self) -> int:
        return sum(each.dropped for each in self.results if isinstance(each, TerminalOutput))

    def left(self, terminal: str = "t") -> list[str]:
        """Return the command lines of a terminal's remaining processes."""
        return [each.command for each in chat_processes(-1, Mark(MARK, f"{self.session_id}/{terminal}"))]


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[OperationHarness]:
    harness = OperationHarness(tmp_path)
    yield harness
    await harness.runner.close()


async def test_a_terminal_reports_output_and_exit_code(harness: OperationHarness, tmp_path: Path) -> None:
    ended = await harness.run("/bin/sh", "-c", 'echo "$GREETING $TERM"; pwd; printf ä; test -t 1 && read line; exit 3')
    assert harness.output == f"hello dumb\n{tmp_path}\nä"
    assert (ended.exit_code, ended.signal) == (3, None)
    assert isinstance(harness.results[0], OperationDone)


async def test_the_program_has_its_own_terminal_and_default_signals(harness: OperationHarness) -> None:
    ended = await harness.run(
        "/bin/sh", "-c", "tty >/dev/null </dev/tty && echo own; trap 'echo heard; exit' HUP; kill -HUP $$; sleep 9"
    )
    assert (harness.output, ended.exit_code) == ("own\nheard\n", 0)


async def test_the_program_belongs_to_the_agents_chat_whatever_the_agent_says(tmp_path: Path) -> None:
    with subprocess.Popen(["prlimit", "--msgqueue=4096", "sleep", "300"]) as agent:
        try:
            wait_until(lambda: hard_limit(agent.pid, "Max msgqueue size") == 4096, 20, "the agent's limit")
            harness = OperationHarness(tmp_path)
            harness.runner = OperationRunner(spec_of(env={**os.environ, AGENT_CHATS: "one"}), harness._take)
            harness.runner.agent = agent.pid
            script = f"echo ${AGENT_CHATS} $(prlimit --msgqueue --noheadings --output HARD)"
            harness.runner.start(StartTerminal(1, "t", ("sh", "-c", script), "", {AGENT_CHATS: ""}, KEPT))
            await harness.until(TerminalEnded)
            await harness.runner.close()
        finally:
            agent.kill()
    assert harness.output.split() == ["one", "4096"]


async def test_a_program_that_does_not_exist_ends_as_in_a_shell(harness: OperationHarness) -> None:
    ended = await harness.run("no-such-program")
    assert (harness.output, ended.exit_code) == ("no-such-program: No such file or directory\n", 127)


async def test_a_directory_outside_is_refused(harness: OperationHarness, tmp_path: Path) -> None:
    harness.runner.start(StartTerminal(1, "t", ("pwd",), str(tmp_path.parent)))
    (done,) = await harness.until(OperationDone)
    assert isinstance(done, OperationDone)
    assert "outside of the chat's directory" in done.error


async def test_the_end_of_10_mb_of_output_is_kept(harness: OperationHarness) -> None:
    program = "i=0; while [ $i -lt 100 ]; do head -c 100000 /dev/zero | tr '\\0' x; i=$((i+1)); done; echo ää the end"
    ended = await harness.run("/bin/sh", "-c", program)
    assert ended.exit_code == 0
    assert harness.output.endswith("ää the end\n")
    sent = sum(len(each.text.encode()) for each in harness.results if isinstance(each, TerminalOutput))
    assert sent + harness.dropped == 10_000_000 + len("ää the end\n".encode())
    assert max(len(each.text) for each in harness.results if isinstance(each, TerminalOutput)) <= KEPT


async def test_ending_a_terminal_ends_all_processes_that_its_program_started(harness: OperationHarness) -> None:
    harness.runner.start(
        StartTerminal(
            1,
            "t",
            (
                "/bin/sh",
                "-c",
                "setsid sleep 301 & sleep 302 & trap '' TERM; echo up; wait; while :; do sleep 303; done",
            ),
        )
    )
    await harness.until(TerminalOutput)
    assert len(harness.left()) >= 3
    harness.runner.start(EndTerminal(2, "t"))
    (ended,) = await harness.until(TerminalEnded)
    assert isinstance(ended, TerminalEnded)
    assert ended.signal == "SIGKILL"
    await harness.runner.close()
    assert harness.left() == []


async def test_closing_the_actor_ends_all_terminals(harness: OperationHarness) -> None:
    for name in ("a", "b"):
        harness.runner.start(StartTerminal(1, name, ("/bin/sh", "-c", "echo up; sleep 304")))
    await harness.until(TerminalOutput, 2)
    await harness.runner.close()
    assert harness.left("a") == harness.left("b") == []
    assert len(await harness.until(TerminalEnded, 2)) == 2


async def test_file_operations_are_carried_out_in_order(harness: OperationHarness, tmp_path: Path) -> None:
    path = str(tmp_path / "a.txt")
    harness.runner.start(WriteText(1, path, "one"))
    harness.runner.start(ReadText(2, path))
    harness.runner.start(ReadText(3, str(tmp_path / "none")))
    results = await harness.until(OperationDone, 3)
    assert [(each.id, each.text, each.missing) for each in results if isinstance(each, OperationDone)] == [
        (1, "", False),
        (2, "one", False),
        (3, "", True),
    ]
