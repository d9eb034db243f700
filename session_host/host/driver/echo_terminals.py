"""The terminals of viewers in which this host shows echoes itself.

``outlive attach`` lets the host do so while nothing else writes to its terminal: see ``cli/attach/shared_output.py``.
The viewer need not wake for an echo to appear.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from typing import Protocol

from session_host.protocol.messages import ShowEchoes
from session_host.protocol.values import TerminalFile
from session_host.system.terminal_file import identify, open_for_writing
from session_host.terminal.echo import ECHO_STYLE, echo_in

log = logging.getLogger(__name__)


class Peer(Protocol):
    """A viewer's connection."""

    def has_unread(self) -> bool:
        """Whether bytes of the viewer wait to be read, or it has closed the connection."""


class EchoTerminals:
    """The terminals, by their viewers' connections.

    Attributes:
        are_any: whether there are any; saved, since the path of each echo reads it.
    """

    def __init__(self) -> None:
        self.are_any = False
        self._terminals: dict[Peer, EchoTerminal] = {}

    def start(self, peer: Peer, request: ShowEchoes) -> bool:
        """Show echoes in a viewer's terminal; False if it cannot be opened."""
        terminal = self._terminals.get(peer)
        if terminal is None or terminal.file != request.terminal:
            self.close_terminal(peer)
            try:
                terminal = self._terminals[peer] = EchoTerminal(request.terminal)
            except (OSError, ValueError) as error:  # ValueError: no file can have this path.
                log.info("cannot show echoes in %r: %s", request.terminal.path, error)
                return False
        self.are_any = True
        terminal.room, terminal.position = request.room, (request.offset, request.resizes)
        return True

    def stop(self, peer: Peer) -> None:
        """Show no more echoes in a viewer's terminal; it stays open for the next ``start``."""
        if (terminal := self._terminals.get(peer)) is not None:
            terminal.room = 0

    def close_terminal(self, peer: Peer) -> None:
        """Close the terminal of a viewer that has gone."""
        if (terminal := self._terminals.pop(peer, None)) is not None:
            terminal.close()
        self.are_any = bool(self._terminals)

    def close(self) -> None:
        """Close all terminals."""
        for peer in list(self._terminals):
            self.close_terminal(peer)

    def show(self, data: bytes, offset: int, resizes: int, peers: Iterable[Peer]) -> list[Peer]:
        """Show output in the terminals of those viewers that have all output and resizes before it.

        Args:
            data: the output; it is shown if it may be an echo.
            offset: the offset of its first byte.
            resizes: the number of the last resize.
            peers: the viewers that get the output at once.

        Returns:
            The viewers that show it in their terminals now.
        """
        if not echo_in(data):
            return []
        shown = []
        for peer in peers:
            terminal = self._terminals.get(peer)
            if terminal is not None and terminal.show(data, (offset, resizes), peer):
                shown.append(peer)
        return shown


class EchoTerminal:
    """A viewer's terminal.

    Attributes:
        file: the terminal's file.
        room: how many more characters may be shown at its cursor.
        position: the offset of the output, and the number of the last resize, at which they may be shown.
    """

    def __init__(self, file: TerminalFile) -> None:
        """Open the terminal.

        Raises:
            OSError: it cannot be opened, or the path is another file in this process, as in another container.
        """
        self.file = file
        self.room = 0
        self.position = (-1, 0)
        self._descriptor = open_for_writing(file.path)
        if not os.isatty(self._descriptor) or identify(file.path, self._descriptor) != file:
            os.close(self._descriptor)
            raise FileNotFoundError("another file has this path here")

    def show(self, data: bytes, position: tuple[int, int], peer: Peer) -> bool:
        """Show output at the cursor; False if it must not or cannot be shown, and then nothing more is shown."""
        # A viewer that wants its terminal back, or has gone, may have said so already.
        if len(data) > self.room or position != self.position or peer.has_unread():
            self.room = 0
            return False
        shown = ECHO_STYLE + data
        try:
            is_shown = os.write(self._descriptor, shown) == len(shown)
        except OSError:
            is_shown = False
        self.room = self.room - len(data) if is_shown else 0
        self.position = (position[0] + len(data), position[1])
        return is_shown

    def close(self) -> None:
        """Close the terminal."""
        os.close(self._descriptor)
