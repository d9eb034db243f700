"""Sends the emulator's replies to the program. Replies about images wait until the terminal does not echo.

``kitty +kitten icat`` of kitty 0.26 (Debian 12) first asks about images, and then switches echo off, which discards
pending input. A reply that comes between the two is lost, and the kernel has echoed it to the screen.

A reply that waits is in no log yet. If this host is killed, the next one finds the query unanswered, and answers it.
"""

from __future__ import annotations

import asyncio
import termios
from collections.abc import Callable

from session_host.terminal.events import TerminalEvent

WAIT_S = 1.0
"""How long a reply waits at most; a program that reads with echo gets it then."""

_POLL_INTERVAL_S = 0.002
_IMAGE_REPLY = b"\x1b_G"


def echoes(terminal: int) -> bool:
    """Whether the terminal echoes its input; False for a closed terminal."""
    try:
        return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
    except termios.error:
        return False


class LateReplies:
    """Sends one session's replies, in their order."""

    def __init__(self, terminal: int, send: Callable[[bytes, list[TerminalEvent]], None]) -> None:
        """Begin without replies.

        Args:
            terminal: the descriptor of the PTY.
            send: sends replies to the program, and events to the viewers.
        """
        self._terminal, self._send = terminal, send
        self._waiting = b""
        self._until_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def handle(self, replies: bytes, events: list[TerminalEvent]) -> None:
        """Send replies now or soon, and handle events now."""
        if self._waiting or (_IMAGE_REPLY in replies and echoes(self._terminal)):
            if not self._waiting:
                self._until_s = asyncio.get_running_loop().time() + WAIT_S
                self._poll_later()
            self._waiting += replies
            replies = b""
        self._send(replies, events)

    def send_now(self) -> None:
        """Send what waits: the state that is saved next says that all queries are answered."""
        self.close()
        if self._waiting:
            replies, self._waiting = self._waiting, b""
            self._send(replies, [])

    def close(self) -> None:
        """Stop waiting, and send nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _poll_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_POLL_INTERVAL_S, self._poll)

    def _poll(self) -> None:
        if echoes(self._terminal) and asyncio.get_running_loop().time() < self._until_s:
            self._poll_later()
        else:
            self.send_now()
