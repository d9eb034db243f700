"""Connects a page's signals to the window, and gives the page the window's keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QClipboard, QGuiApplication
from PySide6.QtWidgets import QMenu

from gui.bridge.chat import Chat
from gui.input.draft import Draft
from gui.terminal.input import clipboard
from gui.terminal.input.clipboard import LARGE_CHARACTERS
from gui.terminal.links.links import shown
from gui.terminal.view import TerminalView
from gui.window.page.banners import Banner
from gui.window.page.chat_page import ChatPage
from gui.window.page.end_bar import EndBar
from gui.window.page.sleep_bar import SleepBar
from gui.window.page.terminal_content import TerminalContent
from gui.window.sheets.question import Question
from gui.wording import (
    action_texts,
    changes_texts,
    chat_texts,
    common_texts,
    new_chat_texts,
    notice_texts,
    page_texts,
    window_texts,
)
from gui.wording.text import Text
from session_host.agents.agent import Agent
from session_host.errors import OutliveError
from session_host.protocol.messages import InputRefused
from session_host.protocol.values import Activity
from session_host.structured.items import Item
from session_host.terminal.encode import has_controls
from session_host.terminal.prompts import TurnPosition

from .chats.forking import is_in_conversation
from .context import WindowContext
from .menus import Actions
from .window_commands import WindowCommands

if TYPE_CHECKING:
    from gui.chat.page.rows import Offer
    from gui.window.page.structured_content import StructuredContent
    from session_host.client.chats.agent_record import FoundAnswer

    from .copying import Copying
    from .forwarding import Forwarding

CONTINUE = "continue_program"
# fmt: off
TERMINAL_MENU = (
    "find", "open_text", "", "split_right", "split_down", "", "clear_scrollback", "reset_terminal", CONTINUE,
)
"""The window's actions in a terminal's context menu; ``CONTINUE`` if its program is suspended."""
# fmt: on
CHAT_MENU = ("find", "commands", "", "split_right", "split_down")
"""The window's actions in a chat view's context menu."""


class PageWiring:
    """Connects the signals of each new page."""

    def __init__(
        self,
        commands: WindowCommands,
        actions: Actions,
        window_keys: Callable[[], tuple[str, ...]],
        on_grid_changed: Callable[[TerminalContent], object],
    ) -> None:
        """Set up the wiring.

        Args:
            commands: what the window does for a page.
            actions: the window's actions, for menus.
            window_keys: returns the keys that the window does not pass to programs.
            on_grid_changed: called when a page has room for another grid size.
        """
        self._commands, self._actions = commands, actions
        self._tabs, self._banners = commands.tabs, commands.banners
        self._window_keys, self._in_use = window_keys, window_keys()
        self._on_grid_changed = on_grid_changed
        self._tabs.panes.active_changed.connect(self._banners.arrange)

    @cached_property
    def _forwarding(self) -> Forwarding:
        from .forwarding import Forwarding  # the window's start does not need it

        return Forwarding(self._commands.sessions, self._banners)

    def _copying(self, chat: Chat, content: QObject) -> Copying:
        from .copying import Copying  # the window's start does not need it

        return Copying(chat, self._commands.sessions.tasks, self._banners, content)

    def update_window_keys(self) -> None:
        """Set the window's keys in open pages, if they have changed."""
        if (window_keys := self._window_keys()) != self._in_use:
            self._in_use = window_keys
            for page in self._tabs.pages():
                page.content.set_window_keys(window_keys)

    def wire(self, page: ChatPage) -> None:
        """Connect a page."""
        chat, commands = page.chat, self._commands
        page.end_shown.connect(lambda: commands.resuming.check_resumable(page))
        page.bars.end_made.connect(lambda bar: self._wire_end_bar(bar, chat))
        page.bars.sleep_made.connect(lambda bar: self._wire_sleep_bar(bar, chat))
        page.content.zoomed.connect(commands.looks.set_zoom)
        page.bars.moved.connect(self._banners.arrange)
        page.rename_requested.connect(lambda: commands.chat_actions.rename(chat))
        page.refused.connect(lambda refusal: self._on_refused(page, refusal))
        page.bars.waiting.remedy = lambda: commands.machines.remedy(chat.machine.name)

    def _on_notice(self, text: str) -> None:
        self._banners.inform(text, key="terminal")

    def wire_structured(self, page: ChatPage, content: StructuredContent) -> None:
        """Connect the transcript and the prompt box of a page."""
        chat, commands, opener, view = content.chat, self._commands, self._commands.opener, content.view
        files = commands.sessions.machines.files_of(chat)
        if not chat.machine.has_our_files:
            view.prompt.attaching.files_go_by(lambda files, paste: self._copying(chat, content).paste(files, paste))
        view.page.names.find_by(files.finder(chat))
        view.notice_given.connect(self._on_notice)
        view.link_requested.connect(lambda address: self._open_link(page, address))
        view.file_requested.connect(lambda file: opener.open_file(file, chat.record.origin.cwd, chat.machine))
        view.changes_requested.connect(lambda: commands.show_changes(chat))
        view.image_requested.connect(lambda image: commands.sheets.image.show_image(image, files.save_directory(chat)))
        view.named_image_requested.connect(lambda source: self._show_named_image(page, content, source))
        view.end_requested.connect(lambda: commands.chat_actions.stop(chat))
        view.later_requested.connect(lambda kind: commands.later.act(chat, kind))
        view.hand_over_requested.connect(lambda kind: commands.handing_over.act(chat, kind))
        view.amount_asked.connect(lambda: commands.amounts.find(content))
        view.amount_raised.connect(lambda: commands.amounts.raise_for(content))
        content.resume_requested.connect(lambda prompt: commands.resuming.resume(chat, prompt=prompt))
        view.page.context_menu.key_of = self._actions.key_of
        view.page.context_menu.built.connect(lambda menu, _point: self._extend_menu(menu, CHAT_MENU))
        view.set_offers(lambda prompt: self._offers(chat, prompt))
        agent = commands.sessions.machines.agent_of(chat)
        view.set_takes_words(takes_words=agent is not None and agent.hears_refusals)

    def _show_named_image(self, page: ChatPage, content: StructuredContent, source: str) -> None:
        images = self._commands.named_images
        if images.is_link(source):
            self._open_link(page, source)
        else:
            images.show(page, content, source)

    def wire_terminal(self, page: ChatPage, terminal: TerminalContent) -> None:
        """Connect the terminal of a page."""
        chat, opener, view = page.chat, self._commands.opener, terminal.view
        view.keyboard.set_window_keys(self._in_use)
        files = self._commands.sessions.machines.files_of(chat)
        place = chat.workplace
        view.links.files.find = files.finder(chat, lambda: place.current_directory, lambda: terminal.reported_directory)
        view.prompts.set_answers(ChatAnswers(chat, self._commands.context))
        view.context_menu.key_of = self._actions.key_of
        view.context_menu.built.connect(lambda menu: self._extend_menu(menu, TERMINAL_MENU))
        view.links.address_opened.connect(lambda address: self._open_link(page, address))
        view.links.marked_opened.connect(lambda address: self._open_marked(page, address))
        view.links.file_opened.connect(lambda file: opener.open_file(file, chat.record.origin.cwd, chat.machine))
        view.notice.connect(self._on_notice)
        terminal.notice_given.connect(self._on_notice)
        view.findRequested.connect(page.open_find)
        view.pasting.confirmation_needed.connect(lambda text: self._ask_paste(page, view, text))
        copying = partial(self._copying, chat, terminal)
        view.pasting.image_pasted.connect(lambda image: copying().paste_image(image, view.pasting.paste_files))
        view.recipients.machine = chat.machine.name
        if not chat.machine.has_our_files:
            view.pasting.on_files = lambda files: copying().paste(files, view.pasting.paste_files)
        terminal.grid_changed.connect(lambda: self._on_grid_changed(terminal))
        terminal.clipboard_offered.connect(lambda text, targets: self._on_clipboard(page, text, targets))

    def _extend_menu(self, menu: QMenu, names: Sequence[str]) -> None:
        menu.addSeparator()
        actions = self._actions
        actions.fill(menu, [name for name in names if name != CONTINUE or actions[name].isEnabled()])

    def _offers(self, chat: Chat, prompt: Item) -> list[Offer]:
        """What the user can do about a prompt, and about what was done for it."""
        from gui.chat.page.rows import Offer  # a window without chat views does not need it

        forking = self._commands.forking
        found = [
            Offer(
                "changes",
                changes_texts.SINCE_THIS_PROMPT(),
                chat_texts.SHOW_CHANGES(),
                beside=("turn",),
                run=lambda: forking.show_changes_since(chat, prompt),
                later=chat_texts.CHANGES_SINCE(),
            )
        ]
        if is_in_conversation(prompt) and forking.can_fork_before(chat):
            found.append(
                Offer(
                    "fork",
                    new_chat_texts.BEFORE_THIS_PROMPT(),
                    action_texts.FORK(),
                    beside=("prompt",),
                    run=lambda: forking.fork_before(chat, prompt),
                )
            )
        has_points = is_in_conversation(prompt) and chat.workplace.git_status is not None
        restore = Offer(
            "restore",
            "",
            changes_texts.OFFER_RESTORE(),
            beside=("prompt", "turn") if has_points else ("turn",),
            run=lambda: forking.show_changes_since(chat, prompt, restores=True),
        )
        return [*found, restore]

    def _wire_end_bar(self, bar: EndBar, chat: Chat) -> None:
        commands, chat_actions, resuming = self._commands, self._commands.chat_actions, self._commands.resuming
        bar.resume_requested.connect(lambda anyway: resuming.resume(chat, anyway=anyway))
        bar.has_conversations = chat_actions.has_conversations(chat)
        bar.continue_requested.connect(lambda: commands.continuing.open(chat))
        bar.continued_requested.connect(lambda: resuming.show_continuation(chat))
        bar.again_requested.connect(lambda: commands.starting.new_like(chat))
        bar.end_left_requested.connect(lambda: resuming.end_left(chat))
        bar.errors_requested.connect(lambda: commands.sheets.output.ask(chat))
        bar.export_requested.connect(lambda: chat_actions.export(chat))
        bar.close_requested.connect(lambda: chat_actions.close_tab(chat.id))

    def _wire_sleep_bar(self, bar: SleepBar, chat: Chat) -> None:
        bar.share_draft(self._commands.sessions.drafts, chat.id)
        if bar.field is not None:
            bar.wake_requested.connect(lambda text: self._commands.resuming.resume(chat, prompt=Draft(text)))

    def _on_refused(self, page: ChatPage, refusal: InputRefused) -> None:
        chat, source = page.chat, page.source
        text, key = notice_texts.INPUT_REFUSED(name=chat.full_name, reason=refusal.message), f"refused {chat.id}"
        if source.holds_input:
            # A part of the typed input is missing: later input is refused until the user has seen this.
            self._banners.show_banner(
                Banner(text, notice_texts.CONTINUE_TYPING(), source.accept_refusal, key, lasting=True, kind="failed")
            )
        else:
            self._banners.inform(text, kind="failed", key=key)

    def _on_clipboard(self, page: ChatPage, text: str, targets: str) -> None:
        # Only the active chat may set the clipboard.
        if page is not self._tabs.active_page or not page.isActiveWindow():
            return
        clipboard = QGuiApplication.clipboard()
        if "p" in targets and clipboard.supportsSelection():
            clipboard.setText(text, QClipboard.Mode.Selection)
        if "c" in targets:
            clipboard.setText(text)
            self._banners.inform(notice_texts.CLIPBOARD_SET(name=page.chat.full_name), key="clipboard")

    def _open_link(self, page: ChatPage, address: str) -> None:
        chat = page.chat
        if self._forwarding.offers(chat, address):
            self._forwarding.open(page, address, self._commands.opener.open_address)
        else:
            self._commands.opener.open_address(address, chat.record.origin.cwd, chat.machine)

    def _open_marked(self, page: ChatPage, address: str) -> None:
        def open_it() -> None:
            self._open_link(page, address)

        if self._commands.settings.preferences.window.confirm_links:
            question = Question(page_texts.OPEN_THIS_LINK(), common_texts.OPEN(), open_it, subject=shown(address))
            page.question.ask(question)
        else:
            open_it()

    def _ask_paste(self, page: ChatPage, view: TerminalView, text: str) -> None:
        if not self._commands.settings.preferences.window.confirm_paste:
            view.pasting.paste_confirmed(text)
            return
        ends = text.count("\n") or text.count("\r")
        lines = ends if text[-1] in "\n\r" else ends + 1
        if lines > 1:
            is_large = len(text) > LARGE_CHARACTERS
            question = (
                page_texts.PASTE_MANY_LINES(n=lines, characters=len(text))
                if is_large
                else page_texts.PASTE_LINES(n=lines)
            )
        else:
            question = page_texts.PASTE_LINE_AND_BREAK() if ends else page_texts.PASTE_TEXT(n=len(text))
        if ends and not view.recipients.bracket_pastes():
            detail = page_texts.RUNS_EACH_LINE() if lines > 1 else page_texts.RUNS_IT()
        elif has_controls(text):
            detail = page_texts.HAS_CONTROLS()
        else:
            detail = ""
        if (count := view.recipients.count) > 1:
            detail = f"{window_texts.PASTED_INTO(count=count)} {detail}".rstrip()
        paste = partial(view.pasting.paste_confirmed, text)
        page.question.ask(Question(question, common_texts.PASTE(), paste, detail, text, is_code=True))


