"""Hands a chat's task over to another agent, or another account of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.bridge.chat import Chat
from gui.window.actions.context import WindowContext
from gui.window.widgets.keys_ahead import HeldKeys
from gui.wording import phrases
from session_host.errors import OutliveError
from session_host.protocol.values import GridSize

if TYPE_CHECKING:
    from gui.window.sheets.hand_over import HandOverWish, Taker
    from gui.window.sheets.sheet import Sheet


class HandOverActions:
    """Opens the sheet, starts the chat that takes over, and goes from one of the two chats to the other."""

    def __init__(self, context: WindowContext) -> None:
        self._sessions, self._layout = context.sessions, context.layout
        self._sheets, self._banners = context.sheets, context.banners
        self._open_chat, self._open_started = context.open_chat, context.open_started
        self._keys_ahead = context.keys_ahead
        context.sheets.sheet_created.connect(self._on_sheet)

    def _on_sheet(self, sheet: Sheet) -> None:
        from gui.window.sheets.hand_over import HandOverSheet

        if isinstance(sheet, HandOverSheet):
            sheet.start_requested.connect(self._on_start)

    def act(self, chat: Chat, kind: str) -> None:
        """Do what a button of the chat's page says, by the kind of its action."""
        if kind == "hand_over":
            self.ask(chat)
        elif (taker := self._sessions.chats.latest_continuation(chat.record.entry.handed_to)) is not None:
            self._open_chat(taker)

    def ask(self, chat: Chat) -> None:
        """Open the sheet for a chat."""
        sheet = self._sheets.hand_over
        sheet.ask(chat)
        sheet.show_takers(self._takers(chat))
        self._sessions.tasks.start(self._read(chat), "hand over")

    def _takers(self, chat: Chat) -> list[Taker]:
        """The installed agents and their accounts, but for the chat's own."""
        from gui.window.sheets.hand_over import Taker
        from session_host.client.chats.handing_over import can_take_over

        chats, origin = self._sessions.machines.named(chat.machine.name), chat.record.origin
        agents = [each for each in chats.agents.values() if can_take_over(each) and chats.is_installed(each)]
        found = [Taker(agent, account) for agent in agents for account in ("", *agent.accounts)]
        own = (origin.agent, origin.account)
        others = [each for each in found if (each.agent.name, each.account) != own]
        return sorted(others, key=lambda each: each.agent.name == origin.agent)

    async def _read(self, chat: Chat) -> None:
        """Look for the machine's agents, if they are not known yet, and read the conversation."""
        from session_host.client.chats.handing_over import offer_hand_over

        sheet = self._sheets.hand_over
        try:
            if not (chats := self._sessions.machines.named(chat.machine.name)).agents:
                await chats.find_agents()
                sheet.show_takers(self._takers(chat))
            sheet.show_offer(chat, await chat.machine.call(offer_hand_over, chat.session_id))
        except OutliveError as error:
            sheet.failed(str(error))

    def _on_start(self, wish: HandOverWish) -> None:
        self._sessions.tasks.start(self._start(wish, self._keys_ahead.hold()), "hand over")

    async def _start(self, wish: HandOverWish, typed: HeldKeys) -> None:
        sheet = self._sheets.hand_over
        with typed:
            try:
                chat, note = await self._sessions.lifecycle.hand_over(
                    wish.chat,
                    wish.taker.agent,
                    wish.taker.account,
                    wish.prompt,
                    wish.token,
                    GridSize(*self._layout.grid).clamped(),
                )
            except OutliveError as error:
                sheet.failed(str(error))
                return
            sheet.done()
            self._open_started(chat, typed)
        if note:
            self._banners.inform(phrases.first_upper(note), kind="failed", key=chat.id)
