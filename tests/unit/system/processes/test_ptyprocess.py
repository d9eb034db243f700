"""Why chats do not use ptyprocess: what it does to a program whose starter dies, forgets it, or names no directory.

A host that is killed while it starts a chat's program loses nothing, as ``tests/kills/every_instant.py`` shows.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

from ptyprocess import PtyProcess

from tests.support.waiting import TIMEOUT_S, wait_readable, wait_until

STUBBORN = "trap 'echo hung up > {0}; exit' HUP; echo ready; while :; do read -r _ || :; done"

KILLED_AFTER_THE_EXEC = """
import os, signal, sys
from ptyprocess import PtyProcess

def kill_this_process(process, *_):
    # The first call after the exec. Nobody else can have the terminal's master yet.
    assert b"ready" in process.read()
    os.kill(os.getpid(), signal.SIGKILL)

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # `nohup` ignores it, and no shell can undo that.
PtyProcess.setwinsize = kill_this_process
PtyProcess.spawn(["sh", "-c", sys.argv[1]])
"""

WRONG_DIRECTORY = """
import os
from ptyprocess import PtyProcess

caller = os.getpid()
try:
    process = PtyProcess.spawn(["true"], cwd="/there/is/no/such/directory")
except FileNotFoundError:
    if os.getpid() == caller:
        raise
    os.write(1, b"a copy of the caller runs on")
    os._exit(7)
print(process.read().decode(), process.wait())
"""


def test_a_program_is_lost_with_a_process_that_is_killed_while_it_starts_it(tmp_path: Path) -> None:
    """The terminal is opened in the process that may die, and nobody else can have it before the program runs."""
    lost = tmp_path / "lost"
    host = subprocess.run(
        [sys.executable, "-c", KILLED_AFTER_THE_EXEC, STUBBORN.format(lost)], timeout=TIMEOUT_S, check=False
    )
    assert host.returncode == -9
    wait_until(lambda: lost.exists() and lost.read_text() == "hung up\n", TIMEOUT_S, "the end of the program")


def test_a_program_is_killed_when_its_object_goes() -> None:
    """A program must live on when its host is replaced, or forgets it."""
    process = PtyProcess.spawn(["sh", "-c", "trap '' HUP INT; echo ready; exec sleep 1000"])
    assert process.read() == b"ready\r\n"
    ended = os.pidfd_open(process.pid)
    try:
        assert not select.select([ended], [], [], 0)[0]
        del process
        wait_readable(ended, TIMEOUT_S, "the end of the program")
    finally:
        os.close(ended)


def test_with_a_wrong_directory_a_copy_of_the_caller_runs_on_and_the_start_counts_as_a_success() -> None:
    """A copy of a host would serve the same chat."""
    caller = subprocess.run(
        [sys.executable, "-c", WRONG_DIRECTORY], timeout=TIMEOUT_S, check=True, capture_output=True, text=True
    )
    assert (caller.stdout, caller.stderr) == ("a copy of the caller runs on 7\n", "")
