"""After a test, the process of the tests does not own the clipboard."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QClipboard, QGuiApplication
from PySide6.QtWidgets import QApplication

from tests.support.qt_waiting import give_up_clipboard
from tests.support.windows import clipboard


@pytest.mark.usefixtures("display")
def test_a_program_that_reads_the_clipboard_does_not_wait_for_this_process(qapp: QApplication) -> None:
    for mode in (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection):
        QGuiApplication.clipboard().setText("of this process", mode)
    give_up_clipboard()
    assert clipboard() == ""
    assert not QGuiApplication.clipboard().ownsSelection()
