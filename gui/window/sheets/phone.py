"""The sheet that brings the page to a phone: address and code, the devices that ask, and those that are paired."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from PySide6.QtCore import QCoreApplication, QFileSystemWatcher, QProcess, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from gui.input.held_keys import is_repeat
from gui.screen_readers import announce
from gui.theme.controls import set_look
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, RADIUS_PX
from gui.timers import repeating, single_shot
from gui.window.sheets.asking_device import BESIDE_PX, AskingCard
from gui.window.sheets.sheet import LIST_PX, Sheet, button_row
from gui.window.widgets.parts import Scrolled, button, label, monospace_font, sentence, show_text, stack
from gui.wording import common_texts, phone_texts
from gui.wording.chat_texts import joined
from gui.wording.phrases import first_upper
from session_host.errors import OutliveError
from session_host.paths import ensure_private, state_dir
from session_host.standing.ages import age
from session_host.system.clock import parse_time
from session_host.system.installation import install_command, missing_modules, outlive_command
from session_host.web import devices, places
from session_host.web.devices import Asking, Device, Devices, Rights
from session_host.web.places import Certificate, Served

_PICTURE_PX = 198
_QUIET_MODULES = 2
_MAX_PX = 1000
_SECOND_MS = 1000
_AFTER_MS = 100
"""A code is over when this time has passed after its end; the file's time has no parts of a millisecond."""

D = TypeVar("D")


