"""The visible lines of the transcript. Pure.

Only lines near the end are made, and those of unchanged items are kept, so that a chat of 10,000 items opens at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import wcwidth

from session_host.structured.items import BETWEEN_TURNS
from session_host.structured.text import Answered, LineStyle, TextLine, answered, block_lines, request_lines, state_line
from session_host.structured.transcript import Transcript
from session_host.terminal.rows import PLAIN, Attribute, Row, Run, Style, Underline

from .question import ShownQuestion


class Page:
    """A window on the transcript's lines.

    Attributes:
        back: how many lines the window is scrolled back; 0 at the end.
    """

    def __init__(self) -> None:
        self.back = 0
        self._columns = 0
        self._transcript: Transcript | None = None
        self._blocks: dict[str, list[TextLine]] = {}
        self._answered: Answered = {}
        self._answers = -1
        self._ending_length = 0
        self._items = 0

    def show(
        self, transcript: Transcript, columns: int, rows: int, question: ShownQuestion | None, now_s: float
    ) -> list[TextLine]:
        """The visible lines, at most ``rows``; the question notes which of its lines are visible."""
        self._follow_changes(transcript, columns)
        ending, question_first, question_count = self._ending(transcript, question)
        if self.back:
            self.back += len(ending) - self._ending_length
        self._ending_length = len(ending)
        needed = rows + self.back
        lines = list(ending)
        blocks: list[list[TextLine]] = [lines]
        count, index = len(lines), len(transcript)
        while index and count < needed:
            index -= 1
            blocks.append(self._block(transcript, index))
            count += len(blocks[-1])
        lines = [line for block in reversed(blocks) for line in block]
        self.back = max(0, min(self.back, len(lines) - rows))
        end = len(lines) - self.back
        first = max(0, end - rows)
        if question is not None:
            begin = len(lines) - len(ending) + question_first
            seen = range(max(first, begin) - begin, min(end, begin + question_count) - begin)
            question.note_seen(seen, question_count, now_s)
        return lines[first:end]

    def scroll(self, lines: int) -> None:
        """Scroll back by this many lines; forward if negative. ``show`` limits it to the transcript."""
        self.back = max(0, self.back + lines)

    def _block(self, transcript: Transcript, index: int) -> list[TextLine]:
        item_id = transcript[index].id
        block = self._blocks.get(item_id)
        if block is None:
            block = self._blocks[item_id] = list(
                block_lines(transcript, index, index + 1, width=self._columns, by_position=self._answered)
            )
        return block

    def _follow_changes(self, transcript: Transcript, columns: int) -> None:
        changes = transcript.take_changes()
        if transcript is not self._transcript or columns != self._columns or changes.removed:
            self._blocks.clear()
            self._transcript, self._columns, self._answers = transcript, columns, -1
        if len(transcript.answers) != self._answers:
            self._answers = len(transcript.answers)
            self._answered = answered(transcript)
            for index in self._answered:
                if index < len(transcript):
                    self._blocks.pop(transcript[index].id, None)
        for item_id in changes.items:
            previous = self._blocks.pop(item_id, None)
            if self.back and item_id in transcript:
                # The visible lines stay in place.
                index = transcript.position(item_id)
                if previous is not None or index >= self._items:
                    self.back += len(self._block(transcript, index)) - len(previous or ())
        self._items = transcript.queue_start  # New items come above the queue.

    def _ending(self, transcript: Transcript, question: ShownQuestion | None) -> tuple[list[TextLine], int, int]:
        """The lines after the last item; among them the question's first line, and its number of lines."""
        lines: list[TextLine] = []
        first = count = 0
        for request in transcript.open_requests:
            lines.append(TextLine(""))
            keys = question.keys if question is not None and request.id == question.request.id else None
            block = request_lines(request, width=self._columns, keys=keys)
            if keys is not None:
                first, count = len(lines), len(block)
            lines += block
        if transcript.status.state in BETWEEN_TURNS and (text := state_line(transcript)):
            lines += [TextLine(""), TextLine(text, "failed" if text.startswith("✗") else "dim")]
        return lines, first, count


_RED, _GREEN, _YELLOW, _CYAN = 1, 2, 3, 6

STYLES: Final[dict[LineStyle, Style]] = {
    "": PLAIN,
    "code": PLAIN,
    "prompt": PLAIN._replace(foreground=_CYAN, attributes=int(Attribute.BOLD)),
    "heading": PLAIN._replace(attributes=int(Attribute.BOLD)),
    "dim": PLAIN._replace(attributes=int(Attribute.DIM)),
    "added": PLAIN._replace(foreground=_GREEN),
    "removed": PLAIN._replace(foreground=_RED),
    "failed": PLAIN._replace(foreground=_RED),
    "asking": PLAIN._replace(foreground=_YELLOW, attributes=int(Attribute.BOLD)),
}
"""The look of each style; the colours are those of the user's terminal."""

STATUS: Final = PLAIN._replace(attributes=int(Attribute.INVERSE), underline=Underline.NONE)
"""The look of the line above the prompt."""

BLANK: Final = Row((), wrapped=False)


def row_of(line: TextLine, columns: int, style: Style | None = None) -> Row:
    """A line as a row of at most this many columns."""
    style = STYLES[line.style] if style is None else style
    if line.text.isascii():
        text = line.text[:columns]
        return Row((Run(0, len(text), text, style, cluster=False),), wrapped=False) if text else BLANK
    runs: list[Run] = []
    column = 0
    narrow = ""
    for grapheme, cells in graphemes(line.text):
        if column + cells > columns:
            break
        if cells == 1 and len(grapheme) == 1:
            narrow += grapheme
        else:
            if narrow:
                runs.append(Run(column - len(narrow), len(narrow), narrow, style, cluster=False))
                narrow = ""
            runs.append(Run(column, cells, grapheme, style, cluster=True))
        column += cells
    if narrow:
        runs.append(Run(column - len(narrow), len(narrow), narrow, style, cluster=False))
    return Row(tuple(runs), wrapped=False)


def graphemes(text: str) -> Iterator[tuple[str, int]]:
    """The graphemes of a text that take cells, and how many: 1 or 2."""
    for grapheme in wcwidth.iter_graphemes(text):
        cells = wcwidth.wcswidth(grapheme)
        if cells > 0:
            yield grapheme, min(cells, 2)
