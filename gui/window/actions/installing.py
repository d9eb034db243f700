"""Installs an agent from the sheet for a new chat: its command runs in a chat, where the user sees it and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject

from gui.bridge.chat import Chat
from gui.bridge.sessions_model import SessionsModel
from gui.settings.layout import WindowLayout
from gui.window.all_sheets import Sheets
from gui.window.new_chat.sheet import NewChatSheet
from gui.window.page.banners import BannerArea
from gui.window.sheets.sheet import Sheet
from gui.wording import new_chat_texts
from session_host.agents.agent import Agent
from session_host.errors import OutliveError
from session_host.protocol.values import GridSize

_COMMAND = "command"
"""The agent that runs any command."""


class InstallActions(QObject):
    """Runs the commands that install agents."""

    def __init__(
        self,
        sessions: SessionsModel,
        agents: Mapping[str, Agent],
        layout: WindowLayout,
        sheets: Sheets,
        banners: BannerArea,
        open_chat: Callable[[Chat], object],
    ) -> None:
        super().__init__(sheets)
        self._sessions = sessions
        self._agents = agents
        self._layout = layout
        self._sheets = sheets
        self._banners = banners
        self._open_chat = open_chat
        sheets.sheet_created.connect(self._on_sheet)

    def _on_sheet(self, sheet: Sheet) -> None:
        if isinstance(sheet, NewChatSheet):
            sheet.install_requested.connect(lambda agent: self._sessions.tasks.start(self._install(agent), "install"))

    async def _install(self, agent: Agent) -> None:
        self._sheets.new_chat.dismiss()
        try:
            chat = await self._sessions.launch(
                self._agents[_COMMAND],
                ["sh", "-c", agent.install_hint],
                name=new_chat_texts.installation_name(agent.name),
                directory=str(Path.home()),
                prompt="",
                worktree=None,
                overrides={},
                size=GridSize(*self._layout.grid).clamped(),
            )
        except OutliveError as error:
            text = str(error)
            self._banners.inform(f"{text[:1].upper()}{text[1:]}", kind="failed", key="install")
        else:
            self._open_chat(chat)
