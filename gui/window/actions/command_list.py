"""Lists the commands of the shown terminal, or the prompts of the shown chat view: Enter goes there, keys copy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from PySide6.QtCore import Qt

from gui.terminal.input import clipboard
from gui.terminal.prompts.commands import ListedCommand
from gui.window.actions import action_table
from gui.window.actions.context import WindowContext
from gui.window.actions.exporting import ChatTexts
from gui.window.page.structured_page import StructuredPage
from gui.window.page.terminal_page import TerminalPage
from gui.window.sheets.chooser import Choice, ChoiceKey
from gui.wording import common_texts, new_chat_texts, page_texts, phrases
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import Item
from session_host.terminal.prompts import Prompt

_COPY, _COPY_BOTH, _OPEN, _RERUN = "Ctrl+C", "Ctrl+Shift+C", "Ctrl+O", "Alt+Enter"


class CommandList:
    """The sheet with the commands."""

    def __init__(self, context: WindowContext, texts: ChatTexts) -> None:
        """Set up; ``texts`` opens an output in the user's editor."""
        self._tabs, self._sheets, self._banners = context.tabs, context.sheets, context.banners
        self._texts = texts

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The handlers of the table's actions."""
        return {"commands": self.show}

    def show(self) -> None:
        """List what was run or asked in the shown chat, newest first; a line says so if there is nothing."""
        page, search = self._tabs.active_page, page_texts.SEARCH_PROMPTS()
        if page is None or page.is_question_open:
            return
        choices: list[Choice] = []
        if isinstance(page, TerminalPage):
            search = page_texts.SEARCH_COMMANDS()
            choices = [self._command(page, each) for each in page.view.prompts.commands.listed()]
        elif isinstance(page, StructuredPage):
            choices = [self._prompt(page, each) for each in page.view.turns.listed()]
            if not choices:
                self._banners.inform(new_chat_texts.NO_PROMPTS(), key="commands")
        if choices:
            self._sheets.chooser.ask(action_table.title("commands"), search, choices)

    def _command(self, page: TerminalPage, listed: ListedCommand) -> Choice:
        prompts, commands = page.view.prompts, page.view.prompts.commands
        on = partial(partial, prompts.with_listed, listed.prompt)
        keys = [
            ChoiceKey(_COPY, page_texts.KEY_COPIES(), on(commands.copy)),
            ChoiceKey(_COPY_BOTH, page_texts.KEY_COPIES_WITH_OUTPUT(), on(partial(commands.copy, with_output=True))),
            ChoiceKey(_OPEN, page_texts.KEY_OPENS_OUTPUT(), on(partial(self._open_output, page))),
        ]
        if not page.chat.has_ended:
            keys.append(ChoiceKey(_RERUN, page_texts.KEY_EDITS_AND_RERUNS(), on(commands.edit_and_rerun)))
        return Choice(
            listed.line, listed.facts, on(prompts.go_to), cut=Qt.TextElideMode.ElideRight,
            also=page_texts.FAILED_WORDS() if listed.prompt.exit_code else "",
            enter=page_texts.GO_THERE(), keys=keys,
        )  # fmt: skip

    def _open_output(self, page: TerminalPage, prompt: Prompt) -> None:
        if text := page.view.prompts.output_of(prompt):
            self._texts.open_output(page.chat, text)

    def _prompt(self, page: StructuredPage, prompt: Item) -> Choice:
        turns = page.view.turns
        began = phrases.short_clock(datetime.fromtimestamp(prompt.at_ms / 1000, UTC), datetime.now(UTC))
        keys = [
            ChoiceKey(_COPY, page_texts.KEY_COPIES(), partial(self._copy, prompt.text)),
            ChoiceKey(_COPY_BOTH, page_texts.KEY_COPIES_ANSWER(), lambda: self._copy(turns.answer_to(prompt.id))),
        ]
        return Choice(
            one_line(prompt.text), began if prompt.at_ms else "", partial(turns.go_to, prompt.id),
            cut=Qt.TextElideMode.ElideRight, enter=page_texts.GO_THERE(), keys=keys,
        )  # fmt: skip

    def _copy(self, text: str) -> None:
        if text:
            clipboard.copy_text(text)
        self._banners.inform(common_texts.COPIED() if text else page_texts.NO_ANSWER(), key="commands")
