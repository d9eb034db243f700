"""Puts chats to sleep: their programs end, their places stay, and a text wakes them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from gui.bridge.chat import Chat
from gui.window.actions.context import WindowContext
from gui.window.page.banners import Banner
from gui.window.page.chat_page import ChatPage
from gui.window.sheets.question import Question
from gui.window.widgets.keys_ahead import HeldKeys
from gui.wording import action_texts, notice_texts, page_texts
from session_host.errors import OutliveError, StaysAwake
from session_host.standing.sleep import why_awake, why_never

from .chat_actions import listed

SHOWN_WITHIN_S = 10.0
"""How long keys wait until the page of a chat shows that it is asleep."""


async def _until_shown_asleep(page: ChatPage) -> None:
    """Wait until a page shows that its chat is asleep: it hears of the end from the host, or from the store."""
    changed = asyncio.Event()
    signals = page.settled, page.chat.changed
    connections = [signal.connect(changed.set) for signal in signals]
    try:
        async with asyncio.timeout(SHOWN_WITHIN_S):
            while not page.is_disposed and not page.bars.sleep.is_open:
                changed.clear()
                await changed.wait()
    except TimeoutError:
        pass
    finally:
        for signal, connection in zip(signals, connections, strict=True):
            signal.disconnect(connection)


class _Reason(NamedTuple):
    """Why a chat stays awake.

    Attributes:
        text: such as "it asks something"; "" if it sleeps.
        can_force: whether it can be put to sleep anyway.
    """

    text: str = ""
    can_force: bool = False


class SleepActions:
    """Puts chats to sleep; what would end with one that is at work is said before."""

    def __init__(self, context: WindowContext) -> None:
        self._tabs, self._keys_ahead = context.tabs, context.keys_ahead
        self._sheets, self._banners, self._open_chat = context.sheets, context.banners, context.open_chat
        self._tasks, self._lifecycle = context.sessions.tasks, context.sessions.lifecycle

    def put_to_sleep(self, chat: Chat) -> None:
        """Put a chat to sleep; if it is at work, say so, and offer to do it anyway.

        What the user types meanwhile is for the chat, if its tab is shown, also if he has chosen this in the list.
        """
        typed = self._keys_ahead.hold() if self._tabs.active_id == chat.id else None
        self._tasks.start(self._put_to_sleep(chat, typed), "sleep")

    async def _put_to_sleep(self, chat: Chat, typed: HeldKeys | None) -> None:
        why, can_force = await self._reason(chat)
        if typed is not None:
            with typed:
                await self._give_keyboard(chat, typed, sleeps=not why)
        if not why:
            return
        text, key = notice_texts.STAYS_AWAKE(name=chat.full_name, why=why), f"sleep {chat.id}"
        if can_force:
            anyway = partial(self.ask_anyway, chat)
            self._banners.show_banner(Banner(text, action_texts.SLEEP_ANYWAY(), anyway, key, kind="failed"))
        else:
            self._banners.inform(text, kind="failed", key=key)

    async def _give_keyboard(self, chat: Chat, typed: HeldKeys, *, sleeps: bool) -> None:
        """Give the chat's page the keyboard and what was typed, once it shows that the chat is asleep."""
        page = self._tabs.active_page
        if page is None or page.chat is not chat:
            return
        if sleeps:
            await _until_shown_asleep(page)
        if page.is_disposed or page is not self._tabs.active_page:
            return
        if not typed.is_left:
            page.focus_content()
        typed.deliver(page)

    async def _reason(self, chat: Chat, *, anyway: bool = False) -> _Reason:
        """Put a chat to sleep."""
        if not anyway and (why := why_awake(chat.record)):
            return _Reason(page_texts.IT(what=why), not why_never(chat.record))
        try:
            await self._lifecycle.put_to_sleep(chat, anyway=anyway)
        except StaysAwake as error:
            what = str(error).removeprefix(f"{chat.record.entry.name} ")
            return _Reason(page_texts.IT(what=what), not why_never(chat.record))
        except OutliveError as error:
            return _Reason(str(error))
        return _Reason()

    def ask_anyway(self, chat: Chat) -> None:
        """Ask whether to put a chat to sleep that is at work, and say what ends with it."""
        self._tasks.start(self._ask_anyway(chat), "sleep")

    async def _ask_anyway(self, chat: Chat) -> None:
        try:
            why = await self._lifecycle.why_awake(chat)
        except OutliveError as error:
            text = notice_texts.STAYS_AWAKE(name=chat.full_name, why=error)
            self._banners.inform(text, kind="failed", key=f"sleep {chat.id}")
            return
        self._banners.withdraw(f"sleep {chat.id}")
        question = Question(
            page_texts.SLEEP_ANYWAY(name=chat.full_name, why=why) if why else page_texts.SLEEP_ONE(name=chat.full_name),
            action_texts.SLEEP(),
            lambda: self._tasks.start(self._sleep_all([chat], anyway=True), "sleep"),
            page_texts.ENDS_WITH_WORK() if why else page_texts.ENDS_WITH_SLEEP(),
            discards=True,
        )
        self._open_chat(chat).question.ask(question)

    def put_several_to_sleep(self, chats: Sequence[Chat]) -> None:
        """Put those of these chats to sleep that have nothing to do, after a question."""
        idle = [chat for chat in chats if not why_awake(chat.record)]
        if idle:
            question = Question(
                page_texts.SLEEP_SEVERAL(n=len(idle)),
                action_texts.sleep_chats(len(idle)).rstrip("…"),
                lambda: self._tasks.start(self._sleep_all(idle), "sleep"),
                page_texts.ENDS_WITH_SLEEP(),
                listed(idle),
            )
            self._sheets.question.ask(question)

    async def _sleep_all(self, chats: Sequence[Chat], *, anyway: bool = False) -> None:
        reasons = await asyncio.gather(*(self._reason(chat, anyway=anyway) for chat in chats))
        awake = [
            notice_texts.AWAKE(name=chat.full_name, why=reason.text)
            for chat, reason in zip(chats, reasons, strict=True)
            if reason.text
        ]
        if awake:
            self._banners.inform(notice_texts.STAY_AWAKE(chats="; ".join(awake)), kind="failed", key="sleep several")
