"""Starts Qt and the window, and runs both until the window is closed."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator

from PySide6.QtCore import (
    QCoreApplication,
    QLibraryInfo,
    QLoggingCategory,
    QMessageLogContext,
    Qt,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtGui import QGuiApplication, QSessionManager
from PySide6.QtWidgets import QApplication

from gui import loop
from gui.app import App
from gui.fault_report import FaultReport
from gui.input.composing import using_input_methods
from gui.window.display_scale import follow_display_scale
from gui.window.remote_control.single_instance import SingleInstance
from gui.window.widgets.composed_text import FieldChanges
from gui.wording import notice_texts
from gui.wording.qt_words import install_qt_words
from session_host import paths
from session_host.client.window_control import variable_to_check
from session_host.protocol.untrusted_text import one_line
from session_host.version import VERSION

QUIT_TIMEOUT_S = 30.0
"""All that is saved has been saved by then. A process that hangs would keep the next window from opening."""

EXIT_TIMEOUT_S = 10
"""Qt ends within this time, once the window has ended."""

LOG_RULES = (
    "qt.text.font.db=false\nqt.accessibility.atspi.warning=false\nqt.qpa.wayland.textinput.warning=false\n"
    "qt.qpa.services.warning=false\nqt.qpa.theme.gnome.warning=false"
)
"""Qt's messages that are not printed. Programs may print any script, and Qt reports each script without an installed
font. Qt's bridge to screen readers warns about each label with selectable text; its plugin for Wayland, about each
change of the keyboard focus; its plugins for desktops, about a missing portal (xdg-desktop-portal), which Outlive does
not need."""

_NOT_PRINTED = ("Detected locale ", "Session DBus not running", "Application will not react to setting changes")
"""Beginnings of Qt's other messages that are not printed: about a locale without UTF-8, since Qt takes another one for
this process; with GNOME, about a missing session bus."""


def start(claim: SingleInstance, *, is_for_new_chat: bool = False, is_hidden: bool = False) -> int:
    """Run the window; returns the process's exit code.

    Args:
        claim: the lock and the socket of the user's only window process.
        is_for_new_chat: whether to open the sheet for a new chat.
        is_hidden: whether the window stays hidden in the tray.
    """
    # X11's WM_CLASS comes from this name and the first argument; desktops match it with outlive.desktop.
    QCoreApplication.setApplicationName("outlive")
    QGuiApplication.setApplicationDisplayName("Outlive")
    QCoreApplication.setApplicationVersion(VERSION)
    QGuiApplication.setDesktopFileName("outlive")
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    QLoggingCategory.setFilterRules(LOG_RULES)
    prefer_own_plugins()
    with _no_abort(), using_input_methods(is_x11=is_x11()) as keys_in_order:
        qt = QApplication(["outlive", *platform_arguments()])
    if keys_in_order is not None:
        qt.installNativeEventFilter(keys_in_order)
    qt.setQuitOnLastWindowClosed(False)
    follow_display_scale(qt)
    FieldChanges(qt)
    install_qt_words(qt)
    faults = FaultReport(paths.window_log())
    app = App(qt, claim, is_for_new_chat=is_for_new_chat, is_hidden=is_hidden)
    faults.failed.connect(lambda: app.show_fault(notice_texts.WINDOW_FAULT(), str(faults.path)))
    if faults.has_crashed:
        app.show_fault(notice_texts.WINDOW_CRASHED(), str(faults.path))
    qt.commitDataRequest.connect(_on_session_end)

    async def run() -> int:
        try:
            return await app.run()
        finally:
            faults.end_within(QUIT_TIMEOUT_S)

    try:
        return loop.run(qt, run(), app.quit)
    finally:
        faults.close()
        _exit_within(EXIT_TIMEOUT_S)


def prefer_own_plugins() -> None:
    """Let Qt prefer its own plugins to another Qt's in QT_PLUGIN_PATH. The variable stays: chats get it."""
    own = QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)
    QCoreApplication.removeLibraryPath(own)
    QCoreApplication.addLibraryPath(own)  # in front of the others


def platform_arguments() -> list[str]:
    """Qt's arguments for its platform: X11 in a Wayland session of Plasma 5, unless the user has chosen one.

    From 6.11 on, Qt pads the rows of a window's picture on Wayland. KWin 5 ignores that: the window would be slanted
    stripes after each change of its size. Its X server is always there.
    """
    environment = os.environ
    is_plasma_5 = environment.get("KDE_SESSION_VERSION") == "5" and environment.get("WAYLAND_DISPLAY")
    if is_plasma_5 and environment.get("DISPLAY") and not environment.get("QT_QPA_PLATFORM"):
        return ["-platform", "xcb;wayland"]
    return []


def is_x11() -> bool:
    """Whether Qt's platform will surely be X11."""
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    return bool(platform_arguments()) or chosen.startswith("xcb") or not (chosen or os.environ.get("WAYLAND_DISPLAY"))


def _exit_within(timeout_s: int) -> None:
    """End the process if Qt hangs at its exit, as its thread for Wayland may when the desktop ends at the same time."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # The default action ends the process.
    signal.alarm(timeout_s)


@contextlib.contextmanager
def _no_abort() -> Iterator[None]:
    """While Qt starts: if it cannot open a display, print one line and exit. Qt would abort the process."""
    warnings: list[str] = []

    def on_message(kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        if kind is not QtMsgType.QtFatalMsg:
            if not text.startswith(_NOT_PRINTED):
                warnings.append(text)
            return
        reason = one_line(next(iter(warnings), text))
        variable = variable_to_check(reason)
        remedy = f"check {variable}" if variable else "run `outlive doctor`"
        line = f"{reason}; {remedy}, or use `outlive new` and `outlive attach` in this terminal"
        print(f"outlive: cannot open a window: {line}", file=sys.stderr, flush=True)  # noqa: T201 - there is no window
        os._exit(1)

    previous = qInstallMessageHandler(on_message)
    try:
        yield
    finally:
        qInstallMessageHandler(previous)
        for text in warnings:
            print(text, file=sys.stderr)  # noqa: T201 - as Qt does


def _on_session_end(manager: QSessionManager) -> None:
    """Let the desktop's session end without a question: the layout is saved, and chats keep running."""
    manager.setRestartHint(QSessionManager.RestartHint.RestartNever)
