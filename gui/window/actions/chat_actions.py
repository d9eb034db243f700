"""Actions on chats: start, rename, stop, kill, remove."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from gui.bridge.chat import Chat
from gui.bridge.sessions_model import SessionsModel
from gui.bridge.worktree_setup import setup_of, write_setup
from gui.settings.layout import WindowLayout
from gui.settings.pane_tree import Side
from gui.window.actions.exporting import export_to
from gui.window.actions.forking import ForkActions
from gui.window.actions.open_links import show_directory
from gui.window.actions.pane_actions import has_room
from gui.window.all_sheets import Sheets
from gui.window.new_chat.request import NewChatRequest, start_of, suggested_name
from gui.window.new_chat.sheet import NewChatSheet
from gui.window.page.banners import Banner, BannerArea
from gui.window.page.chat_page import ChatPage
from gui.window.panes.panes import Panes
from gui.window.sheets.question import Question
from gui.window.sheets.sheet import Sheet
from gui.wording import common_texts, new_chat_texts, notice_texts, page_texts, phrases
from gui.wording.second_lines import second_lines
from session_host.agents.agent import Agent
from session_host.agents.arguments import own_arguments
from session_host.errors import OutliveError
from session_host.paths import agent_socket
from session_host.protocol.values import GridSize, Runtime

RECENT_DIRECTORIES = 12
SHELL, COMMAND = "shell", "command"
"""The agents that are the user's shell and any command."""
AGENT_DELAY_MS = 150
"""How long an agent is chosen before its start is prepared."""


