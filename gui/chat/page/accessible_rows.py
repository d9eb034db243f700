"""The visible items for screen readers: each one is a widget that paints nothing, and has a name and a text.

They exist only while a screen reader, or another program that asks for names, is active.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleTextInterface, QTextLayout
from PySide6.QtWidgets import QAccessibleWidget, QWidget

from gui.chat.content.segments import Card, Diff, DiffHead, FoldLine, Segment, TakenBack, TurnLine, utf16_length
from gui.terminal.accessibility import TextWidgetInterface
from gui.wording import changes_texts, chat_texts
from session_host.structured.patches import DiffLine, hunk_title

from .positions import PlacedSegment
from .rows import Row, Rows

_UTF_16 = "utf-16-le"
_AT_EDGE_PX = 2.0
"""A line is on the page if at most this much of it is not."""
_MAX_CHARACTERS = 4_000
_MAX_REQUEST_CHARACTERS = 100_000
"""The limit of an item that waits for an answer: the user must hear everything that the answer allows."""


class _Unpainted(QWidget):
    """A widget that paints nothing and takes no input."""

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)


class TranscriptRow(_Unpainted):
    """One item, as screen readers see it: its name has all of it, its text is read by line, word and character.

    Attributes:
        accessible_text: the text.
    """

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        self.accessible_text = RowText(page)

    def accessible_interface(self) -> TextWidgetInterface:
        """The row's accessible interface."""
        return TextWidgetInterface(self, QAccessible.Role.ListItem, lambda: getattr(self, "accessible_text", None))


class FocusedControl(_Unpainted):
    """The control on the page that has the keyboard focus, as screen readers see it.

    Attributes:
        press: presses it.
    """

    def __init__(self, page: QWidget, press: Callable[[], object]) -> None:
        super().__init__(page)
        self.press = press

    def accessible_interface(self) -> _ControlInterface:
        """The control's accessible interface."""
        return _ControlInterface(self)


class _ControlInterface(QAccessibleWidget):
    """A button that has the keyboard focus."""

    def __init__(self, control: FocusedControl) -> None:
        super().__init__(control, QAccessible.Role.Button)
        self._control = control

    def state(self) -> QAccessible.State:
        state = super().state()
        state.focusable = state.focused = True
        return state

    def actionNames(self) -> list[str]:
        return [self.pressAction()]

    def doAction(self, name: str) -> None:
        if name == self.pressAction():
            self._control.press()


class SpokenLine(NamedTuple):
    """A line of an item, as it is on the page.

    Attributes:
        text: its text.
        area: its area on the page; None for a line that is not on it.
        x_of: returns the x coordinate on the page of the character at an offset in the line, in UTF-16 code units; None
            if only the area is known.
    """

    text: str
    area: QRectF | None = None
    x_of: Callable[[int], float] | None = None


class RowText(QAccessibleTextInterface):
    """The text of an item: its kind, and its lines as they are on the page, each with a line feed after it."""

    def __init__(self, page: QWidget) -> None:
        super().__init__()
        self._page = page
        self._find: Callable[[], Sequence[SpokenLine]] = tuple
        self._lines: Sequence[SpokenLine] | None = None

    def show(self, find: Callable[[], Sequence[SpokenLine]]) -> None:
        """Have the lines that ``find`` returns, from now on."""
        self._find, self._lines = find, None

    def _known(self) -> Sequence[SpokenLine]:
        if self._lines is None:
            self._lines = self._find()
        return self._lines

    @property
    def _data(self) -> bytes:
        return "\n".join(line.text for line in self._known()).encode(_UTF_16, "surrogatepass")

    def text(self, first: int, end: int) -> str:
        """The text between two offsets, in UTF-16 code units; a negative end is the text's end."""
        data = self._data
        return data[2 * max(first, 0) : len(data) if end < 0 else 2 * end].decode(_UTF_16, "replace")

    def characterCount(self) -> int:
        return len(self._data) // 2

    def cursorPosition(self) -> int:
        return 0

    def setCursorPosition(self, position: int) -> None:
        """Do nothing: a message has no cursor."""

    def selectionCount(self) -> int:
        """Zero: PySide6 cannot return a selection's offsets."""
        return 0

    def addSelection(self, first: int, end: int) -> None:
        """Do nothing: the page selects text."""

    def setSelection(self, number: int, first: int, end: int) -> None:
        """Do nothing: the page selects text."""

    def removeSelection(self, number: int) -> None:
        """Do nothing: the page selects text."""

    def scrollToSubstring(self, first: int, end: int) -> None:
        """Do nothing: the page scrolls."""

    def characterRect(self, offset: int) -> QRect:
        """The rectangle of a character on the desktop; an empty one if it is not on the page."""
        begin = 0
        for line in self._known():
            length = utf16_length(line.text)
            if offset <= begin + length:
                return self._rect(line, offset - begin)
            begin += length + 1
        return QRect()

    def _rect(self, line: SpokenLine, offset: int) -> QRect:
        if line.area is None:
            return QRect()
        area = QRectF(line.area)
        if line.x_of is not None:
            area.setLeft(line.x_of(offset))
            area.setRight(max(line.x_of(offset + 1), area.left() + 1))
        return QRect(self._page.mapToGlobal(area.topLeft().toPoint()), area.size().toSize())

    def offsetAtPoint(self, point: QPoint) -> int:
        """The offset of the character at a point of the desktop; -1 beside the text."""
        place = QPointF(self._page.mapFromGlobal(point))
        begin = 0
        for line in self._known():
            length = utf16_length(line.text)
            if line.area is not None and line.area.contains(place):
                x_of = line.x_of
                after = (n for n in range(length) if x_of is not None and x_of(n + 1) > place.x())
                return begin + next(after, 0)
            begin += length + 1
        return -1


