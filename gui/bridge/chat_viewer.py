"""A viewer of a chat as a QObject: the chat's own viewer, or that of an additional page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from session_host.protocol.messages import ClipboardEvent, Event, InputRefused
from session_host.protocol.values import GridSize, Runtime
from session_host.storage.store import SessionRecord
from session_host.terminal.base import DefaultColors

if TYPE_CHECKING:
    from session_host.client.viewer.viewer import Viewer, ViewerDelegate, ViewerState

    ViewerFactory = Callable[[str, ViewerDelegate, GridSize, bool, Runtime], Viewer]
    """Makes a viewer from a session's id, a delegate, a size, whether to follow output, and the runtime."""

DEFAULT_SIZE = GridSize(120, 40)


class FollowedChat(Protocol):
    """A chat, as its viewer uses it."""

    @property
    def record(self) -> SessionRecord:
        """The store's row."""

    @property
    def has_ended(self) -> bool:
        """Whether there is no host to follow."""

    def mark_seen(self) -> None:
        """Called when a page of the chat has come to the front."""

    def note_closing(self, viewer: Viewer) -> None:
        """Called with a closed viewer that still delivers input."""


class ChatViewer(QObject):
    """A viewer of a chat, with a replica, for at most one page.

    It implements the client's ``ViewerDelegate``: the viewer's callbacks become signals.

    Attributes:
        make_viewer: makes the client's viewer.
        viewer: the client's viewer; None while the chat is not followed here.
        connection, connection_message: the state of the viewer's connection, and a line about it.

    Signals:
        connection_changed: ``connection`` or ``connection_message`` changed.
        damaged: the replica has changed and must be painted.
        replaced: the viewer has another replica.
        detaching: the replica is about to be freed; a view that paints it must release it now.
        refused: the host refused an input (an InputRefused).
        clipboard_offered: the program asked to set the clipboard (the text, and ``ClipboardEvent.targets``).
    """

    connection_changed = Signal()
    damaged = Signal()
    replaced = Signal()
    detaching = Signal()
    refused = Signal(object)
    clipboard_offered = Signal(str, str)

    def __init__(self, make_viewer: ViewerFactory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.make_viewer = make_viewer
        self.connection: ViewerState | None = None
        self.connection_message = ""
        self.viewer: Viewer | None = None
        self._shown = False
        self._colors: DefaultColors | None = None
        self._follow_soon = QTimer(self, singleShot=True, interval=0)
        self._follow_soon.timeout.connect(self._follow_shown)

    @property
    def chat(self) -> FollowedChat:
        """The chat."""
        raise NotImplementedError

    @property
    def is_shown(self) -> bool:
        """Whether its page is in front."""
        return self._shown

    @property
    def is_live(self) -> bool:
        """Whether the viewer is attached."""
        return self.connection is not None and self.connection == "live"

    @property
    def is_unresponsive(self) -> bool:
        """Whether the host does not answer to the viewer."""
        return self.connection is not None and self.connection == "unresponsive"

    # ------------------------------------------------------------ following

    def follow(self, *, output: bool) -> None:
        """Follow the host's events and, if ``output`` is true, its output. Needs a running loop."""
        if self.viewer is not None:
            self.viewer.follow(output)
            return
        if self.chat.has_ended:
            return
        record = self.chat.record
        size = GridSize(record.columns, record.rows) if record.columns and record.rows else DEFAULT_SIZE
        self.viewer = self.make_viewer(record.id, self, size, output, record.runtime)
        if self._colors is not None:
            self.viewer.set_colors(self._colors)
        self.connection, self.connection_message = self.viewer.state, self.viewer.message
        self.viewer.start()

    def set_colors(self, colors: DefaultColors) -> None:
        """Set the colours that terminals are shown in."""
        self._colors = colors
        if self.viewer is not None:
            self.viewer.set_colors(colors)

    def set_shown(self, shown: bool) -> None:
        """Set whether the page is in front.

        Output is requested only after the window has painted: the request keeps the host busy for some milliseconds,
        during which the X server may have to wait for a processor.
        """
        self._shown = shown
        if self.viewer is not None and shown:
            self._follow_soon.start()
        elif self.viewer is not None or shown:
            self._follow_soon.stop()
            self.follow(output=shown)
        if shown:
            self.chat.mark_seen()

    def _follow_shown(self) -> None:
        if self._shown:
            self.follow(output=True)

    def free_replica(self) -> None:
        """Free the replica of a page that is not in front; showing the page again makes another."""
        raise NotImplementedError

    def release(self) -> None:
        """Release the viewer, because its page is closed."""
        raise NotImplementedError

    def close(self) -> None:
        """Detach and free the replica; the chat runs on."""
        viewer, self.viewer = self.viewer, None
        if viewer is not None:
            self.detaching.emit()
            viewer.close()
            if not viewer.has_detached:
                self.chat.note_closing(viewer)

    @property
    def holds_input(self) -> bool:
        """Whether an input was refused; all later input is then refused, too, until ``accept_refusal``."""
        return self.viewer is not None and self.viewer.is_holding

    def accept_refusal(self) -> None:
        """Accept input again, after the user has seen the refusal."""
        if self.viewer is not None:
            self.viewer.accept_refusal()

    def expect_answer(self) -> None:
        """Detect a host that does not answer, since the user sent it a request outside of this viewer."""
        if self.viewer is not None:
            self.viewer.expect_answer()

    # ------------------------------------------------------------ ViewerDelegate

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """The viewer's connection changed."""
        self.connection, self.connection_message = state, message
        self.connection_changed.emit()

    def viewer_damaged(self) -> None:
        """Emit ``damaged``: the replica has changed."""
        self.damaged.emit()

    def viewer_replaced(self) -> None:
        """Emit ``replaced``: the viewer has another replica."""
        self.replaced.emit()

    def viewer_refused(self, refusal: InputRefused) -> None:
        """Emit ``refused``: the host refused an input."""
        self.refused.emit(refusal)

    def viewer_event(self, event: Event) -> None:
        """Apply an event of the host."""
        if isinstance(event, ClipboardEvent) and self._shown:
            self.clipboard_offered.emit(event.text, event.targets)
