"""Unix sockets: one that only its user may connect to, and the process and user at the other end."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path


def bind_private(path: Path) -> socket.socket:
    """Make a socket at ``path``, replacing the file there; it does not listen yet.

    Raises:
        OSError: it cannot be made.
    """
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            bound.bind(str(path))
        finally:
            os.umask(before)
    except OSError:
        bound.close()
        raise
    return bound


_CREDENTIALS = "3i"
"""struct ucred of unix(7): pid, uid, gid."""


def _credentials(connection: socket.socket) -> tuple[int, int] | None:
    """The peer's (pid, uid), None if the system does not provide them."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    size = struct.calcsize(_CREDENTIALS)
    pid, uid, _ = struct.unpack(_CREDENTIALS, connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return pid, uid


def is_foreign(connection: socket.socket) -> bool:
    """Whether the peer is another user's process.

    Without SO_PEERCRED, the mode of the socket's directory has to suffice.
    """
    found = _credentials(connection)
    return found is not None and found[1] != os.getuid()


def peer_pid(connection: socket.socket) -> int:
    """The PID of the process that connected, or that listens; 0 if unknown."""
    found = _credentials(connection)
    return found[0] if found is not None else 0
