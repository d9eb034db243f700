"""Who is on the other side of a Unix socket."""

from __future__ import annotations

import os
import socket
import struct

_CREDENTIALS = "3i"
"""struct ucred of unix(7): pid, uid, gid."""


def is_foreign(connection: socket.socket) -> bool:
    """Whether the peer is another user's process.

    Where the system does not tell (no SO_PEERCRED), the mode of the socket's directory has to do.
    """
    if not hasattr(socket, "SO_PEERCRED"):
        return False
    size = struct.calcsize(_CREDENTIALS)
    _, uid, _ = struct.unpack(_CREDENTIALS, connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(uid != os.getuid())
