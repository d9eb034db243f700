"""Composite fields of the sheet that starts a chat."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.bridge.git_status import Status
from gui.bridge.new_chat import SetupEntry
from gui.settings.preferences import endpoint_defaults
from gui.theme.controls import FlowLayout
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.theme.tooltips import set_tooltip
from gui.window.new_chat.request import InvalidField, endpoint_arguments
from gui.window.widgets.parts import CopyButton, button, label, monospace_font
from gui.wording import new_chat_texts
from session_host.agents.agent import Agent
from session_host.endpoint.server.addresses import base_url
from session_host.errors import UsageError
from session_host.protocol.values import Runtime

_EXAMPLE_URL = "http://127.0.0.1:8080/v1"


class PresetButtons(QWidget):
    """Buttons for named arguments, each of them on or off."""

    def __init__(self) -> None:
        super().__init__()
        self._presets: Mapping[str, tuple[str, ...]] = {}
        self._buttons: dict[str, QPushButton] = {}
        self._flow = FlowLayout(self)
        self.setAccessibleName(new_chat_texts.PRESETS())

    def set_presets(self, presets: Mapping[str, tuple[str, ...]], chosen: list[str]) -> None:
        """Set the named arguments, and which of them are on."""
        for old in self._buttons.values():
            self._flow.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._presets, self._buttons = presets, {}
        for name, arguments in presets.items():
            made = button(name, "chip")
            made.setCheckable(True)
            made.setChecked(name in chosen)
            set_tooltip(made, shlex.join(arguments))
            made.setAccessibleName(new_chat_texts.PRESET(name=name))
            self._flow.addWidget(made)
            self._buttons[name] = made

    def chosen(self) -> list[str]:
        """The names that are on."""
        return [name for name, one in self._buttons.items() if one.isChecked()]

    def arguments(self) -> list[str]:
        """The arguments for the names that are on."""
        return [word for name in self.chosen() for word in self._presets[name]]


class RuntimeField(QWidget):
    """The choice between the agent's own terminal and a chat view.

    Attributes:
        buttons: one for each, in the order of the keyboard.

    Signals:
        changed: the user chose another one.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._buttons = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_S_PX)
        texts: dict[Runtime, tuple[str, str]] = {
            "terminal": (new_chat_texts.AS_TERMINAL(), new_chat_texts.AS_TERMINAL_HINT()),
            "structured": (new_chat_texts.AS_CHAT(), new_chat_texts.AS_CHAT_HINT()),
        }
        self._made: dict[Runtime, QPushButton] = {}
        for runtime, (text, hint) in texts.items():
            made = button(text, "chip", self.changed.emit)
            made.setCheckable(True)
            set_tooltip(made, hint)
            made.setAccessibleDescription(hint)
            self._buttons.addButton(made)
            row.addWidget(made)
            self._made[runtime] = made
        row.addStretch(1)
        self.buttons = list(self._made.values())
        self.set_value("terminal")

    def set_value(self, runtime: Runtime) -> None:
        """Suggest a choice."""
        self._made[runtime].setChecked(True)

    def value(self) -> Runtime:
        """The choice."""
        return "structured" if self._made["structured"].isChecked() else "terminal"


