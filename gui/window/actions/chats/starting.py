"""Starts chats: with the sheet for a new chat, like another chat, a shell, the installation of an agent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs
from msgspec.structs import replace
from PySide6.QtCore import QObject, Qt, Signal

from gui.bridge.chat import Chat
from gui.bridge.new_chat import NewChatRequest
from gui.input.refused_keys import refused_keys
from gui.settings.layout import Start
from gui.settings.live import LiveSettings
from gui.settings.pane_tree import Side
from gui.timers import single_shot
from gui.window.actions.context import WindowContext
from gui.window.actions.tabs_and_panes import has_room
from gui.window.new_chat.request import start_of, suggested_name
from gui.window.widgets.activation import raise_window
from gui.window.widgets.keys_ahead import HeldKeys
from gui.wording import new_chat_texts, notice_texts, phrases
from session_host.agents.agent import Agent
from session_host.errors import NoSuchAgent, OutliveError, Unreachable
from session_host.paths import named_directory, short_directory
from session_host.protocol.values import FileLocation, GridSize, Runtime

if TYPE_CHECKING:
    from gui.bridge.machine_chats import MachineChats
    from gui.window.new_chat.sheet import Place
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
        self._sessions, self._layout = context.sessions, context.layout
        self._agents = context.sessions.machines.here.agents
        self._tabs, self._sheets, self._banners = context.tabs, context.sheets, context.banners
        self._open_started, self._focus_page = context.open_started, context.focus_page
        self._keys_ahead = context.keys_ahead
        self._sheets_start: asyncio.Task[None] | None = None
        """The start that the sheet shows."""
        self.agent_timer = single_shot(self, AGENT_DELAY_MS)
        self.agent_timer.timeout.connect(self._on_agent_settled)
        context.sheets.sheet_created.connect(self._on_sheet)

    def _on_sheet(self, sheet: Sheet) -> None:
        from gui.window.new_chat.sheet import NewChatSheet

        if isinstance(sheet, NewChatSheet):
            sheet.start_requested.connect(self._on_start_requested)
            sheet.start_cancelled.connect(self._on_start_cancelled)
            sheet.install_requested.connect(self._install)
            sheet.directory_settled.connect(self._on_directory)
            sheet.machine_chosen.connect(self._on_machine_chosen)
            self._sessions.path_found.connect(sheet.refresh_agents)
            self._sessions.others.state_changed.connect(self._on_machine_state)
            self._sessions.others.changed.connect(self._on_machines_changed)
            self._sessions.chats.changed.connect(sheet.naming.update_name)
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
        machine: str = "",
        account: str = "",
    ) -> None:
        """Open the sheet for a new chat; values that are not given are the default ones, or those of the last start.

        Given ones hold for this one time. A ``machine`` is given with a directory of it.
        """
        sheet = self._sheets.new_chat
        if not (agent or directory or arguments or overrides) and sheet.machine in self._sessions.machines.by_name:
            self._offer_machines()
            if sheet.reopen_draft():
                self._look_at(sheet.machine)
                return
        where, machine = (directory, machine) if directory else self._default_place()
        if machine not in self._sessions.machines.by_name:
            where, machine = _start_directory(), ""
        chats = self._sessions.machines.by_name[machine]
        suggested = {}
        if arguments is not None and agent in chats.agents:
            suggested[agent] = start_of(chats.agents[agent], arguments, runtime, account)
        sheet.set_place(self._place(machine))
        self._offer_machines()
        sheet.ask(agent or self._default_agent(chats), where, self._starts(chats), overrides or {}, suggested)
        self._look_at(machine)

    def new_chat_on(self, machine: str) -> None:
        """Open the sheet for a new chat on a machine, with the input that it had when it was closed."""
        if self._sheets.new_chat.reopen_draft():
            self._on_machine_chosen(machine)
            self._offer_machines()
        else:
            self.new_chat(directory="~", machine=machine)

    def _offer_machines(self) -> None:
        self._sheets.new_chat.set_machines([name for name in self._sessions.machines.by_name if name])

    def _default_place(self) -> tuple[str, str]:
        """The directory and the machine of the active chat; without one, of the last start."""
        layout, chat = self._layout, self._tabs.active_chat
        if chat is not None and (directory := self._tabs.directory()):
            return directory, chat.machine.name
        return (layout.last_directory, layout.last_machine) if layout.last_directory else (_start_directory(), "")

    def _place(self, machine: str) -> Place:
        from gui.bridge.directories import DirectoriesHere, DirectoriesThere
        from gui.window.new_chat.sheet import Place
        from session_host.client.chats.installed_agents import EndpointDefaults, endpoint_defaults

        chats, others = self._sessions.machines.named(machine), self._sessions.others
        if not machine:
            directories = DirectoriesHere()
            return Place(machine, chats.agents, chats.is_installed, directories, endpoint_defaults, self._starts(chats))
        there = others.machines.get(machine)
        error = there.link.error if there is not None and not there.is_reachable else None
        return Place(
            machine,
            chats.agents,
            chats.is_installed,
            DirectoriesThere(chats, self._sessions.tasks),
            lambda: chats.endpoint or EndpointDefaults("", ""),
            self._starts(chats),
            str(error) if error else "",
        )

    def _look_at(self, machine: str) -> None:
        """Look for the agents and the recent directories of the sheet's machine."""
        self._sessions.tasks.start(self._load_recent_directories(machine), "recent directories")
        if machine:
            self._sessions.tasks.start(self._find_agents(machine), "agents")

    async def _find_agents(self, machine: str) -> None:
        try:
            await self._sessions.machines.named(machine).find_agents()
        except Unreachable:
            pass  # The sheet says so.
        except OutliveError as error:
            if self._sheets.new_chat.is_open and self._sheets.new_chat.machine == machine:
                self._sheets.new_chat.failed(phrases.first_upper(str(error)))
            return
        self._show_place(machine)

    def _show_place(self, machine: str) -> None:
        """Show what is known of the sheet's machine, unless another one was chosen meanwhile."""
        sheet = self._sheets.new_chat
        if sheet.is_open and sheet.machine == machine and machine in self._sessions.machines.by_name:
            sheet.set_place(self._place(machine))

    def _on_machine_chosen(self, machine: str) -> None:
        if machine in self._sessions.machines.by_name:
            self._sheets.new_chat.set_place(self._place(machine))
            self._look_at(machine)

    def _on_machine_state(self, machine: str) -> None:
        sheet = self._sheets.new_chat
        if not sheet.is_open or sheet.machine != machine or machine not in self._sessions.machines.by_name:
            return
        place = self._place(machine)
        sheet.show_state(place)
        if not place.problem:
            self._look_at(machine)

    def _on_machines_changed(self) -> None:
        sheet = self._sheets.new_chat
        if sheet.machine not in self._sessions.machines.by_name:
            sheet.set_place(self._place(""))
        self._offer_machines()

    def _default_agent(self, chats: MachineChats) -> str:
        """The agent of the settings, if it is installed; else the one used last."""
        default = chats.agents.get(self._settings.preferences.window.new_chat_agent)
        is_installed = default is not None and chats.is_installed(default)
        return default.name if default is not None and is_installed else self._layout.last_agent

    def _starts(self, chats: MachineChats) -> Mapping[str, Start]:
        """The last start of each agent there, in the default view of the settings where the agent has both views."""
        there, view = chats.machine.prefix, self._settings.preferences.window.new_chat_view
        starts = {
            name: start for key, start in self._layout.starts.items() if there + (name := key.rpartition("/")[2]) == key
        }
        if view == "last":
            return starts
        runtime: Runtime = "structured" if view == "chat" else "terminal"
        both = (each for each in chats.agents.values() if len(each.runtimes) > 1 and not each.arguments_replace)
        own = {each.name: structs.replace(starts.get(each.name, Start()), runtime=runtime) for each in both}
        return starts | own

    def new_chat_in_worktree(self) -> None:
        """Open the sheet for a new chat, with a git worktree suggested."""
        self.new_chat()
        self._sheets.new_chat.suggest_worktree()

    def _on_agent_settled(self) -> None:
        sheet = self._sheets.new_chat
        name = sheet.tiles.current()
        if sheet.is_open and not sheet.machine and sheet.tiles.is_installed(name):
            self.agent_selected.emit(self._agents[name])

    def _on_directory(self, directory: str) -> None:
        machine = self._sheets.new_chat.machine
        self._sessions.tasks.start(self._load_repository(machine, directory), "repository")

    async def _load_repository(self, machine: str, directory: str) -> None:
        from session_host.client.chats.setup_entries import repository_of

        with contextlib.suppress(Unreachable):  # The sheet says so.
            found = await self._sessions.machines.named(machine).machine.call(repository_of, directory)
            if self._sheets.new_chat.machine == machine:
                status, setup = (found.status, found.setup) if found is not None else (None, None)
                self._sheets.new_chat.set_repository_status(directory, status, setup)

    async def _load_recent_directories(self, machine: str) -> None:
        with contextlib.suppress(Unreachable):
            recent = await self._sessions.lifecycle.recent_directories(RECENT_DIRECTORIES, machine)
            self._sheets.new_chat.suggest_directory(machine, recent)

    def _look_for_agents(self) -> None:
        """Ask the login shell for its PATH again; the sheet shows the agents that are installed there."""
        self._sessions.tasks.start(self._sessions.login_path.update(), "agents")

    # ------------------------------------------------------------ without it

    def new_like(self, chat: Chat, runtime: Runtime | None = None) -> None:
        """Start a chat with the same options as this one, in a new conversation; ``runtime``: in another view."""
        agent = self._sessions.machines.agent_of(chat)
        if agent is None:
            self._banners.inform(notice_texts.NO_SUCH_AGENT(agent=chat.record.origin.agent), kind="failed")
            return
        request = request_like(agent, chat)
        request = replace(request, runtime=runtime or request.runtime)
        self._sessions.tasks.start(self._start_like(agent, request, self._keys_ahead.hold(), chat), "start")

    async def _start_like(self, agent: Agent, request: NewChatRequest, typed: HeldKeys, chat: Chat) -> None:
        from session_host.client.chats.launch_spec import arguments_of_new_conversation

        with typed:
            try:
                arguments = await chat.machine.call(arguments_of_new_conversation, agent, request.arguments)
            except OutliveError as error:
                self._report_failed(request, error)
                return
            await self._start(replace(request, arguments=arguments), typed, replaces=chat)

    def new_shell(self, find_directory: Callable[[], Awaitable[str]], side: Side | None = None) -> None:
        """Start a shell in the active chat's directory: in a tab of the active pane, or in a new pane beside it."""
        tabs = self._tabs
        if side is not None and tabs.active_chat is not None and not has_room(tabs.panes, side, self._banners):
            return
        self._sessions.tasks.start(self._start_shell(find_directory, self._keys_ahead.hold(), side), "shell")

    async def _start_shell(
        self, find_directory: Callable[[], Awaitable[str]], typed: HeldKeys, side: Side | None
    ) -> None:
        with typed:
            chat = self._tabs.active_chat
            machine = chat.machine.name if chat is not None else ""
            last = self._layout.last_directory if not self._layout.last_machine else ""
            where = await find_directory() or last or _start_directory()
            shown = short_directory(where, self._sessions.machines.named(machine).machine.home)
            name = suggested_name(shown, SHELL)
            request = NewChatRequest(SHELL, where, name, [], is_named=False, machine=machine)
            await self._start_without_sheet(request, typed, side)

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
        on_end: Callable[[bool], object] = lambda _has_succeeded: None,
        *,
        machine: str = "",
    ) -> None:
        """Run a command in a tab, which goes when the command has succeeded; with an error, it stays."""
        where = directory or str(Path.home())
        request = NewChatRequest(agent=COMMAND, directory=where, name=name, arguments=argv, machine=machine)
        self._sessions.tasks.start(self._run(request, self._keys_ahead.hold(), on_end), "command")

    async def _run(self, request: NewChatRequest, typed: HeldKeys, on_end: Callable[[bool], object]) -> None:
        chat = await self._start_without_sheet(request, typed)
        if chat is not None:
            chat.changed.connect(partial(self._on_command_changed, chat, on_end))

    def _on_command_changed(self, chat: Chat, on_end: Callable[[bool], object]) -> None:
        if not chat.has_ended:
            return
        if chat.record.outcome.exit_code:
            on_end(False)
            return
        page = self._tabs.active_page
        had_keyboard = page is not None and page.chat is chat and page.has_keyboard
        if chat.record.outcome.exit_code == 0 and self._sessions.removals.begin([chat], undo_ms=0):
            if had_keyboard:
                refused_keys.begin()
                self._focus_page()
            on_end(True)

    def _install(self, agent: str) -> None:
        """Run the command that installs an agent in a chat of its own, where the user sees it and answers."""
        sheet = self._sheets.new_chat
        sheet.dismiss()
        hint = self._sessions.machines.named(sheet.machine).agents[agent].install_hint
        name, home = new_chat_texts.INSTALLATION_NAME(agent=agent), sheet.directory.directories.absolute("~")
        request = NewChatRequest(COMMAND, home, name, ["sh", "-c", hint], machine=sheet.machine)
        self._sessions.tasks.start(self._start_without_sheet(request, self._keys_ahead.hold()), "install")

    async def _start_without_sheet(
        self, request: NewChatRequest, typed: HeldKeys, side: Side | None = None
    ) -> Chat | None:
        """Start a chat and show it; None, after a banner, if it could not be started."""
        with typed:
            try:
                chat = await self._launch(request)
            except OutliveError as error:
                self._report_failed(request, error)
                return None
            has_page = self._tabs.active_chat is not None  # It may be another one than before the launch.
            is_beside = side is not None and has_page and not typed.is_left
            if side is not None and is_beside and has_room(self._tabs.panes, side, self._banners):
                self._tabs.panes.split_pane(self._tabs.panes.active, side).tabs.insert(chat)
            self._open_started(chat, typed)
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
        chats = self._sessions.machines.named(request.machine)
        if request.agent not in chats.agents:
            await chats.find_agents()
        if request.agent not in chats.agents:
            raise NoSuchAgent(notice_texts.NO_SUCH_AGENT(agent=request.agent))
        if request.setup is not None:
            from session_host.client.chats.setup_entries import write_setup

            await chats.machine.call(write_setup, request.setup)
        return await self._sessions.lifecycle.launch(
            request, chats.agents[request.agent], GridSize(*self._layout.grid).clamped()
        )

    def _report_failed(self, request: NewChatRequest, error: OutliveError) -> None:
        line = notice_texts.failed(notice_texts.CANNOT_START(program=request.name), error)
        self._banners.inform(line, kind="failed", key=request.agent)

    def note_start(self, request: NewChatRequest) -> None:
        """Suggest the agent, the directory and the machine of a start for the next one."""
        layout = self._layout
        layout.last_agent, layout.last_directory = request.agent, request.directory
        layout.last_machine = request.machine

    async def _start(self, request: NewChatRequest, typed: HeldKeys, replaces: Chat | None = None) -> None:
        with typed:
            chat = await self._start_and_open(request, typed, replaces)
        if chat is not None and request.worktree is not None:
            from session_host.client.chats.chat_worktree import note_on_worktree  # the window's start does not need it

            if note := await chat.machine.call(note_on_worktree, chat.record.origin.worktree):
                self._banners.inform(phrases.first_upper(note), key=chat.id)

    async def _start_and_open(self, request: NewChatRequest, typed: HeldKeys, replaces: Chat | None) -> Chat | None:
        try:
            chat = await self._launch(request)
        except OutliveError as error:
            if replaces is not None:
                # The user can correct the values in the sheet. It comes up by itself, perhaps under his keys.
                refused_keys.begin()
                self.new_chat(
                    request.agent,
                    request.directory,
                    request.arguments,
                    request.overrides,
                    request.runtime,
                    request.machine,
                    request.account,
                )
            if self._sheets.new_chat.is_open:
                self._sheets.new_chat.failed(phrases.first_upper(str(error)))
            else:
                self._report_failed(request, error)
            return None
        self.note_start(request)
        if request.remembered is not None:
            self._layout.starts[f"{request.machine}/{request.agent}".removeprefix("/")] = request.remembered
        self._sheets.new_chat.done()
        self._open_started(chat, typed)
        return chat


def request_like(agent: Agent, chat: Chat) -> NewChatRequest:
    """The request for a chat of this agent with the same options as another one."""
    record = chat.record
    return NewChatRequest(
        agent=agent.name,
        directory=record.origin.cwd,
        name=record.entry.name,
        is_named=record.entry.is_named,
        arguments=record.origin.arguments,
        machine=chat.machine.name,
        account=record.origin.account,
        overrides=dict(record.origin.overrides),
        runtime=agent.nearest_runtime(record.origin.runtime),
    )


def _start_directory() -> str:
    """The directory in which the user typed ``outlive``; the home directory if a desktop started the window."""
    try:
        here = named_directory(".")
    except FileNotFoundError:
        here = "/"  # The directory was removed meanwhile.
    return str(Path.home()) if here == "/" else here
