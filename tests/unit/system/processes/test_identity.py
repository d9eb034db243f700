"""What the kernel says of a process by its PID."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from session_host.system.processes.identity import is_killed, start_time


def test_a_process_is_known_to_be_killed_before_it_has_ended():
    process = subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
    try:
        assert not is_killed(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        assert is_killed(process.pid) or start_time(process.pid) is None
    finally:
        process.kill()
        process.wait()
    assert not is_killed(process.pid)
