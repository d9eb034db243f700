"""Asks one question: shows and saves the answer as it arrives, until its end or the user stops it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Protocol

from session_host.endpoint.conversation import (
    AnswerBegan,
    AnswerEnded,
    AnswerState,
    ModelMessage,
    Piece,
    Record,
)
from session_host.endpoint.server.client import Finished, Server, TextPiece, Thinking, Tokens
from session_host.endpoint.server.errors import ApiError, ErrorKind
from session_host.system.clock import now

FRAME_S: Final = 0.04
"""The shortest time between two updates of the shown answer."""

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

    def show_wait(self, error: ApiError, wait_s: float) -> None:
        """Show that the server is asked again in ``wait_s`` seconds."""

    def show_arrived(self, events: Sequence[TextPiece | Thinking]) -> None:
        """Show these pieces of the answer, and of the thoughts."""

    def show_note(self, note: str) -> None:
        """Show the server's remark about the end."""


class AnswerRun:
    """Asks one question. Call ``run`` once.

    Attributes:
        error: why the answer is missing or incomplete; None if it is complete or the user stopped it.
        state: how the answer ended.
        tokens: the server's token counts.
    """

    def __init__(self, save: RecordSink, model: str, display: AnswerDisplay) -> None:
        self.error: ApiError | None = None
        self.state = AnswerState.STREAMING
        self.tokens = Tokens(None, None)
        self._model = model
        self._note = ""
        """The server's remark about the end, one line; "" for none."""
        self._save = save
        self._display = display
        self._arrived: list[TextPiece | Thinking] = []
        self._unsaved: list[str] = []
        self._changed = asyncio.Event()
        self._begun = False
        self._saved_s = time.monotonic()

    async def run(self, server: Server, turns: Sequence[ModelMessage]) -> None:
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

    async def _ask(self, server: Server, turns: Sequence[ModelMessage]) -> None:
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
                self._display.show_wait(error, wait_s)
                await asyncio.sleep(wait_s)

    def _on_event(self, event: TextPiece | Thinking | Tokens | Finished) -> None:
        match event:
            case TextPiece(text):
                self._save_beginning()
                self._arrived.append(event)
                self._unsaved.append(text)
            case Thinking():
                self._arrived.append(event)
            case Tokens():
                self.tokens = event
            case Finished(note):
                self._save_beginning()
                self._note = note
        self._changed.set()

    def _save_beginning(self) -> None:
        if not self._begun:
            self._begun = True
            self._save(AnswerBegan(now(), self._model), durable=False)

    async def _show(self) -> None:
        """Show and save what arrives, at a limited rate."""
        while True:
            # What arrived last is saved in time, too, if nothing follows it.
            with suppress(TimeoutError):
                async with asyncio.timeout(SAVE_INTERVAL_S):
                    await self._changed.wait()
            self._changed.clear()
            self._show_new()
            self._save_pieces()
            await asyncio.sleep(FRAME_S)

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
            note = self._note or (str(self.error) if self.error else "")
            self._save(AnswerEnded(now(), state, self.tokens.input, self.tokens.output, note))
            if self._note:
                self._display.show_note(self._note)
