"""Hands a chat's task over: to whom, where, and the first prompt, which the user reads and edits before it is sent."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.bridge.chat import Chat
from gui.theme.controls import FlowLayout, KeyButton
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX
from gui.window.sheets.sheet import Sheet, button_row
from gui.window.widgets.field_grid import FieldGrid
from gui.window.widgets.parts import ElidedLabel, Scrolled, button, label, sentence, show_text, stack
from gui.window.widgets.prompt_field import PromptField
from gui.wording import chat_texts, common_texts, sheet_texts
from session_host.agents.agent import Agent
from session_host.client.chats.handing_over import HandOverOffer
from session_host.protocol.values import Activity
from session_host.standing.accounts import with_account

WIDTH_PX = 640
_MAX_PX = 1000


class Taker(NamedTuple):
    """An agent, with an account of it, that can take over."""

    agent: Agent
    account: str

    @property
    def title(self) -> str:
        """The agent's title, with the account."""
        return with_account(self.agent.title, self.account)


class HandOverWish(NamedTuple):
    """What the user wants to be started."""

    chat: Chat
    taker: Taker
    prompt: str
    token: str


class _Text(PromptField):
    MAX_LINES = 14
    min_lines = 7


class HandOverSheet(Sheet):
    """The sheet. Nothing is sent before Enter; what was edited is kept while the sheet is closed, and after a refusal.

    Attributes:
        takers: the buttons of who can take over.
        field: the field with the first prompt.

    Signals:
        start_requested: the user starts the chat that takes over (a HandOverWish).
    """

    start_requested = Signal(HandOverWish)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, sheet_texts.HAND_OVER(), WIDTH_PX, self._submit)
        self._chat: Chat | None = None
        self._offer: HandOverOffer | None = None
        self._choices: Sequence[Taker] = ()
        self._is_edited = self._is_busy = False
        self.origin = ElidedLabel("", "secondary")
        self._group = QButtonGroup(self)
        self._to = QWidget()
        self._flow = FlowLayout(self._to)
        self.takers: list[QPushButton] = []
        self.place = label("", wraps=True)
        self.field = _Text(sheet_texts.FIRST_PROMPT())
        self.field.submitted.connect(self._submit)
        self.field.textChanged.connect(self._on_text)
        self.stays = label("", wraps=True)
        self.error = label("", "failed", wraps=True)
        self.hint = label("", "secondary", wraps=True)
        self.cancel, self.start = KeyButton(common_texts.CANCEL(), ""), KeyButton("", "primary")
        self.cancel.set_name(common_texts.CANCEL(), chat_texts.ESCAPE_KEY())
        self.cancel.clicked.connect(lambda _checked: self.discard())
        self.start.clicked.connect(lambda _checked: self._submit())
        rows: list[tuple[str, QWidget]] = [
            (sheet_texts.HAND_OVER_TO(), self._to),
            (sheet_texts.HAND_OVER_IN(), self.place),
            (sheet_texts.FIRST_PROMPT(), self.field),
            (sheet_texts.THIS_CHAT(), self.stays),
        ]
        self._fields = FieldGrid(rows, (self.field, self._to))
        inner = QWidget()
        stack(QVBoxLayout(inner), self._fields, self.error, gap=GAP_M_PX)
        self.scrolled = Scrolled(inner, _MAX_PX, sheet_texts.HAND_OVER())
        head = stack(
            QHBoxLayout(), label(sheet_texts.HAND_OVER(), "title"), self.origin, gap=GAP_M_PX, wide=self.origin
        )
        self.origin.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        last = button_row(self.cancel, self.start, words=self.hint)
        self.lay_out(head, self.scrolled, last, wide=self.scrolled)
        for before, after in itertools.pairwise([self._to, self.field, self.cancel, self.start]):
            QWidget.setTabOrder(before, after)

    def center(self) -> None:
        """See ``Sheet``; in a narrow window the labels stand above their fields."""
        self._fields.fit(self.around.width())
        super().center()

    def ask(self, chat: Chat) -> None:
        """Open the sheet for a chat; what the user has edited for it before is there again."""
        if self._chat is not chat or not self._is_edited:
            self._chat, self._offer, self._is_edited = chat, None, False
            self._set_text(sheet_texts.READING_CONVERSATION())
        self.origin.set_whole(sheet_texts.HANDED_FROM(name=chat.full_name))
        is_working = chat.record.status.activity is Activity.WORKING and not chat.has_ended
        self.stays.setText(sheet_texts.WORKS_ON() if is_working else sheet_texts.STAYS())
        show_text(self.error, "")
        self._show_place(chat)
        self.set_busy(busy=False)
        self.open()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_takers(self, takers: Sequence[Taker]) -> None:
        """Show who can take over, the first one chosen."""
        if list(takers) == list(self._choices) and self.takers:
            self._show_names()
            return
        chosen = self.taker
        self._choices = takers
        for old in self.takers:
            self._group.removeButton(old)
            self._flow.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.takers = []
        for taker in takers:
            made = button(taker.title, "chip")
            made.setCheckable(True)
            made.setChecked(taker == chosen)
            self._group.addButton(made)
            made.toggled.connect(lambda _checked: self._show_names())
            self._flow.addWidget(made)
            self.takers.append(made)
        if self.takers and not any(made.isChecked() for made in self.takers):
            self.takers[0].setChecked(True)
        show_text(self.error, "" if takers else sheet_texts.NOBODY_TAKES_OVER())
        self._show_names()

    def show_offer(self, chat: Chat, offer: HandOverOffer) -> None:
        """Show the prompt that Outlive would send, unless the user has edited an earlier one."""
        if chat is not self._chat or self._is_edited:
            return
        self._offer = offer
        self._set_text(offer.prompt)
        self._show_place(chat)
        self._show_names()

    def failed(self, message: str) -> None:
        """It could not be started; the text stays."""
        self.set_busy(busy=False)
        show_text(self.error, sentence(message))
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def done(self) -> None:
        """It was started."""
        self._is_edited = False
        self._chat = self._offer = None
        self.dismiss()

    def discard(self) -> None:
        """Close the sheet, and forget what was edited; Escape and a click beside the sheet keep it."""
        self._is_edited = False
        self.dismiss()

    @property
    def taker(self) -> Taker | None:
        """Who is chosen; None for nobody."""
        chosen = (taker for taker, made in zip(self._choices, self.takers, strict=False) if made.isChecked())
        return next(chosen, None)

    def set_busy(self, *, busy: bool) -> None:
        """Show whether a start is in progress."""
        self._is_busy = busy
        self._show_names()

    def _set_text(self, text: str) -> None:
        self.field.blockSignals(True)
        self.field.setPlainText(text)
        self.field.moveCursor(QTextCursor.MoveOperation.End)
        self.field.blockSignals(False)
        self.field.setReadOnly(self._offer is None)

    def _on_text(self) -> None:
        self._is_edited = True
        show_text(self.error, "")
        self._show_names()

    def _show_place(self, chat: Chat) -> None:
        directory = chat.workplace.short_directory(chat.record.origin.cwd)
        branch = self._offer.branch if self._offer is not None else ""
        texts = sheet_texts
        self.place.setText(
            texts.SAME_BRANCH(directory=directory, branch=branch)
            if branch
            else texts.SAME_DIRECTORY(directory=directory)
        )

    def _show_names(self) -> None:
        taker = self.taker
        title = taker.title if taker is not None else ""
        company = taker.agent.title if taker is not None else ""
        self.hint.setText(sheet_texts.NOTHING_SENT(agent=company) if company else sheet_texts.NOTHING_IS_SENT())
        name = sheet_texts.START_AGENT(agent=title) if title else sheet_texts.START()
        self.start.set_name(common_texts.STARTING() if self._is_busy else name, chat_texts.SENDS())
        can = taker is not None and self._offer is not None and bool(self.field.toPlainText().strip())
        self.start.setEnabled(can and not self._is_busy)
        self.field.setReadOnly(self._offer is None or self._is_busy)

    def _submit(self) -> None:
        taker, offer, chat = self.taker, self._offer, self._chat
        if self.start.isEnabled() and taker is not None and offer is not None and chat is not None:
            show_text(self.error, "")
            self.set_busy(busy=True)
            self.start_requested.emit(HandOverWish(chat, taker, self.field.toPlainText(), offer.token))
