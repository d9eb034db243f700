"""The agent's plan and the files that the chat has changed, and the strip above the prompt that shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from gui.theme.menu import Menu
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.theme.tooltips import set_tooltip
from gui.wording import changes_texts, chat_texts
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import Item
from session_host.structured.patches import counts
from session_host.structured.transcript import Transcript

from .content.patches import shown_path

_MAX_FILES = 40
"""Files in the menu; the last changed ones."""
_WIDE_PX = 240
"""A narrower strip has no margins."""
_MIN_STEP_PX = 120
"""If the plan has less room, only the files are shown."""


class SummaryStrip(QWidget):
    """The strip; hidden while there is neither a plan nor a changed file.

    Signals:
        item_chosen(str): the user goes to an item: the plan, or the last change of a file.
    """

    item_chosen = Signal(str)

    def __init__(self, directory: str, show_changes: Callable[[], object]) -> None:
        """Make the strip; paths are shown relative to ``directory``, and ``show_changes`` shows all its changes."""
        super().__init__()
        self._directory = directory
        self._show_changes = show_changes
        self._step = ""
        self._plan_item = ""
        self._files: list[ChangedFile] = []
        self._file_texts: tuple[str, ...] = ()
        """The texts of the button with the files, the longest first."""
        self._has_room = True
        self._menu = Menu(self)
        self.plan_button = self._button()
        self.plan_button.clicked.connect(lambda _checked: self.item_chosen.emit(self._plan_item))
        self.files_button = self._button()
        self.files_button.clicked.connect(lambda _checked: self._show_menu())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_S_PX)
        row.addWidget(self.plan_button)
        row.addStretch(1)
        row.addWidget(self.files_button)
        self.hide()

    @staticmethod
    def _button() -> QPushButton:
        button = QPushButton()
        button.setProperty("kind", "quiet")
        button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        return button

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def show_summary(self, summary: Summary) -> None:
        """Show the plan, unless all of it is done, and the number of changed files."""
        entries = summary.plan.plan if summary.plan is not None else ()
        done = sum(entry.status == "completed" for entry in entries)
        step = ""
        if summary.plan is not None and done < len(entries):
            current = next((entry for entry in entries if entry.status == "in_progress"), None)
            current = current or next(entry for entry in entries if entry.status == "pending")
            self._plan_item = summary.plan.id
            step = chat_texts.PLAN_STEP(done=done, count=len(entries), step=one_line(current.text))
        files = list(summary.files.values())
        if (step, files) == (self._step, self._files):
            return
        self._step, self._files = step, files
        added, removed = sum(file.added for file in files), sum(file.removed for file in files)
        lines = changes_texts.changed_lines(added, removed)
        self._file_texts = (chat_texts.edited_files(len(files), lines) if files else "", lines)
        self.files_button.setAccessibleName(self._file_texts[0])
        self.files_button.setAccessibleDescription(changes_texts.spoken_lines(added, removed))
        self._fit()
        self._show()

    def set_room(self, *, enough: bool) -> None:
        """Set whether the view has room for the strip."""
        self._has_room = enough
        self._show()

    def _show(self) -> None:
        self.setVisible(self._has_room and bool(self._step or self._files))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Show what fits: the step is elided; the button of the files has a shorter text, or is hidden."""
        button, files = self.plan_button, self.files_button
        side_px = GAP_M_PX if self.width() >= _WIDE_PX else 0  # Its texts are below those of the page.
        self.setContentsMargins(side_px, 0, side_px, 0)
        frame_px = 2 * GAP_S_PX + 4
        metrics, room_px = files.fontMetrics(), self.width() - frame_px - 2 * side_px
        fitting = (text for text in self._file_texts if metrics.horizontalAdvance(text) <= room_px)
        shown = next(fitting, "") if self._files else ""
        files.setText(shown)
        set_tooltip(files, "" if shown == files.accessibleName() else files.accessibleName())
        files.setVisible(bool(shown))
        taken_px = files.sizeHint().width() + GAP_S_PX if shown else 0
        room_px = self.width() - taken_px - frame_px - 2 * side_px
        button.setVisible(bool(self._step) and room_px >= _MIN_STEP_PX)
        if self._step:
            elided = button.fontMetrics().elidedText(self._step, Qt.TextElideMode.ElideRight, room_px)
            button.setText(elided.replace("&", "&&"))
            button.setAccessibleName(self._step)
            set_tooltip(button, self._step if elided != self._step else "")

    def _show_menu(self) -> None:
        button = self.files_button
        self._fill_menu()
        above = QPoint(button.width() - self._menu.sizeHint().width(), -self._menu.sizeHint().height() - 4)
        self._menu.popup(button.mapToGlobal(above))
        self._menu.setActiveAction(self._menu.actions()[0])

    def _fill_menu(self) -> None:
        self._menu.clear()
        self._menu.addAction(chat_texts.SHOW_CHANGES(), self._show_changes)
        self._menu.addSeparator()
        for file in reversed(self._files[-_MAX_FILES:]):
            lines = changes_texts.changed_lines(file.added, file.removed)
            text = f"{shown_path(file.path, self._directory)}\t{lines}".replace("&", "&&")
            action = self._menu.addAction(text)
            action.triggered.connect(lambda _checked, item=file.item: self.item_chosen.emit(item))
        if (hidden := len(self._files) - _MAX_FILES) > 0:
            self._menu.addAction(chat_texts.MORE_FILES(n=hidden)).setEnabled(False)


