"""Makes and opens the pages without chats: settings, guide, timeline, usage, and the changes of chats' directories."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeySequence
from shiboken6 import Shiboken

from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.bridge.tasks import Tasks
from gui.settings.live import LiveAgents, LiveSettings
from gui.settings.table import PageName
from gui.terminal.cell_metrics import default_chat_px
from gui.theme.theme import Theme
from gui.window.page.chat_page import ChatPage
from gui.wording import action_texts, changes_texts, sheet_texts
from session_host.protocol.values import Activity
from session_host.standing.traits import traits_of

from .action_table import TABLE
from .keys import sequences, with_overrides
from .links import EditInTab, LinkOpener, editors_of, installed, installed_for_far

if TYPE_CHECKING:
    from gui.bridge.changes import ListedPoint
    from gui.window.changes.review import CommentReceiver
    from gui.window.changes.tab import ChangesTab
    from gui.window.guide import GuideTab
    from gui.window.settings.context import Keymap
    from gui.window.settings.tab import SettingsTab
    from gui.window.timeline.tab import TimelineTab
    from gui.window.usage.figures import KnownAgent
    from gui.window.usage.tab import UsageTab
    from gui.window.widgets.tab_page import TabPage
    from gui.window.widgets.text_tab import TextTab


W = TypeVar("W", bound="TabPage")


SETTINGS, GUIDE, TIMELINE, USAGE, CHANGES = ":settings", ":guide", ":timeline", ":usage", ":changes:"
"""The keys of the tabs; behind the last one is the id of the chat. No chat's id begins with a colon."""


class PageOpener(QObject, Generic[W]):
    """Makes the page, and brings it to the front.

    Attributes:
        page: the open page; None if it is closed.

    Signals:
        wanted(str): the page with this key is to be shown in front, and made unless it exists.
    """

    wanted = Signal(str)

    def __init__(self, parent: QObject, key: str, create: Callable[[], W]) -> None:
        """Set up; ``create`` creates the page, and imports its modules: most runs of the application do not need it."""
        super().__init__(parent)
        self._key, self._create = key, create
        self.page: W | None = None

    def make(self) -> W:
        """Make the page, for its tab."""
        self.page = self._create()
        self.page.closed.connect(self._on_closed)
        return self.page

    def open(self) -> W:
        """Show the page, where it was, with the keyboard."""
        self.wanted.emit(self._key)
        assert self.page is not None
        self.page.setFocus(Qt.FocusReason.OtherFocusReason)
        return self.page

    def _on_closed(self) -> None:
        self.page = None


def _set_font(page: TextTab, settings: LiveSettings) -> None:
    chosen = settings.preferences
    page.set_font(chosen.terminal_font, chosen.window.font_size or default_chat_px())


class ChangesOpener(QObject):
    """Makes and opens the pages with changes, one for each chat.

    Attributes:
        pages: the open pages by their chats' ids.

    Signals:
        wanted(str): as of ``PageOpener``.
    """

    wanted = Signal(str)

    def __init__(
        self,
        theme: Theme,
        settings: LiveSettings,
        sessions: Sessions,
        receiver: CommentReceiver,
        edit_in_tab: EditInTab,
    ) -> None:
        """Set up; ``receiver`` gets the comments on the changes."""
        super().__init__(theme)
        self._edit_in_tab = edit_in_tab
        self._theme, self._settings, self._sessions, self._receiver = theme, settings, sessions, receiver
        self.pages: dict[str, ChangesTab] = {}
        settings.changed.connect(self._on_settings)

    def open(self, chat: Chat, directory: str, since: ListedPoint | None = None) -> ChangesTab:
        """Show the changes of the working tree around a directory of a chat; since a prompt, if one is given."""
        self.wanted.emit(f"{CHANGES}{chat.id}")
        page = self.pages[chat.id]
        page.show_directory(directory)
        page.setFocus(Qt.FocusReason.OtherFocusReason)
        if since is not None:
            page.show_since(since)
        return page

    def make(self, chat: Chat) -> ChangesTab:
        """Make the page of a chat, for its tab."""
        from gui.bridge.changes import ChangesReader
        from gui.window.changes.tab import ChangesTab

        settings, sessions = self._settings, self._sessions  # The preferences are replaced when a file changes.

        def say(line: str) -> None:
            if (open_page := self.pages.get(chat.id)) is not None:
                open_page.show_message(line)

        opener = LinkOpener(sessions.tasks, partial(editors_of, settings), self._edit_in_tab, say)
        open_file = partial(opener.open_file, machine=chat.machine)
        reader = ChangesReader(chat, chat.workplace.current_directory, sessions)
        page = ChangesTab(self._theme, reader, open_file, sessions.review_comments, self._receiver)
        self.pages[chat.id] = page
        page.closed.connect(lambda: self.pages.pop(chat.id, None))
        _set_font(page, settings)
        return page

    def _on_settings(self) -> None:
        for page in self.pages.values():
            _set_font(page, self._settings)


