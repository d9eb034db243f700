"""Forks chats: starts a chat with a copy of another one's conversation, whole or up to a prompt."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QObject, Qt, Signal

from gui.bridge.chat import Chat
from gui.input.draft import Draft
from gui.window.actions import action_table
from gui.window.actions.context import WindowContext
from gui.window.page.chat_page import ChatPage
from gui.window.page.structured_page import StructuredPage
from gui.window.sheets.chooser import Choice
from gui.window.widgets.keys_ahead import HeldKeys
from gui.wording import new_chat_texts
from session_host.errors import OutliveError
from session_host.protocol.values import GridSize
from session_host.structured.items import Item


class ForkActions(QObject):
    """The actions that fork a structured chat; the new chat opens in a tab beside it.

    Signals:
        forked_before: a chat was forked before a prompt: the chat, the fork, which is shown, and the prompt's item.
    """

    forked_before = Signal(Chat, Chat, Item)

    def __init__(self, context: WindowContext) -> None:
        super().__init__(context.window)
        self._sessions, self._agents, self._layout = context.sessions, context.agents, context.layout
        self._tabs, self._sheets, self._banners = context.tabs, context.sheets, context.banners
        self._open_chat, self._keys_ahead = context.open_chat, context.keys_ahead

    def can_fork(self, chat: Chat) -> bool:
        """Whether the chat's agent can copy its conversation into a new chat."""
        if chat.record.runtime != "structured":
            return False
        from session_host.client.chats.launch_spec import can_fork  # most windows do not need it at their start

        return can_fork(self._agents.get(chat.record.agent), chat.record)

    def can_fork_before(self, chat: Chat) -> bool:
        """Whether the chat's agent can copy its conversation up to a prompt."""
        if chat.record.runtime != "structured":
            return False
        from session_host.client.chats.launch_spec import can_fork_before

        return can_fork_before(self._agents.get(chat.record.agent), chat.record)

    def fork(self, chat: Chat) -> None:
        """Start a chat with a copy of this one's conversation."""
        self._sessions.tasks.start(self._fork(chat, self._keys_ahead.hold()), "fork")

    def fork_before(self, chat: Chat, prompt: Item) -> None:
        """Start a chat with a copy of the conversation before a prompt, and put the prompt into its prompt box."""
        self._sessions.tasks.start(self._fork(chat, self._keys_ahead.hold(), prompt), "fork")

    def choose(self, chat: Chat) -> None:
        """Let the user choose how much of the conversation is copied: all of it, or what was before a prompt."""
        page = self._open_chat(chat) if self.can_fork_before(chat) else None
        if isinstance(page, StructuredPage) and not page.is_settled and not len(page.view.transcript):
            page.settled.connect(lambda: self._ask_if_shown(chat, page), Qt.ConnectionType.SingleShotConnection)
        else:
            self._ask(chat, page)

    def _ask_if_shown(self, chat: Chat, page: ChatPage) -> None:
        if page is self._tabs.active_page:
            self._ask(chat, page)

    def _ask(self, chat: Chat, page: ChatPage | None) -> None:
        transcript = page.view.transcript if isinstance(page, StructuredPage) else ()
        prompts = [item for item in transcript if is_in_conversation(item)]
        now = datetime.now(UTC)

        def choice(prompt: Item) -> Choice:
            detail = new_chat_texts.fork_time(datetime.fromtimestamp(prompt.at_ms / 1000, UTC), now)
            return Choice(new_chat_texts.fork_row(prompt.text), detail, lambda: self.fork_before(chat, prompt))

        choices = [Choice(new_chat_texts.FROM_THE_END(), new_chat_texts.WHOLE_CONVERSATION(), lambda: self.fork(chat))]
        choices += [choice(each) for each in reversed(prompts)]
        self._sheets.chooser.ask(action_table.title("fork"), new_chat_texts.CHOOSE_FORK(), choices)

    async def _fork(self, chat: Chat, typed: HeldKeys, before: Item | None = None) -> None:
        size = GridSize(*self._layout.grid).clamped()
        with typed:
            try:
                forked = await self._sessions.fork(chat, size, before=before.id if before is not None else "")
            except OutliveError as error:
                self._banners.inform(new_chat_texts.CANNOT_FORK(reason=error), kind="failed", key=f"fork {chat.id}")
                return
            if before is not None:
                self._sessions.drafts.set(forked.id, Draft(before.text, before.images))
            if chat.id in self._tabs.ids():
                self._tabs.activate(chat.id)
            typed.deliver(self._open_chat(forked).content)
        if before is not None:
            self.forked_before.emit(chat, forked, before)


def is_in_conversation(item: Item) -> bool:
    """Whether an item is a prompt that the agent has received."""
    return item.kind == "user" and item.status == "done"
