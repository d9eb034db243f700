"""Opens the changes since a prompt: from the prompt's menu, and after a fork that begins before it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from gui.bridge.changes import ListedPoint, plan_restore, point_before
from gui.bridge.chat import Chat
from gui.window.actions.context import WindowContext
from gui.window.actions.forking import ForkActions
from gui.window.page.banners import Banner
from gui.wording import changes_texts, new_chat_texts
from session_host.errors import WorktreeError
from session_host.structured.items import Item


class PromptChanges:
    """Finds the restore point before a prompt, and opens the window with the changes since."""

    def __init__(
        self, context: WindowContext, show_since: Callable[[Chat, ListedPoint], object], forking: ForkActions
    ) -> None:
        """Set up; ``show_since`` opens the window."""
        forking.forked_before.connect(self._on_forked)
        self._sessions, self._banners, self._show_since = context.sessions, context.banners, show_since

    def show(self, chat: Chat, prompt: Item) -> None:
        """Show the changes since a prompt."""
        self._sessions.tasks.start(self._show(chat, prompt), "restore point")

    async def _show(self, chat: Chat, prompt: Item) -> None:
        try:
            point = await point_before(chat, self._sessions, prompt)
        except WorktreeError as error:
            self._banners.inform(changes_texts.CANNOT_RESTORE(reason=error), key=f"changes {chat.id}")
            return
        if point is None:
            self._banners.inform(changes_texts.POINT_NOT_KEPT(), key=f"changes {chat.id}")
        else:
            self._show_since(chat, point)

    def _on_forked(self, chat: Chat, forked: Chat, prompt: Item) -> None:
        self._sessions.tasks.start(self._offer(chat, forked, prompt), "restore point")

    async def _offer(self, chat: Chat, forked: Chat, prompt: Item) -> None:
        """Offer to show the changes in a fork that begins before a prompt, if files have changed since."""
        banner = Banner(new_chat_texts.FORKED_BEFORE(), key=f"fork {forked.id}")
        with contextlib.suppress(WorktreeError):
            point = await point_before(chat, self._sessions, prompt)
            if point is not None:
                plan = await asyncio.to_thread(plan_restore, Path(forked.record.cwd), point.point)
                if plan.files:
                    banner.text = new_chat_texts.FILES_CHANGED(n=len(plan.files))
                    banner.action = changes_texts.SHOW_CHANGES()
                    banner.on_action = lambda: self._show_since(forked, point)
        self._banners.show_banner(banner)