class GuideOpener(PageOpener["GuideTab"]):
    """Makes and opens the guide."""

    def __init__(self, theme: Theme, settings: LiveSettings, open_link: Callable[[str], object]) -> None:
        """Set up the opener; ``open_link`` opens an address outside of the guide."""
        super().__init__(theme, GUIDE, self._create_guide)
        self._theme, self._settings, self._open_link = theme, settings, open_link
        self._keys: dict[str, str] = {}
        settings.changed.connect(self._on_settings)

    def _create_guide(self) -> GuideTab:
        from gui.window.guide import GuideTab

        self._keys = keys_in_guide(self._settings.preferences.all_keys)
        page = GuideTab(self._theme, self._keys)
        page.link_activated.connect(self._open_link)
        _set_font(page, self._settings)
        return page

    def open(self, chapter: str = "") -> GuideTab:
        """Show the guide, at a chapter by the name of its file, or with "" where it was."""
        page = super().open()
        if chapter:
            page.show_chapter(chapter)
        return page

    def _on_settings(self) -> None:
        if self.page is None:
            return
        _set_font(self.page, self._settings)
        keys = keys_in_guide(self._settings.preferences.all_keys)
        if keys != self._keys:
            self._keys = keys
            self.page.use_keys(keys)


class TimelineOpener(PageOpener["TimelineTab"]):
    """Makes and opens the timeline, and reads its days."""

    def __init__(self, theme: Theme, sessions: Sessions, open_chat: Callable[[Chat], ChatPage]) -> None:
        """Set up; ``open_chat`` shows a chat in front."""
        super().__init__(theme, TIMELINE, self._create_timeline)
        self._theme, self._sessions, self._open_chat = theme, sessions, open_chat

    def _create_timeline(self) -> TimelineTab:
        from gui.window.timeline.tab import TimelineTab

        page = TimelineTab(self._theme)
        page.day_wanted.connect(lambda day: self._sessions.tasks.start(self._read(page, day), "a day of all chats"))
        page.chat_chosen.connect(self._go_to)
        return page

    async def _read(self, page: TimelineTab, day: date) -> None:
        from gui.bridge.chat_days import read_day

        found = await read_day(self._sessions, day)
        if page is self.page and page.day == day:
            page.show_day(found)

    def _go_to(self, session_id: str, at_s: float) -> None:
        """Show a chat; a chat view also at a time in seconds since 1970."""
        if (chat := self._sessions.chats.get(session_id)) is None:
            return
        self._open_chat(chat).content.go_to_time(at_s)


