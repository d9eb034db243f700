"""The modes of one view: which is on, its keys, and the line that says so."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QObject, QRect, SignalInstance
from PySide6.QtGui import QKeyEvent, QRegion
from PySide6.QtWidgets import QWidget

from gui.terminal.drawing.regions import scaled
from gui.terminal.drawing.surface import Surface
from gui.terminal.links.file_lookup import FileLookup
from gui.terminal.links.hovering import Link
from gui.wording import mode_texts
from session_host.terminal.base import Emulator

from .hints import Hints
from .mode_line import ModeLine
from .selecting import KeyboardSelection


class ModesHost(Protocol):
    """The modes' view of their widget."""

    @property
    def emulator(self) -> Emulator | None:
        """The displayed emulator."""

    @property
    def is_covered(self) -> bool:
        """Whether the find bar covers a part of the view."""

    def emulator_touched(self) -> None:
        """Paint, since the selection or the viewport has changed."""

    def open_link(self, link: Link) -> None:
        """Open a link at the user's request."""

    def mode_changed(self) -> None:
        """A mode was entered or left: other keys are for the program."""


class KeyboardModes(QObject):
    """The modes of one view.

    Attributes:
        selecting: selects with a caret.
        hints: opens and copies by letters.
        line: says which mode is on.
    """

    def __init__(
        self,
        host: ModesHost,
        surface: Surface,
        files: FileLookup,
        widget: QWidget,
        *,
        scrolled: SignalInstance,
        notice: SignalInstance,
        find_requested: SignalInstance,
    ) -> None:
        """Set up the modes.

        Args:
            host: the view.
            surface: its picture.
            files: looks up which names in the text are files.
            widget: the view as a widget.
            scrolled: says that the user scrolled.
            notice: gets one line for the user.
            find_requested: asks for the find bar.
        """
        super().__init__(widget)
        self._host = host
        self._surface = surface
        self._widget = widget
        self._find_requested = find_requested
        self._was_on = False
        self.selecting = KeyboardSelection(self, surface, self)
        self.hints = Hints(self, surface, files, notice, self)
        self.line = ModeLine(widget)
        scrolled.connect(self.let_go)

    @property
    def active(self) -> KeyboardSelection | Hints | None:
        """The mode that is on."""
        if self.selecting.is_on:
            return self.selecting
        return self.hints if self.hints.is_on else None

    def select(self) -> None:
        """Enter or leave the selecting mode."""
        self.hints.forget()
        if self.selecting.is_on:
            self.selecting.leave()
        else:
            self.selecting.enter()

    def show_hints(self) -> None:
        """Show letters on what can be opened or copied, or leave that mode."""
        self.selecting.forget()
        if self.hints.is_on:
            self.hints.leave()
        else:
            self.hints.enter()

    def press(self, event: QKeyEvent) -> None:
        """Handle a key while a mode is on."""
        if (active := self.active) is not None:
            active.press(event)

    def forget(self) -> None:
        """End the mode where the view is, since something else is used."""
        if (active := self.active) is not None:
            active.forget()

    # ------------------------------------------------------------ frames and scrolling

    def before_frame(self) -> None:
        """Keep the view at its place."""
        if (active := self.active) is not None:
            active.before_frame()

    def after_frame(self) -> None:
        """Keep the line away from the caret and the letters."""
        if self.active is not None:
            self._place_line()

    def let_go(self) -> None:
        """The view was scrolled to another place: the caret goes along, unless the find bar looks for matches."""
        if (active := self.active) is not None:
            active.let_go()
            if not self._host.is_covered:
                self.selecting.keep_caret_in_view()

    # ------------------------------------------------------------ the modes' side, see ``SelectingHost``, ``HintHost``

    @property
    def emulator(self) -> Emulator | None:
        """The displayed emulator."""
        return self._host.emulator

    def emulator_touched(self) -> None:
        """See ``ModeHost``."""
        self._host.emulator_touched()

    def open_link(self, link: Link) -> None:
        """See ``HintHost``."""
        self._host.open_link(link)

    def want_find(self) -> None:
        """See ``SelectingHost``."""
        self._find_requested.emit()

    def on_mode(self) -> None:
        """See ``ModeHost``."""
        selecting, hints = self.selecting, self.hints
        if selecting.is_on:
            title = {
                "": mode_texts.select(),
                "characters": mode_texts.selecting_characters(),
                "lines": mode_texts.selecting_lines(),
                "block": mode_texts.selecting_a_block(),
            }[selecting.kind]
            keys = mode_texts.keys_while_selecting() if selecting.kind else mode_texts.keys_to_begin()
            self.line.show_texts(title, keys)
        elif hints.is_on and not hints.is_looking:
            self.line.show_texts(mode_texts.open_or_copy(), mode_texts.keys_of_hints())
        else:
            self.line.hide()
        is_on = self.active is not None
        if is_on != self._was_on:
            self._was_on = is_on
            self._host.mode_changed()

    def _place_line(self) -> None:
        surface = self._surface
        if self._host.is_covered:
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
