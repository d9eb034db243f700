"""Forks a host from the keeper, within a millisecond and with the engine loaded.

The keeper loads and uses the hosts' code first, so that hosts share its pages. A forked host gets a copy of each memory
page that it writes to, and Python writes even to objects that it only reads (reference counts). At the first use of
code, the interpreter creates caches, adapted code and dictionaries of objects. So the first uses happen here, before
the fork.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import os
import resource
import shutil
import signal
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from session_host.errors import OutliveError
from session_host.host.driver.recover import make_spare
from session_host.host.main import HostParameters, run_host
from session_host.paths import database, runtime_dir
from session_host.protocol.codec import encode
from session_host.protocol.facts import ChatFacts, Entry, Origin, Program
from session_host.protocol.greeting import ClientGreeting
from session_host.protocol.launch import LaunchSpec, Watch
from session_host.protocol.messages import Attach, Describe, Role
from session_host.protocol.values import GridSize
from session_host.storage.descriptors import session_descriptors
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from session_host.storage.descriptors.splice import Splicer
from session_host.storage.store import Store
from session_host.system.files import open_log, share_lock
from session_host.terminal import available_engines, create, default_engine, engine_build

log = logging.getLogger(__name__)

_PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 15, 36
"""prctl(2)."""

FAILED = 70
PACKETS = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_STREAM
"""One message per packet, so that a new reader never starts inside a message. macOS has no such sockets."""

_NO_DESCRIPTOR = 2**31 - 2
"""Higher than any descriptor of a process."""

_LOW = 64
"""A host has no higher descriptor of its own before it has started its program."""


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def set_process_name(name: str) -> None:
    """Set the name that ``ps -o comm`` shows; at most 15 bytes."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


def become_subreaper() -> bool:
    """Become a subreaper for orphaned descendants; False if the system has none."""
    return sys.platform == "linux" and bool(_libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def raise_open_files() -> int:
    """Raise this process's limit of open files; returns the previous limit, which programs get."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:
        log.warning("no more than %d descriptors: %s", soft, error)
    return soft


def fork_host(
    descriptors: SessionDescriptors,
    slave: int,
    log_path: str,
    run: Callable[[socket.socket], int],
    *,
    on_fork: Callable[[int, socket.socket], None] = lambda *_: None,
) -> tuple[int, socket.socket]:
    """Fork a process that has this session's descriptors, a channel to us, and nothing else of ours.

    It begins once ``on_fork`` has returned. If we are killed before that, it exits, so that no unknown host is left.

    Args:
        descriptors: the session's; they stay open in both processes.
        slave: the PTY's other side, or -1.
        log_path: where the host's standard error goes.
        run: the host; returns its exit status. It never returns to our code.
        on_fork: called with the values that this function returns.

    Returns:
        The host's PID and our end of the channel.

    Raises:
        OSError: the system has no process or no descriptors left.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, PACKETS)
    try:
        gate, gate_write = os.pipe()
        pipes = _low_pipes()
        try:
            pid = os.fork()
        except OSError:
            os.close(gate)
            os.close(gate_write)
            raise
    except OSError:
        ours.close()
        theirs.close()
        raise
    if pid:
        theirs.close()
        os.close(gate)
        try:
            on_fork(pid, ours)
        finally:
            os.write(gate_write, b"\0")
            os.close(gate_write)
        return pid, ours
    status = FAILED
    try:
        os.close(gate_write)
        if not os.read(gate, 1):
            os._exit(status)
        # In each fork, libuv closes its pipe, by number, and makes another (uv__signal_global_reinit). The host keeps
        # it, since libuv would else close, in the fork for the program, what has got these numbers by then.
        of_libuv = {descriptor for descriptor, _ in _low_pipes() - pipes}
        _forget_parent({*descriptors.present, slave, theirs.fileno(), *of_libuv}, log_path)
        status = run(theirs)
    except BaseException:
        log.exception("the host failed")
    finally:
        logging.shutdown()
        # Not the finalizers of the parent's objects.
        os._exit(status)


def _low_pipes() -> set[tuple[int, int]]:
    """The pipes among the low descriptors, each as (descriptor, inode)."""
    found = set()
    for descriptor in range(3, _LOW):
        with contextlib.suppress(OSError):
            status = os.fstat(descriptor)
            if stat.S_ISFIFO(status.st_mode):
                found.add((descriptor, status.st_ino))
    return found


