"""The tab with all changes of a chat's directory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import PurePosixPath

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QFontMetrics,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QResizeEvent,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from gui.bridge.changes import MAX_BYTES, ChangedFile, Changes, ChangesReader, ListedPoint, State
from gui.bridge.unsent import ReviewComments
from gui.chat.content.segments import Action
from gui.chat.drawing.code import SHOWN_AT_ONCE
from gui.chat.finder import Hit, TranscriptFinder
from gui.screen_readers import announce
from gui.theme.icons import Glyph
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX, SECONDARY_PX, font
from gui.window.page.find_bar import FindBar
from gui.window.sheets.chooser import Chooser
from gui.window.sheets.question import QuestionSheet
from gui.window.sheets.sheet import is_over_window
from gui.window.widgets.paged_tab import PAGE_ROW_PX, PageList
from gui.window.widgets.parts import Area, ElidedLabel, Hairline, IconButton, button, label, show_text, stack
from gui.window.widgets.result_list import RowDelegate
from gui.window.widgets.text_tab import TextTab
from gui.wording import changes_texts, chat_texts, common_texts
from session_host.errors import OutliveError
from session_host.protocol.values import FileLocation

from .anchors import lines_of
from .content import HiddenLines, shown
from .page import ChangesPage
from .restoring import Discarding, Restoring, SinceSelector
from .review import CommentReceiver, Review, ReviewBar

WIDTH_PX = 320
MIN_WIDTH_PX = 184
_LETTER_PX = 16
_COLORS: dict[State, str] = {
    "added": "fine",
    "untracked": "fine",
    "deleted": "failed",
    "conflict": "failed",
    "modified": "needs_you",
    "type": "needs_you",
    "renamed": "accent",
    "dropped": "needs_you",
}


class FileList(PageList):
    """The list; its pages are the files, in their order.

    Attributes:
        files: the changed files.

    Signals:
        opened(int): the user opens the file with this number by a double click.
    """

    opened = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, WIDTH_PX, [], search=changes_texts.FILTER_FILES(), pages=changes_texts.CHANGED_FILES())
        self.files: Sequence[ChangedFile] = ()
        self._current = -1
        self.list.setItemDelegate(_FileDelegate(theme, self))
        self.list.setUniformItemSizes(True)
        self.list.doubleClicked.connect(lambda index: self.opened.emit(self.page_at(index.row())))
        self.search.textChanged.connect(lambda _text: self._filter())

    @property
    def current(self) -> int:
        """The number of the marked file; -1 for none."""
        return self._current

    def set_current(self, page: int) -> None:
        self._current = page
        super().set_current(page)

    def show_files(self, files: Sequence[ChangedFile]) -> None:
        """List these files; the file with the path of the marked one is marked again."""
        marked = self.files[self._current].path if 0 <= self._current < len(self.files) else ""
        self.files = files
        self._current = next((number for number, file in enumerate(files) if file.path == marked), -1)
        self.set_titles(
            [changes_texts.changed_row(shown(file.path), file.state, file.added, file.removed) for file in files]
        )
        self._filter()

    def _filter(self) -> None:
        """List the files that contain each word of the field in their path."""
        words = self.search.text().casefold().split()
        listed = [
            number
            for number, file in enumerate(self.files)
            if all(word in shown(file.path).casefold() for word in words)
        ]
        self.set_listed(listed)
        self.set_current(self._current)
        self.say_found(common_texts.NO_MATCHES() if words and not listed else "")


class _FileDelegate(RowDelegate):
    """Paints a file: its state's letter, its name and directory, and the numbers of lines."""

    def __init__(self, theme: Theme, files: FileList) -> None:
        super().__init__(theme, PAGE_ROW_PX, files.list)
        self._files = files

    def paint_row(self, painter: QPainter, area: QRect, index: QModelIndex | QPersistentModelIndex) -> None:
        file = self._files.files[self._files.page_at(index.row())]
        tokens = self._theme.tokens
        room = area.adjusted(GAP_M_PX, 0, -GAP_S_PX, 0)
        middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(font(SECONDARY_PX, bold=True))
        painter.setPen(tokens.color(_COLORS[file.state]))
        painter.drawText(room, middle, changes_texts.state_letter(file.state))
        room.setLeft(room.left() + _LETTER_PX)
        painter.setFont(font(SECONDARY_PX))
        for text, color in (
            (changes_texts.REMOVED_LINES(count=file.removed) if file.removed else "", "failed"),
            (changes_texts.ADDED_LINES(count=file.added) if file.added else "", "fine"),
        ):
            if text:
                painter.setPen(tokens.color(color))
                painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
                room.setRight(room.right() - painter.fontMetrics().horizontalAdvance(text) - GAP_S_PX)
        path = PurePosixPath(shown(file.path))
        name_px = self._draw(painter, room, path.name, Qt.TextElideMode.ElideMiddle, "text")
        room.setLeft(room.left() + name_px + GAP_S_PX)
        if room.width() > _LETTER_PX and path.parent.name:
            self._draw(painter, room, str(path.parent), Qt.TextElideMode.ElideLeft, "secondary")

    def _draw(self, painter: QPainter, room: QRect, text: str, mode: Qt.TextElideMode, color: str) -> int:
        """Draw a text that is elided to fit; returns its width in pixels."""
        painter.setFont(font() if color == "text" else font(SECONDARY_PX))
        metrics: QFontMetrics = painter.fontMetrics()
        elided = metrics.elidedText(text, mode, room.width())
        painter.setPen(self._theme.tokens.color(color))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)
        return metrics.horizontalAdvance(elided)


