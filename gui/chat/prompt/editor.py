"""The text field for a prompt."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFont,
    QGuiApplication,
    QInputMethodEvent,
    QKeyEvent,
    QKeySequence,
    QTextCursor,
)
from PySide6.QtWidgets import QMenu, QPlainTextEdit, QToolTip

from gui.chat.content.segments import utf16_length, utf16_slice
from gui.chat.drawing.segment_layout import reads_from_right
from gui.clipboard import fields
from gui.clipboard.fields import edit_menu
from gui.input.composing import is_of_a_shortcut
from gui.input.draft import typed_text
from gui.input.dragging import local_files
from gui.input.held_keys import is_repeat
from gui.input.keys import LINEFEED, kind_of_answer
from gui.qt_symbols import deliver_window_events
from gui.wording import chat_texts
from session_host.structured.mentions import open_mention

_PAGES = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
_ENDS = {Qt.Key.Key_Home: -1, Qt.Key.Key_End: 1}
_ENTER = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})


class PromptEditor(QPlainTextEdit):
    """A field of several lines; Enter sends, and with Shift or Alt begins another line, as Ctrl+J does.

    While an input method composes a text, Enter only ends that.

    Signals:
        submitted(str): the user sends the prompt: "queue", "steer" or "interrupt".
        interrupt_requested(): the user pressed Ctrl+C with nothing selected.
        page_requested(int): the user scrolls the messages by a page: down (1) or up (-1).
        end_requested(int): the user scrolls the messages to their end (1) or their beginning (-1).
        take_back_requested(): the user takes the last queued prompt back, by Up in the empty field.
        recall_requested(int): the user shows the prompt before (-1) or after (1) the shown one.
        back_requested(): the user moves the keyboard focus back, by Shift+Tab.
        completion_key(int): a key for the list of completions, while that is open.
        menu_made(QMenu): the context menu was made; the owner adds to it.
        image_given(QImage), files_given(list): the user pasted or dropped an image, or files.
        composed(): the text that an input method composes is another one.

    Attributes:
        has_queue: whether prompts are queued.
        composed_text: what an input method composes at the cursor; not yet a part of the text.
        goes_on: moves the keyboard focus to where Tab goes first; returns False if there is no such place now.
    """

    submitted = Signal(str)
    interrupt_requested = Signal()
    completion_key = Signal(int)
    page_requested = Signal(int)
    end_requested = Signal(int)
    take_back_requested = Signal()
    recall_requested = Signal(int)
    back_requested = Signal()
    menu_made = Signal(QMenu)
    image_given = Signal(object)
    files_given = Signal(object)
    composed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.is_completing = self.has_queue = False
        self.composed_text = ""
        self.goes_on: Callable[[], bool] = lambda: False
        self.setAccessibleName(chat_texts.PROMPT())
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.document().setDocumentMargin(4)
        self.textChanged.connect(self._align)

    def toPlainText(self) -> str:
        """The text, with its no-break spaces."""
        return typed_text(self.document())

    def _align(self) -> None:
        """Align a text in a right-to-left script on the right, as the messages are; Qt aligns all on the left."""
        side = Qt.AlignmentFlag.AlignRight if reads_from_right(self.toPlainText()) else Qt.AlignmentFlag.AlignLeft
        option = self.document().defaultTextOption()
        if option.alignment() != side:
            option.setAlignment(side)
            self.document().setDefaultTextOption(option)

    # ------------------------------------------------------------ size

    def set_text_font(self, text_font: QFont) -> None:
        """Set the font of the text, and of the hint in the empty field, which Qt paints with the viewport's font."""
        self.setFont(text_font)
        self.viewport().setFont(text_font)

    def height_for_text(self, max_px: int) -> int:
        """The height of the text, at most ``max_px``."""
        lines = max(round(self.document().size().height()), 1)
        return min(lines * self.fontMetrics().lineSpacing() + 12, max(max_px, 40))

    # ------------------------------------------------------------ keyboard

    def event(self, event: QEvent) -> bool:
        # Ctrl+Shift+Z is left to the window, where it maximises a pane if there are several; Ctrl+Y always works.
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.matches(QKeySequence.StandardKey.Redo)
        ):
            event.ignore()
            return False
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        QToolTip.hideText()  # Qt leaves it over the text that the user types.
        key, modifiers = event.key(), event.modifiers()
        control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        alt = bool(modifiers & Qt.KeyboardModifier.AltModifier)
        has_no_modifiers = not modifiers & ~Qt.KeyboardModifier.KeypadModifier
        if (
            self.is_completing
            and not control
            and not shift
            and key in {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Tab, Qt.Key.Key_Escape, *_ENTER}
        ):
            self.completion_key.emit(int(key))
        elif key in _ENTER and self.composed_text:
            QGuiApplication.inputMethod().commit()  # An input method that passes Enter on has not taken its text yet.
        elif kind_of_answer(event) or (key in _ENTER and control and shift):
            event.ignore()  # The chat's, which answers the agent, or the window's, which starts a shell.
        elif (
            (key in _ENTER and alt and not control)
            or (key == Qt.Key.Key_J and control and not shift)
            or key == LINEFEED
        ):
            self.insertPlainText("\n")
        elif key in _ENTER and not shift:
            if not is_repeat(event):  # The Enter that sent a prompt does not answer what is asked about that.
                self.submitted.emit("interrupt" if control and alt else "steer" if control else "queue")
        elif event.matches(QKeySequence.StandardKey.Copy) and not self.textCursor().hasSelection():
            self.interrupt_requested.emit()
        elif key == Qt.Key.Key_Up and has_no_modifiers and self.has_queue and self.document().isEmpty():
            self.take_back_requested.emit()
        elif key == Qt.Key.Key_Up and has_no_modifiers and self._is_at(first=True):
            self.recall_requested.emit(-1)
        elif key == Qt.Key.Key_Down and has_no_modifiers and self._is_at(first=False):
            self.recall_requested.emit(1)
        elif key == Qt.Key.Key_Y and modifiers == Qt.KeyboardModifier.ControlModifier:
            self.redo()
        elif self._scrolls(Qt.Key(key), modifiers):
            pass
        elif key == Qt.Key.Key_Escape:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        if event.commitString():
            deliver_window_events()
        if is_of_a_shortcut(event, self.composed_text):
            return
        super().inputMethodEvent(event)
        if event.preeditString() != self.composed_text:
            self.composed_text = event.preeditString()
            self.composed.emit()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Let Tab accept a completion while the list of completions is open."""
        if self.is_completing and forward:
            self.completion_key.emit(int(Qt.Key.Key_Tab))
            return True
        if not forward:
            self.back_requested.emit()
            return True
        if self.goes_on():
            return True
        return bool(super().focusNextPrevChild(forward))

    def _scrolls(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
        """Scroll the messages by a page, or to an end if the cursor is at that end of the text; False if neither."""
        cursor, is_control = self.textCursor(), bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if key in _PAGES and not is_control:
            self.page_requested.emit(_PAGES[key])
            return True
        is_there = cursor.atStart() if key == Qt.Key.Key_Home else cursor.atEnd()
        if key not in _ENDS or modifiers != Qt.KeyboardModifier.ControlModifier or cursor.hasSelection():
            return False
        if is_there:
            self.end_requested.emit(_ENDS[key])
        return is_there

    def _is_at(self, *, first: bool) -> bool:
        """Whether the cursor is in the first, or the last, visual line."""
        cursor = self.textCursor()
        moved = QTextCursor(cursor)
        step = QTextCursor.MoveOperation.Up if first else QTextCursor.MoveOperation.Down
        return not moved.movePosition(step)

    def set_text(self, text: str) -> None:
        """Replace the text; the change can be undone."""
        cursor = self.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self.setTextCursor(cursor)

    def change_text(self, text: str) -> None:
        """Replace the text; the cursor stays in the common part. The change can be undone."""
        current = self.toPlainText()
        start = _common_length(current, text)
        end = _common_length(current[start:][::-1], text[start:][::-1])
        cursor = QTextCursor(self.document())
        cursor.setPosition(utf16_length(current[:start]))
        cursor.setPosition(utf16_length(current[: len(current) - end]), QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text[start : len(text) - end])

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = edit_menu(self, lambda: fields.paste(self))
        self.menu_made.emit(menu)
        menu.popup(event.globalPos())

    # ------------------------------------------------------------ images

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return bool(source.hasImage() or source.hasUrls() or super().canInsertFromMimeData(source))

    def insertFromMimeData(self, source: QMimeData) -> None:
        if files := local_files(source):
            self.files_given.emit(files)
        elif source.hasImage() and not source.hasText():
            self.image_given.emit(source.imageData())
        else:
            self.insertPlainText(source.text())
            self.ensureCursorVisible()

    # ------------------------------------------------------------ completion

    def word(self) -> str:
        """The word before the cursor that can be completed: "@" and a part of a path, "/" and a part of a command."""
        cursor = self.textCursor()
        if cursor.hasSelection():
            return ""
        before = utf16_slice(self.toPlainText(), 0, cursor.position())
        if before.startswith("/") and not any(letter.isspace() for letter in before):
            return before
        if quoted := open_mention(before):
            return quoted
        start = max(before.rfind(" "), before.rfind("\n"), before.rfind("\t")) + 1
        return before[start:] if before[start : start + 1] == "@" else ""

    def complete(self, word: str, text: str) -> None:
        """Replace the word before the cursor by ``text``, with one space after it unless it is a folder."""
        cursor = self.textCursor()
        for _ in word:
            cursor.deletePreviousChar()
        cursor.insertText(text)
        if not text.endswith("/") and not self._pass_space(cursor):
            cursor.insertText(" ")
        self.setTextCursor(cursor)

    def _pass_space(self, cursor: QTextCursor) -> bool:
        """Move the cursor behind the space that follows it; returns whether there is one."""
        following = self.document().characterAt(cursor.position())
        return following == " " and cursor.movePosition(QTextCursor.MoveOperation.NextCharacter)


def _common_length(one: str, other: str) -> int:
    """The length of the common beginning of two texts."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
