"""Fields for text, scroll bars, and a window that is raised."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QHideEvent, QImage, QInputMethodEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QLineEdit, QPushButton, QVBoxLayout, QWidget

from gui.input.keys import LINEFEED
from gui.theme.controls import flow
from gui.window.widgets import activation
from gui.window.widgets.composed_text import FieldChanges
from gui.window.widgets.parts import Scrolled
from gui.window.widgets.prompt_field import PromptField
from session_host.client.chats.directories import complete_path, list_directory
from tests.support.qt_waiting import delete_now, process_events_until, show
from tests.support.waiting import eventually


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


def test_a_link_to_itself_hides_no_directory(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "once").symlink_to("once")

    assert complete_path(f"{tmp_path}/on") == [f"{tmp_path}/one"]
    assert list_directory(str(tmp_path)).names == ["one"]


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


def test_a_field_that_is_made_narrower_shows_all_lines_of_its_text(qapp: QApplication) -> None:
    holder = QWidget()
    lines = QVBoxLayout(holder)
    field = PromptField("Prompt")
    lines.addWidget(field)
    lines.addStretch()
    holder.resize(600, 300)
    show(holder)
    field.setPlainText("some words that have room in one line of it, and in two of a narrow one")
    before = field.height()
    holder.resize(300, 300)
    process_events_until(lambda: field.height() > before, 60, "the second line")
    assert field.height() == field.sizeHint().height()
    delete_now(holder)


def test_a_line_break_that_a_program_types_for_the_user_begins_a_line(qapp):
    field = PromptField("Prompt")
    for key, text in ((Qt.Key.Key_A, "a"), (LINEFEED, "\n"), (Qt.Key.Key_B, "b")):
        event = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, text)
        QGuiApplication.sendEvent(field, event)
    assert field.toPlainText() == "a\nb"
    field.deleteLater()


@pytest.fixture
def buttons(qapp: QApplication) -> QWidget:
    """Two buttons that fit side by side only without a scroll bar."""
    inner = QWidget()
    row = flow(QPushButton("one"), QPushButton("two"))
    row.setMinimumWidth(1)
    layout = QVBoxLayout(inner)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(row)
    return inner


def test_a_scroll_bar_disappears_when_the_content_fits_without_it(buttons: QWidget) -> None:
    window = QWidget()
    area = Scrolled(buttons, 1000, "buttons")
    area.setParent(window)
    area.setFrameShape(QFrame.Shape.NoFrame)
    width, line = buttons.sizeHint().width(), buttons.sizeHint().height()
    window.show()
    for height, scrolls in ((line // 2, True), (line, False), (line // 2, True), (line + 1, False)):
        area.resize(width, height)
        QApplication.processEvents()
        assert area.verticalScrollBar().isVisible() is scrolls
    window.close()


class CountingWindow(QWidget):
    """A window that counts how often it was hidden."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = 0

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        activation.watch_exposure(self, event)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.hidden += 1


async def test_a_window_that_a_slow_window_manager_has_not_shown_yet_is_not_hidden(
    qapp: QApplication, window_manager: None
) -> None:
    window = CountingWindow()

    def is_exposed() -> bool:
        qapp.processEvents()
        return window.windowHandle().isExposed()

    for shown in range(2):  # Also when the window returns from the tray.
        window.show()
        activation._bring_here(window)
        assert window.hidden == shown
        await eventually(is_exposed, 10, "the window to be on the screen")
        window.hide()
    window.deleteLater()
