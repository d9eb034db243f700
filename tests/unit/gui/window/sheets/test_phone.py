"""The sheet that brings the page to a phone: nothing is typed, and nobody is let in but by the user's yes."""

from __future__ import annotations

import shlex
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QProcess, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from gui.theme.theme import Theme
from gui.window.sheets import asking_device, phone
from gui.window.sheets.phone import PhoneSheet
from gui.wording import phone_texts
from session_host.paths import ensure_private, runtime_dir
from session_host.web import devices, places
from session_host.web.devices import Asking, Rights, WrongCode
from session_host.web.places import Certificate, Served
from tests.support.qt_waiting import delete_now, process_events_until, show_active

pytestmark = pytest.mark.usefixtures("area", "qapp", "window_manager")

NEVER_MS = 600_000
WAIT_S = 60.0
PAIRS = [f"{number:02X}" for number in range(28)]
CERTIFICATE = Certificate(":".join([*PAIRS, "4F", "9A", "17", "C0"]), "2026-05-03T10:00:00Z", "2028-05-03T10:00:00Z")
IN_NETWORK = Served(("https://192.168.1.20:7443",), "192.168.1.20", CERTIFICATE)
ON_LOOPBACK = Served(("http://localhost:7070",))


@pytest.fixture
def serve() -> Iterator[Callable[[Served], None]]:
    """Makes the page one that is served so, for whoever asks where."""
    with socket.socket(socket.AF_UNIX) as listener:

        def note(served: Served) -> None:
            ensure_private(runtime_dir())
            listener.bind(str(places.page_socket()))
            listener.listen()
            places.note(served)

        yield note


is_served = places.is_served


@pytest.fixture(autouse=True)
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page_is_served: None) -> Path:
    """The file with the commands that the sheet gives; they do nothing else, and fail. The page may be off."""
    monkeypatch.setattr(places, "is_served", is_served)
    commands = tmp_path / "commands"
    stand_in = ["sh", "-c", f"echo $* >> {shlex.quote(str(commands))}; echo outlive: no systemd >&2; exit 2", "sh"]
    monkeypatch.setattr(phone, "outlive_command", lambda: stand_in)
    return commands


