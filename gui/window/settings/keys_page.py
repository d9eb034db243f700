"""The page Keys: each action with its keys; conflicts are shown before a key is set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from PySide6.QtCore import QEvent, QKeyCombination, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from gui.input.shortcuts import show_key
from gui.screen_readers import announce
from gui.settings.live import LiveSettings
from gui.settings.text_keys import MAX_CHARACTERS, TextKey, is_text, name_of, typed, without_controls
from gui.theme.controls import set_look
from gui.theme.menu import temporary_menu
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, SECONDARY_PX, font
from gui.window.widgets.parts import button, label, sentence, stack
from gui.wording import common_texts, phrases, settings_texts
from session_host.errors import ConfigError
from session_host.toml_writing import Value

from .context import ActionKeys, Keymap, Overrides
from .page import Card, Page, has_all, heading

ROW_PX = 34
_CHIP_PX = 22
# fmt: off
_MODIFIERS = {
    Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_AltGr, Qt.Key.Key_Meta, Qt.Key.Key_Super_L,
    Qt.Key.Key_Super_R, Qt.Key.Key_CapsLock, Qt.Key.Key_NumLock,
}
# fmt: on


def native(key: str) -> str:
    """A key as the user reads it."""
    return QKeySequence(key, QKeySequence.SequenceFormat.PortableText).toString(QKeySequence.SequenceFormat.NativeText)


def pressed_key(event: QKeyEvent) -> str:
    """The pressed key in Qt's portable form; "" for a modifier alone."""
    key = Qt.Key(event.key())
    if key in _MODIFIERS or key == Qt.Key.Key_unknown:
        return ""
    modifiers = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.GroupSwitchModifier)
    if key == Qt.Key.Key_Backtab:
        key, modifiers = Qt.Key.Key_Tab, modifiers | Qt.KeyboardModifier.ShiftModifier
    return QKeySequence(QKeyCombination(modifiers, key)).toString(QKeySequence.SequenceFormat.PortableText)


