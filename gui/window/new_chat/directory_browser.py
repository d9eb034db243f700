"""Chooses a directory from lists, beside a text field."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QListView, QWidget

from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX
from gui.timers import single_shot
from gui.window.sheets.sheet import ASK_PX, Sheet, button_row
from gui.window.widgets.directory_field import DirectoryField
from gui.window.widgets.parts import ElidedLabel, button, label, show_text, stack
from gui.wording import common_texts, new_chat_texts, phrases
from session_host.client.chats.directories import Listing, list_directory
from session_host.protocol.untrusted_text import one_line

HEIGHT_PX = 320
NAME_PX = 240
"""The width of the directory's name on the button."""
UP = ".."
DEBOUNCE_MS = 150
"""How long after typing a directory is looked up."""


class DirectoryList(QListView):
    """A list of directories: Enter or Right enters one, Backspace or Left goes up."""

    def __init__(self, browser: DirectoryBrowser) -> None:
        super().__init__()
        self._browser = browser
        self.setProperty("kind", "popup")
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setUniformItemSizes(True)
        self.setAccessibleName(new_chat_texts.DIRECTORIES())

    def sizeHint(self) -> QSize:
        return QSize(ASK_PX, HEIGHT_PX)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Right}:
            self._browser.enter(self.currentIndex())
        elif event.key() in {Qt.Key.Key_Backspace, Qt.Key.Key_Left}:
            self._browser.go_up()
        else:
            super().keyPressEvent(event)


class DirectoryBrowser(Sheet):
    """A sheet over another one; Escape returns without a change.

    The primary button puts the listed directory into the field, not the one that is marked in the list; the button
    has its name.
    """

    def __init__(self, theme: Theme, parent: QWidget, field: DirectoryField) -> None:
        super().__init__(theme, parent, new_chat_texts.CHOOSE_DIRECTORY(), ASK_PX)
        self._field = field
        self._at = Path("/")
        self._asked = object()
        """The last question for a list."""
        self.path_label = ElidedLabel("", "secondary", Qt.TextElideMode.ElideMiddle)
        self._model = QStringListModel(self)
        self.list = DirectoryList(self)
        self.list.setModel(self._model)
        self.list.activated.connect(self.enter)
        self.problem = label("", "failed")
        self.cancel = button(common_texts.CANCEL(), "", self.dismiss)
        self.choose = button(new_chat_texts.CHOOSE_DIRECTORY(), "primary", self._choose)
        title, buttons = label(new_chat_texts.CHOOSE_DIRECTORY(), "title"), button_row(self.cancel, self.choose)
        self.lay_out(title, self.path_label, self.list, self.problem, buttons, wide=self.list)

    def browse(self) -> None:
        """Open the sheet at the field's directory, or at its nearest existing parent."""
        self._model.setStringList([])
        self.path_label.set_whole("")
        self.problem.hide()
        self.choose.setEnabled(False)
        self._show(self._field.directory(), nearest=True)
        self.open()
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def directory(self) -> Path:
        """The listed directory, which the primary button takes."""
        return self._at

    def names(self) -> list[str]:
        """The listed names."""
        return self._model.stringList()

    def enter(self, index: QModelIndex) -> None:
        """Go to a directory of the list."""
        name = index.data()
        if name == UP:
            self.go_up()
        elif name:
            self._show(str(self._at / name))

    def go_up(self) -> None:
        """Go to the parent directory, and select the previous one."""
        self._show(str(self._at.parent), self._at.name)

    def _show(self, path: str, selected: str = "", *, nearest: bool = False) -> None:
        self._asked = asked = object()
        directories = self._field.directories

        def found(listing: Listing) -> None:
            if asked is self._asked and directories is self._field.directories:
                self._show_listing(listing, selected)

        def failed(problem: str) -> None:
            if asked is self._asked:
                show_text(self.problem, phrases.first_upper(problem))

        directories.look(found, list_directory, path, nearest, failed=failed)

    def _show_listing(self, listing: Listing, selected: str) -> None:
        path, names, short = Path(listing.path), listing.names, self._field.directories.short
        if listing.look.kind != "directory":
            shown, reason = short(str(path)), one_line(listing.look.reason)
            silent = listing.look.kind == "silent"
            self.problem.setText(
                new_chat_texts.DISK_DOES_NOT_ANSWER(path=shown)
                if silent
                else new_chat_texts.CANNOT_OPEN_DIRECTORY(path=shown, reason=reason)
            )
            self.problem.show()
            return
        self.problem.hide()
        self.choose.setEnabled(True)
        self._at = path
        rows = [*([UP] if path != path.parent else []), *names]
        self._model.setStringList(rows)
        self.path_label.set_whole(short(str(path)))
        name = one_line(path.name or str(path))
        shown = self.choose.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, NAME_PX)
        self.choose.setText(new_chat_texts.CHOOSE_THIS_DIRECTORY(name=shown.replace("&", "&&")))
        row = rows.index(selected) if selected in rows else min(1, len(rows) - 1) if names else 0
        self.list.setCurrentIndex(self._model.index(row))

    def _choose(self) -> None:
        text = self._field.directories.short(str(self._at))
        self._field.setText(text)
        self._field.textEdited.emit(text)
        self.dismiss()


class DirectoryRow(QWidget):
    """A sheet's directory field with "Browse…" beside it.

    Signals:
        settled: the user has stopped typing (the directory).
    """

    settled = Signal(str)

    def __init__(self, theme: Theme, sheet: Sheet, field: DirectoryField) -> None:
        super().__init__()
        self.browser = DirectoryBrowser(theme, sheet.around, field)
        self.browse = button(new_chat_texts.BROWSE(), "", self.browser.browse)
        self.browse.setAccessibleName(new_chat_texts.CHOOSE_DIRECTORY())
        stack(QHBoxLayout(self), field, self.browse, gap=GAP_S_PX, wide=field)
        self.browser.set_below(sheet, field)
        self._debounce = single_shot(self, DEBOUNCE_MS)
        self._debounce.timeout.connect(lambda: self.settled.emit(field.directory()))
        field.textChanged.connect(lambda _text: self.settle())

    def settle(self) -> None:
        """Emit ``settled`` soon."""
        self._debounce.start()
