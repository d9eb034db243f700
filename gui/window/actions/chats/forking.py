"""Forks chats, whole or up to a prompt, and shows the changes since a prompt."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from gui.bridge.chat import Chat
from gui.input.draft import Draft
from gui.window.actions.context import WindowContext
from gui.window.page.banners import Banner
from gui.window.page.chat_page import ChatPage
from gui.window.sheets.chooser import Choice
from gui.window.widgets.keys_ahead import HeldKeys
from gui.wording import action_texts, changes_texts, chat_texts, new_chat_texts
from session_host.errors import OutliveError
from session_host.protocol.untrusted_text import legible
from session_host.protocol.values import GridSize
from session_host.standing.traits import traits_of
from session_host.structured.items import Item

if TYPE_CHECKING:
    from gui.bridge.changes import ListedPoint


class ForkActions:
    """The actions on prompts of structured chats; a fork opens in a tab beside its chat."""

    def __init__(self, context: WindowContext) -> None:
        self._open_changes = context.places.open_changes
        self._sessions, self._layout = context.sessions, context.layout
        self._tabs, self._sheets, self._banners = context.tabs, context.sheets, context.banners
        self._open_chat, self._keys_ahead = context.open_chat, context.keys_ahead
        self._open_started = context.open_started

    def can_fork(self, chat: Chat) -> bool:
        """Whether the chat's agent can copy its conversation into a new chat."""
        if not traits_of(chat.record).forks:
            return False
        from session_host.client.chats.launch_spec import can_fork  # most windows do not need it at their start

        return can_fork(self._sessions.machines.agent_of(chat), chat.record)

    def can_fork_before(self, chat: Chat) -> bool:
        """Whether the chat's agent can copy its conversation up to a prompt."""
        if not traits_of(chat.record).forks:
            return False
        from session_host.client.chats.launch_spec import can_fork_before

        return can_fork_before(self._sessions.machines.agent_of(chat), chat.record)

    def fork(self, chat: Chat) -> None:
        """Start a chat with a copy of this one's conversation."""
        self._sessions.tasks.start(self._fork(chat, self._keys_ahead.hold()), "fork")

    def fork_before(self, chat: Chat, prompt: Item) -> None:
        """Start a chat with a copy of the conversation before a prompt, and put the prompt into its prompt box."""
        self._sessions.tasks.start(self._fork(chat, self._keys_ahead.hold(), prompt), "fork")

    def choose(self, chat: Chat) -> None:
        """Let the user choose how much of the conversation is copied: all of it, or what was before a prompt."""
        page = self._open_chat(chat) if self.can_fork_before(chat) else None
        content = page.structured if page is not None else None
        if page is not None and content is not None and not page.is_settled and not len(content.view.transcript):
            page.settled.connect(lambda: self._ask_if_shown(chat, page), Qt.ConnectionType.SingleShotConnection)
        else:
            self._ask(chat, page)

    def _ask_if_shown(self, chat: Chat, page: ChatPage) -> None:
        if page is self._tabs.active_page:
            self._ask(chat, page)

    def _ask(self, chat: Chat, page: ChatPage | None) -> None:
        content = page.structured if page is not None else None
        transcript = content.view.transcript if content is not None else ()
        prompts = [item for item in transcript if is_in_conversation(item)]

        def choice(prompt: Item) -> Choice:
            row, began = new_chat_texts.fork_row(prompt.text), chat_texts.time_of(prompt.at_ms)
            return Choice(row, began, lambda: self.fork_before(chat, prompt))

        choices = [Choice(new_chat_texts.FROM_THE_END(), new_chat_texts.WHOLE_CONVERSATION(), lambda: self.fork(chat))]
        choices += [choice(each) for each in reversed(prompts)]
        self._sheets.chooser.ask(action_texts.FORK(), new_chat_texts.CHOOSE_FORK(), choices)

    async def _fork(self, chat: Chat, typed: HeldKeys, before: Item | None = None) -> None:
        size = GridSize(*self._layout.grid).clamped()
        with typed:
            try:
                forked = await self._sessions.lifecycle.fork(chat, size, before=before.id if before is not None else "")
            except OutliveError as error:
                self._banners.inform(new_chat_texts.CANNOT_FORK(reason=error), kind="failed", key=f"fork {chat.id}")
                return
            if before is not None:
                self._sessions.drafts.set(forked.id, Draft(legible(before.text), before.images))
            if chat.id in self._tabs.ids() and not typed.is_left:
                self._tabs.activate(chat.id)
            self._open_started(forked, typed)
        if before is not None:
            await self.offer_changes(chat, forked, before)

    # ------------------------------------------------------------ changes since a prompt

    def show_changes_since(self, chat: Chat, prompt: Item, *, restores: bool = False) -> None:
        """Open the changes since a prompt; ``restores`` also asks whether to restore the files."""
        self._sessions.tasks.start(self._show(chat, prompt, restores=restores), "restore point")

    async def _show(self, chat: Chat, prompt: Item, *, restores: bool) -> None:
        from gui.bridge.changes import point_before  # the window's start does not need it

        try:
            point = await point_before(chat, self._sessions, prompt)
        except OutliveError as error:
            self._banners.inform(changes_texts.CANNOT_RESTORE(reason=error), key=f"changes {chat.id}")
            return
        if point is None:
            self._banners.inform(changes_texts.POINT_NOT_KEPT(), key=f"changes {chat.id}")
        else:
            self._show_since(chat, point, restores=restores)

    def _show_since(self, chat: Chat, point: ListedPoint, *, restores: bool = False) -> None:
        window = self._open_changes(chat, chat.record.origin.cwd, point)
        if restores:
            window.ask_restore()

    async def offer_changes(self, chat: Chat, forked: Chat, prompt: Item) -> None:
        """Offer to show the changes in a fork that begins before a prompt, if files have changed since."""
        from gui.bridge.changes import plan_restore, point_before

        banner = Banner(new_chat_texts.FORKED_BEFORE(), key=f"fork {forked.id}")
        with contextlib.suppress(OutliveError):
            point = await point_before(chat, self._sessions, prompt)
            if point is not None:
                plan = await forked.machine.call(plan_restore, Path(forked.record.origin.cwd), point.point)
                if plan.files:
                    banner.text = new_chat_texts.FILES_CHANGED(n=len(plan.files))
                    banner.action = changes_texts.SHOW_CHANGES()
                    banner.on_action = lambda: self._show_since(forked, point)
        self._banners.show_banner(banner)


def is_in_conversation(item: Item) -> bool:
    """Whether an item is a prompt that the agent has received."""
    return item.kind == "user" and item.status == "done"