class UsageOpener(PageOpener["UsageTab"]):
    """Makes and opens the usage, and reads it."""

    def __init__(
        self, theme: Theme, settings: LiveSettings, sessions: Sessions, open_chat: Callable[[Chat], ChatPage]
    ) -> None:
        """Set up; ``open_chat`` shows a chat in front."""
        super().__init__(theme, USAGE, self._create_usage)
        self._theme, self._settings, self._sessions, self._open_chat = theme, settings, sessions, open_chat
        self._reads = 0

    def _create_usage(self) -> UsageTab:
        from gui.window.usage.amounts import Amounts
        from gui.window.usage.tab import UsageTab

        page = UsageTab(self._theme, self._agent_of, Amounts(self._theme, self._settings))
        page.wanted.connect(lambda since_s: self._sessions.tasks.start(self._read(page, since_s), "usage"))
        page.chat_chosen.connect(self._go_to)
        self._sessions.chats.changed.connect(page.note_change)
        return page

    async def _read(self, page: UsageTab, since_s: float) -> None:
        from gui.bridge.usage import read_all

        self._reads += 1
        number = self._reads
        found = await read_all(self._sessions, since_s)
        if page is self.page and number == self._reads:
            page.show_usage(found)

    def _agent_of(self, name: str) -> KnownAgent:
        from gui.window.usage.figures import KnownAgent

        here = self._sessions.machines.here.agents
        for each in self._sessions.machines.by_name.values():
            if (agent := each.agents.get(name)) is not None:
                index = list(here).index(name) if name in here else -1
                return KnownAgent(agent.title, agent.monogram, index)
        return KnownAgent(name, "", -1)

    def _go_to(self, session_id: str) -> None:
        """Show a chat, if it still exists."""
        if (chat := self._sessions.chats.get(session_id)) is not None:
            self._open_chat(chat)


