"""The window with all changes of a chat's directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import (
    QCloseEvent,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from gui.bridge.changes import MAX_BYTES, Changes, ChangesReader, ListedPoint
from gui.bridge.unsent import ReviewComments
from gui.chat.content.segments import Action
from gui.terminal.links.links import FileLocation
from gui.theme.icons import Glyph
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX
from gui.window.changes.content import shown
from gui.window.changes.discarding import Discarding
from gui.window.changes.file_list import MIN_WIDTH_PX, WIDTH_PX, FileList
from gui.window.changes.finder import ChangesFinder
from gui.window.changes.opening import Opening
from gui.window.changes.page import ChangesPage
from gui.window.changes.restoring import Restoring
from gui.window.changes.review import CommentReceiver, Review
from gui.window.changes.review_bar import ReviewBar
from gui.window.changes.since import SinceSelector
from gui.window.page.find_bar import FindBar
from gui.window.sheets.chooser import Chooser
from gui.window.sheets.question import QuestionSheet
from gui.window.sheets.sheet import is_over_window
from gui.window.widgets.accessibility import announce
from gui.window.widgets.parts import Area, ElidedLabel, Hairline, IconButton, button, label
from gui.window.widgets.text_window import TextWindow
from gui.wording import changes_texts

SIZE = QSize(1200, 780)
MIN_SIZE = QSize(480, 360)
_LIST_SHARE = 0.3
"""The list's share of a narrow window."""
_SINCE_SHARE = 0.6
"""The share of the button that chooses since when changes are shown, beside the list."""


