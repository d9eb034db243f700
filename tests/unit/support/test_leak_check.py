"""The leak check must be able to fail: each kind of leak is made, noticed, and removed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.support import leaks, processes
from tests.support.area import Area, reused_area
from tests.support.qt_messages import QtMessages, complaints_in
from tests.support.waiting import WaitTimeout, wait_until


@pytest.fixture
def check(area: Area, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> leaks.LeakCheck:
    monkeypatch.setattr(leaks, "GRACE_S", 0.05)
    return leaks.LeakCheck(area, tmp_path_factory.getbasetemp())


DETACHED = "import os; os.setsid(); os.fork() and os._exit(0); os.execvp('sleep', ['sleep', '60'])"


def test_a_detached_grandchild_is_noticed_and_ended_by_sessions(
    check: leaks.LeakCheck, area: Area, sessions: Sessions
) -> None:
    subprocess.run([sys.executable, "-c", DETACHED], stdin=subprocess.DEVNULL, check=True)
    (left,) = check.leaks()
    assert left.startswith("process ")
    assert sessions.processes()
    sessions.end_all()
    assert check.leaks() == []


@pytest.mark.parametrize("in_area", [True, False])
def test_a_detached_grandchild_with_a_home_of_the_test_is_noticed(
    check: leaks.LeakCheck, area: Area, sessions: Sessions, tmp_path: Path, in_area: bool
) -> None:
    home = area.home if in_area else tmp_path / "user"
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-c", DETACHED], stdin=subprocess.DEVNULL, env=environment, check=True)
    assert [line.partition(" ")[0] for line in check.leaks()] == ["process"]
    sessions.end_all()
    assert check.leaks() == []


def test_a_child_without_environment_is_noticed(check: leaks.LeakCheck) -> None:
    child = subprocess.Popen(["/bin/sleep", "60"], env={})
    assert check.processes() == [child.pid]
    child.kill()
    child.wait()
    assert check.leaks() == []


def test_a_listening_socket_is_noticed(check: leaks.LeakCheck, area: Area) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(area.runtime / "left.sock"))
        listening.listen()
        assert f"socket: {area.runtime}/left.sock" in check.leaks()
    assert check.leaks() == []


def test_a_temporary_file_is_noticed(check: leaks.LeakCheck) -> None:
    directory = Path(tempfile.mkdtemp(prefix="left-"))
    assert check.leaks() == [f"temporary: {directory.name}"]
    directory.rmdir()
    assert check.leaks() == []


def test_a_thread_and_a_descriptor_are_noticed(check: leaks.LeakCheck) -> None:
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait, name="left-thread")
    thread.start()
    one, other = socket.socketpair()
    leaks_found = check.leaks()
    go_on.set()
    thread.join()
    one.close()
    other.close()
    assert leaks_found == ["thread: left-thread", "descriptor: 2 × socket"]
    assert check.leaks() == []


def test_a_warning_of_qt_is_noticed(qt_messages: QtMessages) -> None:
    from PySide6.QtCore import qWarning

    qt_messages.install()
    qWarning("something is odd")
    assert qt_messages.take_complaints() == ["default: something is odd"]
    qt_messages.allow("odd")
    qWarning("something is odd")
    assert qt_messages.take_complaints() == []


def test_complaints_of_a_window_process_are_noticed() -> None:
    stderr = "qt.qpa.xcb: could not\nhello\nQObject::connect: No such slot\nQPainter::begin: no\nTraceback (most recent"
    assert len(complaints_in(stderr)) == 4
    assert len(complaints_in(stderr, allowed="No such slot")) == 3


def test_a_wait_timeout_names_what_was_awaited() -> None:
    with pytest.raises(WaitTimeout, match=r"0\.02 s, waiting for the moon"):
        wait_until(lambda: False, 0.02, "the moon", is_exact=True)


def test_process_information_is_that_of_the_kernel() -> None:
    child = subprocess.Popen(["/bin/sleep", "60"], env={"OUTLIVE_MARK": "this one"})
    try:
        wait_until(lambda: "sleep" in processes.command_line(child.pid), 5, "the exec")
        assert processes.parent(child.pid) > 0
        assert processes.start_ticks(child.pid) > 0
        assert processes.environment(child.pid) == {b"OUTLIVE_MARK": b"this one"}
        assert processes.with_environment("OUTLIVE_MARK", "this one") == [child.pid]
    finally:
        processes.end([child.pid])
    assert not processes.is_alive(child.pid)
    child.wait()
    assert processes.state(child.pid) == ""


@pytest.mark.parametrize(
    ("previous", "latest", "started"),
    [(10, 12, {11, 12}), (10, 10, set()), (98, 2, {99, 1, 2})],
    ids=["two", "none", "PIDs began again"],
)
def test_processes_started_since_a_moment_are_found_by_their_pids(
    previous: int, latest: int, started: set[int]
) -> None:
    assert {pid for pid in range(1, 100) if processes._is_between(pid, previous, latest)} == started


@pytest.mark.parametrize(
    "touch",
    [
        lambda area: (area.home / "file").touch(),
        lambda area: area.state.chmod(0o500),
        lambda area: area.config.rmdir(),
        lambda area: (area.root / "more").mkdir(),
    ],
    ids=["a file", "other permissions", "a directory less", "a directory more"],
)
def test_an_area_is_reused_only_if_it_is_unchanged(touch: Callable[[Area], None]) -> None:
    with reused_area() as area:
        pass
    with reused_area() as again:
        assert again is area
        touch(again)
    with reused_area() as fresh:
        assert fresh.root != area.root
        assert fresh.is_untouched()
    assert not area.root.exists()
