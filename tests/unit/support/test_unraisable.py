"""A warning of garbage fails the test that made it, and no other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TESTS = """
import os, socket, subprocess
import pytest

class Kept:
    def __init__(self, what):
        self.what, self.itself = what, self

def test_leaves_a_process_to_the_collector():
    process = Kept(subprocess.Popen("true")).what
    os.waitpid(process.pid, 0)

def test_innocent_1():
    pass

@pytest.fixture
def broken():
    yield
    Kept(socket.socket())
    raise OSError("broken")

def test_fails_and_leaves_a_socket(broken):
    pass

def test_innocent_2():
    pass

def test_keeps_a_socket_in_a_failed_frame():
    kept = socket.socket()
    raise OSError("failed")

def test_innocent_3():
    pass

@pytest.fixture
def unclosed():
    return socket.socket()

def test_has_an_unclosed_fixture(unclosed):
    pass

def test_innocent_4():
    pass
"""


def test_a_warning_of_garbage_fails_the_test_that_made_it(tmp_path: Path) -> None:
    (tmp_path / "test_them.py").write_text(TESTS)
    argv = ["-m", "pytest", "-q", "-rA", "-W", "error", "-p", "tests.support.unraisable", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, *argv, "-c", "/dev/null", "--rootdir", tmp_path, tmp_path / "test_them.py"],
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    red = set(re.findall(r"^(?:ERROR|FAILED) \S*::(\w+)", done.stdout, re.MULTILINE))
    assert red == {
        "test_leaves_a_process_to_the_collector",
        "test_fails_and_leaves_a_socket",
        "test_keeps_a_socket_in_a_failed_frame",
        "test_has_an_unclosed_fixture",
    }, done.stdout + done.stderr
    assert done.stdout.count("ResourceWarning: ") >= len(red), done.stdout
