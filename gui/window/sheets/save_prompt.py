"""The sheet that saves a prompt: its name, its text, and what it is for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

from gui.theme.theme import Theme
from gui.window.sheets.sheet import ASK_PX, Sheet, button_row
from gui.window.widgets.parts import button, label, show_text
from gui.window.widgets.prompt_field import PromptField
from gui.wording import common_texts, phrases, sheet_texts
from session_host.client.chats.saved_prompts import PromptExists, SavedPrompt, name_problem, write_prompt
from session_host.errors import ConfigError

NAME_CHARACTERS = 48


class _TextField(PromptField):
    MAX_LINES = 14
    min_lines = 5


class SavePromptSheet(Sheet):
    """Saves a prompt into a file; Enter in the name, or Ctrl+Enter in the text, saves it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, sheet_texts.SAVE_PROMPT(), ASK_PX, self._submit)
        self._folder = Path()
        self._agent = self._directory = ""
        self._on_saved: Callable[[SavedPrompt], object] = lambda _prompt: None
        self._replaces = False
        self.name = QLineEdit()
        self.name.setAccessibleName(common_texts.NAME())
        self.name.setPlaceholderText(common_texts.NAME())
        self.text = _TextField(sheet_texts.PROMPT(), enter_submits=False)
        self.text.setPlaceholderText(sheet_texts.PROMPT())
        self.text.submitted.connect(self._submit)
        self.for_agent, self.for_directory = QCheckBox(), QCheckBox()
        self.error = label("", "failed", wraps=True)
        self.save = button(sheet_texts.SAVE_PROMPT_BUTTON(), "primary", self._submit)
        self.lay_out(
            label(sheet_texts.SAVE_PROMPT(), "title"),
            self.name,
            self.text,
            self.for_agent,
            self.for_directory,
            self.error,
            button_row(button(common_texts.CANCEL(), "", self.dismiss), self.save),
        )
        self.name.textChanged.connect(lambda _text: self._show_problem(""))
        self.text.textChanged.connect(lambda: self._show_problem(""))

    def ask(
        self,
        folder: Path,
        text: str,
        agent: tuple[str, str],
        directory: str,
        on_saved: Callable[[SavedPrompt], object],
    ) -> None:
        """Open the sheet.

        Args:
            folder: the directory of the prompts.
            text: the prompt.
            agent: the name and the title of the chat's agent; empty for none.
            directory: the chat's directory, "" for none.
            on_saved: called with the saved prompt.
        """
        self._folder, self._on_saved = folder, on_saved
        self._agent, self._directory = agent[0], directory
        self.for_agent.setText(sheet_texts.ONLY_FOR(agent=agent[1]))
        self.for_directory.setText(sheet_texts.ONLY_IN(directory=phrases.short_directory(directory)))
        for box, value in ((self.for_agent, agent[0]), (self.for_directory, directory)):
            box.setChecked(False)
            box.setAccessibleName(box.text())
            box.setVisible(bool(value))
        self.text.setPlainText(text)
        self.name.setText(suggested_name(text))
        self._show_problem("")
        self.open()
        self.name.selectAll()
        self.name.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_problem(self, line: str, *, replaces: bool = False) -> None:
        show_text(self.error, line)
        self._replaces = replaces
        self.save.setText(sheet_texts.REPLACE_PROMPT() if replaces else sheet_texts.SAVE_PROMPT_BUTTON())
        if self.is_open:
            self.center()

    def _submit(self) -> None:
        name = " ".join(self.name.text().split())
        text = self.text.toPlainText()
        if problem := name_problem(name):
            self._show_problem(sheet_texts.PROMPT_NAME_PROBLEMS[problem]())
            self.name.setFocus(Qt.FocusReason.OtherFocusReason)
        elif not text.strip():
            self._show_problem(sheet_texts.EMPTY_PROMPT())
            self.text.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            agents = (self._agent,) if self._agent and self.for_agent.isChecked() else ()
            directory = self._directory if self.for_directory.isChecked() else ""
            prompt = SavedPrompt(name, text, self._folder / f"{name}.md", agents=agents, directory=directory)
            self._save(prompt)

    def _save(self, prompt: SavedPrompt) -> None:
        try:
            write_prompt(self._folder, prompt, replace=self._replaces)
        except PromptExists:
            self._show_problem(sheet_texts.PROMPT_EXISTS(name=prompt.name), replaces=True)
        except ConfigError as error:
            self._show_problem(str(error))
        else:
            self.dismiss()
            self._on_saved(prompt)


def suggested_name(text: str) -> str:
    """A name from the beginning of a prompt; "" if there is none."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    plain = "".join(letter for letter in line if letter.isprintable()).replace("/", " ").lstrip(".# ")
    words = plain[:NAME_CHARACTERS].split()
    if len(plain) > NAME_CHARACTERS and len(words) > 1:
        words.pop()
    return " ".join(words).rstrip(".:, ")