class WorktreeField(QWidget):
    """The choice of a git worktree for the chat, of its branch, and of the setup of the repository's worktrees.

    Attributes:
        stops: the controls, in the order of the keyboard.
    """

    def __init__(self) -> None:
        super().__init__()
        self._entry: SetupEntry | None = None
        self.checkbox = QCheckBox(new_chat_texts.USE_WORKTREE())
        self.checkbox.setAccessibleName(new_chat_texts.USE_WORKTREE())
        set_tooltip(self.checkbox, new_chat_texts.USE_WORKTREE_HINT())
        self.branch = QLineEdit()
        self.branch.setAccessibleName(new_chat_texts.BRANCH())
        self.branch.setPlaceholderText(new_chat_texts.NEW_BRANCH())
        self.setup = QLineEdit()
        self.setup.setAccessibleName(new_chat_texts.SETUP_COMMAND())
        self.setup.setPlaceholderText(new_chat_texts.SETUP_EXAMPLE())
        set_tooltip(self.setup, new_chat_texts.SETUP_HINT())
        self.stops = (self.checkbox, self.branch, self.setup)
        self.note = label("", "secondary")
        self.checkbox.toggled.connect(self._show_fields)
        self._show_fields()
        row = QHBoxLayout()
        row.setSpacing(GAP_M_PX)
        row.addWidget(self.checkbox)
        row.addWidget(self.note, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setSpacing(GAP_S_PX)
        layout.addLayout(row)
        layout.addWidget(self.branch)
        layout.addWidget(self.setup)

    def _show_fields(self) -> None:
        is_wanted = self.checkbox.isChecked() and self.checkbox.isEnabled()
        self.branch.setVisible(is_wanted)
        self.setup.setVisible(is_wanted and self._entry is not None)

    def _set_setup(self, entry: SetupEntry | None) -> None:
        """Set the command of the directory's repository; None if it is unknown. An edited command stays."""
        if entry is None or self.changed_setup() is None or entry.repository != (self._entry or entry).repository:
            self.setup.setText(entry.command if entry is not None else "")
        self._entry = entry

    def changed_setup(self) -> SetupEntry | None:
        """The repository's command if the user changed it, and wants a worktree."""
        command = self.setup.text().strip()
        if self._entry is None or self.value() is None or command == self._entry.command:
            return None
        return self._entry._replace(command=command)

    def set_value(self, *, enabled: bool) -> None:
        """Suggest a choice; the branch is empty again each time."""
        self.checkbox.setChecked(enabled)
        self.branch.clear()

    def value(self) -> str | None:
        """The choice, as in ``LaunchRequest.worktree``."""
        return self.branch.text().strip() if self.checkbox.isChecked() and self.checkbox.isEnabled() else None

    def forget_repository(self) -> None:
        """Enable the choice while it is unknown whether the directory is in a repository.

        If it were disabled during the check, Tab after the directory's name would skip it.
        """
        self.checkbox.setEnabled(True)
        self._entry = None
        self._show_fields()
        self.branch.setPlaceholderText(new_chat_texts.NEW_BRANCH())
        self.note.clear()

    def set_repository_status(self, status: Status | None, setup: SetupEntry | None) -> None:
        """Set the status of the directory's repository, None outside of one, and the setup of its worktrees."""
        self._set_setup(setup)
        self.checkbox.setEnabled(status is not None)
        self._show_fields()
        self.note.setText("" if status is not None else new_chat_texts.NO_REPOSITORY())
        start = (status.branch or status.commit) if status is not None else ""
        self.branch.setPlaceholderText(
            new_chat_texts.NEW_BRANCH_FROM(start=start) if start else new_chat_texts.NEW_BRANCH()
        )


class EndpointFields:
    """The model and the server's address of a chat with a model server."""

    def __init__(self) -> None:
        self.model, self.url = QLineEdit(), QLineEdit()

    def set_values(self, model: str, url: str) -> None:
        """Fill the fields in; empty ones show the defaults."""
        defaults = endpoint_defaults()
        self.model.setText(model)
        self.url.setText(url)
        self.model.setPlaceholderText(defaults.model or new_chat_texts.MODEL_FROM_SERVER())
        self.url.setPlaceholderText(defaults.url or _EXAMPLE_URL)

    @property
    def lacks_address(self) -> bool:
        """Whether there is no address, also not in the settings."""
        return not (self.url.text().strip() or endpoint_defaults().url)

    def arguments(self, others: list[str]) -> list[str]:
        """The chat's arguments: those of the fields, then the others.

        Raises:
            InvalidField: there is no address, or it is invalid.
        """
        model, url = self.model.text().strip(), self.url.text().strip()
        try:
            base_url(url or _EXAMPLE_URL)
        except UsageError:
            raise InvalidField(self.url, new_chat_texts.INVALID_ADDRESS(example=_EXAMPLE_URL)) from None
        if self.lacks_address and not any("url" in word for word in others):
            raise InvalidField(self.url, new_chat_texts.ENTER_ADDRESS())
        return [*endpoint_arguments(model, url), *others]


class InstallHint(QWidget):
    """A message that an agent is not installed, with the command that installs it, and buttons to copy and run it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.hint = label("", "secondary")
        self.hint.setWordWrap(True)
        self.command = label("", "code")
        self.command.setFont(monospace_font())
        self.command.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.command.setWordWrap(True)
        self.command.setAccessibleName(new_chat_texts.INSTALL_COMMAND())
        self.copy = CopyButton(theme, self.command.text)
        self.install = button(new_chat_texts.INSTALL())
        set_tooltip(self.install, new_chat_texts.INSTALL_HINT())
        row = QHBoxLayout()
        row.setSpacing(GAP_S_PX)
        row.addWidget(self.command, 1)
        row.addWidget(self.copy)
        row.addWidget(self.install)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_S_PX)
        layout.addWidget(self.hint)
        layout.addLayout(row)
        self.hide()

    def show_agent(self, agent: Agent | None) -> None:
        """Show the message for this agent; None for no message."""
        self.setVisible(agent is not None)
        if agent is not None:
            how = new_chat_texts.INSTALL_WITH() if agent.install_hint else new_chat_texts.SEE(address=agent.website)
            self.hint.setText(new_chat_texts.HOW_TO_INSTALL(agent=agent.title, executable=agent.executable, how=how))
            self.command.setText(agent.install_hint)
            for part in (self.command, self.copy, self.install):
                part.setVisible(bool(agent.install_hint))
