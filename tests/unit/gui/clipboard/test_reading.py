"""Pasting what other programs have on the clipboard, which may be busy, or hang."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QClipboard, QContextMenuEvent, QGuiApplication, QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QWidget

from gui.clipboard import reading, x11
from gui.clipboard.fields import FieldPasting
from gui.wording import notice_texts
from tests.support import processes
from tests.support.qt_waiting import process_events_until, show_active
from tests.support.waiting import wait_until

WAIT_S = 20.0
NEVER_MS = 3_600_000
CONTROL = Qt.KeyboardModifier.ControlModifier
pytestmark = pytest.mark.usefixtures("display", "qapp", "window_manager")


@contextmanager
def other_program(content: bytes, target: str = "", selection: str = "clipboard") -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that has the clipboard."""
    xclip = ["xclip", "-selection", selection]
    arguments = [*xclip, "-in", "-quiet", *(["-target", target] if target else [])]
    asks = [*xclip, "-out", "-target", "TARGETS"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        try:
            assert program.stdin is not None
            program.stdin.write(content)
            program.stdin.close()
            wait_until(lambda: subprocess.run(asks, check=False, capture_output=True).returncode == 0, WAIT_S, "xclip")
            yield program
        finally:
            program.send_signal(signal.SIGCONT)
            program.kill()


def read(mode: reading.Mode = "clipboard") -> QMimeData:
    """The content that a widget gets from the clipboard."""
    widget, got = QWidget(), list[QMimeData]()
    reading.read(widget, mode, got.append)
    return process_events_until(lambda: got, WAIT_S, "the clipboard's content")[0]


@pytest.fixture
def notices() -> Iterator[list[str]]:
    given: list[str] = []
    reading.notices.given.connect(given.append)
    yield given
    reading.notices.given.disconnect(given.append)


def shown(field: QLineEdit | QPlainTextEdit) -> QLineEdit | QPlainTextEdit:
    """A field with the keyboard, in a window with the process's pasting."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    FieldPasting(application).setParent(field)
    show_active(field)
    process_events_until(field.hasFocus, WAIT_S, "the keyboard")
    return field


def text_of(field: QLineEdit | QPlainTextEdit) -> str:
    return field.text() if isinstance(field, QLineEdit) else field.toPlainText()


def test_pasting_with_an_empty_clipboard_pastes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QGuiApplication, "platformName", lambda: "offscreen")
    monkeypatch.setattr(QClipboard, "mimeData", lambda *_arguments: None)  # As Qt's offscreen platform does.
    monkeypatch.setattr(QClipboard, "ownsClipboard", lambda _clipboard: False)
    assert read().formats() == []


@pytest.mark.parametrize("text", ["größer", "long " * 1_000_000])
def test_a_text_of_another_program_is_read_also_in_parts(text: str) -> None:
    with other_program(text.encode()):
        assert read().text() == text


def test_files_and_images_of_another_program_are_read(tmp_path: Path) -> None:
    with other_program(b"file:///tmp/a%20b\r\nfile:///tmp/c", "text/uri-list"):
        assert [url.toLocalFile() for url in read().urls()] == ["/tmp/a b", "/tmp/c"]
    image, file = QImage(3, 2, QImage.Format.Format_RGB32), tmp_path / "image.png"
    image.fill(0)
    image.save(str(file))
    with other_program(file.read_bytes(), "image/png"):
        assert read().imageData().width() == 3
    assert read().formats() == []


def by_key(field: QWidget) -> None:
    QTest.keyClick(field, Qt.Key.Key_V, CONTROL)


def by_middle_click(field: QWidget) -> None:
    on = field.viewport() if isinstance(field, QPlainTextEdit) else field
    middle, at = Qt.MouseButton.MiddleButton, QPointF(2, 2)
    no_button, no_key = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(on, QMouseEvent(QEvent.Type.MouseButtonRelease, at, at, middle, no_button, no_key))


def by_menu(field: QWidget) -> None:
    QApplication.sendEvent(field, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(2, 2), QPoint(2, 2)))
    menu = QApplication.activePopupWidget()
    assert menu is not None
    next(action for action in menu.actions() if action.objectName() == "edit-paste").trigger()
    menu.close()


@pytest.mark.parametrize(
    ("make", "paste"),
    [
        (QLineEdit, by_key),
        (QLineEdit, by_middle_click),
        (QLineEdit, by_menu),
        (QPlainTextEdit, by_key),
        (QPlainTextEdit, by_middle_click),
    ],
)
def test_while_another_program_is_slow_the_window_lives_and_keys_follow_the_paste(
    make: Callable[[], QLineEdit | QPlainTextEdit],
    paste: Callable[[QWidget], None],
    notices: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(x11, "TIMEOUT_MS", NEVER_MS)
    field = shown(make())
    with other_program(b"pasted", selection="primary" if paste is by_middle_click else "clipboard") as program:
        processes.stop(program.pid)
        paste(field)
        QTest.keyClicks(field, "xy")
        process_events_until(lambda: notices, WAIT_S, "the notice")
        assert (notices.pop(), text_of(field)) == (notice_texts.WAITS_FOR_CLIPBOARD(), "")
        program.send_signal(signal.SIGCONT)
        process_events_until(lambda: text_of(field) == "pastedxy", WAIT_S, "the paste")


def test_a_program_that_never_answers_is_named_and_the_keys_arrive(
    monkeypatch: pytest.MonkeyPatch, notices: list[str]
) -> None:
    monkeypatch.setattr(x11, "TIMEOUT_MS", 50)
    monkeypatch.setattr(reading, "SAID_AFTER_MS", NEVER_MS)
    field = shown(QLineEdit())
    with other_program(b"pasted") as program:
        processes.stop(program.pid)
        by_key(field)
        QTest.keyClicks(field, "x")
        process_events_until(lambda: text_of(field) == "x", WAIT_S, "the key")
    assert notices == [notice_texts.CLIPBOARD_DOES_NOT_ANSWER()]
