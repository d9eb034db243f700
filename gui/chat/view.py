"""The view of a structured chat: the transcript, and the prompt box below it.

The view does not feed the transcript. Its owner feeds it, and then calls ``changed``; for another transcript, it calls
``set_transcript``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QMimeData, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from gui.clipboard import reading
from gui.input.dragging import accept_as_copy
from gui.input.held_keys import is_repeat
from gui.input.keys import kind_of_answer
from gui.input.refused_keys import refused_keys
from gui.screen_readers import announce
from gui.terminal.links.links import LinkRules
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX
from gui.wording import chat_texts, sheet_texts
from session_host.paths import short_directory
from session_host.protocol.facts import LaterPrompt
from session_host.protocol.messages import ChatInput, PassAmount, Prompt, ReleaseHeld, SendNow, WithdrawPrompt
from session_host.protocol.values import Image
from session_host.structured.items import IN_QUEUE, Item, Setting, UsageChanged
from session_host.structured.transcript import Transcript

from .content.segments import Action
from .drawing.style import GUTTER_PX, MEASURE_PX
from .earlier_prompts import EarlierPrompts
from .finder import TranscriptFinder
from .page.first_page import FirstPage
from .page.page import TranscriptPage
from .page.painting import BAR_PX
from .page.rail import PromptRail
from .page.requests.words import spoken
from .page.rows import Offer
from .page.scrolling import Scroller
from .pictures import copy_image, save_image
from .prompt.box import TEXT_LEFT_PX, PromptBox
from .prompt.settings_row import limits_now
from .summary import Summary, SummaryStrip
from .turns import PromptHeading, TranscriptTurns

_LAST_ITEMS = 20
_MAX_CHARACTERS = 2_000
_ANY_HEIGHT_PX = 16_777_215
"""Qt's QWIDGETSIZE_MAX."""
_LOW_PX = 240
"""A lower view has a prompt box of one row, and no summary above it."""
_TINY_PX = 100
"""In a lower view, a question has all the room until the user writes a prompt."""
_NARROW_PX = 84
"""A narrower view has smaller margins."""


