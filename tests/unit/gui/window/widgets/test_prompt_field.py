"""Fields for a few lines of text."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QGuiApplication

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