class KeyRow(QAbstractButton):
    """An action's row.

    Signals:
        waiting_changed: the row started (True) or stopped waiting for a key.
        key_pressed: the user pressed a key for the action; True: in addition to the present keys.
        cleared, reset_requested: the user removes all keys, or restores the default keys.
        edit_requested: the user edits the key's action.
    """

    waiting_changed = Signal(bool)
    key_pressed = Signal(str, bool)
    cleared = Signal()
    reset_requested = Signal()
    edit_requested = Signal()

    def __init__(self, theme: Theme, action: ActionKeys) -> None:
        super().__init__()
        self._theme = theme
        self.action = action
        self.keys: list[str] = []
        self.is_changed = False
        self._waiting = self._adds_key = False
        self.setFixedHeight(ROW_PX)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # The title is elided.
        self.setText(action.title)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.clicked.connect(lambda _checked: self.wait())
        theme.changed.connect(self.update)

    def show_keys(self, keys: list[str], *, is_changed: bool) -> None:
        """Show these keys."""
        self.keys, self.is_changed = keys, is_changed
        keys_text = ", ".join(map(native, keys)) or settings_texts.NO_KEY()
        name_of = settings_texts.CHANGED_KEY_ROW if is_changed else settings_texts.KEY_ROW
        self.setAccessibleName(name_of(title=self.action.title, keys=keys_text))
        self.update()

    def wait(self, *, adds: bool = False) -> None:
        """Wait for a key; ``adds``: it is added to the present keys instead of replacing them."""
        self._waiting, self._adds_key = True, adds
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        announce(self, settings_texts.PRESS_A_KEY())
        self.waiting_changed.emit(True)
        self.update()

    def stop_waiting(self) -> None:
        """Stop waiting for a key."""
        if self._waiting:
            self._waiting = False
            self.waiting_changed.emit(False)
            self.update()

    # ------------------------------------------------------------ events

    def event(self, event: QEvent) -> bool:
        if self._waiting and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:  # Tab arrives only here.
                self._accept_key(event)
                return True
        return super().event(event)

    def _accept_key(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not event.modifiers():
            self.stop_waiting()
            return
        key = pressed_key(event)
        if key:
            adds = self._adds_key
            self.stop_waiting()
            self.key_pressed.emit(key, adds)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space:
                self.wait()
            case Qt.Key.Key_Insert:
                self.wait(adds=True)
            case Qt.Key.Key_Delete:
                self.cleared.emit()
            case Qt.Key.Key_Backspace:
                self.reset_requested.emit()
            case Qt.Key.Key_F2:
                self.edit_requested.emit()
            case _:
                event.ignore()  # The page has keys, too; QAbstractButton would move the focus by arrow keys.

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.stop_waiting()
        super().focusOutEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(320, ROW_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0, 1, 0, -1)
        if self.hasFocus() or self.underMouse():
            paint_frame(painter, area, tokens.color("accent") if self.hasFocus() else None, tokens.color("hover"))
        if self.is_changed:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens.color("accent"))
            painter.drawRoundedRect(QRectF(1, area.center().y() - 7, 3, 14), 1.5, 1.5)
        middle = Qt.AlignmentFlag.AlignVCenter
        text = area.adjusted(GAP_M_PX, 0, -GAP_S_PX, 0)
        right = text.right()
        small = font(SECONDARY_PX)
        metrics = QFontMetrics(small)
        painter.setFont(small)
        if self._waiting or not self.keys:
            shown = settings_texts.PRESS_A_KEY() if self._waiting else settings_texts.NO_KEY()
            painter.setPen(tokens.color("accent" if self._waiting else "secondary"))
            painter.drawText(text, Qt.AlignmentFlag.AlignRight | middle, shown)
            right -= metrics.horizontalAdvance(shown) + GAP_S_PX
        else:
            for key in reversed(self.keys):
                shown = native(key)
                width = metrics.horizontalAdvance(shown) + 14
                chip = QRectF(right - width, area.center().y() - _CHIP_PX / 2, width, _CHIP_PX)
                paint_frame(painter, chip, tokens.color("border"), tokens.color("raised"), radius_px=4)
                painter.setPen(tokens.color("text"))
                painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, shown)
                right -= width + 4
        usual = font()
        painter.setFont(usual)
        painter.setPen(tokens.color("text"))
        text.setRight(right - GAP_S_PX)
        title = QFontMetrics(usual).elidedText(self.action.title, Qt.TextElideMode.ElideRight, int(text.width()))
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | middle, title)
        painter.end()


class KeyQuestion(Card):
    """Shows below a row why a key conflicts, and lets the user decide."""

    def __init__(self) -> None:
        super().__init__(self._leave)
        self._use: Callable[[], object] = lambda: None
        self.words = label("", wraps=True)
        self.cancel = button(common_texts.CANCEL(), "", self._leave)
        self.accept = button("", "primary", self._on_accept)
        row = stack(QHBoxLayout(), None, self.cancel, self.accept, gap=GAP_S_PX)
        stack(QVBoxLayout(self), self.words, row, gap=GAP_S_PX, margins=(GAP_M_PX, GAP_S_PX, GAP_M_PX, GAP_S_PX))
        self._back_to: QWidget | None = None
        self.hide()

    def ask(
        self, row: QWidget, words: str, button_text: str, use: Callable[[], object] | None, *, discards: bool = False
    ) -> None:
        """Show the question; without ``use`` it is only a remark. If it discards something, Enter cancels."""
        self._use = use or (lambda: None)
        self._back_to = row
        self.words.setText(words)
        announce(self.words, words)
        self.accept.setText(button_text)
        set_look(self.accept, "kind", "danger" if discards else "primary")
        for each in (self.accept, self.cancel):
            each.setVisible(use is not None)
        self.setAccessibleName(words)
        self.show()
        answer = self.cancel if discards else self.accept
        (answer if use is not None else row).setFocus(Qt.FocusReason.OtherFocusReason)

    def dismiss(self) -> None:
        """Hide the question."""
        self.hide()

    def _leave(self) -> None:
        self.dismiss()
        if self._back_to is not None:
            self._back_to.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_accept(self) -> None:
        self._use()
        self._leave()