class Summary:
    """The plan and the changed files of one transcript, read as the transcript grows.

    Attributes:
        files: the changed files by their paths; the last changed one comes last.
        plan: the newest plan of the main agent; None if there is none, or if a later turn has ended without a new one.
    """

    def __init__(self) -> None:
        self.plan: Item | None = None
        self.files: dict[str, ChangedFile] = {}
        self._edits: dict[str, tuple[ChangedFile, ...]] = {}
        """The files that each tool has changed, by its item."""
        self._plans: set[str] = set()
        self._prompts: set[str] = set()

    def update(self, transcript: Transcript, changed: Iterable[str]) -> None:
        """Read the items that were added or changed, and leave out those that were removed."""
        edits = {item_id: files for item_id, files in self._edits.items() if item_id in transcript}
        for item_id in changed:
            if (item := transcript.get(item_id)) is None:
                continue
            edits.pop(item_id, None)
            if item.kind == "tool" and item.status == "done" and item.changes:
                edits[item_id] = tuple(
                    ChangedFile(change.moved_to or change.path, *counts([change]), item_id, change.path)
                    for change in item.changes
                )
            (self._plans.add if item.kind == "plan" and not item.parent else self._plans.discard)(item_id)
            (self._prompts.add if item.kind == "user" else self._prompts.discard)(item_id)
        if edits != self._edits:
            self._edits = edits
            self._add_up(sorted(edits, key=transcript.position))
        plans = [transcript.position(item_id) for item_id in self._plans if item_id in transcript]
        self.plan = transcript[max(plans)] if plans else None
        if self.plan is not None and self._is_over(transcript, max(plans), self.plan):
            self.plan = None

    def _add_up(self, in_order: Iterable[str]) -> None:
        self.files = {}
        for change in (change for item_id in in_order for change in self._edits[item_id]):
            added, removed = change.added, change.removed
            if (previous := self.files.pop(change.previous, None)) is not None:
                added, removed = previous.added + added, previous.removed + removed
            self.files[change.path] = change._replace(added=added, removed=removed)

    def _is_over(self, transcript: Transcript, position: int, plan: Item) -> bool:
        """Whether a turn has ended, or two have begun, since a plan."""
        later = range(position, transcript.queue_start)
        prompts = (transcript.get(item_id) for item_id in self._prompts)
        turns = {item.turn for item in prompts if item is not None and transcript.position(item.id) in later}
        turns -= {"", plan.turn}
        return len(turns) > 1 or (len(turns) == 1 and not transcript.status.is_running)


class ChangedFile(NamedTuple):
    """A file that the chat has changed.

    Attributes:
        path: as the agent reports it; the new one of a moved file.
        added, removed: the numbers of lines, over all changes of the chat.
        item: the id of the last item that changed it.
        previous: its path before that change.
    """

    path: str
    added: int
    removed: int
    item: str
    previous: str
