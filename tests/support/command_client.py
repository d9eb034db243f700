"""The client of ``command_server`` and ``window_server``; each process of the test run has one of each."""

from __future__ import annotations

import io
import os
import pickle
import selectors
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ptyprocess import PtyProcess

from session_host.protocol.values import GridSize
from session_host.system.processes import proc
from tests.support import forked_process
from tests.support.command_server import MAX_BYTES, Command
from tests.support.forked_process import ForkedProcess

REPOSITORY = Path(__file__).resolve().parents[2]
PADDING_WORDS_BYTES = 1000
PADDING_BYTES = 30_000
"""The space for a fork's environment in the memory that /proc shows; see ``show_in_proc``."""


class _Server(NamedTuple):
    requests: socket.socket
    keepers: socket.socket
    interpreter: Mapping[str, str]
    """The environment variables that the server's interpreter read at its start."""


_servers: list[_Server] = []
_window_servers: list[_Server] = []


@contextmanager
def running() -> Iterator[tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]]:
    """Run a command server, and a keeper server, during the context."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    keepers, keepers_its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with ours, keepers:
        with its, keepers_its:
            command_process = _start_padded("command_server", [its.fileno(), keepers.fileno()], environment)
            keeper_process = _start_padded("keeper_server", [keepers_its.fileno()], environment)
        _servers.append(_Server(ours, keepers, _interpreter(environment)))
        forked_process.use(keepers)
        try:
            yield command_process, keeper_process
        finally:
            _servers.pop()
            forked_process.use_none()
    command_process.wait()
    keeper_process.wait()


@contextmanager
def running_windows() -> Iterator[subprocess.Popen[bytes]]:
    """Run a window server during the context, besides the command server."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    keepers = _servers[-1].keepers
    with ours:
        with its:
            process = _start_padded("window_server", [its.fileno(), keepers.fileno()], environment)
        _window_servers.append(_Server(ours, keepers, _interpreter(environment)))
        try:
            yield process
        finally:
            _window_servers.pop()
    process.wait()


def forked_window(environment: Mapping[str, str], stderr: int) -> ForkedProcess | None:
    """Start a window; None without a server, or if its interpreter differs from one started in this environment."""
    if not _window_servers or _window_servers[-1].interpreter != _interpreter(environment):
        return None
    message = pickle.dumps(Command([], dict(environment), str(REPOSITORY), _umask()))
    with Path(os.devnull).open("wb") as stdout:
        return ForkedProcess(_window_servers[-1].requests, message, stdout.fileno(), stderr)