class ChatActions(QObject):
    """The user's actions on chats. Questions to the user appear over the chat's page.

    Signals:
        ending: the user ends a chat; ``several_ending``: several, in one go (a list of ``Chat``).
        agent_selected: the user selected this agent in the sheet for a new chat.

    Attributes:
        agent_timer: runs from the selection of an agent until ``agent_selected``.
        forking: the actions that fork chats.
    """

    ending = Signal(Chat)
    several_ending = Signal(list)
    agent_selected = Signal(Agent)

    def __init__(
        self,
        window: QWidget,
        sessions: SessionsModel,
        agents: Mapping[str, Agent],
        layout: WindowLayout,
        sheets: Sheets,
        banners: BannerArea,
        tabs: Panes,
        open_chat: Callable[[Chat], ChatPage],
        focus_page: Callable[[], object],
    ) -> None:
        super().__init__(window)
        self._sessions = sessions
        self._agents = agents
        self._layout = layout
        self._sheets = sheets
        self._banners = banners
        self._open_chat = open_chat
        self._tabs = tabs
        self._focus_page = focus_page
        self.forking = ForkActions(sessions, agents, layout, sheets, banners, tabs, open_chat)
        self.agent_timer = QTimer(self, singleShot=True, interval=AGENT_DELAY_MS)
        self.agent_timer.timeout.connect(self._on_agent_settled)
        sheets.sheet_created.connect(self._on_sheet)
        sessions.removed.connect(lambda session_id: banners.withdraw(f"removed {session_id}"))

    def _on_sheet(self, sheet: Sheet) -> None:
        if isinstance(sheet, NewChatSheet):
            sheet.start_requested.connect(self._on_start_requested)
            sheet.install_requested.connect(self._install)
            sheet.directory_settled.connect(self._on_directory)
            self._sessions.path_found.connect(sheet.refresh_agents)
            self._sessions.changed.connect(sheet.naming.update_name)
            sheet.opened.connect(self.agent_timer.start)
            sheet.tiles.chosen.connect(lambda _name: self.agent_timer.start())

    # ------------------------------------------------------------ starting

    def new_chat(
        self,
        agent: str = "",
        directory: str = "",
        arguments: list[str] | None = None,
        overrides: Mapping[str, str] | None = None,
    ) -> None:
        """Open the sheet for a new chat; values that are not given are those of the last start."""
        if not (agent or directory or arguments or overrides) and self._sheets.new_chat.reopen_draft():
            return
        layout = self._layout
        starts = dict(layout.starts)
        if arguments is not None and agent in self._agents:
            starts[agent] = start_of(self._agents[agent], arguments)
        where = directory or self._tabs.directory() or layout.last_directory or _start_directory()
        self._sheets.new_chat.ask(agent or layout.last_agent, where, starts, overrides or {})
        self._sessions.tasks.start(self._load_recent_directories(), "recent directories")

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
        status = await self._sessions.checkouts.status_of(directory)
        self._sheets.new_chat.set_repository_status(directory, status, await setup_of(directory))

    async def _load_recent_directories(self) -> None:
        self._sheets.new_chat.directory.set_recent(await self._sessions.recent_directories(RECENT_DIRECTORIES))

    def new_like(self, chat: Chat) -> None:
        """Start a chat with the same options as this one, in a new conversation."""
        agent = self._agents.get(chat.record.agent)
        if agent is None:
            self._banners.inform(notice_texts.no_such_agent(chat.record.agent), kind="failed")
            return
        request = NewChatRequest(
            agent=agent.name,
            directory=chat.record.cwd,
            name=chat.name,
            arguments=own_arguments(agent, chat.record.argv, chat.record.arguments),
            overrides=dict(chat.record.env),
            runtime=chat.record.runtime,
        )
        self._sessions.tasks.start(self._start(request, replaces=chat), "start")

    def new_shell(self, directory: str, side: Side | None = None) -> None:
        """Start a shell in a directory: in a tab of the active pane, or in a new pane beside it."""
        if side is not None and self._tabs.active_chat is not None and not has_room(self._tabs, side, self._banners):
            return
        where = directory or self._layout.last_directory or _start_directory()
        request = NewChatRequest(agent=SHELL, directory=where, name=suggested_name(where, SHELL), arguments=[])
        self._sessions.tasks.start(self._start_without_sheet(request, side), "shell")

    def _install(self, agent: str) -> None:
        """Run the command that installs an agent in a chat of its own, where the user sees it and answers."""
        self._sheets.new_chat.dismiss()
        name, command = new_chat_texts.installation_name(agent), ["sh", "-c", self._agents[agent].install_hint]
        request = NewChatRequest(agent=COMMAND, directory=str(Path.home()), name=name, arguments=command)
        self._sessions.tasks.start(self._start_without_sheet(request), "install")

    async def _start_without_sheet(self, request: NewChatRequest, side: Side | None = None) -> None:
        try:
            chat = await self._launch(request)
        except OutliveError as error:
            self._banners.inform(phrases.first_upper(str(error)), kind="failed", key=request.agent)
            return
        has_page = self._tabs.active_chat is not None  # It may be another one than before the launch.
        if side is not None and has_page and has_room(self._tabs, side, self._banners):
            self._tabs.split_pane(self._tabs.active, side).tabs.insert(chat)
        self._open_chat(chat)

    def _on_start_requested(self, request: NewChatRequest) -> None:
        self._sessions.tasks.start(self._start(request), "start")

    async def _launch(self, request: NewChatRequest) -> Chat:
        """Start the requested chat.

        Raises:
            OutliveError: it could not be started; nothing is left of it.
        """
        if request.setup is not None:
            write_setup(request.setup)
        chat = await self._sessions.launch(
            self._agents[request.agent],
            request.arguments,
            name=request.name,
            directory=request.directory,
            prompt=request.prompt,
            worktree=request.worktree,
            overrides=request.overrides,
            size=GridSize(*self._layout.grid).clamped(),
            runtime=request.runtime,
        )
        chat.has_prompt = bool(request.prompt)
        return chat

    async def _start(self, request: NewChatRequest, replaces: Chat | None = None) -> None:
        try:
            chat = await self._launch(request)
        except OutliveError as error:
            if replaces is not None:
                # The user can correct the values in the sheet.
                self.new_chat(request.agent, request.directory, request.arguments, request.overrides)
            self._sheets.new_chat.failed(phrases.first_upper(str(error)))
            return
        self._layout.last_agent, self._layout.last_directory = request.agent, request.directory
        if request.remembered is not None:
            self._layout.starts[request.agent] = request.remembered
        self._sheets.new_chat.done()
        self._open_chat(chat)

    # ------------------------------------------------------------ on one chat

    def other_runtime(self, chat: Chat) -> Runtime | None:
        """The other runtime of a chat's agent; None if the agent has only one."""
        agent = self._agents.get(chat.record.agent)
        if agent is None or agent.structured is None or not agent.conversation.resume:
            return None
        return "structured" if chat.record.runtime == "terminal" else "terminal"

    def can_show_terminal(self, chat: Chat) -> bool:
        """Whether a running structured chat can also be shown in its agent's own terminal."""
        agent = self._agents.get(chat.record.agent)
        return (
            agent is not None
            and not chat.has_ended
            and agent.serves_terminal(chat.record.argv, str(agent_socket(chat.id)))
        )

    def open_agent_terminal(self, chat: Chat) -> None:
        """Show a running structured chat also in its agent's own terminal, in the tab beside it."""
        self._sessions.tasks.start(self._open_agent_terminal(chat), "terminal")

    async def _open_agent_terminal(self, chat: Chat) -> None:
        try:
            terminal = await self._sessions.resume(chat, GridSize(*self._layout.grid).clamped(), runtime="terminal")
        except OutliveError as error:
            self._banners.inform(notice_texts.cannot_open_terminal(error), kind="failed", key=f"terminal {chat.id}")
            return
        self._tabs.activate(chat.id)
        self._open_chat(terminal)

    def has_conversations(self, chat: Chat) -> bool:
        """Whether the chat's agent has conversations that can be resumed."""
        agent = self._agents.get(chat.record.agent)
        return agent is not None and bool(agent.conversation.resume or agent.conversation.picker)

    def can_resume(self, chat: Chat) -> bool:
        """Whether such a chat can be resumed once it has ended, as far as its agent decides: a shell starts again."""
        return chat.record.is_shell or self.has_conversations(chat)

    def close_tab(self, session_id: str) -> None:
        """Close a tab; the first time, a line says that the chat keeps running."""
        chat = self._sessions.get(session_id)
        explains = chat is not None and not chat.has_ended and not self._layout.close_explained
        self._layout.close_explained |= explains  # Saved with the next change of the tabs.
        self._tabs.close(session_id)
        self._focus_page()
        if explains:
            text = notice_texts.tab_closed()
            self._banners.show_banner(Banner(text, notice_texts.reopen(), self._tabs.reopen, key="closed tab"))

    def act_on_double_click(self, session_id: str) -> None:
        """Rename the chat of a tab that was double clicked; "", the empty part of the row, asks for a new chat."""
        if not session_id:
            self.new_chat()
        elif (chat := self._sessions.get(session_id)) is not None:
            self.rename(chat)

    def rename(self, chat: Chat) -> None:
        """Ask for a new name."""
        self._sheets.name.ask(chat.name, lambda name: self._sessions.rename(chat, name))

    def pin(self, chats: Sequence[Chat], *, pinned: bool) -> None:
        """Pin or unpin chats in the sidebar."""
        self._sessions.order.pin(chats, pinned=pinned)

    def stop(self, chat: Chat) -> None:
        """End a chat politely; ask first if work would be lost."""
        self._end(chat, self._sessions.stop)

    def kill(self, chat: Chat) -> None:
        """End a chat at once; ask first if work would be lost."""
        self._end(chat, self._sessions.kill, kills=True)

    def _end(self, chat: Chat, end: Callable[[Chat], object], *, kills: bool = False) -> None:
        if chat.has_ended:
            return

        def now() -> None:
            self._layout.note_ended_by_user(chat.id)
            self.ending.emit(chat)
            end(chat)

        if (reason := chat.reason_to_confirm_end) and not chat.has_ended:
            question = (
                Question(page_texts.kill_question(reason), common_texts.kill(), now, page_texts.unsaved_work_is_lost())
                if kills
                else Question(page_texts.stop_question(reason), common_texts.stop(), now)
            )
            self._open_chat(chat).ask(question)
        else:
            now()

    def remove(self, chat: Chat) -> None:
        """Remove an ended chat; the user can undo this for a while."""
        if chat.has_ended and self._sessions.removals.begin(chat):
            undo = Banner(
                notice_texts.removed(chat.name),
                notice_texts.undo(),
                lambda: self._sessions.removals.undo(chat),
                key=f"removed {chat.id}",
            )
            self._banners.show_banner(undo)

    def copy_name(self, chat: Chat) -> None:
        """Put a chat's name on the clipboard."""
        QGuiApplication.clipboard().setText(chat.name)

    def mute_or_unmute(self, chat: Chat) -> None:
        """Mute or unmute a chat's notifications."""
        self._sessions.muting.mute_chat(chat, muted=not chat.is_muted)
        message_of = notice_texts.chat_muted if chat.is_muted else notice_texts.chat_unmuted
        self._banners.inform(message_of(chat.name), key="muting")

    def export(self, chat: Chat) -> None:
        """Ask for a file, and export a chat's whole recording to it."""
        self._sheets.export.ask(chat.name, Path.home(), lambda path: self._export(chat, path), chat.record.runtime)

    def _export(self, chat: Chat, path: Path) -> None:
        self._sessions.tasks.start(self._export_now(chat, path), "export")

    async def _export_now(self, chat: Chat, path: Path) -> None:
        key = f"export {chat.id}"
        try:
            await export_to(path, chat, self._banners, key)
        except OutliveError as error:
            self._banners.inform(notice_texts.cannot_export(chat.name, error), kind="failed", key=key)
        else:
            text = notice_texts.exported(chat.name, phrases.short_directory(str(path)))
            show = Banner(text, notice_texts.show_in_folder(), lambda: show_directory(str(path.parent)), key)
            self._banners.show_banner(show)

    def stop_all(self) -> None:
        """Ask whether to stop all chats."""
        running = self._sessions.running()
        if not running:
            self._banners.inform(common_texts.no_running_chats(), key="stop all")
            return
        count = len(running)
        self._sheets.question.ask(
            Question(
                page_texts.stop_one(running[0].name) if count == 1 else page_texts.stop_all(count),
                common_texts.stop() if count == 1 else page_texts.stop_chats(count),
                lambda: self.stop_now(running),
                page_texts.agents_may_save(),
                listed(running) if count > 1 else "",
            )
        )

    def stop_now(self, chats: Sequence[Chat]) -> None:
        """Stop those of these chats that still run, after the user has confirmed it."""
        running = [chat for chat in chats if not chat.has_ended]
        for chat in running:
            self._layout.note_ended_by_user(chat.id)
            self._sessions.stop(chat)
        if running:
            self.several_ending.emit(running)


def listed(chats: Sequence[Chat]) -> str:
    """The chats of a question, one a line; chats of the same name with the part that distinguishes them.

    Those that are at work come first, since a long list is scrolled.
    """
    lines = second_lines(chats)

    def line(chat: Chat) -> str:
        difference = lines[chat.id].difference
        is_named = difference == chat.status_text or difference in chat.name_and_state
        return chat.name_and_state if is_named else page_texts.chat_and_state(chat.name_and_state, difference)

    return "\n".join(map(line, sorted(chats, key=lambda chat: chat.has_ended or not chat.reason_to_confirm_end)))


def _start_directory() -> str:
    """The directory in which the user typed ``outlive``; the home directory if a desktop started the window."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        here = Path("/")  # The directory was removed meanwhile.
    return str(Path.home() if here == Path("/") else here)
