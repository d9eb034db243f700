"""The channels to the hosts. A message stays in its channel until it is handled, even if the keeper dies before."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from session_host.errors import ProtocolViolation
from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.codec import ToKeeperDecoder

from .event_loop import Loop
from .kept_session import KeptSession


class HostChannels:
    """Receives the messages of hosts."""

    def __init__(self, loop: Loop, on_message: Callable[[KeptSession, MessageChannel, Any], None]) -> None:
        """Begin without a channel.

        Args:
            loop: wakes the keeper.
            on_message: called with each message, its session and its channel.
        """
        self._loop, self._on_message = loop, on_message

    def watch(self, session: KeptSession, connection: socket.socket) -> MessageChannel:
        """Make a channel to a session's host, and receive its messages."""
        connection.setblocking(False)
        channel = MessageChannel(connection, ToKeeperDecoder())
        self.watch_connected(session, channel)
        return channel

    def watch_connected(self, session: KeptSession, channel: MessageChannel) -> None:
        """Receive the messages of a host that has connected itself."""
        self._loop.watch(channel.socket, lambda: self._on_readable(session, channel))

    def drop(self, session: KeptSession, channel: MessageChannel | None) -> None:
        """Close a channel to a session's host, if there is one."""
        if channel is None:
            return
        if channel.socket.fileno() >= 0:
            self._loop.unwatch(channel.socket)
            channel.close()
        if session.channel is channel:
            session.channel = None

    def receive_last(self, session: KeptSession, channel: MessageChannel) -> None:
        """Handle the messages of a host that has died, which may still be unread."""
        with suppress(BlockingIOError, OSError, ProtocolViolation):
            while (messages := channel.receive()) is not None:
                for message in messages:
                    self._on_message(session, channel, message)

    def _on_readable(self, session: KeptSession, channel: MessageChannel) -> None:
        messages = self._loop.receive(channel, keep=channel.is_packets)
        if messages is None:
            # If the host has died, the keeper learns it separately.
            self.drop(session, channel)
            return
        try:
            for message in messages:
                self._on_message(session, channel, message)
        finally:
            if messages and channel.is_packets and channel.socket.fileno() >= 0:
                # Only after it is handled: if this process dies first, the next keeper reads it again.
                channel.drop_descriptors()
                channel.consume()
