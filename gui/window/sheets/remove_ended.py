"""Removes ended chats that are chosen by age, agent and project."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from gui.bridge.ended_list import EndedRecord
from gui.bridge.removals import UNDO_MS
from gui.bridge.tasks import Tasks
from gui.input.held_keys import is_repeat
from gui.input.in_sight import InSight
from gui.screen_readers import announce
from gui.theme.theme import Theme
from gui.window.sheets.sheet import ASK_PX, Sheet, button_row, field_grid
from gui.window.widgets.parts import ChoiceBox, button, label
from gui.wording import action_texts, common_texts, page_texts, phrases, sheet_texts
from session_host.agents.agent import Agent
from session_host.client.chats.retention import EndedChat
from session_host.client.sessions.selection import Selection, period


class RemoveEndedSheet(Sheet):
    """Shows how many ended chats are chosen, and their size; a button removes them, all but pinned ones.

    Enter in a field goes to the button; only Enter on the button removes chats.
    """

    def __init__(
        self,
        theme: Theme,
        parent: QWidget,
        tasks: Tasks,
        agents: Mapping[str, Agent],
        read: Callable[[], Coroutine[Any, Any, tuple[list[EndedChat], list[str]]]],
        home: Callable[[EndedRecord], str],
    ) -> None:
        """Create the sheet.

        Args:
            theme: the theme.
            parent: the window.
            tasks: the owner of background tasks.
            agents: the catalog.
            read: reads the ended chats and their sizes, and the names of the machines that did not answer.
            home: returns the home directory on the machine of a chat with this record.
        """
        super().__init__(theme, parent, sheet_texts.REMOVE_ENDED_CHATS(), ASK_PX)
        self._tasks, self._agents, self._read_ended, self._home = tasks, agents, read, home
        self._ended: list[EndedChat] | None = None
        """All ended chats; None while they are read."""
        self._unanswered: list[str] = []
        self._chosen: list[EndedChat] = []
        self._on_remove: Callable[[Sequence[str]], object] = lambda _ids: None
        self.age = QLineEdit()
        self.age.setPlaceholderText(sheet_texts.ANY_AGE())
        self.agent, self.project = ChoiceBox(theme), ChoiceBox(theme)
        self.found = label(wraps=True)
        self.cancel = button(common_texts.CANCEL(), "", self.dismiss)
        self.remove = button("", "danger", self._submit)
        self._sight = InSight(self.remove)
        fields = field_grid(
            (sheet_texts.OLDER_THAN(), self.age),
            (sheet_texts.AGENT(), self.agent),
            (sheet_texts.PROJECT(), self.project),
        )
        detail = label(page_texts.REMOVED_FOR_GOOD(seconds=UNDO_MS // 1000), "secondary", wraps=True)
        self.lay_out(
            label(sheet_texts.REMOVE_ENDED_CHATS(), "title"),
            fields,
            self.found,
            detail,
            button_row(self.cancel, self.remove),
        )
        for one in (self.cancel, self.remove):
            one.setAutoDefault(False)  # ``keyPressEvent`` handles Enter, since a key that is still held must not count.
        self.age.textChanged.connect(self._choose)
        for box in (self.agent, self.project):
            box.currentIndexChanged.connect(self._choose)

    def ask(self, on_remove: Callable[[Sequence[str]], object]) -> None:
        """Open the sheet; ``on_remove`` gets the ids of the chosen chats."""
        self._on_remove = on_remove
        self._ended, self._unanswered = None, []
        self.age.setText(sheet_texts.FIRST_AGE)
        self._fill_boxes([])
        self._choose()
        self.open()
        self.age.selectAll()
        self.age.setFocus(Qt.FocusReason.OtherFocusReason)
        self._tasks.start(self._read(), "ended chats")

    async def _read(self) -> None:
        self._ended, self._unanswered = await self._read_ended()
        self._fill_boxes(self._ended)
        self._choose()

    def _fill_boxes(self, ended: Iterable[EndedChat]) -> None:
        records = [each.record for each in ended]
        agents = {each.origin.agent: self._title(each.origin.agent) for each in records}
        projects = {
            each.origin.project: phrases.short_directory(each.origin.project, self._home(each)) for each in records
        }
        for box, texts, of_all in (
            (self.agent, agents, sheet_texts.ALL_AGENTS()),
            (self.project, projects, sheet_texts.ALL_PROJECTS()),
        ):
            with QSignalBlocker(box):
                box.clear()
                box.addItem(of_all, "")
                for value, text in sorted(texts.items(), key=lambda item: item[1].casefold()):
                    box.addItem(text, value)

    def _title(self, agent: str) -> str:
        return self._agents[agent].title if agent in self._agents else agent

    def _choose(self) -> None:
        """Choose the chats that the fields describe, and show their number and size."""
        text = self.age.text().strip()
        older_than = period(text, datetime.now().astimezone().date())
        is_age = older_than is not None or not text
        selection = Selection(
            ended_before=older_than and older_than.first,
            agent=self.agent.currentData() or "",
            project=self.project.currentData() or "",
        )
        found = [each for each in self._ended or () if selection.has(each.record)] if is_age else []
        self._chosen = [each for each in found if not each.record.entry.pinned]
        count, pinned = len(self._chosen), len(found) - len(self._chosen)
        if not is_age:
            line = sheet_texts.NO_AGE()
        elif self._ended is None:
            line = sheet_texts.COUNTING()
        else:
            size = phrases.data_size(sum(each.size_bytes for each in self._chosen))
            line = sheet_texts.chosen_chats(count, size, pinned)
            if self._unanswered:
                line = f"{line}\n{common_texts.DID_NOT_ANSWER(machines=', '.join(self._unanswered))}."
        if line != self.found.text():
            self.found.setText(line)
            if self.is_open:
                announce(self.found, line)
        self.remove.setText(page_texts.REMOVE_CHATS(n=count) if count else action_texts.REMOVE())
        self.remove.setEnabled(bool(count))

    def _submit(self) -> None:
        self.dismiss()
        self._on_remove([each.record.id for each in self._chosen])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            super().keyPressEvent(event)
        elif is_repeat(event):
            pass
        elif self.cancel.hasFocus():
            self.dismiss()
        elif not self.remove.hasFocus():
            self._sight.begin()
            self.remove.setFocus(Qt.FocusReason.TabFocusReason)
        elif self.remove.isEnabled() and self._sight.takes_keys:
            self._submit()
