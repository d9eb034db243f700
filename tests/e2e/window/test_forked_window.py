"""A window that the tests' server forks looks in /proc like one that was executed."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.e2e.window.conftest import OpenWindow
from tests.support import processes
from tests.support.windows import Window

pytestmark = pytest.mark.e2e


def _shown(own: Window) -> tuple[str, dict[bytes, bytes], str]:
    """What /proc shows of it."""
    pid = own.process.pid
    return processes.command_line(pid), processes.environment(pid), os.readlink(f"/proc/{pid}/cwd")  # noqa: PTH115


def test_it_shows_the_same_and_ends_alike(open_window: OpenWindow) -> None:
    with open_window() as forked:
        shown = _shown(forked)
        forked.kill()
    with open_window(has_own_session=True) as executed:
        assert _shown(executed) == shown
        executed.kill()

    assert not isinstance(forked.process, subprocess.Popen)
    assert isinstance(executed.process, subprocess.Popen)
    assert forked.process.returncode == executed.process.returncode == -9
