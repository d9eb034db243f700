"""The descriptors of one session, held by its host and by the keeper."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import NamedTuple

from session_host.protocol.values import CellSize, GridSize
from session_host.system.processes.pty_process import set_size
from session_host.system.unix_sockets import bind_private

_FILES_IN_MEMORY = ("outlive-output", "outlive-input-log", "outlive-checkpoint")
"""The names of the files in memory that each session has."""

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


def listen(path: Path) -> int:
    """Make a listening socket at ``path``, replacing the file there.

    Raises:
        OSError: it cannot be made.
    """
    with bind_private(path) as listener:
        listener.listen(socket.SOMAXCONN)
        return listener.detach()
