"""The keyboard's modes of one view: which one is on, its keys and its line."""

from __future__ import annotations

from typing import Protocol, cast

from PySide6.QtCore import QObject, QRect, Qt, SignalInstance
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeyEvent, QRegion
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from gui.terminal.drawing.regions import least_covering, scaled
from gui.terminal.drawing.surface import Surface
from gui.terminal.finding.marked_rows import RowNumbers
from gui.terminal.links.file_lookup import FileLookup
from gui.terminal.links.link_pointer import Link
from gui.theme.plain_label import PlainLabel
from gui.wording import page_texts
from session_host.terminal.base import Emulator, Frame

from .hints import Hints
from .selecting import FindPrompts, KeyboardSelection

_MARGIN_PX = 12
_PADDING_PX = 10
_SPACING_PX = 12


class _Line(QFrame):
    """The line as a widget: the mode, and its keys."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.title, self.keys = PlainLabel(), PlainLabel()
        self.title.setProperty("kind", "title")
        self.keys.setProperty("kind", "secondary")
        self.setProperty("area", "banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        row = QHBoxLayout(self)
        row.setContentsMargins(_PADDING_PX, 4, _PADDING_PX, 4)
        row.setSpacing(_SPACING_PX)
        row.addWidget(self.title)
        row.addWidget(self.keys, 1)

    def fit(self, width_px: int) -> None:
        """Show the keys if there is room for them."""
        needed = self.title.sizeHint().width() + self.keys.sizeHint().width() + _SPACING_PX
        self.keys.setVisible(needed + 2 * (_PADDING_PX + _MARGIN_PX) <= width_px)


class ModeLine:
    """The line of one view, created when it is first shown.

    Attributes:
        title: the mode; "" if the line was never shown.
    """

    def __init__(self, view: QWidget) -> None:
        self._view = view
        self._line: _Line | None = None
        self._avoided: list[QRect] = []
        self.title = ""

    @property
    def is_shown(self) -> bool:
        """Whether the line is shown."""
        return self._line is not None and not self._line.isHidden()

    def show_texts(self, title: str, keys: str) -> None:
        """Show the line with these texts."""
        if QAccessible.isActive() and (title != self.title or not self.is_shown):
            for text in (title, keys):
                QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._view, text))
        if self._line is None:
            self._line = _Line(self._view)
        self.title = title
        self._line.title.setText(title)
        self._line.keys.setText(keys)
        self._line.setAccessibleName(title)
        self._line.setAccessibleDescription(keys)
        self.place(self._avoided)
        self._line.show()
        self._line.raise_()

    def hide(self) -> None:
        """Hide the line."""
        if self._line is not None:
            self._line.hide()

    def place(self, avoided: list[QRect]) -> None:
        """Move the line to the view's lower end, or to the position that covers least of the ``avoided`` rectangles."""
        self._avoided = avoided
        if self._line is None:
            return
        room = self._view.size()
        self._line.fit(room.width())
        size = self._line.sizeHint()
        middle, right = (room.width() - size.width()) // 2, room.width() - size.width() - _MARGIN_PX
        top, bottom = _MARGIN_PX, room.height() - size.height() - _MARGIN_PX
        candidates = [QRect(x, y, size.width(), size.height()) for x in (middle, right) for y in (bottom, top)]
        self._line.setGeometry(least_covering(candidates, avoided))


class ModesOwner(Protocol):
    """The widget, as the modes use it."""

    @property
    def emulator(self) -> Emulator | None:
        """The displayed emulator."""

    @property
    def is_covered(self) -> bool:
        """Whether the find bar covers a part of the view."""

    def request_frame(self) -> None:
        """Paint a frame soon: the selection or the viewport has changed."""

    def open_link(self, link: Link) -> None:
        """Open a link at the user's request."""

    def mode_changed(self) -> None:
        """A mode was entered or left: the keys go to the mode or to the program."""


