"""Unix sockets that only their user may connect to."""

from __future__ import annotations

import os
import socket
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
