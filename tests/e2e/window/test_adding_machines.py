"""A machine is added, logged in to and removed in the window; its key has a passphrase, for which ssh asks."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from session_host.machines import names
from session_host.machines.names import MachineEntry
from session_host.version import VERSION
from tests.conftest import Sessions
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import REPOSITORY
from tests.support.screen_reader import ScreenReader
from tests.support.ssh_machines import SshMachine, end_logins, ssh_machines
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive

from .conftest import WAIT_S, OpenWindow, chat_text
from .user_actions import command, show_there

pytestmark = pytest.mark.e2e


def test_a_machine_is_added_logged_in_to_and_removed_by_keys(
    open_window: OpenWindow, area: Area, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = area.root / "home"
    (home / ".ssh").mkdir(parents=True, exist_ok=True)
    (home / ".ssh" / "config").write_text("Host *.example.org web1 alpha\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SSH_AUTH_SOCK", "")
    with ssh_machines(area.root / "m", "alpha") as ([alpha], environment):
        monkeypatch.setenv("PATH", environment["PATH"])
        key = area.root / "m" / "client_key"
        subprocess.run(["ssh-keygen", "-q", "-p", "-N", "right", "-f", key], check=True, stdout=subprocess.DEVNULL)
        with open_window() as app:
            _use_by_keys(app, alpha)
        end_logins("alpha")
        sessions.end_all()


def test_a_machine_without_outlive_is_named_and_an_older_one_is_replaced_by_keys(
    reader: ScreenReader, open_window: OpenWindow, area: Area, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ssh_machines(area.root / "m", "alpha") as ([alpha], environment):
        monkeypatch.setenv("PATH", environment["PATH"])
        alpha.program.unlink()
        names.add(MachineEntry("alpha", "alpha"))
        with open_window() as app:
            program = reader.program("outlive")
            wait_until(lambda: any("needs Outlive" in name for name in program.names("showing")), WAIT_S, "the reason")
            _have_an_older_version(alpha)
            outlive("new", "-d", "--on", "alpha", "-n", "api", "shell")
            show_there(app, "alpha:api")
            app.focus()
            command(app, "machines")
            app.press("Return", "Down", "Return")  # alpha, below New chat there…
            wait_until(lambda: len(app.tabs()) == 2, WAIT_S, "the terminal to open")
            wait_until(lambda: len(app.tabs()) == 1, WAIT_S, "the terminal to close itself")
            newest = (alpha.home / ".local/bin/outlive").readlink().parent
            wait_until(lambda: _has_bridge(alpha, newest), WAIT_S, "the window to use it")
            show_there(app, "alpha:api")
        end_logins("alpha")
        sessions.end_all()


def _have_an_older_version(alpha: SshMachine) -> None:
    """Let the machine have an older version where an installation puts it."""
    old, link = alpha.home / "old", alpha.home / ".local/bin/outlive"
    for part in ("session_host", "resources"):
        shutil.copytree(REPOSITORY / part, old / part)
    version = old / "session_host/version.py"
    version.write_text(version.read_text().replace(VERSION, "0.0.1"))
    link.parent.mkdir(parents=True)
    link.write_text(
        f'#!/bin/sh\nexport PYTHONPATH={old}\nexec {shlex.quote(sys.executable)} -P -m session_host.cli "$@"\n'
    )
    link.chmod(0o755)


def _has_bridge(alpha: SshMachine, installation: Path) -> bool:
    pids = processes.with_environment("OUTLIVE_RUNTIME_DIR", str(alpha.runtime))
    return any(str(installation) in (line := processes.command_line(pid)) and " bridge " in line for pid in pids)


def _use_by_keys(app: Window, alpha: SshMachine) -> None:
    app.focus()
    command(app, "add a machine")
    app.type("alpha")
    app.press("Return")
    _type_passphrase(app, tabs=1)
    wait_until(lambda: names.machines() == [MachineEntry("alpha", "alpha")], WAIT_S, "alpha to be added")
    wait_until(lambda: not app.tabs(), WAIT_S, "the terminal to close itself")
    outlive("new", "-d", "--on", "alpha", "-n", "api", "shell")
    show_there(app, "alpha:api")
    app.focus()
    refused = alpha.log.read_text().count("[preauth]")
    end_logins("alpha")
    wait_until(lambda: alpha.log.read_text().count("[preauth]") > refused, WAIT_S, "the link to need a login")
    command(app, "machines")
    app.press("Return", "Return")  # alpha, Log in…
    _type_passphrase(app, tabs=2)
    wait_until(lambda: [tab["connected"] for tab in app.tabs()] == [True], WAIT_S, "the link to be up")
    command(app, "machines")
    app.press("Return", "Down", "Return")  # alpha, Remove machine…
    app.answer("Return")
    wait_until(lambda: not names.machines(), WAIT_S, "alpha to be forgotten")
    wait_until(lambda: not app.tabs(), WAIT_S, "its tab to go")


def _type_passphrase(app: Window, tabs: int) -> None:
    wait_until(lambda: len(app.tabs()) == tabs, WAIT_S, "the terminal to open")
    terminal = app.tabs()[-1]["session_id"]
    app.wait_connected([terminal])
    wait_until(lambda: "passphrase for key" in chat_text(terminal), WAIT_S, "ssh to ask")
    app.type("right\n")
