"""Fixtures: a terminal view on a real X server, with a real engine and a recorder in place of a session."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QCursor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.input import in_sight
from gui.terminal.view import TerminalView
from gui.theme.terminal import TerminalFont, TerminalTheme
from gui.theme.theme import Theme
from session_host.protocol.values import CellSize, GridSize, KeyAction, MouseAction, MouseButton
from session_host.terminal import create
from session_host.terminal.base import Emulator, Frame
from tests.support.chat_view_harness import ChatViewHarness, ShowChat
from tests.support.displays import XServer
from tests.support.qt_waiting import process_events_until, show_active
from tests.support.scripted_chat import ScriptedChat
from tests.support.themes import DARK_TERMINAL as DARK
from tests.support.themes import OWN
from tests.support.windows import has_keyboard, xdotool

WAIT_S = 60.0
FAMILY = "DejaVu Sans Mono"
FONT = TerminalFont(FAMILY)
Call = tuple[Any, ...]


@pytest.fixture(autouse=True)
def keys_count_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What asks takes keys from its first paint on; a test of the time in which it does not sets that itself."""
    monkeypatch.setattr(in_sight, "KEYS_AFTER_PAINT_MS", 0)


class ShownEmulator:
    """What a view shows: an emulator, or nothing."""

    def __init__(self, emulator: Emulator | None) -> None:
        self.emulator = emulator

    def frame(self) -> Frame:
        assert self.emulator is not None
        return self.emulator.frame()


class Recorder:
    """An InputSink that records its calls."""

    def __init__(self, emulator: Emulator | None) -> None:
        self.replica = ShownEmulator(emulator)
        self.calls: list[Call] = []
        self.takes_mouse = True

    def key(self, key: str, text: str, modifiers: int, action: KeyAction) -> None:
        self.calls.append(("key", key, text, int(modifiers), action))

    def text(self, text: str) -> None:
        self.calls.append(("text", text))

    def paste(self, text: str) -> None:
        self.calls.append(("paste", text))

    def mouse(self, action: MouseAction, button: MouseButton, column: int, row: int, modifiers: int) -> None:
        self.calls.append(("mouse", action, button, column, row, int(modifiers)))

    def focus(self, focused: bool) -> None:
        self.calls.append(("focus", focused))

    def resize(self, size: GridSize, cell: CellSize) -> None:
        self.calls.append(("resize", size, cell))

    def of(self, kind: str) -> list[Call]:
        """The calls of one kind, without the kind's name."""
        return [call[1:] for call in self.calls if call[0] == kind]

    def presses(self) -> list[tuple[str, str, int]]:
        """Key, text and modifiers of the key presses; bare modifiers left out."""
        bare = {"Shift", "Control", "Alt", "Super", "NumLock"}
        return [
            (key, text, modifiers)
            for key, text, modifiers, action in self.of("key")
            if action == KeyAction.PRESS and key not in bare
        ]


