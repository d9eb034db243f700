"""Restores the files to how they were before a prompt, after a question over the window, and undoes that."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMenu

from gui.bridge.changes import (
    ChangedFile,
    Changes,
    ChangesReader,
    Discarded,
    ListedPoint,
    Plan,
    Restored,
    RestorePoint,
    Since,
    Stay,
    changed_since_restore,
    discard,
    hunks_of,
    name_of,
    plan_restore,
    restore,
    stay_lines,
    undo,
)
from gui.chat.content.segments import Action
from gui.chat.page.diff_lines import LineRange
from gui.theme.icons import Glyph, glyph_icon
from gui.theme.theme import Theme
from gui.window.sheets.chooser import Choice, Chooser
from gui.window.sheets.question import SUBJECT_LINES, Question
from gui.window.widgets.parts import button
from gui.wording import changes_texts, phrases
from gui.wording.text import Text
from session_host.errors import FilesChanged, OutliveError
from session_host.protocol.values import Activity
from session_host.structured.patches import DiffLine, changed_runs

from . import anchors
from .content import shown
from .page import ChangesPage
from .review import LineButton, ReviewBar

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

    async def _ask(self, listed: ListedPoint, *, again: bool = False, restored: RestorePoint | None = None) -> None:
        """Ask before a restore; before the undo of one, of the point ``restored``, only if it would undo later work."""
        plan = await self._plan(listed)
        if plan is None or self._reader.is_released:
            return
        later = await self._changed_since(restored, plan) if restored is not None else ()
        if restored is not None and later == ():
            await self._restore_now(plan, listed, restored)
            return
        then, now = plan.point.branch, plan.branch
        works = not self._chat.has_ended and self._chat.record.status.activity is Activity.WORKING
        kept = plan.keeps_untracked
        detail = changes_texts.restore_details(
            changes_texts.CHANGED_MEANWHILE() if again else "",
            changes_texts.PERHAPS_CHANGED_SINCE_RESTORE() if later is None else "",
            changes_texts.CHANGED_SINCE_RESTORE(n=len(later)) if later else "",
            changes_texts.restore_counts(*_counts(plan)) if len(plan.files) > SUBJECT_LINES else "",
            changes_texts.RESTORE_UNDOES_ALL(),
            changes_texts.AGENT_WORKS(agent=self._chat.agent_title) if works else "",
            changes_texts.BRANCH_STAYS(then=then, now=now) if then and now and then != now else "",
            *_staying(plan.stays),
            changes_texts.UNSAVED_FILES_STAY(n=plan.too_large) if plan.too_large and not plan.stays else "",
            "" if kept else changes_texts.UNTRACKED_STAY(),
            changes_texts.SUBMODULES_STAY(n=plan.submodules) if plan.submodules else "",
        )
        files = sorted(plan.files, key=lambda file: file.path not in (later or ()))
        rows = [(file.how, shown(file.path)) for file in files]
        self._show(
            Question(
                changes_texts.RESTORE_QUESTION(n=len(plan.files), prompt=name_of(listed)),
                changes_texts.RESTORE(),
                lambda: self._reader.tasks.start(self._restore_now(plan, listed, restored), "restore"),
                detail,
                changes_texts.restored_files(rows),
                is_code=True,
                discards=True,
                fitted=lambda columns: changes_texts.restored_files(rows, columns),
            )
        )

    async def _plan(self, listed: ListedPoint) -> Plan | None:
        """The plan of a restore; None, after a line, if it would change nothing or cannot be made."""
        try:
            plan = await self._chat.machine.call(plan_restore, Path(self._chat.record.origin.cwd), listed.point)
        except OutliveError as error:
            self._say(changes_texts.CANNOT_RESTORE(reason=error))
            return None
        if not plan.files:
            nothing = changes_texts.NOTHING_DIFFERS(prompt=name_of(listed))
            self._say(changes_texts.restore_details(*_staying(plan.stays), nothing))
            return None
        return plan

    async def _changed_since(self, restored: RestorePoint, undo: Plan) -> tuple[str, ...] | None:
        """The files that an undo changes and that are not as the restore left them; None for unknown ones."""
        try:
            directory = Path(self._chat.record.origin.cwd)
            return await self._chat.machine.call(changed_since_restore, directory, undo, restored)
        except OutliveError:
            return None  # Such as a machine with version 0.1.0.

    async def _restore_now(self, plan: Plan, listed: ListedPoint, restored: RestorePoint | None) -> None:
        if len(plan.files) >= MANY_FILES:
            self._say(changes_texts.RESTORING(n=len(plan.files)))
        try:
            outcome = await self._chat.machine.call(
                restore, Path(self._chat.record.origin.cwd), plan, self._chat.session_id
            )
        except FilesChanged:
            await self._ask(listed, again=True, restored=restored)
        except OutliveError as error:
            self._say(changes_texts.CANNOT_RESTORE(reason=error))
        else:
            self._report(outcome, plan)
        self._reader.refresh()

    def _report(self, outcome: Restored, plan: Plan) -> None:
        undone = plan.point.about.maker if plan.point.about.restores else None

        def undo() -> None:
            self._reader.tasks.start(self._ask(ListedPoint(outcome.undo, ""), restored=plan.point), "undo restore")

        if outcome.failed:
            more = ", …" if len(outcome.failed) > NAMED else ""
            paths = ", ".join(shown(path) for path in outcome.failed[:NAMED]) + more
            problem = shown(outcome.problem)
            text = changes_texts.partly_restored(len(outcome.failed), len(plan.files), paths, problem)
        else:
            done = {None: changes_texts.RESTORED, "undo": changes_texts.UNDO_UNDONE}
            text = done.get(undone, changes_texts.RESTORE_UNDONE)(n=outcome.restored)
        text = changes_texts.restore_details(text, *_staying(outcome.stayed))
        name = changes_texts.UNDO_RESTORE() if undone is None else changes_texts.UNDO_COMMENT()
        self._say(text, LineButton(name, undo))

    def _say(self, text: str, *offers: LineButton) -> None:
        if not self._reader.is_released:
            self._bar.show_message(text, *offers)


def _staying(stays: Iterable[Stay]) -> list[str]:
    """The files that a restore leaves as they are, a sentence for each reason."""
    return [changes_texts.STAYING(line=line) for line in stay_lines(tuple(stays), shown, NAMED)]


def _counts(plan: Plan) -> tuple[int, int, int]:
    """How many files are modified, recreated and deleted."""
    hows = [file.how for file in plan.files]
    return hows.count("modified"), hows.count("recreated"), hows.count("deleted")


_ARROW_PX = 12
_FRAME_PX = 44
"""The room beside the button's text."""


