"""The socket at the other end of a TCP connection within this computer, and the processes that have it open.

The kernel finds a connection by its four numbers (``NETLINK_SOCK_DIAG``, sock_diag(7)) in a tenth of a millisecond;
``/proc/net/tcp`` lists all of them, and is read only where the kernel does not answer.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from .processes import proc

_SOCK_DIAG: Final = 4
_BY_FAMILY: Final = 20
_REQUEST_FLAG: Final = 1
_ALL_STATES: Final = 0xFFFFFFFF
_NO_COOKIE: Final = 0xFFFFFFFF
_LISTEN: Final = 10

_HEADER: Final = struct.Struct("=IHHII")
"""struct nlmsghdr of netlink(7): length, type, flags, sequence, port."""

_REQUEST: Final = struct.Struct("=BBBxI")
"""The begin of struct inet_diag_req_v2: family, protocol, extensions, states; its socket's id follows."""

_NUMBERS: Final = struct.Struct("!HH16s16s")
_REST: Final = struct.Struct("=III")
"""struct inet_diag_sockid: ports and addresses of both ends in the network's order; interface and cookie."""

_ANSWER: Final = struct.Struct("=BBBB48xIIIII")
"""struct inet_diag_msg: family, state, timer, retransmits, the id, expires, queues, user, inode."""


_GET_ROUTE, _NEW_ROUTE = 26, 24
_ROUTE_LOCAL: Final = 2
_ROUTE_TO, _ROUTE_BY = 1, 4
_ROUTE: Final = struct.Struct("=8BI")
"""struct rtmsg of rtnetlink(7): family, lengths of both addresses, service, table, protocol, scope, type, flags."""

_ATTRIBUTE: Final = struct.Struct("=HH")


class End(NamedTuple):
    """An end of a connection: its address, its port, and its interface if the address needs one."""

    address: str
    port: int
    interface: int = 0

    @classmethod
    def of(cls, name: tuple[str, int] | tuple[str, int, int, int]) -> End:
        """Of what ``getsockname`` and ``getpeername`` return."""
        return cls(name[0].partition("%")[0], name[1], name[3] if len(name) == 4 else 0)

    @property
    def packed(self) -> bytes:
        """The address, in four or sixteen bytes."""
        return ipaddress.ip_address(self.address).packed


class Owned(NamedTuple):
    """A socket of this computer; ``inode`` is 0 once no process has it."""

    user: int
    inode: int


def is_here(end: End) -> bool:
    """Whether an address is one of this computer's: the kernel would send to it from itself.

    Raises:
        OSError: there is no descriptor to ask with.
    """
    address = ipaddress.ip_address(end.address)
    if address.is_loopback:
        return True
    try:
        return _route_type(address.packed, end.interface) == _ROUTE_LOCAL
    except OSError as error:
        if error.errno in {errno.EMFILE, errno.ENFILE}:
            raise
        return _can_bind(end)  # Without netlink, as in some containers.


def find(end: End, other: End) -> Owned | None:
    """The socket of this network namespace that is one end of a connection; None if there is none."""
    with contextlib.suppress(OSError, struct.error):
        if (found := _ask_kernel(end, other)) is not None:
            return found
    return _look_in_proc(end, other)  # Also if the kernel's answer is that it has no part that knows TCP.


def holders(inode: int, user: int) -> tuple[list[int], list[int]]:
    """The processes that have a socket open, and those of its user into which nobody may look.

    The latter have changed their user, as ``sshd`` does for each login.
    """
    target, found, hidden = f"socket:[{inode}]", [], []
    for pid in proc.pids_of_user(user):
        if any(each == target for _number, each in proc.open_files(pid)):
            found.append(pid)
        elif proc.hides_files(pid):
            hidden.append(pid)
    return found, hidden


def _route_type(address: bytes, interface: int) -> int:
    """The type of the route to an address, rtnetlink(7); 0 if there is none.

    Raises:
        OSError: the kernel does not say it.
    """
    family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
    body = _ROUTE.pack(family, 8 * len(address), 0, 0, 0, 0, 0, 0, 0)
    body += _ATTRIBUTE.pack(_ATTRIBUTE.size + len(address), _ROUTE_TO) + address
    if interface:
        body += _ATTRIBUTE.pack(_ATTRIBUTE.size + 4, _ROUTE_BY) + struct.pack("=I", interface)
    kind, answer = _asked(socket.NETLINK_ROUTE, _GET_ROUTE, body)
    return int(_ROUTE.unpack_from(answer)[7]) if kind == _NEW_ROUTE else 0


def _can_bind(end: End) -> bool:
    family, more = (socket.AF_INET, ()) if len(end.packed) == 4 else (socket.AF_INET6, (0, end.interface))
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((end.address, 0, *more))
        except OSError:
            return False
    return True


def _asked(protocol: int, kind: int, body: bytes) -> tuple[int, bytes]:
    """Ask the kernel by netlink(7); returns the kind of its first message, and that."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as asking:
        asking.settimeout(1.0)
        asking.send(_HEADER.pack(_HEADER.size + len(body), kind, _REQUEST_FLAG, 0, 0) + body)
        answer = asking.recv(8192)
    return int(_HEADER.unpack_from(answer)[1]), answer[_HEADER.size :]


def _ask_kernel(end: End, other: End) -> Owned | None:
    """Ask for one socket.

    Raises:
        OSError: the kernel does not say it.
    """
    family = socket.AF_INET if len(end.packed) == 4 else socket.AF_INET6
    numbers = _NUMBERS.pack(end.port, other.port, end.packed.ljust(16, b"\0"), other.packed.ljust(16, b"\0"))
    body = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, _ALL_STATES) + numbers
    body += _REST.pack(end.interface, _NO_COOKIE, _NO_COOKIE)
    kind, answer = _asked(_SOCK_DIAG, _BY_FAMILY, body)
    if kind != _BY_FAMILY:
        return None
    _family, state, _timer, _retransmits, _expires, _unread, _unsent, user, inode = _ANSWER.unpack_from(answer)
    # Without such a connection, a socket that listens at its address is found.
    return Owned(user, inode) if state != _LISTEN else None


def _look_in_proc(end: End, other: End) -> Owned | None:
    wanted = [(each.packed, each.port) for each in (end, other)]
    for file in ("tcp", "tcp6"):
        for fields in _rows(file):
            ends = [_end_of_proc(word) for word in fields[1:3]]
            if ends == wanted and int(fields[3], 16) != _LISTEN:
                return Owned(int(fields[7]), int(fields[9]))
    return None


def _rows(file: str) -> Iterator[list[str]]:
    try:
        lines = Path(proc.ROOT, "net", file).read_text(encoding="ascii").splitlines()
    except OSError:
        return
    yield from (line.split() for line in lines[1:])


def _end_of_proc(word: str) -> tuple[bytes, int]:
    """An end as proc(5) writes it: words of four bytes in this computer's order."""
    address, _, port = word.partition(":")
    data = bytes.fromhex(address)
    packed = b"".join(struct.pack("!I", number) for number in struct.unpack(f"={len(data) // 4}I", data))
    mapped = packed[12:] if packed[:12] == bytes(10) + b"\xff\xff" else packed
    return mapped, int(port, 16)