def keys_in_guide(overrides: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The changed keys, and the table of all keys, by the texts of the guide that they replace."""
    from gui.window.guide import ALL_KEYS

    return {**changed_keys(overrides), ALL_KEYS: all_keys(overrides)}


def all_keys(overrides: Mapping[str, Sequence[str]]) -> str:
    """A Markdown table for each group of actions, with the keys that they have and their names in ``keys.toml``."""
    chosen, _ = with_overrides(overrides)
    groups: dict[str, list[str]] = {}
    for entry in TABLE:
        keys = ", ".join(map(_written, chosen[entry.name]))
        groups.setdefault(entry.group, []).append(f"| {entry.title} | {keys} | `{entry.name}` |")
    heads = (
        f"| {action_texts.GROUPS[name]()} | {sheet_texts.KEY()} | `keys.toml` |\n| --- | --- | --- |" for name in groups
    )
    return "\n\n".join("\n".join((head, *rows)) for head, rows in zip(heads, groups.values(), strict=True))


def changed_keys(overrides: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The keys that are not their action's any more, each with the action's first key, or its title if it has none."""
    chosen, _ = with_overrides(overrides)
    return {
        _written(key): _written(keys[0]) if (keys := chosen[entry.name]) else f"“{entry.title}”"
        for entry in TABLE
        for key in sequences(entry.keys)
        if key not in chosen[entry.name]
    }


def _written(key: QKeySequence) -> str:
    """A key as the guide writes it: as menus do, except for the keys that are signs."""
    text = key.toString(QKeySequence.SequenceFormat.NativeText)
    signs = {"+": "Plus", "-": "Minus"}
    return text[:-1] + signs[text[-1]] if text[-2:-1] == "+" and text[-1] in signs else text


WAIT_S = 15.0
"""How long a chat that is opened for the comments may take to connect."""


class CommentInserter:
    """Opens a chat and puts a text into its prompt box, or pastes it into its terminal."""

    def __init__(self, tasks: Tasks, open_chat: Callable[[Chat], ChatPage], resume: Callable[[Chat], object]) -> None:
        """Set up; ``open_chat`` shows a chat in front, ``resume`` resumes an ended one in its tab."""
        self._tasks, self._open_chat, self._resume = tasks, open_chat, resume

    def resume(self, chat: Chat) -> None:
        """Resume an ended chat."""
        self._resume(chat)

    def insert(self, chat: Chat, text: str, report: Callable[[str], object]) -> None:
        """Put a text where the user writes to a running chat; ``report`` gets "", or one line about what hinders it."""
        asks = traits_of(chat.record).own_dialog and chat.record.status.activity is Activity.NEEDS_INPUT
        page = self._open_chat(chat)
        if asks or page.is_question_open:
            report(changes_texts.answer_first(chat.full_name))  # The text could become the answer.
        elif _is_ready(page):
            page.content.append_prompt(text)
            report("")
        else:
            self._tasks.start(self._insert_when_ready(page, text, report), "comments")

    async def _insert_when_ready(self, page: ChatPage, text: str, report: Callable[[str], object]) -> None:
        """Insert the text once the page shows the running chat."""
        ready = asyncio.Event()
        chat = page.chat
        page.settled.connect(ready.set)
        try:
            async with asyncio.timeout(WAIT_S):
                while not _is_ready(page) and not chat.is_over:
                    ready.clear()
                    await ready.wait()
        except TimeoutError:
            pass
        if _is_ready(page) and not page.is_question_open:
            page.content.append_prompt(text)
            report("")
        else:
            report(changes_texts.not_connected(chat.full_name))


def _is_ready(page: ChatPage) -> bool:
    """Whether a text can be inserted now: always into a prompt box; into a terminal once it shows its chat."""
    return (
        Shiboken.isValid(page)
        and not page.chat.is_over
        and page.content.can_insert
        and (page.is_settled or traits_of(page.chat.record).takes_prompts)
    )


class SettingsOpener(PageOpener["SettingsTab"]):
    """Makes and opens the settings."""

    def __init__(
        self,
        theme: Theme,
        settings: LiveSettings,
        agents: LiveAgents,
        tasks: Tasks,
        *,
        update_path: Callable[[], Awaitable[object]],
        import_theme: Callable[[], object],
        open_file: Callable[[str], object],
    ) -> None:
        """Set up the opener; the functions are those of ``SettingsContext``."""
        super().__init__(theme, SETTINGS, self._create_settings)
        self._theme, self._settings, self._agents, self._tasks = theme, settings, agents, tasks
        self._update_path, self._import_theme, self._open_file = update_path, import_theme, open_file

    def _create_settings(self) -> SettingsTab:
        from gui.window.settings.context import SettingsContext
        from gui.window.settings.tab import SettingsTab

        context = SettingsContext(
            theme=self._theme,
            settings=self._settings,
            tasks=self._tasks,
            agents=self._agents,
            keys=keymap(),
            update_path=self._update_path,
            import_theme=self._import_theme,
            open_file=self._open_file,
            editors=installed,
            far_editors=installed_for_far,
            reset_theme=self._reset_theme,
        )
        return SettingsTab(context)

    def open(self, page: PageName | Literal[""] = "") -> SettingsTab:
        """Show the settings, at a page, or with "" where they were."""
        tab = super().open()
        if page:
            tab.show_page(page)
        return tab

    def _reset_theme(self) -> None:
        preferences = self._settings.preferences
        self._theme.use(preferences.schemes, preferences.window.appearance, preferences.look)


def keymap() -> Keymap:
    """The table of actions for the settings."""
    from gui.window.settings.context import ActionKeys, Keymap

    def chosen(overrides: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        return {action: _portable(keys) for action, keys in with_overrides(overrides)[0].items()}

    def problems(overrides: Mapping[str, Sequence[str]], lines: Mapping[str, int]) -> list[str]:
        return with_overrides(overrides, lines)[1]

    actions = [
        ActionKeys(
            entry.name,
            entry.title,
            tuple(_portable(sequences(entry.keys))),
            entry.search_words,
            action_texts.GROUPS[entry.group](),
        )
        for entry in TABLE
    ]
    return Keymap(actions, chosen, problems)


def _portable(keys: Sequence[QKeySequence]) -> list[str]:
    return [key.toString(QKeySequence.SequenceFormat.PortableText) for key in keys]
