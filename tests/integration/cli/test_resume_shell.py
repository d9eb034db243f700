"""``outlive resume`` of a shell: a new shell, below what the ended one showed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from session_host.paths import session_journal
from tests.conftest import Sessions
from tests.support.commands import outlive
from tests.support.conversing import resume, see
from tests.support.reboots import restart_computer
from tests.support.waiting import wait_until


def test_a_shell_starts_again_below_what_it_showed_and_repeats_no_command(
    project: Path, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/bin/sh")
    words = ["-C", str(project), "-e", "PS1=first$ ", "-e", "MINE=yes", "--size", "40x10"]
    chat = outlive("new", "shell", "--json", "-n", "build", *words).json()["id"]
    see(chat, "first")  # Otherwise the prompt may come after what is typed, and the output beside it.
    line = "echo once >> runs; seq 30; printf '\\033[31m%060d\\n' 7; printf '\\033[?1049h'; echo edi''tor"
    outlive("send", chat, line, "--enter")
    see(chat, "editor")
    restart(sessions, chat, b"editor")

    later = resume("build")

    see(later["id"], "A new shell starts here")
    outlive("send", later["id"], "echo $MINE-$PWD", "--enter")
    see(later["id"], f"yes-{project}")
    shown = outlive("peek", later["id"], "--scrollback", "--ansi").output
    assert f"\x1b[0;31m{0:040}" in shown, "in its colour"
    plain = outlive("peek", later["id"], "--scrollback").output.splitlines()
    assert [f"{number}" for number in range(1, 31)] == [each for each in plain if each.isdecimal()][:30]
    assert f"{7:060}" in plain, "a wrapped line is still one"
    assert "editor" not in plain, "that was on the alternate screen"
    assert (project / "runs").read_text() == "once\n"
    assert (later["name"], later["resumed_from"], later["resumable"]) == ("build", chat, True)
    assert [each["id"] for each in outlive("ls", "--json").json()] == [later["id"]]
    assert not outlive("peek", later["id"], "--json").json()["alternate_screen"]

    # The previous screen is normal output of the new chat: it survives a killed host and the next restart.
    os.kill(later["host_pid"], signal.SIGKILL)
    see(later["id"], f"yes-{project}")
    restart(sessions, later["id"], b"yes-")
    resume("build")
    see("build", "A new shell starts here")
    again = outlive("peek", "build", "--scrollback").output
    assert again.count("A new shell starts here") == 2
    assert again.splitlines().count("30") == 1


def test_the_previous_screen_is_kept_if_the_host_dies_right_after_the_start_of_the_new_shell(
    project: Path, sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = tmp_path / "shell"
    shell.write_text("#!/bin/sh\n[ -e first ] && kill -KILL $PPID\ntouch first\nexec /bin/sh\n")
    shell.chmod(0o700)
    monkeypatch.setenv("SHELL", str(shell))
    chat = outlive("new", "shell", "--json", "-C", str(project), "-e", "PS1=ready$ ").json()["id"]
    see(chat, "ready")
    outlive("send", chat, "echo be''fore", "--enter")
    see(chat, "before")
    outlive("kill", chat)

    later = resume(chat)

    see(later["id"], r"(?s)A new shell starts here\..*ready")
    outlive("send", later["id"], "echo af''ter", "--enter")
    see(later["id"], "after")
    shown = outlive("peek", later["id"], "--scrollback").output.splitlines()
    assert shown.count("before") == 1
    assert shown.index("before") < shown.index("after")


def restart(sessions: Sessions, chat: str, text: bytes) -> None:
    """Restart the computer once the recording has a text."""
    paths = session_journal(chat).glob
    wait_until(lambda: any(text in path.read_bytes() for path in paths("*.log")), 10, "the recording")
    restart_computer(sessions)
