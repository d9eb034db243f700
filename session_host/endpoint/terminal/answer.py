"""Shows one answer in the terminal while it arrives."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from session_host.endpoint.asking import AnswerRun, RecordSink
from session_host.endpoint.conversation.conversation import AnswerState
from session_host.endpoint.screen import osc
from session_host.endpoint.screen.markdown_stream import Markdown, MarkdownStream, clean
from session_host.endpoint.server.client import Text, Thinking
from session_host.endpoint.server.errors import ApiError

if TYPE_CHECKING:
    from session_host.endpoint.screen.painting import Painter
    from session_host.endpoint.screen.screen import Screen


class TerminalAnswer(AnswerRun):
    """An answer as text above the input; the finished part is printed once, the unfinished end is redrawn."""

    def __init__(self, screen: Screen, save: RecordSink, painter: Callable[[], Painter], model: str) -> None:
        super().__init__(save, model)
        self._screen = screen
        self._painter = painter
        self._stream = MarkdownStream()

    def redraw(self) -> None:
        """Draw the unfinished part again, for the terminal's new size."""
        self._screen.show(self._tail())

    def _show_phase(self) -> None:
        seconds = int(time.monotonic() - self.since_s)
        self._screen.status = f"◐ {self.phase} · {seconds} s · Esc stops"
        self._screen.show()

    def _show_wait(self, error: ApiError, left_s: float) -> None:
        self._screen.status = f"◌ retrying in {math.ceil(left_s)} s · Esc stops · {error}"
        self._screen.show()

    def _show_arrived(self, events: Sequence[Text | Thinking]) -> None:
        text = "".join(event.text for event in events if isinstance(event, Text))
        if not text:
            return
        blocks = self._stream.append(clean(text))
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

    def _show_end(self, *, has_begun: bool) -> None:
        painter = self._painter()
        lines = [line for block in self._stream.finish() for line in painter.block(block)]
        self._screen.status = ""
        self._screen.show([])
        self._screen.print(lines)
        if has_begun:
            self._screen.print(self._footer(painter))

    def _footer(self, painter: Painter) -> list[str]:
        parts = [f"{self._model} · {time.monotonic() - self.since_s:.0f} s"]
        if self.tokens.input is not None or self.tokens.output is not None:
            parts.append(f"tokens: {_count(self.tokens.input)} in, {_count(self.tokens.output)} out")
        if self.state is AnswerState.STOPPED:
            parts.append("stopped; /continue to continue, /regenerate for a new answer")
        if self.note:
            parts.append(self.note)
        return [osc.ANSWER_END, *painter.wrap(" · ".join(parts), "dim"), ""]


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)
