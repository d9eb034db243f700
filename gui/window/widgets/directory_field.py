"""A directory field: offers recent directories first and completes a typed path."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QRect, QStringListModel, Qt
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLineEdit

from gui.theme.controls import PopupList
from gui.wording import new_chat_texts
from gui.wording.phrases import short_directory
from session_host.patience import within
from session_host.system.files import is_directory

OFFERED = 12
LOOKED_AT = 2000
"""The maximum number of directory entries that are read, so that a huge directory does not delay typing."""
LOOK_TIMEOUT_S = 0.5
"""How long a look at the disk may take: a network mount without its server never answers."""


class DirectoryField(QLineEdit):
    """A field for a directory; ``~`` is the home directory."""

    def __init__(self, *, offers_files: bool = False) -> None:
        """Initialize the field; ``offers_files``: a file is wanted, so files are completed, too."""
        super().__init__()
        self._offers_files = offers_files
        self._recent: list[str] = []
        self._typed = ""
        """The typed text. While a row of the list is selected, the field shows that row's text."""
        self._offers = QStringListModel(self)
        self._list: PopupList | None = None
        self.textEdited.connect(self._on_edited)

    def set_recent(self, directories: list[str]) -> None:
        """Set the directories to offer first."""
        self._recent = [short_directory(path) for path in directories]

    def directory(self) -> str:
        """The typed directory as an absolute path."""
        return os.path.abspath(os.path.expanduser(self.text().strip() or "~"))  # noqa: PTH100, PTH111 - as typed

    def problem(self) -> str:
        """Why a chat cannot be started in the directory; "" if it can."""
        path = Path(self.directory())
        shown = short_directory(str(path))

        def look() -> str:
            try:
                if path.is_dir():
                    return ""
            except OSError as error:
                return new_chat_texts.CANNOT_OPEN_DIRECTORY(path=shown, reason=error.strerror)
            problem = new_chat_texts.NOT_A_DIRECTORY if path.exists() else new_chat_texts.NO_SUCH_DIRECTORY
            return problem(path=shown)

        try:
            return within(LOOK_TIMEOUT_S, look)
        except TimeoutError:
            return new_chat_texts.DISK_DOES_NOT_ANSWER(path=shown)

    def nearest(self) -> Path:
        """The typed directory, or its nearest existing parent; the home directory if the disk does not answer."""
        path = Path(self.directory())
        try:
            return within(LOOK_TIMEOUT_S, lambda: next(each for each in (path, *path.parents) if each.is_dir()))
        except TimeoutError:
            return Path.home()

    def is_missing(self) -> bool:
        """Whether the path does not exist."""
        path = self.directory()
        try:
            return not within(LOOK_TIMEOUT_S, lambda: os.path.lexists(path))
        except TimeoutError:
            return False

    def make(self) -> str:
        """Create the directory and its parents; returns the error, "" for none."""
        path = Path(self.directory())
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return new_chat_texts.CANNOT_CREATE_DIRECTORY(path=short_directory(str(path)), reason=error.strerror)
        return ""

    def offers(self, text: str) -> list[str]:
        """The completions of a text: recent directories that contain it, then directories that begin with it."""
        typed = text.strip()
        recent = [path for path in self._recent if typed.casefold() in path.casefold()]
        found = recent + [path for path in _completions(typed, self._offers_files) if path not in recent]
        return found[:OFFERED]

    # -- the list

    @property
    def is_offering(self) -> bool:
        """Whether the list is shown."""
        return self._list is not None and self._list.isVisible()

    def _on_edited(self, text: str) -> None:
        self._show_offers(self.offers(text) if text.strip() else [])

    def _show_offers(self, offers: list[str]) -> None:
        """Show these directories below the field, or above it where more space is; hide the list for none."""
        self._typed = self.text()
        self._offers.setStringList(offers)
        if not offers or not self.hasFocus():
            self._hide_offers()
            return
        window = self.window()
        if self._list is None or self._list.parentWidget() is not window:
            self._hide_offers()
            self._list = PopupList(window, self._offers, new_chat_texts.DIRECTORIES())
            self._list.clicked.connect(self._on_click)
            self.destroyed.connect(self._list.deleteLater)
        shown, field = self._list, QRect(self.mapTo(window, QPoint()), self.size())
        below, above = window.height() - field.bottom() - 1, field.top()
        wanted = shown.height_for(len(offers))
        height = min(wanted, below if wanted <= below else max(below, above))
        top = field.bottom() + 1 if height <= below else field.top() - height
        shown.setGeometry(field.left(), top, field.width(), height)
        shown.setCurrentIndex(QModelIndex())
        shown.show()
        shown.raise_()

    def _hide_offers(self) -> None:
        if self._list is not None:
            self._list.hide()

    def _on_click(self, index: QModelIndex) -> None:
        self.setText(str(index.data()))
        self._hide_offers()

    def _select(self, step: int) -> None:
        """Select the next row, or the previous one for -1; the typed text comes between the last row and the first."""
        assert self._list is not None
        rows = self._offers.stringList()
        row = self._list.currentIndex().row() + step
        row = len(rows) - 1 if row < -1 else row
        self._list.setCurrentIndex(self._offers.index(row) if 0 <= row < len(rows) else QModelIndex())
        self.setText(rows[row] if 0 <= row < len(rows) else self._typed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if not self.is_offering:
            if key == Qt.Key.Key_Down:
                self._show_offers((self._recent or self.offers(self.text()))[:OFFERED])
                return
        elif key in {Qt.Key.Key_Down, Qt.Key.Key_Up}:
            self._select(1 if key == Qt.Key.Key_Down else -1)
            return
        elif key == Qt.Key.Key_Escape:
            self._hide_offers()
            return
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            assert self._list is not None
            is_choice = self._list.currentIndex().isValid()
            self._hide_offers()
            if is_choice:
                return
        super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Let Tab accept the only, or the first, completion, as in a shell."""
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Tab
            and self.is_offering
        ):
            typed = self.text().strip()
            offers = _completions(typed, self._offers_files) or self._offers.stringList()
            if offers and offers != [typed]:
                self.setText(offers[0])
                if not offers[0].endswith("/") and (not self._offers_files or not self.problem()):
                    self.setText(f"{offers[0]}/")
                self._show_offers(self.offers(self.text()))
                return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.selectAll()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._hide_offers()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._hide_offers()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._hide_offers()


def _completions(typed: str, with_files: bool) -> list[str]:
    """Directories, and maybe files, that begin with the text; hidden ones only after a typed dot."""
    try:
        return within(LOOK_TIMEOUT_S, lambda: _listed(typed, with_files))
    except TimeoutError:
        return []


def _listed(typed: str, with_files: bool) -> list[str]:
    if not typed:
        return []
    whole = os.path.expanduser(typed)  # noqa: PTH111 - keeps a final slash, which means "in there"
    if not whole.startswith("/"):
        return []
    parent, _, begun = whole.rpartition("/")
    found: list[str] = []
    try:
        with os.scandir(parent or "/") as entries:
            for count, entry in enumerate(entries):
                if count >= LOOKED_AT:
                    break
                fits = entry.name.casefold().startswith(begun.casefold())
                is_offered = begun.startswith(".") or not entry.name.startswith(".")
                if fits and is_offered and (with_files or is_directory(entry)):
                    found.append(short_directory(f"{parent}/{entry.name}"))
    except OSError:
        return []  # The directory is missing or unreadable: there are no completions.
    return sorted(found, key=str.casefold)
