"""The page Keys: each action with its keys; conflicts are shown before a key is set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence

from gui.input.shortcuts import show_key
from gui.settings.live import LiveSettings
from gui.settings.writing import Value
from gui.theme.follow import Theme
from gui.theme.menu import Menu
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.window.settings.key_book import ActionKeys, KeyBook, Overrides
from gui.window.settings.key_row import KeyQuestion, KeyRow, native
from gui.window.settings.page import Page
from gui.window.settings.values import as_problem
from gui.window.widgets.parts import button, label
from gui.wording import key_texts
from session_host.errors import ConfigError

FILE = "keys"


class KeysPage(Page):
    """The page."""

    def __init__(self, theme: Theme, settings: LiveSettings, book: KeyBook, title: str) -> None:
        super().__init__(title)
        self._settings = settings
        self._book = book
        self._refused = ""
        hint = label(key_texts.hint(), "secondary")
        hint.setWordWrap(True)
        hint.setContentsMargins(0, 0, 0, GAP_S_PX)
        self.add_unfiltered(hint)
        self.problem = label("", "problem")
        self.problem.setWordWrap(True)
        self.problem.setContentsMargins(0, 0, 0, GAP_S_PX)
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.column.addWidget(self.problem)
        self.question = KeyQuestion()
        self.rows = [self._make_row(theme, action) for action in book.actions]
        self.column.addWidget(self.question)
        self.column.addSpacing(GAP_M_PX)
        self.reset_all = button(key_texts.reset_all(), "", self._ask_reset_all)
        self.add_unfiltered(self.reset_all)
        self.column.setAlignment(self.reset_all, Qt.AlignmentFlag.AlignLeft)
        settings.files_changed.connect(self.refresh)
        self.refresh()

    def _make_row(self, theme: Theme, action: ActionKeys) -> KeyRow:
        row = KeyRow(theme, action)
        row.key_pressed.connect(lambda key, adds: self._on_key(row, key, adds=adds))
        row.cleared.connect(lambda: self._give(row.action, []))
        row.reset_requested.connect(lambda: self._write({row.action.name: None}))
        row.moved.connect(lambda by: self._step(row, by))
        row.waiting_changed.connect(lambda waiting: self.question.dismiss() if waiting else None)
        row.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        row.customContextMenuRequested.connect(lambda place: self._show_menu(row, place))
        self.column.addWidget(row)
        return row

    @property
    def _overrides(self) -> Overrides:
        return self._settings.preferences.keys

    def refresh(self) -> None:
        """Show the current keys."""
        keys = self._book.chosen(self._overrides)
        for row in self.rows:
            name = row.action.name
            row.show_keys(list(keys[name]), is_changed=tuple(keys[name]) != row.action.defaults)
        file = str(self._settings.directory / f"{FILE}.toml")
        problems = [problem for problem in self._settings.preferences.problems if problem.startswith(file)]
        problems += [self._refused] if self._refused else []
        problems += self._book.problems(self._overrides, self._settings.preferences.key_lines)
        directory = f"{self._settings.directory}/"
        self.problem.setText("\n".join(as_problem(problem.replace(directory, "")) for problem in problems))
        self.problem.setVisible(bool(self.problem.text()))
        self.reset_all.setEnabled(bool(self._overrides))

    def apply_filter(self, words: Sequence[str]) -> bool:
        """Show the actions of which the title, the name or a key contains all words."""
        super().apply_filter(words)
        title = self.title.casefold()
        shown = [row for row in self.rows if _contains(row, title, words)]
        for row in self.rows:
            row.setVisible(row in shown)
        self.question.dismiss()
        return bool(shown)

    # ------------------------------------------------------------ the user's actions

    def _on_key(self, row: KeyRow, key: str, *, adds: bool) -> None:
        action = row.action
        keys = [*row.keys, key] if adds and key not in row.keys else [key]
        conflict = self._book.conflict(self._overrides, action, key)
        if conflict.types:
            self._ask(row, key_texts.types_text(native(key)), "", None)
        elif conflict:
            said = []
            if conflict.holder is not None:
                said.append(key_texts.used_by(native(key), conflict.holder.title))
            if conflict.use:
                said.append(key_texts.also_by_programs(native(key), key_texts.use(conflict.use)))
            verb = key_texts.take_it() if conflict.holder is not None else key_texts.use_anyway()
            self._ask(row, "\n".join(said), verb, lambda: self._give(action, keys))
        else:
            self._give(action, keys)

    def _ask(self, row: KeyRow, words: str, verb: str, use: Callable[[], object] | None) -> None:
        self.column.removeWidget(self.question)
        self.column.insertWidget(self.column.indexOf(row) + 1, self.question)
        self.question.ask(row, words, verb, use)

    def _give(self, action: ActionKeys, keys: Sequence[str]) -> None:
        self._write(self._book.assigned(self._overrides, action, keys))

    def _write(self, values: Mapping[str, Value]) -> None:
        self.question.dismiss()
        self._refused = ""
        try:
            self._settings.write(dict(values), FILE)
        except ConfigError as error:
            self._refused = str(error)
            self.refresh()

    def _step(self, row: KeyRow, by: int) -> None:
        shown = [each for each in self.rows if not each.isHidden()]
        at = shown.index(row) + by
        if 0 <= at < len(shown):
            shown[at].setFocus(Qt.FocusReason.TabFocusReason)

    def _ask_reset_all(self) -> None:
        self.column.removeWidget(self.question)
        self.column.insertWidget(self.column.indexOf(self.reset_all) + 1, self.question)
        names = dict.fromkeys(self._overrides)
        self.question.ask(self.reset_all, key_texts.reset_all_question(), key_texts.reset(), lambda: self._write(names))

    def _show_menu(self, row: KeyRow, place: QPoint) -> None:
        menu = Menu(row)
        menu.aboutToHide.connect(menu.deleteLater)
        change = menu.addAction(key_texts.change(), row.wait)
        add = menu.addAction(key_texts.add(), lambda: row.wait(adds=True))
        remove = menu.addAction(key_texts.remove(), row.cleared.emit)
        remove.setEnabled(bool(row.keys))
        reset = menu.addAction(key_texts.reset(), row.reset_requested.emit)
        reset.setEnabled(row.is_changed)
        keys = {
            change: Qt.Key.Key_Return,
            add: Qt.Key.Key_Insert,
            remove: Qt.Key.Key_Delete,
            reset: Qt.Key.Key_Backspace,
        }
        for action, key in keys.items():
            show_key(action, QKeySequence(key))
        menu.popup(row.mapToGlobal(place))


def _contains(row: KeyRow, title: str, words: Sequence[str]) -> bool:
    text = f"{title} {row.action.title} {row.action.name} {' '.join(map(native, row.keys))}".casefold()
    return all(word in text for word in words)
