"""Comments on the changes in a chat's page: written below their lines, shown there, and sent with the next prompt."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from PySide6.QtCore import QObject, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui.bridge.chat import Chat
from gui.bridge.unsent import ReviewComments
from gui.chat.content.segments import (
    Action,
    Button,
    CommentBox,
    CommentLine,
    Diff,
    DiffHead,
    FoldLine,
    Segment,
)
from gui.chat.drawing.code import PADDING_PX, code_left
from gui.chat.page.diff_lines import PointedHunk
from gui.chat.page.positions import PlacedSegment
from gui.chat.view import ChatView
from gui.settings.layout import ReviewComment
from gui.theme.controls import KeyButton, set_look
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX
from gui.theme.tooltips import set_tooltip
from gui.window.widgets.parts import label
from gui.window.widgets.prompt_field import PromptField
from gui.wording import changes_texts, chat_texts
from session_host.protocol.untrusted_text import legible, one_line
from session_host.structured.items import Item
from session_host.structured.patches import DiffLine

from . import anchors
from .anchors import Anchored
from .comments_text import in_order, text_of

_ABOVE_PX, _BELOW_PX = 6, 14
"""The ground of the diff above and below a box."""
_OFF_PAGE_PX = -10_000
_KEYS_FROM_PX = 420
"""In a narrower box, buttons do not name their keys."""


class _File(NamedTuple):
    """A file's diff among the segments of an item: its path, its lines, the number of the first one, and a segment."""

    path: str
    lines: list[DiffLine]
    begin: int
    like: Diff


