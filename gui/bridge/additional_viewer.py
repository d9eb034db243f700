"""The viewer of an additional page of a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.bridge.chat import Chat
from gui.bridge.chat_viewer import ChatViewer

if TYPE_CHECKING:
    from session_host.client.viewer.viewer import ViewerState


class AdditionalViewer(ChatViewer):
    """The viewer of an additional page of a chat, with its own attachment and replica: each page scrolls by itself.

    The chat's facts come from the chat's own viewer; this one exists only as long as its page.
    """

    def __init__(self, chat: Chat) -> None:
        super().__init__(chat.make_viewer, chat)
        self._chat = chat
        chat.add_additional(self)
        chat.connection_changed.connect(self._on_chat_connection)

    @property
    def chat(self) -> Chat:
        """See ``ChatViewer``."""
        return self._chat

    def _on_chat_connection(self) -> None:
        """Close if the chat has ended: the chat's own viewer may get the end before this one."""
        if self._chat.has_ended and not self._shown:
            self.close()
        self.connection_changed.emit()

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """See ``ChatViewer``; also reports the chat as changed, since ``is_unresponsive`` may differ."""
        super().viewer_state(state, message)
        self._chat.changed.emit()

    def free_replica(self) -> None:
        """See ``ChatViewer``."""
        if not self._shown:
            self.close()

    def release(self) -> None:
        """See ``ChatViewer``."""
        self._shown = False
        self._follow_soon.stop()
        self._chat.disconnect(self)
        self.close()
        self._chat.remove_additional(self)
        self.deleteLater()


PageViewer = Chat | AdditionalViewer
"""The viewer that a page of a chat shows; ``chat`` is the chat."""


def viewer_for_page(chat: Chat) -> PageViewer:
    """The viewer for a new page: the chat's own one or, if another page uses that, an additional one."""
    return chat if chat.acquire() else AdditionalViewer(chat)
