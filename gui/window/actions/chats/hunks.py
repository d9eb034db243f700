"""One change of an agent's edit, in the page of its chat: taken back with Undo, or commented on, as in *Changes*."""

from __future__ import annotations

from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QMenu

from gui.bridge.chat import Chat
from gui.window.actions.context import WindowContext
from gui.window.page.banners import Banner
from gui.window.page.chat_page import ChatPage
from gui.wording import changes_texts
from gui.wording.text import Text
from session_host.errors import OutliveError

if TYPE_CHECKING:
    from gui.bridge.changes import Discarded
    from gui.chat.page.diff_lines import PointedHunk

_KEY = "taken back"
_WHOLE_FILE = "@@ -0,0 "
"""How the hunk begins that makes a file."""


class Hunks:
    """The changes of edits in a window's chat views."""

    def __init__(self, context: WindowContext) -> None:
        self._context, self._tasks, self._banners = context, context.sessions.tasks, context.banners
        context.tabs.panes.page_made.connect(self._on_page_made)

    def _on_page_made(self, page: ChatPage) -> None:
        if page.structured is not None:
            page.structured.view.page.hunk_menu_made.connect(partial(self._add_to_menu, page))

    def _add_to_menu(self, page: ChatPage, menu: QMenu, hunk: PointedHunk) -> None:
        chat, content = page.chat, page.structured
        item = content.view.transcript.get(hunk.key) if content is not None else None
        is_made = item is not None and item.kind == "tool" and item.status == "done"
        if not is_made or chat.workplace.git_status is None:
            return
        menu.addSeparator()
        if not hunk.text.startswith(_WHOLE_FILE):
            menu.addAction(changes_texts.TAKE_BACK(), lambda: self._start(self._take_back(chat, hunk)))
        if hunk.lines[hunk.at : hunk.at + 1] and hunk.lines[hunk.at].has_sign:
            menu.addAction(changes_texts.COMMENT_ON_LINE(), lambda: self._comment(chat, hunk))
        menu.addSeparator()

    def _comment(self, chat: Chat, hunk: PointedHunk) -> None:
        self._context.open_changes(chat, chat.record.origin.cwd, None).comment_on(hunk.path, hunk.lines, hunk.at)

    def _start(self, work: Coroutine[Any, Any, None], cannot: Text = changes_texts.CANNOT_TAKE_BACK) -> None:
        self._tasks.start(self._run(work, cannot), "take a change back")

    async def _run(self, work: Coroutine[Any, Any, None], cannot: Text) -> None:
        try:
            await work
        except OutliveError as error:
            self._banners.inform(cannot(reason=error), kind="failed", key=_KEY)

    async def _take_back(self, chat: Chat, hunk: PointedHunk) -> None:
        from gui.bridge.changes import take_back  # the window's start does not need it

        directory = Path(chat.record.origin.cwd)
        done = await chat.machine.call(take_back, directory, hunk.path, hunk.text, chat.session_id)
        undo_it = partial(self._start, cannot=changes_texts.CANNOT_UNDO_DISCARD)
        self._banners.show_banner(
            Banner(
                changes_texts.TAKEN_BACK(path=done.path),
                changes_texts.UNDO_COMMENT(),
                lambda: undo_it(self._undo(chat, done)),
                _KEY,
                lasting=True,
            )
        )

    async def _undo(self, chat: Chat, done: Discarded) -> None:
        from gui.bridge.changes import undo

        await chat.machine.call(undo, Path(chat.record.origin.cwd), done, chat.session_id)
        self._banners.inform(changes_texts.TAKE_BACK_UNDONE(path=done.path), key=_KEY)
