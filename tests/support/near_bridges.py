"""An ``ssh`` that runs the command right here: links and bridges are real, the network and sshd are left out."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from session_host.machines.link import Link
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine

_SSH = """#!/bin/sh
case "$*" in -G*) exit 0;; *"-O check"*) [ -e {hanging} ] && exec sleep 600; exit 255;; esac
for last; do :; done
echo $$ >> {pids}
case "$*" in *ControlPath=none*) ;; *) [ -e {hanging} ] && exec sleep 600;; esac
[ -e {gone} ] && {{ cat {gone} >&2; exit 255; }}
if [ -e {falling} ]; then sleep 0.1; else cat; fi | sh -c "$last" | cat
"""
"""As sshd does, it gives the command pipes."""


class NearBridges:
    """Machines whose bridges run here, with this test's own directories."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        directory.mkdir()
        self._pids, self._gone, self._falling, self._hanging = files = [
            directory / name for name in ("pids", "gone", "falling", "hanging")
        ]
        program = directory / "outlive"
        program.write_text(
            f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m session_host.cli "$@"\n', encoding="utf-8"
        )
        ssh = directory / "ssh"
        ssh.write_text(_SSH.format(**{file.name: file for file in files}), encoding="utf-8")
        for each in (program, ssh):
            each.chmod(0o755)
        monkeypatch.setenv("PATH", str(directory), prepend=os.pathsep)

    def machine(self, name: str = "near") -> RemoteMachine:
        """A machine; its link is to be closed."""
        return RemoteMachine(Link(MachineEntry(name, name)))

    def set_reachable(
        self, is_reachable: bool, why: str = "ssh: connect to host near port 22: No route to host"
    ) -> None:
        """Let new connections succeed, or fail with this message."""
        if is_reachable:
            self._gone.unlink()
        else:
            whole = self._gone.with_suffix(".new")
            whole.write_text(f"{why}\n", encoding="utf-8")
            whole.replace(self._gone)

    def set_falling(self, *, is_falling: bool = True) -> None:
        """Let new connections end right after they are ready, or last."""
        if is_falling:
            self._falling.touch()
        else:
            self._falling.unlink()

    def set_hanging_logins(self) -> None:
        """Let new connections hang that may ride on a shared login, as on one that is stopped."""
        self._hanging.touch()

    def cut(self) -> None:
        """Kill all bridges: each connection is a process group."""
        for pid in self._pids.read_text(encoding="utf-8").split():
            with suppress(ProcessLookupError):
                os.killpg(int(pid), signal.SIGKILL)
        self._pids.write_text("", encoding="utf-8")
