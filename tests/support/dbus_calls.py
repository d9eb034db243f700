"""Answers the calls that a D-Bus connection receives, in a thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from jeepney import Message, MessageType
from jeepney.io.blocking import DBusConnection


@contextmanager
def answering(connection: DBusConnection, answer: Callable[[Message], None]) -> Iterator[None]:
    """Pass each call to ``answer``, until the end of the block or of the bus."""

    def serve() -> None:
        while True:
            try:
                message = connection.receive()
            except (OSError, ValueError):
                return
            if message.header.message_type is MessageType.method_call:
                with suppress(ConnectionError):  # The block may end as soon as a call is noted, before it is answered.
                    answer(message)

    thread = threading.Thread(target=serve, name="D-Bus calls")
    thread.start()
    try:
        yield
    finally:
        connection.sock.shutdown(socket.SHUT_RDWR)
        thread.join()
