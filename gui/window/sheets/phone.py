"""The sheet that pairs a phone with the page of ``outlive web``, and lists the paired devices."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QFileSystemWatcher, QProcess, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.screen_readers import announce
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.timers import repeating
from gui.window.sheets.sheet import ASK_PX, Sheet, button_row, field_grid
from gui.window.widgets.parts import ChoiceBox, button, label, sentence, show_text, stack
from gui.wording import common_texts, phone_texts
from session_host.errors import OutliveError
from session_host.paths import ensure_private, state_dir
from session_host.standing.ages import age
from session_host.system.clock import parse_time
from session_host.system.installation import outlive_command
from session_host.web import devices, places
from session_host.web.devices import Device, Rights

_PICTURE_PX = 168
_QUIET_MODULES = 2
_TICK_MS = 1000


class PhoneSheet(Sheet):
    """Shows a code while it is open; closing it makes the code void."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, phone_texts.TITLE(), ASK_PX)
        self._known: set[str] = set()
        self._address = ""
        self.picture = _Picture()
        self.hint = label("", "secondary", wraps=True)
        self.code = label("", "title")
        self.code.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.left = label("", "secondary", wraps=True)
        self.rights = ChoiceBox(theme)
        for rights, text in _MAY.items():
            self.rights.addItem(text(), rights)
        self.serve = button(phone_texts.SERVE(), "primary", self._serve)
        self.not_served = label(phone_texts.NOT_SERVED(), "", wraps=True)
        self.said = label("", "", wraps=True)
        self.devices = QVBoxLayout()
        self.devices.setSpacing(GAP_S_PX)
        self.close_button = button(common_texts.CLOSE(), "", self.dismiss)
        words = stack(QVBoxLayout(), self.hint, self.code, self.left, gap=GAP_S_PX)
        words.addStretch(1)
        self.lay_out(
            label(phone_texts.TITLE(), "title"),
            self.not_served,
            self.serve,
            stack(QHBoxLayout(), self.picture, words, gap=GAP_M_PX),
            field_grid((phone_texts.MAY(), self.rights)),
            self.said,
            self.devices,
            button_row(self.close_button),
        )
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(lambda _path: self._look())
        self._ticking = repeating(self, _TICK_MS)
        self._ticking.timeout.connect(self._show_time)
        self._starting = QProcess(self)
        self._starting.finished.connect(self._served)
        self.rights.activated.connect(lambda _index: self._begin())
        self.closed.connect(self._end)

    def ask(self) -> None:
        """Open the sheet with a new code."""
        self.rights.setCurrentIndex(list(_MAY).index(Rights.ANSWER))
        self._say("")
        self._begin()
        self.open()
        self.rights.setFocus(Qt.FocusReason.OtherFocusReason)

    def _begin(self) -> None:
        """Make a code for the chosen rights."""
        try:
            ensure_private(state_dir())
            self._known = {each.hash for each in devices.load().devices}
            code = devices.begin_pairing(self.rights.currentData())
            self._watcher.addPath(str(devices.devices_file().parent))
        except (OutliveError, OSError) as error:
            self._say(str(error))
            return
        self._address = places.known_addresses()[0]
        self.picture.show_link(f"{self._address}/#pair={code}")
        show_text(self.hint, phone_texts.HINT(address=self._address))
        show_text(self.code, f"{code[:4]}-{code[4:]}")
        self.code.setAccessibleName(phone_texts.CODE(code=" ".join(code)))
        self._ticking.start()
        self._look()

    def _end(self) -> None:
        self._ticking.stop()
        if paths := self._watcher.directories():
            self._watcher.removePaths(paths)
        try:
            if devices.load().pairing is not None:
                devices.end_pairing()
        except (OutliveError, OSError):
            pass  # It ends by its time.

    def _look(self) -> None:
        """Show what the file says now."""
        is_served = places.is_served()
        for each in (self.not_served, self.serve):
            each.setVisible(not is_served)
        try:
            saved = devices.load()
        except OutliveError as error:
            self._say(str(error))
            return
        new = [each for each in saved.devices if each.hash not in self._known]
        if new:
            self._known |= {each.hash for each in new}
            self._say(phone_texts.PAIRED(name=new[0].name))
        self._show_devices(saved.devices)
        self._show_time()

    def _show_time(self) -> None:
        try:
            pairing = devices.load().pairing
        except OutliveError:
            return
        until = parse_time(pairing.until) if pairing is not None and not pairing.is_over else None
        if pairing is None or until is None:
            self._ticking.stop()
            show_text(self.left, phone_texts.OVER())
            show_text(self.code, "")
            self.picture.show_link("")
            return
        left_s = max(0, int((until - datetime.now(UTC)).total_seconds()))
        minutes, seconds = divmod(left_s, 60)
        show_text(self.left, phone_texts.LEFT(minutes=minutes, seconds=seconds))

    def _show_devices(self, paired: tuple[Device, ...]) -> None:
        while (item := self.devices.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        if paired:
            self.devices.addWidget(label(phone_texts.DEVICES(), "secondary"))
        for device in paired:
            self.devices.addWidget(self._row(device))

    def _row(self, device: Device) -> QWidget:
        row = QWidget()
        may = _MAY[device.rights]()
        used = parse_time(device.last_used)
        text = phone_texts.NEVER_USED(name=device.name, may=may)
        if used is not None:
            when = age(device.last_used, datetime.now(UTC))
            text = phone_texts.LAST_USED(name=device.name, may=may, when=when)
        revoke = button(phone_texts.REVOKE(), "danger", lambda: self._revoke(device.name))
        revoke.setAccessibleName(phone_texts.REVOKE_NAMED(name=device.name))
        words = label(text, "", wraps=True)
        stack(QHBoxLayout(row), words, revoke, gap=GAP_S_PX, wide=words)
        return row

    def _revoke(self, name: str) -> None:
        try:
            devices.revoke(name)
        except (OutliveError, OSError) as error:
            self._say(str(error))
            return
        self._say(phone_texts.REVOKED(name=name))
        self.close_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self._look()

    def _serve(self) -> None:
        if places.missing_packages():
            self._say(phone_texts.NO_PICTURE())
            return
        program, *words = outlive_command()
        self.serve.setEnabled(False)
        self._say(phone_texts.SERVING())
        self._starting.start(program, [*words, "web", "on"])

    def _served(self, code: int) -> None:
        self.serve.setEnabled(True)
        errors = bytes(self._starting.readAllStandardError().data()).decode(errors="replace").strip()
        self._say(errors.removeprefix("outlive: ") if code else "")
        QTimer.singleShot(_TICK_MS, self, self._look)

    def _say(self, text: str) -> None:
        show_text(self.said, sentence(text))
        if text:
            announce(self.said, self.said.text())


_MAY = {
    Rights.LOOK: phone_texts.LOOK,
    Rights.ANSWER: phone_texts.ANSWER,
    Rights.EVERYTHING: phone_texts.EVERYTHING,
}


class _Picture(QWidget):
    """A QR code; black on white in each theme, since cameras need that."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[list[int]] = []
        self.setFixedSize(QSize(_PICTURE_PX, _PICTURE_PX))
        self.setAccessibleName(phone_texts.PICTURE())

    def show_link(self, link: str) -> None:
        """Draw a link; nothing for ""."""
        self._rows = []
        if link and importlib.util.find_spec("segno") is not None:
            import segno

            made: Any = segno.make(link, micro=False)
            self._rows = [list(row) for row in made.matrix]
        self.setVisible(bool(self._rows))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("white"))
        modules = len(self._rows) + 2 * _QUIET_MODULES
        side = self.width() / modules
        for y, row in enumerate(self._rows):
            for x, is_dark in enumerate(row):
                if is_dark:
                    place = QRectF((x + _QUIET_MODULES) * side, (y + _QUIET_MODULES) * side, side + 0.3, side + 0.3)
                    painter.fillRect(place, QColor("black"))
        painter.end()
