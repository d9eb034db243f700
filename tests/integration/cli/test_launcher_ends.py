"""A chat survives the terminal and the process group of ``outlive new -d``."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.commands import OUTLIVE, REPOSITORY, environment, outlive
from tests.support.terminals import Terminal
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

NEW = shlex.join([*OUTLIVE, "new", "-d", "-n", "kept", "--", "cat"])


def is_usable(name: str) -> bool:
    """Whether the chat is running, and its program reads and writes."""
    child = next((each["child_pid"] for each in outlive("ls", "--json").json() if each["name"] == name), None)
    if child is None or not processes.is_alive(child):
        return False
    assert outlive("send", name, "still here", "--enter").code == 0
    return outlive("wait", name, "--text", "still here", "--timeout", "60").code == 0


def test_a_chat_survives_its_launchers_terminal() -> None:
    # An interactive shell as in a terminal window, with a session of its own and job control, runs the command.
    with Terminal(["bash", "--norc", "-i"], cwd=REPOSITORY, env=environment()) as shell:
        shell.type(f"{NEW}; echo now-closing-$((40 + 2))\n")
        shell.until(b"now-closing-42")
        shell.close()
        shell.wait()
    assert is_usable("kept")


def test_a_chat_survives_its_launchers_process_group() -> None:
    launcher = subprocess.Popen(
        ["sh", "-c", f"{NEW}; echo started; sleep 60"],
        stdout=subprocess.PIPE, start_new_session=True, cwd=REPOSITORY, env=environment(),
    )  # fmt: skip
    assert launcher.stdout is not None
    with launcher.stdout as output:
        while b"started" not in output.readline():
            pass
        os.killpg(launcher.pid, signal.SIGKILL)
        launcher.wait()
    assert is_usable("kept")


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A directory on a full file system."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mount_point = tmp_path / "disk"
    mount_point.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", str(mount_point)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mount is not allowed here")
    try:
        with (mount_point / "ballast").open("wb", buffering=0) as ballast:
            wait_until(lambda: _is_full(ballast.fileno()), 10, "the disk to be full")
        yield mount_point
    finally:
        subprocess.run(["umount", "--lazy", str(mount_point)], check=True)


def _is_full(descriptor: int) -> bool:
    try:
        os.write(descriptor, bytes(1024))
    except OSError:
        return True
    return False


def test_a_full_disk_at_the_start_is_reported_in_one_line_and_starts_no_chat(full_disk: Path) -> None:
    done = outlive("new", "-d", "--", "cat", env={"OUTLIVE_STATE_DIR": str(full_disk / "state")})
    assert done.code == 1
    assert "the disk is full" in done.complaint()
    assert outlive("ls", "--json").json() == []