class CommentsInPage(QObject):
    """The comments on a chat's changes, in one page of the chat; also the page's ``Boxes``."""

    def __init__(
        self,
        chat: Chat,
        view: ChatView,
        comments: ReviewComments,
        *,
        show_changes: Callable[[], object],
        offer_undo: Callable[[str, Callable[[], object]], object],
    ) -> None:
        """Show the comments of a chat.

        Args:
            chat: the chat.
            view: its view.
            comments: the comments of all chats.
            show_changes: shows the chat's changes, with the comments that were written there.
            offer_undo: says in one line what was done, and offers to undo it.
        """
        super().__init__(view.page)
        self._chat, self._view, self._page, self._comments = chat, view, view.page, comments
        self._show_changes, self._offer_undo = show_changes, offer_undo
        self._boxes: dict[str, CommentEditor] = {}
        """The open boxes, by the ids of their comments."""
        self._items: set[str] = set()
        """The items with comments."""
        self._is_typing = False
        view.page.boxes, view.page.rows.comments = self, self._below
        view.page.hunk_action_triggered.connect(self._on_hunk_action)
        view.page.action_triggered.connect(self._on_action)
        view.prompt.comments_sent.connect(self._on_sent)
        comments.changed.connect(self._on_changed)
        chat.changed.connect(self._show_count)
        self._show()

    # ------------------------------------------------------------ showing

    def _own(self) -> list[ReviewComment]:
        return self._comments.of(self._chat.id)

    def _saved(self) -> list[ReviewComment]:
        return [each for each in self._own() if each.text]

    def _on_changed(self, session_id: str) -> None:
        if session_id == self._comments.key(self._chat.id) and not self._is_typing:
            self._show()

    def _show(self) -> None:
        """Show the comments as they are now, and close the boxes of those that are gone."""
        own = self._own()
        for gone in self._boxes.keys() - {each.id for each in own}:
            self._close(gone)
        items, self._items = self._items, {each.item for each in own if each.item}
        for key in items | self._items:
            self._page.rows.refresh(key)
        if self._page.isVisible():
            self._page.scroller.arrange()
        self._show_count()

    def _show_count(self) -> None:
        saved = self._saved()
        files = list(dict.fromkeys(self._name(each) for each in saved))
        text = text_of(in_order(Anchored(each, 0, 0) for each in saved), self._directory) if saved else ""
        count = changes_texts.counted_comments(len(saved), 0) if saved else ""
        self._view.prompt.show_comments(text, count, changes_texts.comments_where(files) if saved else "")

    @property
    def _directory(self) -> str:
        return self._chat.workplace.real_directory

    def _name(self, comment: ReviewComment) -> str:
        return legible(os.path.relpath(f"{comment.top}/{comment.path}", self._directory))

    def _below(self, item: Item, segments: Sequence[Segment]) -> Mapping[int, Sequence[Segment]]:
        """The comments on an item's changes, by the lines below which they stand; see ``Comments``."""
        found = dict[int, list[Segment]]()
        own = [each for each in self._own() if each.item == item.id] if item.id in self._items else []
        for file in _files(segments) if own else ():
            path = "/".join(self._place_of(file.path))
            for comment in [each for each in own if f"{each.top}/{each.path}" == path]:
                if (last := anchors.find(comment, file.lines).last) is not None:
                    found.setdefault(file.begin + last, []).append(self._segment(comment, file.like))
                    own.remove(comment)
        return found

    def _segment(self, comment: ReviewComment, like: Diff) -> Segment:
        if comment.id in self._boxes:
            return CommentBox(request=comment.id, inner=True, digits=like.digits, longest=like.longest)
        edit = Button(changes_texts.EDIT_COMMENT(), Action("edit_comment", comment.item, comment.id))
        drop = Button(changes_texts.REMOVE_COMMENT(), Action("drop_comment", comment.item, comment.id))
        return CommentLine(
            one_line(comment.text or comment.draft),
            inner=True,
            place=changes_texts.line_numbers(comment.first, comment.last),
            buttons=(edit, drop),
            digits=like.digits,
            longest=like.longest,
        )

    def _place_of(self, path: str) -> tuple[str, str]:
        """The directory and the path below it of a file that the agent names."""
        cwd, real = self._chat.record.origin.cwd, self._directory
        full = os.path.normpath(Path(cwd, path))
        for base in (cwd, real):
            if full.startswith(f"{base.rstrip('/')}/"):
                return real, os.path.relpath(full, base)
        return str(Path(full).parent), Path(full).name

    # ------------------------------------------------------------ writing

    def _on_hunk_action(self, kind: str, hunk: PointedHunk) -> None:
        if kind != "comment":
            return
        comment = anchors.new_comment(*self._place_of(hunk.path), hunk.lines, hunk.first, hunk.at)
        if comment is None:
            return
        comment = msgspec.structs.replace(comment, item=hunk.key)
        begun = (each for each in self._own() if not each.text and _is_same_place(each, comment))
        self._open(next(begun, comment))

    def _open(self, comment: ReviewComment) -> None:
        """Open the box of a comment, with the keyboard in it."""
        if comment.id not in self._boxes:
            box = self._boxes[comment.id] = CommentEditor(
                self._view.theme, comment, self._page, self._page.style_.small_px
            )
            box.typed.connect(lambda text: self._on_typed(comment.id, text))
            box.saved.connect(lambda text: self._save(comment.id, text))
            box.cancelled.connect(lambda: self._cancel(comment.id))
            box.resized.connect(self._page.scroller.arrange)
        if comment in self._own():
            self._show()
        else:
            self._comments.put(self._chat.id, comment)
        self._page.selection.clear()
        if (place := self._page.rows.place_of_card(comment.item, comment.id)) is not None:
            self._page.scroller.set_following(False)
            self._page.scroller.scroll_to(comment.item, place)
        self._page.scroller.arrange()
        self._boxes[comment.id].edit()

    def _find(self, comment_id: str) -> ReviewComment | None:
        return next((each for each in self._own() if each.id == comment_id), None)

    def _on_typed(self, comment_id: str, text: str) -> None:
        if (comment := self._find(comment_id)) is not None:
            self._is_typing = True
            draft = "" if text.strip() == comment.text else text
            self._comments.put(self._chat.id, msgspec.structs.replace(comment, draft=draft))
            self._is_typing = False

    def _save(self, comment_id: str, text: str) -> None:
        comment = self._find(comment_id)
        self._close(comment_id)
        if comment is not None and text.strip():
            self._comments.put(self._chat.id, msgspec.structs.replace(comment, text=text.strip(), draft=""))
            self._show()  # Also if it has the same text as before.
        else:
            self._comments.remove(self._chat.id, comment_id)
        self._view.prompt.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _cancel(self, comment_id: str) -> None:
        comment = self._find(comment_id)
        self._close(comment_id)
        if comment is not None and comment.text:
            self._comments.put(self._chat.id, msgspec.structs.replace(comment, draft=""))
        else:
            self._comments.remove(self._chat.id, comment_id)
        self._show()
        self._page.setFocus(Qt.FocusReason.OtherFocusReason)

    def _close(self, comment_id: str) -> None:
        box = self._boxes.pop(comment_id)
        box.hide()
        box.deleteLater()

    # ------------------------------------------------------------ all of them

    def _on_action(self, action: Action) -> None:
        match action.kind:
            case "edit_comment":
                if (comment := self._find(action.value)) is not None:
                    self._open(comment)
            case "drop_comment":
                self._remove([action.value])
            case "drop_comments":
                self._remove([each.id for each in self._saved()])
                self._view.prompt.editor.setFocus(Qt.FocusReason.OtherFocusReason)
            case "show_comments":
                self._go_to_first()
            case _:
                pass

    def _remove(self, ids: Sequence[str]) -> None:
        removed = self._comments.remove(self._chat.id, *ids)
        if removed:
            chat, comments = self._chat.id, self._comments
            self._offer_undo(changes_texts.COMMENTS_REMOVED(n=len(removed)), lambda: comments.put(chat, *removed))

    def _on_sent(self) -> None:
        self._comments.remove(self._chat.id, *(each.id for each in self._saved()))

    def _go_to_first(self) -> None:
        """Show the first comment on the page; without one there, the changes."""
        rows = self._page.rows
        placed = [(position, each) for each in self._saved() if (position := rows.position(each.item)) is not None]
        if not placed or not (first := min(placed, key=lambda each: each[0])[1]).item:
            self._show_changes()
            return
        rows.open_turn(rows.position(first.item) or 0)
        rows.set_mode(first.item, rows.mode(first.item)._replace(unfolded=True))
        self._page.scroller.scroll_to(first.item, rows.place_of_card(first.item, first.id) or 0, always=True)

    # ------------------------------------------------------------ boxes

    def height(self, box: str) -> float | None:
        """See ``Boxes``."""
        found = self._boxes.get(box)
        if found is None:
            return None
        return float(found.height_for(round(self._width(box)))) + _ABOVE_PX + _BELOW_PX

    def _left(self, box: str) -> float:
        """Where a box begins, right of the page's text: where the code does."""
        comment, rows = self._find(box), self._page.rows
        number = rows.place_of_card(comment.item, box) if comment is not None else None
        position = rows.position(comment.item) if comment is not None else None
        if number is None or position is None:
            return 0.0
        segment = rows.row(position).segments[number]
        return code_left(segment, rows.style) if isinstance(segment, CommentBox) else 0.0

    def _width(self, box: str) -> float:
        return max(self._page.rows.widths.text - self._left(box) - PADDING_PX, 1.0)

    def place(self, shown: dict[str, PlacedSegment]) -> None:
        """See ``Boxes``; one that has the keyboard keeps it."""
        for box_id, box in self._boxes.items():
            if (placed := shown.get(box_id)) is not None:
                left, width = round(self._page.column_left + self._left(box_id)), round(self._width(box_id))
                box.setGeometry(left, round(placed.top) + _ABOVE_PX, width, box.height_for(width))
                box.show()
            elif box.isAncestorOf(self._page.window().focusWidget()):
                box.move(QPoint(_OFF_PAGE_PX, 0))
            else:
                box.hide()


