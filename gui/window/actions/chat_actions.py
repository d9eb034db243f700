"""Actions on existing chats: close, rename, pin, export, stop, kill, remove."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from gui.bridge.chat import Chat
from gui.settings.live import LiveSettings
from gui.window.actions.context import WindowContext
from gui.window.actions.exporting import export_to
from gui.window.actions.forking import ForkActions
from gui.window.actions.open_links import show_directory
from gui.window.page.banners import Banner
from gui.window.sheets.question import Question
from gui.wording import common_texts, notice_texts, page_texts, phrases
from gui.wording.second_lines import second_lines
from session_host.errors import OutliveError
from session_host.paths import agent_socket
from session_host.protocol.values import GridSize, Runtime


class ChatActions(QObject):
    """The user's actions on existing chats. Questions to the user appear over the chat's page.

    Signals:
        ending: the user ends a chat; ``several_ending``: several, in one go (a list of ``Chat``).

    Attributes:
        forking: the actions that fork chats.
    """

    ending = Signal(Chat)
    several_ending = Signal(list)

    def __init__(self, context: WindowContext, settings: LiveSettings) -> None:
        super().__init__(context.window)
        self._settings = settings
        self._sessions, self._agents, self._layout = context.sessions, context.agents, context.layout
        self._tabs, self._sheets, self._banners = context.tabs, context.sheets, context.banners
        self._open_chat, self._focus_page = context.open_chat, context.focus_page
        self.forking = ForkActions(context)
        for over in (context.sessions.removed, context.sessions.removals.undone, context.sessions.removals.kept):
            over.connect(self._withdraw_removal)

    def _withdraw_removal(self, session_id: str) -> None:
        self._banners.withdraw(f"removed {session_id}")

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
            self._banners.inform(
                notice_texts.CANNOT_OPEN_TERMINAL(reason=error), kind="failed", key=f"terminal {chat.id}"
            )
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
        """Close a tab; the first time, a line says that the chat keeps running. An idle shell ends, with an undo."""
        chat = self._sessions.get(session_id)
        if chat is not None and self.ends_with_tab(chat):
            self._close_shell(chat)
            return
        explains = chat is not None and not chat.has_ended and not self._layout.close_explained
        self._layout.close_explained |= explains  # Saved with the next change of the tabs.
        self._tabs.close(session_id)
        self._focus_page()
        if explains:
            text = notice_texts.TAB_CLOSED()
            self._banners.show_banner(Banner(text, notice_texts.REOPEN(), self._tabs.reopen, key="closed tab"))

    def ends_with_tab(self, chat: Chat) -> bool:
        """Whether closing the only tab of an idle shell, which was started in a window, ends it."""
        is_wanted = self._settings.preferences.window.end_idle_shells
        return is_wanted and self._tabs.ids().count(chat.id) == 1 and self._sessions.shells.ends_with_tab(chat)

    def _close_shell(self, chat: Chat) -> None:
        """Close the tab of an idle shell, which ends unless the user undoes that."""
        removals = self._sessions.removals
        self._tabs.note_closed(chat.id)
        removals.begin([chat], ends_shells=True)
        self._focus_page()

        def undo() -> None:
            removals.undo([chat])
            self._open_chat(chat)

        text = notice_texts.SHELL_CLOSED(name=chat.name)
        self._banners.show_banner(Banner(text, notice_texts.UNDO(), undo, key=f"removed {chat.id}"))

    def rename(self, chat: Chat) -> None:
        """Ask for a new name."""
        self._sheets.name.ask(chat.record.name, lambda name: self._sessions.rename(chat, name))

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
            self.ending.emit(chat)
            end(chat)

        if (reason := chat.reason_to_confirm_end) and not chat.has_ended:
            question = (
                Question(
                    page_texts.KILL_QUESTION(reason=reason), common_texts.KILL(), now,
                    page_texts.UNSAVED_WORK_IS_LOST(), discards=True,
                )
                if kills
                else Question(page_texts.STOP_QUESTION(reason=reason), common_texts.STOP(), now, discards=True)
            )  # fmt: skip
            self._open_chat(chat).ask(question)
        else:
            now()

    def remove(self, chat: Chat) -> None:
        """Remove an ended chat; the user can undo this for a while."""
        if self._sessions.removals.begin([chat]):
            undo = Banner(
                notice_texts.REMOVED(name=chat.name),
                notice_texts.UNDO(),
                lambda: self._sessions.removals.undo([chat]),
                key=f"removed {chat.id}",
            )
            self._banners.show_banner(undo)

    def copy_name(self, chat: Chat) -> None:
        """Put a chat's name on the clipboard."""
        QGuiApplication.clipboard().setText(chat.record.name)

    def export(self, chat: Chat) -> None:
        """Ask for a file, and export a chat's whole recording to it."""
        self._sheets.export.ask(chat.name, Path.home(), lambda path: self._export(chat, path), chat.record.runtime)

    def _export(self, chat: Chat, path: Path) -> None:
        self._sessions.tasks.start(self._export_now(chat, path), "export")

    async def _export_now(self, chat: Chat, path: Path) -> None:
        key = f"export {chat.id}"
        try:
            is_complete = await export_to(path, chat, self._banners, key)
        except OutliveError as error:
            self._banners.inform(notice_texts.CANNOT_EXPORT(name=chat.name, reason=error), kind="failed", key=key)
        else:
            text = notice_texts.exported(chat.name, phrases.short_directory(str(path)), is_complete=is_complete)
            show = Banner(
                text, notice_texts.SHOW_IN_FOLDER(),
                lambda: show_directory(str(path.parent), lambda line: self._banners.inform(line, kind="failed")), key,
                kind="" if is_complete else "failed",
            )  # fmt: skip
            self._banners.show_banner(show)

    # ------------------------------------------------------------ on several chats

    def stop_all(self) -> None:
        """Ask whether to stop all chats."""
        running = self._sessions.running()
        if not running:
            self._banners.inform(common_texts.NO_RUNNING_CHATS(), key="stop all")
            return
        count = len(running)
        self._sheets.question.ask(
            Question(
                page_texts.STOP_ONE(name=running[0].name) if count == 1 else page_texts.STOP_ALL(n=count),
                common_texts.STOP() if count == 1 else page_texts.STOP_CHATS(n=count),
                lambda: self.stop_now(running),
                page_texts.AGENTS_MAY_SAVE(),
                listed(running) if count > 1 else "",
                discards=True,
            )
        )

    def stop_now(self, chats: Sequence[Chat]) -> None:
        """Stop those of these chats that still run, after the user has confirmed it."""
        running = [chat for chat in chats if not chat.has_ended]
        for chat in running:
            self._sessions.stop(chat)
        if running:
            self.several_ending.emit(running)


def listed(chats: Sequence[Chat]) -> str:
    """The chats of a question, one a line; chats of the same name with the part that distinguishes them.

    Those that are at work come first, since a long list is scrolled. Shells at their prompts share the last line.
    """
    lines = second_lines(chats)

    def line(chat: Chat, text: str) -> str:
        difference = lines[chat.id].difference
        is_named = difference == chat.status_text or difference in text
        return text if is_named else page_texts.CHAT_AND_STATE(name=text, state=difference)

    shells = [line(chat, chat.name) for chat in chats if chat.is_at_prompt]
    others = [chat for chat in chats if not chat.is_at_prompt]
    others.sort(key=lambda chat: chat.has_ended or not chat.reason_to_confirm_end)
    named = [line(chat, chat.name_and_state) for chat in others]
    return "\n".join([*named, *([page_texts.shells_at_prompt(shells)] if shells else [])])
