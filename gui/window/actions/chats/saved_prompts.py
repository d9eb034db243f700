"""Inserts saved prompts into chats and into the sheet for a new chat, and saves prompts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from gui.bridge.chat import Chat
from gui.window.actions.context import WindowContext
from gui.window.actions.links import LinkOpener
from gui.window.page.banners import Banner
from gui.window.page.chat_page import ChatPage
from gui.window.sheets.chooser import Choice
from gui.wording import sheet_texts
from session_host.client.chats.saved_prompts import BrokenPrompt, SavedPrompt, prompts_directory, read_prompts
from session_host.errors import ConfigError
from session_host.paths import make_directories
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import FileLocation

if TYPE_CHECKING:
    from gui.window.new_chat.sheet import NewChatSheet
    from gui.window.page.structured_content import StructuredContent
    from gui.window.sheets.sheet import Sheet

SEARCHED_CHARACTERS = 500
"""The beginning of a prompt that the list's search reads."""


class SavedPrompts:
    """The user's saved prompts. The files are read each time that the list opens."""

    def __init__(self, context: WindowContext, config: Path, opener: LinkOpener) -> None:
        """Set up the actions; ``config`` is the configuration directory."""
        self._directory = prompts_directory(config)
        self._agents = context.sessions.machines.here.agents
        self._tabs, self._sheets, self._banners = context.tabs, context.sheets, context.banners
        self._opener = opener
        self._returns = False
        """Whether the sheet for a new chat opens again when the prompt is saved."""
        context.tabs.panes.structured_made.connect(self._on_made)
        context.sheets.sheet_created.connect(self._on_sheet)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The handlers of the table's actions."""
        return {"insert_prompt": self.insert, "save_prompt": self.save_draft}

    def _on_made(self, page: ChatPage, content: StructuredContent) -> None:
        content.view.prompt.save_requested.connect(partial(self.save, page.chat))
        content.view.prompt.saved_requested.connect(self.insert)

    def _on_sheet(self, sheet: Sheet) -> None:
        from gui.window.new_chat.sheet import NewChatSheet
        from gui.window.sheets.save_prompt import SavePromptSheet

        if isinstance(sheet, NewChatSheet):
            sheet.prompt_row.saved_requested.connect(lambda: self._offer_in(sheet))
        elif isinstance(sheet, SavePromptSheet):
            sheet.closed.connect(self._reopen_new_chat)

    # ------------------------------------------------------------ inserting

    def insert(self) -> None:
        """List the prompts for the sheet of a new chat, if that is open, else for the shown chat."""
        page = self._tabs.active_page
        if "new_chat" in vars(self._sheets) and self._sheets.new_chat.is_open:
            self._offer_in(self._sheets.new_chat)
        elif page is None or not page.content.can_insert:
            self._banners.inform(sheet_texts.NO_RUNNING_CHAT(), key="saved prompts")
        elif not page.is_question_open:
            self._offer(page)

    def _offer(self, page: ChatPage) -> None:
        record = page.chat.record
        # A prompt for a repository is also for the worktrees that were made of it.
        choices = self._choices(
            record.origin.agent, [record.origin.cwd, record.origin.project], page.content.insert_prompt
        )
        choices.append(Choice(sheet_texts.NEW_PROMPT(), "", lambda: self.save(page.chat, "")))
        if any(read_prompts(self._directory, self._agents)):
            choices.append(Choice(sheet_texts.EDIT_PROMPT(), "", self._choose_to_edit))
        choices.append(Choice(sheet_texts.SHOW_PROMPTS(), "", self._show_directory))
        self._sheets.chooser.ask(sheet_texts.INSERT_PROMPT(), sheet_texts.SEARCH_PROMPTS(), choices)

    def _offer_in(self, sheet: NewChatSheet) -> None:
        row = sheet.prompt_row
        if row.isVisible():
            choices = self._choices(sheet.tiles.current(), [sheet.directory.directory()], row.insert)
            choices.append(Choice(sheet_texts.NEW_PROMPT(), "", lambda: self._save_from(sheet)))
            row.chooser.ask(sheet_texts.INSERT_PROMPT(), sheet_texts.SEARCH_PROMPTS(), choices)

    def _choices(self, agent: str, directories: Sequence[str], insert: Callable[[str], object]) -> list[Choice]:
        """The prompts that are for this agent and directory, and all broken files.

        ``insert`` gets the text of the chosen prompt.
        """
        prompts, broken = read_prompts(self._directory, self._agents)
        found = [_choice(prompt, partial(insert, prompt.text)) for prompt in prompts if prompt.fits(agent, directories)]
        return found + [self._broken_choice(each) for each in broken]

    def _broken_choice(self, broken: BrokenPrompt) -> Choice:
        detail = sheet_texts.PROMPT_BROKEN(line=broken.line, problem=one_line(broken.problem))
        return Choice(one_line(broken.path.name), detail, lambda: self._open(broken.path, broken.line))

    def _choose_to_edit(self) -> None:
        prompts, broken = read_prompts(self._directory, self._agents)
        choices = [_choice(prompt, partial(self._open, prompt.path)) for prompt in prompts]
        choices += [self._broken_choice(each) for each in broken]
        self._sheets.chooser.ask(sheet_texts.EDIT_PROMPT(), sheet_texts.CHOOSE_PROMPT_TO_EDIT(), choices)

    def _open(self, path: Path, line: int = 0) -> None:
        self._opener.open_file(FileLocation(str(path), line))

    def _show_directory(self) -> None:
        try:
            make_directories(self._directory)
        except OSError as error:
            self._banners.inform(str(ConfigError(f"{self._directory}: {error.strerror}")), kind="failed")
            return
        self._opener.show_directory(str(self._directory))

    # ------------------------------------------------------------ saving

    def save_draft(self) -> None:
        """Ask for the name of what is written in the shown chat view."""
        page = self._tabs.active_page
        content = page.structured if page is not None else None
        if content is not None and (text := content.view.prompt.draft.text).strip():
            self.save(content.chat, text)
        else:
            self._banners.inform(sheet_texts.NO_PROMPT_TO_SAVE(), key="saved prompts")

    def save(self, chat: Chat, text: str) -> None:
        """Ask for the name of a prompt of a chat."""
        self._ask(text, chat.record.origin.agent, chat.record.origin.project)

    def _save_from(self, sheet: NewChatSheet) -> None:
        """Save the first prompt of the sheet for a new chat, and then go back to that sheet."""
        self._ask(sheet.prompt.toPlainText(), sheet.tiles.current(), sheet.directory.directory())
        self._returns = True

    def _reopen_new_chat(self) -> None:
        """Go back to the sheet for a new chat, unless a key has opened something else."""
        returns, self._returns = self._returns, False
        if returns and not (self._sheets.is_any_open or self._sheets.leaves_focus):
            self._sheets.new_chat.reopen()

    def _ask(self, text: str, name: str, directory: str) -> None:
        agent = (name, self._agents[name].title) if name in self._agents else ("", "")
        self._sheets.save_prompt.ask(self._directory, text, agent, directory, self._on_saved)

    def _on_saved(self, prompt: SavedPrompt) -> None:
        self._banners.show_banner(
            Banner(
                sheet_texts.PROMPT_SAVED(name=prompt.name),
                sheet_texts.OPEN_PROMPT_IN_EDITOR(),
                lambda: self._open(prompt.path),
                "saved prompts",
            )
        )


def _choice(prompt: SavedPrompt, run: Callable[[], object]) -> Choice:
    detail = prompt.description or next(line for line in prompt.text.split("\n") if line.strip())
    return Choice(
        one_line(prompt.name),
        one_line(detail[:SEARCHED_CHARACTERS]),
        run,
        also=one_line(prompt.text[:SEARCHED_CHARACTERS]),
        cut=Qt.TextElideMode.ElideRight,
    )
