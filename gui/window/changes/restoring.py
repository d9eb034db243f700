"""Restores the files to how they were before a prompt, after a question over the window, and undoes that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from gui.bridge.changes import ChangesReader, FilesChanged, ListedPoint, Outcome, Plan, name_of, plan_restore, restore
from gui.window.changes.content import shown
from gui.window.changes.review_bar import LineButton, ReviewBar
from gui.window.sheets.question import SUBJECT_LINES, Question
from gui.wording import changes_texts
from session_host.errors import WorktreeError
from session_host.protocol.values import Activity

NAMED = 3
"""How many files a line names."""
MANY_FILES = 200
"""From this number of files on, a line says that they are being restored."""


class Restoring(QObject):
    """Asks, restores, and says what was done."""

    def __init__(self, reader: ChangesReader, bar: ReviewBar, ask: Callable[[Question], object]) -> None:
        """Set up; ``ask`` shows a question."""
        super().__init__(reader)
        self._reader, self._chat, self._bar, self._show = reader, reader.chat, bar, ask

    def ask(self, listed: ListedPoint) -> None:
        """Ask whether to restore the files to how they were before a prompt."""
        self._reader.tasks.start(self._ask(listed), "restore")

    async def _ask(self, listed: ListedPoint, *, again: bool = False) -> None:
        plan = await self._plan(listed)
        if plan is None or self._reader.is_released:
            return
        then, now = plan.point.branch, plan.branch
        works = not self._chat.has_ended and self._chat.activity is Activity.WORKING
        kept = plan.keeps_untracked
        detail = changes_texts.restore_details(
            changes_texts.CHANGED_MEANWHILE() if again else "",
            changes_texts.restore_counts(*_counts(plan)) if len(plan.files) > SUBJECT_LINES else "",
            changes_texts.RESTORE_UNDOES_ALL(),
            changes_texts.AGENT_WORKS(agent=self._chat.agent_title) if works else "",
            changes_texts.BRANCH_STAYS(then=then, now=now) if then and now and then != now else "",
            changes_texts.LARGE_FILES_STAY(n=plan.too_large) if plan.too_large else "",
            "" if kept else changes_texts.UNTRACKED_STAY(),
            changes_texts.SUBMODULES_STAY(n=plan.submodules) if plan.submodules else "",
        )
        rows = [(file.how, shown(file.path)) for file in plan.files]
        self._show(
            Question(
                changes_texts.RESTORE_QUESTION(n=len(plan.files), prompt=name_of(listed)), changes_texts.RESTORE(),
                lambda: self._restore(plan, listed), detail, changes_texts.restored_files(rows),
                is_code=True, discards=True, fitted=lambda columns: changes_texts.restored_files(rows, columns),
            )
        )  # fmt: skip

    async def _plan(self, listed: ListedPoint) -> Plan | None:
        """The plan of a restore; None, after a line, if it would change nothing or cannot be made."""
        try:
            plan = await asyncio.to_thread(plan_restore, Path(self._chat.record.cwd), listed.point)
        except WorktreeError as error:
            self._say(changes_texts.CANNOT_RESTORE(reason=error))
            return None
        if not plan.files:
            self._say(changes_texts.NOTHING_DIFFERS(prompt=name_of(listed)))
            return None
        return plan

    def _restore(self, plan: Plan, listed: ListedPoint) -> None:
        self._reader.tasks.start(self._restore_now(plan, listed), "restore")

    async def _restore_now(self, plan: Plan, listed: ListedPoint) -> None:
        if len(plan.files) >= MANY_FILES:
            self._say(changes_texts.RESTORING(n=len(plan.files)))
        try:
            outcome = await asyncio.to_thread(restore, Path(self._chat.record.cwd), plan, self._chat.id)
        except FilesChanged:
            await self._ask(listed, again=True)
        except WorktreeError as error:
            self._say(changes_texts.CANNOT_RESTORE(reason=error))
        else:
            self._report(outcome, plan, is_undo=listed.point.about.kind == "restore")
        self._reader.refresh()

    def _report(self, outcome: Outcome, plan: Plan, *, is_undo: bool) -> None:
        def undo() -> None:
            self._reader.tasks.start(self._undo(ListedPoint(outcome.undo, ""), plan), "undo restore")

        if outcome.failed:
            more = ", …" if len(outcome.failed) > NAMED else ""
            paths = ", ".join(shown(path) for path in outcome.failed[:NAMED]) + more
            problem = shown(outcome.problem)
            text = changes_texts.partly_restored(len(outcome.failed), len(plan.files), paths, problem)
        else:
            text = (changes_texts.RESTORE_UNDONE if is_undo else changes_texts.RESTORED)(n=outcome.restored)
        self._say(text, *([] if is_undo and not outcome.failed else [LineButton(changes_texts.UNDO_RESTORE(), undo)]))

    async def _undo(self, before: ListedPoint, restored: Plan) -> None:
        """Undo a restore; ask if other files have changed since."""
        plan = await self._plan(before)
        if plan is None:
            return
        if {file.path for file in plan.files} <= {file.path for file in restored.files}:
            await self._restore_now(plan, before)
        else:
            await self._ask(before, again=True)

    def _say(self, text: str, *offers: LineButton) -> None:
        if not self._reader.is_released:
            self._bar.show_message(text, *offers)


def _counts(plan: Plan) -> tuple[int, int, int]:
    """How many files are modified, recreated and deleted."""
    hows = [file.how for file in plan.files]
    return hows.count("modified"), hows.count("recreated"), hows.count("deleted")
