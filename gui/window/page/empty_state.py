"""The page without an open tab: how to start a chat, and which agents are installed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.bridge.sessions import Sessions
from gui.theme.controls import FlowLayout, flow
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX
from gui.theme.tooltips import set_tooltip
from gui.window.widgets.parts import Area, MonogramTile, Scrolled, button, label
from gui.wording import common_texts, machine_texts, new_chat_texts, window_texts
from session_host.agents.agent import Agent

WIDTH_PX = 480
MAX_PX = 640
ROW_PX = 200
"""The width of an agent's row: two fit beside each other, and one into the narrowest window."""
LISTED = 6


class EmptyState(Area):
    """Shown while no tab is open.

    Attributes:
        title: the label of the heading.

    Signals:
        new_chat: the user starts a chat.
        agent_chosen: the user starts a chat with this agent.
        switch_requested: the user chooses a running chat.
    """

    new_chat = Signal()
    agent_chosen = Signal(str)
    switch_requested = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__("page")
        self._theme = theme
        self._checked_path: str | None = None
        """The PATH of the last search for agents since the page was shown."""
        self._look_for_agents: Callable[[], object] = lambda: None
        self._installed: list[str] | None = None
        self._missing: list[str] = []
        """The titles of agents that are not installed."""
        self.setAccessibleName(window_texts.NO_OPEN_CHATS())

    def _build(self) -> None:
        self.title = label("", "title")
        self._text = label("", "secondary")
        self._text.setWordWrap(True)
        self._start = button(common_texts.NEW_CHAT(), "primary", self.new_chat.emit)
        self._key = label("", "secondary")
        self._switch = button(window_texts.OPEN_RUNNING_CHAT(), "", self.switch_requested.emit)
        self._heading = label(window_texts.AGENTS_TO_CHOOSE(), "heading")
        self._heading.hide()
        self._agents = QWidget()
        self._rows = FlowLayout(self._agents, gap_px=4)
        self._promise = label("", "secondary")
        self._promise.setWordWrap(True)

        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._key.setMinimumHeight(self._start.sizeHint().height())
        layout.addWidget(self.title)
        layout.addSpacing(4)
        layout.addWidget(self._text)
        layout.addSpacing(GAP_L_PX)
        layout.addWidget(flow(self._start, self._key, self._switch))
        layout.addSpacing(GAP_L_PX + GAP_S_PX)
        layout.addWidget(self._heading)
        layout.addSpacing(GAP_S_PX)
        layout.addWidget(self._agents)
        layout.addSpacing(GAP_L_PX + GAP_S_PX)
        layout.addWidget(self._promise)
        self.scrolled = Scrolled(column, MAX_PX, window_texts.NO_OPEN_CHATS())
        self.scrolled.setMaximumWidth(WIDTH_PX)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.scrolled, 100)
        row.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(GAP_L_PX, GAP_L_PX, GAP_L_PX, GAP_L_PX)
        outer.addStretch(2)
        outer.addLayout(row)
        outer.addStretch(3)
        self.setFocusProxy(self._start)  # Enter starts a chat.

    def describe(self, agents: Mapping[str, Agent], path: str, sessions: Sessions, key: str) -> None:
        """Set the texts for a user with running chats, with ended chats, or without chats."""
        if self.layout() is None:
            self._build()  # Most windows open with tabs.
        running = sum(not chat.is_unreachable for chat in sessions.listed.running())
        away = {chat.machine.name: chat.machine for chat in sessions.listed.running() if chat.is_unreachable}
        if running:
            self.title.setText(window_texts.RUNNING_CHATS(n=running))
            self._text.setText(window_texts.CHOOSE_OR_START())
        elif away:
            count = sum(chat.is_unreachable for chat in sessions.listed.running())
            self.title.setText(window_texts.CHATS_ON(n=count, machines=", ".join(away)))
            states = (machine_texts.unreachable_machine(name, each.unreachable_since) for name, each in away.items())
            self._text.setText(window_texts.MAY_RUN_THERE(states=", ".join(states)))
        elif any(sessions.listed.groups().values()):
            self.title.setText(common_texts.NO_RUNNING_CHATS())
            self._text.setText(window_texts.ENDED_CHATS_ARE_IN_THE_SIDEBAR())
        elif not sessions.machines.here.is_loaded:
            self.title.setText(window_texts.CANNOT_LIST_CHATS())
            self._text.setText(window_texts.CHATS_APPEAR_LATER())
        else:
            self.title.setText(window_texts.FIRST_CHAT())
            self._text.setText(window_texts.FIRST_CHAT_HINT())
        self._show_promise()
        self._switch.setVisible(bool(running))
        self._key.setText(key)
        self._look_for_agents = lambda: sessions.tasks.start(self._find_installed(agents, path), "agents")
        if path != self._checked_path:
            self._checked_path = path
            self._look_for_agents()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._checked_path = None  # The user may have installed an agent in the meantime.

    def event(self, event: QEvent) -> bool:
        """Look for agents if the user comes back to the window, perhaps after installing one."""
        if event.type() == QEvent.Type.WindowActivate and self.isVisible():
            self._look_for_agents()
        return super().event(event)

    async def _find_installed(self, agents: Mapping[str, Agent], path: str) -> None:
        """Find the installed agents; a directory on PATH may be on a slow disk or a network."""
        known = list(agents.values())
        installed = await asyncio.to_thread(lambda: [agent.name for agent in known if agent.find(path) is not None])
        if path == self._checked_path and installed != self._installed:
            self._installed = installed
            self._show_agents(known, installed)

    def _show_agents(self, known: list[Agent], installed: list[str]) -> None:
        for row in self._rows.widgets():
            self._rows.removeWidget(row)
            row.hide()
            row.deleteLater()
        indexes = {agent.name: index for index, agent in enumerate(known)}
        there = [agent for agent in known if agent.name in installed]
        for agent in there[:LISTED]:
            self._rows.addWidget(self._row(agent, indexes[agent.name]))
        self._missing = [agent.title for agent in known if agent.name not in installed]
        self._heading.setVisible(bool(installed))
        self._show_promise()

    def _show_promise(self) -> None:
        """Say that chats keep running, if the text above does not, and how to install the other agents."""
        lines = [] if self._text.text() == window_texts.FIRST_CHAT_HINT() else [window_texts.CHATS_KEEP_RUNNING()]
        if self._missing:
            lines.append(window_texts.TO_INSTALL(agents=_listed(self._missing)))
        self._promise.setText(" ".join(lines))

    def _row(self, agent: Agent, index: int) -> QWidget:
        made = button(agent.title, "row", lambda: self.agent_chosen.emit(agent.name))
        made.setAccessibleName(window_texts.NEW_CHAT_WITH(agent=agent.title))
        set_tooltip(made, new_chat_texts.about(agent.name, ""))
        row = QHBoxLayout(made)
        row.setContentsMargins(4, 0, GAP_M_PX, 0)
        tile = MonogramTile(self._theme, agent.monogram, index)
        tile.setFixedSize(24, 24)
        tile.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        row.addWidget(tile)
        row.addStretch(1)
        made.setStyleSheet("QPushButton { padding-left: 36px; }")
        made.setFixedWidth(ROW_PX)
        return made


def _listed(names: list[str]) -> str:
    if len(names) <= 1:
        return "".join(names)
    return window_texts.OR(first=", ".join(names[:-1]), last=names[-1])
