"""Restores the files to how they were before a prompt, after a question over the window, and undoes that."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from gui.bridge.changes_reader import ChangesReader
from gui.bridge.restore_points import FilesChanged, ListedPoint, Outcome, Plan, name_of, read_plan, restore
from gui.window.changes.content import shown
from gui.window.changes.review_bar import LineButton, ReviewBar
from gui.window.sheets.question import SUBJECT_LINES, Question
from gui.wording import restore_texts
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
        detail = restore_texts.details(
            restore_texts.changed_meanwhile() if again else "",
            restore_texts.counts(*_counts(plan)) if len(plan.files) > SUBJECT_LINES else "",
            restore_texts.undoes_all(),
            restore_texts.agent_works(self._chat.agent_title) if works else "",
            restore_texts.branch_stays(then, now) if then and now and then != now else "",
            restore_texts.large_files_stay(plan.too_large) if plan.too_large else "",
            "" if kept else restore_texts.untracked_stay(),
            restore_texts.submodules_stay(plan.submodules) if plan.submodules else "",
        )
        rows = [(file.how, shown(file.path)) for file in plan.files]
        self._show(
            Question(
                restore_texts.question(len(plan.files), name_of(listed)), restore_texts.restore_(),
                lambda: self._restore(plan, listed), detail, restore_texts.files(rows), is_code=True, discards=True,
                fitted=lambda columns: restore_texts.files(rows, columns),
            )
        )  # fmt: skip

    async def _plan(self, listed: ListedPoint) -> Plan | None:
        """The plan of a restore; None, after a line, if it would change nothing or cannot be made."""
        try:
            plan = await read_plan(self._chat, listed.point)
        except WorktreeError as error:
            self._say(restore_texts.cannot(error))
            return None
        if not plan.files:
            self._say(restore_texts.nothing_differs(name_of(listed)))
            return None
        return plan

    def _restore(self, plan: Plan, listed: ListedPoint) -> None:
        self._reader.tasks.start(self._restore_now(plan, listed), "restore")

    async def _restore_now(self, plan: Plan, listed: ListedPoint) -> None:
        if len(plan.files) >= MANY_FILES:
            self._say(restore_texts.restoring(len(plan.files)))
        try:
            outcome = await restore(self._chat, plan)
        except FilesChanged:
            await self._ask(listed, again=True)
        except WorktreeError as error:
            self._say(restore_texts.cannot(error))
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
            text = restore_texts.partly_restored(len(outcome.failed), len(plan.files), paths, problem)
        else:
            text = (restore_texts.undone if is_undo else restore_texts.restored)(outcome.restored)
        self._say(text, *([] if is_undo and not outcome.failed else [LineButton(restore_texts.undo_restore(), undo)]))

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
