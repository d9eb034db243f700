"""Unsent texts of the user: prompts, and comments on changes.

They belong to a chat and not to a pane, since after a restart no pane is the right one. Images of a draft are kept in
memory alone: the layout, which has the texts, is written whole. Comments are not notes of git, which would write into
the user's repository.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.input.draft import NO_DRAFT, Draft, joined
from gui.settings.layout import ReviewComment
from gui.timers import single_shot

if TYPE_CHECKING:
    from .chat import Chat
    from .chat_list import ChatList


SAVE_DELAY_MS = 500
"""The time from the first unsaved change until drafts are saved: the typing that a killed window loses at most."""
MAX_SAVED_CHARACTERS = 1_000_000
"""The most text of all drafts that is saved; those that were edited last come first."""


class Drafts(QObject):
    """One draft for each chat: all pages of a chat show the same one.

    A prompt that resumes an ended chat is held beside its draft until the chat runs, with those that the user sends
    meanwhile, and is saved with it. If another chat continues a chat, it gets the draft, once no prompt is held: until
    then the user writes into the old chat's page, in which a part of the text must not come behind a later one.

    Signals:
        changed(str): the draft of this chat is another one.
        save_due: ``texts`` must be saved.
    """

    changed = Signal(str)
    save_due = Signal()

    def __init__(self, chats: ChatList) -> None:
        super().__init__(chats)
        self._list = chats
        self._drafts: dict[str, Draft] = {}
        """The drafts by the ids of chats; the draft that was edited last is the last one."""
        self._held: dict[str, list[Draft]] = {}
        self._save_timer = single_shot(self, SAVE_DELAY_MS)
        self._save_timer.timeout.connect(self.save_due)
        chats.changed.connect(self._follow_resumed)
        chats.forgotten.connect(self._on_forgotten)

    def load(self, texts: Mapping[str, str]) -> None:
        """Load the saved texts; those of chats that were removed are dropped."""
        for session_id, text in texts.items():
            if self._list.get(session_id) is not None:
                self.set(session_id, Draft(text))
        self._save_timer.stop()
        self._follow_resumed()

    def texts(self) -> dict[str, str]:
        """The texts to save, by the ids of chats; the one that was edited last is the last one."""
        found: dict[str, str] = {}
        room = MAX_SAVED_CHARACTERS
        for session_id in reversed(dict.fromkeys((*self._drafts, *self._held))):
            text = joined([*self._held.get(session_id, []), self.of(session_id)]).text
            if 0 < len(text) <= room:
                found[session_id] = text
                room -= len(text)
        return dict(reversed(found.items()))

    def of(self, session_id: str) -> Draft:
        """The draft of a chat."""
        return self._drafts.get(session_id, NO_DRAFT)

    def set(self, session_id: str, draft: Draft) -> None:
        """Set the draft of a chat."""
        if draft == self.of(session_id):
            return
        self._drafts.pop(session_id, None)
        if draft != NO_DRAFT:
            self._drafts[session_id] = draft
        self._save_soon()
        self.changed.emit(session_id)

    def add(self, session_id: str, prompt: Draft) -> None:
        """Put a prompt before the draft of a chat."""
        self.set(session_id, prompt.before(self.of(session_id)))

    def _save_soon(self) -> None:
        if not self._save_timer.isActive():
            self._save_timer.start()

    # ------------------------------------------------------------ prompts that resume a chat

    def hold(self, session_id: str, prompt: Draft) -> None:
        """Hold a prompt that is about to resume a chat, or one that is sent behind it."""
        held = self._held.setdefault(session_id, [])
        if prompt != NO_DRAFT:
            held.append(prompt)
            self._save_soon()

    def is_holding(self, session_id: str) -> bool:
        """Whether a chat is being resumed."""
        return session_id in self._held

    def take_held(self, session_id: str) -> list[Draft]:
        """Hold the prompts no longer, and return them in their order; what continues the chat gets its draft."""
        held = self._held.pop(session_id, [])
        if held:
            self._save_soon()
        self._follow_resumed()
        return held

    # ------------------------------------------------------------ chats

    def _follow_resumed(self) -> None:
        for chat, newest in self._list.continued(each for each in self._drafts if each not in self._held):
            draft = self.of(chat.id)
            self.set(chat.id, NO_DRAFT)
            self.set(newest.id, draft.before(self.of(newest.id)))

    def _on_forgotten(self, session_id: str) -> None:
        self._held.pop(session_id, None)
        self.set(session_id, NO_DRAFT)


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
        """The comments by the ids of chats; the chat that was commented last is the last one."""
        self._save_timer = single_shot(self, SAVE_DELAY_MS)
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
