"""Pastes into the process's fields, in Qt's place: Qt would wait for the program that has the clipboard.

That concerns all fields, also those in Qt's own dialogs. So the field that gets the keyboard is filtered, by its
application's signal.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QObject, Qt
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QPlainTextEdit, QWidget

from gui.theme.menu import temporary_menu
from gui.wording import notice_texts

from . import reading

_REDO = QKeySequence("Ctrl+Y")


def edit_menu(field: QLineEdit | QPlainTextEdit, paste: Callable[[], object]) -> QMenu:
    """The menu, with the words of Qt's; closing it deletes it."""
    menu = temporary_menu(field)
    if isinstance(field, QLineEdit):
        has_selection, is_empty = field.hasSelectedText(), not field.text()
        can_undo, can_redo, delete = field.isUndoAvailable(), field.isRedoAvailable(), field.del_
    else:
        cursor, document = field.textCursor(), field.document()
        has_selection, is_empty = cursor.hasSelection(), document.isEmpty()
        can_undo, can_redo, delete = document.isUndoAvailable(), document.isRedoAvailable(), cursor.removeSelectedText
    standard = QKeySequence.StandardKey
    entries: tuple[tuple[str, str, QKeySequence | QKeySequence.StandardKey, Callable[[], object], bool] | None, ...] = (
        ("edit-undo", "&Undo", standard.Undo, field.undo, can_undo),
        ("edit-redo", "&Redo", _REDO, field.redo, can_redo),
        None,
        ("edit-cut", "Cu&t", standard.Cut, field.cut, has_selection),
        ("edit-copy", "&Copy", standard.Copy, field.copy, has_selection),
        ("edit-paste", "&Paste", standard.Paste, paste, True),
        ("edit-delete", "Delete", QKeySequence(), delete, has_selection),
        None,
        ("select-all", "Select All", standard.SelectAll, field.selectAll, not is_empty),
    )
    for entry in entries:
        if entry is None:
            menu.addSeparator()
            continue
        name, text, keys, act, is_possible = entry
        shown = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
        title = QCoreApplication.translate("QWidgetTextControl", text)
        action = menu.addAction(f"{title}\t{shown}" if shown else title, act)
        action.setObjectName(name)
        action.setEnabled(is_possible)
    return menu


Field = QLineEdit | QPlainTextEdit


def paste(field: Field, mode: reading.Mode = "clipboard") -> None:
    """Paste into a field, once the clipboard's content is there."""
    reading.read(field, mode, lambda data: _insert(field, data))


def _insert(field: Field, data: QMimeData) -> None:
    if field.isReadOnly():
        return
    if isinstance(field, QPlainTextEdit) and field.canInsertFromMimeData(data):
        field.insertFromMimeData(data)
        field.ensureCursorVisible()
    elif isinstance(field, QLineEdit) and (text := data.text()):
        field.insert(text)
    else:
        reading.notices.given.emit(notice_texts.NOTHING_TO_PASTE())


class FieldPasting(QObject):
    """Pastes by keys, middle click and context menu into the field that has the keyboard."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        application.focusChanged.connect(self._on_focus)

    def _on_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        for field, change in ((old, QObject.removeEventFilter), (new, QObject.installEventFilter)):
            if isinstance(field, QLineEdit | QPlainTextEdit):
                change(field, self)
                if isinstance(field, QPlainTextEdit):
                    change(field.viewport(), self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        field = watched if isinstance(watched, QLineEdit | QPlainTextEdit) else watched.parent()
        if not isinstance(field, QLineEdit | QPlainTextEdit) or field.isReadOnly():
            return False
        if isinstance(event, QKeyEvent):
            if event.type() != QEvent.Type.KeyPress or not event.matches(QKeySequence.StandardKey.Paste):
                return False
            control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
            paste(field, "selection" if control and event.key() == Qt.Key.Key_Insert else "clipboard")
            return True
        if isinstance(event, QMouseEvent):
            is_paste = event.type() == QEvent.Type.MouseButtonRelease and event.button() == Qt.MouseButton.MiddleButton
            if is_paste and QApplication.clipboard().supportsSelection():
                self._paste_at(field, event)
                return True
        elif isinstance(event, QContextMenuEvent) and isinstance(field, QLineEdit):
            edit_menu(field, lambda: paste(field)).popup(event.globalPos())
            return True
        return False

    @staticmethod
    def _paste_at(field: Field, event: QMouseEvent) -> None:
        """Paste the selection where the mouse is."""
        point = event.position().toPoint()
        if isinstance(field, QPlainTextEdit):
            field.setTextCursor(field.cursorForPosition(point))
        else:
            field.setCursorPosition(field.cursorPositionAt(point))
        paste(field, "selection")
