"""The sheet that asks for the destination and the name of a machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QWidget

from gui.screen_readers import announce
from gui.theme.theme import Theme
from gui.window.sheets.sheet import ASK_PX, Sheet, button_row, field_grid
from gui.window.widgets.parts import button, label, sentence, show_text
from gui.wording import common_texts, machine_texts
from session_host.machines.names import NAME, problem_of_destination, problem_of_name


class AddMachineSheet(Sheet):
    """Asks for a destination, and for a name, which it suggests."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, machine_texts.ADD_TITLE(), ASK_PX, self._submit)
        self._taken: Collection[str] = ()
        self._on_submit: Callable[[str, str], object] = lambda _name, _destination: None
        self.destination, self.name = QLineEdit(), QLineEdit()
        self.destination.setPlaceholderText(machine_texts.DESTINATION_EXAMPLE())
        self.problem = label("", "failed", wraps=True)
        self.accept = button(machine_texts.ADD_BUTTON(), "primary", self._submit)
        cancel = button(common_texts.CANCEL(), "", self.dismiss)
        self.lay_out(
            label(machine_texts.ADD_TITLE(), "title"),
            label(machine_texts.ADD_HINT(), "secondary", wraps=True),
            field_grid((machine_texts.DESTINATION(), self.destination), (machine_texts.NAME_HERE(), self.name)),
            self.problem,
            button_row(cancel, self.accept),
        )
        self.destination.textChanged.connect(self._on_destination)
        self.name.textChanged.connect(lambda _text: self._show_problem(""))

    def ask(self, destination: str, taken: Collection[str], on_submit: Callable[[str, str], object]) -> None:
        """Open the sheet.

        Args:
            destination: the suggested destination.
            taken: the names of other machines.
            on_submit: gets the name and the destination.
        """
        self._taken, self._on_submit = taken, on_submit
        self.name.setModified(False)
        self.destination.setText(destination)
        self._on_destination(destination)
        self.open()
        (self.name if destination else self.destination).setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_destination(self, destination: str) -> None:
        if not self.name.isModified():
            self.name.setText(suggested_name(destination.strip(), self._taken))
        self._show_problem("")

    def _show_problem(self, problem: str) -> None:
        show_text(self.problem, sentence(problem))
        if problem:
            announce(self.problem, self.problem.text())

    def _submit(self) -> None:
        destination, name = self.destination.text().strip(), self.name.text().strip()
        taken = machine_texts.TAKEN(name=name) if name in self._taken else ""
        for field, problem in (
            (self.destination, problem_of_destination(destination)),
            (self.name, problem_of_name(name) or taken),
        ):
            if problem:
                self._show_problem(problem)
                field.setFocus(Qt.FocusReason.OtherFocusReason)
                return
        self.dismiss()
        self._on_submit(name, destination)


def suggested_name(destination: str, taken: Collection[str]) -> str:
    """A name for a machine: its host's name without the domain, with a number if that is taken; "" for none."""
    host = destination.removeprefix("ssh://").rpartition("@")[2].strip("[]/")
    if not re.fullmatch(r"[\d.]+(:\d+)?", host):
        host = host.partition(".")[0]
    found = NAME.match(host.partition(":")[0])
    if found is None:
        return ""
    name = found.group()
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(each for each in numbered if each not in taken)
