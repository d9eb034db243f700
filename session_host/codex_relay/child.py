"""A child process that is killed at this process's end; this process then exits with the child's status."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Sequence
from typing import Final

ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""Signals that ask for the end."""

_PR_SET_PDEATHSIG: Final = 1
"""prctl(2)."""

_libc = ctypes.CDLL(None, use_errno=True)


def start_child(command: Sequence[str], *, detached: bool) -> subprocess.Popen[bytes]:
    """Start a child that is killed at the end of this process.

    Args:
        command: the child's argv.
        detached: do not pass our stdin and stdout to the child.

    Raises:
        OSError: the child cannot be started.
    """
    parent = os.getpid()
    end = subprocess.DEVNULL if detached else None

    def die_with_parent() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        for number in ENDING:
            signal.signal(number, signal.SIG_DFL)
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(
        command,
        stdin=end,
        stdout=end,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has one thread
    )


def wait(child: subprocess.Popen[bytes], timeout_s: float) -> int | None:
    """Wait for a child's end; its exit code, negative for a signal, or None."""
    try:
        return child.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return None


def exit_code(code: int) -> int:
    """The exit code to use after a child's; if a signal killed the child, kill this process by the same signal."""
    if code >= 0:
        return code
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
    return 128 - code