class ChatView(QWidget):
    """A chat without a terminal.

    Attributes:
        finder: finds text in the transcript.
        prompts: the user's prompts, and the answers: goes from one to the next.
        heading: a line at the top of the page that says which prompt the user reads.
        rail: a tick for each prompt at the page's right edge.
        first_page: is over the page while there are no messages and the prompt box is empty.

    Signals:
        link_requested(str): the user opens an address, with any scheme, or a path.
        file_requested(FileLocation): the user opens a file that the transcript names; its path may be relative.
        image_requested(Image): the user enlarges an image.
        named_image_requested(str): the user looks at a picture that a message only names: a path or an address.
        changes_requested(): the user opens the changes of the chat's directory.
        end_requested(): the user ends an agent that does not stop.
        hand_over_requested(str): the user hands the task over, or opens the chat that took over: the action's kind.
        later_requested(str): what the user does about a prompt that is to be sent at a time: the kind of the action.
        amount_asked(): a prompt is asked about, since what agents cost has reached an amount.
        amount_raised(): the user is to be asked from a higher amount on.
        notice_given(str): one line for the user.
    """

    link_requested = Signal(str)
    file_requested = Signal(object)
    image_requested = Signal(object)
    named_image_requested = Signal(str)
    changes_requested = Signal()
    end_requested = Signal()
    later_requested = Signal(str)
    hand_over_requested = Signal(str)
    amount_asked = Signal()
    amount_raised = Signal()
    notice_given = Signal(str)

    def __init__(
        self,
        theme: Theme,
        send: Callable[[ChatInput], object],
        directory: str = "",
        parent: QWidget | None = None,
        *,
        short_directory: Callable[[str], str] = short_directory,
    ) -> None:
        """Create an empty view.

        Args:
            theme: the theme.
            send: gets what the user does in the chat: prompts, answers, settings, …
            directory: the chat's: paths are shown relative to it, and its files complete "@".
            parent: the view's parent widget.
            short_directory: returns a directory's path as it is shown.
        """
        super().__init__(parent)
        self.setProperty("area", "page")
        self.theme = theme
        self._send = send
        self.page = TranscriptPage(theme, directory, self, answer=send, short_directory=short_directory)
        self.prompt = PromptBox(theme, self, send, self._on_action)
        self.prompt.completion.files.set_directory(directory)
        self.finder = TranscriptFinder(self.page)
        self.prompts = TranscriptTurns(self.page)
        self.rail = PromptRail(self.page)
        self.heading = PromptHeading(self.page, self.rail)
        self._earlier = EarlierPrompts(self.page, self.prompt, send)
        self.first_page = FirstPage(theme, self.page)
        self._announcer = Announcer(self.page, directory)
        self._settings: tuple[Setting, ...] = ()
        """The agent's settings, which the first page names."""
        self._secret = ""
        """The last request with a secret that got the keyboard."""
        self._wanted_ms = 0
        """The time to go to once there are messages; 0 for none."""
        self._summary = Summary()
        self.strip = SummaryStrip(directory, self.changes_requested.emit)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.page, 1)
        self._bottom = QWidget()
        column = QVBoxLayout(self._bottom)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.strip)
        column.addWidget(self.prompt)
        self._row = QHBoxLayout()
        self._row.addStretch(1)
        self._row.addWidget(self._bottom, 1000)
        self._row.addStretch(1)
        self._column.addLayout(self._row)
        self._restyle()
        self._fit()
        self.setFocusProxy(self.prompt.editor)
        self.setAcceptDrops(True)
        self._connect()

    def _connect(self) -> None:
        self.page.action_triggered.connect(self._on_action)
        self.page.context_menu.made.connect(self._add_to_menu)
        self.page.context_menu.image_made.connect(self._add_image_actions)
        self.page.typed.connect(self._on_typed)
        self.page.interrupt_requested.connect(self.prompt.interrupt)
        self.page.requests.left.connect(self._on_request_left)
        self.page.requests.withdrawn.connect(self.prompt.interrupt)
        self.page.scroller.framed.connect(self._on_frame)
        self.page.restyled.connect(self._restyle)
        self.prompt.editor.page_requested.connect(self.page.scroll_pages)
        self.prompt.editor.end_requested.connect(self._go_to_end)
        self.prompt.editor.interrupt_requested.connect(self._copy_or_interrupt)
        self.prompt.editor.back_requested.connect(self._go_back)
        self.prompt.editor.goes_on = self._say_instead
        self.prompt.editor.take_back_requested.connect(self._earlier.take_last_back)
        self.strip.item_chosen.connect(self._go_to_item)
        self.prompt.sent.connect(self.page.scroller.scroll_to_end)
        self.prompt.notice_given.connect(self.notice_given)
        self.prompt.editor.textChanged.connect(self._fit_prompt)
        self.prompt.editor.composed.connect(self._fit_prompt)
        self.prompt.attachments.changed.connect(self._fit_prompt)
        self.prompt.edited.connect(self._on_edited)
        self.prompt.nothing_older.connect(self.first_page.take_keyboard)
        self.first_page.left.connect(self.prompt.editor.setFocus)
        self.first_page.typed.connect(self._on_typed)
        self.page.scroller.arranged.connect(self._place_first_page)

    # ------------------------------------------------------------ content

    @property
    def transcript(self) -> Transcript:
        """The transcript as it is now; the page shows it as of its last frame (``page.transcript``)."""
        return self.page.rows.source

    def set_transcript(self, transcript: Transcript) -> None:
        """Show a transcript; the scroll position, the unsent prompt and unfolded items stay."""
        self._announcer.skip_existing(transcript)  # Before the first frame, which announces what is new.
        self.page.set_transcript(transcript)
        self._summary = Summary()
        self._summary.update(self.page.transcript, [item.id for item in self.page.transcript])
        self._earlier.load_history()
        self._show_status()
        if self.page.pattern is not None:
            self.finder.restart_search()
        if self._wanted_ms and len(transcript):
            self.go_to_time(self._wanted_ms)

    def go_to_time(self, at_ms: int) -> None:
        """Go to what the chat did at a time, in milliseconds since 1970; without messages, once there are some."""
        self._wanted_ms = 0 if len(self.page.transcript) else at_ms
        if len(self.page.transcript):
            self.page.scroller.scroll_to(self.page.rows.item_at(at_ms), 0, always=True)

    def show_later(self, prompt: LaterPrompt | None) -> None:
        """Show the prompt that is to be sent at a time; None for none."""
        self.prompt.show_later(prompt)
        self.page.show_continues(continues=prompt is not None and prompt.waits and bool(prompt.continues))

    def set_account(self, account: str) -> None:
        """Set the agent's account; "" for the default one."""
        self.page.rows.account = account

    def show_taker(self, words: str) -> None:
        """Show who took over the task, and nothing was done since; "" for nobody."""
        self.page.show_taker(words)

    def changed(self) -> None:
        """Show changes of the transcript with the next frame."""
        self.page.changed()

    def _on_edited(self) -> None:
        self.page.requests.keep_open()
        self.refresh_first_page()

    def _on_frame(self) -> None:
        self._earlier.put_back_withdrawn()
        self._earlier.note_new()
        self._announcer.announce_changes(self.page.transcript)
        self._summary.update(self.page.transcript, self.page.rows.changes.items)
        self._show_status()
        self._take_secret()

    def _restyle(self) -> None:
        """Fit the prompt box to the text size of the page: its text is below the page's."""
        self.prompt.editor.set_text_font(self.page.style_.font())
        self._bottom.setMaximumWidth(round(self.page.style_.scaled(MEASURE_PX)) + 2 * TEXT_LEFT_PX)

    def _take_secret(self) -> None:
        """Give the keyboard to a field for a secret that the user's command has opened, from an empty prompt.

        What is typed into the prompt would be shown and recorded.
        """
        asked = next(iter(self.page.transcript.open_requests), None)
        if asked is None or asked.id == self._secret or not any(each.secret for each in asked.questions):
            return
        positions = reversed(range(self.page.transcript.queue_start))
        prompt = next((item for at in positions if (item := self.page.transcript[at]).kind == "user"), None)
        has_keyboard = self.window().focusWidget() is self.prompt.editor
        if prompt is not None and prompt.text.startswith("/") and self.prompt.is_empty and has_keyboard:
            self._secret = asked.id
            refused_keys.begin()  # The user may have begun another prompt.
            self.show_request()

    def refused(self, request_id: str, reason: str) -> None:
        """Show at an open request why the user's answer had no effect."""
        card = self.page.requests.card(request_id) if request_id not in self.transcript.answers else None
        if card is not None:
            card.show_refusal(reason)

    def _show_status(self) -> None:
        queue = range(self.page.transcript.queue_start, len(self.transcript))
        self.prompt.show_queue([self.page.transcript[position] for position in queue])
        before = self.prompt.asked_about
        self.prompt.show_status(self.page.transcript.status)
        if self.prompt.amount is not None and self.prompt.asked_about not in {before, ""}:
            self._announcer.announce(self.prompt.amount.accessibleName())
            self.amount_asked.emit()
        if self.page.transcript.status.settings != self._settings:
            self._settings = self.page.transcript.status.settings
            self.first_page.refresh()
        self._fit_prompt()
        self.refresh_first_page()
        self.strip.show_summary(self._summary)

    def _place_first_page(self) -> None:
        page, left = self.page, round(self.page.column_left)
        self.first_page.place(QRect(left, 0, round(page.rows.widths.text), page.height()))

    def refresh_first_page(self) -> None:
        """Show the first page while there are no messages and the prompt box is empty."""
        is_new = not len(self.page.transcript) and self.transcript.status.state != "ended"
        had_keyboard = any(row.hasFocus() for row in self.first_page.rows)
        self.first_page.set_wanted(wanted=is_new and self.prompt.is_empty, height=self.page.height())
        self.prompt.set_first_hint(self.first_page.hint if is_new else "")
        if had_keyboard and not self.first_page.isVisible():
            self.prompt.editor.setFocus()

    # ------------------------------------------------------------ the user's actions

    def _on_typed(self, text: str) -> None:
        self.prompt.editor.setFocus()
        self.prompt.editor.insertPlainText(text)

    def _copy_or_interrupt(self) -> None:
        """Copy and clear the selected text of the messages, which is marked also while the prompt has the keyboard."""
        if self.page.selection.is_empty(self.page.rows):
            self.prompt.interrupt()
        else:
            self.page.copy()
            self.page.selection.clear()
            self.page.update()

    def _on_request_left(self) -> None:
        """Give the prompt the keyboard focus, unless the Enter that answered the request could send a draft."""
        if self.prompt.is_empty and not self.prompt.editor.isReadOnly():
            self.prompt.editor.setFocus()

    def _on_action(self, action: Action) -> None:
        item = self.page.transcript.get(action.item)
        match action.kind:
            case "withdraw":
                self._earlier.take_back(action.item)
            case "drop":
                self.prompt.editor.setFocus()
                self._send(WithdrawPrompt(action.item))
            case "send_now" | "send_asked":
                self.prompt.editor.setFocus()
                self._send(SendNow(action.item) if action.kind == "send_now" else PassAmount(action.item))
            case "raise_amount":
                self.prompt.editor.setFocus()
                self.amount_raised.emit()
            case "send_held" | "discard_held":
                self.prompt.editor.setFocus()
                self._send(ReleaseHeld(discard=action.kind == "discard_held"))
            case "end":
                self.end_requested.emit()
            case "continue" | "edit_later" | "later_now" | "later_tomorrow" | "drop_later":
                self.later_requested.emit(action.kind)
            case "hand_over" | "open_taker":
                self.hand_over_requested.emit(action.kind)
            case "link":
                self.link_requested.emit(action.value)
            case "named_image":
                self.named_image_requested.emit(action.value)
            case "file" if action.file is not None:
                self.file_requested.emit(action.file)
            case "image" if action.image is not None:
                self.image_requested.emit(action.image)
            case _ if item is not None:
                self._act_on(item, action)
            case _:
                pass

    def _act_on(self, item: Item, action: Action) -> None:
        match action.kind:
            case "again":
                self.page.scroller.scroll_to_end()
                self._send(Prompt(item.text, images=item.images))
            case "reuse":
                self._earlier.reuse(item)
            case "copy_prompt":
                QGuiApplication.clipboard().setText(item.text)
            case "copy_answer":
                QGuiApplication.clipboard().setText(self.prompts.answer_to(item.id))
            case "offer":
                next(offer for offer in self.page.rows.offers(item) if offer.kind == action.value).run()
            case _:
                pass

    def _add_to_menu(self, menu: QMenu, key: str) -> None:
        """Add what the user can do with the item that the context menu is for."""
        item = self.page.transcript.get(key)
        if item is None:
            return
        if item.kind == "user":
            menu.addSeparator()
            copy = menu.addAction(chat_texts.COPY_PROMPT(), lambda: QGuiApplication.clipboard().setText(item.text))
            copy.setEnabled(bool(item.text))
            put = menu.addAction(chat_texts.PUT_INTO_PROMPT(), lambda: self._earlier.reuse(item))
            put.setEnabled(not self.prompt.editor.isReadOnly())
            save = menu.addAction(sheet_texts.SAVE_PROMPT_MENU(), lambda: self.prompt.save_requested.emit(item.text))
            save.setEnabled(bool(item.text.strip()))
            menu.addSeparator()
            for offer in self.page.rows.offers(item):
                if offer.name:
                    menu.addAction(offer.name, offer.run)
        elif answer := self.prompts.answer_to(key):
            menu.addSeparator()
            menu.addAction(chat_texts.COPY_ANSWER(), lambda: QGuiApplication.clipboard().setText(answer))

    def _add_image_actions(self, menu: QMenu, image: Image) -> None:
        menu.addAction(chat_texts.ENLARGE_IMAGE(), lambda: self.image_requested.emit(image))
        menu.addAction(chat_texts.COPY_IMAGE(), lambda: copy_image(image))
        directory, inform = self.prompt.completion.files.directory, self.notice_given.emit
        menu.addAction(chat_texts.SAVE_IMAGE_AS(), lambda: save_image(self.theme, self, image, directory, inform))

    def _go_to_item(self, item_id: str) -> None:
        """Go to an item, and unfold it."""
        rows = self.page.rows
        rows.set_mode(item_id, rows.mode(item_id)._replace(unfolded=True))
        self.page.scroller.scroll_to(item_id, 0, always=True)
        self.page.setFocus(Qt.FocusReason.OtherFocusReason)

    def _go_to_end(self, step: int) -> None:
        """Go to the beginning (-1) or the end (1) of the messages."""
        scroller = self.page.scroller
        (scroller.scroll_to_start if step < 0 else scroller.scroll_to_end)()

    def _go_back(self) -> None:
        """Move the keyboard focus from the prompt to the open request, else to the messages."""
        if not self.show_request():
            self.page.setFocus(Qt.FocusReason.BacktabFocusReason)

    def _say_instead(self) -> bool:
        """Move the keyboard focus from the prompt to the field for what to do instead; returns whether it is shown."""
        waiting = self.page.transcript.open_requests
        card = self.page.requests.shown_card(waiting[0].id) if waiting else None
        words = card.words if card is not None else None
        if words is None or not words.isVisible():
            return False
        words.setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def show_request(self) -> bool:
        """Show the oldest open request and give it the keyboard focus; returns whether there is one."""
        waiting = self.page.transcript.open_requests
        if waiting:
            self.page.show_request(waiting[0].id)
        return bool(waiting)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Answer the agent, stop the turn by Escape twice, and paste into the prompt, from everywhere in the chat."""
        if kind := kind_of_answer(event):
            if not is_repeat(event):
                self.page.answer_by_key(kind)
        elif event.key() == Qt.Key.Key_Escape and not event.modifiers() and self.prompt.asked_about:
            if not is_repeat(event):
                self.prompt.decline_to_send()
        elif event.key() == Qt.Key.Key_Escape and not event.modifiers() and self.prompt.can_interrupt:
            if not is_repeat(event) and not self._withdraw() and self.prompt.escape():
                self._announcer.announce(chat_texts.ESCAPE_AGAIN())
        elif event.matches(QKeySequence.StandardKey.Paste):
            self.paste()
        else:
            super().keyPressEvent(event)

    def _withdraw(self) -> bool:
        """Ask at the oldest open question whether to withdraw it, then do; returns whether one is open."""
        waiting = self.page.transcript.open_requests
        if waiting:
            self.page.withdraw(waiting[0].id)
        return bool(waiting)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if not self.prompt.editor.isReadOnly() and self.prompt.editor.canInsertFromMimeData(event.mimeData()):
            accept_as_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        accept_as_copy(event)
        self.activateWindow()
        self.insert_data(event.mimeData())

    def paste(self) -> None:
        """Paste into the prompt."""
        reading.read(self, "clipboard", self.insert_data)

    def insert_data(self, data: QMimeData) -> None:
        """Put a text, images, or the names of files into the prompt."""
        if not self.prompt.editor.isReadOnly():
            self.prompt.editor.setFocus()
            self.prompt.editor.insertFromMimeData(data)

    # ------------------------------------------------------------ the window's actions, as ``TerminalView`` has them

    def copy(self) -> None:
        """Copy the selected text: of the prompt, if that has the keyboard, else of the transcript."""
        editor = self.prompt.editor
        if editor.hasFocus() and editor.textCursor().hasSelection():
            editor.copy()
        else:
            self.page.copy()

    def select_all(self) -> None:
        """Select the whole transcript."""
        self.page.select_all()

    def set_offers(self, offers: Callable[[Item], Sequence[Offer]]) -> None:
        """Set the function that returns what the user can do about a prompt that the agent has."""
        self.page.rows.offers = lambda item: offers(item) if is_sent(item) else ()

    def set_takes_words(self, *, takes_words: bool) -> None:
        """Set whether the agent hears what the user says with a refusal."""
        requests = self.page.requests
        requests.look = requests.look._replace(takes_words=takes_words)

    def set_turns_fold(self, *, folds: bool) -> None:
        """Set whether the steps of a turn that is over are one line, until the user opens them."""
        self.page.rows.set_turns_fold(folds=folds)
        if self.page.isVisible():
            self.page.scroller.arrange()

    def set_links(self, rules: LinkRules) -> None:
        """Set which click opens the name of a file, and whether names are links at all."""
        self.page.names.rules = rules

    @property
    def scroller(self) -> Scroller:
        """Scrolls the transcript."""
        return self.page.scroller

    def typed_areas(self) -> list[QRect]:
        """The prompt box, and the part of a request that has the keyboard; in pixels of the parent."""
        parent, parts = self.parentWidget() or self, list[QWidget]([self.prompt])
        focused = parent.focusWidget()
        if focused is not self.page and self.page.isAncestorOf(focused) and focused.isVisible():
            parts.append(focused)
        return [QRect(part.mapTo(parent, QPoint()), part.size()) for part in parts]

    # ------------------------------------------------------------ arranging

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave as much as possible of a small pane to the page, where the agent's questions are."""
        is_low = self.height() < _LOW_PX
        self.strip.set_room(enough=not is_low)
        self.prompt.set_low(low=is_low)
        self.prompt.set_max_height(self.height() // 3)
        self._fit_prompt()

    def _fit_prompt(self) -> None:
        """Set the height of the prompt box, and its margins. A box without height keeps the keyboard."""
        is_low, is_narrow = self.height() < _LOW_PX, self.width() < _NARROW_PX
        is_away = self.height() < _TINY_PX and bool(self.page.transcript.open_requests) and self.prompt.is_empty
        side_px, above_px, below_px = (
            (4 if is_narrow else GUTTER_PX - TEXT_LEFT_PX),
            (2 if is_low else 4),
            (4 if is_low else GAP_M_PX),
        )
        right_px = side_px if is_narrow else side_px + BAR_PX
        self._row.setContentsMargins(side_px, 0 if is_away else above_px, right_px, 0 if is_away else below_px)
        self.prompt.setMaximumHeight(0 if is_away else _ANY_HEIGHT_PX)


class Announcer:
    """Announces each message of the agent once it is complete, each request, and each level that a limit reaches."""

    def __init__(self, widget: QWidget, directory: str) -> None:
        """Announce for a widget; files below ``directory``, the chat's, are named relative to it."""
        self._widget, self._directory = widget, directory
        self._announced: set[str] = set()
        self._limit_level = 0

    def skip_existing(self, transcript: Transcript) -> None:
        """Mark all existing messages and requests, and the limits as they are, as announced."""
        self._announced = {item.id for item in self._last(transcript) if _is_complete(item)}
        self._announced |= set(transcript.requests)
        self._limit_level = limits_now(transcript.status.usage).level

    def announce_changes(self, transcript: Transcript) -> None:
        """Announce new complete messages, new requests, and a limit that is nearly reached."""
        if not QAccessible.isActive():
            return
        for item in self._last(transcript):
            if item.kind == "agent" and _is_complete(item) and item.id not in self._announced:
                self._announced.add(item.id)
                self.announce(chat_texts.SPOKEN(kind=chat_texts.MESSAGE_OF_AGENT(), text=item.text[:_MAX_CHARACTERS]))
        for request in transcript.open_requests:
            if request.id not in self._announced:
                self._announced.add(request.id)
                self.announce(spoken(request, self._directory))
        self._announce_limit(transcript.status.usage)

    def _announce_limit(self, usage: UsageChanged | None) -> None:
        current, previous = limits_now(usage), self._limit_level
        self._limit_level = current.level
        if current.level > previous:
            self.announce(current.text)

    def announce(self, text: str) -> None:
        """Let the screen reader read a text."""
        announce(self._widget, text)

    @staticmethod
    def _last(transcript: Transcript) -> list[Item]:
        return [transcript[position] for position in range(max(len(transcript) - _LAST_ITEMS, 0), len(transcript))]


def is_sent(item: Item) -> bool:
    """Whether an item is a prompt that the agent has."""
    return item.kind == "user" and item.status not in {*IN_QUEUE, "unsent", "withdrawn"}


def _is_complete(item: Item) -> bool:
    return item.status != "running"
