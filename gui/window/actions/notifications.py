"""Lists what can be changed in the notifications of one chat and of all chats."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from gui.bridge.chat import Chat
from gui.bridge.chat_marks import HOUR, QUIET_S, next_morning
from gui.window.actions import action_table
from gui.window.actions.context import WindowContext
from gui.window.sheets.chooser import Choice
from gui.wording import phrases, window_texts


class Notifications:
    """The sheet with the notifications of a chat and of all chats."""

    def __init__(self, context: WindowContext) -> None:
        self._muting, self._watch = context.sessions.muting, context.sessions.quiet_watch
        self._sheets, self._banners = context.sheets, context.banners

    def concern(self, chat: Chat) -> bool:
        """Whether a chat sends notifications: a chat that continues a muted one is muted, too."""
        return chat.is_muted or not chat.has_ended

    def show(self, chat: Chat | None) -> None:
        """List what Enter can change; each line names the state that it will produce."""
        choices = self._all_chats()
        title = action_table.title("notifications")
        if chat is not None and self.concern(chat):
            choices = [*self._one_chat(chat), *choices]
            title = window_texts.NOTIFICATIONS_OF(name=chat.name)
        self._sheets.chooser.ask(title, title, choices)

    def _one_chat(self, chat: Chat) -> list[Choice]:
        mute = window_texts.UNMUTE_THIS() if chat.is_muted else window_texts.MUTE_THIS()
        choices = [Choice(mute, chat.name, partial(self._mute, chat, muted=not chat.is_muted))]
        if not chat.has_ended and chat.record.runtime != "structured":
            title = window_texts.watch_this(cancel=self._watch.is_watched(chat))
            choices.append(Choice(title, window_texts.HOW_QUIET(seconds=QUIET_S), partial(self._watch_for_quiet, chat)))
        return choices

    def _all_chats(self) -> list[Choice]:
        muting, now = self._muting, datetime.now().astimezone()
        if muting.until is not None:
            detail = window_texts.MUTED_UNTIL(when=phrases.clock_time(muting.until))
            return [Choice(window_texts.UNMUTE_ALL(), detail, partial(self._mute_all, muting.unmute_all))]
        return [
            Choice(title, window_texts.UNTIL(when=phrases.clock_time(end)), partial(self._mute_all, mute))
            for title, end, mute in (
                (window_texts.MUTE_ALL_FOR_AN_HOUR(), now + HOUR, muting.mute_for_an_hour),
                (window_texts.MUTE_ALL_UNTIL_TOMORROW(), next_morning(now), muting.mute_until_tomorrow),
            )
        ]

    def _mute(self, chat: Chat, *, muted: bool) -> None:
        self._muting.mute_chat(chat, muted=muted)
        message_of = window_texts.CHAT_MUTED if muted else window_texts.CHAT_UNMUTED
        self._banners.inform(message_of(name=chat.name), key="muting")

    def _watch_for_quiet(self, chat: Chat) -> None:
        if self._watch.is_watched(chat):
            self._watch.end(chat.id)
            message = window_texts.NOT_WATCHING_FOR_QUIET(name=chat.name)
        else:
            self._watch.begin(chat)
            message = window_texts.WATCHING_FOR_QUIET(name=chat.name, seconds=QUIET_S)
        self._banners.inform(message, key="quiet")

    def _mute_all(self, mute: Callable[[], None]) -> None:
        mute()
        until = self._muting.until
        text = window_texts.UNMUTED() if until is None else window_texts.MUTED_UNTIL(when=phrases.clock_time(until))
        self._banners.inform(text, key="muting")
