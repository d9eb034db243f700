"""A form for the user's own agent, which is saved as a file in the directory ``agents``."""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
from collections.abc import Container
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QVBoxLayout

from gui.settings.writing import Key, Value, Values, write_values
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.window.settings.context import SettingsContext
from gui.window.sheets.sheet import button_row
from gui.window.widgets.parts import Area, button, label, sentence
from gui.wording import common_texts, settings_texts
from session_host.agents.agent import ARGUMENTS, Agent
from session_host.agents.catalog import is_agent_name, load_agent
from session_host.errors import OutliveError


class AgentForm(Area):
    """The form.

    Signals:
        closed: the agent was saved, or the form was left.
    """

    closed = Signal()

    def __init__(self, context: SettingsContext) -> None:
        super().__init__("card")
        self._context = context
        self._agents = context.agents
        self._edited: Agent | None = None
        self._shown_command = "", ""
        """Program and arguments as the form showed them first."""
        self.title, self.name, self.program, self.words, self.monogram = (QLineEdit() for _ in range(5))
        self.monogram.setMaxLength(2)
        self.monogram.setFixedWidth(64)
        self.problem = label("", "problem")
        self.problem.setWordWrap(True)
        self.save = button(settings_texts.SAVE(), "primary", self._save)
        self.cancel = button(common_texts.CANCEL(), "", self.closed.emit)
        grid = QGridLayout()
        grid.setHorizontalSpacing(GAP_M_PX)
        grid.setVerticalSpacing(GAP_S_PX)
        grid.setColumnStretch(1, 1)
        for row, (name, field) in enumerate(
            (
                (settings_texts.AGENT_TITLE(), self.title),
                (settings_texts.AGENT_NAME(), self.name),
                (settings_texts.AGENT_PROGRAM(), self.program),
                (settings_texts.AGENT_WORDS(), self.words),
                (settings_texts.AGENT_MONOGRAM(), self.monogram),
            )
        ):
            field.setAccessibleName(name)
            grid.addWidget(label(name, "secondary"), row, 0)
            grid.addWidget(field, row, 1, Qt.AlignmentFlag.AlignLeft if field is self.monogram else Qt.AlignmentFlag(0))
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_M_PX, GAP_M_PX, GAP_M_PX, GAP_M_PX)
        column.setSpacing(GAP_S_PX)
        column.addLayout(grid)
        column.addWidget(self.problem)
        column.addLayout(button_row(self.cancel, self.save))
        self.title.textEdited.connect(self._suggest)

    def ask(self, agent: Agent | None) -> None:
        """Show the form for one of the user's own agents, or for a new one (None)."""
        self._edited = agent
        start = [word for word in agent.start if isinstance(word, str) and word != ARGUMENTS] if agent else []
        self.title.setText(agent.title if agent else "")
        self.name.setText(agent.name if agent else "")
        self.name.setEnabled(agent is None)
        self.program.setText(start[0] if start else "")
        self.words.setText(shlex.join(start[1:]))
        self._shown_command = self.program.text(), self.words.text()
        self.monogram.setText(agent.monogram if agent else "")
        self._show_problem("")
        self.show()
        self.title.setFocus(Qt.FocusReason.OtherFocusReason)

    def _suggest(self, title: str) -> None:
        if self._edited is None:
            self.name.setText(re.sub(r"[^a-z0-9_-]+", "-", title.casefold()).strip("-")[:32])
            self.monogram.setText(_monogram(title, {agent.monogram.casefold() for agent in self._agents.values()}))

    def _show_problem(self, problem: str) -> None:
        self.problem.setText(sentence(problem))
        self.problem.setVisible(bool(problem))

    def _save(self) -> None:
        for field in (self.title, self.name, self.program):
            if not field.text().strip():
                self._show_problem(settings_texts.ENTER_A_VALUE(field=field.accessibleName()))
                field.setFocus(Qt.FocusReason.OtherFocusReason)
                return
        name = self.name.text().strip()
        is_taken = self._edited is None and name in self._agents
        if is_taken or not is_agent_name(name):
            self._show_problem(settings_texts.NAME_TAKEN(name=name) if is_taken else settings_texts.INVALID_NAME())
            self.name.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        try:
            values = self._values()
            _check(name, self._agents.file_of(name), values)
            self._context.settings.write(values, f"agents/{name}")
        except (ValueError, OutliveError) as error:
            self._show_problem(str(error))
            return
        self.closed.emit()

    def _values(self) -> dict[Key, Value]:
        """The values to write into the file.

        Raises:
            ValueError: they do not fit; the message is for the user.
        """
        title = self.title.text().strip()
        values: dict[Key, Value] = {
            ("title",): title, ("monogram",): self.monogram.text().strip() or title[:2],
        }  # fmt: skip
        if self._edited is None:
            values["signals", "ends_all"] = True  # It is an agent, not a shell.
        elif self._shown_command == (self.program.text(), self.words.text()):
            return values  # The file may have more than the form shows.
        elif any(not isinstance(part, str) for part in self._edited.start):
            raise ValueError(settings_texts.HAS_MORE(file=f"agents/{self._edited.name}.toml"))
        program, *first = shlex.split(self.program.text())
        values["executable",] = program
        values["start",] = [program, *first, *shlex.split(self.words.text()), ARGUMENTS]
        return values

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._save()
        else:
            super().keyPressEvent(event)


def _monogram(title: str, taken: Container[str]) -> str:
    """Two letters of a title that are not taken: of its first two words, else the first letter and a later one."""
    words = title.split()
    seconds = [*(word[0] for word in words[1:2]), *"".join(words)[1:]]
    found = [f"{words[0][0]}{second}".capitalize() for second in seconds]
    return next((each for each in found if each.casefold() not in taken), "".join(words)[:2].capitalize())


def _check(name: str, file: Path, values: Values) -> None:
    """Check the values: write them into a copy of the agent's file, and read it as the catalog does.

    Raises:
        OutliveError: the catalog refuses them; the message is without the copy's directory.
    """
    with tempfile.TemporaryDirectory(prefix="outlive-agent-") as directory:
        path = Path(directory, "agents", f"{name}.toml")
        path.parent.mkdir()
        if file.exists():
            shutil.copyfile(file, path)
        write_values(path, values)
        try:
            load_agent(Path(directory), name)
        except OutliveError as error:
            raise OutliveError(str(error).replace(f"{path.parent}/", "")) from error
