"""Viewers of a chat as QObjects: the chat's own one, and one for each further place that shows the chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from session_host.protocol.messages import ClipboardEvent, Event, InputRefused
from session_host.protocol.values import GridSize, Runtime
from session_host.terminal.base import DefaultColors

if TYPE_CHECKING:
    from gui.bridge.chat import Chat
    from session_host.client.viewer.viewer import Viewer, ViewerDelegate, ViewerState

    ViewerFactory = Callable[[str, ViewerDelegate, GridSize, bool, Runtime], Viewer]
    """Makes a viewer from a session's id, its delegate, a size, whether output is wanted, and the runtime."""

DEFAULT_SIZE = GridSize(120, 40)


class ChatViewer(QObject):
    """A viewer of a chat, with a replica, for at most one page.

    It implements the client's ``ViewerDelegate``: the viewer's callbacks become signals.

    Attributes:
        viewer: None while the chat is not followed here.
        connection, connection_message: the viewer's state, and a line about it.

    Signals:
        connection_changed: ``connection`` or ``connection_message``.
        damaged: the replica has changed and must be painted.
        replaced: there is another replica.
        detaching: the replica is about to be freed; a view that paints it must release it now.
        refused: the host refused an input (an InputRefused).
        clipboard_offered: the program asked to set the clipboard.
    """

    connection_changed = Signal()
    damaged = Signal()
    replaced = Signal()
    detaching = Signal()
    refused = Signal(object)
    clipboard_offered = Signal(str)

    def __init__(self, make_viewer: ViewerFactory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._make_viewer = make_viewer
        self.connection: ViewerState | None = None
        self.connection_message = ""
        self.viewer: Viewer | None = None
        self._shown = False
        self._colors: DefaultColors | None = None
        self._follow_soon = QTimer(self, singleShot=True, interval=0)
        self._follow_soon.timeout.connect(self._follow_shown)

    @property
    def chat(self) -> Chat:
        """The chat."""
        raise NotImplementedError

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
        """Follow the host: its events always, its output if wanted. Needs a running loop."""
        if self.viewer is not None:
            self.viewer.follow(output)
            return
        if self.chat.has_ended:
            return
        record = self.chat.record
        size = GridSize(record.columns, record.rows) if record.columns and record.rows else DEFAULT_SIZE
        self.viewer = self._make_viewer(record.id, self, size, output, record.runtime)
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

        A host that is asked for output works for some milliseconds, in which the X server may wait for a processor.
        So it is asked once the window has painted.
        """
        self._shown = shown
        if self.viewer is not None and shown:
            self._follow_soon.start()
        elif self.viewer is not None or shown:
            self._follow_soon.stop()
            self.follow(output=shown)
        if shown:
            self.chat.note_seen()

    def _follow_shown(self) -> None:
        if self._shown:
            self.follow(output=True)

    def free_replica(self) -> None:
        """Free the replica of a page that is not in front; showing the page again makes another."""
        raise NotImplementedError

    def give_up(self) -> None:
        """The page is gone."""
        raise NotImplementedError

    def close(self) -> None:
        """Detach and free the replica; the agent does not notice."""
        viewer, self.viewer = self.viewer, None
        if viewer is not None:
            self.detaching.emit()
            viewer.close()

    @property
    def holds_input(self) -> bool:
        """Whether an input was refused, so that all further ones are, until ``accept_refusal``."""
        return self.viewer is not None and self.viewer.holding

    def accept_refusal(self) -> None:
        """Accept input again, after the user has seen that one was refused."""
        if self.viewer is not None:
            self.viewer.accept_refusal()

    def expect_answer(self) -> None:
        """Notice if the host does not answer, since the user asks it for something without this viewer."""
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
            self.clipboard_offered.emit(event.text)


class FurtherViewer(ChatViewer):
    """The viewer of a further page of a chat: an attachment and a replica of its own, so that each page has its place.

    The chat's own viewer keeps the facts; this one is there only while its page needs it.
    """

    def __init__(self, chat: Chat, make_viewer: ViewerFactory) -> None:
        super().__init__(make_viewer, chat)
        self._chat = chat
        chat.connection_changed.connect(self._on_chat)

    @property
    def chat(self) -> Chat:
        """See ``ChatViewer``."""
        return self._chat

    @property
    def is_shown(self) -> bool:
        """Whether its page is in front."""
        return self._shown

    def _on_chat(self) -> None:
        """The chat may have ended, which its own viewer learns first or last."""
        if self._chat.has_ended and not self._shown:
            self.close()
        self.connection_changed.emit()

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """See ``ChatViewer``; the chat may answer no more, or again."""
        super().viewer_state(state, message)
        self._chat.changed.emit()

    def free_replica(self) -> None:
        """See ``ChatViewer``."""
        if not self._shown:
            self.close()

    def give_up(self) -> None:
        """See ``ChatViewer``."""
        self._shown = False
        self._follow_soon.stop()
        self._chat.disconnect(self)
        self.close()
        self._chat.drop_further(self)
        self.deleteLater()
