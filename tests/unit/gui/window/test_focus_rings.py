"""Each control that the Tab key reaches shows that it has the focus."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from gui.terminal.view import TerminalView
from gui.window.sheets.phone import PhoneSheet
from gui.window.sheets.sheet import Sheet
from gui.window.windows import MainWindow
from session_host import paths
from session_host.protocol.messages import SizeEvent
from session_host.protocol.values import GridSize, State
from session_host.web import devices
from tests.support.journals import output, resize, write_journal
from tests.unit.gui.conftest import WindowHarness


@pytest.mark.parametrize("theme", ["dark", "light"], indirect=True)
async def test_every_keyboard_stop_shows_its_focus(harness: WindowHarness):
    running = await harness.add("one")
    ended = await harness.add("two", state=State.EXITED, exit_code=1, ended_at="2026-01-02T03:05:00Z")
    write_journal(paths.session_journal(ended), [resize(0, 0), output(0, b"what was said\r\n")])
    slept = {"state": State.EXITED, "end_request": "sleep", "ended_at": "2026-01-02T03:05:00Z"}
    asleep = await harness.add("three", **slept)
    window = harness.open_window()
    await _check(harness, "empty", lambda: None)
    viewer = harness.show(running)
    viewer.tell(SizeEvent(GridSize(60, 15), "attach"))
    await harness.until(window.status_line.take_over.isVisible, "the button that takes over")
    chat = harness.chat(running)
    sheets = window.sheets
    places: dict[str, Callable[[], object]] = {
        "window": lambda: None,
        "new chat": lambda: window.commands.starting.new_chat("command", "/usr"),
        "browse": sheets.new_chat.directory_row.browser.browse,
        "rename": lambda: window.commands.chat_actions.rename(chat),
        "export": lambda: window.commands.chat_actions.export(chat),
        "palette": window.actions_.show_palette,
        "switcher": window.commands.lists.switch_chat,
        "explain": window.actions_["explain"].trigger,
        "send": window.actions_["send"].trigger,
        "search": window.actions_["search"].trigger,
        "phone": sheets.phone.ask,
        "a device that asks": lambda: _ask(sheets.phone),
        "stop all": window.commands.chat_actions.stop_all,
    }
    for name, opens in places.items():
        await _check(harness, name, opens)
        for sheet in window.findChildren(Sheet):
            sheet.dismiss()
    window.open_chat(harness.chat(ended))
    await harness.until(lambda: harness.page.is_settled, "the last screen")
    await _check(harness, "end", lambda: None)
    window.open_chat(harness.chat(asleep))
    await _check(harness, "asleep", lambda: None)


def _ask(sheet: PhoneSheet) -> None:
    devices.ask(devices.begin_pairing(), "a key", "", "Firefox on Android", "192.168.1.34")
    sheet.ask()


async def _check(harness: WindowHarness, place: str, opens: Callable[[], object]) -> None:
    window = harness.window
    window.activateWindow()
    opens()
    await harness.until(QApplication.focusWidget, f"the keyboard in {place}")
    stops = [stop for stop in _stops(window) if place != "end" or not isinstance(stop, TerminalView)]
    assert stops
    for stop in stops:
        stop.clearFocus()
        harness.settle()
        without = _picture(window, stop)
        stop.setFocus(Qt.FocusReason.TabFocusReason)
        harness.settle()
        name = f"{place}: {type(stop).__name__} {stop.accessibleName() or getattr(stop, 'text', str)()}"
        assert stop.hasFocus(), name
        assert _picture(window, stop) != without, name


def _stops(window: MainWindow) -> Iterator[QWidget]:
    """The controls that Tab and Shift+Tab reach, in the open sheet or else in the window."""
    sheets = [sheet for sheet in window.findChildren(Sheet) if sheet.isVisible()]
    for widget in (sheets[-1].body if sheets else window).findChildren(QWidget):
        if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            yield widget


def _picture(window: QWidget, widget: QWidget) -> QImage:
    area = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size()).adjusted(-3, -3, 3, 3)
    return window.grab(area).toImage()
