"""The base of both modes of the keyboard: a mode keeps the view's scroll position and changes its frames."""

from __future__ import annotations

from typing import Protocol, cast

from PySide6.QtCore import QObject

from gui.terminal.drawing.surface import Surface
from gui.terminal.links.hovering import Link
from session_host.terminal.base import Emulator, Frame

from .held_view import HeldView


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