_COPIED: Mapping[str, Text] = {
    "last": page_texts.COPIED_LAST_ANSWER,
    "unfinished": page_texts.COPIED_UNFINISHED_ANSWER,
    "before": page_texts.COPIED_ANSWER_BEFORE,
    "chosen": page_texts.COPIED_ANSWER,
}

READ_TIMEOUT_S = 10.0
"""Timeout for reading a record, which may be on a network disk."""


class ChatAnswers:
    """The answers of one chat; an ``AnswerSource``."""

    def __init__(self, chat: Chat, context: WindowContext) -> None:
        self._chat = chat
        self._tasks = context.sessions.tasks
        self._sessions = context.sessions
        self._banners = context.banners

    @property
    def _agent(self) -> Agent | None:
        return self._sessions.machines.agent_of(self._chat)

    def has_answers(self) -> bool:
        """Whether the chat's agent keeps a record that Outlive can read."""
        return self._agent is not None and bool(self._agent.conversation.store)

    def prompt_pattern(self) -> str:
        """The pattern of the rows that begin a user's prompt to the chat's agent."""
        agent = self._sessions.machines.here.agents.get(
            self._chat.record.origin.agent
        )  # Another machine's pattern could take for ever.
        return agent.signals.user_prompt if agent is not None else ""

    def copy_answer(self, position: TurnPosition | None) -> bool:
        """Put the answer at a position on the clipboard, None for the last one, and say so; False without an agent."""
        if self._chat.record.origin.is_shell_or_command:
            return False
        self._tasks.start(self._copy(position), "copy an answer")
        return True

    async def _copy(self, position: TurnPosition | None) -> None:
        try:
            found = await self._read(position)
        except TimeoutError:
            title = self._chat.agent_title
            self._banners.inform(page_texts.RECORD_IS_SLOW(agent=title), kind="failed", key="answer")
        except OutliveError as error:
            self._banners.inform(str(error), key="answer")
        else:
            clipboard.copy_text(found.text)
            self._banners.inform(_COPIED[found.which](n=found.text.count("\n") + 1), key="answer")

    async def _read(self, position: TurnPosition | None) -> FoundAnswer:
        """Read an answer from the agent's own record; raises ``NoAnswer``, with the reason, if there is none."""
        from session_host.client.chats.agent_record import find_answer  # the window's start does not need it

        is_working = not self._chat.has_ended and self._chat.record.status.activity is Activity.WORKING
        async with asyncio.timeout(READ_TIMEOUT_S):
            return await self._chat.machine.call(find_answer, self._chat.session_id, position, is_working=is_working)
