"""The end of a view of ``outlive attach``: the user leaves, the chat ends, or a signal comes."""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from typing import NamedTuple

from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.protocol.values import ErrorCode
from session_host.standing.endings import end_of

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
    """How a view has ended.

    Attributes:
        name: the chat's name at the end.
        undelivered: how many characters of the user's input the running chat did not get, at most.
    """

    kind: EndingKind
    message: str = ""
    signal_number: int = 0
    name: str = ""
    undelivered: int = 0


class ViewEnd:
    """Waits for the end of a view; the first ending counts. Made in a running loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending: asyncio.Future[Ending] = self._loop.create_future()

    @property
    def has_come(self) -> bool:
        """Whether the view ends."""
        return self._ending.done()

    async def wait(self) -> Ending:
        """Wait for the end."""
        return await self._ending

    def set(self, kind: EndingKind, message: str = "", signal_number: int = 0) -> None:
        """End the view."""
        if not self._ending.done():
            self._ending.set_result(Ending(kind, message, signal_number))

    def set_by_signals(self, *numbers: int) -> None:
        """End the view when one of these signals comes."""
        for number in numbers:
            self._loop.add_signal_handler(number, self.set, EndingKind.SIGNAL, "", number)

    def set_by_state(self, viewer: Viewer, state: ViewerState, message: str) -> None:
        """End the view if the viewer's state is final."""
        match state:
            case ViewerState.ENDED:
                self.set(EndingKind.ENDED, end_of(viewer.line.now.end).status)
            case ViewerState.FAILED if viewer.line.now.refusal == ErrorCode.NOT_ALLOWED:
                self.set(EndingKind.NOT_ALLOWED, message)
            case ViewerState.LOST | ViewerState.FAILED:
                self.set(EndingKind.UNAVAILABLE, message or "connection lost")
            case _:
                pass
