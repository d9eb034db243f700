"""Who is at the other end of a connection of the page: what limits count by, and whether an agent asks.

On the Unix socket the kernel names the process. On a port it names the user and the socket, and the processes that have
the socket open are looked for. Another machine, a network namespace of its own (a container) and another user (Caddy,
tailscaled) have no process of ours there: of them, the key of a device alone is asked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from typing import Final

from session_host.errors import StoreError
from session_host.paths import database
from session_host.protocol.untrusted_text import one_line
from session_host.storage.store import Store
from session_host.system import tcp_sockets
from session_host.system.processes.permission import UNKNOWN, agent_chats
from session_host.system.tcp_sockets import End
from session_host.system.unix_sockets import peer_pid

HERE: Final = "socket"
"""The network of the Unix socket and of this computer's own addresses: a proxy's connections are those of many."""

_NO_ACCESS: Final = "an agent has no access to the page"


class Peer:
    """The other end of one connection.

    Attributes:
        network: what limits count by: an IPv4 address, an IPv6 network of 64 bits, or ``HERE``.
        shown: where it is, for people.
    """

    def __init__(self, connection: socket.socket) -> None:
        """Describe the other end of an open connection.

        Raises:
            OSError: there is no descriptor left to look.
        """
        self._pid: int | None = None
        self._ends: tuple[End, End] | None = None
        self._refusal: str | None = None
        self.network, self.shown = HERE, "this computer, or a proxy on it"
        if connection.family == socket.AF_UNIX:
            self._pid = peer_pid(connection)
            return
        try:
            end, own = End.of(connection.getpeername()), End.of(connection.getsockname())
        except OSError:
            self._refusal = "this connection has ended"
            return
        if tcp_sockets.is_here(end):
            self._ends = end, own
        else:
            self.network, self.shown = network_of(end.address), end.address

    async def refusal(self) -> str:
        """Why it gets nothing, one line that names the agent's chat; "" if its key alone counts.

        The kernel is asked at the first call, in a thread.
        """
        if self._refusal is None:
            self._refusal = await asyncio.to_thread(self._ask)
        return self._refusal

    def _ask(self) -> str:
        if self._pid is not None:
            return _refusal_of(self._pid)
        return _refusal_of_port(*self._ends) if self._ends is not None else ""


def network_of(address: str) -> str:
    """The network of an address, by which limits count: one machine has a whole network of IPv6."""
    found = ipaddress.ip_address(address)
    return address if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


def _refusal_of_port(end: End, own: End) -> str:
    found = tcp_sockets.find(end, own)
    if found is not None and found.inode:
        if found.user != os.getuid():
            return ""
        open_in, hidden = tcp_sockets.holders(found.inode, found.user)
        # Where a process hides its files, as sshd does, one of those that hide them has it.
        if refusals := [_refusal_of(each) for each in open_in or hidden]:
            return next(filter(None, refusals), "")
    return f"{_NO_ACCESS}, and no program of yours was found at the other end of this connection"


def _refusal_of(pid: int) -> str:
    """Why a process gets nothing; "" if it belongs to no agent's chat."""
    chat = next(iter(agent_chats(pid)), "")
    if not chat:
        return ""
    if chat == UNKNOWN:
        return f"{_NO_ACCESS}: a program asks that an unknown chat has started, or that has ended"
    return f"{_NO_ACCESS}: a program asks that the chat {_name_of(chat)} has started"


def _name_of(chat: str) -> str:
    try:
        with Store.open(database()) as store:
            record = store.get(chat)
    except StoreError:
        record = None
    return one_line(record.entry.name if record is not None and record.entry.name else chat[:8])
