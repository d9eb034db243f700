"""The comments on chats' changes that were not sent yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from gui.bridge.drafts import MAX_SAVED_CHARACTERS, SAVE_DELAY_MS
from gui.settings.layout import ReviewComment

if TYPE_CHECKING:
    from gui.bridge.chat import Chat
    from gui.bridge.chat_list import ChatList


class ReviewComments(QObject):
    """The comments of each chat, in the order in which they were begun.

    A chat that was resumed shares them with the chats that continue it.

    Signals:
        changed(str): the comments of this chat are others; the id is that of the last chat that continues it.
        save_due: ``saved`` must be saved.
    """

    changed = Signal(str)
    save_due = Signal()

    def __init__(self, chats: ChatList) -> None:
        super().__init__(chats)
        self._list = chats
        self._comments: dict[str, dict[str, ReviewComment]] = {}
        """The comments by the ids of chats; the chat whose comments were edited last is the last one."""
        self._save_timer = QTimer(self, singleShot=True, interval=SAVE_DELAY_MS)
        self._save_timer.timeout.connect(self.save_due)
        chats.changed.connect(self._follow_resumed)
        chats.forgotten.connect(self._on_forgotten)

    def load(self, saved: Mapping[str, Iterable[ReviewComment]]) -> None:
        """Load the saved comments; those of chats that were removed are dropped."""
        for session_id, comments in saved.items():
            if self._list.get(session_id) is not None:
                self.put(session_id, *comments)
        self._save_timer.stop()
        self._follow_resumed()

    def saved(self) -> dict[str, list[ReviewComment]]:
        """The comments to save, by the ids of chats, up to ``MAX_SAVED_CHARACTERS``; the latest chat is the last."""
        found: dict[str, list[ReviewComment]] = {}
        room = MAX_SAVED_CHARACTERS
        for session_id, comments in reversed(self._comments.items()):
            kept = []
            for comment in reversed(comments.values()):
                if comment.text or comment.draft:
                    room -= comment.characters
                    kept += [comment] if room >= 0 else []
            if kept:
                found[session_id] = kept[::-1]
        return dict(reversed(found.items()))

    def key(self, session_id: str) -> str:
        """The id of the last chat that continues a chat, which has the comments of both."""
        newest = self._list.latest_continuation(session_id)
        return session_id if newest is None else newest.id

    def newest(self, chat: Chat) -> Chat:
        """The last chat that continues a chat, or itself."""
        return self._list.latest_continuation(chat.id) or chat

    def of(self, session_id: str) -> list[ReviewComment]:
        """The comments of a chat."""
        return list(self._comments.get(self.key(session_id), {}).values())

    def put(self, session_id: str, *comments: ReviewComment) -> None:
        """Add comments, or change those with the same ids."""
        key = self.key(session_id)
        own = self._comments.pop(key, {})
        added = {comment.id: comment for comment in comments}
        self._set(key, own, {**own, **added})

    def remove(self, session_id: str, *ids: str) -> list[ReviewComment]:
        """Remove comments by their ids; returns those that were there."""
        key = self.key(session_id)
        own = self._comments.pop(key, {})
        self._set(key, own, {each: comment for each, comment in own.items() if each not in ids})
        return [own[each] for each in ids if each in own]

    def _set(self, key: str, previous: dict[str, ReviewComment], comments: dict[str, ReviewComment]) -> None:
        if comments:
            self._comments[key] = comments
        if comments != previous:
            if not self._save_timer.isActive():
                self._save_timer.start()
            self.changed.emit(key)

    # ------------------------------------------------------------ chats

    def _follow_resumed(self) -> None:
        for chat, newest in self._list.continued(self._comments):
            self.put(newest.id, *self._comments.pop(chat.id).values())

    def _on_forgotten(self, session_id: str) -> None:
        self._set(session_id, self._comments.pop(session_id, {}), {})