class ChangesFinder(TranscriptFinder):
    """Shows first the next match below the top of the page, and goes on down."""

    onward = 1

    def _first_to_show(self, hits: list[Hit]) -> int | None:
        if not hits or not self.scan.is_done:
            return None
        page = self._page
        first = page.visible[0] if page.visible else None
        begin = (first.position, first.number) if first is not None else (0, 0)
        positions = ((page.rows.position(hit.item) or 0, hit.segment) for hit in hits)
        return next((number for number, position in enumerate(positions) if position >= begin), 0)


class Opening(QObject):
    """Reads the files as they were before the changes, and shows lines of them."""

    def __init__(self, page: ChangesPage, reader: ChangesReader, bar: ReviewBar) -> None:
        super().__init__(page)
        self._page, self._reader, self._bar = page, reader, bar
        self._reading: set[HiddenLines] = set()
        page.action_triggered.connect(self._on_action)
        page.lines_needed.connect(lambda key: self._start(key, ""))

    def _on_action(self, action: Action) -> None:
        if action.kind == "lines":
            self._start(action.item, action.value)
        elif action.kind == "fold_lines":
            self._page.fold_lines(action.item)

    def _start(self, key: str, asked: str) -> None:
        """Show hidden lines of a file: "first-last", or "first-" for those at its end; "" only reads the file."""
        changes, hidden = self._reader.changes, self._page.hidden_lines(key)
        if changes is None or hidden is None:
            return
        if hidden.lines is not None:
            self._show(key, hidden, asked)
        elif hidden not in self._reading:
            self._reading.add(hidden)
            self._reader.tasks.start(self._read(changes, key, hidden, asked), "lines")

    async def _read(self, changes: Changes, key: str, hidden: HiddenLines, asked: str) -> None:
        file = self._page.file(key)
        lines: tuple[str, ...] = ()
        problem = ""
        try:
            lines = await self._reader.lines_before(changes, file) if file is not None else ()
        except OutliveError as error:
            problem = str(error)
        finally:
            self._reading.discard(hidden)
        if self._reader.is_released or self._page.hidden_lines(key) is not hidden:
            return  # The files are compared with something else now, in which the user has asked for nothing yet.
        file = self._page.file(key)
        if not problem and file is not None:
            hidden.lines = lines
            if hidden.fits(lines_of(file)):
                self._show(key, hidden, asked)
                return
            hidden.lines, problem = None, changes_texts.OTHER_LINES()
        if asked:
            self._bar.show_message(changes_texts.CANNOT_SHOW(path=shown(key), reason=problem))

    def _show(self, key: str, hidden: HiddenLines, asked: str) -> None:
        """Show hidden lines of a file that is read."""
        opened: set[int] = set()
        if asked:
            first, last = asked.split("-")
            end = int(last) + 1 if last else len(hidden.lines or ()) + 1
            if not last and end - int(first) > 2 * SHOWN_AT_ONCE:
                end = int(first) + SHOWN_AT_ONCE
            opened = set(range(int(first), end)) - hidden.shown
            hidden.opened |= opened
        self._page.show_opened_lines(key)
        if asked:
            announce(self._page, changes_texts.SHOWN_LINES(n=len(opened)))


_LIST_SHARE = 0.3
"""The list's share of a narrow tab."""
_SINCE_SHARE = 0.6
"""The share of the button that chooses since when changes are shown, beside the list."""