def _is_same_place(one: ReviewComment, other: ReviewComment) -> bool:
    return (one.item, one.path, one.first, one.lines) == (other.item, other.path, other.first, other.lines)


def _files(segments: Sequence[Segment]) -> Iterator[_File]:
    """The diffs of files among an item's segments."""
    path, line = "", 0
    found: _File | None = None
    for segment in segments:
        head = segment.head if isinstance(segment, FoldLine) else segment
        if isinstance(head, DiffHead):
            if found is not None:
                yield found
            path, found = head.file.path if head.file is not None else "", None
        elif isinstance(segment, Diff):
            if found is None and path:
                found = _File(path, [], line, segment)
            if found is not None:
                found.lines.extend(segment.lines)
            line += len(segment.lines)
    if found is not None:
        yield found


class CommentEditor(QWidget):
    """The box of one comment.

    Attributes:
        editor: the field.

    Signals:
        typed(str): the text is another one.
        saved(str): the user adds the comment to the next prompt.
        cancelled(): the user discards what was typed.
        resized(): the box needs another height.
    """

    typed = Signal(str)
    saved = Signal(str)
    cancelled = Signal()
    resized = Signal()

    def __init__(self, theme: Theme, comment: ReviewComment, parent: QWidget, size_px: int) -> None:
        """Make a box in which a comment is written, in letters of this size."""
        super().__init__(parent)
        self._theme = theme
        place = changes_texts.lines_named(comment.first, comment.last)
        self.setAccessibleName(changes_texts.COMMENT_ON(location=chat_texts.joined(comment.path, place)))
        self.editor = editor = PromptField(changes_texts.COMMENT_HINT())
        editor.setProperty("kind", "bare")
        editor.setStyleSheet(f"QPlainTextEdit {{ font-size: {size_px}px; }}")
        editor.setPlaceholderText(changes_texts.COMMENT_HINT())
        editor.setPlainText(comment.draft or comment.text)
        editor.setAccessibleDescription(self.accessibleName())
        editor.moveCursor(editor.textCursor().MoveOperation.End)
        editor.textChanged.connect(lambda: self.typed.emit(editor.toPlainText()))
        editor.submitted.connect(lambda: self.saved.emit(editor.toPlainText()))
        editor.document().documentLayout().documentSizeChanged.connect(lambda _size: self.resized.emit())
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_S_PX, GAP_S_PX, GAP_S_PX, GAP_S_PX)
        column.setSpacing(2)
        column.addWidget(editor)
        row = QHBoxLayout()
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(GAP_S_PX)
        row.addWidget(label(place, "secondary"), 1)
        cancel, add = (
            KeyButton(changes_texts.CANCEL_COMMENT(), "quiet"),
            KeyButton(changes_texts.ADD_COMMENT(), "primary"),
        )
        set_look(cancel, "narrow", True)
        cancel.clicked.connect(lambda _checked: self.cancelled.emit())
        add.clicked.connect(lambda _checked: self.saved.emit(editor.toPlainText()))
        set_tooltip(add, changes_texts.ADD_COMMENT_KEY())
        for each in (cancel, add):
            each.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            row.addWidget(each)
        column.addLayout(row)
        self._column, self._cancel, self._add = column, cancel, add
        self.hide()

    def edit(self) -> None:
        """Give the field the keyboard."""
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def height_for(self, width: int) -> int:
        """The height at a width."""
        has_room = width >= _KEYS_FROM_PX
        self._cancel.set_name(changes_texts.CANCEL_COMMENT(), chat_texts.ESCAPE_KEY() if has_room else "")
        self._add.set_name(changes_texts.ADD_COMMENT(), chat_texts.SENDS() if has_room else "")
        self._add.set_kind("primary")
        self.resize(width, self.height())
        self._column.activate()
        return self._column.sizeHint().height()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        paint_frame(painter, QRectF(self.rect()), tokens.color("accent"), tokens.color("page"))
        painter.end()
