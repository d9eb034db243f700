"""What a host has of the keeper that it was forked from: its session's descriptors, a channel, and nothing else."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from session_host.keeper.processes.forking import FAILED, become_subreaper, fork_host, raise_open_files
from session_host.protocol.values import GridSize
from session_host.storage.descriptors import session_descriptors
from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from tests.support import processes
from tests.support.leaks import descriptors as open_descriptors
from tests.support.waiting import wait_for_end

TIMEOUT_S = 60.0


class Parts(NamedTuple):
    """What a host is forked with."""

    descriptors: SessionDescriptors
    slave: int
    log: Path


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    descriptors, slave = session_descriptors.create_descriptors(tmp_path / "socket", GridSize(80, 24))
    yield Parts(descriptors, slave, tmp_path / "log")
    os.close(slave)
    descriptors.close()


@pytest.fixture
def handlers() -> Iterator[int]:
    """The keeper's own: what wakes its loop, and what does so on a signal; the descriptor of the previous."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGCHLD, signal.SIGTERM)}
    previous = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    yield theirs.fileno()
    signal.set_wakeup_fd(previous)
    for number, handler in before.items():
        signal.signal(number, handler)
    ours.close()
    theirs.close()


def tells(look: Callable[[], Any]) -> Callable[[socket.socket], int]:
    """A host that sends what it sees, and stays until its channel is closed."""

    def run(channel: socket.socket) -> int:
        channel.sendall(json.dumps(look()).encode() + b"\n")
        channel.recv(1)
        return 0

    return run


def heard(channel: socket.socket) -> Any:
    """What such a host sends."""
    channel.settimeout(TIMEOUT_S)
    with channel.makefile("rb") as lines:
        return json.loads(lines.readline())


def status_of(pid: int) -> int:
    """Its exit status, or the negative number of the signal that it died of."""
    wait_for_end(pid, TIMEOUT_S)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def seen_by_host(parts: Parts, look: Callable[[], Any]) -> Any:
    """What a host sees that is forked now."""
    pid, channel = fork_host(parts.descriptors, parts.slave, str(parts.log), tells(look))
    try:
        return heard(channel)
    finally:
        channel.close()
        assert status_of(pid) == 0


def open_here() -> list[int]:
    """The descriptors of this process, but for that of the directory that tells."""
    found = []
    for descriptor in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        found.append(descriptor)
    return sorted(found)


# ---------------------------------------------------------------------------------- descriptors


def test_it_has_its_descriptors_its_channel_and_nothing_else_of_the_keepers(parts: Parts, tmp_path: Path) -> None:
    others = [os.open(tmp_path, os.O_RDONLY), *os.pipe(), os.open("/dev/null", os.O_RDWR)]
    os.set_inheritable(others[0], True)
    try:
        pid, channel = fork_host(parts.descriptors, parts.slave, str(parts.log), tells(open_here))
        found = set(heard(channel))
        assert found.isdisjoint({*others, channel.fileno()})
        assert found >= {0, 1, 2, *parts.descriptors.present, parts.slave}
        assert len(found - {0, 1, 2, *parts.descriptors.present, parts.slave}) == 1, "its end of the channel"
        for descriptor in (*parts.descriptors.present, parts.slave, *others):
            os.fstat(descriptor)  # Here they are as before.
        channel.close()
        assert status_of(pid) == 0, "the end of the channel is seen: nobody else has ours"
    finally:
        for descriptor in others:
            os.close(descriptor)


def test_a_program_that_runs_already_has_no_other_side_left(parts: Parts) -> None:
    pid, channel = fork_host(parts.descriptors, -1, str(parts.log), tells(open_here))
    assert parts.slave not in heard(channel)
    channel.close()
    assert status_of(pid) == 0


def test_the_end_of_a_host_is_the_end_of_its_channel(parts: Parts) -> None:
    pid, channel = fork_host(parts.descriptors, parts.slave, str(parts.log), lambda _: 0)
    channel.settimeout(TIMEOUT_S)
    assert channel.recv(1) == b"", "the keeper has no other side of it"
    channel.close()
    assert status_of(pid) == 0


def test_its_errors_go_into_its_log(parts: Parts) -> None:
    parts.log.write_text("of the host before\n")

    def run(_: socket.socket) -> int:
        os.write(2, b"said\n")
        return 0

    pid, channel = fork_host(parts.descriptors, parts.slave, str(parts.log), run)
    channel.close()
    assert status_of(pid) == 0
    assert parts.log.read_text() == "of the host before\nsaid\n"


