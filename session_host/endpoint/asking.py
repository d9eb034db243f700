"""Asks one question: shows and saves the answer as it arrives, until its end or the user stops it."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from session_host.endpoint.conversation.conversation import AnswerBegan, AnswerEnded, AnswerState, Piece, Record
from session_host.endpoint.screen import osc
from session_host.endpoint.screen.markdown_stream import Markdown, MarkdownStream, clean
from session_host.endpoint.server import client
from session_host.endpoint.server.client import Finished, Server, Text, Thinking, Tokens
from session_host.endpoint.server.errors import ApiError, ErrorKind
from session_host.system.clock import now

if TYPE_CHECKING:
    from session_host.endpoint.screen.painting import Painter
    from session_host.endpoint.screen.screen import Screen

FRAME_S: Final = 0.04
"""The shortest time between two drawings of the unfinished part."""

PAUSE_FACTOR: Final = 3
"""The pause after a drawing, as a multiple of the time that the drawing took."""

SAVE_INTERVAL_S: Final = 1.0
"""The interval of saving an arriving answer: a killed program loses at most this part of it."""

MAX_TRIES: Final = 6
FIRST_WAIT_S: Final = 2.0
"""The first delay if a busy server gives none; each further try doubles it."""

_logger = logging.getLogger(__name__)


def preload() -> None:
    """Import what a question needs; from then on, garbage is collected (see ``__main__``)."""
    try:
        importlib.import_module("session_host.endpoint.screen.painting")
        client.preload()
    finally:
        gc.freeze()
        gc.enable()


class RecordSink(Protocol):
    """Saves a record, and reports a failure to the user."""

    def __call__(self, record: Record, *, durable: bool = True) -> None: ...


class AnswerRun:
    """Asks one question. Call ``run`` once.

    Attributes:
        error: why the answer is missing or incomplete; None if it is complete or the user stopped it.
    """

    def __init__(self, screen: Screen, save: RecordSink, painter: Callable[[], Painter], model: str) -> None:
        self.error: ApiError | None = None
        self._screen = screen
        self._save = save
        self._painter = painter
        self._model = model
        self._stream = MarkdownStream()
        self._arrived: list[str] = []
        self._unsaved: list[str] = []
        self._changed = asyncio.Event()
        self._begun = False
        self._phase = "asking"
        self._tokens = Tokens(None, None)
        self._note = ""
        self._since_s = self._saved_s = time.monotonic()

    async def run(self, server: Server, turns: list[tuple[str, str]]) -> None:
        """Ask until there is an answer or an error; cancelling the task stops it.

        Args:
            server: the server to ask.
            turns: the messages, as ``Server.answer`` takes them.
        """
        drawing = asyncio.create_task(self._draw())
        state = AnswerState.COMPLETE
        try:
            await self._ask(server, turns)
        except ApiError as error:
            _logger.warning("no answer, or not all of it: %s", error, exc_info=error)
            self.error, state = error, AnswerState.CUT
        except asyncio.CancelledError:
            state = AnswerState.STOPPED
        finally:
            drawing.cancel()
            for failure in await asyncio.gather(drawing, return_exceptions=True):
                if isinstance(failure, Exception):
                    _logger.error("cannot display the answer", exc_info=failure)
            self._finish(state)

    def redraw(self) -> None:
        """Draw the unfinished part again, for the terminal's new size."""
        self._screen.show(self._tail())

    async def _ask(self, server: Server, turns: list[tuple[str, str]]) -> None:
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
        """Wait before asking the server again, and show how long."""
        self._phase = "waiting"
        until_s = time.monotonic() + wait_s
        while (left_s := until_s - time.monotonic()) > 0:
            self._screen.status = f"◌ retrying in {math.ceil(left_s)} s · Esc stops · {error}"
            self._screen.show()
            await asyncio.sleep(min(left_s, 1 - (-left_s % 1) or 1))
        self._since_s = time.monotonic()
        self._phase = "retrying"

    def _on_event(self, event: Text | Thinking | Tokens | Finished) -> None:
        match event:
            case Text(text):
                self._phase = "answering"
                self._save_beginning()
                self._arrived.append(text)
                self._unsaved.append(text)
            case Thinking():
                self._phase = "thinking"
            case Tokens():
                self._tokens = event
            case Finished(note):
                self._save_beginning()
                self._note = note
        self._changed.set()

    def _save_beginning(self) -> None:
        if not self._begun:
            self._begun = True
            self._save(AnswerBegan(now(), self._model), durable=False)

    async def _draw(self) -> None:
        """Draw new text, at a limited rate, and count the seconds."""
        while True:
            if self._phase != "waiting":  # _wait shows a status of its own.
                self._show_status()
            try:
                async with asyncio.timeout(1.0 - (time.monotonic() - self._since_s) % 1.0):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            began_s = time.monotonic()
            self._draw_new_text()
            self._save_pieces()
            # Slow drawings happen less often, so that keys and the stream are processed in between.
            await asyncio.sleep(max(FRAME_S, PAUSE_FACTOR * (time.monotonic() - began_s)))

    def _show_status(self) -> None:
        seconds = int(time.monotonic() - self._since_s)
        self._screen.status = f"◐ {self._phase} · {seconds} s · Esc stops"
        self._screen.show()

    def _draw_new_text(self) -> None:
        if not self._arrived:
            return
        blocks = self._stream.append(clean("".join(self._arrived)))
        self._arrived.clear()
        painter = self._painter()
        lines = [line for block in blocks for line in painter.block(block)]
        self._screen.show(self._tail())
        self._screen.print(lines)

    def _tail(self) -> list[str]:
        painter = self._painter()
        block = self._stream.unfinished()
        room = 2 * painter.columns * self._screen.tail_rows()
        if isinstance(block, Markdown) and len(block.source) > room:
            # Only the end of the answer fits.
            block = Markdown(block.source[-room:], spaced=False)
        return painter.unfinished(block)

    def _save_pieces(self, *, at_once: bool = False) -> None:
        now_s = time.monotonic()
        if self._unsaved and (at_once or now_s - self._saved_s >= SAVE_INTERVAL_S):
            self._save(Piece("".join(self._unsaved)), durable=False)
            self._unsaved.clear()
            self._saved_s = now_s

    def _finish(self, state: AnswerState) -> None:
        """Print the rest of the answer, and save it with the answer's end."""
        self._draw_new_text()
        painter = self._painter()
        lines = [line for block in self._stream.finish() for line in painter.block(block)]
        self._screen.status = ""
        self._screen.show([])
        self._screen.print(lines)
        self._save_pieces(at_once=True)
        if self._begun:
            seconds = time.monotonic() - self._since_s
            note = self._note or (str(self.error) if self.error else "")
            self._save(AnswerEnded(now(), state, self._tokens.input, self._tokens.output, note))
            self._screen.print(self._footer(state, seconds, painter))

    def _footer(self, state: AnswerState, seconds: float, painter: Painter) -> list[str]:
        parts = [f"{self._model} · {seconds:.0f} s"]
        if self._tokens.input is not None or self._tokens.output is not None:
            parts.append(f"tokens: {_count(self._tokens.input)} in, {_count(self._tokens.output)} out")
        if state is AnswerState.STOPPED:
            parts.append("stopped; /continue to continue, /regenerate for a new answer")
        if self._note:
            parts.append(self._note)
        return [osc.ANSWER_END, *painter.wrap(" · ".join(parts), "dim"), ""]


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)
