"""A stand-in for the user's systemd with one service: it runs what the unit says, and waits until that is ready."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.commands import outlive

UNIT = "outlive-web.service"

_SYSTEMCTL = """#!{python} -IS
import os, shlex, signal, socket, subprocess, sys, time
folder, unit = {folder!r}, {unit!r}
words = sys.argv[1:]
with open(folder + "/asked", "a") as asked:
    asked.write(" ".join(words) + "\\n")
running = folder + "/pid"

def ended(pid):
    try:
        os.kill(pid, 0)
        return open(f"/proc/{{pid}}/stat").read().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True

def stop():
    if os.path.exists(running):
        pid = int(open(running).read())
        os.unlink(running)
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        while not ended(pid):
            time.sleep(0.02)

if "is-active" in words:
    sys.exit(3)
if "disable" in words or "stop" in words:
    stop()
if "restart" in words:
    stop()
    lines = open(os.environ["XDG_CONFIG_HOME"] + "/systemd/user/" + unit).read().splitlines()
    plain = lambda text: text.replace("%%", "%").replace("$$", "$")
    values = [line.partition("=")[::2] for line in lines if "=" in line]
    environment = dict(os.environ)
    for name, value in values:
        if name == "Environment":
            environment.update([plain(shlex.split(value)[0]).split("=", 1)])
    argv = [plain(word) for word in shlex.split(dict(values)["ExecStart"])]
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    path = folder + "/notify"
    if os.path.exists(path):
        os.unlink(path)
    ready.bind(path)
    ready.settimeout(0.05)
    log = open(folder + "/journal", "a")
    started = subprocess.Popen(
        argv, env=environment | {{"NOTIFY_SOCKET": path}}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        start_new_session=True,
    )
    open(running + ".new", "w").write(str(started.pid))
    os.replace(running + ".new", running)
    while True:
        try:
            assert ready.recv(100) == b"READY=1"
            sys.exit(0)
        except TimeoutError:
            if started.poll() is not None:
                sys.exit("Job for " + unit + " failed because the control process exited with error code.")
"""

_JOURNALCTL = '#!/bin/sh\ntail -n 1 "{folder}/journal"\n'


class UserSystemd:
    """The stand-in, on PATH.

    Attributes:
        unit: the unit file.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.mkdir()
        self._folder = folder
        monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
        self.unit = folder / "config/systemd/user" / UNIT
        for name, text in (
            ("systemctl", _SYSTEMCTL.format(python=sys.executable, folder=str(folder), unit=UNIT)),
            ("journalctl", _JOURNALCTL.format(folder=folder)),
        ):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)

    @property
    def asked(self) -> list[str]:
        """What it was asked."""
        return (self._folder / "asked").read_text().splitlines()

    def stop(self) -> None:
        """Stop the service."""
        subprocess.run(["systemctl", "--user", "stop", UNIT], check=True, timeout=60)


@contextmanager
def user_systemd(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[UserSystemd]:
    """The stand-in, in which the page is off at the end."""
    systemd = UserSystemd(folder, monkeypatch)
    yield systemd
    if systemd.unit.exists():
        assert outlive("web", "off").code == 0
