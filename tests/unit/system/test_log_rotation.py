"""Rotation of logs that would grow without limit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import logging, os, sys
from session_host.system import log_rotation
log_rotation.CHECK_AFTER_BYTES, limit = 1000, 20000
log_rotation.rotate.__defaults__ = (limit,)
logging.basicConfig(level=logging.INFO, handlers=[log_rotation.RotatingHandler()])
log = logging.getLogger("test")
other = os.fork()
for number in range(3000):
    log.info("%s %05d", "child" if not other else "parent", number)
if other:
    os.waitpid(other, 0)
"""


def test_a_log_and_its_older_part_stay_within_the_limit_with_several_writers(tmp_path: Path) -> None:
    path = tmp_path / "keeper.log"
    with path.open("ab") as log:
        assert subprocess.run([sys.executable, "-c", PROGRAM], stderr=log, check=False).returncode == 0
    older = tmp_path / "keeper.log.1"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["keeper.log", "keeper.log.1"]
    assert path.stat().st_size + older.stat().st_size < 100_000, "of some 300,000"
    assert "02999" in path.read_text() + older.read_text(), "the newest lines are there"
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_file_than_a_log_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "output.txt"
    with path.open("ab") as file:
        subprocess.run([sys.executable, "-c", PROGRAM], stderr=file, check=True)
    assert [each.name for each in tmp_path.iterdir()] == ["output.txt"]
