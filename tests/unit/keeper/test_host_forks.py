"""How a host is forked from the warmed keeper: what it has, what it does not have, and what a crash leaves."""

from __future__ import annotations

import errno
import faulthandler
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from session_host.host.driver import recover
from session_host.keeper import host_forks
from session_host.keeper.host_forks import FAILED, fork_host, raise_open_files
from session_host.paths import runtime_dir
from session_host.protocol.values import GridSize
from session_host.storage.descriptors import session_descriptors
from session_host.storage.descriptors.log_state import LogState
from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from session_host.storage.store import Store
from session_host.terminal import available_engines, create
from session_host.terminal.base import DefaultColors
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import REPOSITORY
from tests.support.leaks import descriptors as open_descriptors
from tests.support.session_harness import spec_of
from tests.support.waiting import wait_for_end

TIMEOUT_S = 60.0


class HostArguments(NamedTuple):
    """The arguments for forking a host."""

    descriptors: SessionDescriptors
    slave: int
    log: Path


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[HostArguments]:
    descriptors, slave = session_descriptors.create_descriptors(tmp_path / "socket", GridSize(80, 24))
    yield HostArguments(descriptors, slave, tmp_path / "log")
    os.close(slave)
    descriptors.close()


@pytest.fixture
def handlers() -> Iterator[int]:
    """Install a keeper's signal handlers and wake-up descriptor; yields that descriptor."""
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


_PIPES = 30
_FORK_OF_A_HOST = f"""
import os, sys
from pathlib import Path
from session_host.keeper.host_forks import fork_host
from session_host.protocol.values import GridSize
from session_host.storage.descriptors import session_descriptors
from session_host.system import event_loop

async def nothing(): pass

def run(channel):
    pipes = [end for _ in range({_PIPES}) for end in os.pipe()]
    before = [os.fstat(end).st_ino for end in pipes]
    if not os.fork():
        try:
            os._exit([os.fstat(end).st_ino for end in pipes] != before)
        except OSError:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.wait()[1])

event_loop.run(nothing())
descriptors, slave = session_descriptors.create_descriptors(Path(sys.argv[1], "socket"), GridSize(80, 24))
pid, channel = fork_host(descriptors, slave, os.devnull, run)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def test_a_fork_of_a_host_has_all_descriptors_of_the_host(tmp_path: Path) -> None:
    """The event loop's library closes its own in each fork, by their numbers in the keeper."""
    assert (
        subprocess.run([sys.executable, "-c", _FORK_OF_A_HOST, tmp_path], cwd=REPOSITORY, check=False).returncode == 0
    )


def sender_of(look: Callable[[], Any]) -> Callable[[socket.socket], int]:
    """Make a host that sends the result of ``look``, and stays until its channel is closed."""

    def run(channel: socket.socket) -> int:
        channel.sendall(json.dumps(look()).encode() + b"\n")
        channel.recv(1)
        return 0

    return run


def received(channel: socket.socket) -> Any:
    """Receive what such a host sends."""
    channel.settimeout(TIMEOUT_S)
    with channel.makefile("rb") as lines:
        return json.loads(lines.readline())


def status_of(pid: int) -> int:
    """Wait for a process to end; returns its exit status, or the negative number of the signal that killed it."""
    wait_for_end(pid, TIMEOUT_S)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def seen_by_host(parts: HostArguments, look: Callable[[], Any]) -> Any:
    """Fork a host that runs ``look``, and return its result."""
    pid, channel = fork_host(parts.descriptors, parts.slave, str(parts.log), sender_of(look))
    try:
        return received(channel)
    finally:
        channel.close()
        assert status_of(pid) == 0


def open_here() -> list[int]:
    """The open descriptors of this process, without the one that lists them."""
    found = []
    for descriptor in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        found.append(descriptor)
    return sorted(found)


# ---------------------------------------------------------------------------------- descriptors


def test_a_host_has_its_descriptors_and_channel_and_no_other_descriptor_of_the_keeper(
    parts: HostArguments, tmp_path: Path
) -> None:
    others = [os.open(tmp_path, os.O_RDONLY), *os.pipe(), os.open("/dev/null", os.O_RDWR)]
    os.set_inheritable(others[0], True)
    try:
        pid, channel = fork_host(parts.descriptors, parts.slave, str(parts.log), sender_of(open_here))
        found = set(received(channel))
        assert found.isdisjoint({*others, channel.fileno()})
        assert found >= {0, 1, 2, *parts.descriptors.present, parts.slave}
        further = len(found - {0, 1, 2, *parts.descriptors.present, parts.slave})
        assert further == (3 if "uvloop" in sys.modules else 1), "its end of the channel, and libuv's pipe"
        for descriptor in (*parts.descriptors.present, parts.slave, *others):
            os.fstat(descriptor)  # In this process they are unchanged.
        channel.close()
        assert status_of(pid) == 0, "the host sees the end of the channel, since no other process has the keeper's end"
    finally:
        for descriptor in others:
            os.close(descriptor)


def test_a_host_of_a_running_program_gets_no_slave_of_the_pty(parts: HostArguments) -> None:
    pid, channel = fork_host(parts.descriptors, -1, str(parts.log), sender_of(open_here))
    assert parts.slave not in received(channel)
    channel.close()
    assert status_of(pid) == 0


def test_the_end_of_a_host_closes_its_channel(parts: HostArguments) -> None:
    pid, channel = fork_host(parts.descriptors, parts.slave, str(parts.log), lambda _: 42)
    channel.settimeout(TIMEOUT_S)
    assert channel.recv(1) == b"", "the keeper does not hold the other end"
    channel.close()
    assert status_of(pid) == 42


