"""The card of a comment below its lines: the comment, or the box in which it is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui.chat.content.ansi import visible
from gui.settings.layout import ReviewComment
from gui.theme.controls import FlowLayout
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.window.widgets.parts import button, label, monospace_font
from gui.window.widgets.prompt_field import PromptField
from gui.wording import changes_texts

_BAR_PX = 4
"""The room for the coloured bar, added to the padding."""
_QUOTED_LINES = 3


class ShownComment(NamedTuple):
    """A comment on the page.

    Attributes:
        is_apart: whether the card is not below the comment's lines, and so has to say which they are.
    """

    comment: ReviewComment
    location: changes_texts.CommentLocation
    is_apart: bool = False


class CommentCard(QWidget):
    """One comment.

    Attributes:
        comment: the comment that is shown.
        editor: the field in which it is written; None while it is only shown.

    Signals:
        edited(ReviewComment): the comment has another text or draft.
        removed(str): the user removes the comment with this id.
        closed(str): the box of the comment with this id is closed.
        resized(): the card needs another height.
        typed(): the user typed into the box.
    """

    edited = Signal(object)
    removed = Signal(str)
    closed = Signal(str)
    resized = Signal()
    typed = Signal()

    def __init__(self, theme: Theme, shown: ShownComment, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.comment = shown.comment
        self._shown = shown
        self.editor: PromptField | None = None
        self._stops: list[QWidget] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(GAP_M_PX + _BAR_PX, GAP_S_PX, GAP_M_PX, GAP_S_PX)
        self._column.setSpacing(GAP_S_PX)
        self.show_comment(shown)

    @property
    def is_editing(self) -> bool:
        """Whether the comment is being written."""
        return self.editor is not None

    def show_comment(self, shown: ShownComment) -> None:
        """Show a comment as it is now; a box that is open stays as it is."""
        comment = shown.comment
        is_same = (comment, shown) == (self.comment, self._shown) and bool(self._stops)
        self.comment, self._shown = comment, shown
        self.setAccessibleName(changes_texts.COMMENT_ON(location=changes_texts.location_line(shown.location)))
        if is_same or self.editor is not None:
            return
        self._clear()
        self._add_location()
        text = self._add_label(comment.draft or comment.text, "")
        text.setAccessibleName(comment.draft or comment.text)
        if comment.draft:
            self._add_label(changes_texts.COMMENT_NOT_SAVED(), "warning")
        edit = button(changes_texts.EDIT_COMMENT(), "quiet", self.edit)
        remove = button(changes_texts.REMOVE_COMMENT(), "quiet", lambda: self.removed.emit(self.comment.id))
        self._add_buttons(edit, remove)
        self.resized.emit()

    def _clear(self) -> None:
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._stops = []

    def _add_label(self, text: str, kind: str) -> QLabel:
        widget = label(text, kind)
        widget.setWordWrap(True)
        widget.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._column.addWidget(widget)
        widget.show()  # At once: the layout leaves out hidden widgets.
        return widget

    def _add_location(self) -> None:
        """Show the location of a comment that is not below its lines."""
        if self._shown.is_apart:
            self._add_label(changes_texts.location_line(self._shown.location), "secondary")
            lines = [changes_texts.quoted_line(visible(line)) for line in self.comment.lines[:_QUOTED_LINES]]
            quoted = self._add_label("\n".join(lines + ["…"] * (len(self.comment.lines) > _QUOTED_LINES)), "code")
            quoted.setFont(monospace_font())

    def _add_buttons(self, *buttons: QPushButton) -> None:
        holder = QWidget()
        row = FlowLayout(holder)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        holder.setSizePolicy(policy)
        for each in buttons:
            each.setAccessibleDescription(self.accessibleName())
            row.addWidget(each)
        self._column.addWidget(holder)
        holder.show()
        self._stops += buttons

    def focus_order(self) -> Sequence[QWidget]:
        """The widgets that can have the keyboard focus, in tab order."""
        return self._stops

    # ------------------------------------------------------------ writing

    def edit(self) -> None:
        """Open the box, with the keyboard in it."""
        if self.editor is None:
            self._clear()
            self._add_location()
            self.editor = editor = PromptField(changes_texts.COMMENT_HINT(), enter_submits=False)
            editor.min_lines = 2
            editor.setPlaceholderText(changes_texts.COMMENT_HINT())
            editor.setPlainText(self.comment.draft or self.comment.text)
            editor.setAccessibleDescription(self.accessibleName())
            editor.moveCursor(editor.textCursor().MoveOperation.End)
            editor.textChanged.connect(self._on_typed)
            editor.submitted.connect(self.save)
            editor.document().documentLayout().documentSizeChanged.connect(lambda _size: self.resized.emit())
            self._column.addWidget(editor)
            editor.show()
            self._stops = [editor]
            self._add_buttons(
                button(changes_texts.SAVE_COMMENT(), "primary", self.save),
                button(changes_texts.CLOSE_COMMENT(), "", self.leave),
            )
            self._add_label(changes_texts.COMMENT_KEYS(), "secondary")
            self.resized.emit()
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_typed(self) -> None:
        assert self.editor is not None
        typed = self.editor.toPlainText()
        draft = "" if typed.strip() == self.comment.text else typed
        self.comment = msgspec.structs.replace(self.comment, draft=draft if draft.strip() else "")
        self.edited.emit(self.comment)
        self.typed.emit()

    def save(self) -> None:
        """Save what is written; a comment without a text is removed."""
        assert self.editor is not None
        text = self.editor.toPlainText().strip()
        if text:
            self.comment = msgspec.structs.replace(self.comment, text=text, draft="")
            self.edited.emit(self.comment)
            self.leave()
        elif not self.comment.text:
            self.leave()
        else:
            self.removed.emit(self.comment.id)

    def leave(self) -> None:
        """Close the box; what was typed is kept."""
        self.editor = None
        self._clear()
        self.show_comment(self._shown._replace(comment=self.comment))
        self.closed.emit(self.comment.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.editor is not None:
            self.leave()
        else:
            super().keyPressEvent(event)

    # ------------------------------------------------------------ size and looks

    def height_for(self, width: int) -> int:
        """The height at a width."""
        self._column.activate()
        column = self._column
        return column.heightForWidth(width) if column.hasHeightForWidth() else column.sizeHint().height()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self._theme.tokens
        paint_frame(painter, QRectF(self.rect()), tokens.color("border"), tokens.color("raised"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens.color("needs_you" if self._shown.location.is_changed else "accent"))
        painter.drawRoundedRect(QRectF(3, 8, 3, self.height() - 16), 1.5, 1.5)
        painter.end()