class ChangesWindow(TextWindow):
    """The window.

    Attributes:
        reader: reads the changes.
        files: the list of the changed files.
        page: their diffs.
        review: the comments on the diffs.
        finder, find_bar: find text in the diffs.
        summary: the line about all changes.
        since: chooses what the files are compared with.
        restore: the button that restores the files; hidden unless they differ from how they were before a prompt.
        chooser, question: the sheets over the window.
        note: a line about what is not shown, or a file that cannot be opened; hidden without a text.
        message: the text in place of the diffs if there are none.
    """

    def __init__(
        self,
        theme: Theme,
        reader: ChangesReader,
        open_file: Callable[[FileLocation], object],
        comments: ReviewComments,
        receiver: CommentReceiver,
    ) -> None:
        """Make the window.

        Args:
            theme: the theme.
            reader: reads the changes.
            open_file: opens a file in the user's editor.
            comments: the comments of all chats.
            receiver: gets the comments.
        """
        self.files = FileList(theme)
        self.page = ChangesPage(theme)
        super().__init__(changes_texts.CHANGES(), self.files, self.page, size=SIZE, min_size=MIN_SIZE)
        self._open_file = open_file
        self.reader = reader
        reader.setParent(self)
        self.chooser, self.question = Chooser(theme, self), QuestionSheet(theme, self)
        self._focused_before: QWidget | None = None
        """The widget that had the keyboard focus when a sheet was opened."""
        self._shown: Changes | None = None
        self._chosen: tuple[str, object] | None = None
        """The file that the user chose in the list, and the scroll position that shows it."""
        self._is_going = False
        self.finder = ChangesFinder(self.page)
        self.review = Review(self.page, reader, comments, receiver, ReviewBar())
        Discarding(self.page, reader, self.review.bar)
        Opening(self.page, reader, self.review.bar)
        self.since = SinceSelector(theme, reader, self.chooser, self.review.bar.show_message)
        self._restoring = Restoring(reader, self.review.bar, self.question.ask)
        self._lay_out(theme, self._right_side(theme))
        self._connect()
        self.describe()

    def _right_side(self, theme: Theme) -> QWidget:
        right = Area("page")
        self.summary = ElidedLabel("", "secondary")
        self.restore = button(changes_texts.OFFER_RESTORE(), "quiet", self._ask_restore)
        self.restore.hide()
        self._refresh_button = IconButton(theme, Glyph.RESET, changes_texts.READ_AGAIN(), self.reader.refresh)
        self._refresh_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        head = QHBoxLayout()
        head.setContentsMargins(GAP_L_PX, GAP_S_PX, GAP_S_PX, GAP_S_PX)
        head.setSpacing(GAP_S_PX)
        head.addWidget(self.summary, 1)
        head.addWidget(self.since.button)
        head.addWidget(self.restore)
        head.addWidget(self._refresh_button)
        self.note = label("", "secondary")
        self.note.setWordWrap(True)
        self.note.setContentsMargins(GAP_L_PX, 0, GAP_L_PX, GAP_S_PX)
        self.note.hide()
        self.message = label("", "secondary")
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setContentsMargins(GAP_L_PX, GAP_M_PX, GAP_L_PX, GAP_M_PX)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.message)
        self._stack.addWidget(self.page)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.review.bar)
        column.addWidget(self.note)
        column.addWidget(Hairline(theme))
        column.addWidget(self._stack, 1)
        self.find_bar = FindBar(theme, self._stack, self.finder)
        self.review.bar.set_tab_order(self._refresh_button, self.page)
        return right

    def _connect(self) -> None:
        self.files.chosen.connect(self._on_chosen)
        self.files.opened.connect(self._open)
        self.page.action_triggered.connect(self._on_action)
        self.page.scroller.arranged.connect(self._on_arranged)
        self.page.lines_opened.connect(self._search_again)
        self.find_bar.resized.connect(self._place_find_bar)
        self.find_bar.closed.connect(lambda: self.page.setFocus(Qt.FocusReason.OtherFocusReason))
        self.reader.started.connect(self.describe)
        self.reader.finished.connect(self._on_read)
        self.review.elsewhere_changed.connect(self.describe)
        for sheet in (self.chooser, self.question):
            sheet.opened.connect(self._on_sheet_opened)
            sheet.closed.connect(self._on_sheet_closed)
        self.since.chosen.connect(lambda: self.navigation.setFocus(Qt.FocusReason.OtherFocusReason))
        for enter in ("Return", "Enter"):
            # A shortcut, since a button with the keyboard focus takes each Enter.
            keys = QKeySequence.fromString(f"Ctrl+Shift+{enter}")
            QShortcut(keys, self).activated.connect(self._send)

    # ------------------------------------------------------------ showing

    def describe(self) -> None:
        """Update the title, the summary and the message."""
        reader, changes = self.reader, self.reader.changes
        self.setWindowTitle(changes_texts.TITLE_OF(chat=reader.chat.name))
        self.review.update_bar()
        top_name = shown(PurePosixPath(changes.top if changes is not None else reader.directory).name)
        text = ""
        if changes is not None and changes.files:
            added, removed = (sum(getattr(file, name) for file in changes.files) for name in ("added", "removed"))
            text = changes_texts.summary(len(changes.files) + changes.more, added, removed)
        self.summary.set_whole(changes_texts.where(top_name, changes.branch if changes is not None else None, text))
        self.since.describe()
        self.restore.setVisible(changes is not None and changes.since == "prompt" and bool(changes.files))
        message = self._message()
        self._stack.setCurrentIndex(0 if message else 1)
        if message != self.message.text():
            self.message.setText(message)
            if message and self.isActiveWindow():
                announce(self.message, message)

    def _message(self) -> str:
        """The text in place of the diffs; "" if there are some."""
        reader, changes = self.reader, self.reader.changes
        if reader.problem and not (reader.is_reading and self._shown is not None):
            return changes_texts.cannot_read(reader.problem)
        if changes is None:
            return changes_texts.READING()
        if changes.files or self.review.has_cards_elsewhere:
            return ""
        if changes.since == "prompt":
            return changes_texts.NOTHING_SINCE_PROMPT()
        if changes.since == "branch":
            return changes_texts.NOTHING_SINCE_BRANCH(branch=changes.default_branch)
        return changes_texts.NOTHING_SINCE_COMMIT()

    def _on_read(self) -> None:
        changes = self.reader.changes
        if changes is not None and changes != self._shown:
            is_first = self._shown is None or not self._shown.files
            self._shown = changes
            self.files.show_files(changes.files)
            self.review.show_changes(changes, changes_texts.CHANGES())
            self._search_again()
            if is_first and changes.files:
                self.files.set_current(0)
        elif changes is None:
            self._shown = None
            self.files.show_files(())
        self.describe()
        self.show_message(self._limits())

    def _limits(self) -> str:
        """Why not all is shown, in one line."""
        changes = self._shown
        if changes is None:
            return ""
        lines = []
        if changes.more:
            lines.append(changes_texts.MORE_FILES(n=changes.more))
        if changes.without_lines:
            lines.append(changes_texts.WITHOUT_LINES(n=changes.without_lines, size=MAX_BYTES >> 20))
        return changes_texts.limits(*lines)

    def show_message(self, text: str) -> None:
        """Show a line above the diffs; "" for none."""
        self.note.setText(text)
        self.note.setVisible(bool(text))
        if text:
            announce(self.note, text)

    # ------------------------------------------------------------ files

    def _on_chosen(self, number: int) -> None:
        self.files.set_current(number)
        key = self.files.files[number].path
        self._is_going = True
        self.page.go_to_file(key)
        self._is_going = False
        self._chosen = key, self.page.scroller.position  # Not at the top, if the page ends before.

    def _on_arranged(self) -> None:
        """Mark the file that the user reads; the one that was chosen until the page is scrolled."""
        if self._is_going:
            return
        key = self.page.file_in_view
        if (
            self._chosen is not None
            and self._chosen[1] == self.page.scroller.position
            and self.page.is_on_page(self._chosen[0])
        ):
            key = self._chosen[0]
        number = next((number for number, file in enumerate(self.files.files) if file.path == key), -1)
        if number >= 0 and number != self.files.current:
            self.files.set_current(number)

    def _step(self, by: int) -> None:
        """Go to the next file, or to the one before."""
        number = self.files.current + by
        if 0 <= number < len(self.files.files):
            self._on_chosen(number)

    def _open(self, number: int) -> None:
        """Open a file at its first change, in the user's editor."""
        head = self.page.head_of(self.files.files[number].path) if 0 <= number < len(self.files.files) else None
        if head is not None and head.file is not None:
            self._open_file(head.file)
        elif head is not None:
            is_deleted = self.files.files[number].state == "deleted"
            self.show_message((changes_texts.IS_DELETED if is_deleted else changes_texts.NOT_A_TEXT)(path=head.text))

    def _on_action(self, action: Action) -> None:
        if action.kind == "file" and action.file is not None:
            self._open_file(action.file)

    # ------------------------------------------------------------ what is compared

    def show_directory(self, directory: str) -> None:
        """Show the changes of a directory."""
        if directory != self.reader.directory:
            self.reader.directory = directory
            self.reader.refresh()

    def show_since(self, point: ListedPoint) -> None:
        """Show the changes since a prompt."""
        self.reader.point, self.reader.since = point, "prompt"
        self.reader.refresh()

    def _ask_restore(self) -> None:
        if self.reader.point is not None:
            self._restoring.ask(self.reader.point)

    # ------------------------------------------------------------ sheets

    def _on_sheet_opened(self) -> None:
        if not is_over_window(self.focusWidget()):
            self._focused_before = self.focusWidget()

    def _on_sheet_closed(self) -> None:
        before = self._focused_before
        back = before if before is not None and before.isVisible() else self.navigation
        back.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def _has_sheet(self) -> bool:
        return self.chooser.is_open or self.question.is_open

    def _send(self) -> None:
        if not self._has_sheet:
            self.review.send()

    # ------------------------------------------------------------ find

    def _search_again(self) -> None:
        if self.page.pattern is not None:
            self.finder.restart_search()

    def open_find(self) -> None:
        """Open the find bar."""
        if self._stack.currentWidget() is self.page:
            self.find_bar.open_find()

    def _place_find_bar(self) -> None:
        self.find_bar.place(self._stack.width())

    # ------------------------------------------------------------ the window

    def start(self) -> None:
        super().start()
        self.navigation.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._has_sheet:
            return  # The sheet has no use for the key.
        key = event.key()
        is_enter = key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
        if event.matches(QKeySequence.StandardKey.Find):
            self.open_find()
        elif event.matches(QKeySequence.StandardKey.Refresh):
            self.reader.refresh()
        elif key == Qt.Key.Key_F3 and self.page.pattern is not None:
            self.finder.step(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        elif key in {Qt.Key.Key_Up, Qt.Key.Key_Down} and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._step(-1 if key == Qt.Key.Key_Up else 1)
        elif is_enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.review.comment_on_chosen()
        elif is_enter and self.search.hasFocus():
            self.navigation.setFocus(Qt.FocusReason.OtherFocusReason)
            if not self.navigation.currentIndex().isValid():
                self.navigation.setCurrentIndex(self.navigation.model().index(0, 0))
        elif is_enter and (self.navigation.hasFocus() or self.page.hasFocus()):
            self._open(self.files.current)
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow() and not self.reader.is_reading:
            self.reader.refresh()
        elif event.type() == QEvent.Type.WindowStateChange:
            self._update_visibility()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._update_visibility()
        if not self.reader.is_reading:
            self.reader.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._update_visibility()

    def _update_visibility(self) -> None:
        self.reader.set_visible(visible=self.isVisible() and not self.isMinimized())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        list_px = min(max(round(self.width() * _LIST_SHARE), MIN_WIDTH_PX), WIDTH_PX)
        self.files.setFixedWidth(list_px)
        self.since.fit(round((self.width() - list_px) * _SINCE_SHARE))
        if not self.find_bar.isHidden():
            self._place_find_bar()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.reader.release()
        super().closeEvent(event)
