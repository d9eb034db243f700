"""The page Keys: each action with its keys; conflicts are shown before a key is set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from gui.input.shortcuts import show_key
from gui.settings.live import LiveSettings
from gui.settings.text_keys import TextKey, is_text, name_of
from gui.settings.writing import Value
from gui.theme.menu import temporary_menu
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.window.settings.key_row import ROW_PX, KeyQuestion, KeyRow, native
from gui.window.settings.keymap import ActionKeys, Keymap, Overrides
from gui.window.settings.page import Page, has_all, heading
from gui.window.settings.text_form import TextForm
from gui.window.widgets.parts import button, label, sentence
from gui.wording import settings_texts
from session_host.errors import ConfigError

FILE = "keys"


class KeysPage(Page):
    """The page."""

    def __init__(self, theme: Theme, settings: LiveSettings, keymap: Keymap, title: str) -> None:
        super().__init__(title)
        self._settings = settings
        self._keymap = keymap
        self._refused = ""
        hint = label(settings_texts.KEYS_HINT(), "secondary")
        hint.setWordWrap(True)
        hint.setContentsMargins(0, 0, 0, GAP_S_PX)
        self.add_unfiltered(hint)
        self.problem = label("", "problem")
        self.problem.setWordWrap(True)
        self.problem.setContentsMargins(0, 0, 0, GAP_S_PX)
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.column.addWidget(self.problem)
        self.question = KeyQuestion()
        self._theme = theme
        self._headings: dict[str, QWidget] = {}
        """The heading above each group of actions, by its text."""
        self._action_rows: list[KeyRow] = []
        for action in keymap.actions:
            if action.group not in self._headings:
                self._headings[action.group] = self._add_heading(action.group)
            self._action_rows.append(self._make_row(action))
        self._text_rows: list[KeyRow] = []
        self._texts_heading = self._add_heading(settings_texts.KEYS_THAT_TYPE())
        self.column.addSpacing(GAP_S_PX)
        self.add_text = button(settings_texts.ADD_TEXT_KEY(), "", self._ask_new_text)
        self.add_unfiltered(self.add_text)
        self.column.setAlignment(self.add_text, Qt.AlignmentFlag.AlignLeft)
        self.form = TextForm()
        self.column.addWidget(self.form)
        self.column.addWidget(self.question)
        self.column.addSpacing(GAP_M_PX)
        self.reset_all = button(settings_texts.RESET_ALL_KEYS(), "", self._ask_reset_all)
        self.add_unfiltered(self.reset_all)
        self.column.setAlignment(self.reset_all, Qt.AlignmentFlag.AlignLeft)
        settings.files_changed.connect(self.refresh)
        self.refresh()

    def _add_heading(self, text: str) -> QWidget:
        widget = heading(text)
        self.column.addWidget(widget)
        return widget

    @property
    def rows(self) -> list[KeyRow]:
        """All rows, in their order."""
        return [*self._action_rows, *self._text_rows]

    def _make_row(self, action: ActionKeys, *, at: int = -1) -> KeyRow:
        """Make an action's row; ``at``: its index in the layout."""
        row = KeyRow(self._theme, action)
        row.key_pressed.connect(lambda key, adds: self._on_key(row, key, adds=adds))
        row.cleared.connect(lambda: self._clear(row))
        row.reset_requested.connect(lambda: self._write({row.action.name: None}) if not _is_text(row) else None)
        row.edit_requested.connect(lambda: self.edit_text(row) if _is_text(row) else None)
        row.waiting_changed.connect(lambda waiting: self.question.dismiss() if waiting else None)
        row.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        row.customContextMenuRequested.connect(lambda point: self._show_menu(row, point))
        self.column.insertWidget(at, row)
        return row

    def _make_text_rows(self) -> None:
        """Make rows for the keys that type a text, unless they are there."""
        actions = tuple(
            ActionKeys(name_of(at), settings_texts.TYPES_TEXT(text=entry.text), ())
            for at, entry in enumerate(self._texts)
        )
        if actions == self._keymap.texts and len(self._text_rows) == len(actions):
            return
        self.question.dismiss()
        self.form.hide()
        self._keymap.texts = actions
        for row in self._text_rows:
            self.column.removeWidget(row)
            row.hide()
            row.deleteLater()
        first = self.column.indexOf(self._texts_heading) + 1
        self._text_rows = [self._make_row(action, at=first + at) for at, action in enumerate(actions)]

    @property
    def _overrides(self) -> Overrides:
        return self._settings.preferences.all_keys

    @property
    def _texts(self) -> tuple[TextKey, ...]:
        return self._settings.preferences.texts

    def refresh(self) -> None:
        """Show the current keys."""
        self._make_text_rows()
        keys = self._keymap.chosen(self._overrides)
        for row in self.rows:
            has = list(keys.get(row.action.name, ()))
            row.show_keys(has, is_changed=tuple(has) != row.action.defaults and not _is_text(row))
        file = str(self._settings.directory / f"{FILE}.toml")
        problems = [problem for problem in self._settings.preferences.problems if problem.startswith(file)]
        problems += [self._refused] if self._refused else []
        problems += self._keymap.problems(self._overrides, self._settings.preferences.all_lines)
        directory = f"{self._settings.directory}/"
        self.problem.setText("\n".join(sentence(problem.replace(directory, "")) for problem in problems))
        self.problem.setVisible(bool(self.problem.text()))
        self.reset_all.setEnabled(bool(self._settings.preferences.keys))

    def apply_filter(self, words: Sequence[str]) -> bool:
        """Show the actions with all words in the title, the name or a key, and the buttons with all words.

        If all words mean keys, the whole page is shown.
        """
        if has_all(words, settings_texts.WORDS_OF_THE_KEYS()):
            words = ()
        has_button = super().apply_filter(words)
        shown = [row for row in self.rows if has_all(words, self.title, _words(row))]
        for row in self.rows:
            row.setVisible(row in shown)
        groups = {row.action.group for row in shown}
        for group, group_heading in self._headings.items():
            group_heading.setVisible(group in groups)
        has_text = any(row in shown for row in self._text_rows) or not self.add_text.isHidden()
        self._texts_heading.setVisible(not words or has_text)
        self.question.dismiss()
        self.form.hide()
        return bool(shown) or has_button

    # ------------------------------------------------------------ the user's actions

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move from row to row by the keys of a list."""
        shown = [row for row in self.rows if not row.isHidden()]
        at = next((at for at, row in enumerate(shown) if row.hasFocus()), None)
        page = max(self.visibleRegion().boundingRect().height() // ROW_PX - 1, 1)
        steps = {
            Qt.Key.Key_Up: -1, Qt.Key.Key_PageUp: -page, Qt.Key.Key_Home: -len(shown),
            Qt.Key.Key_Down: 1, Qt.Key.Key_PageDown: page, Qt.Key.Key_End: len(shown),
        }  # fmt: skip
        step = steps.get(Qt.Key(event.key()))
        if at is None or step is None:
            super().keyPressEvent(event)
        else:
            shown[min(max(at + step, 0), len(shown) - 1)].setFocus(Qt.FocusReason.TabFocusReason)

    def _on_key(self, row: KeyRow, key: str, *, adds: bool) -> None:
        action = row.action
        keys = [*row.keys, key] if adds and key not in row.keys else [key]
        conflict = self._keymap.conflict(self._overrides, action, key)
        if conflict.types:
            row.wait(adds=adds)
            self._ask(row, settings_texts.TYPES_A_CHARACTER(key=native(key)), "", None)
        elif conflict:
            warnings = []
            if conflict.holder is not None:
                warnings.append(settings_texts.USED_BY(key=native(key), title=conflict.holder.title))
            if conflict.use:
                warnings.append(
                    settings_texts.ALSO_BY_PROGRAMS(key=native(key), use=settings_texts.key_use(conflict.use))
                )
            button_text = settings_texts.TAKE_IT() if conflict.holder is not None else settings_texts.USE_ANYWAY()
            self._ask(row, "\n".join(warnings), button_text, lambda: self._give(action, keys))
        else:
            self._give(action, keys)

    def _ask(
        self, row: KeyRow, words: str, button_text: str, use: Callable[[], object] | None, *, discards: bool = False
    ) -> None:
        self.form.hide()
        self._place(self.question, row)
        self.question.ask(row, words, button_text, use, discards=discards)

    def _give(self, action: ActionKeys, keys: Sequence[str]) -> None:
        self._write(self._keymap.assigned(self._overrides, action, keys))

    def _write(self, values: Mapping[str, Value], texts: Sequence[TextKey | None] | None = None) -> None:
        """Write keys; ``texts`` are the wanted entries of texts, as ``text_keys.write_keys`` gets them."""
        self.question.dismiss()
        self._refused = ""
        names = {name_of(at): at for at in range(len(self._texts))}
        wanted = list(self._texts if texts is None else texts)
        for name, value in values.items():
            if name in names:
                keys = [value] if isinstance(value, str) else value if isinstance(value, list) else []
                changed = msgspec.structs.replace(self._texts[names[name]], keys=tuple(key for key in keys if key))
                wanted[names[name]] = changed
        try:
            self._settings.write_keys({name: value for name, value in values.items() if name not in names}, wanted)
        except ConfigError as error:
            self._refused = str(error)
            self.refresh()

    # ------------------------------------------------------------ keys that type a text

    def _place(self, widget: QWidget, below: QWidget) -> None:
        self.column.removeWidget(widget)
        self.column.insertWidget(self.column.indexOf(below) + 1, widget)

    def _clear(self, row: KeyRow) -> None:
        """Remove an action's keys; ask before the entry of a text is removed."""
        if not _is_text(row):
            self._give(row.action, [])
            return
        at = self._text_rows.index(row)
        wanted = [None if index == at else entry for index, entry in enumerate(self._texts)]
        question = settings_texts.REMOVE_TEXT_QUESTION(text=self._texts[at].text)
        self._ask(row, question, settings_texts.REMOVE_KEY(), lambda: self._write({}, wanted), discards=True)

    def edit_text(self, row: KeyRow) -> None:
        """Ask for another text for a key."""
        at = self._text_rows.index(row)

        def save(text: str) -> None:
            wanted = list(self._texts)
            wanted[at] = msgspec.structs.replace(wanted[at], text=text)
            self._write({}, wanted)
            self._text_rows[at].setFocus(Qt.FocusReason.OtherFocusReason)

        self.question.dismiss()
        self._place(self.form, row)
        self.form.ask(self._texts[at].text, row, save)

    def _ask_new_text(self) -> None:
        def add(text: str) -> None:
            count = len(self._texts)
            self._write({}, [*self._texts, TextKey((), text)])
            if len(self._text_rows) > count:
                self._text_rows[-1].wait()

        self.question.dismiss()
        self._place(self.form, self.add_text)
        self.form.ask("", self.add_text, add)

    def _ask_reset_all(self) -> None:
        self._place(self.question, self.reset_all)
        names = dict.fromkeys(self._settings.preferences.keys)
        self.question.ask(
            self.reset_all,
            settings_texts.RESET_ALL_KEYS_QUESTION(),
            settings_texts.RESET_KEY(),
            lambda: self._write(names),
            discards=True,
        )

    def _show_menu(self, row: KeyRow, point: QPoint) -> None:
        menu = temporary_menu(row)
        change = menu.addAction(settings_texts.CHANGE_KEY(), row.wait)
        add = menu.addAction(settings_texts.ADD_KEY(), lambda: row.wait(adds=True))
        remove = menu.addAction(settings_texts.REMOVE_KEY(), row.cleared.emit)
        keys = {change: Qt.Key.Key_Return, add: Qt.Key.Key_Insert, remove: Qt.Key.Key_Delete}
        if _is_text(row):
            keys[menu.addAction(settings_texts.EDIT_TEXT(), row.edit_requested.emit)] = Qt.Key.Key_F2
        else:
            remove.setEnabled(bool(row.keys))
            reset = menu.addAction(settings_texts.RESET_KEY(), row.reset_requested.emit)
            reset.setEnabled(row.is_changed)
            keys[reset] = Qt.Key.Key_Backspace
        for action, key in keys.items():
            show_key(action, QKeySequence(key))
        menu.popup(row.mapToGlobal(point))


def _is_text(row: KeyRow) -> bool:
    """Whether the row is that of a key that types a text."""
    return is_text(row.action.name)


def _words(row: KeyRow) -> str:
    """The text of a row that the search looks in."""
    keys = " ".join(map(native, row.keys))
    return f"{row.action.title} {row.action.name} {keys} {row.action.words}"