class ChangesTab(TextTab):
    """The tab.

    Attributes:
        reader: reads the changes.
        files: the list of the changed files.
        page: their diffs.
        review: the comments on the diffs.
        finder, find_bar: find text in the diffs.
        summary: the line about all changes.
        since: chooses what the files are compared with.
        restore: the button that restores the files; hidden unless they differ from how they were before a prompt.
        chooser, question: the sheets over the tab.
        note: a line about what is not shown, or a file that cannot be opened; hidden without a text.
        message: the text in place of the diffs if there are none.
    """

    own_keys = (*TextTab.own_keys, "Ctrl+Shift+Return", "Ctrl+Shift+Enter")

    def __init__(
        self,
        theme: Theme,
        reader: ChangesReader,
        open_file: Callable[[FileLocation], object],
        comments: ReviewComments,
        receiver: CommentReceiver,
    ) -> None:
        """Make the tab.

        Args:
            theme: the theme.
            reader: reads the changes.
            open_file: opens a file in the user's editor.
            comments: the comments of all chats.
            receiver: gets the comments.
        """
        self.files = FileList(theme)
        self.page = ChangesPage(theme)
        super().__init__(changes_texts.CHANGES(), self.files, self.page)
        self.setFocusProxy(self.navigation)
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
        self.restore = button(changes_texts.OFFER_RESTORE(), "quiet", self.ask_restore)
        self.restore.hide()
        self._refresh_button = IconButton(theme, Glyph.RESET, changes_texts.READ_AGAIN(), self.reader.refresh)
        self._refresh_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        head = stack(
            QHBoxLayout(),
            self.summary,
            self.since.button,
            self.restore,
            self._refresh_button,
            gap=GAP_S_PX,
            margins=(GAP_L_PX, GAP_S_PX, GAP_S_PX, GAP_S_PX),
            wide=self.summary,
        )
        self.note = label("", "secondary", wraps=True)
        self.note.setContentsMargins(GAP_L_PX, 0, GAP_L_PX, GAP_S_PX)
        self.note.hide()
        self.message = label("", "secondary", wraps=True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setContentsMargins(GAP_L_PX, GAP_M_PX, GAP_L_PX, GAP_M_PX)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.message)
        self._stack.addWidget(self.page)
        stack(
            QVBoxLayout(right), head, self.review.bar, self.note, Hairline(theme), self._stack, gap=0, wide=self._stack
        )
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
        for key, step in (("Down", 1), ("Up", -1)):
            # While the list has the keyboard: it would take these keys for its own.
            shortcut = QShortcut(QKeySequence.fromString(f"Ctrl+{key}"), self.files)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(partial(self._mark_line, step))
        for enter in ("Return", "Enter"):
            # A shortcut, since a button with the keyboard focus takes each Enter.
            shortcut = QShortcut(QKeySequence.fromString(f"Ctrl+Shift+{enter}"), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(self._send)

    # ------------------------------------------------------------ showing

    def describe(self) -> None:
        """Update the title, the summary and the message."""
        reader, changes = self.reader, self.reader.changes
        self.setWindowTitle(changes_texts.TITLE_OF(chat=reader.chat.full_name))
        self.review.update_bar()
        top_name = shown(PurePosixPath(changes.top if changes is not None else reader.directory).name)
        text = ""
        if changes is not None and changes.files:
            added, removed = (sum(getattr(file, name) for file in changes.files) for name in ("added", "removed"))
            text = changes_texts.summary(len(changes.files) + changes.more, added, removed)
        self.summary.set_whole(chat_texts.joined(top_name, changes.branch or "" if changes is not None else "", text))
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
        if changes.is_late:
            lines.append(changes_texts.READ_TOO_LATE(n=changes.without_lines))
        elif changes.without_lines:
            lines.append(changes_texts.WITHOUT_LINES(n=changes.without_lines, size=MAX_BYTES >> 20))
        return chat_texts.joined(*lines)

    def show_message(self, text: str) -> None:
        """Show a line above the diffs; "" for none."""
        show_text(self.note, text)
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

    def _mark_line(self, step: int) -> None:
        """Mark the next line of the diffs, or the one before, and give them the keyboard."""
        self.page.setFocus(Qt.FocusReason.OtherFocusReason)
        self.page.mark(step)

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

    def ask_restore(self) -> None:
        """Ask whether to restore the files to how they were before the prompt."""
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
        if self._stack.currentWidget() is self.page:
            self.find_bar.open_find()

    def _place_find_bar(self) -> None:
        self.find_bar.place(self._stack.width())

    # ------------------------------------------------------------ the tab

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

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.WindowActivate and not self.reader.is_reading:
            self.reader.refresh()
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._update_visibility()
        if not self.reader.is_reading:
            self.reader.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._update_visibility()

    def _update_visibility(self) -> None:
        self.reader.set_visible(visible=self.isVisible() and not self.window().isMinimized())

    def _list_px(self) -> int:
        return min(max(round(self.width() * _LIST_SHARE), MIN_WIDTH_PX), WIDTH_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        beside_px = self.width() - self.files.width() if self.files.width() < self.width() else self.width()
        self.since.fit(round(beside_px * _SINCE_SHARE))
        if not self.find_bar.isHidden():
            self._place_find_bar()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.reader.release()
        super().closeEvent(event)