class SinceSelector(QObject):
    """A button that names what the files are compared with, and opens the list of all that they can be compared with.

    Attributes:
        button: the button; hidden if nothing can be compared.

    Signals:
        chosen: the user has chosen.
    """

    chosen = Signal()

    def __init__(self, theme: Theme, reader: ChangesReader, chooser: Chooser, say: Callable[[str], object]) -> None:
        """Make the button; ``chooser`` shows the list, ``say`` a line."""
        super().__init__(reader)
        self._theme, self._reader, self._chooser, self._say = theme, reader, chooser, say
        self._max_px = 0
        self.button = button("", "quiet", self.choose)
        self.button.setAccessibleDescription(changes_texts.SHOW_SINCE())
        self.button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # The arrow is behind the text.
        self.button.hide()
        self._apply_theme()
        theme.changed.connect(self._apply_theme)

    def _apply_theme(self) -> None:
        self.button.setIcon(glyph_icon(Glyph.EXPANDED, self._theme.tokens, size_px=_ARROW_PX))

    def describe(self) -> None:
        """Update the button."""
        reader, changes = self._reader, self._reader.changes
        is_elsewhere = (
            reader.directory != reader.chat.record.origin.cwd
        )  # The chat's own directory may have restore points.
        self.button.setVisible(changes is not None or reader.point is not None or is_elsewhere)
        name = self._name(reader.since if changes is None else changes.since, changes)
        self.button.setAccessibleName(name)
        self.fit(self._max_px)

    def fit(self, max_px: int) -> None:
        """Cut the button's text to a width."""
        self._max_px = max_px
        whole, metrics = self.button.accessibleName(), self.button.fontMetrics()
        text = metrics.elidedText(whole, Qt.TextElideMode.ElideRight, max(max_px - _FRAME_PX, _FRAME_PX))
        self.button.setText(text.replace("&", "&&"))

    def _name(self, since: Since, changes: Changes | None) -> str:
        if since == "prompt" and self._reader.point is not None:
            return changes_texts.SINCE_PROMPT(prompt=name_of(self._reader.point))
        if since == "branch" and changes is not None:
            return changes_texts.SINCE_BRANCH(branch=changes.default_branch)
        return changes_texts.SINCE_COMMIT()

    # ------------------------------------------------------------ choosing

    def choose(self) -> None:
        """Open the list; the prompts follow when they are read."""
        name = changes_texts.SHOW_SINCE()
        choices, marked = self._choices([])
        self._chooser.ask(name, name, choices, marked=marked)
        self._reader.tasks.start(self._list(), "restore points")

    async def _list(self) -> None:
        """Add the chat's restore points to the list; without any, a line says why."""
        problem = changes_texts.NO_POINTS_YET()
        points = list[tuple[ListedPoint, int]]()
        try:
            points = await self._reader.points()
        except OutliveError as error:
            problem = changes_texts.CANNOT_RESTORE(reason=error)
        if self._reader.is_released:
            return
        choices, marked = self._choices(points)
        if len(choices) == 1:
            self._chooser.dismiss()
        else:
            self._chooser.replace(choices, marked)
        if not points:
            self._say(problem)

    def _choices(self, points: Iterable[tuple[ListedPoint, int | None]]) -> tuple[list[Choice], int]:
        """All choices, and the number of the current one; ``points``: how many files have changed since each."""
        reader, changes, now = self._reader, self._reader.changes, datetime.now(UTC)
        since = reader.since if changes is None else changes.since
        choices = [Choice(changes_texts.LAST_COMMIT(), "", partial(self._set, "commit"))]
        if changes is not None and changes.default_branch:
            name = changes_texts.BRANCH_START(branch=changes.default_branch)
            choices.append(Choice(name, "", partial(self._set, "branch")))
        marked = len(choices) - 1 if since == "branch" else 0
        listed = [(each, count) for each, count in points if count or each.point.about.kind == "prompt"]
        chosen = reader.point
        if chosen is not None and all(each.point != chosen.point for each, _ in listed):
            listed.append((chosen, None))  # Such as one of another chat, of which this is a fork.
        for each, count in listed:
            if since == "prompt" and chosen is not None and each.point == chosen.point:
                marked = len(choices)
            row = phrases.first_upper(name_of(each, changes_texts.POINT_ROW_CHARACTERS))
            detail = changes_texts.point_detail(each.point.moment, now, count)
            choices.append(Choice(row, detail, partial(self._set, "prompt", each), cut=Qt.TextElideMode.ElideNone))
        return choices, marked

    def _set(self, since: Since, point: ListedPoint | None = None) -> None:
        reader = self._reader
        reader.since, reader.point = since, point or reader.point
        reader.refresh()
        self.chosen.emit()