class ReleaseCounter(QObject):
    """Counts the releases of mouse buttons over a widget."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt calls it so
        self.count += event.type() == QEvent.Type.MouseButtonRelease
        return False

    def has_counted(self, count: int) -> bool:
        """Whether there were at least ``count`` releases."""
        return self.count >= count


class ShownView:
    """A visible terminal view with its emulator and recorder, and the actions of tests on it."""

    def __init__(self, size: GridSize, theme: TerminalTheme) -> None:
        self.emulator: Emulator = create(None, size)
        self.sink = Recorder(self.emulator)
        self.view = TerminalView(theme)
        self.view.sizing.set_font(FONT)
        self.view.sizing.set_font_size(13)
        cell = self.cell
        self.view.resize(size.columns * cell.width_px + 16, size.rows * cell.height_px + 16)
        self.view.display.set_viewer(self.sink)
        show_active(self.view)  # Activation gives the view the keyboard: later than this, it would surprise a test.
        self.settle()

    @property
    def cell(self) -> CellSize:
        return self.view.display.surface.metrics.cell

    def focus(self) -> None:
        """Give the view the keyboard focus."""
        self.view.activateWindow()
        self.view.setFocus()
        window_id = int(self.view.window().winId())
        process_events_until(
            lambda: self.view.hasFocus() and has_keyboard(window_id), WAIT_S, "the view to have the keyboard"
        )

    def feed(self, data: bytes | str) -> None:
        """Feed output of the program, and wait until it is painted."""
        self.emulator.feed(data.encode() if isinstance(data, str) else data)
        self.view.display.on_damage()
        self.settle()

    def settle(self) -> None:
        """Handle events until nothing is left to be painted."""
        QApplication.processEvents()
        process_events_until(lambda: not self.view.display._pacer.pending, WAIT_S, "the frame to be painted")
        QApplication.processEvents()

    def until(self, condition: Callable[[], object], what: str) -> None:
        process_events_until(condition, WAIT_S, what)

    def point(self, column: float, row: float) -> QPoint:
        """The middle of a cell, in the widget's pixels."""
        return QPoint(round(8 + (column + 0.5) * self.cell.width_px), round(8 + (row + 0.5) * self.cell.height_px))

    def click(self, column: int, row: int, button: Any = Qt.MouseButton.LeftButton, modifiers: Any = None) -> None:
        QTest.mouseClick(self.view, button, modifiers or Qt.KeyboardModifier.NoModifier, self.point(column, row))

    def way_to(self, column: int, row: int) -> list[str]:
        """xdotool arguments that move the pointer to a cell, since Qt may not know the window's position yet."""
        point = self.point(column, row)
        return ["mousemove", "--window", str(int(self.view.winId())), str(point.x()), str(point.y())]

    def real_clicks(self, column: int, row: int, clicks: int) -> None:
        """Click several times by the X server; on a slow machine they count as a double or triple click, too."""
        counter = ReleaseCounter(self.view)
        self.view.installEventFilter(counter)
        usual_ms = QApplication.doubleClickInterval()
        QApplication.setDoubleClickInterval(round(WAIT_S * 1000))
        try:
            for number in range(1, clicks + 1):
                # One click at a time: the window manager holds back each press until it has handled it.
                xdotool(*self.way_to(column, row), "click", "1")
                self.until(partial(counter.has_counted, number), f"click {number}")
        finally:
            QApplication.setDoubleClickInterval(usual_ms)
            self.view.removeEventFilter(counter)

    def drag(self, first: tuple[int, int], last: tuple[int, int], modifiers: Any = None) -> None:
        """Drag over whole cells, both included; with modifiers, over a block."""
        held = modifiers or Qt.KeyboardModifier.NoModifier
        is_forward = first <= last if modifiers else first[::-1] <= last[::-1]
        aside = 0.4 if is_forward else -0.4
        begin, end = self.point(first[0] - aside, first[1]), self.point(last[0] + aside, last[1])
        QTest.mousePress(self.view, Qt.MouseButton.LeftButton, held, begin)
        self.move_to(QPointF(end), modifiers=held)
        QTest.mouseRelease(self.view, Qt.MouseButton.LeftButton, held, end)
        self.settle()

    def move(self, cell: tuple[int, int], *, held: Any = Qt.MouseButton.LeftButton, modifiers: Any = None) -> None:
        self.move_to(QPointF(self.point(*cell)), held=held, modifiers=modifiers)

    def move_to(self, position: QPointF, *, held: Any = Qt.MouseButton.LeftButton, modifiers: Any = None) -> None:
        from PySide6.QtGui import QMouseEvent

        event = QMouseEvent(
            QEvent.Type.MouseMove,
            position,
            self.view.mapToGlobal(position),
            Qt.MouseButton.NoButton,
            held,
            modifiers or Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(self.view, event)

    def image(self) -> QImage:
        """The view's present picture."""
        return self.view.grab().toImage()

    def cell_image(self, column: int, row: int, columns: int = 1) -> QImage:
        width, height = self.cell.width_px, self.cell.height_px
        return self.image().copy(8 + column * width, 8 + row * height, columns * width, height)


def colors_in(image: QImage) -> set[int]:
    """The colours of all pixels, as 0xRRGGBB."""
    return {image.pixel(x, y) & 0xFFFFFF for x in range(image.width()) for y in range(image.height())}


def rgb(color: QColor) -> int:
    return color.rgb() & 0xFFFFFF


@pytest.fixture
def show_view(qapp: QApplication, window_manager: None, display: XServer) -> Iterator[Callable[..., ShownView]]:
    """Shows terminal views, and closes them at the end."""
    shown: list[ShownView] = []

    def make(columns: int = 60, rows: int = 12, theme: TerminalTheme = DARK) -> ShownView:
        # An earlier test may have left the pointer where the view appears: the view would react to it.
        QCursor.setPos(qapp.primaryScreen().geometry().bottomRight())
        terminal = ShownView(GridSize(columns, rows), theme)
        shown.append(terminal)
        return terminal

    yield make
    for terminal in shown:
        terminal.view.display.set_viewer(None)
        terminal.view.close()
        terminal.emulator.close()


@pytest.fixture
def show_chat(qapp: QApplication, window_manager: None, display: XServer) -> Iterator[ShowChat]:
    """Shows views of a scripted chat, and closes them at the end."""
    shown: list[ChatViewHarness] = []
    theme = Theme(qapp, OWN, "dark")

    def make(chat: ScriptedChat | None = None, directory: str = "") -> ChatViewHarness:
        shown.append(ChatViewHarness(theme, chat or ScriptedChat(), directory))
        return shown[-1]

    yield make
    for terminal in shown:
        terminal.view.close()
        terminal.view.deleteLater()


@pytest.fixture
def keyboard_layout(display: XServer) -> Iterator[Callable[..., None]]:
    """Sets the X server's keyboard layout, and restores the US layout at the end."""

    def use(layout: str, variant: str = "") -> None:
        subprocess.run(["setxkbmap", "-layout", layout, "-variant", variant], check=True, timeout=60)

    use("us")
    yield use
    use("us")
