"""Titles by which a shell says only where it is."""

from __future__ import annotations

import os
import pwd
import socket
from pathlib import Path

import pytest

from gui.bridge.chat import is_directory_title
from session_host.protocol.messages import TitleEvent
from tests.unit.gui.conftest import WindowHarness

HERE = f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname().partition('.')[0]}"


@pytest.mark.parametrize(
    ("title", "directory", "repeats"),
    [
        (f"{HERE}: ~/src/api", "src/api", True),
        (f"{HERE}:~/src/api", "src/api", True),
        (f"{HERE}: /usr/share", "/usr/share", True),
        ("~/s/.c/api", "src/.config/api", True),
        ("/u/share", "/usr/share", True),
        (f"{HERE}: ~", "", True),
        ("~", "", True),
        ("api", "src/api", True),
        (f"{HERE}: ~/other", "src/api", False),
        ("someone@elsewhere: ~", "", False),
        ("[elsewhere] ~", "", False),
        ("make ~/s/api", "src/api", False),
        ("Fix the build", "src/api", False),
    ],
)
def test_a_shells_title_that_only_says_where_it_is_is_recognized(title: str, directory: str, repeats: bool) -> None:
    assert is_directory_title(title, str(Path.home() / directory)) is repeats


async def test_the_default_title_of_a_shell_is_not_shown_beside_its_directory(harness: WindowHarness) -> None:
    harness.sessions.follow_all()
    shell, agent = [harness.chat(await harness.add(name, agent=name, cwd="/usr/share")) for name in ("shell", "claude")]
    for chat in (shell, agent):
        harness.viewers[chat.id].tell(TitleEvent(f"{HERE}: /usr/share"))
    assert (shell.title, agent.title) == ("", f"{HERE}: /usr/share")
    shell.note_directory("/usr/lib")
    assert shell.title == f"{HERE}: /usr/share"
    harness.viewers[shell.id].tell(TitleEvent(f"{HERE}: /usr/lib"))
    assert shell.title == ""
