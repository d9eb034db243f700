"""The sheet that pairs a phone: its code is valid while it is open, and what happens to the devices is seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from gui.theme.theme import Theme
from gui.window.sheets.phone import PhoneSheet
from gui.wording import phone_texts
from session_host.web import devices
from session_host.web.devices import Rights, WrongCode
from tests.support.qt_waiting import delete_now, process_events_until

pytestmark = pytest.mark.usefixtures("area", "qapp")


@pytest.fixture
def sheet(qapp: QApplication, theme: Theme) -> Iterator[PhoneSheet]:
    window = QWidget()
    window.resize(900, 700)
    yield PhoneSheet(theme, window)
    delete_now(window)


def code_of(sheet: PhoneSheet) -> str:
    return sheet.code.text().replace("-", "")


def test_a_device_that_types_the_code_is_listed_and_can_be_revoked(sheet: PhoneSheet) -> None:
    sheet.ask()
    devices.pair(code_of(sheet), "Ada’s phone")
    process_events_until(lambda: "Ada’s phone is paired" in sheet.said.text(), 20, "the paired device")
    [device] = devices.load().devices
    assert device.rights is Rights.ANSWER
    [revoke] = [each for each in sheet.findChildren(QPushButton) if each.text() == phone_texts.REVOKE()]
    revoke.click()
    assert devices.load().devices == ()
    assert "not paired any more" in sheet.said.text()


def test_other_rights_are_another_code(sheet: PhoneSheet) -> None:
    sheet.ask()
    first = code_of(sheet)
    sheet.rights.setCurrentIndex(2)
    sheet.rights.activated.emit(2)
    assert code_of(sheet) != first
    device, _credential = devices.pair(code_of(sheet), "phone")
    assert device.rights is Rights.EVERYTHING


def test_a_closed_sheet_has_made_its_code_void(sheet: PhoneSheet) -> None:
    sheet.ask()
    code = code_of(sheet)
    sheet.dismiss()
    with pytest.raises(WrongCode):
        devices.pair(code, "phone")
