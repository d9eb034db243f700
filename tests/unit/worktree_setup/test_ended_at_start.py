"""A signal that ends the chat while its worktree's setup starts."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import wait_for_end

PROGRAM = """
import os, signal, sys
from pathlib import Path
from session_host.worktree_setup import command, in_chat, in_terminal
from session_host.worktree_setup.command import Options

def start(*arguments, **keywords):
    '''The command has started a process of its own when the signal comes, and this program does not know it yet.'''
    child = command.start(*arguments, **keywords)
    Path("left").write_text(Path("fifo").read_text())
    os.kill(os.getpid(), signal.SIGTERM)
    return child

in_chat.start = in_terminal.start = start
options = Options(False, os.getcwd(), os.getcwd(), "sleep 1000 & echo $! > fifo; wait", ["true"])
sys.exit({module}.run(options))
"""
TIMEOUT_S = 60.0


@pytest.mark.parametrize("module", ["in_chat", "in_terminal"])
def test_nothing_is_left_of_a_command_that_starts_when_the_chat_ends(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/bin/sh")
    os.mkfifo(tmp_path / "fifo")
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("{module}", module)],
        cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    left = int((tmp_path / "left").read_text())
    try:
        wait_for_end(left, TIMEOUT_S, "the end of the command's own process")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(left, signal.SIGKILL)
    assert ran.returncode == -signal.SIGTERM
