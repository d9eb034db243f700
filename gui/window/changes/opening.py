"""Shows and folds the unchanged lines that a diff hides: those that the user opens, and those with comments."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gui.bridge.changes import Changes, ChangesReader
from gui.chat.content.segments import Action
from gui.chat.drawing.code import SHOWN_AT_ONCE
from gui.window.changes.anchors import lines_of
from gui.window.changes.content import shown
from gui.window.changes.hidden_lines import HiddenLines
from gui.window.changes.page import ChangesPage
from gui.window.changes.review_bar import ReviewBar
from gui.window.widgets.accessibility import announce
from gui.wording import changes_texts
from session_host.errors import WorktreeError


class Opening(QObject):
    """Reads the files as they were before the changes, and shows lines of them."""

    def __init__(self, page: ChangesPage, reader: ChangesReader, bar: ReviewBar) -> None:
        super().__init__(page)
        self._page, self._reader, self._bar = page, reader, bar
        self._reading: set[HiddenLines] = set()
        page.action_triggered.connect(self._on_action)
        page.lines_needed.connect(lambda key: self._start(key, ""))

    def _on_action(self, action: Action) -> None:
        if action.kind == "lines":
            self._start(action.item, action.value)
        elif action.kind == "fold_lines":
            self._page.fold_lines(action.item)

    def _start(self, key: str, asked: str) -> None:
        """Show hidden lines of a file: "first-last", or "first-" for those at its end; "" only reads the file."""
        changes, hidden = self._reader.changes, self._page.hidden_lines(key)
        if changes is None or hidden is None:
            return
        if hidden.lines is not None:
            self._show(key, hidden, asked)
        elif hidden not in self._reading:
            self._reading.add(hidden)
            self._reader.tasks.start(self._read(changes, key, hidden, asked), "lines")

    async def _read(self, changes: Changes, key: str, hidden: HiddenLines, asked: str) -> None:
        file = self._page.file(key)
        lines: tuple[str, ...] = ()
        problem = ""
        try:
            lines = await self._reader.lines_before(changes, file) if file is not None else ()
        except WorktreeError as error:
            problem = str(error)
        finally:
            self._reading.discard(hidden)
        if self._reader.is_released or self._page.hidden_lines(key) is not hidden:
            return  # The files are compared with something else now, in which the user has asked for nothing yet.
        file = self._page.file(key)
        if not problem and file is not None:
            hidden.lines = lines
            if hidden.fits(lines_of(file)):
                self._show(key, hidden, asked)
                return
            hidden.lines, problem = None, changes_texts.OTHER_LINES()
        if asked:
            self._bar.show_message(changes_texts.CANNOT_SHOW(path=shown(key), reason=problem))

    def _show(self, key: str, hidden: HiddenLines, asked: str) -> None:
        """Show hidden lines of a file that is read."""
        opened: set[int] = set()
        if asked:
            first, last = asked.split("-")
            end = int(last) + 1 if last else len(hidden.lines or ()) + 1
            if not last and end - int(first) > 2 * SHOWN_AT_ONCE:
                end = int(first) + SHOWN_AT_ONCE
            opened = set(range(int(first), end)) - hidden.shown
            hidden.opened |= opened
        self._page.show_opened_lines(key)
        if asked:
            announce(self._page, changes_texts.SHOWN_LINES(n=len(opened)))
