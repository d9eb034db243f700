"""Mouse control of a transcript: controls, links, and the selection of text."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal
from unicodedata import category

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import (
    QClipboard,
    QEnterEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QWheelEvent,
    QWindow,
)
from PySide6.QtWidgets import QApplication
from shiboken6 import Shiboken

from gui.chat.content.segments import Action, utf16_length
from gui.chat.drawing.segment_layout import LINE_SEPARATOR, SegmentLayout
from gui.terminal.links.link_pointer import OPENS_WITHIN_S
from gui.timers import repeating
from session_host.protocol.values import FileLocation
from session_host.terminal.words import is_separator, word_around

from .file_names import FileName
from .painting import PaintedPage
from .positions import PlacedSegment
from .scrolling import WHEEL_LINES, Scroller
from .selection import Point

Unit = Literal["character", "word", "line"]
_UNITS: tuple[Unit, ...] = ("character", "word", "line")
_SENTENCE_MARKS = ".!?"
_PICTURE = "So"
"""Unicode's category of symbols such as emoji."""
_DRAG_PX = 4
_AROUND_BAR_PX = 3
"""The bar below a wide table is thin, so it is also pressed a little above it."""
_DRAG_SCROLL_MS = 30


class Pointer(QObject):
    """The mouse on a page: selects text, and activates controls, links and names of files."""

    def __init__(
        self,
        page: PaintedPage,
        scroller: Scroller,
        run_control: Callable[[tuple[str, int, int]], object],
        run_action: Callable[[Action], object],
    ) -> None:
        """Set up the mouse.

        Args:
            page: the page, which passes its events to the methods named after them.
            scroller: scrolls the page.
            run_control: runs the action of a control, by its position.
            run_action: runs the action of a link or of the name of a file.
        """
        super().__init__(page)
        page.setMouseTracking(True)
        self._page, self._scroller = page, scroller
        self._run_control, self._run_action = run_control, run_action
        self._pressed_at: QPointF | None = None
        self._pressed_control: tuple[str, int, int] | None = None
        self._pressed_action: Action | None = None
        """Its action at the press; after a frame, another control may be in its place."""
        self._pressed_link = ""
        self._pressed_bar: tuple[str, int] | None = None
        """The row and the segment of the table that is scrolled sideways by its bar."""
        self._dragging = False
        self._clicks = Clicks()
        self._unit: Unit = "character"
        self._pressed_unit: tuple[Point, Point] | None = None
        """The ends of what the last press has selected, which dragging extends."""
        self._pointer = QPointF()
        self._drag_timer = repeating(self, _DRAG_SCROLL_MS)
        self._drag_timer.timeout.connect(self._drag_on)
        self._awaited: tuple[FileLocation, float] | None = None
        """The clicked file while it is looked up, and the time of the click."""
        page.names.answered.connect(self._on_answered)
        self._key_source: QWindow | None = None
        """While the pointer is over the page: the window that is watched for Ctrl."""

    def control_at(self, point: QPointF) -> tuple[str, int, int] | None:
        """The position of the control at a point; None for none, and for a link."""
        for placed in self._page.visible:
            if placed.top <= point.y() < placed.bottom:
                inside = self._page.within(placed, point)
                still = point - QPointF(self._page.column_left, placed.top)
                for number, control in enumerate(placed.laid.controls):
                    # A link is found by its text, which may be on several lines.
                    if control.action.kind != "link" and control.area.contains(still if control.stays else inside):
                        return self._page.rows.key(placed.position), placed.number, number
        return None

    def file_at(self, point: QPointF) -> tuple[tuple[str, int, int], FileName] | None:
        """The name of a file at a point, and its position; also before it is known whether there is such a file."""
        placed = self._page.segment_at(point)
        if placed is None or not self._is_on_text(placed, point):
            return None
        inside = self._page.within(placed, point)
        offset = placed.laid.offset_at(inside)
        for number, name in enumerate(self._page.file_names(placed), len(placed.laid.controls)):
            if name.start <= offset < name.end and self._page.names.path_of(name.file.path) != "":
                return (self._page.rows.key(placed.position), placed.number, number), name
        return None

    def _target_at(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> tuple[str, int, int] | None:
        """The position of the file name, else of the control, that a click with these modifiers activates."""
        found = self.file_at(point) if self._page.names.opens(modifiers) else None
        return found[0] if found is not None else self.control_at(point)

    def _on_answered(self) -> None:
        if self._awaited is not None:
            (file, at_s), self._awaited = self._awaited, None
            if time.monotonic() - at_s < OPENS_WITHIN_S:
                self._open_once_known(file, at_s)
        if self._page.underMouse() and self._pressed_at is None:
            self._hover(self._pointer, QGuiApplication.queryKeyboardModifiers())

    def _open_once_known(self, file: FileLocation, at_s: float) -> None:
        """Open a clicked file if it exists; while the lookup runs, wait for its result."""
        path = self._page.names.path_of(file.path)
        if path is None:
            self._awaited = file, at_s
        elif path:
            self._run_action(Action("file", file=file))

    # ------------------------------------------------------------ mouse

    def _point_at(self, point: QPointF) -> Point | None:
        """The position in the text nearest to a point of the page."""
        placed = self._page.segment_at(point)
        if placed is None:
            return None
        offset = placed.laid.offset_at(self._page.within(placed, point))
        return Point(self._page.rows.key(placed.position), placed.number, offset)

    def link_at(self, point: QPointF) -> str:
        """The address of the link at a point, "" for none."""
        placed = self._page.segment_at(point)
        if placed is None or not self._is_on_text(placed, point):
            return ""
        return placed.laid.link_at(self._page.within(placed, point))

    def _is_on_text(self, placed: PlacedSegment, point: QPointF) -> bool:
        """Whether a point of the page is on text of a segment, and not on controls over it."""
        is_covered = placed.laid.covered.contains(point - QPointF(self._page.column_left, placed.top))
        return not is_covered and placed.laid.is_on_text(self._page.within(placed, point))

    def acts_on_press(self, point: QPointF, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a press at a point of the page begins a click on a control, a link or the name of a file."""
        has_target = self._target_at(point, modifiers) is not None or bool(self.link_at(point))
        return button == Qt.MouseButton.LeftButton and has_target

    def press(self, event: QMouseEvent) -> None:
        """Select what is pressed, or begin a click on a control."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        point = event.position()
        if (placed := self._bar_at(point)) is not None:
            self._pressed_bar = self._page.rows.key(placed.position), placed.number
            self._scroll_by_bar(point)
            return
        unit = self._clicks.add(event)
        self._unit = unit if self.control_at(point) is None else "character"
        self._pressed_at, self._dragging = point, False
        self._pressed_control = self._target_at(point, event.modifiers()) if self._unit == "character" else None
        self._pressed_action, self._pressed_link = self._action_of(self._pressed_control), self.link_at(point)
        unit_there = self._pressed_unit = self._unit_at(point)
        if unit_there is None or self._is_about_selection:
            return
        anchor = self._page.selection.anchor
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and anchor is not None:
            self._pressed_unit = anchor, anchor
            self._page.selection.extend(self._page.rows, self._pressed_unit, unit_there)
        else:
            self._page.selection.select(*unit_there)
        self._page.focused, self._page.was_entered_by_tab = None, False
        self._page.update()

    @property
    def _is_about_selection(self) -> bool:
        """Whether the pressed control does something about what is selected, which so stays."""
        return self._pressed_action is not None and self._pressed_action.kind == "comment"

    def _bar_at(self, point: QPointF) -> PlacedSegment | None:
        """The wide table with its bar at a point, and a little around it."""
        placed = self._page.wide_table_at(point)
        bar = placed.laid.overflow.bar if placed is not None and placed.laid.overflow is not None else None
        is_there = placed is not None and bar is not None and point.y() >= placed.top + bar.top() - _AROUND_BAR_PX
        return placed if is_there else None

    def _scroll_by_bar(self, point: QPointF) -> None:
        """Scroll the pressed table sideways, so that the middle of its bar's thumb is at the pointer."""
        key, number = self._pressed_bar or ("", 0)
        position = self._page.rows.position(key)
        if position is None or number >= len(self._page.rows.row(position).segments):
            return
        if (overflow := self._page.rows.laid(position, number).overflow) is not None:
            x = point.x() - self._page.column_left - overflow.left
            self._scroll_aside(position, number, x / overflow.width * overflow.content_px - overflow.width / 2)

    def _scroll_aside(self, position: int, number: int, to_px: float) -> None:
        if self._page.rows.scroll_aside(position, number, to_px):
            self._page.update()

    def _unit_at(self, point: QPointF) -> tuple[Point, Point] | None:
        """The ends of the word or line at a point, or the position in the text, as the last clicks select."""
        placed, at = self._page.segment_at(point), self._point_at(point)
        if placed is None or at is None:
            return None
        first, last = unit_around(placed.laid, at.offset, self._unit)
        return at._replace(offset=first), at._replace(offset=last)

    def move(self, event: QMouseEvent) -> None:
        """Extend the selection, or show what a click would activate."""
        point = self._pointer = event.position()
        if self._pressed_bar is not None:
            self._scroll_by_bar(point)
            return
        if self._pressed_at is not None and event.buttons() & Qt.MouseButton.LeftButton:
            moved = (point - self._pressed_at).manhattanLength()
            self._dragging = self._dragging or moved >= _DRAG_PX
            if self._dragging:
                self._extend(point)
                beyond = point.y() < 0 or point.y() > self._page.height()
                if beyond and not self._drag_timer.isActive():
                    self._drag_timer.start()
            return
        self._hover(point, event.modifiers())

    def _hover(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Show the control or link that a click would activate; the name of a file once it is known to exist."""
        found = self.file_at(point)
        exists = found is not None and bool(self._page.names.path_of(found[1].file.path))
        is_link = found is not None and exists and self._page.names.opens(modifiers)
        hovered = found[0] if found is not None and is_link else self.control_at(point)
        placed = self._page.segment_at(point)
        pointed = (self._page.rows.key(placed.position), placed.number) if placed is not None else None
        if (hovered, pointed) != (self._page.hovered, self._page.pointed):
            self._page.hovered, self._page.pointed = hovered, pointed
            self._page.update()
        if hovered is not None or self.link_at(point):
            shape = Qt.CursorShape.PointingHandCursor
        elif placed is not None and self._is_on_text(placed, point):
            shape = Qt.CursorShape.IBeamCursor
        else:
            shape = Qt.CursorShape.ArrowCursor
        if self._page.cursor().shape() != shape:
            self._page.setCursor(shape)

    def _extend(self, point: QPointF) -> None:
        unit_there = self._unit_at(point)
        if unit_there is not None and self._pressed_unit is not None:
            self._page.selection.extend(self._page.rows, self._pressed_unit, unit_there)
            self._page.update()

    def _drag_on(self) -> None:
        """Scroll while the pointer is held above or below the page."""
        y = self._pointer.y()
        beyond = y if y < 0 else max(y - self._page.height(), 0)
        if not beyond or self._pressed_at is None:
            self._drag_timer.stop()
            return
        self._scroller.scroll_by(max(min(beyond / 2, 60), -60))
        self._extend(self._pointer)

    def release(self, event: QMouseEvent) -> None:
        """End a selection, or activate what was clicked."""
        self._pressed_bar = None
        if event.button() != Qt.MouseButton.LeftButton or self._pressed_at is None:
            return
        self._drag_timer.stop()
        point, dragged = event.position(), self._dragging
        control, self._pressed_control = self._pressed_control, None
        self._pressed_at, self._dragging = None, False
        if dragged or self._unit != "character":
            self._offer_selection()
        elif control is not None and self._is_still_at(point, event.modifiers(), control):
            if not self._is_about_selection:
                self._page.selection.clear()
            found = self.file_at(point)
            if found is not None and found[0] == control:
                self._open_once_known(found[1].file, time.monotonic())
            else:
                self._run_control(control)
        elif (address := self.link_at(point)) and address == self._pressed_link:
            self._run_action(Action("link", value=address))
        self._hover(point, event.modifiers())
        self._page.update()

    def _action_of(self, target: tuple[str, int, int] | None) -> Action | None:
        control = self._page.control_of(target)
        return control.action if control is not None else None

    def _is_still_at(self, point: QPointF, modifiers: Qt.KeyboardModifier, pressed: tuple[str, int, int]) -> bool:
        """Whether a click at a point would activate the pressed control, and this does what it did then."""
        return pressed == self._target_at(point, modifiers) and self._action_of(pressed) == self._pressed_action

    def _offer_selection(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard.supportsSelection() and not self._page.selection.is_empty(self._page.rows):
            clipboard.setText(self._page.selection.text(self._page.rows, markdown=False), QClipboard.Mode.Selection)

    def wheel(self, event: QWheelEvent) -> None:
        """Scroll; with Shift, or by a wheel or touchpad that also moves sideways, scroll a wide table to its sides."""
        moved = QPointF(event.pixelDelta())
        if moved.isNull():
            moved = QPointF(event.angleDelta()) / 120 * self._page.style_.line_px * WHEEL_LINES
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not moved.x():
            moved = QPointF(moved.y(), 0)
        if moved.x() and (placed := self._page.wide_table_at(event.position())) is not None:
            now_px = self._page.rows.aside_of(placed.position, placed.number)
            self._scroll_aside(placed.position, placed.number, now_px - moved.x())
        if moved.y():
            self._scroller.scroll_by(-round(moved.y()))
        self._hover(event.position(), event.modifiers())

    def enter(self, event: QEnterEvent) -> None:
        """Watch the pointer, and the key with which a click opens a file."""
        self._pointer = event.position()
        self._watch_keys_of(self._page.window().windowHandle())

    def leave(self) -> None:
        """Stop that: the pointer left the page, or the page is hidden."""
        self._watch_keys_of(None)
        if self._page.hovered is not None or self._page.pointed is not None:
            self._page.hovered = self._page.pointed = None
            self._page.update()

    def _watch_keys_of(self, window: QWindow | None) -> None:
        """Watch a window for Ctrl, whichever of its widgets has the focus; None ends that."""
        if self._key_source is not None and Shiboken.isValid(self._key_source):
            self._key_source.removeEventFilter(self)
        self._key_source = window
        if window is not None:
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Mark the link under the pointer while Ctrl is held: a click would open it."""
        if not isinstance(event, QKeyEvent) or event.key() != Qt.Key.Key_Control or self._pressed_at is not None:
            return False
        control = Qt.KeyboardModifier.ControlModifier
        if event.type() == QEvent.Type.KeyPress:
            self._hover(self._pointer, event.modifiers() | control)
        elif event.type() == QEvent.Type.KeyRelease:
            self._hover(self._pointer, event.modifiers() & ~control)
        return False


class Clicks:
    """Counts quick clicks at the same point; more than three count as three."""

    def __init__(self) -> None:
        self._count = 0
        self._at = QPointF()
        self._at_ms = 0

    def add(self, event: QMouseEvent) -> Unit:
        """A button was pressed; returns what the clicks so far select."""
        quick = event.timestamp() - self._at_ms <= QApplication.doubleClickInterval()
        near = (event.position() - self._at).manhattanLength() < QApplication.startDragDistance()
        self._count = min(self._count + 1, len(_UNITS)) if quick and near else 1
        self._at, self._at_ms = event.position(), event.timestamp()
        return _UNITS[self._count - 1]


def unit_around(laid: SegmentLayout, offset: int, unit: Unit) -> tuple[int, int]:
    """The first and last offset of the word or line around an offset in a segment's text.

    A line ends where the text has a line break, not where it is wrapped. Offsets are in UTF-16 code units.
    """
    box = next((box for box in laid.boxes if 0 <= offset - box.start <= box.length), None)
    if unit == "character" or box is None:
        return offset, offset
    text = box.layout.text()
    inside = len(text.encode("utf-16-le", "surrogatepass")[: 2 * (offset - box.start)].decode("utf-16-le", "ignore"))
    first, last = _word(text, inside) if unit == "word" else _line(text, inside)
    return box.start + utf16_length(text[:first]), box.start + utf16_length(text[:last])


def _word(text: str, inside: int) -> tuple[int, int]:
    """The word at the edge before a character, without marks at the end of a sentence; an emoji is one by itself."""
    begin, end = _line(text, inside)
    if begin == end:
        return begin, end
    line, at = text[begin:end], min(inside, end - 1) - begin
    at -= at > 0 and is_separator(line[at]) and not is_separator(line[at - 1])
    if category(line[at]) == _PICTURE:
        return begin + at, begin + at + 1
    first, last = word_around([" " if category(each) == _PICTURE else each for each in line], at)
    word = line[first : last + 1]
    return begin + first, begin + first + len(word.rstrip(_SENTENCE_MARKS) or word)


def _line(text: str, inside: int) -> tuple[int, int]:
    end = text.find(LINE_SEPARATOR, inside)
    return text.rfind(LINE_SEPARATOR, 0, inside) + 1, end if end >= 0 else len(text)