@pytest.fixture
def sheet(qapp: QApplication, theme: Theme) -> Iterator[PhoneSheet]:
    window = QWidget()
    window.resize(900, 700)
    show_active(window)
    sheet = PhoneSheet(theme, window)
    yield sheet
    for command in sheet.findChildren(QProcess):
        command.waitForFinished()
    delete_now(window)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first half second of a card lasts."""
    monkeypatch.setattr(asking_device, "KEYS_AFTER_MS", NEVER_MS)


def code_of(sheet: PhoneSheet) -> str:
    return sheet.reach.code.text().replace("-", "")


def ask(code: str, name: str = "Firefox on Android", number: str = "", key: str = "") -> tuple[Asking, str]:
    """Ask as a browser does; returns that, and the number for its cookie."""
    return devices.ask(code, key or f"key of {name}", number, name, "192.168.1.34")


def shows(sheet: PhoneSheet, asking: Asking) -> None:
    """Wait until the sheet shows a device, and takes an answer."""
    process_events_until(lambda: sheet.card.asking == asking, WAIT_S, "the device")
    process_events_until(sheet.card.yes.isEnabled, WAIT_S, "the first half second to be over")


def visible_texts(sheet: PhoneSheet) -> str:
    widgets: list[QLabel | QPushButton] = [*sheet.findChildren(QLabel), *sheet.findChildren(QPushButton)]
    return "\n".join(each.text() for each in widgets if each.isVisible())


def click(button: QWidget) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def click_where(widget: QWidget) -> None:
    """Click where a widget is on the screen, as a hand does; what lies there gets it."""
    window, point = widget.window(), widget.mapTo(widget.window(), widget.rect().center())
    QTest.mouseClick(window.windowHandle(), Qt.MouseButton.LeftButton, pos=point)


# ---------------------------------------------------------------- before


def test_a_page_that_cannot_be_turned_on_has_no_picture_and_no_code(sheet: PhoneSheet, commands: Path) -> None:
    sheet.ask()
    assert not sheet.reach.turn_on.isVisible(), "it is being turned on"
    process_events_until(sheet.reach.turn_on.isVisible, WAIT_S, "the failure")
    assert commands.read_text() == "web on --lan\n"
    assert sheet.said.text() == "No systemd."
    assert not sheet.reach.picture.isVisible()
    assert sheet.reach.turn_on.property("kind") == "primary"
    assert devices.load().pairing is None
    assert phone_texts.CODE() not in visible_texts(sheet)


def test_an_opened_sheet_turns_no_page_on_beside_one_that_is_served(
    sheet: PhoneSheet, serve: Callable[[Served], None], commands: Path
) -> None:
    serve(ON_LOOPBACK)
    sheet.ask()
    sheet.dismiss()
    assert not commands.exists()


def test_a_page_that_has_not_said_where_it_is_served_is_waited_for(
    sheet: PhoneSheet, serve: Callable[[Served], None]
) -> None:
    serve(Served(()))
    sheet.ask()
    assert not sheet.reach.picture.isVisible()
    places.note(IN_NETWORK)
    process_events_until(sheet.reach.new_code.isVisible, WAIT_S, "the offer of a code")


def test_an_address_that_leads_a_phone_to_itself_is_no_picture(
    sheet: PhoneSheet, serve: Callable[[Served], None]
) -> None:
    serve(ON_LOOPBACK)
    sheet.ask()
    assert not sheet.reach.picture.isVisible()
    assert sheet.reach.turn_on.isVisible()
    assert "http://localhost:7070" in visible_texts(sheet), "through a tunnel, it is typed"
    assert len(code_of(sheet)) == devices.CODE_LENGTH


def test_address_code_and_end_of_the_certificate_are_shown_and_nothing_is_chosen(
    sheet: PhoneSheet, serve: Callable[[Served], None]
) -> None:
    serve(IN_NETWORK)
    sheet.ask()
    texts = visible_texts(sheet)
    assert sheet.reach.picture.isVisible()
    assert not sheet.reach.turn_on.isVisible()
    assert "https://192.168.1.20:7443" in texts
    assert "… 4F:9A : 17:C0" in texts
    assert sheet.reach.picture.link == f"https://192.168.1.20:7443/#pair={code_of(sheet)}"
    assert not sheet.card.isVisible()
    assert sheet.close_button.hasFocus()


def test_a_new_certificate_and_a_closed_port_are_said(sheet: PhoneSheet, serve: Callable[[Served], None]) -> None:
    why = "this computer has another address"
    new = Certificate(CERTIFICATE.fingerprint, CERTIFICATE.made_at, CERTIFICATE.until, why)
    serve(Served(IN_NETWORK.addresses, IN_NETWORK.lan, new, "sudo ufw allow 7443/tcp"))
    sheet.ask()
    texts = visible_texts(sheet)
    assert why in texts
    assert "sudo ufw allow 7443/tcp" in texts


def test_what_begins_to_be_served_is_shown_while_the_sheet_is_open(
    sheet: PhoneSheet, serve: Callable[[Served], None]
) -> None:
    sheet.ask()
    serve(IN_NETWORK)
    process_events_until(sheet.reach.new_code.isVisible, WAIT_S, "the offer of a code")
    click(sheet.reach.new_code)
    assert sheet.reach.picture.isVisible()


def test_a_closed_sheet_has_made_its_code_void(sheet: PhoneSheet, serve: Callable[[Served], None]) -> None:
    serve(IN_NETWORK)
    sheet.ask()
    code = code_of(sheet)
    sheet.dismiss()
    with pytest.raises(WrongCode):
        ask(code)


def test_the_code_of_a_command_is_neither_shown_nor_ended(sheet: PhoneSheet, serve: Callable[[Served], None]) -> None:
    serve(IN_NETWORK)
    sheet.ask()
    code = devices.begin_pairing()
    process_events_until(sheet.reach.new_code.isVisible, WAIT_S, "the end of the sheet's own code")
    assert not sheet.reach.picture.isVisible()
    sheet.dismiss()
    assert devices.load().is_code(code)


def test_other_ways_are_in_the_guide(sheet: PhoneSheet) -> None:
    asked: list[bool] = []
    sheet.other_ways_requested.connect(lambda: asked.append(True))
    sheet.ask()
    click(sheet.reach.other_ways)
    assert asked == [True]


# ---------------------------------------------------------------- a device asks


def test_a_device_that_asks_is_shown_with_its_words_and_let_in_by_a_click(
    sheet: PhoneSheet, serve: Callable[[Served], None]
) -> None:
    serve(IN_NETWORK)
    sheet.ask()
    asking, _number = ask(code_of(sheet))
    shows(sheet, asking)
    texts = visible_texts(sheet)
    assert all(word in texts for word in asking.words)
    assert "Firefox on Android asks to be let in" in texts
    assert "192.168.1.34" in texts
    assert code_of(sheet) not in texts, "the card has taken the code's place"
    assert sheet.card.no.hasFocus()
    click_where(sheet.card.yes)
    [device] = devices.load().devices
    assert (device.name, device.rights) == ("Phone", Rights.ANSWER)
    assert sheet.said.text() == "Phone is let in. It may look, and answer questions."
    assert not sheet.card.isVisible()
    assert devices.load().pairing is None


def test_what_the_device_may_do_and_its_name_are_chosen_there(
    sheet: PhoneSheet, serve: Callable[[Served], None]
) -> None:
    serve(IN_NETWORK)
    sheet.ask()
    asking, _number = ask(code_of(sheet))
    shows(sheet, asking)
    assert sheet.card.rights[Rights.ANSWER].isChecked()
    sheet.card.rights[Rights.ANSWER].setFocus()
    QTest.keyClick(sheet.card.rights[Rights.ANSWER], Qt.Key.Key_Up)
    assert sheet.card.rights[Rights.LOOK].isChecked(), "by arrow keys"
    [words] = [each for each in sheet.findChildren(QLabel) if each.text() == phone_texts.WHAT_EVERYTHING()]
    click_where(words)
    sheet.card.name.selectAll()
    QTest.keyClicks(sheet.card.name, "My tablet")
    QTest.keyClick(sheet.card.name, Qt.Key.Key_Return)
    assert devices.load().devices == (), "Enter in the field is no yes"
    click_where(sheet.card.yes)
    [device] = devices.load().devices
    assert (device.name, device.rights) == ("My tablet", Rights.EVERYTHING)


@pytest.mark.usefixtures("held")
def test_neither_click_nor_key_counts_in_the_first_half_second(
    sheet: PhoneSheet, serve: Callable[[Served], None]
) -> None:
    serve(IN_NETWORK)
    sheet.ask()
    asking, _number = ask(code_of(sheet))
    process_events_until(lambda: sheet.card.asking == asking, WAIT_S, "the device")
    needed = sheet.card.minimumSizeHint().height
    process_events_until(lambda: sheet.body.height() > sheet.card.height() >= needed(), WAIT_S, "the card's place")
    for widget in (sheet.card.rights[Rights.EVERYTHING], sheet.card.yes, sheet.card.no):
        click_where(widget)
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_Tab, Qt.Key.Key_Space):
        QTest.keyClick(sheet.window().focusWidget(), key)
    assert devices.load().asking == (asking,)
    assert devices.load().devices == ()
    assert sheet.card.rights[Rights.ANSWER].isChecked()
    assert sheet.is_open


def test_an_escape_for_one_device_refuses_no_other_one(
    sheet: PhoneSheet, serve: Callable[[Served], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(IN_NETWORK)
    sheet.ask()
    asking, _number = ask(code_of(sheet))
    shows(sheet, asking)
    second, _number = ask(code_of(sheet), "Chrome on Windows")
    process_events_until(sheet.waiting.isVisible, WAIT_S, "the second device")
    monkeypatch.setattr(asking_device, "KEYS_AFTER_MS", NEVER_MS)
    QTest.keyClick(sheet.card.no, Qt.Key.Key_Escape)
    assert sheet.card.asking == second
    QTest.keyClick(sheet.card.no, Qt.Key.Key_Escape)
    assert devices.load().asking == (second,)


def test_escape_refuses_and_only_then_closes(sheet: PhoneSheet, serve: Callable[[Served], None]) -> None:
    serve(IN_NETWORK)
    sheet.ask()
    asking, _number = ask(code_of(sheet))
    shows(sheet, asking)
    QTest.keyClick(sheet.card.no, Qt.Key.Key_Escape)
    assert devices.load().asking == ()
    assert sheet.said.text() == "Firefox on Android was not let in."
    assert sheet.is_open
    assert sheet.close_button.hasFocus()
    QTest.keyClick(sheet.close_button, Qt.Key.Key_Escape)
    assert not sheet.is_open


def test_no_key_lets_a_device_in_but_the_space_bar_where_tab_has_gone(
    sheet: PhoneSheet, serve: Callable[[Served], None]
) -> None:
    serve(IN_NETWORK)
    sheet.ask()
    asking, _number = ask(code_of(sheet))
    shows(sheet, asking)
    click(sheet.card.hint)
    assert sheet.card.no.hasFocus()
    QTest.keyClick(sheet.card.no, Qt.Key.Key_Tab)
    assert sheet.card.yes.hasFocus()
    QTest.keyClick(sheet.card.yes, Qt.Key.Key_Return)
    assert devices.load().devices == ()
    QTest.keyClick(sheet.card.yes, Qt.Key.Key_Space)
    assert [each.name for each in devices.load().devices] == ["Phone"]


def test_a_second_device_waits_below_with_words_of_its_own(sheet: PhoneSheet, serve: Callable[[Served], None]) -> None:
    serve(IN_NETWORK)
    sheet.ask()
    code = code_of(sheet)
    first, _number = ask(code)
    second, _number = ask(code, "Chrome on Windows")
    shows(sheet, first)
    process_events_until(sheet.waiting.isVisible, WAIT_S, "the second device")
    assert "Chrome on Windows" in sheet.waiting.text()
    assert all(word in sheet.waiting.text() for word in second.words)
    click_where(sheet.card.yes)
    assert sheet.card.asking == second
    assert not sheet.card.yes.isEnabled(), "it has a first half second, too"
    assert not sheet.waiting.isVisible()
    shows(sheet, second)
    assert sheet.card.name.text() == "Phone"
    click_where(sheet.card.no)
    assert [each.name for each in devices.load().devices] == ["Phone"]


def test_a_device_that_has_lost_its_key_is_named_and_keeps_what_it_may_do(
    sheet: PhoneSheet, serve: Callable[[Served], None]
) -> None:
    serve(IN_NETWORK)
    asking, number = ask(devices.begin_pairing())
    devices.let_in(asking.id, Rights.LOOK, "Ada’s phone")
    devices.end_pairing()
    again, _number = ask("", number=number, key="another key")
    sheet.ask()
    shows(sheet, again)
    assert sheet.card.title.text().startswith("Ada’s phone, paired on ")
    assert sheet.card.title.text().endswith(" has lost its key")
    assert sheet.card.rights[Rights.LOOK].isChecked()
    click_where(sheet.card.yes)
    [device] = devices.load().devices
    assert (device.name, device.rights, device.key) == ("Ada’s phone", Rights.LOOK, "another key")


def test_a_sheet_that_is_opened_for_a_device_makes_no_code(sheet: PhoneSheet, serve: Callable[[Served], None]) -> None:
    serve(IN_NETWORK)
    asking, _number = ask(devices.begin_pairing())
    devices.end_pairing()
    sheet.ask()
    shows(sheet, asking)
    assert devices.load().pairing is None
    QTest.keyClick(sheet.card.no, Qt.Key.Key_Escape)
    assert sheet.reach.new_code.isVisible()


def test_a_device_that_leaves_is_gone_from_the_sheet(sheet: PhoneSheet, serve: Callable[[Served], None]) -> None:
    serve(IN_NETWORK)
    sheet.ask()
    asking, _number = ask(code_of(sheet))
    shows(sheet, asking)
    devices.withdraw(asking.key)
    process_events_until(lambda: not sheet.card.isVisible(), WAIT_S, "the card to go")
    assert sheet.said.text() == "Firefox on Android asks no more."
    assert sheet.reach.picture.isVisible()


def test_a_device_asks_no_longer_than_it_says(
    sheet: PhoneSheet, serve: Callable[[Served], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written when its time is over."""
    serve(IN_NETWORK)
    sheet.ask()
    asking, _number = ask(code_of(sheet))
    shows(sheet, asking)
    monkeypatch.setattr(devices, "ASKING_S", 1.0)
    process_events_until(lambda: not sheet.card.isVisible(), WAIT_S, "the card to go")


