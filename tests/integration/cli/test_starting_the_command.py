"""The command starts in any directory, whatever files are there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.area import Area
from tests.support.commands import REPOSITORY


@pytest.mark.parametrize(("how", "python_path"), [("-m", str(REPOSITORY)), ("-c", f":{REPOSITORY}")])
def test_a_file_with_the_name_of_a_library_in_the_working_directory_is_not_run(
    area: Area, tmp_path: Path, how: str, python_path: str
) -> None:
    """``-m`` and an empty entry of PYTHONPATH put the working directory before the libraries."""
    for name in ("msgspec.py", "jeepney.py"):
        (tmp_path / name).write_text(f"raise SystemExit('{name} was run')\n")
    words = ["-m", "session_host.cli"] if how == "-m" else ["-P", "-c", "from session_host.cli import run; run()"]
    done = subprocess.run(
        [sys.executable, *words, "ls"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        env={**os.environ, "PYTHONPATH": python_path},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("no running chats")
