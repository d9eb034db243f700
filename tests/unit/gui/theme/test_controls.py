"""Controls that Qt itself draws fit the theme and the window's own controls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFileDialog, QLineEdit, QToolButton, QVBoxLayout, QWidget

from gui.chat.pictures import ImageDialog
from gui.theme.contrast import ratio
from gui.theme.theme import Theme
from gui.window.widgets.prompt_field import PromptField
from tests.support.qt_waiting import show


@pytest.fixture
def holder(theme: Theme) -> Iterator[QWidget]:
    parent = QWidget()
    yield parent
    parent.close()
    parent.deleteLater()


def text_left(field: QWidget, holder: QWidget) -> int:
    """The left edge of the text in an empty field."""
    cursor: QRect = field.inputMethodQuery(Qt.InputMethodQuery.ImCursorRectangle)
    if isinstance(field, PromptField):
        return field.viewport().mapTo(holder, cursor.topLeft()).x()
    return field.mapTo(holder, cursor.center()).x()  # Qt returns a wider rectangle around the cursor.


def test_texts_of_single_and_multi_line_fields_are_left_aligned(holder: QWidget) -> None:
    column = QVBoxLayout(holder)
    fields = QLineEdit(), PromptField("Prompt")
    for field in fields:
        column.addWidget(field)
    show(holder)
    one, several = (text_left(field, holder) for field in fields)
    assert abs(one - several) <= 1


@pytest.mark.parametrize("theme", ["dark", "light"], indirect=True)
def test_the_arrows_of_qts_file_dialog_are_visible(theme: Theme, holder: QWidget, tmp_path: Path) -> None:
    dialog = ImageDialog(theme, holder, str(tmp_path))
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    tools = [tool for tool in dialog.findChildren(QToolButton) if tool.objectName().endswith("Button")]
    assert len(tools) == 6
    for tool in tools:
        image = tool.icon().pixmap(16, 16).toImage()
        points = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
        strongest = max(points, key=QColor.alpha)
        assert ratio(strongest, theme.tokens.color("sidebar")) > 3, tool.objectName()
