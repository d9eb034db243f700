"""The command line without ``outlive[window]``."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from session_host.cli import main
from tests.support.area import Area
from tests.support.commands import REPOSITORY

WITHOUT_QT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"PySide6", "qasync", "qtawesome"}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Absent())
import importlib.util
find_spec = importlib.util.find_spec
absent = {"PySide6", "qasync", "qtawesome"}
importlib.util.find_spec = lambda name, *more: None if name in absent else find_spec(name, *more)
from session_host.cli import main
sys.exit(main())
"""


def outlive(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_QT, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )


@pytest.mark.parametrize("words", [[], ["window"], ["window", "tabs"]], ids=" ".join)
def test_a_missing_window_is_reported_in_one_line_with_the_install_command(words: list[str], area: Area) -> None:
    done = outlive(*words)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    command = shlex.join(["bash", str(REPOSITORY / "installers/run.sh"), "--setup-only"])
    assert f"the window is not installed; install it with: {command} " in done.stderr


def test_doctor_reports_the_missing_window(area: Area) -> None:
    done = outlive("doctor")

    assert done.returncode == 0, done.stdout
    assert "not installed, and no command needs it" in done.stdout


def test_an_action_is_required_where_the_window_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["window"]) == 2
    assert "name an ACTION" in capsys.readouterr().err


@pytest.mark.e2e
@pytest.mark.slow
def test_the_demo_attaches_in_a_terminal(area: Area) -> None:
    done = outlive("demo")

    assert (done.returncode, done.stderr) == (0, "")
    assert "terminal killed (SIGKILL) during the answer" in done.stdout
    assert "1500 lines, in order, none missing, same process" in done.stdout
    assert not list(area.temporary.iterdir())
