"""What counts as work that an agent has started beside its turns."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from session_host.agents.session_files import HOOK_PROGRAM
from session_host.host.watchers.background import BackgroundWork
from session_host.system.processes.identity import start_time
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


@pytest.mark.parametrize("agent", [[str(HOOK_PROGRAM), "npm test"]], indirect=True)
async def test_our_own_hook_is_no_work_of_the_agent(agent: PtyProcess) -> None:
    nothing: Any = None
    work = BackgroundWork(nothing, nothing, lambda _: None)
    try:
        work.start_watching(agent, had_input=True)
        wait_until(lambda: "npm test" in work.commands(), TIMEOUT_S, "the agent's command")
        assert "report.py" not in work.commands()
    finally:
        work.close()


@pytest.mark.parametrize("agent", [["npm test"]], indirect=True)
async def test_what_an_agent_runs_at_its_start_does_not_count(agent: PtyProcess) -> None:
    nothing: Any = None
    work = BackgroundWork(nothing, nothing, lambda _: None)
    try:
        work.start_watching(agent, had_input=False)
        assert work.commands() == ""
        work.start_watching(agent, had_input=True)
        wait_until(lambda: "npm test" in work.commands(), TIMEOUT_S, "the agent's command")
    finally:
        work.close()
