"""A hibernating host: holds the session's descriptors and waits for an event.

It was just forked and does little, so it shares nearly all of its memory with the keeper. Any event wakes it: output,
the end of the program, a client's message or disconnect, a change of the agent's file, a message of the keeper. It then
restores the session as after a kill, and continues as a normal host. It then closes the clients' connections: clients
reconnect, as after a kill, and send unacknowledged input again. Three events are handled without waking: a new
connection, a request for the description, and the message of another keeper that it has the session now.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import time
from pathlib import Path
from typing import NamedTuple

import msgspec

from session_host.errors import ProtocolViolation
from session_host.host.clients.server import REFRESH_S, touch
from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.codec import LENGTH_BYTES, ClientDecoder, FromKeeperDecoder, HostDecoder, encode
from session_host.protocol.greeting import answer_hello
from session_host.protocol.keeper import KEEPER_PROTOCOL_VERSION, KeeperChanged, Rehearsed, Running, TakeOver
from session_host.protocol.messages import PROTOCOL_VERSION, Describe, Hello
from session_host.storage.descriptors.input_log import LogHeader
from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from session_host.system.peer_credentials import is_foreign
from session_host.version import VERSION

from .ownership import try_lock_session

log = logging.getLogger(__name__)

MAX_IDLE_S = 3600.0
SHORT_HIBERNATION = 10.0
"""A host that is woken before this many times its idle time waits twice as long the next time, since waking costs."""

RECEIVE_BYTES = 65536
MAX_CONNECTIONS = 50


class Hibernation(NamedTuple):
    """The parameters of a hibernating host.

    Attributes:
        description: a Description as a frame.
        idle_s: how long nothing had happened.
        wake_descriptors: the clients' connections, and other descriptors that an event makes readable.
    """

    description: bytes
    idle_s: float
    wake_descriptors: tuple[int, ...]


class WakeUp(NamedTuple):
    """The state that a host continues from after hibernation.

    Attributes:
        connections: connected clients with unread requests.
        idle_s: the idle time before it hibernates again; 0 for never.
        keeper_pid: the keeper, if it has sent KeeperChanged; else 0.
    """

    connections: tuple[socket.socket, ...]
    idle_s: float
    keeper_pid: int = 0


def hibernate(hibernation: Hibernation, descriptors: SessionDescriptors, path: Path, channel: socket.socket) -> WakeUp:
    """Take the previous host's place, and wait for an event.

    Args:
        hibernation: its parameters; the wake descriptors are closed afterwards.
        descriptors: the session descriptors.
        path: the path of its socket.
        channel: the channel to the keeper.

    Returns:
        Immediately if the keeper has gone: the session may then have another host.
    """
    began_s = time.monotonic()
    hibernating = _HibernatingHost(hibernation, descriptors, path)
    try:
        keeper = MessageChannel(channel, FromKeeperDecoder())
        keeper.send_message(Rehearsed())
        if _wait_to_take_over(keeper) and try_lock_session(descriptors.input_log):
            header = LogHeader(descriptors.input_log)
            keeper.send_message(Running(os.getpid(), header.child, VERSION, KEEPER_PROTOCOL_VERSION))
            header.close()
            log.info("hibernating")
            hibernating.wait(keeper)
    except (OSError, ProtocolViolation) as error:
        log.warning("cannot hibernate: %s", error)
    finally:
        for descriptor in hibernation.wake_descriptors:
            os.close(descriptor)
    hibernated_s = time.monotonic() - began_s
    idle_s = hibernation.idle_s
    if hibernated_s < idle_s * SHORT_HIBERNATION:
        idle_s = max(idle_s, min(idle_s * 2, MAX_IDLE_S))
    log.info("woken after %.1f s", hibernated_s)
    return WakeUp(hibernating.unread_connections(), idle_s, hibernating.keeper_pid)


def _wait_to_take_over(keeper: MessageChannel) -> bool:
    """Wait for TakeOver, and read nothing after it; False if the keeper has gone, or lets the previous host stay.

    If the keeper died before it sent TakeOver, the next keeper's KeeperChanged means the same; it stays unread.
    """
    channel = keeper.socket
    channel.setblocking(True)
    if keeper.is_packets:
        messages = keeper.receive(keep=True) or ()
        keeper.drop_descriptors()
        if any(isinstance(message, KeeperChanged) for message in messages):
            return True
        keeper.consume()
        return any(isinstance(message, TakeOver) for message in messages)
    length = channel.recv(LENGTH_BYTES, socket.MSG_WAITALL)
    if len(length) < LENGTH_BYTES:
        return False
    frame = length + channel.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL)
    return any(isinstance(message, TakeOver) for message in FromKeeperDecoder().feed(frame))


class _HibernatingHost:
    """Waits for an event, and answers requests for the description."""

    def __init__(self, hibernation: Hibernation, descriptors: SessionDescriptors, path: Path) -> None:
        self.keeper_pid = 0
        self._keeper: MessageChannel | None = None
        self._hibernation = hibernation
        self._descriptors = descriptors
        self._path = path
        self._poll = select.poll()
        self._listener = socket.socket(fileno=os.dup(descriptors.listener))
        self._connections: dict[int, socket.socket] = {}
        self._answered: set[int] = set()

    def wait(self, keeper: MessageChannel) -> None:
        """Wait for an event; after SIGTERM, the signal is still pending."""
        self._keeper = keeper
        channel = keeper.socket
        channel.setblocking(False)
        wake, wake_write = socket.socketpair()
        with wake, wake_write:
            wake_write.setblocking(False)
            signal.set_wakeup_fd(wake_write.fileno(), warn_on_full_buffer=False)
            signal.signal(signal.SIGTERM, lambda *_: None)
            self._listener.setblocking(False)
            own = self._descriptors
            watched = (channel.fileno(), wake.fileno(), own.master, own.pipe_read, self._listener.fileno())
            for each in (*watched, *self._hibernation.wake_descriptors):
                self._poll.register(each, select.POLLIN)
            while all(self._was_handled(descriptor) for descriptor in self._events()):
                pass
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            signal.set_wakeup_fd(-1)
            with contextlib.suppress(BlockingIOError):
                if wake.recv(1, socket.MSG_DONTWAIT):
                    os.kill(os.getpid(), signal.SIGTERM)

    def unread_connections(self) -> tuple[socket.socket, ...]:
        """The connections with unread requests; the others are closed."""
        self._listener.close()
        for descriptor in self._answered:
            self._connections.pop(descriptor).close()
        return tuple(self._connections.values())

    def _events(self) -> list[int]:
        events = self._poll.poll(REFRESH_S * 1000)
        if not events:
            touch(self._path)
        return [descriptor for descriptor, _ in events]

    def _was_handled(self, descriptor: int) -> bool:
        """Whether this event was handled here, without waking."""
        if self._keeper is not None and descriptor == self._keeper.socket.fileno():
            return self._handle_keeper_message(self._keeper)
        if descriptor == self._listener.fileno():
            return self._accept()
        return descriptor in self._connections and self._answer(descriptor)

    def _handle_keeper_message(self, keeper: MessageChannel) -> bool:
        """Handle a message that another process is the keeper now; leave any other message unread, and return False."""
        try:
            messages = keeper.receive(keep=True) if keeper.is_packets else None
        except BlockingIOError:
            return True
        keeper.drop_descriptors()
        match messages:
            case [KeeperChanged(pid=pid)]:
                keeper.consume()
                self.keeper_pid = pid
                return True
            case _:
                return False

    def _accept(self) -> bool:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return True
        except OSError:
            return False  # Out of descriptors: only a full host handles that.
        if is_foreign(connection):
            connection.close()
        else:
            connection.setblocking(False)
            self._connections[connection.fileno()] = connection
            self._poll.register(connection, select.POLLIN)
        return len(self._connections) <= MAX_CONNECTIONS  # Only a full host's server handles more.

    def _answer(self, descriptor: int) -> bool:
        """Answer a Describe request without waking; leave any other message unread."""
        connection = self._connections[descriptor]
        try:
            data = connection.recv(RECEIVE_BYTES, socket.MSG_PEEK)
            if data and (descriptor in self._answered or not self._send_description(connection, data)):
                return False
            self._answered.add(descriptor)
        except (OSError, ProtocolViolation):
            data = b""
        if not data:
            self._poll.unregister(descriptor)
            del self._connections[descriptor]
            self._answered.discard(descriptor)
            connection.close()
        return True

    def _send_description(self, connection: socket.socket, data: bytes) -> bool:
        match list(ClientDecoder().feed(data)):
            case [Hello(role="control") as hello, Describe(request=number)] if hello.protocol == PROTOCOL_VERSION:
                [description] = HostDecoder().feed(self._hibernation.description)
                answer = msgspec.structs.replace(description, request=number, host_pid=os.getpid())
                if self.keeper_pid:
                    answer = msgspec.structs.replace(answer, keeper_pid=self.keeper_pid)
                welcome = answer_hello(hello, answer.session_id, answer.state)
                connection.recv(len(data))
                connection.sendall(encode(welcome) + encode(answer))
                return True
            case _:
                return False