class PhoneSheet(Sheet):
    """Shows a code while it is open; closing it makes the code void. A device that asks takes the code's place.

    A page that nobody serves is turned on in this network as the sheet opens, and off again as it closes if no device
    was let in meanwhile.

    Signals:
        other_ways_requested: the user wants to read how else a phone reaches the page.
    """

    other_ways_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, phone_texts.TITLE(), LIST_PX)
        self._code = self._until = self._decided = ""
        self._is_on_for_this = False
        self.reach = _Reach()
        self.card = AskingCard(theme)
        self.waiting = label("", "secondary", wraps=True)
        self.said = label("", "", wraps=True)
        self._heading = label(phone_texts.DEVICES(), "secondary")
        self._rows: dict[str, _DeviceRow] = {}
        self._devices = stack(QVBoxLayout(), self._heading, gap=GAP_S_PX)
        self.close_button = button(common_texts.CLOSE(), "", self.dismiss)
        self._paired = QWidget()
        stack(QVBoxLayout(self._paired), self._devices, button_row(self.close_button), gap=GAP_M_PX)
        inner = QWidget()
        stack(QVBoxLayout(inner), self.card, self.waiting, self.said, self.reach, self._paired, None, gap=GAP_M_PX)
        self.scrolled = Scrolled(inner, _MAX_PX, phone_texts.TITLE())
        self.lay_out(self.scrolled, wide=self.scrolled)
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(lambda _path: self._look())
        self._seconds = repeating(self, _SECOND_MS)
        self._seconds.timeout.connect(self._look)
        self._code_over = single_shot(self)
        self._code_over.timeout.connect(self._look)
        self._starting = QProcess(self)
        self._starting.finished.connect(self._turned_on)
        self._starting.errorOccurred.connect(self._on_error)
        self.card.refused.connect(self._refuse)
        self.card.let_in.connect(self._let_in)
        self.reach.turn_on.clicked.connect(lambda _checked: self._turn_on())
        self.reach.new_code.clicked.connect(lambda _checked: self._begin())
        self.reach.other_ways.clicked.connect(lambda _checked: self.other_ways_requested.emit())
        self.closed.connect(self._end)
        if (app := QCoreApplication.instance()) is not None:
            app.aboutToQuit.connect(self._leave)

    def ask(self) -> None:
        """Open the sheet with the devices that ask, or with a new code if there is none."""
        self._say("")
        self._code = ""
        try:
            ensure_private(state_dir())
            self._watcher.addPath(str(ensure_private(devices.devices_file().parent)))
            if not devices.load().asking:
                self._make_code()
                if not places.is_served():
                    self._turn_on()
        except (OutliveError, OSError) as error:
            self._say(str(error))
        self._look()
        self.open()
        self._take_focus()

    def _take_focus(self) -> None:
        if self.card.isHidden():
            self.close_button.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.card.take_focus()

    def _make_code(self) -> None:
        """Make a code if there is a page that takes it."""
        served = places.served()
        self._code = devices.begin_pairing() if served is not None and served.addresses else ""
        pairing = devices.load().pairing
        self._until = pairing.until if pairing is not None else ""
        self._code_over.start(round(devices.PAIRING_S * 1000) + _AFTER_MS)

    def _begin(self) -> None:
        """Show a new code."""
        try:
            self._make_code()
        except (OutliveError, OSError) as error:
            self._say(str(error))
        self._look()
        self._take_focus()

    def _end(self) -> None:
        self._seconds.stop()
        self._code_over.stop()
        self.card.forget()
        if paths := self._watcher.directories():
            self._watcher.removePaths(paths)
        self._end_code()
        self._turn_off_unused()

    def _leave(self) -> None:
        """The window goes while the sheet may be open."""
        self._starting.waitForFinished()
        self._end()

    def _end_code(self) -> None:
        with contextlib.suppress(OutliveError, OSError):  # It ends by its time.
            if self._is_own_code(devices.load()):
                devices.end_pairing()
        self._code = ""

    # ------------------------------------------------------------ what the file says

    def _look(self) -> None:
        """Show what the file says now."""
        try:
            saved = devices.load()
        except OutliveError as error:
            self._say(str(error))
            return
        if not self._is_own_code(saved) or (saved.pairing is not None and saved.pairing.is_over):
            self._code = ""
        set_look(self.body, "asks", "true" if saved.asking else "")
        if saved.asking:
            self._show_asking(saved)
        for each in (self.reach, self._paired):
            each.setVisible(not saved.asking)  # After the card came, so that the keyboard stays in the sheet.
        if not saved.asking:
            is_for_this = self._is_on_for_this and not saved.devices
            self.reach.show_code(self._code, places.served(), is_starting=self._is_starting, is_for_this=is_for_this)
            self._show_devices(saved.devices)
            self._show_none_asking()

    def _is_own_code(self, saved: Devices) -> bool:
        """Whether the code of the file is this sheet's, and not that of a command which was run after it."""
        return bool(self._code) and saved.pairing is not None and saved.pairing.until == self._until

    def _show_asking(self, saved: Devices) -> None:
        self._note_gone(saved.asking)
        first, *others = saved.asking
        self.card.show()
        self.card.show_asking(first, next((each for each in saved.devices if each.name == first.lost), None))
        self._seconds.start()
        lines = [phone_texts.WAITS(name=each.name, words=" ".join(each.words)) for each in others]
        show_text(self.waiting, "\n".join(lines))

    def _show_none_asking(self) -> None:
        self._seconds.stop()
        show_text(self.waiting, "")
        had_card = self.card.asking is not None
        self._note_gone(())
        self.card.hide()
        if had_card and self.is_open:
            self._take_focus()

    def _note_gone(self, asking: tuple[Asking, ...]) -> None:
        """Say that the device of the card asks no more, if nobody has decided about it here."""
        shown = self.card.asking
        if shown is None or shown.id in {each.id for each in asking}:
            return
        self.card.forget()
        if shown.id != self._decided:
            self._say(phone_texts.ASKS_NO_MORE(name=shown.name))

    def _refuse(self, asking: Asking) -> None:
        self._decide(asking, lambda: devices.refuse(asking.id), lambda _done: phone_texts.REFUSED(name=asking.name))

    def _let_in(self, asking: Asking, rights: Rights, name: str) -> None:
        def let_in() -> Device:
            device = devices.let_in(asking.id, rights, name)
            self._end_code()
            return device

        self._decide(asking, let_in, lambda device: phone_texts.IS_IN(name=device.name, may=_MAY[device.rights]()))

    def _decide(self, asking: Asking, do: Callable[[], D], line: Callable[[D], str]) -> None:
        """Do what the user said about a device; say what became of it."""
        self._decided = asking.id
        try:
            self._say(line(do()))
        except (OutliveError, OSError) as error:
            self._say(str(error))
        self._look()

    # ------------------------------------------------------------ devices

    def _show_devices(self, paired: tuple[Device, ...]) -> None:
        """List the devices; a row stays the same widget, since one of its parts may have the keyboard focus."""
        for name in self._rows.keys() - {each.name for each in paired}:
            row = self._rows.pop(name)
            self._devices.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._heading.setVisible(bool(paired))
        for device in paired:
            if device.name not in self._rows:
                self._rows[device.name] = row = _DeviceRow(device.name, self._revoke)
                self._devices.addWidget(row)
            self._rows[device.name].show_device(device)

    def _revoke(self, name: str) -> None:
        try:
            devices.revoke(name)
        except (OutliveError, OSError) as error:
            self._say(str(error))
            return
        self._say(phone_texts.REVOKED(name=name))
        self.close_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self._look()

    # ------------------------------------------------------------ the page in this network

    @property
    def _is_starting(self) -> bool:
        return self._starting.state() is not QProcess.ProcessState.NotRunning

    def _turn_on(self) -> None:
        if missing_modules("web"):
            self._say(phone_texts.NOT_INSTALLED(command=install_command("web")))
        elif not self._is_starting:
            program, *words = outlive_command()
            self._say(phone_texts.TURNING_ON())
            self._starting.start(program, [*words, "web", "on", "--lan"])

    def _turned_on(self, code: int) -> None:
        errors = bytes(self._starting.readAllStandardError().data()).decode(errors="replace").strip()
        self._say(errors.removeprefix("outlive: ") if code else "")
        self._is_on_for_this = not code
        if not self.is_open:
            self._turn_off_unused()
        elif code:
            self._look()
        else:
            self._begin()

    def _turn_off_unused(self) -> None:
        """Turn the page off that was turned on for this sheet, if nobody uses it."""
        if not self._is_on_for_this:
            return
        with contextlib.suppress(OutliveError):  # A page that may be used stays on.
            saved = devices.load()
            if not (saved.devices or saved.asking or saved.pairing):
                program, *words = outlive_command()
                QProcess.startDetached(program, [*words, "web", "off"])
        self._is_on_for_this = False

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:  # After other errors, it has finished.
            self._say(self._starting.errorString())
            self._look()

    def _say(self, text: str) -> None:
        show_text(self.said, sentence(text))
        if text:
            announce(self.said, self.said.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape refuses the device that asks; without one, it closes the sheet."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif not self.card.isHidden() and not is_repeat(event):
            self.card.refuse()
        elif not is_repeat(event):
            self.dismiss()


class _DeviceRow(QWidget):
    """A paired device, with a button that revokes it."""

    def __init__(self, name: str, revoke: Callable[[str], object]) -> None:
        super().__init__()
        self._may = label("", "secondary", wraps=True)
        self.revoke = button(phone_texts.REVOKE(), "danger", lambda: revoke(name))
        self.revoke.setAccessibleName(phone_texts.REVOKE_NAMED(name=name))
        words = stack(QVBoxLayout(), label(name, wraps=True), self._may, gap=0)
        row = stack(QHBoxLayout(self), words, self.revoke, gap=GAP_S_PX)
        row.setStretch(0, 1)

    def show_device(self, device: Device) -> None:
        """Show what the device may do, and when it was used last."""
        used = phone_texts.NEVER_USED()
        if parse_time(device.last_used) is not None:
            used = phone_texts.LAST_USED(when=age(device.last_used, datetime.now(UTC)))
        self._may.setText(joined(first_upper(_MAY[device.rights]()), used))


_MAY = {
    Rights.LOOK: phone_texts.MAY_LOOK,
    Rights.ANSWER: phone_texts.MAY_ANSWER,
    Rights.EVERYTHING: phone_texts.MAY_DO_EVERYTHING,
}


class _Reach(QWidget):
    """How a phone gets to the page: the picture, the address and the code; or what is missing for that."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = CodePicture()
        self.hint = label("", "secondary", wraps=True)
        self.turn_on = button(phone_texts.TURN_ON(), "primary")
        self.new_code = button(phone_texts.NEW_CODE(), "primary")
        self.note = label("", "secondary", wraps=True)
        self.other_ways = button(phone_texts.OTHER_WAYS(), "link")
        self.closed = label(phone_texts.CLOSED(), "secondary", wraps=True)
        self.firewall = label("", "code", wraps=True)
        self.firewall.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.address, self.code, self.certificate = _value(), _value(), _value()
        self._values = QWidget()
        grid = QGridLayout(self._values)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(GAP_M_PX)
        grid.setVerticalSpacing(GAP_S_PX)
        grid.setColumnStretch(1, 1)
        self.address.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._names = [
            label(text(), "secondary") for text in (phone_texts.ADDRESS, phone_texts.CODE, phone_texts.CERTIFICATE)
        ]
        for at, (name, value) in enumerate(zip(self._names, (self.address, self.code, self.certificate), strict=True)):
            grid.addWidget(name, at, 0)
            grid.addWidget(value, at, 1)
        words = stack(
            QVBoxLayout(),
            label(phone_texts.TITLE(), "title"),
            self.hint,
            stack(QHBoxLayout(), self.turn_on, self.new_code, None, gap=GAP_S_PX),
            self._values,
            self.note,
            self.closed,
            self.firewall,
            stack(QHBoxLayout(), self.other_ways, None, gap=0),
            None,
            gap=GAP_S_PX,
        )
        self._row = stack(QHBoxLayout(self), self.picture, words, gap=GAP_M_PX + GAP_S_PX)
        self._row.setStretch(1, 1)
        self._row.setAlignment(self.picture, Qt.AlignmentFlag.AlignTop)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_wide = self.width() >= BESIDE_PX
        self._row.setDirection(QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom)

    def show_code(self, code: str, served: Served | None, *, is_starting: bool, is_for_this: bool) -> None:
        """Show a code with the address at which it is typed.

        Args:
            code: the code; "" for none.
            served: where the page is served; None if it is not.
            is_starting: the page is being turned on.
            is_for_this: the page goes off as the sheet closes.
        """
        address = served.for_phone if served is not None else ""
        certificate = served.certificate if served is not None and address else None
        self.turn_on.setVisible(not address and not is_starting)
        self.new_code.setVisible(bool(address) and not code)
        if not address:
            show_text(self.hint, "" if is_starting else phone_texts.NOT_REACHED())
        else:
            show_text(self.hint, phone_texts.HINT() if code else phone_texts.OVER())
        self.picture.show_link(f"{address}/#pair={code}" if address and code else "")
        self._values.setVisible(bool(code))
        self.address.setText(address or next(iter(served.addresses if served is not None else ()), ""))
        self.code.setText(f"{code[:4]}-{code[4:]}")
        self.code.setAccessibleName(" ".join(code))
        self.certificate.setText(certificate.end if certificate is not None else "")
        for each in (self._names[-1], self.certificate):
            each.setVisible(certificate is not None)
        notes = [_note(served, certificate), phone_texts.ON_FOR_THIS() if is_for_this else ""]
        show_text(self.note, " ".join(filter(None, notes)) if code else "")
        firewall = served.firewall if served is not None and address else ""
        show_text(self.closed, phone_texts.CLOSED() if firewall and code else "")
        show_text(self.firewall, firewall if code else "")


def _note(served: Served | None, certificate: Certificate | None) -> str:
    """What the user of a phone has to know at the address that is shown."""
    if served is None or not served.for_phone:
        return phone_texts.TUNNEL_HINT()
    if certificate is None:
        return ""
    if certificate.why_new:
        return phone_texts.NEW_CERTIFICATE(why=certificate.why_new)
    return phone_texts.OWN_CERTIFICATE()


def _value() -> QLabel:
    value = label()
    value.setFont(monospace_font())
    value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return value


class CodePicture(QWidget):
    """A QR code; black on white in each theme, since cameras need that."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[list[int]] = []
        self.link = ""
        self.setFixedSize(QSize(_PICTURE_PX, _PICTURE_PX))
        self.setAccessibleName(phone_texts.PICTURE())

    def show_link(self, link: str) -> None:
        """Draw a link; nothing for ""."""
        self.setVisible(bool(self._rows) and bool(link))
        if link == self.link:
            return
        self.link, self._rows = link, []
        if link and importlib.util.find_spec("segno") is not None:
            import segno

            made: Any = segno.make(link, micro=False)
            self._rows = [list(row) for row in made.matrix]
        self.setVisible(bool(self._rows))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("white"))
        painter.drawRoundedRect(self.rect(), RADIUS_PX, RADIUS_PX)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        modules = len(self._rows) + 2 * _QUIET_MODULES
        side = self.width() / modules
        for y, row in enumerate(self._rows):
            for x, is_dark in enumerate(row):
                if is_dark:
                    place = QRectF((x + _QUIET_MODULES) * side, (y + _QUIET_MODULES) * side, side + 0.3, side + 0.3)
                    painter.fillRect(place, QColor("black"))
        painter.end()
