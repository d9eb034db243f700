"""Watches a structured chat's transcript for a command, until it has what the command waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from session_host.client.machine import THIS_MACHINE, Machine
from session_host.errors import HostUnavailable, NotAllowed
from session_host.protocol.messages import Event, InputRefused
from session_host.protocol.values import ErrorCode
from session_host.structured.transcript import Transcript

from .state import ViewerState
from .viewer import Viewer


async def watch_transcript(
    session_id: str, is_enough: Callable[[Transcript], bool], machine: Machine = THIS_MACHINE
) -> Transcript | None:
    """Follow a running chat until its transcript is enough.

    Args:
        session_id: the chat.
        is_enough: called with the transcript at first, and after each change; an OSError of it ends the watch.
        machine: the machine that the chat is on.

    Returns:
        The transcript; None if the chat ended before it was enough.

    Raises:
        NotAllowed: this process belongs to an agent that may not attach to the chat.
        HostUnavailable: the chat's host is gone, or does not serve this client.
        OSError: see ``is_enough``.
    """
    return await _Watch(session_id, is_enough, machine).run()


class _Watch:
    """The viewer's delegate."""

    def __init__(self, session_id: str, is_enough: Callable[[Transcript], bool], machine: Machine) -> None:
        self._is_enough = is_enough
        self._result: asyncio.Future[Transcript | None] = asyncio.get_running_loop().create_future()
        self._viewer = Viewer(session_id, self, read_only=True, runtime="structured", machine=machine)

    async def run(self) -> Transcript | None:
        self._viewer.start()
        try:
            return await self._result
        finally:
            self._viewer.close()
            await self._viewer.delivery.wait()

    def _check(self) -> None:
        transcript = self._viewer.replica.transcript
        if transcript is None or self._result.done():
            return
        try:
            if self._is_enough(transcript):
                self._result.set_result(transcript)
        except OSError as error:
            self._result.set_exception(error)

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """End the watch in a final state."""
        if self._result.done():
            return
        match state:
            case ViewerState.ENDED:
                self._check()
                if not self._result.done():
                    self._result.set_result(None)
            case ViewerState.FAILED if self._viewer.line.now.refusal == ErrorCode.NOT_ALLOWED:
                self._result.set_exception(NotAllowed(message))
            case ViewerState.LOST | ViewerState.FAILED:
                self._result.set_exception(HostUnavailable(message or "the connection to the chat was lost"))
            case _:
                pass

    def viewer_replaced(self) -> None:
        """A snapshot came."""
        self._check()

    def viewer_damaged(self) -> None:
        """The transcript grew."""
        self._check()

    def viewer_event(self, event: Event) -> None:
        """Events do not matter."""

    def viewer_refused(self, refusal: InputRefused) -> None:
        """A watch sends no input."""
