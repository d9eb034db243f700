"""The descriptors of one session, held by its host and by the keeper."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from session_host.protocol.values import CellSize, GridSize
from session_host.system.processes import proc
from session_host.system.processes.pty_process import set_size
from session_host.system.unix_sockets import bind_private

_FILES_IN_MEMORY = {
    "outlive-output": "output_file",
    "outlive-input-log": "input_log",
    "outlive-checkpoint": "checkpoint",
}
"""Names of files in memory, and the fields that they belong to."""

_AGENT_OUTPUT = "outlive-agent-output"
"""The name of the file in memory that only structured sessions have."""


class SessionDescriptors(NamedTuple):
    """One session's descriptors, in the order in which processes send them.

    Duplicates of a descriptor share one open file and its position; the position of ``input_log`` shows what the
    program has read.
    """

    master: int
    """Our side of the PTY, or of a structured session's socket pair; non-blocking."""
    pipe_read: int
    pipe_write: int
    """Output on its way from the program to its file; the agent of a structured session writes into it itself."""
    output_file: int
    """The output, or a structured session's transcript log; its length is the offset."""
    input_log: int
    checkpoint: int
    listener: int
    """The session's socket; viewers that come while there is no host wait in it."""
    agent_output: int = -1
    """The file with the output of a structured session's agent; its length is the offset. -1 for a terminal."""

    @property
    def present(self) -> tuple[int, ...]:
        """The descriptors that this session has, in order."""
        return tuple(self) if self.agent_output >= 0 else tuple(self)[:-1]

    def close(self) -> None:
        """Close all; this hangs up the PTY unless another process holds its master."""
        for descriptor in self.present:
            os.close(descriptor)


def create_descriptors(
    socket_path: Path, size: GridSize, *, structured: bool = False
) -> tuple[SessionDescriptors, int]:
    """Create the descriptors of a new session.

    Args:
        socket_path: the path of the session's socket.
        size: the terminal's grid.
        structured: the program gets a socket pair instead of a terminal.

    Returns:
        The descriptors, and the other side of the PTY or socket pair, which the program gets.

    Raises:
        OSError: the socket cannot be made, or there are no more descriptors or PTYs.
    """
    opened: list[int] = []
    try:
        master, slave = _socket_pair() if structured else os.openpty()
        opened += [master, slave]
        if not structured:
            # Some programs show images only where the pixels are known; the emulator begins with the same cell.
            set_size(slave, size, CellSize())
        pipe = os.pipe()
        opened += pipe
        for descriptor in (master, *pipe):
            os.set_blocking(descriptor, False)
        for name in _FILES_IN_MEMORY:
            opened.append(os.memfd_create(name))
        opened.append(listen(socket_path))
        if structured:
            opened.append(os.memfd_create(_AGENT_OUTPUT))
    except OSError:
        for descriptor in opened:
            os.close(descriptor)
        raise
    return SessionDescriptors(master, *opened[2:]), slave


def _socket_pair() -> tuple[int, int]:
    """Our side and the agent's, which is its standard input."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    return ours.detach(), theirs.detach()


def classify_descriptors(descriptors: Iterable[int]) -> SessionDescriptors:
    """Sort a session's descriptors that come in no order, as from systemd's descriptor store.

    Raises:
        ValueError: one is missing, or does not belong to a session.
    """
    found: dict[str, int] = {}
    for descriptor in descriptors:
        name = _name(descriptor)
        if name in found or name not in SessionDescriptors._fields:
            raise ValueError(f"descriptor {descriptor} is a second or strange one: {name}")
        found[name] = descriptor
    if missing := set(SessionDescriptors._fields) - set(found) - set(SessionDescriptors._field_defaults):
        raise ValueError(f"missing descriptors: {', '.join(sorted(missing))}")
    return SessionDescriptors(**found)


def _name(descriptor: int) -> str:
    """The field of SessionDescriptors that a descriptor belongs to, recognised by its kind; its path if to none."""
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode):
        writes = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
        return "pipe_write" if writes else "pipe_read"
    if stat.S_ISSOCK(mode):
        with socket.socket(fileno=os.dup(descriptor)) as found:
            return "listener" if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) else "master"
    path = proc.descriptor_target(descriptor)
    if os.isatty(descriptor):
        return "master" if path.endswith("/ptmx") else path
    name = path.removeprefix("/memfd:").removesuffix(" (deleted)")
    return "agent_output" if name == _AGENT_OUTPUT else _FILES_IN_MEMORY.get(name, name)


def listen(path: Path) -> int:
    """Make a listening socket at ``path``, replacing the file there.

    Raises:
        OSError: it cannot be made.
    """
    with bind_private(path) as listener:
        listener.listen(socket.SOMAXCONN)
        return listener.detach()
