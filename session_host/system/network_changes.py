"""Notices that this machine's network has changed: another Wi-Fi, a cable, a VPN, the end of a sleep.

The kernel reports links, addresses and routes on a netlink socket (rtnetlink(7)); no service of the desktop is needed.
A sleep needs no watch of its own: its network comes back with such messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from asyncio import TimerHandle
from collections.abc import Callable

_LINKS, _IPV4_ADDRESSES, _IPV4_ROUTES, _IPV6_ADDRESSES = 0x1, 0x10, 0x40, 0x100

SETTLED_S = 0.1
"""Messages come in bursts; the change is reported so long after the first one of a burst."""

LEAST_S = 1.0
"""The least time between two reports; some networks never rest."""

READ_BYTES = 64 * 1024


class NetworkChanges:
    """Watches the network of this machine; needs a running loop."""

    def __init__(self, on_change: Callable[[], object]) -> None:
        """``on_change`` is called after each change. Where the kernel tells nothing, it is never called."""
        self._on_change = on_change
        self._timer: TimerHandle | None = None
        self._reported_s = float("-inf")
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        with contextlib.suppress(OSError):
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK)
            self._socket.bind((0, _LINKS | _IPV4_ADDRESSES | _IPV4_ROUTES | _IPV6_ADDRESSES))
            self._loop.add_reader(self._socket, self._read)

    def close(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _read(self) -> None:
        assert self._socket is not None
        with contextlib.suppress(OSError):  # ENOBUFS: there were more than fit; they say the same.
            while self._socket.recv(READ_BYTES):
                pass
        if self._timer is None:
            wait_s = max(SETTLED_S, self._reported_s + LEAST_S - self._loop.time())
            self._timer = self._loop.call_later(wait_s, self._report)

    def _report(self) -> None:
        self._timer = None
        self._reported_s = self._loop.time()
        self._on_change()
