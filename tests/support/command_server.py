"""Runs commands of ``outlive`` as forks of one process that has imported them, so an interpreter starts once.

    python -m tests.support.command_server DESCRIPTOR KEEPERS PADDING

Each request that comes on the socket DESCRIPTOR is one command, with the descriptors of its standard streams and of a
pipe. The server writes the command's PID to the pipe and, after the command's end, its exit code. Apart from the
imports, a command is like a user's process: it has its own words, environment, directory, umask and streams. Commands
start their keepers by the ``keeper_server`` at the other end of the socket KEEPERS.
"""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import gc
import importlib
import os
import pickle
import selectors
import socket
import sys
import termios
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

MAX_BYTES = 100_000
"""A larger request does not fit into one message."""


class Command(NamedTuple):
    """A request; its descriptors are sent separately."""

    words: Sequence[str]
    environment: Mapping[str, str]
    directory: str
    umask: int
    on_terminal: bool = False
    """Whether the streams are a terminal, which a new session gets; /proc then shows the words and environment."""


def main() -> None:
    """Serve until the other end of the socket is closed; each fork becomes a command."""
    from session_host.cli import main as outlive

    _warm()
    gc.collect()
    gc.freeze()
    from tests.support import forked_process

    keepers = socket.socket(fileno=int(sys.argv[2]))
    if serve(socket.socket(fileno=int(sys.argv[1]))):
        forked_process.use(keepers)
        end(outlive())


def _warm() -> None:
    """Import the subcommands' modules, including those that they import late, and warm the caches."""
    from session_host.agents.catalog import load_catalog
    from session_host.cli.arguments import Parser
    from session_host.cli.subcommands import Subcommand
    from session_host.commands import SUBCOMMANDS
    from session_host.protocol.codec import Decoder
    from session_host.protocol.messages import FromClient, FromHost
    from session_host.protocol.values import GridSize
    from session_host.system.event_loop import loop_factory
    from session_host.terminal import create

    for name in ("client.chats.launch", "client.chats.resume", "cli.attach.terminal_view"):
        importlib.import_module(f"session_host.{name}")
    loop_factory()
    create(None, GridSize(80, 24)).close()
    for name, (_, what, _) in SUBCOMMANDS.items():
        parser = Parser(name, what)
        Subcommand.load(name).configure(parser)
        parser.format_usage()
    load_catalog(Path("/nonexistent"))
    Decoder(FromClient)
    Decoder(FromHost)


def serve(requests: socket.socket) -> bool:
    """Fork for each request.

    Returns:
        True in a fork, which then runs the command; False in the server, once the socket's other end is closed.
    """
    with selectors.DefaultSelector() as selector, requests:
        selector.register(requests, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not requests:
                    _report(selector, key)
                    continue
                message, descriptors, _, _ = socket.recv_fds(requests, 2 * MAX_BYTES, 4)
                if not message:
                    return False
                *streams, reports = descriptors
                if (pid := os.fork()) == 0:
                    for ended, data in [(each.fd, each.data) for each in selector.get_map().values() if each.data]:
                        os.close(ended)
                        os.close(data[1])
                    os.close(reports)
                    _become(pickle.loads(message), streams)
                    return True
                for stream in streams:
                    os.close(stream)
                os.write(reports, b"%d\n" % pid)
                selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, reports))


def end(code: int) -> NoReturn:
    """Exit like the interpreter, but without destroying all objects, which takes two thirds of a command's time."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)  # the interpreter reports the error
    os._exit(code)


def _report(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    """Report a command's end on its pipe."""
    pid, reports = key.data
    selector.unregister(key.fd)
    os.close(key.fd)
    _, status = os.waitpid(pid, 0)
    try:
        os.write(reports, b"%d\n" % os.waitstatus_to_exitcode(status))
    except BrokenPipeError:
        pass  # the test has ended
    os.close(reports)


def _become(command: Command, streams: Sequence[int]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    encoding, errors = sys.stdout.encoding, sys.stdout.errors
    # Open the streams like the interpreter does.
    stdin = open(0, encoding=encoding, errors=errors, closefd=False)  # noqa: SIM115
    stdout = open(1, "w", encoding=encoding, errors=errors, closefd=False)  # noqa: SIM115
    stderr = open(2, "w", 1, encoding=encoding, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stdin, sys.stdout, sys.stderr = stdin, stdout, stderr
    os.umask(command.umask)
    os.chdir(command.directory)
    os.environ.clear()
    os.environ.update(command.environment)
    sys.argv[1:] = command.words
    if command.on_terminal:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        show_in_proc([sys.executable, "-m", "session_host.cli", *command.words])


def show_in_proc(argv: Sequence[str]) -> None:
    """Let /proc show this command line and ``os.environ``, as if this process had been started with them.

    They must fit into the memory of the command line and environment that the forking server was started with.
    """
    argv_start, argv_end, start, end = map(int, Path("/proc/self/stat").read_text().rpartition(")")[2].split()[45:49])
    _show(argv_start, argv_end, argv)
    _show(start, end, [f"{name}={value}" for name, value in os.environ.items()])


def _show(start: int, end: int, texts: Sequence[str]) -> None:
    shown = b"".join(os.fsencode(text) + b"\0" for text in texts)
    assert len(shown) <= end - start
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, shown, len(shown))


if __name__ == "__main__":
    main()