class KeyboardModes(QObject):
    """The keyboard's modes of one view; at most one is on.

    Attributes:
        selecting: the mode that selects with a caret.
        hints: the mode that opens and copies by letters.
        line: the line that names the mode and its keys.
    """

    def __init__(
        self,
        owner: ModesOwner,
        surface: Surface,
        find_prompts: FindPrompts,
        files: FileLookup,
        widget: QWidget,
        *,
        scrolled: SignalInstance,
        notice: SignalInstance,
        find_requested: SignalInstance,
    ) -> None:
        """Set up the modes.

        Args:
            owner: the view.
            surface: its picture.
            find_prompts: returns the prompts of an emulator, oldest first.
            files: looks up which names in the text are files.
            widget: the view as a widget.
            scrolled: emitted when the user scrolled.
            notice: gets one line for the user.
            find_requested: emitted to open the find bar.
        """
        super().__init__(widget)
        self._owner = owner
        self._surface = surface
        self._widget = widget
        self._find_requested = find_requested
        self._was_on = False
        self.selecting = KeyboardSelection(surface, find_prompts, self)
        self.hints = Hints(surface, files, notice, self)
        self.line = ModeLine(widget)
        scrolled.connect(self.on_scrolled)

    @property
    def active(self) -> KeyboardSelection | Hints | None:
        """The mode that is on."""
        if self.selecting.is_on:
            return self.selecting
        return self.hints if self.hints.is_on else None

    def select(self) -> None:
        """Enter or leave the selecting mode."""
        self.hints.leave_in_place()
        if self.selecting.is_on:
            self.selecting.leave()
        else:
            self.selecting.enter()

    def show_hints(self) -> None:
        """Enter or leave the mode that opens and copies by letters."""
        self.selecting.leave_in_place()
        if self.hints.is_on:
            self.hints.leave()
        else:
            self.hints.enter()

    def press(self, event: QKeyEvent) -> None:
        """Handle a key while a mode is on."""
        if (active := self.active) is not None:
            active.press(event)

    def leave_in_place(self) -> None:
        """End the mode without scrolling."""
        if (active := self.active) is not None:
            active.leave_in_place()

    # ------------------------------------------------------------ frames and scrolling

    def before_frame(self) -> None:
        """Keep the view's scroll position."""
        if (active := self.active) is not None:
            active.before_frame()

    def after_frame(self) -> None:
        """Place the line so that it does not cover the caret or the labels."""
        if self.active is not None:
            self._place_line()

    def on_scrolled(self) -> None:
        """The view was scrolled: keep the new position, and keep the caret in view unless the find bar is open."""
        if (active := self.active) is not None:
            active.on_scrolled()
            if not self._owner.is_covered:
                self.selecting.keep_caret_in_view()

    # ------------------------------------------------------------ the modes' side, see ``ModeOwner``

    @property
    def emulator(self) -> Emulator | None:
        """The displayed emulator."""
        return self._owner.emulator

    def request_frame(self) -> None:
        """See ``ModeOwner``."""
        self._owner.request_frame()

    def open_link(self, link: Link) -> None:
        """See ``ModeOwner``."""
        self._owner.open_link(link)

    def request_find(self) -> None:
        """See ``ModeOwner``."""
        self._find_requested.emit()

    def on_mode(self) -> None:
        """See ``ModeOwner``."""
        selecting, hints = self.selecting, self.hints
        if self._owner.is_covered:
            self.line.hide()  # The open find bar explains the keys.
        elif selecting.is_on:
            title = {
                "": page_texts.SELECT(),
                "characters": page_texts.SELECTING_CHARACTERS(),
                "lines": page_texts.SELECTING_LINES(),
                "block": page_texts.SELECTING_A_BLOCK(),
            }[selecting.kind]
            keys = page_texts.KEYS_WHILE_SELECTING() if selecting.kind else page_texts.KEYS_TO_BEGIN_SELECTING()
            self.line.show_texts(title, keys)
        elif hints.is_on and not hints.is_looking:
            self.line.show_texts(page_texts.TYPE_THE_LETTERS(), page_texts.KEYS_OF_HINTS())
        else:
            self.line.hide()
        is_on = self.active is not None
        if is_on != self._was_on:
            self._was_on = is_on
            self._owner.mode_changed()

    def _place_line(self) -> None:
        surface = self._surface
        if self._owner.is_covered:
            self.line.hide()
            return
        if not self.line.is_shown:
            self.on_mode()
        rects = [surface.cells_rect(*span) for span in self.hints.spans()]
        if self.selecting.is_on:
            caret, height = surface.cursor_rect(), surface.layout.cell_height
            rects = [caret.adjusted(0, -height, 0, height)]
        ratio = self._widget.devicePixelRatioF()
        self.line.place([_logical(rect, ratio) for rect in rects])


def _logical(rect: QRect, ratio: float) -> QRect:
    return scaled(QRegion(rect), 1 / ratio).boundingRect()