class TextForm(Card):
    """Asks for a text with escapes; Enter accepts it, Escape closes the form."""

    def __init__(self) -> None:
        super().__init__(self.leave)
        self._on_text: Callable[[str], object] = lambda _text: None
        self._back_to: QWidget | None = None
        self.field = QLineEdit()
        self.field.setAccessibleName(settings_texts.TEXT_OF_KEY())
        self.field.setMaxLength(MAX_CHARACTERS)
        self.field.returnPressed.connect(self._submit)
        hint = label(settings_texts.TEXT_OF_KEY_HINT(), "secondary", wraps=True)
        self.field.setAccessibleDescription(settings_texts.TEXT_OF_KEY_HINT())
        self.problem = label("", "problem", wraps=True)
        self.problem.hide()
        row = stack(
            QHBoxLayout(),
            None,
            button(common_texts.CANCEL(), "", self.leave),
            button(settings_texts.SAVE_TEXT(), "primary", self._submit),
            gap=GAP_S_PX,
        )
        stack(
            QVBoxLayout(self),
            label(settings_texts.TEXT_OF_KEY(), "secondary"),
            self.field,
            hint,
            self.problem,
            row,
            gap=GAP_S_PX,
            margins=(GAP_M_PX, GAP_S_PX, GAP_M_PX, GAP_S_PX),
        )
        self.hide()

    def ask(self, text: str, back_to: QWidget, on_text: Callable[[str], object]) -> None:
        """Show the form with a text; ``back_to`` gets the keyboard focus afterwards."""
        self._on_text = on_text
        self._back_to = back_to
        self.field.setText(text)
        self.problem.hide()
        self.show()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """Close the form without a text."""
        self.hide()
        if self._back_to is not None:
            self._back_to.setFocus(Qt.FocusReason.OtherFocusReason)

    def _submit(self) -> None:
        text = without_controls(self.field.text())
        try:
            typed(text)
        except ValueError as error:
            self.problem.setText(f"{phrases.first_upper(str(error))}.")
            self.problem.show()
            announce(self.problem, self.problem.text())
            return
        self.leave()
        self._on_text(text)


FILE = "keys"


class KeysPage(Page):
    """The page."""

    def __init__(self, theme: Theme, settings: LiveSettings, keymap: Keymap, title: str) -> None:
        super().__init__(title)
        self._settings = settings
        self._keymap = keymap
        self._refused = ""
        hint = label(settings_texts.KEYS_HINT(), "secondary", wraps=True)
        hint.setContentsMargins(0, 0, 0, GAP_S_PX)
        self.add_unfiltered(hint)
        self.problem = label("", "problem", wraps=True)
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
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_Home: -len(shown),
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_End: len(shown),
        }
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
                    settings_texts.ALSO_BY_PROGRAMS(key=native(key), use=settings_texts.KEY_USES[conflict.use]())
                )
            button_text = settings_texts.TAKE_IT() if conflict.holder is not None else settings_texts.USE_ANYWAY()
            self._ask(row, "\n".join(warnings), button_text, lambda: self._give(action, keys))
        else:
            self._give(action, keys)

    def _ask(
        self, row: QWidget, words: str, button_text: str, use: Callable[[], object] | None, *, discards: bool = False
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
        names, question = dict.fromkeys(self._settings.preferences.keys), settings_texts.RESET_ALL_KEYS_QUESTION()
        self._ask(self.reset_all, question, settings_texts.RESET_KEY(), lambda: self._write(names), discards=True)

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
