"""Waiting in a test with a QApplication; Qt's events are handled meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtGui import QClipboard, QCursor, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from tests.support.waiting import TIMEOUT_S, WaitTimeout

T = TypeVar("T")


def process_events_until(condition: Callable[[], T], timeout_s: float, what: str, *, is_exact: bool = False) -> T:
    """Handle Qt's events until ``condition`` returns a true value, and return that value.

    Raises:
        WaitTimeout: the time is up.
    """
    assert QCoreApplication.instance() is not None, "the test needs the fixture qapp: without it, no timer runs"
    waker = QTimer()  # so that the condition is also checked when no event comes
    waker.start(10)
    if not is_exact:
        timeout_s = max(timeout_s, TIMEOUT_S)  # the machine may be busy
    deadline = time.monotonic() + timeout_s
    try:
        while not (result := condition()):
            if time.monotonic() >= deadline:
                raise WaitTimeout(f"timed out after {timeout_s:g} s, waiting for {what}")
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            run_deferred_deletes()
        return result
    finally:
        waker.stop()


def show(window: QWidget) -> None:
    """Show a window and wait until it is on the screen; ``QTest.qWaitForWindowExposed`` waits only five seconds."""
    window.show()
    handle = window.windowHandle()
    assert handle is not None
    process_events_until(handle.isExposed, TIMEOUT_S, "the window to be on the screen")


def show_active(window: QWidget) -> None:
    """Show a window and wait until it is active: before that, none of its widgets has the focus.

    This needs a window manager, which activates a new window.
    """
    show(window)
    process_events_until(window.isActiveWindow, TIMEOUT_S, "the window to be active")


def run_deferred_deletes() -> None:
    """Delete objects that ``deleteLater`` has scheduled, since a test has no event loop that deletes them."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def delete_now(*objects: QObject) -> None:
    """Delete objects, after handling their pending events."""
    for unneeded in objects:
        unneeded.deleteLater()
    QCoreApplication.processEvents()
    run_deferred_deletes()


def close_all_windows() -> None:
    """Close and delete every window that a test left."""
    windows = QApplication.topLevelWidgets()
    for window in windows:
        window.close()
    delete_now(*windows)


def release_buttons() -> None:
    """Release the mouse buttons that Qt takes for held, as after ``QTest.mouseDClick``; else the next click is lost."""
    target = QWidget()
    for button in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton):
        if QGuiApplication.mouseButtons() & button:
            QTest.mouseRelease(target, button)
    target.deleteLater()


def park_pointer() -> None:
    """Put the mouse pointer into the corner: a window that appears below it would react to it."""
    QCursor.setPos(QGuiApplication.primaryScreen().geometry().bottomRight())


def give_up_clipboard() -> None:
    """Give up the clipboard and the primary selection, if this process has them.

    Otherwise a program that reads them waits for this process, which handles no events between its tests.
    """
    clipboard = QGuiApplication.clipboard()
    if clipboard.ownsClipboard():
        clipboard.clear(QClipboard.Mode.Clipboard)
    if clipboard.ownsSelection():
        clipboard.clear(QClipboard.Mode.Selection)
