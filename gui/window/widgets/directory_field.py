"""A directory field: offers recent directories first and completes a typed path."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QRect, QStringListModel, Qt
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLineEdit

from gui.bridge.directories import Directories, DirectoriesHere
from gui.theme.controls import PopupList
from gui.wording import new_chat_texts
from session_host.client.chats.directories import (
    OFFERED,
    DirectoryLook,
    complete_path,
    create_directory,
    look_at_directory,
)
from session_host.protocol.untrusted_text import one_line


class DirectoryField(QLineEdit):
    """A field for a directory; ``~`` is the home directory."""

    def __init__(self, *, offers_files: bool = False) -> None:
        """Initialize the field; ``offers_files``: a file is wanted, so files are completed, too."""
        super().__init__()
        self._offers_files = offers_files
        self.directories: Directories = DirectoriesHere()
        self._recent: list[str] = []
        self._asked = object()
        """The last question for completions."""
        self._typed = ""
        """The typed text. While a row of the list is selected, the field shows that row's text."""
        self._offers = QStringListModel(self)
        self._list: PopupList | None = None
        self.textEdited.connect(self._on_edited)

    def set_recent(self, directories: list[str]) -> None:
        """Set the directories to offer first."""
        self._recent = [self.directories.short(path) for path in directories]

    def set_directories(self, directories: Directories) -> None:
        """Look into the directories of another machine from now on; what the previous one still answers is ignored."""
        self.directories = directories
        self._recent = []
        self._asked = object()
        self._hide_offers()

    def directory(self) -> str:
        """The typed directory as an absolute path."""
        return self.directories.absolute(self.text())

    def problem(self) -> str:
        """Why a chat cannot be started in the directory; "" if it can, or if that is unknown."""
        shown = self.directories.short(self.directory())
        look = self._look_now()
        match look.kind:
            case "unreadable":
                return new_chat_texts.CANNOT_OPEN_DIRECTORY(path=shown, reason=look.reason)
            case "other":
                return new_chat_texts.NOT_A_DIRECTORY(path=shown)
            case "missing":
                return new_chat_texts.NO_SUCH_DIRECTORY(path=shown)
            case "silent":
                return new_chat_texts.DISK_DOES_NOT_ANSWER(path=shown)
        return ""

    def _look_now(self) -> DirectoryLook:
        """Look at the path; on another machine, which answers later, any path counts as a directory."""
        found = [DirectoryLook("directory")]
        self.directories.look(found.append, look_at_directory, self.directory())
        return found[-1]

    def is_missing(self) -> bool:
        """Whether the path does not exist; False if that is unknown."""
        return self._look_now().kind == "missing"

    def ask_whether_missing(self, then: Callable[[bool], object]) -> None:
        """Find out whether the path exists; ``then`` gets True if it does not."""
        path = self.directory()

        def found(look: DirectoryLook) -> None:
            if path == self.directory():
                then(look.kind == "missing")

        self.directories.look(found, look_at_directory, path)

    def make(self, then: Callable[[str], object]) -> None:
        """Create the directory and its parents; ``then`` gets the error, "" for none."""
        path = self.directory()

        def made(reason: str) -> None:
            shown = self.directories.short(path)
            error = new_chat_texts.CANNOT_CREATE_DIRECTORY(path=shown, reason=one_line(reason)) if reason else ""
            if path == self.directory():
                then(error)

        self.directories.look(made, create_directory, path)

    def offers(self, text: str) -> list[str]:
        """The completions of a text that are known now: recent directories that contain it, then others."""
        found: list[str] = []
        self._complete(text.strip(), found.extend)
        return self._with_recent(text.strip(), found)

    def _complete(self, typed: str, then: Callable[[list[str]], object]) -> None:
        """Find directories that begin with a text; ``then`` gets them, unless the user asks for others before."""
        self._asked = asked = object()
        if not typed:
            then([])
            return
        self.directories.look(
            lambda found: then(found) if asked is self._asked else None, complete_path, typed, self._offers_files
        )

    def _with_recent(self, typed: str, found: list[str]) -> list[str]:
        recent = [path for path in self._recent if typed.casefold() in path.casefold()]
        return (recent + [path for path in found if path not in recent])[:OFFERED]

    # -- the list

    @property
    def is_offering(self) -> bool:
        """Whether the list is shown."""
        return self._list is not None and self._list.isVisible()

    def _on_edited(self, text: str) -> None:
        typed = text.strip()
        self._complete(typed, lambda found: self._show_offers(self._with_recent(typed, found) if typed else []))

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
            self._complete(typed, lambda found: self._take_first(typed, found))
            return True
        return super().event(event)

    def _take_first(self, typed: str, found: list[str]) -> None:
        """Accept the first completion; Tab goes on to the next field if there is none."""
        offers = found or self._offers.stringList()
        if not offers or offers == [typed]:
            self.focusNextChild()
            return
        self.setText(offers[0])
        if not offers[0].endswith("/") and (not self._offers_files or not self.problem()):
            self.setText(f"{offers[0]}/")
        text = self.text()
        self._complete(text, lambda more: self._show_offers(self._with_recent(text, more)))

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