class HeldView:
    """The scroll position of one view while a mode is on.

    Attributes:
        emulator: the displayed emulator.
        top: the number of the first visible row.
        was_at_end: whether the view showed the end of the history when the mode was entered.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        frame = emulator.frame()
        emulator.damage_all()
        self.was_at_end = frame.scroll_offset == 0
        self.renumber(frame)

    def release(self, displayed: Emulator | None) -> None:
        """Return to the end of the history, if the view was there, unless another emulator is displayed now."""
        if self.was_at_end and displayed is self.emulator:
            self.emulator.scroll_to_bottom()

    def renumber(self, frame: Frame) -> None:
        """Renumber the rows from a frame, after a resize or a change of screens."""
        self._numbers = RowNumbers(self.emulator)
        if frame.scrollback_rows:
            self._numbers.mark(frame.scrollback_rows - 1)
        self._is_at_end = frame.scroll_offset == 0
        self._was_scrolled = False
        self.top = frame.scrollback_rows - frame.scroll_offset

    @property
    def dropped(self) -> int:
        """The number of the oldest row, as of the last call of ``follow``."""
        return self._numbers.dropped

    @property
    def rows(self) -> int:
        """The number of visible rows."""
        return self.emulator.size.rows

    def follow(self) -> bool:
        """Keep the scroll position although output has arrived; False if the rows must be renumbered."""
        if not self._numbers.follow():
            return False
        moved = self._is_at_end and self.top < self.dropped + self.emulator.scrollback_rows
        if not self._was_scrolled and (moved or self.top < self.dropped):
            # An engine keeps the position only if the view is scrolled back, and leaves dropped rows at the next frame.
            self.scroll_to(self.top)
        return True

    def on_scrolled(self) -> None:
        """Other code scrolled the view: keep the next frame's position from now on."""
        self._was_scrolled = True

    def update(self, frame: Frame) -> None:
        """Take over the scroll position of a frame. Call ``follow`` before."""
        self._was_scrolled = False
        self._is_at_end = frame.scroll_offset == 0
        self.top = self.dropped + frame.scrollback_rows - frame.scroll_offset

    def scroll_to(self, row: int) -> None:
        """Make a row the first visible one, as far as the history and the screen allow."""
        history = self.emulator.scrollback_rows
        self.top = min(max(row, self.dropped), self.dropped + history)
        self.emulator.scroll_to_bottom()
        self.emulator.scroll(self.top - self.dropped - history)
        self._is_at_end = self.top == self.dropped + history
        self._was_scrolled = False

    def show(self, row: int) -> None:
        """Scroll by as few rows as needed to show a row."""
        if row < self.top:
            self.scroll_to(row)
        elif row >= self.top + self.rows:
            self.scroll_to(row - self.rows + 1)


class ModeOwner(Protocol):
    """The keyboard's modes, as one mode uses them."""

    @property
    def emulator(self) -> Emulator | None:
        """The displayed emulator."""

    def request_frame(self) -> None:
        """Paint a frame soon: the selection or the viewport has changed."""

    def on_mode(self) -> None:
        """A mode was entered or left, or its state changed."""

    def open_link(self, link: Link) -> None:
        """Open a link at the user's request."""

    def request_find(self) -> None:
        """Open the find bar."""


class Mode(QObject):
    """A mode of one view; a subclass enters it by ``_hold``, and has ``_change_frame`` and ``_forget``."""

    def __init__(self, surface: Surface, parent: QObject) -> None:
        """Set up the mode; ``parent`` is a ModeOwner."""
        super().__init__(parent)
        self._surface = surface
        self._view: HeldView | None = None

    @property
    def _owner(self) -> ModeOwner:
        return cast("ModeOwner", self.parent())

    @property
    def is_on(self) -> bool:
        """Whether the mode is on."""
        return self._view is not None

    def _hold(self, emulator: Emulator) -> HeldView:
        """Keep the scroll position, and change the frames from now on."""
        self._view = view = HeldView(emulator)
        self._surface.change_frames(self._change_frame)
        return view

    def _change_frame(self, emulator: Emulator, frame: Frame) -> Frame:
        """A frame as the mode shows it."""
        raise NotImplementedError

    def leave(self) -> None:
        """End the mode; a view that was at the end of the history returns there."""
        if (view := self._view) is not None:
            self.leave_in_place()
            view.release(self._owner.emulator)

    def leave_in_place(self) -> None:
        """End the mode without scrolling."""
        view, self._view = self._view, None
        if view is not None:
            self._surface.stop_changing(self._change_frame)
            self._forget(view)
            self._repaint()
            self._owner.on_mode()

    def _forget(self, view: HeldView) -> None:
        """Reset the state of the mode, which was just left; another emulator may be displayed than in ``view``."""
        raise NotImplementedError

    def _repaint(self) -> None:
        emulator = self._owner.emulator
        if emulator is not None:
            emulator.damage_all()
            self._owner.request_frame()
