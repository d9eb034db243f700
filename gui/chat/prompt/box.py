"""The prompt box: the field, images, settings, and the buttons that send and stop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPainterPath, QPaintEvent, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QMenu, QPushButton, QWidget

from gui.chat.content.segments import Action
from gui.input.draft import NO_DRAFT, Draft
from gui.theme.controls import PlainLabel
from gui.theme.icons import Glyph, glyph_icon
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX, RADIUS_PX
from gui.theme.tooltips import set_tooltip
from gui.timers import single_shot
from gui.wording import chat_texts, sheet_texts
from session_host.protocol.facts import LaterPrompt
from session_host.protocol.messages import MAX_PROMPT_BYTES, ChatInput, Interrupt, Prompt, PromptMode, SendNow
from session_host.structured.items import Item
from session_host.structured.transcript import Status
from session_host.structured.turns import facts_of

from .amount import AmountLine
from .attaching import Attaching
from .attachments import Attachments
from .completion import Completion
from .editor import PromptEditor
from .queue import QueuedPrompts, QueueRow, Said
from .settings_row import SettingsRow

_MAX_PROMPTS = 200
ESCAPE_MS = 3000
"""How long a first Escape counts. One alone stops nothing: it may have been meant for a list or an input method."""
_BUTTON_PX = 28
_MIN_FIELD_PX = 80
"""The width that the buttons leave to a field beside them."""
_MIN_MESSAGE_PX = 160
"""A narrower box has no line about keys."""
_AROUND_TEXT_PX = 4
"""Qt's space around the text of a field."""
_EDGE_PX = 3
TEXT_LEFT_PX = 20
"""How far the text is from the left edge of the box."""


