"""Calls to a compositor on its message bus."""

from __future__ import annotations

import os
from typing import Any

from jeepney import DBusAddress, MessageType, new_method_call
from jeepney.io.blocking import open_dbus_connection

TIMEOUT_S = 60.0


class CallFailed(Exception):
    """The compositor answered with an error, or nobody has the name."""


class Bus:
    """A connection to a message bus; a call waits for the answer."""

    def __init__(self, address: str) -> None:
        self._connection = open_dbus_connection(address, enable_fds=True)

    def call(
        self, name: str, path: str, method: str, signature: str = "", *arguments: Any, interface: str = ""
    ) -> tuple[Any, ...]:
        """Call a method; ``interface`` is the name if it is not given.

        Raises:
            CallFailed: there is no such method or name, or it failed.
        """
        address = DBusAddress(path, name, interface or name)
        message = new_method_call(address, method, signature or None, arguments)
        return self._body(self._connection.send_and_get_reply(message, timeout=TIMEOUT_S))

    def call_with_pipe(
        self, name: str, path: str, method: str, signature: str, *arguments: Any
    ) -> tuple[tuple[Any, ...], bytes]:
        """Call a method with a pipe as the last argument; returns the answer, and what came through the pipe."""
        reading, writing = os.pipe()
        with open(reading, "rb") as pipe:  # noqa: PTH123 - a descriptor
            message = new_method_call(DBusAddress(path, name, name), method, f"{signature}h", (*arguments, writing))
            serial = next(self._connection.outgoing_serial)
            try:
                self._connection.send(message, serial=serial)
            finally:
                os.close(writing)
            data = pipe.read()
        while (reply := self._connection.receive(timeout=TIMEOUT_S)).header.fields.get(5) != serial:
            pass
        return self._body(reply), data

    @staticmethod
    def _body(reply: Any) -> tuple[Any, ...]:
        if reply.header.message_type is MessageType.error:
            raise CallFailed(str(reply.body))
        body: tuple[Any, ...] = reply.body
        return body

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