def test_a_hosts_stderr_is_its_log_which_only_its_user_can_read(parts: HostArguments) -> None:

    def run(_: socket.socket) -> int:
        os.write(2, b"said\n")
        return 0

    for _ in range(2):
        pid, channel = fork_host(parts.descriptors, parts.slave, str(parts.log), run)
        channel.close()
        assert status_of(pid) == 0
    assert parts.log.read_text() == "said\nsaid\n"
    assert parts.log.stat().st_mode & 0o777 == 0o600


def test_a_host_starts_although_its_log_cannot_be_opened(parts: HostArguments, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    parts.log.symlink_to(victim)
    errors = Path("/proc/self/fd/2")
    assert seen_by_host(parts, lambda: str(errors.readlink())) == "/dev/null"
    assert victim.read_text() == "mine"
    elsewhere = parts._replace(log=tmp_path / "no" / "such" / "directory" / "log")
    assert seen_by_host(elsewhere, lambda: str(errors.readlink())) == "/dev/null"


# ---------------------------------------------------------------------------------- the process


def test_signals_have_their_default_handlers(parts: HostArguments, handlers: int) -> None:
    def look() -> list[int]:
        numbers = (signal.SIGCHLD, signal.SIGTERM)
        # set_wakeup_fd returns the previous value.
        return [signal.set_wakeup_fd(-1), *(int(signal.getsignal(each) is signal.SIG_DFL) for each in numbers)]

    assert seen_by_host(parts, look) == [-1, 1, 1]
    assert signal.set_wakeup_fd(handlers) == handlers, "here they are as before"
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL


def test_a_host_has_its_own_name_and_process_session(parts: HostArguments) -> None:
    pid, channel = fork_host(
        parts.descriptors, parts.slave, str(parts.log), sender_of(lambda: [os.getsid(0), os.getpgid(0)])
    )
    assert received(channel) == [pid, pid]
    assert processes.name(pid) == "outlive-host"
    assert processes.name(os.getpid()) != "outlive-host"
    channel.close()
    assert status_of(pid) == 0


# ---------------------------------------------------------------------------------- its end


@pytest.mark.parametrize("error", [RuntimeError("a fault"), SystemExit(0)])
def test_a_failed_host_exits_with_an_error_and_runs_no_code_of_the_keeper(
    parts: HostArguments, error: BaseException, tmp_path: Path
) -> None:
    mark = tmp_path / "of the keeper"

    def run(_: socket.socket) -> int:
        raise error

    keeper = os.getpid()
    try:
        pid, channel = fork_host(parts.descriptors, parts.slave, str(parts.log), run)
    finally:
        if os.getpid() != keeper:
            mark.touch()  # Stands for what the keeper does at its own end.
            os._exit(1)
    assert status_of(pid) == FAILED
    channel.close()
    assert not mark.exists()


def test_a_failed_fork_leaves_no_descriptor_open(parts: HostArguments, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    before = open_descriptors()
    monkeypatch.setattr(os, "fork", full)
    with pytest.raises(BlockingIOError):
        fork_host(parts.descriptors, parts.slave, str(parts.log), lambda _: 0)
    assert open_descriptors() == before
    assert not parts.log.exists()


# ---------------------------------------------------------------------------------- the keeper's own process


def test_the_keeper_raises_its_descriptor_limit_and_returns_that_of_programs(parts: HostArguments) -> None:
    def look() -> list[int]:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        return [raise_open_files(), resource.getrlimit(resource.RLIMIT_NOFILE)[0] - hard, raise_open_files() - hard]

    assert seen_by_host(parts, look) == [256, 0, 0]


COLORS = (0x102030, 0xA0B0C0, 0xFFFFFF, True)
OUTPUT = b"\x1b[c\x1b]11;?\x07" + b"a line\r\n" * 50 + b"\x1b[31mred\x1b[m \xe6\xbc\xa2"


def preload_in_fork() -> None:
    """Preload in a fork, since preloading changes the process."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            host_forks.TRIAL_S = 60  # enough on a busy machine, too
            host_forks.preload()
            if threading.active_count() == 1 and recover._spares:
                status = 0
        finally:
            os._exit(status)
    wait_for_end(pid, 60)
    assert os.waitpid(pid, 0)[1] == 0


def test_preloading_leaves_no_files_and_no_records(area: Area) -> None:
    preload_in_fork()
    assert list(runtime_dir().iterdir()) == []
    with Store.open(area.state / "outlive.db") as store:
        assert store.all() == []


def crash(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def fail(*_: object) -> None:
    raise RuntimeError("no session can be hosted here")


@pytest.mark.parametrize(("name", "does"), [("create", crash), ("run_host", fail)])
def test_a_crashing_engine_or_host_does_not_end_the_keeper(
    area: Area, monkeypatch: pytest.MonkeyPatch, name: str, does: Callable[..., None]
) -> None:
    monkeypatch.setattr(host_forks, name, does)
    pid = os.fork()
    if not pid:
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            faulthandler.disable()
            host_forks.preload()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    assert list(area.runtime.iterdir()) == []


@pytest.mark.parametrize("size", [GridSize(80, 24), GridSize(300, 100)])
def test_a_spare_emulator_equals_a_fresh_one(size: GridSize) -> None:
    engine = available_engines()[0]
    spec = spec_of(size=size, engine=engine, scrollback_lines=10_000, colors=COLORS)
    fresh = create(engine, size, scrollback_lines=10_000, colors=DefaultColors(*COLORS, palette=()))
    recover.make_spare()
    spare = recover.make_emulator(spec, engine, LogState())
    assert recover._spares == []
    for each in (fresh, spare):
        each.feed(OUTPUT)
    assert spare.take_replies() == fresh.take_replies()
    assert spare.take_events() == fresh.take_events()
    assert spare.snapshot() == fresh.snapshot()
    for each in (fresh, spare):
        each.close()
