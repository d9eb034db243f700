"""The lists from which the user chooses: chats, commands or prompts, an agent's settings, colours, notifications."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from PySide6.QtCore import Qt

from gui.bridge.chat import Chat, machine_of
from gui.bridge.chat_marks import HOUR, QUIET_S, next_morning
from gui.bridge.chat_words import ended_when
from gui.bridge.ended_list import EndedRecord
from gui.bridge.second_lines import second_lines
from gui.bridge.sessions import Sessions
from gui.finding.ranking import Match, Ranking, Texts
from gui.terminal.input import clipboard
from gui.terminal.prompts.commands import ListedCommand
from gui.theme.tokens import LABEL_COLORS
from gui.window.page.chat_page import ChatPage
from gui.window.page.terminal_content import TerminalContent
from gui.window.sheets.chooser import Choice, ChoiceKey, Found
from gui.window.sidebar.filtering import DateFilter
from gui.wording import (
    action_texts,
    chat_texts,
    common_texts,
    dates,
    new_chat_texts,
    notice_texts,
    page_texts,
    window_texts,
)
from gui.wording.text import Text
from session_host.protocol.messages import ChangeSetting
from session_host.protocol.untrusted_text import one_line
from session_host.standing.traits import traits_of
from session_host.terminal.prompts import Prompt

from .chats.chat_actions import ChatTexts
from .context import WindowContext

if TYPE_CHECKING:
    from gui.chat.turns import ListedPrompt
    from gui.window.page.structured_content import StructuredContent

_COPY, _COPY_BOTH, _OPEN, _RERUN = "Ctrl+C", "Ctrl+Shift+C", "Ctrl+O", "Alt+Enter"


Category = Literal["model", "mode", "effort"]
_TITLES: Final[dict[Category, Text]] = {
    "model": action_texts.CHOOSE_MODEL,
    "mode": action_texts.CHOOSE_MODE,
    "effort": action_texts.CHOOSE_EFFORT,
}


class Lists:
    """Shows each list in the window's chooser."""

    def __init__(self, context: WindowContext, texts: ChatTexts) -> None:
        """Set up; ``texts`` opens the output of a command in the user's editor."""
        self._sessions, self._tabs, self._open_chat = context.sessions, context.tabs, context.open_chat
        self._sheets, self._banners = context.sheets, context.banners
        self._muting, self._watch = context.sessions.muting, context.sessions.quiet_watch
        self._texts = texts

    def switch_chat(self) -> None:
        """List all chats; the previously shown one comes first, so that Enter returns to it."""
        order = self._tabs.recent.ordered(self._sessions.listed.ids(), self._tabs.active_id)
        left = set(self._sessions.listed.ids(with_left=True)).difference(order)
        choices = ChatChoices(self._sessions, order, self._open_chat, left)
        self._sheets.chooser.ask(action_texts.SWITCH_CHAT(), action_texts.SEARCH_CHATS(), choices)

    def choose_color(self, chat: Chat) -> None:
        """List the colours, and mark the chat with the chosen one."""
        names, labels = ("", *LABEL_COLORS), self._sessions.color_labels
        choices = [
            Choice(
                window_texts.color_name(name),
                action_texts.IN_USE() if name == chat.color_label else "",
                partial(labels.set_label, [chat], name),
            )
            for name in names
        ]
        title = action_texts.CHOOSE_COLOR()
        self._sheets.chooser.ask(title, title, choices, marked=names.index(chat.color_label))

    def choose_setting(self, category: Category) -> None:
        """List the values of a setting that the shown chat's agent offers, and change it to the chosen one."""
        page = self._tabs.active_page
        if page is None or (content := page.structured) is None or page.is_question_open:
            return
        offered = [
            (setting, choice)
            for setting in content.settings
            if setting.category == category
            for choice in setting.choices
        ]
        if not offered:
            self._banners.inform(notice_texts.SETTING_NOT_OFFERED(chat=page.chat.full_name), key="agent setting")
            return
        choices = [
            Choice(
                one_line(choice.name or choice.id),
                one_line(choice.description),
                partial(content.send, ChangeSetting(setting.id, choice.id)),
            )
            for setting, choice in offered
        ]
        current = next((at for at, (setting, choice) in enumerate(offered) if setting.value == choice.id), 0)
        title = _TITLES[category]()
        self._sheets.chooser.ask(title, title, choices, marked=current)

    # ------------------------------------------------------------ commands and prompts

    def commands(self, page: ChatPage) -> None:
        """List what was run, newest first, or what was asked, oldest first; a line says so if there is nothing."""
        search, choices, marked = page_texts.SEARCH_PROMPTS(), list[Choice](), 0
        title = action_texts.LIST_COMMANDS()
        if (terminal := page.terminal) is not None:
            search = page_texts.SEARCH_COMMANDS()
            choices = [self._command(terminal, each) for each in terminal.view.prompts.commands.listed()]
        elif (content := page.structured) is not None:
            listed, here = content.view.prompts.listed(), content.view.rail.prompt_in_view()
            title, choices = action_texts.OUTLINE(), [self._prompt(content, each) for each in listed]
            marked = next((number for number, each in enumerate(listed) if each.item.id == here), 0)
            if not choices:
                self._banners.inform(new_chat_texts.NO_PROMPTS(), key="commands")
        if choices:
            self._sheets.chooser.ask(title, search, choices, marked=marked)

    def _command(self, terminal: TerminalContent, listed: ListedCommand) -> Choice:
        prompts, commands = terminal.view.prompts, terminal.view.prompts.commands
        on = partial(partial, prompts.with_listed, listed.prompt)
        keys = [
            ChoiceKey(_COPY, page_texts.KEY_COPIES(), on(commands.copy)),
            ChoiceKey(_COPY_BOTH, page_texts.KEY_COPIES_WITH_OUTPUT(), on(partial(commands.copy, with_output=True))),
            ChoiceKey(_OPEN, page_texts.KEY_OPENS_OUTPUT(), on(partial(self._open_output, terminal))),
        ]
        if not terminal.chat.has_ended:
            keys.append(ChoiceKey(_RERUN, page_texts.KEY_EDITS_AND_RERUNS(), on(commands.edit_and_rerun)))
        return Choice(
            listed.line,
            listed.facts,
            on(prompts.go_to),
            cut=Qt.TextElideMode.ElideRight,
            also=page_texts.FAILED_WORDS() if listed.prompt.exit_code else "",
            enter=page_texts.GO_THERE(),
            keys=keys,
        )

    def _open_output(self, terminal: TerminalContent, prompt: Prompt) -> None:
        if text := terminal.view.prompts.output_of(prompt):
            self._texts.open_output(terminal.chat, text)

    def _prompt(self, content: StructuredContent, listed: ListedPrompt) -> Choice:
        turns, prompt = content.view.prompts, listed.item
        began = chat_texts.time_of(prompt.at_ms) if prompt.at_ms else ""
        keys = [
            ChoiceKey(_COPY, page_texts.KEY_COPIES(), partial(self._copy, prompt.text)),
            ChoiceKey(_COPY_BOTH, page_texts.KEY_COPIES_ANSWER(), lambda: self._copy(turns.answer_to(prompt.id))),
        ]
        return Choice(
            one_line(prompt.text),
            chat_texts.joined(listed.result, began),
            partial(turns.go_to, prompt.id),
            cut=Qt.TextElideMode.ElideRight,
            also=listed.result,
            enter=page_texts.GO_THERE(),
            keys=keys,
        )

    def _copy(self, text: str) -> None:
        if text:
            clipboard.copy_text(text)
        self._banners.inform(common_texts.COPIED() if text else page_texts.NO_ANSWER(), key="commands")

    # ------------------------------------------------------------ notifications

    def has_notifications(self, chat: Chat) -> bool:
        """Whether a chat sends notifications: a chat that continues a muted one is muted, too."""
        return chat.is_muted or not chat.is_over

    def notifications(self, chat: Chat | None) -> None:
        """List what Enter can change; each line names the state that it will produce."""
        choices = self._all_chats()
        title = action_texts.NOTIFICATIONS()
        if chat is not None and self.has_notifications(chat):
            choices = [*self._one_chat(chat), *choices]
            title = window_texts.NOTIFICATIONS_OF(name=chat.full_name)
        self._sheets.chooser.ask(title, title, choices)

    def _one_chat(self, chat: Chat) -> list[Choice]:
        mute = window_texts.UNMUTE_THIS() if chat.is_muted else window_texts.MUTE_THIS()
        choices = [Choice(mute, chat.full_name, partial(self._mute, chat, muted=not chat.is_muted))]
        if not chat.has_ended and traits_of(chat.record).has_screen:
            title = window_texts.watch_this(cancel=self._watch.is_watched(chat))
            choices.append(Choice(title, window_texts.HOW_QUIET(seconds=QUIET_S), partial(self._watch_for_quiet, chat)))
        return choices

    def _all_chats(self) -> list[Choice]:
        muting, now = self._muting, datetime.now().astimezone()
        if muting.until is not None:
            detail = window_texts.MUTED_UNTIL(when=dates.time_of_day(muting.until))
            return [Choice(window_texts.UNMUTE_ALL(), detail, partial(self._mute_all, muting.unmute_all))]
        return [
            Choice(title, window_texts.UNTIL(when=dates.time_of_day(end)), partial(self._mute_all, mute))
            for title, end, mute in (
                (window_texts.MUTE_ALL_FOR_AN_HOUR(), now + HOUR, muting.mute_for_an_hour),
                (window_texts.MUTE_ALL_UNTIL_TOMORROW(), next_morning(now), muting.mute_until_tomorrow),
            )
        ]

    def _mute(self, chat: Chat, *, muted: bool) -> None:
        self._muting.mute_chat(chat, muted=muted)
        message_of = window_texts.CHAT_MUTED if muted else window_texts.CHAT_UNMUTED
        self._banners.inform(message_of(name=chat.full_name), key="muting")

    def _watch_for_quiet(self, chat: Chat) -> None:
        if self._watch.is_watched(chat):
            self._watch.end(chat.id)
            message = window_texts.NOT_WATCHING_FOR_QUIET(name=chat.full_name)
        else:
            self._watch.begin(chat)
            message = window_texts.WATCHING_FOR_QUIET(name=chat.full_name, seconds=QUIET_S)
        self._banners.inform(message, key="quiet")

    def _mute_all(self, mute: Callable[[], None]) -> None:
        mute()
        until = self._muting.until
        text = window_texts.UNMUTED() if until is None else window_texts.MUTED_UNTIL(when=dates.time_of_day(until))
        self._banners.inform(text, key="muting")