def _forget_parent(inherited: set[int], log_path: str) -> None:
    """Close the parent's descriptors, leave its process group, and log to a file of our own."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    _close_others(inherited)
    log_to(log_path)
    set_process_name("outlive-host")


@cache
def _closes_ranges() -> bool:
    """Whether the C library and the kernel have close_range(2): then ``os.closerange`` is fast."""
    close_range = getattr(_libc(), "close_range", None)
    return close_range is not None and close_range(_NO_DESCRIPTOR, _NO_DESCRIPTOR, 0) == 0


def _close_others(inherited: set[int]) -> None:
    """Close all descriptors except the standard ones and these; the keeper has some thirteen a session."""
    # Listing the descriptors takes long, and costs each host memory.
    last = _NO_DESCRIPTOR if _closes_ranges() else max(map(int, os.listdir("/dev/fd")))  # noqa: PTH208
    first = 3
    for descriptor in sorted(each for each in inherited if each > 2):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, last + 1)


def log_to(path: str) -> None:
    """Write standard error to the end of a file from now on, and lock that: other containers see that a host lives."""
    try:
        descriptor = open_log(path)
        share_lock(descriptor)
    except OSError:
        descriptor = os.open(os.devnull, os.O_WRONLY)  # A full disk is no reason not to start.
    os.dup2(descriptor, 2)
    os.close(descriptor)


TURNS = 10
"""How often code must run before the interpreter adapts it."""

TRIAL_S = 3
SIZE = GridSize(80, 24)
_CALLS: tuple[tuple[Role, Attach | Describe], ...] = (("viewer", Attach(SIZE)), ("control", Describe(1)))


def preload() -> None:
    """Load and use the hosts' code, then freeze its objects (gc.freeze)."""
    try:
        for engine in available_engines():
            engine_build(engine)
        if _survives(_use_engine):
            for _ in range(TURNS):
                _use_engine()
                with Store.open(database()) as store:
                    store.running()
            with _directory() as directory:
                _host_a_session(directory / "session")
                make_spare()
        else:
            log.warning("not warmed: the terminal engine does not work here")
    except (OutliveError, ImportError, OSError, TimeoutError) as error:
        log.warning("not warmed: %s", error)
    except Exception:
        log.exception("not warmed")
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.disable()


def _use_engine() -> None:
    """Use the default engine, as a host does; hosts that use another engine load it themselves."""
    emulator = create(default_engine(), SIZE)
    emulator.feed(b"\x1b[1mwarm\x1b[m \xc3\xa4\r\n\x1b[c")
    emulator.take_replies()
    emulator.take_events()
    emulator.snapshot()
    emulator.close()


def _survives(work: Callable[[], None]) -> bool:
    """Try the work in a fork first, because a crash here would end the keeper; return whether it survived."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            signal.alarm(TRIAL_S)
            work()
            status = 0
        finally:
            os._exit(status)
    _, result = os.waitpid(pid, 0)
    return result == 0


@contextlib.contextmanager
def _directory() -> Iterator[Path]:
    """A temporary directory, with logging switched off."""
    directory = runtime_dir() / f"warming-{os.getpid()}"
    directory.mkdir(mode=0o700)
    stderr = os.dup(2)
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    os.close(devnull)
    try:
        yield directory
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        shutil.rmtree(directory, ignore_errors=True)


def _host_a_session(directory: Path) -> None:
    """Run a short session's host in this very process.

    Raises:
        OSError: the system has no descriptors, PTYs or disk space left.
        TimeoutError: it took too long.
    """
    directory.mkdir(mode=0o700)
    spec = LaunchSpec(
        facts=ChatFacts(
            Origin(
                id="00000000-0000-4000-8000-000000000000",
                agent="command",
                argv=["printf", r"warm\033]7501;state=working\007\033]2;warm\007"],
                cwd="/",
                created_at="1970-01-01T00:00:00Z",
                engine=default_engine(),
            ),
            Entry(name="warming"),
            program=Program(size=SIZE),
        ),
        env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(directory)},
        scrollback_lines=100,
        colors=None,
        socket_path=str(directory / "socket"),
        database=str(directory / "outlive.db"),
        screen=str(directory / "screen.bin"),
        umask=0o077,
        log=os.devnull,
        journal=str(directory / "journal"),
        journal_limit_bytes=1 << 20,
        settings=os.devnull,
        watch=Watch(state_file="claude"),
    )
    descriptors, slave = session_descriptors.create_descriptors(Path(spec.socket_path), SIZE)
    with contextlib.ExitStack() as stack:
        stack.callback(descriptors.close)
        InputLog(descriptors.input_log, descriptors.master, Splicer()).close()
        # Requests of viewers and commands wait in their sockets until the host serves.
        for role, question in _CALLS:
            client = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            client.connect(spec.socket_path)
            greeting = ClientGreeting(spec.facts.id, role, engine_build(spec.facts.origin.engine))
            client.sendall(greeting.data_to_send() + encode(question))
        ours, theirs = socket.socketpair(socket.AF_UNIX, PACKETS)
        stack.enter_context(ours)
        run_host(
            HostParameters(spec, descriptors, slave, 1024, other_engine=False, rehearsal=False, trial_s=TRIAL_S), theirs
        )
