"""The command starts in any directory, whatever files are there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.area import Area
from tests.support.commands import REPOSITORY


@pytest.mark.parametrize(
    ("words", "python_path", "code", "says"),
    [
        (["-m", "session_host.cli", "ls"], str(REPOSITORY), 0, "no running chats"),
        (["-P", "-c", "from session_host.cli import run; run()", "ls"], f":{REPOSITORY}", 0, "no running chats"),
        (["-m", "gui", "unknown"], str(REPOSITORY), 2, "outlive: the window does not know these arguments"),
    ],
    ids=["-m", "-c", "the window"],
)
def test_a_file_with_the_name_of_a_library_in_the_working_directory_is_not_run(
    area: Area, tmp_path: Path, words: list[str], python_path: str, code: int, says: str
) -> None:
    """``-m`` and an empty entry of PYTHONPATH put the working directory before the libraries."""
    for name in ("msgspec.py", "jeepney.py"):
        (tmp_path / name).write_text(f"raise SystemExit('{name} was run')\n")
    done = subprocess.run(
        [sys.executable, *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        env={**os.environ, "PYTHONPATH": python_path},
    )
    assert (done.returncode, bool(done.stderr)) == (code, code != 0)
    assert (done.stdout + done.stderr).startswith(says)


@pytest.mark.parametrize(
    "words", [["-P", "-m", "session_host.cli", "ls"], ["-m", "gui", "unknown"]], ids=["-m", "the window"]
)
def test_a_library_in_the_users_pythonpath_is_not_imported_in_place_of_outlives(
    area: Area, tmp_path: Path, words: list[str]
) -> None:
    for name in ("msgspec.py", "jeepney.py", "PySide6.py"):
        (tmp_path / name).write_text(f"raise SystemExit('{name} was run')\n")
    done = subprocess.run(
        [sys.executable, *words],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}"},
    )
    assert "was run" not in done.stdout + done.stderr
    assert (done.stdout + done.stderr).startswith(("no running chats", "outlive: the window does not know"))
