"""The context menu of a field; Qt's own one asks the clipboard's owner before it opens."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLineEdit, QMenu, QPlainTextEdit

from gui.theme.menu import temporary_menu

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
