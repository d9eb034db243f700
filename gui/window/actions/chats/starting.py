"""Starts chats: with the sheet for a new chat, like another chat, a shell, the installation of an agent."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs
from msgspec.structs import replace
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from gui.bridge.chat import Chat
from gui.bridge.new_chat import NewChatRequest, setup_of, write_setup
from gui.settings.layout import Start
from gui.settings.live import LiveSettings
from gui.settings.pane_tree import Side
from gui.window.actions.context import WindowContext
from gui.window.actions.tabs_and_panes import has_room
from gui.window.new_chat.request import start_of, suggested_name
from gui.window.widgets.activation import raise_window
from gui.window.widgets.keys_ahead import HeldKeys
from gui.wording import new_chat_texts, notice_texts, phrases
from session_host.agents.agent import Agent
from session_host.errors import OutliveError
from session_host.paths import named_directory
from session_host.protocol.values import FileLocation, GridSize, Runtime

if TYPE_CHECKING:
    from gui.window.sheets.sheet import Sheet
    from session_host.client.machine import Machine

RECENT_DIRECTORIES = 12
SHELL, COMMAND = "shell", "command"
"""The agents that are the user's shell and any command."""
AGENT_DELAY_MS = 150
"""How long an agent is chosen before its start is prepared."""


class StartActions(QObject):
    """The actions that start chats.

    Signals:
        agent_selected: the user selected this agent in the sheet for a new chat.

    Attributes:
        agent_timer: runs from the selection of an agent until ``agent_selected``.
    """

    agent_selected = Signal(Agent)

    def __init__(self, context: WindowContext, settings: LiveSettings) -> None:
        super().__init__(context.window)
        self._window, self._settings = context.window, settings
        self._sessions, self._agents, self._layout = context.sessions, context.agents, context.layout
        self._tabs, self._sheets, self._banners = context.tabs, context.sheets, context.banners
        self._open_chat, self._focus_page = context.open_chat, context.focus_page
        self._keys_ahead = context.keys_ahead
        self._sheets_start: asyncio.Task[None] | None = None
        """The start that the sheet shows."""
        self.agent_timer = QTimer(self, singleShot=True, interval=AGENT_DELAY_MS)
        self.agent_timer.timeout.connect(self._on_agent_settled)
        context.sheets.sheet_created.connect(self._on_sheet)

    def _on_sheet(self, sheet: Sheet) -> None:
        from gui.window.new_chat.sheet import NewChatSheet

        if isinstance(sheet, NewChatSheet):
            sheet.start_requested.connect(self._on_start_requested)
            sheet.start_cancelled.connect(self._on_start_cancelled)
            sheet.install_requested.connect(self._install)
            sheet.directory_settled.connect(self._on_directory)
            self._sessions.path_found.connect(sheet.refresh_agents)
            self._sessions.changed.connect(sheet.naming.update_name)
            sheet.opened.connect(self.agent_timer.start)
            sheet.opened.connect(self._look_for_agents)
            sheet.tiles.chosen.connect(lambda _name: self.agent_timer.start())

    # ------------------------------------------------------------ with the sheet

    def new_chat(
        self,
        agent: str = "",
        directory: str = "",
        arguments: list[str] | None = None,
        overrides: Mapping[str, str] | None = None,
        runtime: Runtime = "terminal",
    ) -> None:
        """Open the sheet for a new chat; values that are not given are the default ones, or those of the last start.

        Given ones hold for this one time.
        """
        if not (agent or directory or arguments or overrides) and self._sheets.new_chat.reopen_draft():
            return
        layout = self._layout
        suggested = {}
        if arguments is not None and agent in self._agents:
            suggested[agent] = start_of(self._agents[agent], arguments, runtime)
        where = directory or self._tabs.directory() or layout.last_directory or _start_directory()
        self._sheets.new_chat.ask(agent or self._default_agent(), where, self._starts(), overrides or {}, suggested)
        self._sessions.tasks.start(self._load_recent_directories(), "recent directories")

    def _default_agent(self) -> str:
        """The agent of the settings, if it is installed; else the one used last."""
        default = self._agents.get(self._settings.preferences.window.new_chat_agent)
        is_installed = default is not None and default.find(os.environ.get("PATH", os.defpath)) is not None
        return default.name if default is not None and is_installed else self._layout.last_agent

    def _starts(self) -> Mapping[str, Start]:
        """The last start of each agent, in the default view of the settings where the agent has both views."""
        view, starts = self._settings.preferences.window.new_chat_view, self._layout.starts
        if view == "last":
            return starts
        runtime: Runtime = "structured" if view == "chat" else "terminal"
        both = (each for each in self._agents.values() if each.structured is not None and not each.arguments_replace)
        own = {each.name: structs.replace(starts.get(each.name, Start()), runtime=runtime) for each in both}
        return starts | own

    def new_chat_in_worktree(self) -> None:
        """Open the sheet for a new chat, with a git worktree suggested."""
        self.new_chat()
        self._sheets.new_chat.suggest_worktree()

    def _on_agent_settled(self) -> None:
        sheet = self._sheets.new_chat
        name = sheet.tiles.current()
        if sheet.is_open and sheet.tiles.is_installed(name):
            self.agent_selected.emit(self._agents[name])

    def _on_directory(self, directory: str) -> None:
        self._sessions.tasks.start(self._load_repository_status(directory), "repository")

    async def _load_repository_status(self, directory: str) -> None:
        status = await self._sessions.git_status_watcher.status_of(directory)
        self._sheets.new_chat.set_repository_status(directory, status, await asyncio.to_thread(setup_of, directory))

    async def _load_recent_directories(self) -> None:
        self._sheets.new_chat.directory.set_recent(await self._sessions.recent_directories(RECENT_DIRECTORIES))

    def _look_for_agents(self) -> None:
        """Ask the login shell for its PATH again; the sheet shows the agents that are installed there."""
        self._sessions.tasks.start(self._sessions.login_path.update(), "agents")

    # ------------------------------------------------------------ without it

    def new_like(self, chat: Chat, runtime: Runtime | None = None) -> None:
        """Start a chat with the same options as this one, in a new conversation; ``runtime``: in another view."""
        agent = self._agents.get(chat.record.agent)
        if agent is None:
            self._banners.inform(notice_texts.NO_SUCH_AGENT(agent=chat.record.agent), kind="failed")
            return
        request = request_like(agent, chat)
        request = replace(request, runtime=runtime or request.runtime)
        self._sessions.tasks.start(self._start(request, self._keys_ahead.hold(), replaces=chat), "start")

    def new_shell(self, directory: str, side: Side | None = None) -> None:
        """Start a shell in a directory: in a tab of the active pane, or in a new pane beside it."""
        if side is not None and self._tabs.active_chat is not None and not has_room(self._tabs, side, self._banners):
            return
        where = directory or self._layout.last_directory or _start_directory()
        name = suggested_name(where, SHELL)
        request = NewChatRequest(agent=SHELL, directory=where, name=name, arguments=[], is_named=False)
        self._sessions.tasks.start(self._start_without_sheet(request, self._keys_ahead.hold(), side), "shell")

    def edit(self, argv: list[str], file: FileLocation, directory: str, machine: Machine) -> None:
        """Run an editor of terminals on a machine, in a tab, which goes when the user leaves the editor.

        The window comes to the front: a file may be opened from another window.
        """
        raise_window(self._window)
        self._focus_page()
        self.run(argv, Path(file.path).name, directory, machine=machine.name)

    def run(
        self,
        argv: list[str],
        name: str,
        directory: str = "",
        on_success: Callable[[], object] = lambda: None,
        *,
        machine: str = "",
    ) -> None:
        """Run a command in a tab, which goes when the command has succeeded; with an error, it stays."""
        where = directory or str(Path.home())
        request = NewChatRequest(agent=COMMAND, directory=where, name=name, arguments=argv, machine=machine)
        self._sessions.tasks.start(self._run(request, self._keys_ahead.hold(), on_success), "command")

    async def _run(self, request: NewChatRequest, typed: HeldKeys, on_success: Callable[[], object]) -> None:
        chat = await self._start_without_sheet(request, typed)
        if chat is not None:
            chat.changed.connect(partial(self._on_command_changed, chat, on_success))

    def _on_command_changed(self, chat: Chat, on_success: Callable[[], object]) -> None:
        if chat.has_ended and chat.record.exit_code == 0 and self._sessions.removals.begin([chat], undo_ms=0):
            self._focus_page()
            on_success()

    def _install(self, agent: str) -> None:
        """Run the command that installs an agent in a chat of its own, where the user sees it and answers."""
        self._sheets.new_chat.dismiss()
        name, command = new_chat_texts.INSTALLATION_NAME(agent=agent), ["sh", "-c", self._agents[agent].install_hint]
        request = NewChatRequest(agent=COMMAND, directory=str(Path.home()), name=name, arguments=command)
        self._sessions.tasks.start(self._start_without_sheet(request, self._keys_ahead.hold()), "install")

    async def _start_without_sheet(
        self, request: NewChatRequest, typed: HeldKeys, side: Side | None = None
    ) -> Chat | None:
        """Start a chat and show it; None, after a banner, if it could not be started."""
        with typed:
            try:
                chat = await self._launch(request)
            except OutliveError as error:
                self._banners.inform(phrases.first_upper(str(error)), kind="failed", key=request.agent)
                return None
            has_page = self._tabs.active_chat is not None  # It may be another one than before the launch.
            if side is not None and has_page and has_room(self._tabs, side, self._banners):
                self._tabs.split_pane(self._tabs.active, side).tabs.insert(chat)
            typed.deliver(self._open_chat(chat).content.view)
            return chat

    def _on_start_requested(self, request: NewChatRequest) -> None:
        # Escape cancels the start.
        typed = self._keys_ahead.hold(passes=frozenset({Qt.Key.Key_Escape}))
        self._sessions.tasks.start(self._start_from_sheet(request, typed), "start")

    async def _start_from_sheet(self, request: NewChatRequest, typed: HeldKeys) -> None:
        self._sheets_start = asyncio.current_task()
        try:
            await self._start(request, typed)
        finally:
            self._sheets_start = None

    def _on_start_cancelled(self) -> None:
        if self._sheets_start is not None:
            self._sheets_start.cancel()

    # ------------------------------------------------------------ launching

    async def _launch(self, request: NewChatRequest) -> Chat:
        """Start the requested chat.

        Raises:
            OutliveError: it could not be started; nothing is left of it.
        """
        if request.setup is not None:
            write_setup(request.setup)
        size = GridSize(*self._layout.grid).clamped()
        return await self._sessions.launch(request, self._agents[request.agent], size)

    async def _start(self, request: NewChatRequest, typed: HeldKeys, replaces: Chat | None = None) -> None:
        with typed:
            chat = await self._start_and_open(request, typed, replaces)
        if chat is not None and request.worktree is not None:
            from session_host.client.chats.chat_worktree import note_on_worktree  # the window's start does not need it

            if note := await chat.machine.call(note_on_worktree, chat.record.worktree):
                self._banners.inform(phrases.first_upper(note), key=chat.id)

    async def _start_and_open(self, request: NewChatRequest, typed: HeldKeys, replaces: Chat | None) -> Chat | None:
        try:
            chat = await self._launch(request)
        except OutliveError as error:
            if replaces is not None:
                # The user can correct the values in the sheet.
                self.new_chat(request.agent, request.directory, request.arguments, request.overrides, request.runtime)
            problem = phrases.first_upper(str(error))
            if self._sheets.new_chat.is_open:
                self._sheets.new_chat.failed(problem)
            else:
                self._banners.inform(problem, kind="failed", key=request.agent)
            return None
        self._layout.last_agent, self._layout.last_directory = request.agent, request.directory
        if request.remembered is not None:
            self._layout.starts[request.agent] = request.remembered
        self._sheets.new_chat.done()
        typed.deliver(self._open_chat(chat).content.view)
        return chat


def request_like(agent: Agent, chat: Chat) -> NewChatRequest:
    """The request for a chat of this agent with the same options as another one."""
    record = chat.record
    return NewChatRequest(
        agent=agent.name,
        directory=record.cwd,
        name=record.name,
        is_named=record.is_named,
        arguments=agent.parse_conversation_options(record.arguments).others,
        overrides=dict(record.env),
        runtime=record.runtime,
    )


def _start_directory() -> str:
    """The directory in which the user typed ``outlive``; the home directory if a desktop started the window."""
    try:
        here = named_directory(".")
    except FileNotFoundError:
        here = "/"  # The directory was removed meanwhile.
    return str(Path.home()) if here == "/" else here
