"""The keyboard's modes of one view: which one is on, its keys and its line."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QObject, QRect, SignalInstance
from PySide6.QtGui import QKeyEvent, QRegion
from PySide6.QtWidgets import QWidget

from gui.terminal.drawing.regions import scaled
from gui.terminal.drawing.surface import Surface
from gui.terminal.links.file_lookup import FileLookup
from gui.terminal.links.hovering import Link
from gui.wording import page_texts
from session_host.terminal.base import Emulator

from .hints import Hints
from .mode_line import ModeLine
from .selecting import FindPrompts, KeyboardSelection


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
