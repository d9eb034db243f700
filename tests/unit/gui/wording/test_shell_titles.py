"""Titles of shells that say nothing new."""

from __future__ import annotations

import os
import pwd
import socket
from pathlib import Path

import pytest

from gui.wording.shell_titles import is_directory_title
from session_host.client.machine import THIS_MACHINE
from tests.support.other_machine import Alpha

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
    assert is_directory_title(title, str(Path.home() / directory), THIS_MACHINE) is repeats


@pytest.mark.parametrize(("title", "repeats"), [("kim@devbox: ~/api", True), ("~/api", True), ("kim@devbox: ~", False)])
def test_a_title_that_only_says_where_a_shell_on_another_machine_is_is_recognized(title: str, repeats: bool) -> None:
    assert is_directory_title(title, str(Path.home() / "api"), Alpha()) is repeats
