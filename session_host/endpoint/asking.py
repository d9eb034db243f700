"""Asks one question: saves the answer as it arrives, until its end or the user stops it. A front end shows it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Final, Protocol

from session_host.endpoint.conversation import (
    AnswerBegan,
    AnswerEnded,
    AnswerState,
    Piece,
    Record,
    Turn,
)
from session_host.endpoint.server.client import Finished, Server, Text, Thinking, Tokens
from session_host.endpoint.server.errors import ApiError, ErrorKind
from session_host.system.clock import now

FRAME_S: Final = 0.04
"""The shortest time between two updates of the shown answer."""

PAUSE_FACTOR: Final = 3
"""The pause after an update, as a multiple of the time that the update took."""

SAVE_INTERVAL_S: Final = 1.0
"""The interval of saving an arriving answer: a killed program loses at most this part of it."""

MAX_TRIES: Final = 6
FIRST_WAIT_S: Final = 2.0
"""The first delay if a busy server gives none; each further try doubles it."""

_logger = logging.getLogger(__name__)


class RecordSink(Protocol):
    """Saves a record, and reports a failure to the user."""

    def __call__(self, record: Record, *, durable: bool = True) -> None: ...


class AnswerDisplay(Protocol):
    """Shows an answer to the user, and how far it is."""

    def show_phase(self, run: AnswerRun) -> None:
        """Show the phase; called at each change, and each second."""

    def show_wait(self, error: ApiError, left_s: float) -> None:
        """Show that the server is asked again in ``left_s`` seconds; called each second."""

    def show_arrived(self, events: Sequence[Text | Thinking]) -> None:
        """Show these pieces of the answer, and of the thoughts."""

    def show_end(self, run: AnswerRun, *, has_begun: bool) -> None:
        """Show the end; ``has_begun``: a part of the answer has arrived."""


class AnswerRun:
    """Asks one question. Call ``run`` once.

    Attributes:
        model: the name of the model that is asked.
        error: why the answer is missing or incomplete; None if it is complete or the user stopped it.
        state: how the answer ended.
        tokens: the server's token counts.
        note: the server's remark about the end, one line; "" for none.
        phase: "asking", "thinking", "answering", "waiting" before it asks again, "retrying".
        since_s: when the server was asked, by the monotonic clock.
    """

    def __init__(self, save: RecordSink, model: str, display: AnswerDisplay) -> None:
        self.model = model
        self.error: ApiError | None = None
        self.state = AnswerState.STREAMING
        self.tokens = Tokens(None, None)
        self.note = ""
        self.phase = "asking"
        self._save = save
        self._display = display
        self._arrived: list[Text | Thinking] = []
        self._unsaved: list[str] = []
        self._changed = asyncio.Event()
        self._begun = False
        self.since_s = self._saved_s = time.monotonic()

    async def run(self, server: Server, turns: Sequence[Turn]) -> None:
        """Ask until there is an answer or an error; cancelling the task stops it.

        Args:
            server: the server to ask.
            turns: the messages, as ``Server.answer`` takes them.
        """
        showing = asyncio.create_task(self._show())
        state = AnswerState.COMPLETE
        try:
            await self._ask(server, turns)
        except ApiError as error:
            _logger.warning("no answer, or not all of it: %s", error, exc_info=error)
            self.error, state = error, AnswerState.CUT
        except asyncio.CancelledError:
            state = AnswerState.STOPPED
        finally:
            showing.cancel()
            for failure in await asyncio.gather(showing, return_exceptions=True):
                if isinstance(failure, Exception):
                    _logger.error("cannot display the answer", exc_info=failure)
            self._finish(state)

    # ------------------------------------------------------------ asking

    async def _ask(self, server: Server, turns: Sequence[Turn]) -> None:
        for attempt in range(MAX_TRIES):
            try:
                async for event in server.answer(turns):
                    self._on_event(event)
                return
            except ApiError as error:
                if error.kind is not ErrorKind.BUSY or self._begun or attempt == MAX_TRIES - 1:
                    raise
                _logger.warning("%s", error)
                wait_s = FIRST_WAIT_S * 2**attempt if error.retry_after_s is None else error.retry_after_s
                await self._wait(error, wait_s)

    async def _wait(self, error: ApiError, wait_s: float) -> None:
        """Wait before asking the server again."""
        self.phase = "waiting"
        until_s = time.monotonic() + wait_s
        while (left_s := until_s - time.monotonic()) > 0:
            self._display.show_wait(error, left_s)
            await asyncio.sleep(min(left_s, 1 - (-left_s % 1) or 1))
        self.since_s = time.monotonic()
        self.phase = "retrying"

    def _on_event(self, event: Text | Thinking | Tokens | Finished) -> None:
        match event:
            case Text(text):
                self.phase = "answering"
                self._save_beginning()
                self._arrived.append(event)
                self._unsaved.append(text)
            case Thinking():
                self.phase = "thinking"
                self._arrived.append(event)
            case Tokens():
                self.tokens = event
            case Finished(note):
                self._save_beginning()
                self.note = note
        self._changed.set()

    def _save_beginning(self) -> None:
        if not self._begun:
            self._begun = True
            self._save(AnswerBegan(now(), self.model), durable=False)

    async def _show(self) -> None:
        """Show and save what arrives, at a limited rate, and count the seconds."""
        while True:
            if self.phase != "waiting":  # ``show_wait`` shows that.
                self._display.show_phase(self)
            try:
                async with asyncio.timeout(1.0 - (time.monotonic() - self.since_s) % 1.0):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            began_s = time.monotonic()
            self._show_new()
            self._save_pieces()
            # Slow drawings happen less often, so that keys and the stream are processed in between.
            await asyncio.sleep(max(FRAME_S, PAUSE_FACTOR * (time.monotonic() - began_s)))

    def _show_new(self) -> None:
        if self._arrived:
            arrived, self._arrived = self._arrived, []
            self._display.show_arrived(arrived)

    def _save_pieces(self, *, at_once: bool = False) -> None:
        now_s = time.monotonic()
        if self._unsaved and (at_once or now_s - self._saved_s >= SAVE_INTERVAL_S):
            self._save(Piece("".join(self._unsaved)), durable=False)
            self._unsaved.clear()
            self._saved_s = now_s

    def _finish(self, state: AnswerState) -> None:
        """Show the rest of the answer, and save it with the answer's end."""
        self.state = state
        self._show_new()
        self._save_pieces(at_once=True)
        if self._begun:
            note = self.note or (str(self.error) if self.error else "")
            self._save(AnswerEnded(now(), state, self.tokens.input, self.tokens.output, note))
        self._display.show_end(self, has_begun=self._begun)
