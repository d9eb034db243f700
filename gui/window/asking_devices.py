"""Devices that ask to be let in to the page while no sheet shows them: a banner, and a notification of the desktop.

A device asks without the user's hand at the desk, so it gets no sheet by itself, and never the keyboard.
"""

from __future__ import annotations

from PySide6.QtCore import QFileSystemWatcher, QObject, Signal
from PySide6.QtWidgets import QApplication

from gui.timers import single_shot
from gui.window.page.banners import Banner
from gui.window.windows import MainWindow, Windows
from gui.wording import phone_texts
from session_host.errors import OutliveError
from session_host.web import devices
from session_host.web.devices import Asking

KEY = "device asks"
"""That of the banner, and of the notification."""
_AFTER_MS = 50
"""A device asks no more when this time has passed after its end."""


class AskingDevices(QObject):
    """Follows the file with the devices, and says that one asks.

    Signals:
        asks: a device asks, and no window of ours is active; one line about it.
        over: none asks any more, or a sheet shows those that do.
    """

    asks = Signal(str)
    over = Signal()

    def __init__(self, windows: Windows) -> None:
        super().__init__(windows)
        self._windows = windows
        self._told: set[str] = set()
        """The devices about which the user has been told, by their ids."""
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(lambda _path: self.check())
        self._end = single_shot(self)
        self._end.timeout.connect(self.check)
        windows.phone_sheet_closed.connect(self.check)

    def watch(self) -> None:
        """Watch the file's directory, which exists once the page was served or a code shown; before, nobody asks."""
        folder = devices.devices_file().parent
        if str(folder) not in self._watcher.directories() and folder.is_dir():
            self._watcher.addPath(str(folder))
            self.check()

    def check(self) -> None:
        """Say that devices ask, once of each; a sheet that shows them is enough."""
        try:
            asking = devices.load().asking
        except OutliveError:
            asking = ()  # Nobody gets in; the sheet says why.
        if asking:
            self._end.start(round(min(each.left_s for each in asking) * 1000) + _AFTER_MS)
        if not asking or self._window_with_sheet() is not None:
            self._withdraw()
            return
        told, self._told = self._told, {each.id for each in asking}
        if self._told != told:
            self._tell(asking, is_new=not self._told < told)

    def _tell(self, asking: tuple[Asking, ...], *, is_new: bool) -> None:
        first, window = asking[0], self._windows.current
        text = phone_texts.SEVERAL_ASK(n=len(asking))
        if len(asking) == 1:
            text = phone_texts.LOST_KEY(device=first.lost) if first.lost else phone_texts.ASKS(name=first.name)
        window.banners.show_banner(Banner(text, phone_texts.COMPARE(), self.open, KEY, lasting=True))
        if is_new and not self._windows.is_any_before_user:
            QApplication.alert(window)
            self.asks.emit(text)

    def _withdraw(self) -> None:
        if self._told:
            self._told = set()
            for window in self._windows.all:
                window.banners.withdraw(KEY)
            self.over.emit()

    def open(self) -> None:
        """Show the devices that ask, since the user wants to see them."""
        window = self._window_with_sheet()
        if window is not None:
            window.raise_window()
        else:
            self._windows.raise_window()
            self._windows.current.sheets.phone.ask()

    def _window_with_sheet(self) -> MainWindow | None:
        """The window whose sheet is open."""
        return next((each for each in self._windows.all if each.sheets.is_phone_open), None)
