"""systemd's file descriptor store: holds descriptors and returns them when the service starts again.

The protocol is documented in sd_notify(3) (FDSTORE, FDSTOREREMOVE, FDNAME, FDPOLL), sd_listen_fds(3), and
systemd.service(5) ("file descriptor store"). systemd accepts messages only from processes in the service's control
group.
"""

from __future__ import annotations

import os
import socket
from collections import defaultdict
from collections.abc import MutableMapping, Sequence
from pathlib import Path

FIRST = 3
"""The first descriptor that systemd passes (SD_LISTEN_FDS_START)."""


TIMEOUT_S = 2.0
"""Send timeout; systemd reads within microseconds, but on a busy machine."""


class DescriptorStore:
    """The descriptor store of the service that this process belongs to."""

    def __init__(self) -> None:
        """Connect to the user's systemd.

        Raises:
            OSError: systemd accepts no messages.
        """
        directory = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            # The manager's own path for it, independent of a service's NOTIFY_SOCKET (systemd's manager_setup_notify).
            self._socket.connect(str(Path(directory, "systemd", "notify")))
        except OSError:
            self._socket.close()
            raise
        # The queue is short (net.unix.max_dgram_qlen): many messages at once must wait for systemd.
        self._socket.settimeout(TIMEOUT_S)

    def fileno(self) -> int:
        """The connection's descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the connection; systemd keeps its descriptors."""
        self._socket.close()

    def store_descriptors(self, name: str, descriptors: Sequence[int]) -> None:
        """Store duplicates of descriptors under a name, which other descriptors may have, too.

        Raises:
            OSError: systemd is gone, or does not read.
        """
        # Without FDPOLL=0 systemd drops a PTY that hangs up.
        socket.send_fds(self._socket, [f"FDSTORE=1\nFDNAME={name}\nFDPOLL=0".encode()], list(descriptors))

    def remove(self, name: str) -> None:
        """Remove all descriptors of a name.

        Raises:
            OSError: systemd is gone, or does not read.
        """
        self._socket.send(f"FDSTOREREMOVE=1\nFDNAME={name}".encode())


def take_received(environment: MutableMapping[str, str]) -> dict[str, list[int]]:
    """The descriptors that systemd passed to this process, by name, in no order; children do not inherit them.

    Args:
        environment: this process's environment; the variables about the descriptors are removed.
    """
    count, names, pid = (environment.pop(f"LISTEN_{each}", "") for each in ("FDS", "FDNAMES", "PID"))
    received: defaultdict[str, list[int]] = defaultdict(list)
    if pid != str(os.getpid()) or not count.isdecimal():
        return {}
    for number, name in zip(range(FIRST, FIRST + int(count)), names.split(":"), strict=False):
        os.set_inheritable(number, False)
        received[name].append(number)
    return dict(received)
