"""Properties of a process that the kernel gives by its PID."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from session_host.system.processes.identity import is_killed, start_time


def test_a_killed_process_is_recognised_before_it_has_ended():
    process = subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
    try:
        assert not is_killed(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        assert is_killed(process.pid) or start_time(process.pid) is None
    finally:
        process.kill()
        process.wait()
    assert not is_killed(process.pid)
