"""Unexpected errors of the window are written to its log, and the user learns of them once."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication

from gui.fault_report import FaultReport
from session_host.system.log_rotation import LIMIT_BYTES, rotated_path
from tests.support.commands import REPOSITORY
from tests.support.qt_waiting import process_events_until

WAIT_S = 60.0

pytestmark = pytest.mark.usefixtures("caplog")  # Its errors are in the log on purpose.


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "window.log"


@pytest.fixture
def report(qapp: object, path: Path) -> Iterator[FaultReport]:
    report = FaultReport(path)
    yield report
    report.close()
    report.deleteLater()


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=REPOSITORY, capture_output=True, text=True, timeout=WAIT_S, check=False
    )


def fail() -> None:
    error = ValueError("broken")
    sys.excepthook(ValueError, error, error.__traceback__)


def test_an_error_is_in_the_log_and_on_standard_error(
    report: FaultReport, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failures: list[bool] = []
    report.failed.connect(lambda: failures.append(True))
    fail()
    text = path.read_text()
    assert "unexpected error" in text
    assert text.endswith("ValueError: broken\n")
    assert not failures
    QCoreApplication.processEvents()
    assert failures == [True]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_an_error_that_repeats_is_written_once(report: FaultReport, path: Path) -> None:
    for _ in range(100):
        fail()
    assert path.read_text().count("ValueError: broken") == 1


def test_errors_of_threads_and_of_libraries_are_written(report: FaultReport, path: Path) -> None:
    failures: list[threading.Thread] = []
    report.failed.connect(lambda: failures.append(threading.current_thread()))
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    logging.getLogger("asyncio").error("Task exception was never retrieved")
    process_events_until(lambda: len(failures) == 2, WAIT_S, "both to be told")
    assert set(failures) == {threading.main_thread()}
    text = path.read_text()
    assert "ZeroDivisionError" in text
    assert "never retrieved" in text


def test_a_warning_is_written_and_not_shown(report: FaultReport, path: Path) -> None:
    failures: list[bool] = []
    report.failed.connect(lambda: failures.append(True))
    logging.getLogger("gui").warning("the disk is slow")
    assert "the disk is slow" in path.read_text()
    assert not failures


@pytest.mark.parametrize(
    ("text", "has_crashed"),
    [
        ("", False),
        ("x the window starts\nx the window ends\n", False),
        ("x the window starts\nFatal Python error: Segmentation fault\n\nCurrent thread …\n", True),
        ("Fatal Python error: Aborted\nx the window starts\nx the window ends\n", False),
        ("x the window starts\n", False),  # It was killed, or the computer was switched off.
    ],
)
def test_a_crash_of_the_last_window_is_recognised(qapp: object, path: Path, text: str, has_crashed: bool) -> None:
    path.parent.mkdir()
    path.write_text(text)
    report = FaultReport(path)
    assert report.has_crashed == has_crashed
    report.close()
    report.deleteLater()
    again = FaultReport(path)
    assert not again.has_crashed, "it is reported once"
    again.close()
    again.deleteLater()


def test_a_long_log_is_rotated(qapp: object, path: Path) -> None:
    path.parent.mkdir()
    path.write_text("old\n" * (LIMIT_BYTES // 4 + 1))
    report = FaultReport(path)
    report.close()
    report.deleteLater()
    assert "old" in rotated_path(path).read_text()
    assert "old" not in path.read_text()


def test_the_window_starts_although_its_log_cannot_be_written(qapp: object, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    report = FaultReport(blocked / "logs" / "window.log")
    fail()
    report.close()
    report.deleteLater()


HANGS = """
import ctypes, sys
from pathlib import Path
from gui.fault_report import FaultReport
report, hang = FaultReport(Path(sys.argv[1])), ctypes.PyDLL(None).pause  # This call keeps the interpreter's lock.
report.end_within(0.1); hang()
"""

CLOSES = """
import os, sys, time
from pathlib import Path
from gui.fault_report import FaultReport
report, before = FaultReport(Path(sys.argv[1])), os.listdir("/proc/self/task")
report.end_within(600)
print(len(os.listdir("/proc/self/task")) - len(before))
report.close()
while os.listdir("/proc/self/task") != before:
    time.sleep(0.01)
"""


def test_a_process_that_hangs_at_its_end_is_ended_and_the_log_has_the_traceback(path: Path) -> None:
    done = run_python("-c", HANGS, str(path))
    assert done.returncode == 1, done.stderr
    assert 'File "<string>", line 6 in <module>' in path.read_text()


def test_a_process_that_ends_in_time_is_watched_no_more(path: Path) -> None:
    done = run_python("-c", CLOSES, str(path))
    assert (done.stdout, done.returncode) == ("1\n", 0), done.stderr
