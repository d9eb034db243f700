"""Tool tips of widgets and of entries of menus are shown to the letter."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QAction, QHelpEvent, QTextDocumentFragment
from PySide6.QtWidgets import QApplication, QPushButton, QToolTip, QWidget

from gui.theme.controls import PlainLabel
from gui.theme.tooltips import set_tooltip


@pytest.mark.parametrize("text", ['<img src="/a/pipe">Run the tests', "&lt;b&gt; & <b>bold</b>"])
def test_what_an_agent_says_is_no_html_in_a_tool_tip_and_a_label(qapp: QApplication, text: str) -> None:
    around = QWidget()
    button = QPushButton(around)
    set_tooltip(button, text)
    around.show()
    point = QPoint(2, 2)
    QApplication.sendEvent(button, QHelpEvent(QEvent.Type.ToolTip, point, button.mapToGlobal(point)))
    assert QTextDocumentFragment.fromHtml(QToolTip.text()).toPlainText() == text
    assert button.toolTip() == text, "a screen reader reads the text itself"
    QToolTip.hideText()

    entry = QAction(around)
    set_tooltip(entry, text)
    assert QTextDocumentFragment.fromHtml(entry.toolTip()).toPlainText() == text
    assert PlainLabel(text).textFormat() == Qt.TextFormat.PlainText
    around.close()


def test_a_widget_without_a_tool_tip_leaves_it_to_the_widget_around_it(qapp: QApplication) -> None:
    around = QWidget()
    set_tooltip(around, "around")
    button = QPushButton(around)
    set_tooltip(button, "")
    around.show()
    point = QPoint(2, 2)
    QApplication.sendEvent(button, QHelpEvent(QEvent.Type.ToolTip, point, button.mapToGlobal(point)))
    assert "around" in QToolTip.text()
    QToolTip.hideText()
    around.close()
