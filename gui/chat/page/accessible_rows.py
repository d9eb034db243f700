"""The visible items for screen readers: each one is a widget that paints nothing and has a name.

They exist only while a screen reader, or another program that asks for names, is active.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget

from gui.chat.content.patches import hunk_title
from gui.chat.content.segments import Card, Diff, DiffHead, DiffLine, FoldLine, Segment, TakenBack, TurnLine
from gui.wording import changes_texts, chat_texts

from .positions import PlacedSegment
from .rows import Row, Rows

_MAX_CHARACTERS = 4_000
_MAX_REQUEST_CHARACTERS = 100_000
"""The limit of an item that waits for an answer: the user must hear everything that the answer allows."""


class TranscriptRow(QWidget):
    """One item, as screen readers see it."""

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)


class AccessibleRows:
    """Keeps a widget over each visible item."""

    def __init__(self, page: QWidget, spoken: Callable[[Row], str]) -> None:
        """Set up the widgets of a page; ``spoken`` returns a row's text for screen readers, "" for none."""
        self._page = page
        self._spoken = spoken
        self._rows: list[TranscriptRow] = []

    def show(self, rows: Rows, visible: list[PlacedSegment], left: float) -> None:
        """Move the widgets over the items that are visible now."""
        if not QAccessible.isActive():
            return
        positions = dict.fromkeys(placed.position for placed in visible)
        named = {position: name for position in positions if (name := self._spoken(rows.row(position)))}
        if (missing := len(named) - len(self._rows)) > 0:
            self._rows += [TranscriptRow(self._page) for _ in range(missing)]
            for widget in reversed(self._rows):  # Below the requests' widgets, in reading order.
                widget.lower()
        for widget, (position, name) in zip(self._rows, named.items(), strict=False):
            parts = [placed for placed in visible if placed.position == position]
            top, bottom = round(parts[0].top), round(parts[-1].bottom)
            widget.setGeometry(round(left), top, round(rows.widths.text), max(bottom - top, 1))
            if widget.accessibleName() != name:
                widget.setAccessibleName(name)
            widget.show()
        for widget in self._rows[len(named) :]:
            widget.hide()


def spoken_row(rows: Rows, row: Row) -> str:
    """A screen reader's text for an item, or for a diff that waits for an answer; "" for the page's last lines."""
    item = rows.transcript.get(row.key)
    if item is None and not any(isinstance(segment, DiffHead) for segment in row.segments):
        return ""
    kind = {
        "user": chat_texts.PROMPT_OF_USER(),
        "agent": chat_texts.MESSAGE_OF_AGENT(),
        "tool": chat_texts.TOOL_CALL(),
    }.get(item.kind if item is not None else "", "")
    is_asked = any(isinstance(segment, Card) for segment in row.segments)
    text = spoken_segments(row.segments)[: _MAX_REQUEST_CHARACTERS if is_asked else _MAX_CHARACTERS]
    return chat_texts.SPOKEN(kind=kind, text=text) if kind else text


def spoken_segments(segments: Sequence[Segment]) -> str:
    """A screen reader's text for segments."""
    texts: list[str] = []
    for segment in segments:
        if isinstance(segment, DiffHead):
            counts = changes_texts.spoken_lines(segment.added, segment.removed)
            texts.append(chat_texts.joined(segment.text, segment.note, counts))
        elif isinstance(segment, Diff) and not isinstance(segment, TakenBack):
            texts += [_spoken_line(line) for line in segment.lines]
        elif isinstance(segment, FoldLine):
            note = segment.head.note if segment.head is not None else ""
            counts = changes_texts.spoken_lines(segment.added, segment.removed)
            texts.append(chat_texts.joined(segment.text, note, counts, segment.detail))
        elif isinstance(segment, TurnLine):
            texts.append(chat_texts.joined(*segment.facts()))
        elif not isinstance(segment, Card) and segment.text:
            texts.append(segment.text)
    return "\n".join(texts)


def _spoken_line(line: DiffLine) -> str:
    """A line of a diff with its sign; for a hunk's first line, the unchanged lines above it and its title."""
    match line.kind:
        case "@":
            return chat_texts.joined(changes_texts.hidden_lines(line.old, line.first_hidden), hunk_title(line.text))
        case "\\":
            return line.text.lstrip("\\ ")
        case sign:
            return f"{sign} {line.text}".lstrip(" ")