class ChatChoices:
    """A line for each chat. Thousands may have ended: their lines are made when they are shown."""

    def __init__(
        self, sessions: Sessions, order: Iterable[str], open_chat: Callable[[Chat], object], left: Iterable[str] = ()
    ) -> None:
        """Create the list.

        Args:
            sessions: all chats.
            order: the ids of the chats in the order for no typed text.
            open_chat: shows a chat.
            left: the ids of further chats, which only a typed text finds.
        """
        self._sessions, self._open_chat = sessions, open_chat
        listed = [record for session_id in order if (record := sessions.chats.record(session_id)) is not None]
        further = [record for session_id in left if (record := sessions.chats.record(session_id)) is not None]
        self._records, self._listed = listed + further, len(listed)
        self._lines = second_lines(sessions.listed.running())
        self._ranking = Ranking([self._texts(record) for record in self._records])

    def _texts(self, record: EndedRecord) -> Texts:
        if (line := self._lines.get(record.id)) is not None:
            return Texts(record.entry.shown_name, line.whole, record.entry.name)
        project, title = (
            record.origin.project.rpartition("/")[2],
            "" if record.origin.is_shell_or_command else record.program.title,
        )
        branch = record.origin.worktree.branch if record.origin.worktree is not None else ""
        facts = f"{machine_of(record.id)} {record.origin.agent} {title} {project} {branch}"
        return Texts(record.entry.shown_name, facts, record.entry.name)

    def find(self, typed: str) -> Iterator[Found]:
        """See ``Choices``. Words that name a time ("march", "last week") also find the chats that ran then."""
        dates = DateFilter.of(typed.casefold(), datetime.now().astimezone().date())
        for match in self._ranking.find(typed) if dates is None else self._find_dated(typed, dates):
            is_found = match.number < self._listed or bool(typed.strip())
            if is_found and (chat := self._sessions.chats.get(self._records[match.number].id)) is not None:
                yield Found(self._choice(chat), match.fit.positions)

    def _find_dated(self, typed: str, dates: DateFilter) -> Iterator[Match]:
        """The chats that contain the name of the time, then those that ran at that time."""
        named = set[int]()
        for match in self._ranking.find(typed):
            if not match.fit.is_scattered:
                named.add(match.number)
                yield match
        for match in self._ranking.find(" ".join(dates.words)):
            if match.number not in named and dates.is_within(self._records[match.number]):
                yield match

    def _choice(self, chat: Chat) -> Choice:
        line = self._lines.get(chat.id)
        if line is not None:
            detail = line.whole
        else:  # Its time distinguishes it from others that look alike.
            detail = " · ".join(filter(None, (ended_when(chat), second_lines([chat])[chat.id].whole)))
        return Choice(chat.name, detail, partial(self._open_chat, chat), chat.mark)
