"""The review of changes: comments on lines, which go to the chat together as one text."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

import msgspec
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from gui.bridge.changes import Changes, ChangesReader, readable
from gui.bridge.chat import Chat
from gui.bridge.unsent import ReviewComments
from gui.chat.page.diff_lines import LineRange
from gui.screen_readers import announce
from gui.settings.layout import ReviewComment
from gui.theme.tokens import GAP_L_PX, GAP_S_PX
from gui.theme.tooltips import set_tooltip
from gui.window.widgets.parts import ElidedLabel, button, label, stack
from gui.wording import changes_texts
from session_host.standing.traits import traits_of

from . import anchors
from .anchors import Anchored
from .comments_text import in_order, location_of, text_of
from .content import ELSEWHERE, shown
from .page import ChangesPage, CommentCard, ShownComment


class LineButton(NamedTuple):
    """A button in the line about what was done: its name and what it does."""

    name: str
    run: Callable[[], object]


class ReviewBar(QWidget):
    """Both lines; each is hidden while it has nothing to say.

    Attributes:
        count: how many comments there are.
        copy, send: the buttons that copy all comments, and put them into the chat.
        notice: the text of the second line; ``offers``: its buttons.
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = ElidedLabel("", "secondary")
        self.copy = button(changes_texts.COPY_COMMENTS(), "quiet")
        self.send = button("", "primary")
        set_tooltip(self.send, changes_texts.SEND_COMMENTS_HELP())
        self.send.setAccessibleDescription(changes_texts.SEND_COMMENTS_HELP())
        self._counts = QWidget()
        row = self._row(self._counts)
        row.addWidget(self.count, 1)
        row.addWidget(self.copy)
        row.addWidget(self.send)
        self.notice = label("", wraps=True)
        self._notice = QWidget()
        self._notice_row = self._row(self._notice)
        self._notice_row.addWidget(self.notice, 1)
        self.offers: list[QWidget] = []
        self._before: QWidget = self.notice
        """The widget before the buttons in tab order."""
        stack(QVBoxLayout(self), self._notice, self._counts, gap=0)
        self._counts.hide()
        self._notice.hide()

    @staticmethod
    def _row(widget: QWidget) -> QHBoxLayout:
        row = QHBoxLayout(widget)
        row.setContentsMargins(GAP_L_PX, 0, GAP_S_PX, GAP_S_PX)
        row.setSpacing(GAP_S_PX)
        return row

    def set_tab_order(self, before: QWidget, after: QWidget) -> None:
        """Let the Tab key stop at the buttons after one widget and before another one."""
        self._before = before
        for one, other in pairwise([before, self.copy, self.send, after]):
            QWidget.setTabOrder(one, other)

    def show_counts(self, saved: int, drafts: int, chat: str) -> None:
        """Show how many comments are saved, how many texts are not, and the name of the chat that gets them."""
        self.count.set_whole(changes_texts.counted_comments(saved, drafts))
        self.send.setText(changes_texts.send_comments_to(chat).replace("&", "&&"))
        self.send.setAccessibleName(changes_texts.send_comments_to(chat))
        for each in (self.copy, self.send):
            each.setEnabled(bool(saved or drafts))
        self._counts.setVisible(bool(saved or drafts))

    def show_message(self, text: str, *offers: LineButton) -> None:
        """Show a line with these buttons; if a button of the line before has the keyboard, the first one gets it."""
        has_keyboard = any(each.hasFocus() for each in self.offers)
        if has_keyboard:
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)  # Else it would leave the page with its button.
        self.hide_notice()
        self.notice.setText(text)
        for offer in offers:
            made = button(offer.name, "quiet", offer.run)
            self._notice_row.addWidget(made)
            QWidget.setTabOrder(self.offers[-1] if self.offers else self._before, made)
            self.offers.append(made)
        self._notice.show()
        if has_keyboard and self.offers:
            self.offers[0].setFocus(Qt.FocusReason.OtherFocusReason)
        announce(self.notice, text)

    def hide_notice(self) -> None:
        """Hide the line about what was done."""
        for each in self.offers:
            each.hide()
            each.deleteLater()
        self.offers = []
        self._notice.hide()


class CommentReceiver(Protocol):
    """Gives comments to chats."""

    def insert(self, chat: Chat, text: str, report: Callable[[str], object]) -> None:
        """Put a text where the user writes to a running chat; ``report`` gets "", or one line about what hinders it."""

    def resume(self, chat: Chat) -> None:
        """Resume an ended chat."""


