"""A directory field: offers recent directories first and completes a typed path."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QEvent, QStringListModel, Qt, QTimer
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView

from gui.wording import new_chat_texts
from gui.wording.phrases import short_directory

OFFERED = 12
LOOKED_AT = 2000
"""The maximum number of directory entries that are read, so that a huge directory does not delay typing."""


class DirectoryField(QLineEdit):
    """A field for a directory; ``~`` is the home directory."""

    def __init__(self) -> None:
        super().__init__()
        self._recent: list[str] = []
        self._offers = QStringListModel(self)
        completer = QCompleter(self._offers, self)
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        completer.setMaxVisibleItems(OFFERED)
        popup = QListView()
        popup.setProperty("kind", "popup")
        completer.setPopup(popup)
        self._popup = popup
        self._completer = completer
        self.setCompleter(completer)
        self.textEdited.connect(self._offer)

    def set_recent(self, directories: list[str]) -> None:
        """Set the directories to offer first."""
        self._recent = [short_directory(path) for path in directories]

    def directory(self) -> str:
        """The typed directory as an absolute path."""
        return os.path.abspath(os.path.expanduser(self.text().strip() or "~"))  # noqa: PTH100, PTH111 - as typed

    def problem(self) -> str:
        """Why a chat cannot be started in the directory; "" if it can."""
        path = Path(self.directory())
        try:
            if path.is_dir():
                return ""
        except OSError as error:
            return new_chat_texts.cannot_open_directory(short_directory(str(path)), error.strerror)
        problem = new_chat_texts.not_a_directory if path.exists() else new_chat_texts.no_such_directory
        return problem(short_directory(str(path)))

    def is_missing(self) -> bool:
        """Whether the path does not exist."""
        return not os.path.lexists(self.directory())

    def make(self) -> str:
        """Create the directory and its parents; returns the error, "" for none."""
        path = Path(self.directory())
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return new_chat_texts.cannot_create_directory(short_directory(str(path)), error.strerror)
        return ""

    def offers(self, text: str) -> list[str]:
        """The completions of a text: recent directories that contain it, then directories that begin with it."""
        typed = text.strip()
        recent = [path for path in self._recent if typed.casefold() in path.casefold()]
        found = recent + [path for path in _completions(typed) if path not in recent]
        return found[:OFFERED]

    def _offer(self, text: str) -> None:
        self._offers.setStringList(self.offers(text))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and not self._popup.isVisible():
            self._offers.setStringList((self._recent or self.offers(self.text()))[:OFFERED])
            self._completer.complete()
            return
        super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Let Tab accept the only, or the first, completion, as in a shell."""
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Tab
            and self._popup.isVisible()
        ):
            typed = self.text().strip()
            offers = _completions(typed) or self._offers.stringList()
            if offers and offers != [typed]:
                self.setText(offers[0] + ("" if offers[0].endswith("/") else "/"))
                self._offer(self.text())
                self._completer.complete()
                return True
            # The completer returns the keyboard focus here when its list closes: move on after that.
            self._popup.hide()
            QTimer.singleShot(0, self, self._move_on)
            return True
        return super().event(event)

    def _move_on(self) -> None:
        self.focusNextPrevChild(True)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.selectAll()


def _completions(typed: str) -> list[str]:
    """Directories that begin with the text; hidden ones only after a typed dot."""
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
                if fits and (begun.startswith(".") or not entry.name.startswith(".")) and entry.is_dir():
                    found.append(short_directory(f"{parent}/{entry.name}"))
    except OSError:
        return []  # The directory is missing or unreadable: there are no completions.
    return sorted(found, key=str.casefold)