class PromptBox(QWidget):
    """The prompt box of a chat.

    Attributes:
        amount: asks about a prompt, since what agents cost has reached an amount; None if it never did.
        history: the earlier prompts.
        queue: the prompts that wait.
        attaching: adds files and pictures to the prompt.

    Signals:
        sent(): the user sends a prompt.
        comments_sent(): the comments went with a prompt.
        edited(): the draft may be another one.
        save_requested(str): the user saves this text as a prompt.
        saved_requested(): the user inserts a saved prompt.
        notice_given(str): one line for the user.
        nothing_older(): the user went up in the empty box, and there is no earlier prompt.
    """

    sent = Signal()
    comments_sent = Signal()
    edited = Signal()
    save_requested = Signal(str)
    saved_requested = Signal()
    notice_given = Signal(str)
    nothing_older = Signal()

    def __init__(
        self, theme: Theme, page: QWidget, send: Callable[[ChatInput], object], run: Callable[[Action], object]
    ) -> None:
        """Make an empty box; ``send`` gets prompts and settings, ``run`` what the user does about the queue."""
        super().__init__(page)
        self._theme, self._send_input = theme, send
        self._resumes, self._hint_to_resume = False, ""
        self._queued: list[Item] = []
        self._later: LaterPrompt | None = None
        self._status = Status()
        self._max_px = 200
        self._placeholder = chat_texts.PROMPT_HINT()
        self._first_hint = ""
        self._hint = ""
        self._is_low = False
        self._grid = QGridLayout(self)
        self._buttons = QWidget()
        self.editor = PromptEditor()
        self.editor.setProperty("kind", "bare")
        self.editor.setMinimumWidth(1)
        self.completion = Completion(theme, self.editor, page)
        self.amount: AmountLine | None = None
        self.queue = QueuedPrompts(theme, run)
        self.queue.left.connect(lambda: self.editor.setFocus(Qt.FocusReason.OtherFocusReason))
        self._run = run
        self.comments: QueueRow | None = None
        self._comments = ("", "", "")
        """The text that goes with the next prompt, and what the line about it says."""
        self.attachments = Attachments()
        self.attaching = Attaching(
            theme, self, self.editor, self.completion.files, self.attachments, self.notice_given.emit
        )
        self.history = History()
        self.editor.textChanged.connect(self._follow_undo)
        self.settings = SettingsRow(theme, send)
        self._message = PlainLabel()
        self._message.setProperty("kind", "secondary")
        self._message.setWordWrap(True)
        self._message.setContentsMargins(4, 0, 4, 0)  # Aligned with the text of the prompt.
        self._attach = self._button(chat_texts.ATTACH_IMAGES(), "", self.attaching.choose_images)
        self._attach.hide()
        self._send = self._button(chat_texts.SEND(), "primary", lambda: self.submit("queue"))
        self._stop = self._button(chat_texts.STOP(), "", lambda: send(Interrupt()))
        set_tooltip(self._stop, chat_texts.STOP_WITH_KEYS())
        self._stop.hide()
        self._escaped = single_shot(self, ESCAPE_MS)
        """Runs after a first Escape."""
        self._escaped.timeout.connect(self._on_text)
        self._lay_out()
        self._apply_theme()
        theme.changed.connect(self._apply_theme)
        self.setFocusProxy(self.editor)
        self.editor.submitted.connect(self.submit)
        self.editor.textChanged.connect(self._on_edited)
        self.editor.composed.connect(self._resize)
        self.editor.recall_requested.connect(self._recall)
        self.editor.menu_made.connect(self._extend_menu)
        self.editor.installEventFilter(self)
        self.attachments.changed.connect(self._on_edited)
        self._on_text()

    def _button(self, name: str, kind: str, on_click: object) -> QPushButton:
        made = QPushButton()
        made.setProperty("kind", kind or "round")
        set_tooltip(made, name)
        made.setAccessibleName(name)
        made.setFixedSize(_BUTTON_PX, _BUTTON_PX)
        made.setStyleSheet("QPushButton { padding: 0; }")
        made.clicked.connect(lambda _checked: on_click())  # type: ignore[operator]
        return made

    def _lay_out(self) -> None:
        self._grid.setColumnStretch(0, 1)
        self._grid.addWidget(self.queue, 1, 0, 1, 2)
        self._grid.addWidget(self.attachments, 3, 0, 1, 2)
        self._grid.addWidget(self._message, 6, 0, 1, 2)
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_S_PX)
        for button in (self._attach, self._stop, self._send):
            row.addWidget(button)
        self._place_parts()
        self._message.hide()

    def _place_parts(self) -> None:
        """Place the buttons below the field, beside the settings; in a low pane beside the field, without settings."""
        around_px, is_low = (2, True) if self._is_low else (6, False)
        self._grid.setContentsMargins(TEXT_LEFT_PX - _AROUND_TEXT_PX, around_px, GAP_S_PX, around_px)
        self._grid.setVerticalSpacing(2)
        self._grid.setHorizontalSpacing(GAP_S_PX)
        self._grid.addWidget(self.editor, 4, 0, 1, 1 if is_low else 2)
        self._grid.addWidget(self.settings, 5, 0)
        self._grid.addWidget(self._buttons, 4 if is_low else 5, 1)
        self.settings.setVisible(not is_low)

    def set_low(self, *, low: bool) -> None:
        """Set whether the box is in a low pane: it has one row then, and no line below."""
        if low != self._is_low:
            self._is_low = low
            self._place_parts()
            self.show_status(self._status)

    def _apply_theme(self) -> None:
        tokens = self._theme.tokens
        self._attach.setIcon(glyph_icon(Glyph.IMAGE, tokens, "text"))
        self._send.setIcon(glyph_icon(Glyph.SEND, tokens, "on_accent"))
        self._stop.setIcon(glyph_icon(Glyph.STOP, tokens, "text"))
        for button in (self._attach, self._send, self._stop):
            button.setIconSize(QSize(16, 16))
        self.update()

    # ------------------------------------------------------------ state

    def show_queue(self, prompts: list[Item]) -> None:
        """Show the prompts that wait, the next one first; before ``show_status``."""
        self._queued = prompts

    def show_comments(self, text: str, count: str = "", where: str = "") -> None:
        """Show in one line that comments go with the next prompt, whose text this is; "" for none."""
        if (text, count, where) == self._comments:
            return
        previous, self._comments = self._comments, (text, count, where)
        if previous[1:] != (count, where):
            if self.comments is not None:
                self._grid.removeWidget(self.comments)
                self.comments.hide()
                self.comments.deleteLater()
                self.comments = None
            if count:
                buttons = [
                    (chat_texts.SHOW_COMMENTS(), "", Action("show_comments")),
                    (chat_texts.REMOVE_QUEUED(), "", Action("drop_comments")),
                ]
                self.comments = QueueRow(self._theme, Said(count, where, "text"), buttons, self._run, "")
                self._grid.addWidget(self.comments, 2, 0, 1, 2)
        self._on_text()

    def show_later(self, prompt: LaterPrompt | None) -> None:
        """Show the prompt that is to be sent at a time."""
        if prompt != self._later:
            self._later = prompt
            self.show_status(self._status)

    def show_status(self, status: Status) -> None:
        """Show the agent's state, settings, commands and usage."""
        self._status = status
        self.attaching.takes_images = status.capabilities.images
        asked = next((each for each in self._queued if each.is_asked_about), None)
        self._ask_about(asked)
        waiting = [each for each in self._queued if each is not asked]
        has_ended = status.state == "ended"
        self.queue.show_queue(
            waiting, self._later, can_interrupt=self.can_interrupt, is_low=self._is_low, can_act=not has_ended
        )
        self.settings.show_settings(status.settings)
        last = facts_of(status.last_turn) if status.last_turn is not None and not status.is_running else None
        self.settings.usage.show_usage(status.usage, is_limit_told=last is not None and last.outcome == "limit")
        self.completion.set_commands(status.commands)
        if self.editor.isReadOnly() != (has_ended and not self._resumes):
            self.editor.setReadOnly(not self.editor.isReadOnly())
        hint = self._first_hint or chat_texts.PROMPT_HINT()
        self.editor.has_queue = bool(self._queued) and not has_ended
        if self._queued:
            hint = chat_texts.prompt_hint_with_queue(interrupts=self.can_interrupt)
        texts = (self._hint_to_resume, chat_texts.ENDED()) if has_ended else (hint,) * 2
        if not self.can_interrupt:
            self._escaped.stop()
        self._fit_buttons()
        self._placeholder = texts[0] if self._resumes else texts[1]
        self._on_text()

    @property
    def asked_about(self) -> str:
        """The id of the queued prompt that is asked about; "" for none."""
        return self.amount.item if self.amount is not None else ""

    def _ask_about(self, prompt: Item | None) -> None:
        """Ask whether a queued prompt is sent, since an amount is reached; None for none."""
        if self.amount is None and prompt is not None:
            self.amount = AmountLine(self._theme, self._run)
            self._grid.addWidget(self.amount, 0, 0, 1, 2)
        if self.amount is not None:
            self.amount.show_asked(prompt, self.editor.font())

    def decline_to_send(self) -> bool:
        """Take back the prompt that is asked about; returns whether there is one."""
        if self.amount is None or not self.asked_about:
            return False
        self.amount.act("withdraw")
        return True

    @property
    def _can_attach(self) -> bool:
        return self.attaching.takes_images and not self.editor.isReadOnly()

    def _fit_buttons(self) -> None:
        """Show the buttons that fit, the most needed first; keys and the field's menu do the same."""
        wanted = ((self._stop, self.can_interrupt), (self._send, True), (self._attach, self._can_attach))
        room = self.contentsRect().width() - 2 * GAP_S_PX - (_MIN_FIELD_PX if self._is_low else 0)
        for button, is_wanted in wanted:
            fits = room >= _BUTTON_PX
            button.setVisible(is_wanted and fits)
            room -= (_BUTTON_PX + GAP_S_PX) * (is_wanted and fits)

    def minimumSizeHint(self) -> QSize:
        """One button wide: in a narrower box, fewer buttons are shown."""
        return QSize(_BUTTON_PX + 2 * GAP_S_PX, super().minimumSizeHint().height())

    def set_first_hint(self, hint: str) -> None:
        """Set what the empty box of a new chat says; "" for the usual."""
        if hint != self._first_hint:
            self._first_hint = hint
            self.show_status(self._status)

    def set_resumes(self, resumes: bool, *, wakes: bool = False) -> None:
        """Set whether a prompt resumes the chat, because it has ended; ``wakes``: because it is asleep."""
        self._resumes = resumes
        self._hint_to_resume = chat_texts.PROMPT_WAKES() if wakes else chat_texts.PROMPT_RESUMES()
        self.show_status(self._status)

    @property
    def can_interrupt(self) -> bool:
        """Whether a turn runs that the agent can stop."""
        return self._status.can_interrupt

    def _on_edited(self) -> None:
        self._escaped.stop()
        self._on_text()
        self.edited.emit()

    def _on_text(self) -> None:
        has_content = self.editor.toPlainText().strip() or self.attachments.images or self._comments[0]
        can_send = bool(has_content) and not self.editor.isReadOnly()
        self._send.setEnabled(can_send)
        texts: list[str] = []
        if self._status.is_running and can_send:
            can = self._status.capabilities
            texts.append(chat_texts.keys_while_running(steers=can.steer, interrupts=can.interrupt))
        self._hint = chat_texts.ESCAPE_AGAIN() if self._escaped.isActive() else "\n".join(texts)
        self._show_message()
        self._resize()

    def _show_message(self) -> None:
        """Show the line below the prompt; a narrow box has none, since it would wrap."""
        text = self._hint if self.width() >= _MIN_MESSAGE_PX and not self._is_low else ""
        if text != self._message.text():
            self._message.setText(text)
        self._message.setVisible(bool(text))

    def set_max_height(self, max_px: int) -> None:
        """Set the maximum height of the text."""
        self._max_px = max_px
        self._resize()

    def _resize(self) -> None:
        room_px = self.editor.contentsRect().width() - 2 * round(self.editor.document().documentMargin())
        text = self._placeholder
        if self._is_low and self._escaped.isActive():
            text = chat_texts.ESCAPE_AGAIN()
        if self.editor.composed_text:
            text = ""  # Qt would paint it under the composed text.
        hint = self.editor.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room_px)
        if self.editor.placeholderText() != hint:
            self.editor.setPlaceholderText(hint)
            self.editor.viewport().update()  # Qt paints another hint only if there was none.
        height = self.editor.height_for_text(self._max_px)
        if self.editor.height() != height or self.editor.minimumHeight() != height:
            self.editor.setFixedHeight(height)

    # ------------------------------------------------------------ the draft

    @property
    def draft(self) -> Draft:
        """The unsent prompt. While the box shows an earlier prompt unchanged: the draft from before that."""
        return self.history.draft(self.shown)

    @property
    def shown(self) -> Draft:
        """The text and the images that the box shows."""
        return Draft(self.editor.toPlainText(), self.attachments.images)

    @property
    def is_empty(self) -> bool:
        """Whether there is neither a text, also of an input method, nor an image."""
        return not (self.editor.toPlainText() or self.editor.composed_text or self.attachments.images)

    def show_draft(self, draft: Draft) -> None:
        """Show another draft; the cursor stays in the common text."""
        if draft == self.draft:
            return
        with QSignalBlocker(self):
            self.history.leave()
            self.editor.change_text(draft.text)
            self._show_images(draft)
        if draft != self.draft:  # Some images do not fit.
            self.edited.emit()

    def _recall(self, step: int) -> None:
        """Show the prompt before (-1) or after (1) the shown one, if any."""
        prompt = self.history.older(self.shown) if step < 0 else self.history.newer()
        if prompt is not None:
            with QSignalBlocker(self):
                self.editor.set_text(prompt.text)
                self._show_images(prompt)
        elif step < 0 and self.is_empty:
            self.nothing_older.emit()
        self.edited.emit()

    def _follow_undo(self) -> None:
        if (draft := self.history.undone(self.shown)) is not None:
            self._show_images(draft)

    def _show_images(self, prompt: Draft) -> None:
        if prompt.images != self.attachments.images and (problem := self.attachments.set_images(prompt.images)):
            self.notice_given.emit(problem)

    def put(self, earlier: Draft) -> None:
        """Insert a text and images before the draft; the cursor stays at its position in the draft."""
        self.show_draft(earlier.before(self.draft))
        self.edited.emit()

    def insert(self, text: str) -> None:
        """Insert a text where the cursor is, instead of the selection, and give the box the keyboard focus."""
        if text and not self.editor.isReadOnly():
            self.editor.setFocus(Qt.FocusReason.OtherFocusReason)
            self.editor.insertPlainText(text)
            self.editor.ensureCursorVisible()

    def append(self, text: str) -> None:
        """Append a text to the draft after an empty line, and give the box the keyboard focus."""
        self.editor.moveCursor(QTextCursor.MoveOperation.End)
        written = self.editor.toPlainText()
        gap = "" if not written or written.endswith("\n\n") else "\n" if written.endswith("\n") else "\n\n"
        self.insert(gap + text)

    # ------------------------------------------------------------ the user's actions

    def submit(self, mode: PromptMode) -> None:
        """Send the prompt. Without one, "interrupt" sends the first queued one."""
        text, images = self.editor.toPlainText().strip("\n"), self.attachments.images
        if self.amount is not None and self.asked_about and self.is_empty:
            self.amount.act("send_asked")
            return
        if mode == "interrupt" and self.is_empty and self.editor.has_queue:
            self._send_input(SendNow(self._queued[0].id))
            return
        comments = "" if text.startswith("/") else self._comments[0]  # A command would take them for its arguments.
        text = "\n\n".join(filter(None, (text, comments)))
        if not (text.strip() or images) or self.editor.isReadOnly():
            return
        prompt = Prompt(text, mode, images)
        if prompt.size_bytes > MAX_PROMPT_BYTES:
            self.notice_given.emit(chat_texts.PROMPT_TOO_LARGE())
            return
        if mode == "steer" and not (self._status.is_running and self._status.capabilities.steer):
            mode = "queue"
        if mode == "interrupt" and not self.can_interrupt:
            mode = "queue"
        self.completion.close()
        draft = self.history.add(Draft(text, images))
        self.editor.clear()
        self.attachments.clear()
        self.put(draft)
        if comments:
            self.comments_sent.emit()
        self.sent.emit()
        self._send_input(prompt)

    def interrupt(self) -> None:
        """Stop the running turn, if there is one."""
        if self.can_interrupt:
            self._send_input(Interrupt())

    def escape(self) -> bool:
        """Stop the running turn at the second Escape; returns whether it is the first one, which shows a hint."""
        is_first = not self._escaped.isActive()
        if is_first:
            self._escaped.start()
        else:
            self._escaped.stop()
            self.interrupt()
        self._on_text()
        return is_first

    def _extend_menu(self, menu: QMenu) -> None:
        """Add what the user can do with images and saved prompts."""
        text = self.draft.text
        menu.addSeparator()
        if self._can_attach:
            menu.addAction(chat_texts.ATTACH_IMAGES(), self.attaching.choose_images)
        insert = menu.addAction(sheet_texts.INSERT_PROMPT_MENU(), self.saved_requested.emit)
        insert.setEnabled(not self.editor.isReadOnly())
        save = menu.addAction(sheet_texts.SAVE_PROMPT_MENU(), lambda: self.save_requested.emit(text))
        save.setEnabled(bool(text.strip()))

    # ------------------------------------------------------------ painting

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_buttons()
        self._show_message()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.editor.setFocus(Qt.FocusReason.MouseFocusReason)  # Also beside its buttons, the box looks like a field.

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self.update()
            self._on_text()
        elif event.type() == QEvent.Type.Resize:
            self._resize()
        return bool(super().eventFilter(watched, event))

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = tokens.color("accent" if self.editor.hasFocus() else "border")
        background = tokens.color("page" if tokens.name == "dark" else "raised")
        paint_frame(painter, QRectF(self.rect()), line, background, radius_px=RADIUS_PX + 2)
        if self.amount is not None and self.amount.isVisible():
            bottom = self.amount.y() + self.amount.question_px
            edge = QPainterPath()
            edge.addRoundedRect(QRectF(self.rect()), RADIUS_PX + 2, RADIUS_PX + 2)
            painter.fillRect(QRectF(1, bottom, self.width() - 2, 1), tokens.color("hairline"))
            painter.setClipPath(edge)
            painter.fillRect(QRectF(0, 0, _EDGE_PX, bottom), tokens.color("needs_you_fill"))
        painter.end()


