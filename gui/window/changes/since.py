"""Chooses since when changes are shown: the last commit, the beginning of the branch, or one of the chat's prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial

from PySide6.QtCore import QObject, Qt, Signal

from gui.bridge.changes import Changes, ChangesReader, ListedPoint, Since, name_of
from gui.theme.icons import Glyph, glyph_icon
from gui.theme.theme import Theme
from gui.window.sheets.chooser import Choice, Chooser
from gui.window.widgets.parts import button
from gui.wording import changes_texts
from session_host.errors import WorktreeError

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
        is_elsewhere = reader.directory != reader.chat.record.cwd  # The chat's own directory may have restore points.
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
        except WorktreeError as error:
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
            row = changes_texts.point_row(name_of(each, changes_texts.POINT_ROW_CHARACTERS))
            detail = changes_texts.point_detail(each.point.moment, now, count)
            choices.append(Choice(row, detail, partial(self._set, "prompt", each), cut=Qt.TextElideMode.ElideNone))
        return choices, marked

    def _set(self, since: Since, point: ListedPoint | None = None) -> None:
        reader = self._reader
        reader.since, reader.point = since, point or reader.point
        reader.refresh()
        self.chosen.emit()