class Review(QObject):
    """Shows the comments of a chat on its changes.

    Attributes:
        bar: the line with the number of comments, and the buttons for all of them.

    Signals:
        elsewhere_changed: the page has comments on files without changes for the first time, or not any more.
    """

    elsewhere_changed = Signal()

    def __init__(
        self,
        page: ChangesPage,
        reader: ChangesReader,
        comments: ReviewComments,
        receiver: CommentReceiver,
        bar: ReviewBar,
    ) -> None:
        super().__init__(page)
        self._page, self._reader, self._comments, self._receiver = page, reader, comments, receiver
        self.bar = bar
        self._top = ""
        self._anchored: Mapping[str, Sequence[Anchored]] = {}
        self._is_updating = False
        self._unread: list[str] = []
        """The files with comments that may be on hidden lines."""
        page.lines_chosen.connect(self.comment_on)
        page.line_menu_made.connect(self._extend_menu)
        page.card_made.connect(self._on_card)
        page.lines_opened.connect(self._on_lines_opened)
        comments.changed.connect(self._on_comments)
        bar.send.clicked.connect(lambda _checked: self.send())
        bar.copy.clicked.connect(lambda _checked: self.copy())

    @property
    def has_cards_elsewhere(self) -> bool:
        """Whether there are comments on files without changes."""
        return ELSEWHERE in self._anchored

    # ------------------------------------------------------------ showing

    def show_changes(self, changes: Changes, name: str) -> None:
        """Show changes, with the comments on them."""
        self._top = readable(changes.top)
        self._page.set_changes(changes)
        self._show(changes, all_files=True)
        self._page.show_changes(name)

    def update_bar(self) -> None:
        """Show how many comments there are, and the name of the chat that gets them."""
        own = self._own()
        saved, drafts = sum(bool(each.text) for each in own), sum(bool(each.draft) for each in own)
        self.bar.show_counts(saved, drafts, self._target.name)

    def _on_comments(self, session_id: str) -> None:
        if session_id == self._comments.key(self._reader.chat.id) and not self._is_updating:
            changes = self._reader.changes
            had_elsewhere = self.has_cards_elsewhere
            if changes is not None:
                self._show(changes)
                if had_elsewhere != self.has_cards_elsewhere:
                    self._page.show_changes(self._page.accessibleName())
                    self.elsewhere_changed.emit()
            self.update_bar()

    def _show(self, changes: Changes, *, all_files: bool = False) -> None:
        """Find the lines of all comments, and show the cards."""
        files = {readable(file.path): file for file in changes.files}
        by_old_path = {readable(file.old_path): file for file in changes.files if file.old_path}
        found: dict[str, list[Anchored]] = {}
        cards: dict[str, ShownComment] = {}
        moved = []
        for saved in self._own():
            file = files.get(saved.path) or by_old_path.get(saved.path)
            each = Anchored(saved)
            if file is not None:
                each = self._find(msgspec.structs.replace(saved, path=readable(file.path)), file.path)
                moved += [each.comment] if each.comment != saved else []
            found.setdefault(ELSEWHERE if file is None else file.path, []).append(each)
            is_lost = each.last is None
            location = location_of(each.comment, shown(each.comment.path), is_changed=is_lost and file is not None)
            cards[saved.id] = ShownComment(each.comment, location, is_lost)
        self._anchored = found
        self._page.show_comments(found, cards, all_files=all_files)
        if moved:
            self._is_updating = True
            self._comments.put(self._reader.chat.id, *moved)
            self._is_updating = False
        unread, self._unread = self._unread, []
        for key in dict.fromkeys(unread):
            self._page.lines_needed.emit(key)

    def _on_lines_opened(self, _key: str) -> None:
        if self._reader.changes is not None:
            self._show(self._reader.changes)

    def _find(self, comment: ReviewComment, key: str) -> Anchored:
        """Find the lines of a comment in a file's diff; those that the diff hides are opened."""
        found = anchors.find(comment, self._page.lines(key))
        hidden = self._page.hidden_lines(key)
        now = found.comment
        is_sure = now.first == comment.first or (now.before, now.after) == (comment.before, comment.after)
        if hidden is None or (found.last is not None and is_sure):
            return found
        if hidden.lines is None:
            self._unread.append(key)
            return found._replace(comment=comment)  # Its lines may be others, which are hidden.
        in_all = anchors.find(comment, self._page.all_lines(key))
        if in_all.first is not None and in_all.last is not None:
            self._page.open_lines(key, in_all.first, in_all.last)
            return anchors.find(in_all.comment, self._page.lines(key))
        return in_all

    def _own(self) -> list[ReviewComment]:
        """The comments on this working tree; those of the chat's page, with paths below the chat's directory, too."""
        found = []
        for each in self._comments.of(self._reader.chat.id):
            path = os.path.relpath(f"{each.top}/{each.path}", self._top) if self._top else each.path
            if path == each.path or not self._top:
                found.append(each)
            elif each.item and not path.startswith("../"):
                found.append(msgspec.structs.replace(each, top=self._top, path=path))
        return found

    # ------------------------------------------------------------ writing

    def comment_on_chosen(self) -> None:
        """Comment on the lines that are selected or marked."""
        lines = self._page.chosen_lines()
        if lines is None:
            self.bar.show_message(changes_texts.NO_LINE_TO_COMMENT())
        else:
            self.comment_on(lines)

    def comment_on(self, lines: LineRange) -> None:
        """Open the box for a comment on these lines, or the one that was begun there."""
        file, changes = self._page.file(lines.key), self._reader.changes
        if file is None or changes is None:
            return
        comment = anchors.new_comment(changes.top, file.path, self._page.lines(file.path), lines.first, lines.last)
        if comment is None:
            return
        begun = next(
            (
                each.comment
                for each in self._anchored.get(file.path, ())
                if not each.comment.text and each.comment.lines == comment.lines and each.comment.first == comment.first
            ),
            None,
        )
        if begun is None:
            self.bar.hide_notice()
            self._comments.put(self._reader.chat.id, comment)
        if (card := self._page.comment_card((begun or comment).id)) is not None:
            self._page.selection.clear()
            self._page.show_card(card.comment.id)
            card.edit()
            self._page.show_card(card.comment.id)

    def _extend_menu(self, menu: QMenu, lines: LineRange) -> None:
        """Add what the user can do with lines of a diff."""
        file = self._page.file(lines.key)
        comment = None
        if file is not None:
            comment = anchors.new_comment("", file.path, self._page.lines(file.path), lines.first, lines.last)
        if comment is not None:
            count = len(comment.lines)
            text = changes_texts.comment_line(comment.first, is_old=comment.is_old)
            text = text if count == 1 else changes_texts.COMMENT_HERE(n=count)
            action = menu.addAction(text, lambda: self.comment_on(lines))
            action.setShortcut(QKeySequence.fromString("Ctrl+Return"))
            menu.insertAction(menu.actions()[0], action)

    def _on_card(self, card: CommentCard) -> None:
        card.edited.connect(lambda comment: self._comments.put(self._reader.chat.id, comment))
        card.removed.connect(self._remove)
        card.closed.connect(self._on_closed)

    def _on_closed(self, comment_id: str) -> None:
        """Drop a comment in which nothing was written."""
        own = {each.id: each for each in self._own()}
        comment = own.get(comment_id)
        self._page.setFocus(Qt.FocusReason.OtherFocusReason)
        if comment is not None and not (comment.text or comment.draft):
            self._comments.remove(self._reader.chat.id, comment_id)
        self._page.order_tabs()

    def _remove(self, comment_id: str) -> None:
        removed = self._comments.remove(self._reader.chat.id, comment_id)
        self._page.setFocus(Qt.FocusReason.OtherFocusReason)
        self.bar.show_message(changes_texts.COMMENT_REMOVED(), self._undo_of(removed))

    def _undo_of(self, removed: Sequence[ReviewComment]) -> LineButton:
        def undo() -> None:
            self.bar.hide_notice()
            self._comments.put(self._reader.chat.id, *removed)

        return LineButton(changes_texts.UNDO_COMMENT(), undo)

    # ------------------------------------------------------------ giving

    @property
    def _target(self) -> Chat:
        """The chat that gets the comments."""
        return self._comments.newest(self._reader.chat)

    def _to_send(self) -> list[Anchored]:
        """The saved comments, by files and lines; boxes that are open are saved first."""
        for card in list(self._page.cards.values()):
            if card.is_editing:
                card.save()
        return in_order(each for of_file in self._anchored.values() for each in of_file if each.comment.text)

    def _text(self, sent: Sequence[Anchored]) -> str:
        """One text of comments; paths are relative to the chat's directory."""
        return text_of(sent, self._target.workplace.real_directory)

    def copy(self) -> None:
        """Put the comments on the clipboard; they stay."""
        sent = self._to_send()
        if not sent:
            self.bar.show_message(changes_texts.SAVE_COMMENT_FIRST())
            return
        QGuiApplication.clipboard().setText(self._text(sent))
        self.bar.show_message(changes_texts.COMMENTS_COPIED(n=len(sent)))

    def send(self) -> None:
        """Put the comments where the user writes to the chat; then they are removed here."""
        sent, chat = self._to_send(), self._target
        if not sent:
            self.bar.show_message(
                changes_texts.SAVE_COMMENT_FIRST() if self._own() else changes_texts.NO_COMMENTS_YET()
            )
            return
        if chat.is_over:
            resume = LineButton(changes_texts.RESUME_CHAT(), lambda: self._receiver.resume(chat))
            self.bar.show_message(changes_texts.has_ended(chat.full_name), resume)
            return

        def report(problem: str) -> None:
            if problem:
                if not self._reader.is_released:
                    self.bar.show_message(problem)
                return
            removed = self._comments.remove(self._reader.chat.id, *(each.comment.id for each in sent))
            if self._reader.is_released:
                return
            in_prompt_box = traits_of(chat.record).takes_prompts
            text = changes_texts.comments_sent(len(removed), chat.full_name, in_prompt_box=in_prompt_box)
            self.bar.show_message(text, self._undo_of(removed))

        self._receiver.insert(chat, self._text(sent), report)