class AccessibleRows:
    """Keeps a widget over each visible item, and one over the control that has the keyboard focus."""

    def __init__(self, page: QWidget, spoken: Callable[[Row], str], press: Callable[[], object]) -> None:
        """Set up the widgets of a page.

        Args:
            page: the page.
            spoken: returns a row's text for screen readers, "" for none.
            press: presses the control that has the keyboard focus.
        """
        self._page = page
        self._spoken = spoken
        self._rows: list[TranscriptRow] = []
        self._control = FocusedControl(page, press)
        self._control.hide()

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
            widget.accessible_text.show(partial(_lines_of, rows, position, parts, left))
            widget.show()
        for widget in self._rows[len(named) :]:
            widget.hide()

    def focus(self, area: QRectF | None, name: str, item: str) -> None:
        """Tell screen readers that a control has the keyboard focus.

        Args:
            area: the control's area on the page; None if no control has it.
            name: what it does.
            item: the text of the item that it belongs to.
        """
        if not QAccessible.isActive():
            return
        control = self._control
        control.setVisible(area is not None)
        if area is not None:
            control.setGeometry(area.toAlignedRect())
            control.setAccessibleName(name)
            control.setAccessibleDescription(item)
            QAccessible.updateAccessibility(QAccessibleEvent(control, QAccessible.Event.Focus))


def lines_in_view(rows: Rows, visible: list[PlacedSegment], height: float) -> dict[tuple[str, int, int], str]:
    """The lines of which all is on the page, by row, segment and number, with the item's kind before its first line.

    Args:
        rows: the rows.
        visible: the segments on the page.
        height: the page's height in pixels.
    """
    found: dict[tuple[str, int, int], str] = {}
    for placed in visible:
        row = rows.row(placed.position)
        kind = _kind_of(rows, row) if placed.number == 0 else ""
        for number, line in enumerate(_lines(row.segments[placed.number], placed, 0.0)):
            if line.area is None or (line.area.top() >= -_AT_EDGE_PX and line.area.bottom() <= height + _AT_EDGE_PX):
                text = chat_texts.SPOKEN(kind=kind, text=line.text) if kind and not number else line.text
                found[row.key, placed.number, number] = text
    return found


def _lines_of(rows: Rows, position: int, parts: list[PlacedSegment], left: float) -> list[SpokenLine]:
    """The lines of an item: first its kind, then those of its segments."""
    row = rows.row(position)
    placed = {part.number: part for part in parts}
    kind = _kind_of(rows, row)
    lines = [SpokenLine(kind)] if kind else []
    for number, segment in enumerate(row.segments):
        lines += _lines(segment, placed.get(number), left)
    return lines


def _lines(segment: Segment, placed: PlacedSegment | None, left: float) -> Iterator[SpokenLine]:
    """The lines of a segment as they are on the page; of one that is not there, as they are in its text."""
    spoken = spoken_segments([segment])
    boxes = placed.laid.boxes if placed is not None else []
    if placed is None or spoken != segment.text or not boxes:
        area = None
        if placed is not None:
            area = QRectF(left, placed.top, max(boxes[0].width, 1) if boxes else 1, placed.laid.height)
        yield from (SpokenLine(line, area) for line in spoken.split("\n") if line)
        return
    data = segment.text.encode(_UTF_16, "surrogatepass")
    for box in boxes:
        for number in range(box.layout.lineCount()):
            line = box.layout.lineAt(number)
            begin = box.start + line.textStart()
            text = data[2 * begin : 2 * (begin + line.textLength())].decode(_UTF_16, "replace")
            origin = QPointF(left + box.x, placed.top + box.y)
            area = line.rect().translated(origin)
            yield SpokenLine(text.rstrip(), area, partial(_x_of, box.layout, number, origin.x()))


def _x_of(layout: QTextLayout, number: int, left: float, offset: int) -> float:
    """The x coordinate of the character at an offset in a line of a layout."""
    line = layout.lineAt(number)
    end = line.textStart() + line.textLength()
    return left + line.cursorToX(min(line.textStart() + offset, end))[0]  # type: ignore[index, no-any-return]


def _kind_of(rows: Rows, row: Row) -> str:
    """The kind of a row, for screen readers; "" if its text says it."""
    item = rows.transcript.get(row.key)
    kinds = {
        "user": chat_texts.PROMPT_OF_USER(),
        "agent": chat_texts.MESSAGE_OF_AGENT(),
        "tool": chat_texts.TOOL_CALL(),
    }
    return kinds.get(item.kind, "") if item is not None else ""


def spoken_row(rows: Rows, row: Row) -> str:
    """A screen reader's text for an item, or for what waits for an answer; "" for the page's last lines."""
    item, is_asked = rows.transcript.get(row.key), bool(row.asked)
    if item is None and not is_asked:
        return ""
    kind = _kind_of(rows, row)
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
            texts.append("".join(run.text for run in segment.facts()))
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