def test_a_log_is_its_users_alone(parts: Parts) -> None:
    seen_by_host(parts, lambda: None)
    assert parts.log.stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_is_no_reason_not_to_start(parts: Parts, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    parts.log.symlink_to(victim)
    errors = Path("/proc/self/fd/2")
    assert seen_by_host(parts, lambda: str(errors.readlink())) == "/dev/null"
    assert victim.read_text() == "mine"
    elsewhere = parts._replace(log=tmp_path / "no" / "such" / "directory" / "log")
    assert seen_by_host(elsewhere, lambda: str(errors.readlink())) == "/dev/null"


# ---------------------------------------------------------------------------------- the process


def test_signals_are_as_the_system_has_them(parts: Parts, handlers: int) -> None:
    def look() -> list[int]:
        numbers = (signal.SIGCHLD, signal.SIGTERM)
        # Setting another value returns the previous one.
        return [signal.set_wakeup_fd(-1), *(int(signal.getsignal(each) is signal.SIG_DFL) for each in numbers)]

    assert seen_by_host(parts, look) == [-1, 1, 1]
    assert signal.set_wakeup_fd(handlers) == handlers, "here they are as before"
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL


@pytest.mark.usefixtures("handlers")
def test_it_can_be_asked_to_end(parts: Parts) -> None:
    pid, channel = fork_host(parts.descriptors, parts.slave, str(parts.log), tells(lambda: None))
    heard(channel)
    os.kill(pid, signal.SIGTERM)
    assert status_of(pid) == -signal.SIGTERM
    channel.close()


def test_it_is_called_a_host_and_leads_a_session_of_its_own(parts: Parts) -> None:
    pid, channel = fork_host(
        parts.descriptors, parts.slave, str(parts.log), tells(lambda: [os.getsid(0), os.getpgid(0)])
    )
    assert heard(channel) == [pid, pid]
    assert processes.name(pid) == "outlive-host"
    assert processes.name(os.getpid()) != "outlive-host"
    channel.close()
    assert status_of(pid) == 0


# ---------------------------------------------------------------------------------- its end


@pytest.mark.parametrize("status", [0, 1, 42])
def test_what_it_returns_is_its_exit_status(parts: Parts, status: int) -> None:
    pid, channel = fork_host(parts.descriptors, parts.slave, str(parts.log), lambda _: status)
    assert status_of(pid) == status
    channel.close()


@pytest.mark.parametrize("error", [RuntimeError("a fault"), MemoryError(), SystemExit(0), KeyboardInterrupt()])
def test_one_that_fails_says_so_and_runs_nothing_of_the_keepers(
    parts: Parts, error: BaseException, tmp_path: Path
) -> None:
    mark = tmp_path / "of the keeper"

    def run(_: socket.socket) -> int:
        raise error

    keeper = os.getpid()
    try:
        pid, channel = fork_host(parts.descriptors, parts.slave, str(parts.log), run)
    finally:
        if os.getpid() != keeper:
            mark.touch()  # What the keeper would do at its own end.
            os._exit(1)
    assert status_of(pid) == FAILED
    channel.close()
    assert not mark.exists()


def test_where_there_can_be_no_more_processes_nothing_is_left_open(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    before = open_descriptors()
    monkeypatch.setattr(os, "fork", full)
    with pytest.raises(BlockingIOError):
        fork_host(parts.descriptors, parts.slave, str(parts.log), lambda _: 0)
    assert open_descriptors() == before
    assert not parts.log.exists()


# ---------------------------------------------------------------------------------- what the keeper is


def test_whoever_is_left_by_its_parent_comes_to_a_subreaper(parts: Parts) -> None:
    def look() -> bool:
        assert become_subreaper()
        if not (parent := os.fork()):
            if not os.fork():
                signal.pause()
            os._exit(0)
        os.waitpid(parent, 0)
        (orphan,) = processes.children()
        os.kill(orphan, signal.SIGKILL)
        return os.waitpid(orphan, 0)[0] == orphan

    assert seen_by_host(parts, look)


def test_the_keeper_takes_all_descriptors_and_tells_how_many_programs_get(parts: Parts) -> None:
    def look() -> list[int]:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        return [raise_open_files(), resource.getrlimit(resource.RLIMIT_NOFILE)[0] - hard, raise_open_files() - hard]

    assert seen_by_host(parts, look) == [256, 0, 0]
