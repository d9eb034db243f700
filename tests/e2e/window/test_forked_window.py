"""A window that the tests' server forks has the same data in /proc as one that was started by exec."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.e2e.window.conftest import OpenWindow
from tests.support import processes
from tests.support.windows import Window

pytestmark = pytest.mark.e2e


def _proc_data(app: Window) -> tuple[str, dict[bytes, bytes], str]:
    """The window's command line, environment and working directory, from /proc."""
    pid = app.process.pid
    return processes.command_line(pid), processes.environment(pid), os.readlink(f"/proc/{pid}/cwd")  # noqa: PTH115


def test_a_forked_window_has_the_proc_data_and_exit_status_of_an_executed_one(open_window: OpenWindow) -> None:
    with open_window() as forked:
        shown = _proc_data(forked)
        forked.kill()
    with open_window(has_own_session=True) as executed:
        assert _proc_data(executed) == shown
        executed.kill()

    assert not isinstance(forked.process, subprocess.Popen)
    assert isinstance(executed.process, subprocess.Popen)
    assert forked.process.returncode == executed.process.returncode == -9
