"""The bar under the last screen or the transcript of a chat that is asleep."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout

from gui.bridge.chat import Chat
from gui.bridge.unsent import Drafts
from gui.clipboard import fields
from gui.input.draft import Draft
from gui.terminal.view import TerminalView
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX, MARK_PX
from gui.window.widgets.keys_ahead import HeldKeys
from gui.window.widgets.parts import Area, ElidedLabel, Hairline, MarkLabel, label, sentence, show_text
from gui.window.widgets.prompt_field import PromptField
from gui.wording import page_texts, phrases
from gui.wording.chat_texts import joined
from session_host.protocol.facts import LaterPrompt
from session_host.protocol.messages import MAX_PASTE_CHARACTERS
from session_host.protocol.untrusted_text import legible, one_line
from session_host.standing.groups import Mark
from session_host.standing.sleep import gave_back
from session_host.system.clock import parse_time

KEYS_FROM_PX = 560
"""A narrower bar does not say what the keys do."""
_PAGES = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}


class SleepBar(Area):
    """Says since when a chat is asleep, and why it could not be woken; under a terminal, takes the text that wakes it.

    Attributes:
        field: the text; None in a chat view, whose prompt box has it.

    Signals:
        wake_requested: the user wakes the chat with a text.
    """

    wake_requested = Signal(str)

    def __init__(self, theme: Theme, screen: TerminalView | None) -> None:
        """``screen``: the last screen, under which the text is written; None for a chat view."""
        super().__init__("sidebar")
        self._screen = screen
        self._is_busy = False
        self._drafts: Drafts | None = None
        self._session_id = ""
        self._tried = ""
        """The text that was to wake the chat from here last."""
        self._missed: LaterPrompt | None = None
        """The text of an earlier try that is shown, or was dropped by the user."""
        self._line = ""
        self.words = ElidedLabel("", "secondary")
        self.refusal = label("", "needs_you", wraps=True)
        self.refusal.setContentsMargins(GAP_L_PX + MARK_PX + GAP_M_PX, 0, GAP_M_PX, GAP_S_PX)
        self.refusal.hide()
        row = QHBoxLayout()
        row.setContentsMargins(GAP_L_PX, GAP_S_PX, GAP_M_PX, GAP_S_PX)
        row.setSpacing(GAP_M_PX)
        row.addWidget(MarkLabel(theme, Mark.ASLEEP))
        self.field: PromptField | None = None
        if screen is not None:
            self.field = PromptField(page_texts.WAKING_TEXT())
            self.field.installEventFilter(self)
            self.field.viewport().installEventFilter(self)
            self.field.submitted.connect(self._submit)
            self.field.textChanged.connect(self._on_text)
            self.words.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
            row.addWidget(self.field, 1)
        row.addWidget(self.words, 0 if screen is not None else 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Hairline(theme))
        column.addLayout(row)
        column.addWidget(self.refusal)

    # ------------------------------------------------------------ what it says

    def describe(self, chat: Chat) -> None:
        """Say since when the chat is asleep, and how much memory it gave back."""
        outcome, now = chat.record.outcome, datetime.now(UTC)
        since = page_texts.ASLEEP_SINCE(when=phrases.told_time(parse_time(outcome.ended_at), now))
        how = page_texts.TYPE_TO_WAKE() if self.field is not None else ""
        self._line = joined(since, gave_back(outcome), how)
        self.setAccessibleName(self._line)
        self._take_back(chat)
        if self.field is not None:
            self.field.setAccessibleDescription(self._line)
        self._show_words()

    def _take_back(self, chat: Chat) -> None:
        """Make a text that could not wake the chat elsewhere the draft, and say why; here it is that already."""
        missed = chat.record.later
        if missed is None or not missed.wakes or missed.stage != "missed" or missed == self._missed or self._is_busy:
            return
        self._missed = missed
        if missed.text == self._tried or self._drafts is None:
            return
        if not self._drafts.of(self._session_id).text:
            self._drafts.set(self._session_id, Draft(legible(missed.text)))
        show_text(self.refusal, sentence(missed.why.removeprefix(f"{chat.record.entry.name}: ")))

    def _show_words(self) -> None:
        if self.field is None:
            if not self._is_busy:
                self.words.set_whole(self._line)
            return
        has_text = bool(self.field.toPlainText())
        keys = page_texts.WAKES_OR_DROPS() if has_text and self.width() >= KEYS_FROM_PX else ""
        self.words.set_whole(page_texts.WAKING() if self._is_busy else keys)
        self.words.setVisible(bool(self.words.accessibleName()))
        room_px = self.field.viewport().width() - 2 * round(self.field.document().documentMargin())
        self.field.setPlaceholderText(
            self.field.fontMetrics().elidedText(self._line, Qt.TextElideMode.ElideRight, room_px)
        )

    def set_busy(self, text: str) -> None:
        """Show that the chat is being woken, with this text; "" when that is over."""
        self._is_busy = bool(text)
        if text:
            self._tried = text
            show_text(self.refusal, "")
        if self.field is None:
            self.words.set_whole(page_texts.WAKING_WITH(text=one_line(text)) if text else self._line)
            return
        self.field.setReadOnly(self._is_busy)
        if not self._is_busy:
            self._show_draft()
        self._show_words()

    def refuse(self, line: str) -> None:
        """Show why the chat could not be woken; the text is a draft again."""
        self.set_busy("")
        show_text(self.refusal, sentence(line))

    # ------------------------------------------------------------ the text

    def share_draft(self, drafts: Drafts, session_id: str) -> None:
        """Show the chat's draft, and save what the user writes as that."""
        self._drafts, self._session_id = drafts, session_id
        drafts.changed.connect(self._on_draft)
        self._show_draft()

    def release(self) -> None:
        """Follow the draft no longer, because the tab is closed."""
        if self._drafts is not None:
            self._drafts.disconnect(self)

    def _on_draft(self, session_id: str) -> None:
        if session_id == self._session_id:
            self._show_draft()

    def _show_draft(self) -> None:
        """Show the draft; what wakes the chat now stays until it is known what becomes of it."""
        if self.field is None or self._drafts is None or self._is_busy:
            return
        text = self._drafts.of(self._session_id).text
        if self.field.toPlainText() != text:
            self.field.setPlainText(text)
            self.field.moveCursor(QTextCursor.MoveOperation.End)

    def _on_text(self) -> None:
        assert self.field is not None
        if self._drafts is not None and not self._is_busy:
            self._drafts.set(self._session_id, Draft(self.field.toPlainText()))
        self._show_words()

    def _submit(self) -> None:
        assert self.field is not None
        text = self.field.toPlainText()
        if len(text) > MAX_PASTE_CHARACTERS:
            show_text(self.refusal, page_texts.TOO_LONG_TO_WAKE(count=len(text), most=MAX_PASTE_CHARACTERS))
        elif text.strip() and not self._is_busy:
            self.wake_requested.emit(text)

    def take_keys(self, typed: HeldKeys) -> None:
        """Take the keys that were typed while the chat was being woken, behind the text; Enter wakes nothing again."""
        if self.field is not None:
            self.field.enter_submits = False
            typed.deliver(self.field)
            self.field.enter_submits = True

    def write(self, text: str) -> None:
        """Write a text where the cursor is."""
        if self.field is not None and not self._is_busy:
            self.field.setFocus(Qt.FocusReason.OtherFocusReason)
            self.field.insertPlainText(text)
            self.field.ensureCursorVisible()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is not self.field:
            self._show_words()  # When the bar gets its width, the field's viewport may still have another one.
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in _PAGES:
            assert self._screen is not None
            self._screen.scroller.scroll_pages(_PAGES[Qt.Key(event.key())])
            return True
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.field is not None and self.field.toPlainText():
            if not self._is_busy:
                self.field.selectAll()
                self.field.textCursor().removeSelectedText()  # Undo brings it back.
                show_text(self.refusal, "")
        else:
            super().keyPressEvent(event)

    # ------------------------------------------------------------ copy and paste by the window's actions

    def copy(self) -> None:
        """Copy what is selected in the text; else on the last screen."""
        if self.field is not None and self.field.textCursor().hasSelection():
            self.field.copy()
        elif self._screen is not None:
            self._screen.editing.copy()

    def paste(self) -> None:
        """Paste into the text."""
        if self.field is not None:
            fields.paste(self.field)

    def select_all(self) -> None:
        """Select the text; without one, the last screen with its history."""
        if self.field is not None and self.field.toPlainText():
            self.field.selectAll()
        elif self._screen is not None:
            self._screen.editing.select_all()