def test_a_yes_that_comes_too_late_says_so(sheet: PhoneSheet, serve: Callable[[Served], None]) -> None:
    serve(IN_NETWORK)
    sheet.ask()
    asking, _number = ask(code_of(sheet))
    shows(sheet, asking)
    devices.refuse(asking.id)
    click(sheet.card.yes)
    assert sheet.said.text() == "This device asks no more."
    assert devices.load().devices == ()


# ---------------------------------------------------------------- paired devices


def test_paired_devices_are_listed_with_what_they_may_do_and_revoked(
    sheet: PhoneSheet, serve: Callable[[Served], None]
) -> None:
    serve(IN_NETWORK)
    asking, _number = ask(devices.begin_pairing())
    devices.let_in(asking.id, Rights.EVERYTHING, "Ada’s phone")
    sheet.ask()
    texts = visible_texts(sheet)
    assert "Ada’s phone" in texts
    assert "Look, answer, send, stop and start · not used yet" in texts
    [revoke] = [each for each in sheet.findChildren(QPushButton) if each.text() == phone_texts.REVOKE()]
    assert revoke.accessibleName() == "Revoke Ada’s phone"
    click(revoke)
    assert devices.load().devices == ()
    assert "not paired any more" in sheet.said.text()
    assert sheet.close_button.hasFocus()


def test_the_keyboard_stays_in_the_list_when_a_device_is_used(
    sheet: PhoneSheet, serve: Callable[[Served], None]
) -> None:
    serve(IN_NETWORK)
    asking, _number = ask(devices.begin_pairing())
    device = devices.let_in(asking.id, Rights.LOOK, "Ada’s phone")
    sheet.ask()
    [revoke] = [each for each in sheet.findChildren(QPushButton) if each.text() == phone_texts.REVOKE()]
    revoke.setFocus()
    devices.note_use(device)
    process_events_until(lambda: "last used" in visible_texts(sheet), WAIT_S, "its use")
    assert revoke.hasFocus()
