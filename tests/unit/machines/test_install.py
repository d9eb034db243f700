"""Installing Outlive on machines with something wrong; ssh is a shell on this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from session_host.errors import NotInstalled, OutliveError
from session_host.machines.install import Plan, install, plan
from session_host.machines.names import MachineEntry
from session_host.machines.stream import bridge_command
from tests.support.area import Area
from tests.support.disks import fill_disk, make_read_only, small_disk

ENTRY = MachineEntry("near", "near")

SSH = """#!/bin/sh
case "$*" in -G*) exit 0;; esac
for last; do :; done
exec env -i HOME={home} PATH={path} {shell} -c "$last"
"""

Shell = Callable[..., None]


@pytest.fixture
def machine(area: Area, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Sets the home, the programs and the login shell of the machine ``near``."""
    monkeypatch.setenv("PATH", str(area.root), prepend=":")

    def set_up(home: Path = area.home, path: str = "/usr/bin:/bin", shell: str = "sh") -> None:
        ssh = area.root / "ssh"
        ssh.write_text(SSH.format(home=home, path=path, shell=shutil.which(shell)))
        ssh.chmod(0o755)

    return set_up


def test_python_that_is_missing_or_old_is_named(machine: Shell, area: Area) -> None:
    programs = area.root / "programs"
    programs.mkdir()
    for name in ("sh", "env"):
        (programs / name).symlink_to(shutil.which(name) or "")
    machine(path=str(programs))
    with pytest.raises(NotInstalled, match=r"near has no Python, and Outlive needs Python 3.11 or newer; install it"):
        plan(ENTRY)
    python = programs / "python3"
    python.write_text("#!/bin/sh\necho 3 8 linux x86_64 glibc 2.31\n")
    python.chmod(0o755)
    with pytest.raises(NotInstalled, match=r"near has Python 3.8, and Outlive needs Python 3.11 or newer; install it"):
        plan(ENTRY)


def test_a_full_disk_is_named_and_nothing_remains(machine: Shell, area: Area) -> None:
    with small_disk(area.root / "disk", 2048) as home:
        machine(home)
        fill_disk(home, 512 * 1024)
        with pytest.raises(OutliveError, match=r"^near: .*No space left on device"):
            install(ENTRY, Plan("python3", fetches=False, why=""))
        assert not list(home.glob(".local/share/outlive/*"))


def test_libraries_for_another_python_are_fetched_here_and_sent(
    machine: Shell, area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs, sent, pip = (area.root / each for each in ("programs", "sent", "pip"))
    programs.mkdir()
    for name in ("sh", "env", "mkdir", "tar", "gzip", "cp", "rm", "dirname"):
        (programs / name).symlink_to(shutil.which(name) or "")
    minor = 12 if sys.version_info[:2] == (3, 13) else 13
    python = programs / f"python3.{minor}"
    known = f"3 {minor} linux x86_64 glibc 2.39"
    python.write_text(f"#!/bin/sh\n[ $1 = -c ] && echo {known} && exit\ncp -R . {sent}; exit 1\n")
    pip.write_text('#!/bin/sh\n[ "$6" = --target ] && echo "$*" > "$7/library"\n')
    python.chmod(0o755)
    pip.chmod(0o755)
    machine(path=str(programs))
    monkeypatch.setattr("sys.executable", str(pip))
    with pytest.raises(OutliveError):
        install(ENTRY, plan(ENTRY))
    fetched = (sent / "site/library").read_text()
    assert f"--python-version=3.{minor}" in fetched
    assert "--platform=manylinux_2_39_x86_64" in fetched
    assert "msgspec==" in fetched


def test_a_home_that_cannot_be_written_to_is_named(machine: Shell, area: Area) -> None:
    with small_disk(area.root / "disk", 64) as home:
        machine(home)
        make_read_only(home)
        with pytest.raises(OutliveError, match=r"^near: .*Read-only file system"):
            install(ENTRY, Plan("python3", fetches=False, why=""))


@pytest.mark.parametrize("shell", ["sh", "bash", "fish", "tcsh", "zsh"])
def test_commands_mean_the_same_in_every_login_shell(machine: Shell, area: Area, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    machine(shell=shell)
    assert plan(ENTRY).python
    command = [shell, "-c", bridge_command("0")]
    environment = {"HOME": str(area.home), "PATH": "/usr/bin:/bin"}
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd="/")
    assert found.stdout == "\noutlive-bridge 0 missing\n"
    program = area.home / ".local/bin/outlive"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd="/")
    assert (found.stdout, found.stderr) == ("\nbridge 0\n", "")
