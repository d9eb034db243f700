"""The user's keeper: found, or started, and never more than one."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from session_host.errors import HostUnavailable, UnsafeDirectory
from session_host.keeper_client import discovery
from session_host.keeper_client.discovery import (
    connect_or_start_keeper,
    connect_to_keeper,
    keeper_argv,
    keeper_environment,
)
from session_host.paths import keeper_log, keeper_socket
from session_host.protocol.keeper import KeeperStatus, Status
from session_host.version import VERSION
from tests.conftest import REPOSITORY, Sessions
from tests.support import processes
from tests.support.area import Area
from tests.support.other_users import NOBODY, needs_root
from tests.support.waiting import wait_for_end, wait_until


@pytest.fixture(autouse=True)
def executed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keepers are executed here, as they are by users."""
    monkeypatch.setattr(discovery, "subprocess", subprocess)


def keepers(sessions: Sessions) -> list[int]:
    return [pid for pid in sessions.processes() if processes.name(pid) == "outlive-keeper"]


def test_where_there_is_none_none_is_found() -> None:
    assert connect_to_keeper() is None


def test_one_is_started_and_then_found(sessions: Sessions) -> None:
    first = connect_or_start_keeper()
    status = first.request(Status(), 10)
    assert status == KeeperStatus(first.peer_pid(), VERSION, [])
    assert keepers(sessions) == [status.pid]
    second = connect_or_start_keeper()
    assert second.peer_pid() == status.pid
    for pipe in (first, second):
        pipe.close()


def test_it_is_nobody_s_child_and_holds_nothing_of_who_started_it(sessions: Sessions) -> None:
    leaked = os.open("/dev/zero", os.O_RDONLY)
    os.set_inheritable(leaked, True)
    pipe = connect_or_start_keeper()
    os.close(leaked)
    pid = pipe.request(Status(), 10).pid
    pipe.close()
    assert processes.parent(pid) != os.getpid()
    assert os.getsid(pid) == pid, "the end of a terminal is not its end"
    assert Path(f"/proc/{pid}/cwd").readlink() == Path("/"), "it holds no disk"
    targets = {}
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # It closes some all the time: Status's own connection is one.
            targets[int(each.name)] = str(each.readlink())
    assert (targets[0], targets[1]) == ("/dev/null", "/dev/null")
    assert targets[2] == str(keeper_log())
    assert "/dev/zero" not in targets.values()


ASK = """
import sys
from session_host.keeper_client.discovery import connect_or_start_keeper
sys.stdin.read()
pipe = connect_or_start_keeper()
print(pipe.peer_pid())
"""


def test_twenty_at_once_start_exactly_one(sessions: Sessions) -> None:
    hold, let_go = os.pipe()
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", ASK], stdin=hold, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=REPOSITORY
        )
        for _ in range(20)
    ]
    os.close(hold)
    os.close(let_go)  # all of them read the end at once
    told = [process.communicate(timeout=60) for process in asking]
    assert [error for _, error in told] == [b""] * 20
    assert len({int(output) for output, _ in told}) == 1
    assert keepers(sessions) == [int(told[0][0])]


def test_after_one_that_was_killed_there_is_another(sessions: Sessions) -> None:
    pipe = connect_or_start_keeper()
    previous = pipe.peer_pid()
    pipe.close()
    os.kill(previous, signal.SIGKILL)
    wait_for_end(previous, 10)
    assert keeper_socket().exists(), "what it left is in the way of nobody"
    pipe = connect_or_start_keeper()
    assert pipe.request(Status(), 10).pid not in {previous, 0}
    pipe.close()


def test_one_that_is_leaving_is_waited_for(sessions: Sessions) -> None:
    pipe = connect_or_start_keeper()
    previous = pipe.peer_pid()
    pipe.close()
    os.kill(previous, signal.SIGTERM)
    wait_until(lambda: not keeper_socket().exists(), 10, "it to take no more calls")
    pipe = connect_or_start_keeper()
    assert pipe.peer_pid() != previous
    pipe.close()


@pytest.fixture
def killed_at_start(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first keeper that is started here is killed before it listens."""
    killed: list[int] = []
    argv = discovery.keeper_argv()

    def fragile() -> list[str]:
        if killed:
            return argv
        killed.append(0)
        return [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]

    monkeypatch.setattr(discovery, "keeper_argv", fragile)
    return killed


def test_one_that_is_killed_at_its_start_is_said_and_the_next_call_starts_another(
    sessions: Sessions, killed_at_start: list[int]
) -> None:
    with pytest.raises(HostUnavailable, match="exited at startup") as caught:
        connect_or_start_keeper()
    assert str(keeper_log()) in str(caught.value)
    pipe = connect_or_start_keeper()
    assert keepers(sessions) == [pipe.peer_pid()]
    pipe.close()


def test_a_program_that_cannot_be_started_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "keeper_argv", lambda: ["/nonexistent"])
    with pytest.raises(HostUnavailable, match="cannot start the keeper: No such file"):
        connect_or_start_keeper()


def test_one_that_does_not_start_in_time_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "keeper_argv", lambda: [sys.executable, "-c", "import signal; signal.pause()"])
    monkeypatch.setattr(discovery, "START_TIMEOUT_S", 0.0)
    with pytest.raises(HostUnavailable, match="did not start within 0 s"):
        connect_or_start_keeper()


def test_a_directory_that_is_not_ours_is_refused(area: Area) -> None:
    area.runtime.rmdir()
    area.runtime.symlink_to(area.home)
    with pytest.raises(UnsafeDirectory):
        connect_or_start_keeper()
    area.runtime.unlink()
    area.runtime.mkdir(mode=0o700)


@needs_root
def test_another_user_s_socket_is_refused(area: Area) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(keeper_socket()))
        pid = os.fork()
        if pid == 0:  # The kernel notes who calls listen(2).
            os.setuid(NOBODY)
            listener.listen()
            signal.pause()
        try:
            wait_until(lambda: _listens(keeper_socket()), 10, "the stranger to listen")
            with pytest.raises(HostUnavailable, match="another user"):
                connect_or_start_keeper()
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    keeper_socket().unlink()


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return False
        return True


def test_the_environment_of_who_starts_it_stays_outside(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret of the first command's caller is not that of all later chats."""
    monkeypatch.setenv("SECRET", "of the caller")
    pipe = connect_or_start_keeper()
    environment = processes.environment(pipe.peer_pid())
    pipe.close()
    assert b"SECRET" not in environment
    assert environment[b"OUTLIVE_RUNTIME_DIR"] == os.environ["OUTLIVE_RUNTIME_DIR"].encode()


def test_a_log_that_cannot_be_written_is_no_reason_to_do_without(area: Area, sessions: Sessions) -> None:
    (area.state / "logs").write_text("in the way")
    pipe = connect_or_start_keeper()
    assert pipe.request(Status(), 10).pid == pipe.peer_pid()
    pipe.close()


def test_one_that_takes_calls_is_not_asked_to_leave_by_a_second(sessions: Sessions) -> None:
    """Whoever starts a keeper may be killed in between, and the next one start another."""
    pipe = connect_or_start_keeper()
    first = pipe.peer_pid()
    pipe.close()
    second = subprocess.Popen(keeper_argv(), env=keeper_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert second.stdout is not None
    with second.stdout:
        second.stdout.read()  # to its end: it has detached, looked, and gone
    assert second.wait(10) == 0
    pipe = connect_or_start_keeper()
    assert pipe.peer_pid() == first
    pipe.close()
