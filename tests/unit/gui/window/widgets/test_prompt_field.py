"""Fields for a few lines of text."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QKeyEvent

from gui.input.keys import LINEFEED
from gui.window.widgets.prompt_field import PromptField


def test_copied_files_are_pasted_as_names(qapp):
    field = PromptField("Prompt")
    field.insertPlainText("See ")
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile("/tmp/a picture.png"), QUrl.fromLocalFile("/tmp/b.txt")])
    QGuiApplication.clipboard().setMimeData(files)
    field.paste()
    QGuiApplication.clipboard().setText("and this")
    field.paste()
    assert field.toPlainText() == "See '/tmp/a picture.png' /tmp/b.txt and this"
    field.deleteLater()


def test_a_line_break_that_a_program_types_for_the_user_begins_a_line(qapp):
    field = PromptField("Prompt")
    for key, text in ((Qt.Key.Key_A, "a"), (LINEFEED, "\n"), (Qt.Key.Key_B, "b")):
        event = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, text)
        QGuiApplication.sendEvent(field, event)
    assert field.toPlainText() == "a\nb"
    field.deleteLater()
