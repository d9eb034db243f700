"""A Wayland client in this process that only requests: enough for a virtual keyboard and pointer.

Source: the Wayland protocol's wire format. Each argument is 4 bytes or padded to 4; descriptors go beside the bytes.
"""

from __future__ import annotations

import array
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

TIMEOUT_S = 60.0

_DISPLAY = 1
_SYNC, _GET_REGISTRY, _BIND = 0, 1, 0
_ERROR, _GLOBAL, _DONE = 0, 0, 0


class Client:
    """A connection to a compositor; ``interfaces`` has the number and version of each of its global objects."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(TIMEOUT_S)
        self._socket.connect(str(path))
        self._latest = _DISPLAY
        self._received = b""
        self.handlers: dict[int, Callable[[int], object]] = {}
        """By object: called with the number of each of its events, during ``wait``."""
        self.interfaces: dict[str, tuple[int, int]] = {}
        self._registry = self.new_id()
        self.request(_DISPLAY, _GET_REGISTRY, self._registry)
        self.wait()

    def new_id(self) -> int:
        """The number of an object that the next request makes."""
        self._latest += 1
        return self._latest

    def bind(self, interface: str, version: int) -> int:
        """Make an object for a global one; returns its number."""
        name, offered = self.interfaces[interface]
        new = self.new_id()
        self.request(self._registry, _BIND, name, interface, min(version, offered), new)
        return new

    def request(self, target: int, opcode: int, *arguments: int | str, descriptor: int | None = None) -> None:
        """Send a request; a negative argument is a signed one."""
        body = b"".join(
            struct.pack("<I", argument & 0xFFFFFFFF) if isinstance(argument, int) else _string(argument)
            for argument in arguments
        )
        message = struct.pack("<II", target, (8 + len(body)) << 16 | opcode) + body
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))] if descriptor else []
        self._socket.sendmsg([message], ancillary)

    def wait(self) -> None:
        """Wait until the compositor has handled all requests.

        Raises:
            ConnectionError: it refused one.
        """
        callback = self.new_id()
        self.request(_DISPLAY, _SYNC, callback)
        while not self._read_until(callback):
            more, descriptors, _, _ = socket.recv_fds(self._socket, 65536, 16)
            for each in descriptors:
                os.close(each)
            if not more:
                raise ConnectionError("the compositor closed the connection")
            self._received += more

    def _read_until(self, callback: int) -> bool:
        """Read complete messages; whether the callback was among them."""
        while len(self._received) >= 8:
            sender, second = struct.unpack_from("<II", self._received)
            length, opcode = second >> 16, second & 0xFFFF
            if len(self._received) < length:
                break
            body, self._received = self._received[8:length], self._received[length:]
            if (sender, opcode) == (_DISPLAY, _ERROR):
                raise ConnectionError(body[12:].rstrip(b"\0").decode())
            if (sender, opcode) == (self._registry, _GLOBAL):
                name, size = struct.unpack_from("<II", body)
                interface = body[8 : 8 + size - 1].decode()
                self.interfaces[interface] = name, struct.unpack("<I", body[-4:])[0]
            elif (sender, opcode) == (callback, _DONE):
                return True
            elif sender in self.handlers:
                self.handlers[sender](opcode)
        return False

    def close(self) -> None:
        """End the connection; its objects, such as a keyboard, are gone."""
        self._socket.close()


def _string(text: str) -> bytes:
    """A string with its length and padding."""
    data = text.encode() + b"\0"
    return struct.pack("<I", len(data)) + data + b"\0" * (-len(data) % 4)
