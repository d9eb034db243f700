"""Finding or starting the user's keeper, so that there is never more than one."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from session_host.errors import HostUnavailable, UnsafeDirectory
from session_host.keeper_client import discovery
from session_host.keeper_client.channel import KeeperNotResponding
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
from tests.support.forked_process import EXEC
from tests.support.other_users import NOBODY, needs_root
from tests.support.waiting import wait_for_end, wait_until


@pytest.fixture(autouse=True)
def executed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start keepers by exec, as users do, and not by a fork of the tests' server."""
    monkeypatch.setattr(discovery, "start_process", EXEC)


def keepers(sessions: Sessions) -> list[int]:
    return [pid for pid in sessions.processes() if processes.name(pid) == "outlive-keeper"]


def test_without_a_keeper_none_is_found() -> None:
    assert connect_to_keeper() is None


def test_a_keeper_is_detached_and_inherits_nothing_from_its_starter(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret in the environment of the first command must not reach all later chats."""
    monkeypatch.setenv("SECRET", "of the caller")
    leaked = os.open("/dev/zero", os.O_RDONLY)
    os.set_inheritable(leaked, True)
    channel = connect_or_start_keeper()
    os.close(leaked)
    pid = channel.peer_pid()
    assert channel.request(Status(), 10) == KeeperStatus(pid, VERSION, [])
    channel.close()
    environment = processes.environment(pid)
    assert b"SECRET" not in environment
    assert environment[b"OUTLIVE_RUNTIME_DIR"] == os.environ["OUTLIVE_RUNTIME_DIR"].encode()
    assert processes.parent(pid) != os.getpid()
    assert os.getsid(pid) == pid, "it survives the end of a terminal"
    assert Path(f"/proc/{pid}/cwd").readlink() == Path("/"), "it keeps no file system busy"
    targets = {}
    for each in Path(f"/proc/{pid}/fd").iterdir():
        # The keeper may close one meanwhile, such as that of the status request.
        with contextlib.suppress(FileNotFoundError):
            targets[int(each.name)] = str(each.readlink())
    assert (targets[0], targets[1]) == ("/dev/null", "/dev/null")
    assert targets[2] == str(keeper_log())
    assert "/dev/zero" not in targets.values()


ASK = """
import sys
from session_host.keeper_client.discovery import connect_or_start_keeper
sys.stdin.read()
channel = connect_or_start_keeper()
print(channel.peer_pid())
"""


def test_several_commands_at_once_start_exactly_one_keeper(sessions: Sessions) -> None:
    hold, let_go = os.pipe()
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", ASK], stdin=hold, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=REPOSITORY
        )
        for _ in range(5)
    ]
    os.close(hold)
    os.close(let_go)  # all of them read the end of stdin at once
    outputs = [process.communicate(timeout=60) for process in asking]
    assert [error for _, error in outputs] == [b""] * 5
    assert len({int(output) for output, _ in outputs}) == 1
    assert keepers(sessions) == [int(outputs[0][0])]


def test_a_keeper_with_a_full_queue_is_reported_and_not_waited_for(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it was stopped while a script ran commands in a loop."""
    monkeypatch.setattr(discovery, "CONNECT_TIMEOUT_S", 0.05)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(keeper_socket()))
        listener.listen(0)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as waiting:
            waiting.connect(str(keeper_socket()))
            with pytest.raises(KeeperNotResponding, match="the keeper does not respond"):
                connect_to_keeper()


def test_without_room_for_another_process_the_limit_is_named(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(HostUnavailable) as raised:
        connect_or_start_keeper()
    assert str(raised.value) == "cannot start the keeper: too many processes; end some, or raise the limit (ulimit -u)"


def test_a_killed_keeper_is_replaced(sessions: Sessions) -> None:
    channel = connect_or_start_keeper()
    previous = channel.peer_pid()
    channel.close()
    os.kill(previous, signal.SIGKILL)
    wait_for_end(previous, 10)
    assert keeper_socket().exists(), "the socket that it left does no harm"
    channel = connect_or_start_keeper()
    assert channel.request(Status(), 10).pid not in {previous, 0}
    channel.close()


def test_a_keeper_that_is_ending_is_replaced(sessions: Sessions) -> None:
    channel = connect_or_start_keeper()
    previous = channel.peer_pid()
    channel.close()
    os.kill(previous, signal.SIGTERM)
    wait_until(lambda: not keeper_socket().exists(), 10, "it to take no more calls")
    channel = connect_or_start_keeper()
    assert channel.peer_pid() != previous
    channel.close()


@pytest.fixture
def killed_at_start(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Make the first keeper that is started be killed before it listens."""
    killed: list[int] = []
    argv = discovery.keeper_argv()

    def fragile() -> list[str]:
        if killed:
            return argv
        killed.append(0)
        return [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]

    monkeypatch.setattr(discovery, "keeper_argv", fragile)
    return killed


def test_a_keeper_killed_at_its_start_is_reported_and_the_next_call_starts_another(
    sessions: Sessions, killed_at_start: list[int]
) -> None:
    with pytest.raises(HostUnavailable, match="exited at startup") as caught:
        connect_or_start_keeper()
    assert str(keeper_log()) in str(caught.value)
    channel = connect_or_start_keeper()
    assert keepers(sessions) == [channel.peer_pid()]
    channel.close()


def test_a_program_that_cannot_be_started_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "keeper_argv", lambda: ["/nonexistent"])
    with pytest.raises(HostUnavailable, match="cannot start the keeper: No such file"):
        connect_or_start_keeper()


def test_a_keeper_that_does_not_start_in_time_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_another_users_socket_is_refused(area: Area) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(keeper_socket()))
        pid = os.fork()
        if pid == 0:  # SO_PEERCRED names the process that calls listen(2).
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


def test_a_keeper_starts_although_its_log_cannot_be_written(area: Area, sessions: Sessions) -> None:
    (area.state / "logs").write_text("in the way")
    channel = connect_or_start_keeper()
    assert channel.request(Status(), 10).pid == channel.peer_pid()
    channel.close()


def test_a_listening_keeper_is_not_replaced_by_a_second_one(sessions: Sessions) -> None:
    """A command may be killed after it has started a keeper, and the next command may start another."""
    channel = connect_or_start_keeper()
    first = channel.peer_pid()
    channel.close()
    second = subprocess.Popen(keeper_argv(), env=keeper_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert second.stdout is not None
    with second.stdout:
        second.stdout.read()  # until its end: it has detached, found the first keeper, and exited
    assert second.wait(60) == 0
    channel = connect_or_start_keeper()
    assert channel.peer_pid() == first
    channel.close()
