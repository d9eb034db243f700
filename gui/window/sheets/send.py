"""Sends text to one chat, or to several, without opening tabs."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from gui.bridge.chat import Chat
from gui.bridge.second_lines import second_lines
from gui.bridge.tasks import Tasks
from gui.theme.icons import mark_icon
from gui.theme.menu import temporary_menu
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX
from gui.theme.tooltips import set_tooltip
from gui.window.sheets.sheet import ASK_PX, Sheet, button_row
from gui.window.widgets.parts import button, label, sentence, show_text, stack
from gui.window.widgets.prompt_field import PromptField
from gui.wording import common_texts, phrases, sheet_texts
from gui.wording.machine_texts import on_machine
from session_host.errors import NeedsInput, OutliveError, UsageError
from session_host.standing.clock_times import typed_time, wanted_time
from session_host.standing.later_prompt import CONTINUE, continues_at, text_of
from session_host.system.clock import as_text, parse_time

NAME_CHARACTERS = 40


class _TextField(PromptField):
    MAX_LINES = 14
    min_lines = 5


class SendSheet(Sheet):
    """A field for several lines of text, the receiving chats, and a time; unsent text is kept for the next time.

    Attributes:
        at: the field for the time; empty for now.

    Signals:
        sent: chats (a list) have accepted the text.
        chat_requested: the user opens a chat that asks something.
    """

    sent = Signal(list)
    chat_requested = Signal(Chat)

    def __init__(
        self,
        theme: Theme,
        parent: QWidget,
        tasks: Tasks,
        running: Callable[[], list[Chat]],
        send: Callable[..., Coroutine[Any, Any, None]],
        send_later: Callable[..., Coroutine[Any, Any, None]],
    ) -> None:
        """Create the sheet.

        Args:
            theme: the theme.
            parent: the window.
            tasks: the owner of background tasks.
            running: the chats that can receive text, which wakes those that are asleep; those that need the user
                come first.
            send: types a text into a chat (chat, text, anyway=…); raises OutliveError if the text is refused, and
                NeedsInput if the chat asks something and ``anyway`` is False.
            send_later: lets a chat's host send a text at a time (chat, text, time, continues=…); raises OutliveError.
        """
        super().__init__(theme, parent, sheet_texts.SEND_TEXT(), ASK_PX)
        self._tasks = tasks
        self._running = running
        self._send, self._send_later = send, send_later
        self._chats: list[Chat] = []
        self._continues = False
        """Whether the text continues the turn that a limit ended, and no newer one."""
        self._kept: str | None = None
        """The unsent text, while another one is written that is to be sent at a time; None otherwise."""
        self.target = button(sheet_texts.CHOOSE_CHAT())
        self.target.clicked.connect(self._choose)
        self.names = label("", "secondary", wraps=True)
        self.field = _TextField(sheet_texts.TEXT(), enter_submits=False)
        self.field.setPlaceholderText(sheet_texts.TEXT_TO_SEND())
        self.field.submitted.connect(self._submit)
        self.field.textChanged.connect(self._on_text)
        self.at = QLineEdit()
        self.at.setAccessibleName(sheet_texts.AT())
        self.at.setPlaceholderText(sheet_texts.NOW_OR_AT())
        self.at.textChanged.connect(self._on_text)
        self.when = label("", "secondary", wraps=True)
        self.error = label("", "failed", wraps=True)
        self.hint = label("", "secondary", wraps=True)
        self.show_chat = button(sheet_texts.SHOW_CHAT(), "", self._show_chat)
        self.anyway = button(sheet_texts.SEND_ANYWAY(), "danger", lambda: self._submit(anyway=True))
        self.cancel = button(common_texts.CANCEL(), "", self.dismiss)
        self.send = button(sheet_texts.SEND(), "primary", self._submit)
        answers = stack(QHBoxLayout(), self.show_chat, self.anyway, None, gap=GAP_S_PX)
        head = stack(QHBoxLayout(), label(sheet_texts.SEND_TO(), "title"), self.target, None, gap=GAP_S_PX)
        time = stack(QHBoxLayout(), label(sheet_texts.AT()), self.at, gap=GAP_S_PX)
        self.lay_out(
            head,
            self.names,
            self.field,
            time,
            self.when,
            self.error,
            answers,
            button_row(self.cancel, self.send, words=self.hint),
            wide=self.field,
        )
        for before, after in itertools.pairwise(
            [self.target, self.field, self.at, self.show_chat, self.anyway, self.cancel, self.send]
        ):
            QWidget.setTabOrder(before, after)
        self._show_error("")
        self._on_text()

    def ask(self, chat: Chat | None) -> bool:
        """Open the sheet for this chat, or for the first that takes a text; False if none does."""
        running = self._running()
        if chat is None or chat.is_over:
            chat = running[0] if running else None
        if chat is None:
            return False
        self._open([chat])
        return True

    def ask_later(self, chat: Chat, *, continues: bool = False) -> None:
        """Open the sheet for the prompt that a chat is to get at a time: for the one that waits, or for a new one.

        Args:
            chat: the chat.
            continues: the prompt continues the turn that a limit ended, after its reset.
        """
        prompt = chat.record.later
        is_there = prompt is not None and prompt.waits
        due = parse_time(prompt.at if is_there and prompt is not None else continues_at(chat.record.status.last))
        self._open([chat])
        self._kept = self.field.toPlainText()
        self._continues = continues or (is_there and prompt is not None and bool(prompt.continues))
        self.field.setPlainText(text_of(prompt) if is_there and prompt is not None else CONTINUE)
        self.at.setText(typed_time(due, datetime.now(UTC)) if due is not None else "")
        self.field.selectAll()

    def _put_back(self) -> None:
        """Show the unsent text again that another one has replaced."""
        if self._kept is not None:
            self.field.setPlainText(self._kept)
            self._kept = None

    def ask_several(self, chats: Sequence[Chat]) -> None:
        """Open the sheet for these running chats."""
        self._open(chats)

    def _open(self, chats: Sequence[Chat]) -> None:
        self._set_chats(chats)
        self._show_error("")
        self._continues = False
        self._put_back()
        self.at.clear()
        self._set_busy(busy=False)
        self.open()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _set_chats(self, chats: Sequence[Chat]) -> None:
        self._chats = list(chats)
        names = ", ".join(self._joined(chat) for chat in chats)
        self.names.setText(names)
        self.names.setVisible(len(chats) > 1)
        if len(chats) == 1:
            self._show_target(chats[0])
            return
        self.target.setText(sheet_texts.SEVERAL_CHATS(count=len(chats)))
        self.target.setIcon(QIcon())
        self.target.setAccessibleName(sheet_texts.SEND_TO_SEVERAL(count=len(chats), names=names))
        set_tooltip(self.target, sheet_texts.CHOOSE_CHATS())

    def _joined(self, chat: Chat) -> str:
        return " · ".join(filter(None, (chat.full_name, self._difference(chat))))

    def _show_target(self, chat: Chat) -> None:
        name = chat.name if len(chat.name) <= NAME_CHARACTERS else f"{chat.name[: NAME_CHARACTERS - 1]}…"
        difference = self._difference(chat)
        self.target.setText(_joined(on_machine(name, chat.machine.name), difference))
        self.target.setIcon(mark_icon(chat.mark, self._theme.tokens))
        state = ", ".join(filter(None, (difference, chat.mark.value)))
        self.target.setAccessibleName(sheet_texts.SEND_TO_CHAT(name=chat.full_name, mark=state))
        set_tooltip(self.target, sheet_texts.CHOOSE_ANOTHER_CHAT())

    def _difference(self, chat: Chat) -> str:
        """The text that distinguishes a chat from other running chats of its name; "" if there are none."""
        line = second_lines(self._running()).get(chat.id)
        return line.difference if line is not None else ""

    def _choose(self) -> None:
        menu = temporary_menu(self)
        is_several = len(self._chats) > 1
        for chat in self._running():
            text = _joined(chat.full_name, self._difference(chat) or chat.workplace.location)
            action = menu.addAction(mark_icon(chat.mark, self._theme.tokens), text)
            action.setCheckable(is_several)
            action.setChecked(is_several and chat in self._chats)
            action.triggered.connect(_chat_setter(self._add_or_remove if is_several else self._choose_one, chat))
        menu.popup(self.target.mapToGlobal(self.target.rect().bottomLeft()))

    def _choose_one(self, chat: Chat, _checked: bool) -> None:
        self._set_chats([chat])

    def _add_or_remove(self, chat: Chat, checked: bool) -> None:
        if chats := [each for each in self._running() if (checked if each is chat else each in self._chats)]:
            self._set_chats(chats)

    def _on_text(self) -> None:
        text, problem = "", ""
        is_later = bool(self.at.text().strip())
        if is_later:
            try:
                found = wanted_time(self.at.text(), datetime.now(UTC))
            except (ValueError, OverflowError) as error:
                problem = sentence(str(error))
            else:
                time = phrases.told_time(found.moment, datetime.now(UTC), with_date=True)
                rules = sheet_texts.CONTINUE_RULES() if self._continues else sheet_texts.LATER_RULES()
                text = f"{sheet_texts.wanted(time, is_first_of_two=found.is_first_of_two)}. {rules}"
        show_text(self.when, problem or text)
        self.at.setAccessibleDescription(problem or text)
        self.send.setText(sheet_texts.SET() if is_later else sheet_texts.SEND())
        self.hint.setText(sheet_texts.SET_HINT() if is_later else sheet_texts.SEND_HINT())
        self.send.setEnabled(bool(self.field.toPlainText().strip()) and not problem)

    def _submit(self, *, anyway: bool = False) -> None:
        if self._chats and self.send.isEnabled():
            self._show_error("")
            self._set_busy(busy=True)
            self._tasks.start(self._send_now(self._chats, self.field.toPlainText(), anyway=anyway), "send")

    def _show_chat(self) -> None:
        self.dismiss()
        if self._chats:
            self.chat_requested.emit(self._chats[0])

    async def _send_now(self, chats: Sequence[Chat], text: str, *, anyway: bool) -> None:
        """Send the text to all chats at once; those that refuse it stay in the sheet."""
        problems = await asyncio.gather(*(self._send_to(chat, text, anyway=anyway) for chat in chats))
        self._set_busy(busy=False)
        refused = {chat: error for chat, error in zip(chats, problems, strict=True) if error is not None}
        is_later = bool(self.at.text().strip())
        if (sent := [chat for chat in chats if chat not in refused]) and not is_later:
            self.sent.emit(sent)
        if refused:
            self._set_chats(list(refused))
            lines = [sentence(_reason(chat, error)) for chat, error in refused.items()]
            asks = len(refused) == 1 and isinstance(next(iter(refused.values())), NeedsInput)
            self._show_error("\n".join(lines), asks=asks)
            return
        if self.field.toPlainText() == text:
            self.field.clear()
        self._put_back()
        self.dismiss()

    async def _send_to(self, chat: Chat, text: str, *, anyway: bool) -> OutliveError | None:
        """Send the text to a chat; returns why it is refused."""
        try:
            if not self.at.text().strip():
                await self._send(chat, text, anyway=anyway)
            else:
                moment = wanted_time(self.at.text(), datetime.now(UTC)).moment
                await self._send_later(chat, text, as_text(moment.timestamp()), continues=self._continues)
        except OutliveError as error:
            return error
        except (ValueError, OverflowError) as error:  # The time has passed meanwhile.
            return UsageError(str(error))
        return None

    def _set_busy(self, *, busy: bool) -> None:
        self.field.setReadOnly(busy)
        self.at.setReadOnly(busy)
        self._on_text()
        if busy:
            self.send.setText(sheet_texts.SENDING())
            self.send.setEnabled(False)

    def _show_error(self, line: str, *, asks: bool = False) -> None:
        show_text(self.error, line)
        self.show_chat.setVisible(asks)
        self.anyway.setVisible(asks)
        if asks:
            self.show_chat.setFocus(Qt.FocusReason.OtherFocusReason)


def _chat_setter(set_chat: Callable[[Chat, bool], None], chat: Chat) -> Callable[[bool], None]:
    return lambda checked: set_chat(chat, checked)


def _reason(chat: Chat, error: OutliveError) -> str:
    if isinstance(error, NeedsInput):
        return sheet_texts.TEXT_MIGHT_ANSWER(name=chat.full_name, reason=phrases.without_remedy(str(error)))
    return sheet_texts.CANNOT_SEND(name=chat.full_name, reason=error)


def _joined(*parts: str) -> str:
    """Parts of a text in one line, for a button or a menu, where Qt takes & for a mnemonic's sign."""
    return " · ".join(filter(None, parts)).replace("&", "&&")
