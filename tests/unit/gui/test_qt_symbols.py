"""Qt's own functions: the installed Qt has them, and another Qt may lack them."""

from __future__ import annotations

import ctypes
from pathlib import Path

import PySide6
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QWindow

from gui import qt_symbols

LIBRARIES = Path(PySide6.__file__).parent / "Qt" / "lib"


@pytest.mark.parametrize(("library", "name"), qt_symbols.SYMBOLS)
def test_the_installed_qt_has_each_function(library: str, name: str) -> None:
    assert hasattr(ctypes.CDLL(str(LIBRARIES / library)), name)


def test_without_the_functions_qt_goes_on_alone(qapp: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qt_symbols, "_function", lambda *_: None)
    key = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    window = QWindow()
    qt_symbols.deliver_window_events()
    qt_symbols.update_scale(window)
    assert not qt_symbols.run_shortcut(window, key, Qt.Key.Key_T.value)


def test_a_name_that_no_library_has_is_no_function(qapp: object) -> None:
    assert qt_symbols._function("libQt6Gui.so.6", "_ZNothing", None) is None
    assert qt_symbols._function("libNothing.so.6", "_ZNothing", None) is None