class _Run(NamedTuple):
    """Changed lines between unchanged ones, which can be discarded alone.

    Attributes:
        hunk: the number of their hunk.
        number: their number in the hunk; None for the only ones, which another machine with 0.1.0 can discard, too.
        lines: their lines.
    """

    hunk: int
    number: int | None
    lines: frozenset[DiffLine]

    @property
    def size(self) -> int:
        """How many lines have changed; a line that replaces another one is one."""
        kinds = [line.kind for line in self.lines]
        return max(kinds.count("+"), kinds.count("-"))


def _runs_of(file: ChangedFile) -> list[_Run]:
    """The runs of a file's change."""
    lines = anchors.lines_of(file)
    heads = [place for place, line in enumerate(lines) if line.kind == "@"]
    found = []
    for hunk, (begin, end) in enumerate(pairwise([*heads, len(lines)])):
        runs = changed_runs(line.kind for line in lines[begin:end])
        for number, run in enumerate(runs):
            own = lines[begin + run.start : begin + run.stop]
            found.append(_Run(hunk, number if len(runs) > 1 else None, frozenset(own)))
    return found


class Discarding(QObject):
    """Adds what can be discarded to menus, asks, and says what was done."""

    def __init__(self, page: ChangesPage, reader: ChangesReader, bar: ReviewBar) -> None:
        super().__init__(page)
        self._page, self._reader, self._bar = page, reader, bar
        self._is_busy = False
        page.action_triggered.connect(self._on_action)
        page.line_menu_made.connect(self._add_run)
        page.file_menu_made.connect(self._add_file)

    # ------------------------------------------------------------ asking

    def _add_run(self, menu: QMenu, lines: LineRange) -> None:
        """Offer to discard the run of changed lines, which the page marks while the pointer is on the item."""
        file, run = self._page.file(lines.key), self._run_of(lines)
        if file is None or run is None:
            return
        action = menu.addAction(
            changes_texts.DISCARD_CHANGE(),
            lambda: self._start(self._discard(file, run), changes_texts.CANNOT_DISCARD, file.path),
        )
        places = [place for place, line in enumerate(self._page.lines(lines.key)) if line in run.lines]
        whole = LineRange(lines.key, places[0], places[-1])
        menu.hovered.connect(lambda each: self._page.point_out(whole if each is action else None))
        menu.aboutToHide.connect(lambda: self._page.point_out(None))

    def _add_file(self, menu: QMenu, key: str) -> None:
        if self._page.can_discard(key):
            menu.addAction(changes_texts.DISCARD_FILE(), lambda: self._page.ask_discard(key))

    def _run_of(self, lines: LineRange) -> _Run | None:
        """The only run that has changed ones among these lines; None for none, or if it cannot be discarded alone."""
        file = self._page.file(lines.key)
        if file is None or not self._page.is_since_commit or not hunks_of(file):
            return None
        chosen = {line for line in self._page.lines(lines.key)[lines.first : lines.last + 1] if line.kind in {"+", "-"}}
        found = [run for run in _runs_of(file) if not chosen.isdisjoint(run.lines)]
        return found[0] if len(found) == 1 else None

    def _on_action(self, action: Action) -> None:
        if action.kind != "discard":
            return
        file = self._page.file(action.item)
        if not action.value:
            self._page.ask_discard(action.item)
        else:
            self._page.ask_discard("")
            if action.value == "yes" and file is not None:
                self._start(self._discard(file, None), changes_texts.CANNOT_DISCARD, file.path)

    # ------------------------------------------------------------ doing

    def _start(self, work: Coroutine[Any, Any, None], cannot: Text, path: str) -> None:
        """Start work on a file; ``cannot`` says that it was refused."""
        if self._is_busy:
            work.close()
            return
        self._is_busy = True
        self._reader.tasks.start(self._run(work, cannot, path), "discard")

    async def _run(self, work: Coroutine[Any, Any, None], cannot: Text, path: str) -> None:
        try:
            await work
        except OutliveError as error:
            self._say(cannot(path=shown(path), reason=error))
        finally:
            self._is_busy = False
        self._reader.refresh()

    async def _discard(self, file: ChangedFile, run: _Run | None) -> None:
        reader, changes = self._reader, self._reader.changes
        if changes is None:
            return
        chat = reader.chat
        part = () if run is None else (run.hunk,) if run.number is None else (run.hunk, run.number)
        done = await chat.machine.call(discard, Path(reader.directory), changes, file, chat.session_id, *part)
        count = sum(each.size for each in (_runs_of(file) if run is None else [run]))
        text = changes_texts.discarded(shown(file.path), file.state, count)
        button = LineButton(
            changes_texts.UNDO_COMMENT(),
            lambda: self._start(self._undo(done), changes_texts.CANNOT_UNDO_DISCARD, file.path),
        )
        self._say(text, button)

    async def _undo(self, done: Discarded) -> None:
        chat = self._reader.chat
        await chat.machine.call(undo, Path(self._reader.directory), done, chat.session_id)
        self._say(changes_texts.DISCARD_UNDONE(path=shown(done.path)))

    def _say(self, text: str, *offers: LineButton) -> None:
        if not self._reader.is_released:
            self._bar.show_message(text, *offers)
