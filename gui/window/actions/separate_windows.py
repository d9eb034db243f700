"""Opens the windows without chats: settings, guide, timeline, and the changes of chats' directories."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from PySide6.QtCore import QObject
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
from gui.window.widgets.parts import center_on_active_window
from gui.wording import action_texts, changes_texts, sheet_texts
from session_host.protocol.values import Activity
from session_host.standing.traits import traits_of

from .action_table import TABLE
from .keys import sequences, with_overrides
from .links import EditInTab, LinkOpener, editors_of, installed, installed_for_far

if TYPE_CHECKING:
    from gui.bridge.changes import ListedPoint
    from gui.window.changes.review import CommentReceiver
    from gui.window.changes.window import ChangesWindow
    from gui.window.guide import GuideWindow
    from gui.window.settings.context import Keymap
    from gui.window.settings.window import SettingsWindow
    from gui.window.timeline.window import TimelineWindow
    from gui.window.widgets.separate_window import SeparateWindow
    from gui.window.widgets.text_window import TextWindow


W = TypeVar("W", bound="SeparateWindow")


class SingleWindow(QObject, Generic[W]):
    """Opens the window, and brings it to the front if it is open.

    Attributes:
        window: the open window; None if it is closed.
    """

    def __init__(self, parent: QObject, make: Callable[[], W]) -> None:
        """Set up; ``make`` makes the window, and imports its modules: most runs of the application do not need it."""
        super().__init__(parent)
        self._make = make
        self.window: W | None = None

    def open(self) -> W:
        """Show the window, where it was."""
        if self.window is None:
            self.window = self._make()
            center_on_active_window(self.window)
            self.window.closed.connect(self._on_closed)
        self.window.start()
        return self.window

    def close(self) -> None:
        """Close the window."""
        if self.window is not None:
            self.window.close()

    def _on_closed(self) -> None:
        self.window = None


def _set_font(window: TextWindow, settings: LiveSettings) -> None:
    chosen = settings.preferences
    window.set_font(chosen.terminal_font, chosen.window.font_size or default_chat_px())


class ChangesOpener(QObject):
    """Opens the windows with changes, one for each chat."""

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
        self._windows: dict[str, ChangesWindow] = {}
        """The open windows by chat."""
        settings.changed.connect(self._on_settings)

    def open(self, chat: Chat, directory: str, since: ListedPoint | None = None) -> ChangesWindow:
        """Show the changes of the working tree around a directory of a chat; since a prompt, if one is given."""
        window = self._windows.get(chat.id)
        if window is None:
            window = self._windows[chat.id] = self._make(chat, directory)
            center_on_active_window(window)
        window.show_directory(directory)
        window.start()
        if since is not None:
            window.show_since(since)
        return window

    def _make(self, chat: Chat, directory: str) -> ChangesWindow:
        from gui.bridge.changes import ChangesReader
        from gui.window.changes.window import ChangesWindow

        settings, sessions = self._settings, self._sessions  # The preferences are replaced when a file changes.

        def say(line: str) -> None:
            if (open_window := self._windows.get(chat.id)) is not None:
                open_window.show_message(line)

        opener = LinkOpener(sessions.tasks, partial(editors_of, settings), self._edit_in_tab, say)
        open_file = partial(opener.open_file, machine=chat.machine)
        reader = ChangesReader(chat, directory, sessions)
        window = ChangesWindow(self._theme, reader, open_file, sessions.review_comments, self._receiver)
        window.closed.connect(lambda: self._windows.pop(chat.id, None))
        _set_font(window, settings)
        return window

    def close(self) -> None:
        """Close all windows."""
        for window in list(self._windows.values()):
            window.close()

    def _on_settings(self) -> None:
        for window in self._windows.values():
            _set_font(window, self._settings)


class GuideOpener(SingleWindow["GuideWindow"]):
    """Opens the guide window."""

    def __init__(self, theme: Theme, settings: LiveSettings, open_link: Callable[[str], object]) -> None:
        """Set up the opener; ``open_link`` opens an address outside of the guide."""
        super().__init__(theme, self._make_guide)
        self._theme, self._settings, self._open_link = theme, settings, open_link
        self._keys: dict[str, str] = {}
        settings.changed.connect(self._on_settings)

    def _make_guide(self) -> GuideWindow:
        from gui.window.guide import GuideWindow

        self._keys = keys_in_guide(self._settings.preferences.all_keys)
        window = GuideWindow(self._theme, self._keys)
        window.link_activated.connect(self._open_link)
        _set_font(window, self._settings)
        return window

    def open(self, chapter: str = "") -> GuideWindow:
        """Show the window, at a chapter by the name of its file, or with "" where it was."""
        window = super().open()
        if chapter:
            window.show_chapter(chapter)
        return window

    def _on_settings(self) -> None:
        if self.window is None:
            return
        _set_font(self.window, self._settings)
        keys = keys_in_guide(self._settings.preferences.all_keys)
        if keys != self._keys:
            self._keys = keys
            self.window.use_keys(keys)


class TimelineOpener(SingleWindow["TimelineWindow"]):
    """Opens the timeline, and reads its days."""

    def __init__(self, theme: Theme, sessions: Sessions, open_chat: Callable[[Chat], ChatPage]) -> None:
        """Set up; ``open_chat`` shows a chat in front."""
        super().__init__(theme, self._make_timeline)
        self._theme, self._sessions, self._open_chat = theme, sessions, open_chat

    def _make_timeline(self) -> TimelineWindow:
        from gui.window.timeline.window import TimelineWindow

        window = TimelineWindow(self._theme)
        window.day_wanted.connect(lambda day: self._sessions.tasks.start(self._read(window, day), "a day of all chats"))
        window.chat_chosen.connect(self._go_to)
        return window

    async def _read(self, window: TimelineWindow, day: date) -> None:
        from gui.bridge.chat_days import read_day

        found = await read_day(self._sessions, day)
        if window is self.window and window.day == day:
            window.show_day(found)

    def _go_to(self, session_id: str, at_s: float) -> None:
        """Show a chat; a chat view also at a time in seconds since 1970."""
        if (chat := self._sessions.chats.get(session_id)) is None:
            return
        self._open_chat(chat).content.go_to_time(at_s)


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
                while not _is_ready(page) and not chat.has_ended:
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
    """Whether a text can be inserted now: always into a prompt box; into a terminal once it shows the running chat."""
    return (
        Shiboken.isValid(page)
        and not page.chat.has_ended
        and page.content.can_insert
        and (page.is_settled or traits_of(page.chat.record).takes_prompts)
    )


class SettingsOpener(SingleWindow["SettingsWindow"]):
    """Opens the settings window."""

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
        super().__init__(theme, self._make_settings)
        self._theme, self._settings, self._agents, self._tasks = theme, settings, agents, tasks
        self._update_path, self._import_theme, self._open_file = update_path, import_theme, open_file

    def _make_settings(self) -> SettingsWindow:
        from gui.window.settings.context import SettingsContext
        from gui.window.settings.window import SettingsWindow

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
        return SettingsWindow(context)

    def open(self, page: PageName | Literal[""] = "") -> SettingsWindow:
        """Show the window, at a page, or with "" where it was."""
        window = super().open()
        if page:
            window.show_page(page)
        return window

    def _reset_theme(self) -> None:
        preferences = self._settings.preferences
        self._theme.use(preferences.schemes, preferences.window.appearance, preferences.look)


def keymap() -> Keymap:
    """The table of actions for the settings window."""
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
