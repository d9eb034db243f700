"""A device that asks to be let in while no sheet shows it: the user is told, and nothing comes up by itself."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from gui.window.asking_devices import AskingDevices
from gui.window.windows import Windows
from session_host.paths import ensure_private, state_dir
from session_host.web import devices
from session_host.web.devices import Asking
from tests.support.qt_waiting import show_active
from tests.support.waiting import wait_until
from tests.support.windows import has_keyboard
from tests.unit.gui.conftest import WAIT_S, WindowHarness

ASKS = "Firefox on Android asks to be let in"


class Told:
    """The lines that notifications would show."""

    def __init__(self, asking: AskingDevices) -> None:
        self.lines: list[str] = []
        self.ends = 0
        asking.asks.connect(self.lines.append)
        asking.over.connect(self._on_over)

    def _on_over(self) -> None:
        self.ends += 1


def asking_devices(harness: WindowHarness) -> AskingDevices:
    windows = harness.sessions.findChild(Windows)
    assert windows is not None
    return AskingDevices(windows)


def ask(name: str = "Firefox on Android") -> Asking:
    asking, _number = devices.ask(devices.begin_pairing(), f"key of {name}", "", name, "192.168.1.34")
    devices.end_pairing()
    return asking


async def test_a_device_that_asks_gets_a_banner_and_no_sheet(harness: WindowHarness) -> None:
    await harness.open("one")
    await harness.focus_terminal()
    asking = asking_devices(harness)
    asking.watch()
    ensure_private(state_dir())
    ensure_private(devices.devices_file().parent)
    asking.watch()
    told = Told(asking)
    ask()
    await harness.until(lambda: harness.banner == ASKS, "the banner")
    assert not harness.window.sheets.is_any_open
    assert harness.view.hasFocus(), "what the user types goes where it went"
    assert told.lines == [], "the user looks at the window"
    await harness.press(Qt.Key.Key_Return)
    assert not harness.window.sheets.is_any_open
    harness.window.banners.run_action()
    assert harness.window.sheets.phone.card.isVisible()
    assert harness.window.sheets.phone.card.no.hasFocus()
    assert harness.banner == ""


@pytest.mark.usefixtures("display")
async def test_a_device_that_asks_behind_the_users_back_is_notified_of_once(harness: WindowHarness) -> None:
    """It was not told of the second one: a window that has just been hidden may seem to be active for a moment."""
    await harness.open("one")
    other = QWidget()
    show_active(other)
    other.hide()
    wait_until(lambda: has_keyboard(harness.window.winId()), WAIT_S, "the window to have the keyboard")
    harness.window.hide()  # Before Qt knows that it had the keyboard.
    asking = asking_devices(harness)
    told = Told(asking)
    first = ask()
    asking.watch()
    await harness.until(lambda: told.lines, "the notification")
    assert told.lines == [ASKS]
    second = ask("Chrome on Windows")
    await harness.until(lambda: told.lines[1:], "the other device's")
    assert told.lines == [ASKS, "2 devices ask to be let in"]
    devices.refuse(second.id)
    await harness.until(lambda: harness.banner == ASKS, "the banner of the device that is left")
    assert told.ends == 0
    devices.refuse(first.id)
    await harness.until(lambda: told.ends == 1, "the end of the notification")
    assert harness.banner == ""
    assert len(told.lines) == 2
    other.deleteLater()


async def test_a_device_asks_no_longer_than_it_says(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    await harness.open("one")
    asking = asking_devices(harness)
    ask()
    asking.watch()
    assert harness.banner == ASKS
    monkeypatch.setattr(devices, "ASKING_S", 1.0)
    asking.check()
    await harness.until(lambda: harness.banner == "", "the banner to go")


async def test_a_sheet_that_is_closed_without_an_answer_leaves_a_banner(harness: WindowHarness) -> None:
    await harness.open("one")
    asking = asking_devices(harness)
    sheet = harness.window.sheets.phone
    sheet.ask()
    asking.watch()
    ask()
    await harness.until(sheet.card.isVisible, "the card")
    assert harness.banner == "", "the sheet shows it"
    sheet.dismiss()
    assert harness.banner == ASKS


async def test_a_lost_key_is_called_that(harness: WindowHarness) -> None:
    await harness.open("one")
    asking = asking_devices(harness)
    first, number = devices.ask(devices.begin_pairing(), "one key", "", "Firefox on Android", "192.168.1.34")
    devices.let_in(first.id, devices.Rights.LOOK, "Ada’s phone")
    devices.end_pairing()
    devices.ask("", "another key", number, "Firefox on Android", "192.168.1.34")
    asking.watch()
    assert harness.banner == "Ada’s phone has lost its key"


async def test_the_guide_opens_at_other_ways(harness: WindowHarness) -> None:
    await harness.open("one")
    harness.window.sheets.phone.ask()
    harness.window.sheets.phone.reach.other_ways.click()
    windows = harness.sessions.findChild(Windows)
    assert windows is not None
    guide = windows.tab_pages.guide.page
    assert guide is not None
    assert guide.windowTitle().startswith("An address and notifications")
    guide.close()
