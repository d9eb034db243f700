"""Hunks of an agent's edits, in the page of its chat: taken back with Undo, or commented on, as in *Changes*."""

from __future__ import annotations

import time
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject
from shiboken6 import Shiboken

from gui.bridge.chat import Chat
from gui.input.refused_keys import KEYS_AFTER_MS
from gui.screen_readers import announce
from gui.window.actions.context import WindowContext
from gui.window.page.banners import Banner
from gui.window.page.chat_page import ChatPage
from gui.wording import changes_texts
from gui.wording.text import Text
from session_host.errors import OutliveError
from session_host.protocol.untrusted_text import one_line
from session_host.structured.edits import hunk_after, reversed_hunk
from session_host.structured.items import Item
from session_host.structured.patches import hunks_of

if TYPE_CHECKING:
    from gui.bridge.changes import Discarded
    from gui.chat.content.hunks import HunkState, HunkStates
    from gui.chat.page.diff_lines import PointedHunk
    from gui.chat.page.page import TranscriptPage
    from gui.window.page.structured_content import StructuredContent
    from session_host.structured.transcript import Transcript

_KEY = "taken back"
_WHOLE_FILE = "@@ -0,0 "
"""How the hunk begins that makes a file."""


class _Hunk(NamedTuple):
    """A hunk: its chat's id, its item's id, the file as the agent names it, and its text."""

    chat: str
    item: str
    path: str
    text: str


class _Taken(NamedTuple):
    """A hunk that was taken back: how the file was before, at which line, and after which item of the transcript."""

    done: Discarded
    line: int
    after: str


class _Asked(NamedTuple):
    """A line about which a button asks, and since when."""

    line: int
    since_s: float


class Hunks:
    """The hunks of edits in a window's chat views."""

    def __init__(self, context: WindowContext) -> None:
        self._context = context
        self._taken: dict[_Hunk, _Taken] = {}
        """Those that were taken back in this window, in this order."""
        self._asked: dict[_Hunk, _Asked] = {}
        """Those whose button asks, since they are not where the agent's edits have left them."""
        self._at_work: set[_Hunk] = set()
        context.tabs.panes.structured_made.connect(self._on_made)

    def _on_made(self, page: ChatPage, content: StructuredContent) -> None:
        shown = content.view.page
        shown.rows.hunks = partial(self._states, page.chat)
        shown.hunk_action_triggered.connect(partial(self._act, page.chat, shown))
        _Repository(page.chat, shown)
        from gui.window.changes.in_page import CommentsInPage  # the window's start does not need it

        places, banners, chat = self._context.places, self._context.banners, page.chat
        CommentsInPage(
            chat,
            content.view,
            self._context.sessions.review_comments,
            show_changes=lambda: places.open_changes(chat, chat.record.origin.cwd, None),
            offer_undo=lambda text, undo: banners.show_banner(
                Banner(text, changes_texts.UNDO_COMMENT(), undo, key="comments")
            ),
        )

    def _states(self, chat: Chat, item: Item) -> HunkStates | None:
        if item.kind != "tool" or item.status != "done" or chat.workplace.git_status is None:
            return None

        def state_of(path: str, text: str) -> HunkState:
            hunk = _Hunk(chat.id, item.id, path, text)
            if hunk in self._taken:
                return "taken_back"
            if asked := self._asked.get(hunk):
                return asked.line
            return "whole" if text.startswith(_WHOLE_FILE) else "made"

        return state_of

    def _act(self, chat: Chat, page: TranscriptPage, kind: str, pointed: PointedHunk) -> None:
        hunk = _Hunk(chat.id, pointed.key, pointed.path, pointed.text)
        match kind:
            case "comment":
                pass  # ``CommentsInPage`` does it.
            case "take_back":
                self._start(hunk, page, self._take_back(chat, hunk, page), changes_texts.CANNOT_TAKE_BACK)
            case _:
                self._start(hunk, page, self._bring_back(chat, hunk), changes_texts.CANNOT_UNDO_DISCARD)

    def _start(self, hunk: _Hunk, page: TranscriptPage, work: Coroutine[Any, Any, None], cannot: Text) -> None:
        if hunk in self._at_work:
            work.close()
        else:
            self._at_work.add(hunk)
            self._context.sessions.tasks.start(self._run(hunk, page, work, cannot), "take a change back")

    async def _run(self, hunk: _Hunk, page: TranscriptPage, work: Coroutine[Any, Any, None], cannot: Text) -> None:
        try:
            await work
        except OutliveError as error:
            line = cannot(path=one_line(Path(hunk.path).name), reason=error)
            self._context.banners.inform(line, kind="failed", key=_KEY)
        finally:
            self._at_work.discard(hunk)
        if Shiboken.isValid(page):
            page.show_ways()

    async def _take_back(self, chat: Chat, hunk: _Hunk, page: TranscriptPage) -> None:
        """Take a hunk back; if it is not where the agent's edits have left it, its button asks first."""
        from gui.bridge.changes import line_of_hunk, take_back  # the window's start does not need it

        directory, transcript = Path(chat.record.origin.cwd), page.transcript
        last = transcript[len(transcript) - 1].id if len(transcript) else ""
        if (asked := self._asked.get(hunk)) is not None:
            if time.monotonic() - asked.since_s < KEYS_AFTER_MS / 1000:
                return  # Such as the second half of a double click.
            del self._asked[hunk]
            line = asked.line
        else:
            expected = self._expected(transcript, hunk)
            line = await chat.machine.call(line_of_hunk, directory, hunk.path, hunk.text, expected)
            if line != expected:
                self._asked[hunk] = _Asked(line, time.monotonic())
                announce(page, changes_texts.TAKE_BACK_AT(line=line))
                return
        done = await chat.machine.call(take_back, directory, hunk.path, hunk.text, chat.session_id, line)
        self._taken[hunk] = _Taken(done, line, last)

    def _expected(self, transcript: Transcript, hunk: _Hunk) -> int:
        """The line at which a hunk is if only the agent and this window have changed the file since; 0 for unknown."""
        taken: dict[str, list[str]] = {}
        for each, how in self._taken.items():
            if (each.chat, each.path) == (hunk.chat, hunk.path):
                taken.setdefault(how.after, []).append(reversed_hunk(each.text, how.line))
        later: list[str] = []
        for position in range(transcript.position(hunk.item), len(transcript)):
            item = transcript[position]
            diffs = [change.patch for change in item.changes if change.path == hunk.path and item.status == "done"]
            if item.id == hunk.item:
                own = next((number for number, diff in enumerate(diffs) if hunk.text in hunks_of(diff)), len(diffs))
                diffs = diffs[own + 1 :]
            later += [*diffs, *taken.get(item.id, [])]
        return hunk_after(hunk.text, later)

    async def _bring_back(self, chat: Chat, hunk: _Hunk) -> None:
        from gui.bridge.changes import undo

        await chat.machine.call(undo, Path(chat.record.origin.cwd), self._taken[hunk].done, chat.session_id)
        del self._taken[hunk]


class _Repository(QObject):
    """Shows anew what can be done on a page once it is known that the chat works in a repository, or does no more."""

    def __init__(self, chat: Chat, page: TranscriptPage) -> None:
        super().__init__(page)
        self._chat, self._page = chat, page
        self._is_known = chat.workplace.git_status is not None
        chat.changed.connect(self._on_changed)

    def _on_changed(self) -> None:
        is_known = self._chat.workplace.git_status is not None
        if is_known != self._is_known:
            self._is_known = is_known
            self._page.show_ways()
