"""A text that an input method composes stays in its field."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QInputMethodEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from gui.window.widgets.composed_text import FieldChanges
from gui.window.widgets.prompt_field import PromptField
from tests.support.qt_waiting import delete_now, process_events_until, show


@pytest.mark.parametrize("change", ["hide", "click"])
def test_a_text_that_is_composed_while_the_keyboard_focus_moves_is_committed_where_it_was_begun(
    qapp: QApplication, window_manager: None, change: str
) -> None:
    changes = FieldChanges(qapp)
    holder = QWidget()
    lines = QVBoxLayout(holder)
    first, second = PromptField("first"), PromptField("second")
    for field in (first, second):
        lines.addWidget(field)
    show(holder)
    holder.activateWindow()
    first.setFocus()
    process_events_until(first.hasFocus, 60, "the first field to have the keyboard")
    QApplication.sendEvent(first, QInputMethodEvent("ni hao", []))
    assert first.toPlainText() == ""
    if change == "hide":
        first.hide()
    second.setFocus(Qt.FocusReason.MouseFocusReason)
    assert second.hasFocus()
    assert (first.toPlainText(), second.toPlainText()) == ("ni hao", "")
    assert first.textCursor().block().layout().preeditAreaText() == ""
    holder.close()
    delete_now(changes, holder)


def test_a_text_that_is_composed_in_the_find_bar_when_it_is_closed_is_gone_when_it_is_opened(
    qapp: QApplication, window_manager: None
) -> None:
    changes = FieldChanges(qapp)
    field = QLineEdit()
    show(field)
    field.activateWindow()
    process_events_until(field.hasFocus, 60, "the field to have the keyboard")
    field.setText("some")
    QApplication.sendEvent(field, QInputMethodEvent("ni hao", []))
    assert field.grab().toImage() != _picture_of("some", field)
    field.hide()
    assert field.grab().toImage() == _picture_of("some", field)
    delete_now(changes, field)


def _picture_of(text: str, field: QLineEdit) -> QImage:
    other = QLineEdit(text)
    other.resize(field.size())
    return other.grab().toImage()
