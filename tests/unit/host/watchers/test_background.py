"""What counts as work that an agent has started beside its turns."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from session_host.agents.session_files import HOOK_PROGRAM
from session_host.host.watchers.background import BackgroundWork
from session_host.system.processes.identity import start_time
from session_host.system.processes.process_tree import background_commands
from session_host.system.processes.pty_process import PtyProcess
from tests.support.waiting import TIMEOUT_S, wait_until

AGENT = """
import subprocess, sys
children = [subprocess.Popen(["sh", "-c", "read line; true", each], start_new_session=True, stdin=subprocess.PIPE)
            for each in sys.argv[1:]]
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def agent(request: pytest.FixtureRequest) -> Iterator[PtyProcess]:
    """An agent that has started commands with these names, each in a session of its own."""
    words = [sys.executable, "-c", AGENT, *request.param]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        yield PtyProcess(process.pid, start_time(process.pid), -1)
        assert process.stdin is not None
        process.stdin.close()


def is_older_than_now(agent: PtyProcess) -> bool:
    """Whether the agent has a command, and the kernel's clock has ticked since its start."""
    now = time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK")
    return any(each.started < int(now) for each in background_commands(agent.pid))


@pytest.fixture
async def work() -> AsyncIterator[BackgroundWork]:
    """The work of an agent that no host has seen before."""
    nothing: Any = None
    watch = BackgroundWork(nothing, nothing, lambda _: None)
    yield watch
    watch.close()


@pytest.mark.parametrize("agent", [[str(HOOK_PROGRAM), "npm test"]], indirect=True)
async def test_our_own_hook_is_no_work_of_the_agent(agent: PtyProcess, work: BackgroundWork) -> None:
    work.counts_from = 0
    work.start_watching(agent)
    wait_until(lambda: "npm test" in work.commands(), TIMEOUT_S, "the agent's command")
    assert "report.py" not in work.commands()


@pytest.mark.parametrize("agent", [["agent in a terminal of its own"]], indirect=True)
@pytest.mark.parametrize("begins_by", ["input", "turn"])
async def test_an_agent_that_a_wrapper_runs_in_a_session_of_its_own_is_no_work_of_itself(
    agent: PtyProcess, work: BackgroundWork, begins_by: str
) -> None:
    """Ten seconds after its start, it was taken for work in the background, and the chat was never idle."""
    wait_until(lambda: is_older_than_now(agent), TIMEOUT_S, "the session of its own")
    work.start_watching(agent)
    work.note_report()
    assert work.commands() == "", "before the first turn, nothing counts"
    if begins_by == "input":
        work.note_input()
    else:
        work.note_turn()
    assert work.commands() == ""


@pytest.mark.parametrize("agent", [["npm test"]], indirect=True)
async def test_the_first_prompt_of_an_agent_may_be_one_of_its_command_line(
    agent: PtyProcess, work: BackgroundWork
) -> None:
    """Such an agent gets no input before its first command, which may be older than the report of the turn."""
    work._first_report = 1
    work.start_watching(agent)
    assert work.commands() == ""
    work.note_turn()
    wait_until(lambda: "npm test" in work.commands(), TIMEOUT_S, "the agent's command")
