"""Shows a chat in this terminal until the user leaves or the chat ends; the base of the views."""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from typing import NamedTuple

from session_host.cli.output import exit_text
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.protocol.messages import ErrorCode

UNRESPONSIVE = "the chat does not answer"


class EndingKind(Enum):
    """The ways in which a view ends."""

    DETACHED = auto()
    ENDED = auto()
    UNAVAILABLE = auto()
    NOT_ALLOWED = auto()
    SIGNAL = auto()
    TERMINAL_GONE = auto()


class Ending(NamedTuple):
    """The end of a view.

    Attributes:
        undelivered: how many characters of the user's input the running chat did not get, at most.
    """

    kind: EndingKind
    name: str
    message: str = ""
    signal_number: int = 0
    undelivered: int = 0


class AttachView:
    """Connects a viewer and this terminal; a base class. Subclasses are the viewer's delegates."""

    _viewer: Viewer

    def __init__(self, name: str, *, read_only: bool) -> None:
        self._name = name
        self._read_only = read_only

    async def run(self) -> Ending:
        """Follow the session until an end; returns how it ended."""
        self._loop = asyncio.get_running_loop()
        self._ending: asyncio.Future[Ending] = self._loop.create_future()
        ending = await self._follow()
        return ending._replace(undelivered=await self._viewer.closed())

    async def _follow(self) -> Ending:
        """Start the viewer, wait for ``_ending``, and close the viewer."""
        raise NotImplementedError

    def _end(self, kind: EndingKind, message: str = "", signal_number: int = 0) -> None:
        if not self._ending.done():
            self._ending.set_result(Ending(kind, self._name, message, signal_number))

    def _end_on_signals(self, *numbers: int) -> None:
        for number in numbers:
            self._loop.add_signal_handler(number, self._end, EndingKind.SIGNAL, "", number)

    def _end_if_final(self, state: ViewerState, message: str) -> None:
        """End if the viewer's state is final."""
        match state:
            case ViewerState.ENDED:
                self._end(EndingKind.ENDED, exit_text(self._viewer))
            case ViewerState.FAILED if self._viewer.refusal == ErrorCode.NOT_ALLOWED:
                self._end(EndingKind.NOT_ALLOWED, message)
            case ViewerState.LOST | ViewerState.FAILED:
                self._end(EndingKind.UNAVAILABLE, message or "connection lost")
            case _:
                pass
