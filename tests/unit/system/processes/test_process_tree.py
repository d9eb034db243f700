"""The processes of a chat."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from session_host.system.processes.chat_mark import Mark
from session_host.system.processes.process_tree import chat_processes, end


def test_a_shell_ended_with_its_program_is_signalled_first_and_ends_by_the_signal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = "sleep 60 & echo ready; wait $!"
    shell = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True)
    with shell:
        assert shell.stdout is not None
        assert shell.stdout.read(6) == b"ready\n"
        parent, child = sorted(chat_processes(shell.pid, Mark("NO", "mark")), key=lambda each: each.pid != shell.pid)
        signalled: list[tuple[int, int]] = []
        kill = os.kill

        def noting(pid: int, number: int) -> None:
            signalled.append((pid, number))
            kill(pid, number)

        monkeypatch.setattr(os, "kill", noting)
        assert end([child, parent], signal.SIGTERM) == [parent, child]
        assert [pid for pid, number in signalled if number == signal.SIGTERM] == [parent.pid, child.pid]
        assert shell.wait(60) == -signal.SIGTERM