def _start_padded(module: str, descriptors: Sequence[int], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a server with enough memory for the arguments and environment of its forks; see ``show_in_proc``."""
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.support.{module}", *map(str, descriptors), "x" * PADDING_WORDS_BYTES],
        cwd=REPOSITORY,
        env={**environment, "_": "x" * PADDING_BYTES},
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


def is_possible(words: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether there is a server, and its interpreter equals one started with ``environment``."""
    return (
        bool(_servers)
        and _servers[-1].interpreter == _interpreter(environment)
        and sum(map(len, [*words, *environment, *environment.values()])) < MAX_BYTES / 4
    )


def is_possible_on_terminal(words: Sequence[str], environment: Mapping[str, str]) -> bool:
    """As ``is_possible``, and whether the words fit into the memory that /proc shows."""
    return is_possible(words, environment) and sum(len(os.fsencode(word)) + 1 for word in words) < PADDING_WORDS_BYTES


def _interpreter(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(("PYTHON", "LANG", "LC_"))}


def run(
    words: Sequence[str], typed: bytes | None, cwd: Path | str | None, environment: Mapping[str, str], timeout_s: float
) -> tuple[int, bytes, bytes]:
    """Run a command as ``subprocess.run`` does.

    Returns:
        Its exit code, or the negative number of the signal that ended it; its output; its errors.

    Raises:
        subprocess.TimeoutExpired: the command, or another process with its output, still runs after ``timeout_s``.
    """
    with ExitStack() as stack:
        stdin, to_stdin = _pipe(stack)
        from_stdout, stdout = _pipe(stack)
        from_stderr, stderr = _pipe(stack)
        from_server, reports = _pipe(stack)
        if typed is None:
            stdin = stack.enter_context(Path(os.devnull).open("rb", buffering=0))
        command = Command(list(words), dict(environment), os.path.abspath(cwd or "."), _umask())  # noqa: PTH100
        streams = [stdin, stdout, stderr, reports]
        socket.send_fds(_servers[-1].requests, [pickle.dumps(command)], [each.fileno() for each in streams])
        for each in streams:
            each.close()
        received = {each: bytearray() for each in (from_stdout, from_stderr, from_server)}
        try:
            if not _exchange(received, to_stdin, typed or b"", time.monotonic() + timeout_s):
                raise subprocess.TimeoutExpired(
                    list(words), timeout_s, bytes(received[from_stdout]), bytes(received[from_stderr])
                )
        finally:
            if len(report := received[from_server].split()) == 1:
                with suppress(ProcessLookupError):
                    os.kill(int(report[0]), signal.SIGKILL)
                while chunk := from_server.read(100):  # the server reports that it has ended
                    received[from_server] += chunk
        return int(report[1]), bytes(received[from_stdout]), bytes(received[from_stderr])


class CommandOnTerminal(PtyProcess):  # type: ignore[misc]
    """A forked command that leads a session on a PTY, with the interface of ptyprocess."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], size: GridSize) -> None:
        master, slave = os.openpty()
        try:
            termios.tcsetwinsize(master, (size.rows, size.columns))
            command = Command(list(words), dict(environment), str(Path.cwd()), _umask(), on_terminal=True)
            self._forked = ForkedProcess(_servers[-1].requests, pickle.dumps(command), slave, slave, stdin=slave)
        except BaseException:
            os.close(master)
            raise
        finally:
            os.close(slave)
        super().__init__(self._forked.pid, master)

    def end_descriptor(self) -> int:
        """As ``ForkedProcess.end_descriptor``."""
        return self._forked.end_descriptor()

    def kill(self, sig: int) -> None:
        """Send the command a signal, unless it has ended."""
        self._forked.send_signal(sig)

    def wait(self) -> int | None:
        """Wait for the command's end; returns the exit code, None after a signal."""
        code = self._forked.wait()
        self.terminated = True
        self.exitstatus: int | None = code if code >= 0 else None
        self.signalstatus: int | None = -code if code < 0 else None
        return self.exitstatus


def _exchange(received: Mapping[io.FileIO, bytearray], to_stdin: io.FileIO, typed: bytes, deadline_s: float) -> bool:
    """Write the input and read the output to its end; returns whether it ended in time."""
    with selectors.DefaultSelector() as selector:
        for each in received:
            selector.register(each, selectors.EVENT_READ)
        if typed:
            os.set_blocking(to_stdin.fileno(), False)
            selector.register(to_stdin, selectors.EVENT_WRITE)
        else:
            to_stdin.close()
        while selector.get_map():
            ready = selector.select(max(0.0, deadline_s - time.monotonic()))
            if not ready:
                return False
            for key, _ in ready:
                assert isinstance(key.fileobj, io.FileIO)
                if key.fileobj is not to_stdin:
                    chunk = key.fileobj.read(65536)
                    received[key.fileobj].extend(chunk or b"")
                    if not chunk:
                        selector.unregister(key.fileobj)
                    continue
                try:
                    typed = typed[os.write(key.fd, typed[:65536]) :]
                except BrokenPipeError:
                    typed = b""  # the command has ended, or has closed its input
                if not typed:
                    selector.unregister(to_stdin)
                    to_stdin.close()
    return True


def _pipe(stack: ExitStack) -> tuple[io.FileIO, io.FileIO]:
    reads, writes = os.pipe()
    return stack.enter_context(io.FileIO(reads, "rb")), stack.enter_context(io.FileIO(writes, "wb"))


def _umask() -> int:
    """This process's umask, read without changing it, since threads create files."""
    return int(proc.status_field("self", "Umask"), 8)
