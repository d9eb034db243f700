"""Messages of ``protocol.keeper`` over a Unix socket (SCM_RIGHTS, unix(7)); the names of the keeper and its PIDs.

The kernel does not tell which processes have the keeper's lock (fcntl(2), F_OFD_GETLK), and a listening socket names
the process that called listen(2), maybe a dead one. So the lock file has their PIDs.
"""

from __future__ import annotations

import array
import contextlib
import os
import socket
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from session_host.errors import HostUnavailable, ProtocolViolation
from session_host.paths import runtime_dir
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.keeper import KeeperMessage
from session_host.readiness import is_writable
from session_host.system.processes import proc
from session_host.system.processes.identity import start_time
from session_host.system.unix_sockets import peer_pid


def lock_path() -> Path:
    """The lock file."""
    return runtime_dir() / "keeper.lock"


def write_keeper_pids(descriptor: int, standby: int, active: int) -> None:
    """Write into the lock file which processes have the lock."""
    with contextlib.suppress(OSError):  # A full disk; the file only helps to find a keeper that cannot be reached.
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{standby} {active}".encode(), 0)


def read_keeper_pids(descriptor: int) -> list[int]:
    """Read the processes that ``write_keeper_pids`` wrote and that still exist, the standby first."""
    try:
        pids = [int(word) for word in os.pread(descriptor, 100, 0).split()]
    except (OSError, ValueError):
        return []
    return [pid for pid in pids if is_ours(pid)]


def find_keeper(known_pid: int) -> int:
    """The keeper's PID: ``known_pid`` if alive, else from the lock file; 0 for none."""
    if is_ours(known_pid):
        return known_pid
    try:
        descriptor = os.open(lock_path(), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return known_pid  # No keeper of this version.
    try:
        pids = read_keeper_pids(descriptor)
    finally:
        os.close(descriptor)
    return pids[-1] if pids else 0


def is_ours(pid: int) -> bool:
    """Whether the process runs (is no zombie) and is one of the product's."""
    try:
        return proc.name(pid).startswith("outlive-") and start_time(pid) is not None
    except OSError:
        return False


RECEIVE_BYTES = 256 * 1024
MAX_DESCRIPTORS = 253
"""Maximum number of descriptors in one message (unix(7))."""
_DESCRIPTOR_BYTES = array.array("i").itemsize


def receive(connection: socket.socket, flags: int = 0) -> tuple[bytes, list[int]]:
    """Receive bytes, or a packet, and the descriptors that came with it; b"" at the end.

    ``socket.recv_fds`` ignores its flags.

    Raises:
        BlockingIOError: nothing is there, on a non-blocking socket.
        OSError: the connection broke.
    """
    room = socket.CMSG_LEN(MAX_DESCRIPTORS * _DESCRIPTOR_BYTES)
    data, control, _, _ = connection.recvmsg(RECEIVE_BYTES, room, flags | getattr(socket, "MSG_CMSG_CLOEXEC", 0))
    descriptors = array.array("i")
    for level, kind, content in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(content[: len(content) - len(content) % _DESCRIPTOR_BYTES])
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return data, list(descriptors)


class KeeperNotResponding(HostUnavailable):
    """The keeper exists and does not answer; another try would not help."""

    def __init__(self, pid: int) -> None:
        if pid:
            then = (
                f"continue it with `kill -CONT {pid}` or kill it with `kill -KILL {pid}` (running chats start another)"
            )
            super().__init__(f"the keeper (process {pid}) does not respond; {then}")
        else:
            super().__init__("the keeper does not respond; kill it (running chats start another)")


class MessageChannel:
    """One end of a connection with the keeper: sends whole messages, receives the messages that have arrived.

    Attributes:
        socket: the connection; its blocking mode is its owner's choice for receiving, sending waits.
        is_packets: each message is one packet (SOCK_SEQPACKET), so another process can continue at any moment.
        descriptors: the received descriptors that no message has used yet, in order.
    """

    def __init__(self, connection: socket.socket, decoder: Decoder) -> None:
        self.socket = connection
        self.is_packets = connection.type == socket.SOCK_SEQPACKET
        self.descriptors: deque[int] = deque()
        self._decoder = decoder

    def close(self) -> None:
        """Close the connection and the received descriptors that were not taken."""
        self.socket.close()
        self.drop_descriptors()

    def drop_descriptors(self) -> None:
        """Close received descriptors that were not used."""
        while self.descriptors:
            os.close(self.descriptors.popleft())

    def peer_pid(self) -> int:
        """The PID of the peer; 0 if the system does not have it."""
        return peer_pid(self.socket)

    def send_message(self, message: KeeperMessage, descriptors: Sequence[int] = (), *, wait_s: float = 5.0) -> None:
        """Send a message with its descriptors, waiting up to a limit for a slow reader.

        Raises:
            OSError: the peer has ended, or does not read.
        """
        data = memoryview(encode(message))
        while data:
            try:
                if descriptors:
                    sent = socket.send_fds(self.socket, [data], descriptors)
                    descriptors = ()
                else:
                    sent = self.socket.send(data, socket.MSG_NOSIGNAL)
            except BlockingIOError:
                if not is_writable(self.socket.fileno(), wait_s):
                    raise
                continue
            data = data[sent:]

    def receive(self, *, keep: bool = False) -> list[Any] | None:
        """Receive the messages that have arrived, maybe none; None at the end of the connection.

        Args:
            keep: the packet stays in the socket until ``consume``; its descriptors are new ones each time.

        Raises:
            ProtocolViolation: the peer sent no valid message.
            BlockingIOError: nothing is there, on a non-blocking socket.
            OSError: the connection broke.
        """
        data, descriptors = receive(self.socket, socket.MSG_PEEK if keep else 0)
        self.descriptors.extend(descriptors)
        if not data:
            return None
        return list(self._decoder.feed(data))

    def consume(self) -> None:
        """Remove the packet from the socket that ``receive`` kept there."""
        self.socket.recv(1)  # The kernel drops the rest of the packet, and its descriptors.

    def is_over(self) -> bool:
        """Whether the peer has closed the channel, and all its messages have been received."""
        try:
            return not self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def request(self, message: KeeperMessage, timeout_s: float) -> Any:
        """Send a message and wait for the answer; for a blocking socket.

        Raises:
            KeeperNotResponding: nothing came in time.
            HostUnavailable: the connection broke, or the keeper is of another version.
        """
        self.socket.settimeout(timeout_s)
        try:
            self.send_message(message)
            while True:
                messages = self.receive()
                if messages is None:
                    raise HostUnavailable("the connection to the keeper was lost; try again, or run: outlive upgrade")
                if messages:
                    return messages[0]
        except TimeoutError as error:
            raise KeeperNotResponding(find_keeper(self.peer_pid())) from error
        except ProtocolViolation as error:
            raise HostUnavailable(
                "the running chats are of another version of Outlive; when they have ended, run: outlive upgrade"
            ) from error
        except OSError as error:
            raise HostUnavailable(f"the connection to the keeper was lost ({error.strerror}); try again") from error
