"""The line above the diffs with the number of comments, and a line about what was done with them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.theme.tokens import GAP_L_PX, GAP_S_PX
from gui.theme.tooltips import set_tooltip
from gui.window.widgets.accessibility import announce
from gui.window.widgets.parts import ElidedLabel, button, label
from gui.wording import changes_texts


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
        self.notice = label("")
        self.notice.setWordWrap(True)
        self._notice = QWidget()
        self._notice_row = self._row(self._notice)
        self._notice_row.addWidget(self.notice, 1)
        self.offers: list[QWidget] = []
        self._before: QWidget = self.notice
        """The widget before the buttons in tab order."""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._notice)
        column.addWidget(self._counts)
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
        """Show a line with these buttons."""
        self.hide_notice()
        self.notice.setText(text)
        for offer in offers:
            made = button(offer.name, "quiet", offer.run)
            self._notice_row.addWidget(made)
            QWidget.setTabOrder(self.offers[-1] if self.offers else self._before, made)
            self.offers.append(made)
        self._notice.show()
        announce(self.notice, text)

    def hide_notice(self) -> None:
        """Hide the line about what was done."""
        for each in self.offers:
            each.hide()
            each.deleteLater()
        self.offers = []
        self._notice.hide()
