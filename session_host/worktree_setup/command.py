"""The command line of the program, one run of the user's command, and the exec of the agent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from session_host.ending_signals import EndingSignals

LINES, MARK = "--lines", "--mark"


class Options(NamedTuple):
    """What to run.

    Attributes:
        speaks_lines: whether standard input and output are those of a structured chat.
        worktree: the worktree's top directory, in which the command runs.
        repository: the directory of the repository that the worktree was made of.
        command: the user's command, for a shell.
        agent: the agent's words.
        mark: the file that exists until the agent begins; "" for none.
    """

    speaks_lines: bool
    worktree: str
    repository: str
    command: str
    agent: list[str]
    mark: str = ""


def read_options(words: Sequence[str]) -> Options | None:
    """Read the command line; None if it is invalid."""
    speaks_lines = words[:1] == [LINES]
    rest = list(words[1:] if speaks_lines else words)
    mark = ""
    if rest[:1] == [MARK]:
        mark, rest = "".join(rest[1:2]), rest[2:]
    if len(rest) < 5 or rest[3] != "--":
        return None
    worktree, repository, command = rest[:3]
    return Options(speaks_lines, worktree, repository, command, rest[4:], mark)


ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end the chat."""
END_TIMEOUT_S: Final = 2.0
NOT_FOUND: Final = 127
"""The exit code of shells for a program that is not there."""

_PR_SET_PDEATHSIG: Final = 1
"""prctl(2)."""

_libc = ctypes.CDLL(None, use_errno=True)


def begin() -> EndingSignals:
    """Prepare this process: each signal of ``ENDING`` raises ``Signalled`` from now on.

    The interpreter sets LC_CTYPE where the locale is "C" (PEP 538). The command and the agent get what the user has.
    """
    if "LC_CTYPE" in os.environ:
        with contextlib.suppress(OSError):
            given = Path("/proc/self/environ").read_bytes().split(b"\0")
            if not any(each.startswith(b"LC_CTYPE=") for each in given):
                del os.environ["LC_CTYPE"]
    return EndingSignals(ENDING)


def start(options: Options, *, output: int | None, in_front: bool) -> subprocess.Popen[bytes]:
    """Start the user's command in a process group of its own; it is killed at the end of this process.

    From now on the worktree is marked as not set up, until ``exec_agent``: a resume of the chat sets it up then.

    Args:
        options: the command line.
        output: where its output goes, as for ``subprocess``, with no input; None for this process's terminal.
        in_front: whether its group becomes the terminal's foreground group, which gets Ctrl+C.

    Raises:
        OSError: it cannot be started.
    """
    parent = os.getpid()
    if options.mark:
        with contextlib.suppress(OSError):  # A full disk is the command's to complain about.
            Path(options.mark).touch()

    def prepare() -> None:
        os.setpgid(0, 0)
        if sys.platform == "linux":
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        for number in (*ENDING, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        # Nobody could continue a command that Ctrl+Z has stopped.
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        if in_front:
            take_terminal(os.getpid())
        if os.getppid() != parent:
            os._exit(1)

    environment = os.environ | {"OUTLIVE_WORKTREE": options.worktree, "OUTLIVE_REPOSITORY": options.repository}
    return subprocess.Popen(
        [os.environ.get("SHELL") or "/bin/sh", "-c", options.command],
        cwd=options.worktree,
        env=environment,
        stdin=None if in_front else subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        preexec_fn=prepare,  # noqa: PLW1509 - this process has one thread
    )


def take_terminal(group: int) -> None:
    """Make a process group the terminal's foreground group."""
    previous = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # The terminal has gone, or standard input is none.
        os.tcsetpgrp(0, group)
    signal.signal(signal.SIGTTOU, previous)


def end(child: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
    """End the command with all processes of its group: by a signal, and then by force."""
    for each in (number, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, each)
        try:
            child.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            continue
        break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)  # What the shell left behind.


def kill_self(number: int) -> int:
    """End this process by a signal; returns the exit code if it survives."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


def exec_agent(options: Options) -> int:
    """Become the agent, in a worktree that is set up or is to do; returns the exit code if that is impossible."""
    words = options.agent
    if options.mark:
        with contextlib.suppress(OSError):
            Path(options.mark).unlink()
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    restore_python_signals()
    try:
        os.execvp(words[0], words)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"{words[0]}: {error.strerror}\n")
    return NOT_FOUND


def restore_python_signals() -> None:
    """Undo what the interpreter ignores: an exec'd program would inherit it."""
    for name in ("SIGPIPE", "SIGXFSZ"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)


def described(code: int) -> str:
    """How a command ended, by its return code, negative for a signal."""
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
