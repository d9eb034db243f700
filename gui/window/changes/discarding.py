"""Discards changes in the window: a hunk at once, a file after a question below its head; both can be undone."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from gui.bridge.changes import ChangedFile, ChangesReader, Discarded, discard, hunks_of, undo
from gui.chat.content.segments import Action, DiffLine
from gui.window.changes import anchors
from gui.window.changes.content import shown
from gui.window.changes.line_ranges import LineRange
from gui.window.changes.page import ChangesPage
from gui.window.changes.review_bar import LineButton, ReviewBar
from gui.wording import changes_texts
from gui.wording.text import Text
from session_host.errors import WorktreeError


class Discarding(QObject):
    """Adds what can be discarded to menus, asks, and says what was done."""

    def __init__(self, page: ChangesPage, reader: ChangesReader, bar: ReviewBar) -> None:
        super().__init__(page)
        self._page, self._reader, self._bar = page, reader, bar
        self._is_busy = False
        page.action_triggered.connect(self._on_action)
        page.line_menu_made.connect(self._add_hunk)
        page.file_menu_made.connect(self._add_file)

    # ------------------------------------------------------------ asking

    def _add_hunk(self, menu: QMenu, lines: LineRange) -> None:
        file, hunk = self._page.file(lines.key), self._hunk_of(lines)
        if file is not None and hunk is not None:
            menu.addAction(
                changes_texts.DISCARD_CHANGE(),
                lambda: self._start(self._discard(file, hunk), changes_texts.CANNOT_DISCARD),
            )

    def _add_file(self, menu: QMenu, key: str) -> None:
        if self._page.can_discard(key):
            menu.addAction(changes_texts.DISCARD_FILE(), lambda: self._page.ask_discard(key))

    def _hunk_of(self, lines: LineRange) -> int | None:
        """The number of the hunk that has all of these lines; None if it cannot be discarded alone."""
        file = self._page.file(lines.key)
        if file is None or not self._page.is_since_commit or not hunks_of(file):
            return None
        hunks: dict[DiffLine, int] = {}
        number = -1
        for line in anchors.lines_of(file):
            number += line.kind == "@"
            hunks[line] = number
        chosen = self._page.lines(lines.key)[lines.first : lines.last + 1]
        found = {hunks.get(line) for line in chosen if line.has_sign}
        return found.pop() if len(found) == 1 else None

    def _on_action(self, action: Action) -> None:
        if action.kind != "discard":
            return
        file = self._page.file(action.item)
        if not action.value:
            self._page.ask_discard(action.item)
        else:
            self._page.ask_discard("")
            if action.value == "yes" and file is not None:
                self._start(self._discard(file, None), changes_texts.CANNOT_DISCARD)

    # ------------------------------------------------------------ doing

    def _start(self, work: Coroutine[Any, Any, None], cannot: Text) -> None:
        """Start work on the files; ``cannot`` says that it was refused."""
        if self._is_busy:
            work.close()
            return
        self._is_busy = True
        self._reader.tasks.start(self._run(work, cannot), "discard")

    async def _run(self, work: Coroutine[Any, Any, None], cannot: Text) -> None:
        try:
            await work
        except WorktreeError as error:
            self._say(cannot(reason=error))
        finally:
            self._is_busy = False
        self._reader.refresh()

    async def _discard(self, file: ChangedFile, hunk: int | None) -> None:
        reader, changes = self._reader, self._reader.changes
        if changes is None:
            return
        done = await asyncio.to_thread(discard, Path(reader.directory), changes, file, reader.chat.id, hunk)
        is_whole = hunk is None and file.state in {"added", "untracked", "deleted"}
        count = 0 if is_whole else 1 if hunk is not None else max(hunks_of(file), 1)
        text = changes_texts.discarded(shown(file.path), file.state, count)
        button = LineButton(
            changes_texts.undo_discard(), lambda: self._start(self._undo(done), changes_texts.CANNOT_UNDO_DISCARD)
        )
        self._say(text, button)

    async def _undo(self, done: Discarded) -> None:
        await asyncio.to_thread(undo, Path(self._reader.directory), done, self._reader.chat.id)
        self._say(changes_texts.DISCARD_UNDONE(path=shown(done.path)))

    def _say(self, text: str, *offers: LineButton) -> None:
        if not self._reader.is_released:
            self._bar.show_message(text, *offers)
