"""The unsent prompts of chats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from gui.input.draft import NO_DRAFT, Draft

if TYPE_CHECKING:
    from gui.bridge.chat_list import ChatList

SAVE_DELAY_MS = 500
"""The time from the first unsaved change until drafts are saved: the typing that a killed window loses at most."""
MAX_SAVED_CHARACTERS = 1_000_000
"""The most text of all drafts that is saved; those that were edited last come first."""


class Drafts(QObject):
    """One draft for each chat: all pages of a chat show the same one.

    A prompt that resumes an ended chat is held beside its draft until the chat runs, and is saved with it. If another
    chat continues a chat, it gets the draft.

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
        self._held: dict[str, Draft] = {}
        self._save_timer = QTimer(self, singleShot=True, interval=SAVE_DELAY_MS)
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
            text = self._held.get(session_id, NO_DRAFT).before(self.of(session_id)).text
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
        """Hold a prompt that is about to resume a chat."""
        if prompt != NO_DRAFT:
            self._held[session_id] = prompt
            self._save_soon()

    def take_held(self, session_id: str) -> Draft:
        """Hold the prompt no longer, and return it."""
        held = self._held.pop(session_id, NO_DRAFT)
        if held != NO_DRAFT:
            self._save_soon()
        return held

    # ------------------------------------------------------------ chats

    def _follow_resumed(self) -> None:
        for chat, newest in self._list.continued(self._drafts):
            draft = self.of(chat.id)
            self.set(chat.id, NO_DRAFT)
            self.set(newest.id, draft.before(self.of(newest.id)))

    def _on_forgotten(self, session_id: str) -> None:
        self._held.pop(session_id, None)
        self.set(session_id, NO_DRAFT)
