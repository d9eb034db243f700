"""The time that processes have to exit after their chat's program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import uuid
from contextlib import ExitStack
from pathlib import Path

import pytest

from session_host.host.program import termination
from session_host.host.program.termination import end_processes
from session_host.system.processes.chat_mark import VARIABLE, Mark
from session_host.system.processes.process_tree import chat_processes
from tests.conftest import Sessions
from tests.programs import Gate
from tests.support.waiting import TIMEOUT_S, wait_until

CHAT = str(uuid.uuid4())
MARK = Mark.of_chat(CHAT)
"""Other runs of this test, at the same time, have other processes."""

LAUNCHER = """
import subprocess, sys
subprocess.run([sys.executable, "-ISc", *sys.argv[1:]])
"""
"""It dies of SIGTERM at once, as a program of node does in spawnSync."""

AGENT = """
import os, signal, subprocess, sys
directory, gate = sys.argv[1:]
stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
tool = subprocess.Popen([sys.executable, "-ISc", stubborn], start_new_session=True, stdout=subprocess.PIPE)
tool.stdout.readline()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # It saves once, though it gets the signal again.
open(directory + "/ready", "w").close()
signal.sigwait([signal.SIGTERM])
open(directory + "/saving", "w").close()
os.read(os.open(gate, os.O_RDONLY), 1)
open(directory + "/saved", "w").close()
os._exit(0)
"""


@pytest.mark.parametrize("group_grace_s", [TIMEOUT_S, 0.0])
def test_an_agent_behind_a_launcher_has_time_to_save_and_its_tools_have_not(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group_grace_s: float
) -> None:
    monkeypatch.setattr(termination, "GRACE_S", 0.0)
    with Gate(tmp_path / "gate") as gate, ExitStack() as stack:
        argv = [sys.executable, "-ISc", LAUNCHER, AGENT, str(tmp_path), str(gate.path)]
        program = subprocess.Popen(argv, env={**os.environ, VARIABLE: CHAT}, start_new_session=True)
        stack.enter_context(program)  # waits for its end
        stack.callback(program.kill)
        wait_until((tmp_path / "ready").exists, TIMEOUT_S, "the agent to be ready")
        known = chat_processes(program.pid, MARK)
        assert len(known) == 3
        os.killpg(program.pid, signal.SIGTERM)
        assert program.wait(TIMEOUT_S) == -signal.SIGTERM
        wait_until((tmp_path / "saving").exists, TIMEOUT_S, "the agent to save")

        ending = threading.Thread(
            target=end_processes,
            args=(program.pid, MARK, known),
            kwargs={"gracefully": True, "group_grace_s": group_grace_s},
        )
        ending.start()
        if group_grace_s:
            gate.release()
        ending.join(TIMEOUT_S)

        assert not ending.is_alive()
        # Without a time to exit, the kernel may still be at work on the last signal.
        wait_until(lambda: chat_processes(program.pid, MARK) == [], TIMEOUT_S, "the end of all")
        assert (tmp_path / "saved").exists() == bool(group_grace_s)