class History:
    """Earlier prompts, the newest last, and the current draft."""

    def __init__(self) -> None:
        self._prompts: list[Draft] = []
        self._index = 0
        self._draft = NO_DRAFT
        self._sent_here: list[Draft] = []
        """Prompts that were added here and are not in the transcript yet."""

    def set(self, prompts: list[Draft]) -> None:
        """Set the earlier prompts; the shown one stays shown, if it is among them."""
        shown = self._prompts[self._index] if self._is_recalling else None
        self._prompts, self._sent_here = prompts[-_MAX_PROMPTS:], []
        self._index = self._prompts.index(shown) if shown in self._prompts else len(self._prompts)

    def add(self, prompt: Draft) -> Draft:
        """Add a sent prompt; returns what is shown next: the draft, if an earlier prompt was sent."""
        draft = self._draft if self._is_recalling else NO_DRAFT
        self._append(prompt)
        self._sent_here = [*self._sent_here, prompt][-_MAX_PROMPTS:]
        self.leave()
        return draft

    def note(self, prompt: Draft) -> None:
        """Note a prompt of the transcript; one from elsewhere is added, and what the box shows stays."""
        if prompt in self._sent_here:
            self._sent_here.remove(prompt)
            return
        from_end = len(self._prompts) - self._index
        grown = self._append(prompt)
        self._index = max(len(self._prompts) - from_end - grown, 0) if from_end else len(self._prompts)

    def _append(self, prompt: Draft) -> bool:
        """Add a prompt, unless it is the newest; returns whether it was added."""
        if self._prompts[-1:] == [prompt]:
            return False
        self._prompts = [*self._prompts, prompt][-_MAX_PROMPTS:]
        return True

    @property
    def _is_recalling(self) -> bool:
        return self._index < len(self._prompts)

    def draft(self, shown: Draft) -> Draft:
        """The draft while the box shows this: the same, unless that is an earlier prompt."""
        return self._draft if self._is_recalling and shown == self._prompts[self._index] else shown

    def leave(self) -> None:
        """Show the draft, which is another one now."""
        self._index = len(self._prompts)

    def undone(self, shown: Draft) -> Draft | None:
        """The draft, if the box has its text again after an undo; None if not, or if the images are others since."""
        if not self._is_recalling:
            return None
        recalled = self._prompts[self._index]
        if shown.text != self._draft.text or shown.text == recalled.text:
            return None
        self.leave()
        return self._draft if shown.images == recalled.images else None

    def older(self, shown: Draft) -> Draft | None:
        """The prompt before the shown one; None if there is none."""
        if self._index == 0:
            return None
        if not self._is_recalling:
            self._draft = shown
        self._index -= 1
        return self._prompts[self._index]

    def newer(self) -> Draft | None:
        """The prompt after the shown one, finally the draft; None if the draft is shown."""
        if not self._is_recalling:
            return None
        self._index += 1
        return self._draft if self._index == len(self._prompts) else self._prompts[self._index]
