"""What the user does about a prompt that a chat is to get at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

from gui.bridge.chat import Chat
from gui.bridge.lifecycle import Lifecycle
from gui.window.all_sheets import Sheets
from gui.wording import action_texts, chat_texts
from session_host.standing.clock_times import TOMORROW, wanted_time
from session_host.standing.later_prompt import continues_at, text_of
from session_host.system.clock import as_text


class LaterPrompts:
    """Sets, changes and takes back such prompts."""

    def __init__(self, sheets: Sheets, lifecycle: Lifecycle) -> None:
        self._sheets, self._lifecycle = sheets, lifecycle

    def offers(self, chat: Chat) -> Iterator[tuple[str, Callable[[], object]]]:
        """What the user can do about it, for the chat's menu: names, and what does it."""
        prompt = chat.record.later
        if chat.has_ended:
            return
        if prompt is None:
            if name := chat_texts.continue_at(continues_at(chat.record.status.last)):
                yield name, partial(self.act, chat, "continue")
            return
        if prompt.waits:
            yield action_texts.CHANGE_LATER(), partial(self.act, chat, "edit_later")
        yield action_texts.SEND_LATER_NOW(), partial(self.act, chat, "later_now")
        yield action_texts.DO_NOT_SEND(), partial(self.act, chat, "drop_later")

    def act(self, chat: Chat, kind: str) -> None:
        """Do what a button of the chat's page says, by the kind of its action."""
        prompt = chat.record.later
        text = text_of(prompt) if prompt is not None else ""
        match kind:
            case "continue" | "edit_later":
                self._sheets.send.ask_later(chat, continues=kind == "continue")
            case "later_now" if text:
                self._lifecycle.change_later(chat, text)
            case "later_tomorrow" if text:
                tomorrow = wanted_time(TOMORROW, datetime.now(UTC)).moment
                self._lifecycle.change_later(chat, text, as_text(tomorrow.timestamp()))
            case "drop_later":
                self._lifecycle.change_later(chat, "")
            case _:
                pass
