"""The leak check must be able to fail: each kind of leak is made, noticed, and removed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conftest import Sessions
from tests.support import leaks, processes
from tests.support.area import Area, reused_area
from tests.support.qt_messages import QtMessages


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


WRAPPED = """
import os, subprocess, sys
from pathlib import Path
from tests.support.processes import Earlier, started_with

def next_pid(number):
    Path("/proc/sys/kernel/ns_last_pid").write_text(str(number - 1))

def starts():
    next_pid(20000)
    return subprocess.Popen(["sleep", "60"], env={"MINE": "yes"}, stdout=subprocess.DEVNULL)

other = starts() if sys.argv[1] == "reused" else None
next_pid(19990)
subprocess.run("true")
earlier = Earlier.now()
if other is not None:
    other.kill()
    other.wait()
mine = starts()
next_pid(30000)
subprocess.run("true")
next_pid(int(sys.argv[2]))
subprocess.run("true")
print(started_with(lambda each: b"\\0MINE=yes\\0" in each, after=earlier))
mine.kill()
mine.wait()
"""


@pytest.mark.parametrize("how", ["new", "reused"])
@pytest.mark.parametrize("latest", [500, 19500])
def test_a_process_is_noticed_after_pids_have_wrapped_around(how: str, latest: int) -> None:
    own_pids = ["unshare", "-Ur", "--pid", "--fork", "--mount-proc"]
    chooses_pids = subprocess.run(
        [*own_pids, "test", "-w", "/proc/sys/kernel/ns_last_pid"], capture_output=True, check=False
    )
    if chooses_pids.returncode:
        pytest.skip("this user may make no PIDs of its own")
    command = [*own_pids, sys.executable, "-c", WRAPPED, how, str(latest)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("[20000]\n", "")


def test_a_process_in_the_midst_of_an_exec_is_read_until_it_has_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("environ", "cmdline"):
        (tmp_path / name).touch()
    (tmp_path / "exe").symlink_to("/bin/sleep")
    pauses: list[object] = []

    def pause(*words: object) -> None:
        pauses.append(words)
        if len(pauses) == 20:
            (tmp_path / "environ").write_bytes(b"MINE=yes\0")

    monkeypatch.setattr(processes, "select", SimpleNamespace(select=pause))
    assert processes._environment_of(tmp_path) == b"MINE=yes\0"


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


def test_a_handler_of_a_signal_is_noticed(check: leaks.LeakCheck) -> None:
    before = signal.signal(signal.SIGHUP, print)
    assert check.leaks() == ["signal handler: <built-in function print>"]
    signal.signal(signal.SIGHUP, before)
    assert check.leaks() == []


def test_a_directory_of_another_user_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    before = leaks.product_directories()
    left = Path(tempfile.mkdtemp(prefix="outlive-left-", dir="/tmp"))
    try:
        assert leaks.product_directories() - before == {left}
        monkeypatch.setattr(os, "getuid", lambda: left.stat().st_uid + 1)
        assert left not in leaks.product_directories()
    finally:
        left.rmdir()


def test_a_warning_of_qt_is_noticed(qt_messages: QtMessages) -> None:
    from PySide6.QtCore import qWarning

    qt_messages.install()
    qWarning("something is odd")
    assert qt_messages.take_complaints() == ["default: something is odd"]
    qt_messages.allow("odd")
    qWarning("something is odd")
    assert qt_messages.take_complaints() == []


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
