"""An input method of a Wayland desktop, as fcitx is, that composes and commits what the test says.

Source: the protocol input-method-unstable-v2; the compositor passes its texts on by text-input-v3.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.compositors.client import Client

_COMMIT_STRING, _SET_PREEDIT_STRING, _COMMIT = 0, 1, 3
_ACTIVATE, _DEACTIVATE, _DONE = 0, 1, 5


class WaylandInputMethod:
    """The input method."""

    def __init__(self, client: Client) -> None:
        self._client = client
        seat = client.bind("wl_seat", 1)
        manager = client.bind("zwp_input_method_manager_v2", 1)
        self._method = client.new_id()
        client.request(manager, 0, seat, self._method)
        client.handlers[self._method] = self._on_event
        self._serial = self._fields = 0
        self._is_active = False
        client.wait()

    def _on_event(self, opcode: int) -> None:
        if opcode == _DONE:
            self._serial += 1
        elif opcode in {_ACTIVATE, _DEACTIVATE}:
            self._is_active = opcode == _ACTIVATE
            self._fields += self._is_active

    def fields(self) -> int:
        """The number of times that a field began to take text; 0 while none does."""
        self._client.wait()
        return self._fields if self._is_active else 0

    def compose(self, text: str) -> None:
        """Show an uncommitted text in the field."""
        length = len(text.encode())
        self._send(_SET_PREEDIT_STRING, text, length, length)

    def commit(self, text: str) -> None:
        """Type a text into the field."""
        self._send(_COMMIT_STRING, text)

    def _send(self, opcode: int, *arguments: int | str) -> None:
        self._client.wait()
        self._client.request(self._method, opcode, *arguments)
        self._client.request(self._method, _COMMIT, self._serial)
        self._client.wait()


@contextmanager
def wayland_input_method(socket: Path) -> Iterator[WaylandInputMethod]:
    """Run it on the compositor with this socket."""
    with closing(Client(socket)) as client:
        yield WaylandInputMethod(client)
