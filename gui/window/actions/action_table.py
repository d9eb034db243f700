"""The table of actions, each with its title and its keys, and the user's changes to the keys.

Ctrl+letter, Alt+letter and Escape belong to the program in the terminal, so the table has none of them.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtGui import QKeySequence

from gui.settings.pane_tree import SIDES
from gui.settings.text_keys import is_text
from gui.wording import settings_texts
from gui.wording.text import Text

Scope = Literal["window", "terminal"]
Group = Literal["chat", "window", "terminal", "changes", "settings"]
CHAT: Final = "chat"
WINDOW: Final = "window"
TERMINAL: Final = "terminal"
CHANGES: Final = "changes"
SETTINGS: Final = "settings"


@dataclass(frozen=True)
class Action:
    """All that is known of an action, except its handler, which belongs to a window.

    A title names the chat: "Export chat…". The menu and the bar of one chat leave that out: "Export…".

    Attributes:
        name: its name in ``keys.toml``.
        group: its group in the palette.
        text: its title, see ``title``.
        keys: its keys in Qt's notation.
        states: for a switch, its titles while it is off and while it is on: each says what it does then.
        scope: "terminal" keys work only while a terminal has the keyboard focus, so that fields in sheets keep their
            own Shift+arrows.
        listed: whether the palette shows the action.
        on: the condition; "" for none. Of the shown chat: there is a "chat"; it is "running", "ended", "forkable", in a
            "terminal", in a "running_terminal", "suspended", or "structured" (and running). Of the window: several
            "tabs" in the pane, tabs at the right of the shown one ("tabs_right"), several "panes", several "windows".
        repeats: whether the action repeats while its key is held. Opening, closing, sending and ending do not: a
            key that is released late must not close a second tab.
        number: the number in the title; 0 for none.
        words: other words that find the action: users know them from other programs, or use them for what they want to
            do.
    """

    name: str
    group: Group
    text: Text
    keys: tuple[str, ...] = ()
    states: tuple[Text, Text] | None = None
    scope: Scope = "window"
    listed: bool = True
    on: Literal[
        "", "chat", "running", "ended", "forkable",
        "terminal", "running_terminal", "suspended", "structured", "tabs", "tabs_right", "panes", "windows",
    ] = ""  # fmt: skip
    repeats: bool = False
    number: int = 0
    words: Text | None = None

    @property
    def title(self) -> str:
        """The title on the page of the keys, and where the action is no switch."""
        return self.text(number=self.number) if self.number else self.text()

    def title_in(self, *, on: bool) -> str:
        """The title of a switch that is on or off; of another action its usual one."""
        return self.states[on]() if self.states is not None else self.title

    @property
    def search_words(self) -> str:
        """The other words that find the action; those of a switch are also its titles."""
        texts = (self.words, *((self.text, *self.states) if self.states is not None else ()))
        return " ".join(text() for text in texts if text is not None)


# fmt: off
TABLE: tuple[Action, ...] = (
    Action("switch_chat", CHAT, Text("action", "Switch to a chat…"), keys=("Ctrl+Shift+K",),
           words=Text("action", "go to quick open recent editor")),
    Action("search", CHAT, Text("action", "Search all chats…"), keys=("Ctrl+Shift+S",),
           words=Text("action", "history grep")),
    Action("next_waiting", CHAT, Text("action", "Next chat that needs you"), keys=("Ctrl+Shift+J",),
           words=Text("action", "jump unread done finished attention")),
    Action("new_chat", CHAT, Text("action", "New chat…"), keys=("Ctrl+Shift+N",),
           words=Text("action", "create start thread session conversation agent task")),
    Action("new_chat_in_worktree", CHAT, Text("action", "New chat in a git worktree…"), words=Text("action", "branch")),
    Action("continue", CHAT, Text("action", "Continue…"),
           words=Text("action", "resume restart start again reopen import history earlier another conversation session "
                    "thread chat like this duplicate clone copy resume command")),
    Action("fork", CHAT, Text("action", "Fork…"), on="forkable",
           words=Text("action", "branch copy chat conversation rewind back before a prompt edit undo retry")),
    Action("new_shell", CHAT, Text("action", "New shell in this directory"), keys=("Ctrl+Shift+Return",),
           words=Text("action", "terminal bash new tab here cwd")),
    Action("send", CHAT, Text("action", "Send text to chat…"), words=Text("action", "input type")),
    Action("insert_prompt", CHAT, Text("action", "Insert a saved prompt…"), keys=("Ctrl+Shift+R",),
           words=Text("action", "snippet template custom command workflow")),
    Action("save_prompt", CHAT, Text("action", "Save this prompt…"), on="structured",
           words=Text("action", "snippet template custom command")),
    Action("rename", CHAT, Text("action", "Rename chat…"), on="chat", words=Text("action", "title tab terminal")),
    Action("resume_all", CHAT, Text("action", "Resume all chats that a restart interrupted…")),
    Action("choose_model", CHAT, Text("action", "Choose model…"), on="structured",
           words=Text("action", "agent llm switch")),
    Action("choose_mode", CHAT, Text("action", "Choose mode…"), on="structured",
           words=Text("action", "agent permissions plan approval")),
    Action("choose_effort", CHAT, Text("action", "Choose effort…"), on="structured",
           words=Text("action", "agent thinking reasoning")),
    Action("pin", CHAT, Text("action", "Pin or unpin chat"),
           states=(Text("action", "Pin chat"), Text("action", "Unpin chat")), on="chat"),
    Action("choose_color", CHAT, Text("action", "Choose a colour for the chat…"), on="chat",
           words=Text("action", "color label tag tab mark")),
    Action("mark_unread", CHAT, Text("action", "Mark chat as read or unread"),
           states=(Text("action", "Mark chat as unread"), Text("action", "Mark chat as read")), on="chat",
           words=Text("action", "later remind follow up seen done")),
    Action("stop", CHAT, Text("action", "Stop chat"), on="running", words=Text("action", "end")),
    Action("kill", CHAT, Text("action", "Kill chat"), on="running", words=Text("action", "terminate terminal")),
    Action("stop_all", CHAT, Text("action", "Stop all chats…")),
    Action("remove", CHAT, Text("action", "Remove chat"), on="ended",
           words=Text("action", "delete discard trash clear")),
    Action("notifications", CHAT, Text("action", "Notifications…"),
           words=Text("action", "mute unmute notify when quiet for an hour until tomorrow morning do not disturb snooze"
                              " monitor silence watch alert bell done")),
    Action("copy_name", CHAT, Text("action", "Copy chat name"), on="chat"),
    Action("export", CHAT, Text("action", "Export chat…"), on="chat",
           words=Text("action", "save download markdown share scrollback history log output")),
    Action("errors", CHAT, Text("action", "Show error output"), on="chat", words=Text("action", "stderr log")),
    Action("explain", CHAT, Text("action", "Status details"), on="chat",
           words=Text("action", "explain why info debug process pid")),
    Action("palette", WINDOW, Text("action", "Command palette…"), keys=("Ctrl+Shift+P",), listed=False),
    Action("close_tab", WINDOW, Text("action", "Close tab (the chat keeps running)"), keys=("Ctrl+Shift+W",), on="chat",
           words=Text("action", "detach hide editor")),
    Action("close_other_tabs", WINDOW, Text("action", "Close other tabs"), on="tabs",
           words=Text("action", "detach hide all editors")),
    Action("close_tabs_right", WINDOW, Text("action", "Close tabs to the right"), on="tabs_right",
           words=Text("action", "detach hide editors")),
    Action("reopen_tab", WINDOW, Text("action", "Reopen closed tab"), keys=("Ctrl+Shift+T",),
           words=Text("action", "back editor undo")),
    Action("next_tab", WINDOW, Text("action", "Next tab"), keys=("Ctrl+PgDown", "Ctrl+Tab"), listed=False,
           repeats=True),
    Action("previous_tab", WINDOW, Text("action", "Previous tab"), keys=("Ctrl+PgUp", "Ctrl+Shift+Tab"), listed=False,
           repeats=True),
    *(Action(f"tab_{number}", WINDOW, Text("action", "Tab {number}"), keys=(f"Alt+{number}",), listed=False,
             number=number) for number in range(1, 10)),
    Action("last_tab", WINDOW, Text("action", "Switch to the last-used tab"), keys=("Ctrl+Shift+M",), on="chat",
           words=Text("action", "previous recent back chat")),
    Action("move_tab_left", WINDOW, Text("action", "Move tab left"), keys=("Alt+Shift+PgUp",), on="tabs", listed=False,
           repeats=True),
    Action("move_tab_right", WINDOW, Text("action", "Move tab right"), keys=("Alt+Shift+PgDown",), on="tabs",
           listed=False, repeats=True),
    Action("split_right", WINDOW, Text("action", "Split right"), keys=("Ctrl+Shift+D",),
           words=Text("action", "pane editor terminal bash")),
    Action("split_down", WINDOW, Text("action", "Split down"), keys=("Ctrl+Shift+E",),
           words=Text("action", "pane editor terminal bash")),
    Action("mirror_right", WINDOW, Text("action", "Show this chat on the right, too"), on="chat",
           words=Text("action", "split pane view")),
    Action("mirror_down", WINDOW, Text("action", "Show this chat below, too"), on="chat",
           words=Text("action", "split pane view")),
    Action("maximise_pane", WINDOW, Text("action", "Maximise pane"), keys=("Ctrl+Shift+Z",),
           states=(Text("action", "Maximise pane"), Text("action", "Restore pane")), on="panes",
           words=Text("action", "maximize zoom")),
    Action("even_out", WINDOW, Text("action", "Even out panes"), keys=("Ctrl+Shift+G",), on="panes",
           words=Text("action", "equal balance size layout")),
    Action("close_pane", WINDOW, Text("action", "Close pane (its tabs move to the next one)"), on="panes",
           words=Text("action", "kill unsplit")),
    Action("swap_panes", WINDOW, Text("action", "Swap pane with the next one"), on="panes",
           words=Text("action", "exchange rotate")),
    Action("move_to_pane", WINDOW, Text("action", "Move tab to the next pane"), on="panes",
           words=Text("action", "join")),
    Action("broadcast", WINDOW, Text("action", "Broadcast typing to all panes"),
           states=(Text("action", "Broadcast typing to all panes"), Text("action", "Stop broadcasting")), on="panes",
           words=Text("action", "synchronize panes copy input several chats at once")),
    Action("pane_left", WINDOW, Text("action", "Go to the pane on the left"), keys=("Alt+Shift+Left",), on="panes",
           repeats=True, words=Text("action", "focus split")),
    Action("pane_right", WINDOW, Text("action", "Go to the pane on the right"), keys=("Alt+Shift+Right",), on="panes",
           repeats=True, words=Text("action", "focus split")),
    Action("pane_up", WINDOW, Text("action", "Go to the pane above"), keys=("Alt+Shift+Up",), on="panes",
           repeats=True, words=Text("action", "focus split")),
    Action("pane_down", WINDOW, Text("action", "Go to the pane below"), keys=("Alt+Shift+Down",), on="panes",
           repeats=True, words=Text("action", "focus split")),
    Action("resize_left", WINDOW, Text("action", "Move the pane’s edge left"), keys=("Ctrl+Shift+Left",), on="panes",
           listed=False, repeats=True),
    Action("resize_right", WINDOW, Text("action", "Move the pane’s edge right"), keys=("Ctrl+Shift+Right",), on="panes",
           listed=False, repeats=True),
    Action("resize_up", WINDOW, Text("action", "Move the pane’s edge up"), keys=("Ctrl+Shift+Up",), on="panes",
           listed=False, repeats=True),
    Action("resize_down", WINDOW, Text("action", "Move the pane’s edge down"), keys=("Ctrl+Shift+Down",), on="panes",
           listed=False, repeats=True),
    Action("new_window", WINDOW, Text("action", "New window"), words=Text("action", "open another instance")),
    Action("move_to_new_window", WINDOW, Text("action", "Move tab to a new window"), on="chat",
           words=Text("action", "detach pop out editor")),
    Action("move_to_window", WINDOW, Text("action", "Move tab to another window"), on="windows"),
    Action("focus_sidebar", WINDOW, Text("action", "Go to the chat list"), keys=("Ctrl+Shift+L",),
           words=Text("action", "sidebar filter")),
    Action("sidebar", WINDOW, Text("action", "Show or hide sidebar"), keys=("Ctrl+Shift+B",),
           states=(Text("action", "Show sidebar"), Text("action", "Hide sidebar")),
           words=Text("action", "toggle panel list")),
    Action("full_screen", WINDOW, Text("action", "Full screen"), keys=("F11",),
           states=(Text("action", "Full screen"), Text("action", "Leave full screen")),
           words=Text("action", "maximize")),
    Action("close_window", WINDOW, Text("action", "Close window (chats keep running)"),
           words=Text("action", "quit exit")),
    Action("find", TERMINAL, Text("action", "Find in this chat…"), keys=("Ctrl+Shift+F",), on="chat",
           words=Text("action", "search")),
    Action("select_by_keyboard", TERMINAL, Text("action", "Select by keyboard"), keys=("Ctrl+Shift+Space",),
           on="terminal", words=Text("action", "copy mode vi")),
    Action("link_hints", TERMINAL, Text("action", "Link hints"), keys=("Ctrl+Shift+H",), on="terminal",
           words=Text("action", "hints kitten quick select url")),
    Action("open_text", TERMINAL, Text("action", "Open whole text in editor"), on="terminal",
           words=Text("action", "scrollback pager less history")),
    Action("clear_scrollback", TERMINAL, Text("action", "Clear scrollback"), keys=("Ctrl+Shift+Del",),
           on="running_terminal", words=Text("action", "erase history buffer terminal")),
    Action("reset_terminal", TERMINAL, Text("action", "Reset terminal"), on="running_terminal",
           words=Text("action", "clear garbled redraw repaint screen")),
    Action("continue_program", TERMINAL, Text("action", "Continue suspended program"), on="suspended"),
    Action("copy", TERMINAL, Text("action", "Copy"), keys=("Ctrl+Shift+C",), scope="terminal"),
    Action("paste", TERMINAL, Text("action", "Paste"), keys=("Ctrl+Shift+V",), scope="terminal"),
    Action("paste_selection", TERMINAL, Text("action", "Paste primary selection"), keys=("Shift+Ins", "Ctrl+Shift+Ins"),
           on="running_terminal", scope="terminal", words=Text("action", "primary middle click")),
    Action("select_all", TERMINAL, Text("action", "Select all"), keys=("Ctrl+Shift+A",)),
    Action("scroll_line_up", TERMINAL, Text("action", "Scroll up a line"), keys=("Shift+Up",), scope="terminal",
           listed=False, repeats=True),
    Action("scroll_line_down", TERMINAL, Text("action", "Scroll down a line"), keys=("Shift+Down",), scope="terminal",
           listed=False, repeats=True),
    Action("scroll_page_up", TERMINAL, Text("action", "Scroll up a page"), keys=("Shift+PgUp",), scope="terminal",
           listed=False, repeats=True),
    Action("scroll_page_down", TERMINAL, Text("action", "Scroll down a page"), keys=("Shift+PgDown",), scope="terminal",
           listed=False, repeats=True),
    Action("scroll_to_start", TERMINAL, Text("action", "Scroll to top"), keys=("Shift+Home",), scope="terminal",
           listed=False),
    Action("scroll_to_end", TERMINAL, Text("action", "Scroll to bottom"), keys=("Shift+End",), scope="terminal",
           listed=False),
    Action("previous_prompt", TERMINAL, Text("action", "Go to previous prompt"), keys=("Ctrl+Shift+PgUp",), on="chat",
           repeats=True, words=Text("action", "jump command")),
    Action("next_prompt", TERMINAL, Text("action", "Go to next prompt"), keys=("Ctrl+Shift+PgDown",), on="chat",
           repeats=True, words=Text("action", "jump command")),
    Action("commands", TERMINAL, Text("action", "Commands…"), on="chat",
           words=Text("action", "go to jump list history recent failed error exit duration copy clipboard output select"
                              " open pager less last edit rerun run again repeat put at prompt insert shell")),
    Action("copy_output", TERMINAL, Text("action", "Copy last answer or output of command"), keys=("Ctrl+Shift+O",),
           on="chat", words=Text("action", "clipboard")),
    Action("show_changes", CHANGES, Text("action", "Changes"), keys=("Ctrl+Shift+I",), on="chat",
           words=Text("action", "show git diff review source control files edits since prompt checkpoint rewind undo "
                    "revert restore point")),
    Action("open_directory", CHANGES, Text("action", "Open directory in editor"), on="chat",
           words=Text("action", "folder code ide")),
    Action("show_directory", CHANGES, Text("action", "Show directory in file manager"), on="chat",
           words=Text("action", "folder explorer reveal")),
    Action("copy_path", CHANGES, Text("action", "Copy directory path"), on="chat",
           words=Text("action", "clipboard folder pwd")),
    Action("zoom_in", SETTINGS, Text("action", "Larger text"), keys=("Ctrl++", "Ctrl+="), repeats=True,
           words=Text("action", "zoom in font size bigger")),
    Action("zoom_out", SETTINGS, Text("action", "Smaller text"), keys=("Ctrl+-",), repeats=True,
           words=Text("action", "zoom out font size")),
    Action("zoom_reset", SETTINGS, Text("action", "Usual text size"), keys=("Ctrl+0",),
           words=Text("action", "reset zoom font size")),
    Action("status_line", SETTINGS, Text("action", "Show or hide status line"),
           states=(Text("action", "Show status line"), Text("action", "Hide status line")),
           words=Text("action", "toggle footer")),
    Action("group_by_project", SETTINGS, Text("action", "Group by project or by state"),
           states=(Text("action", "Group by project"), Text("action", "Group by state")),
           words=Text("action", "sidebar chats list repository folder sort")),
    Action("compact_rows", SETTINGS, Text("action", "Compact rows or two lines"),
           states=(Text("action", "Compact rows"), Text("action", "Rows of two lines")),
           words=Text("action", "sidebar chats list density")),
    Action("choose_theme", SETTINGS, Text("action", "Choose a theme…"), words=Text("action", "colours colors import")),
    Action("choose_appearance", SETTINGS, Text("action", "Light or dark…"), words=Text("action", "night mode theme")),
    Action("settings", SETTINGS, Text("action", "Settings…"), keys=("Ctrl+,",),
           words=Text("action", "preferences options configuration font notifications user")),
    Action("guide", SETTINGS, Text("action", "Guide"), keys=("Ctrl+Shift+F1",),
           words=Text("action", "help manual documentation")),
    Action("shortcuts", SETTINGS, Text("action", "Keyboard shortcuts…"),
           words=Text("action", "help keybindings keymap hotkeys open")),
)
# fmt: on

_BY_NAME = {action.name: action for action in TABLE}


def title(name: str) -> str:
    """The title of an action."""
    return _BY_NAME[name].title


def sequences(keys: Sequence[str]) -> list[QKeySequence]:
    """Keys as Qt objects."""
    return [QKeySequence(key, QKeySequence.SequenceFormat.PortableText) for key in keys]


BETWEEN_PANES = frozenset(f"{verb}_{side}" for verb in ("pane", "resize") for side in SIDES)
"""Actions that do nothing where there is one pane; programs that use modified arrows get these keys then."""


def of_the_window(
    chosen: dict[str, list[QKeySequence]], overrides: Container[str], *, has_panes: bool = True
) -> tuple[str, ...]:
    """The keys that the window does not pass to the program in a terminal.

    Args:
        chosen: the keys of each action and text.
        overrides: the actions with keys of the user, which work in terminals, too.
        has_panes: whether the window has several panes.
    """
    in_terminals = {entry.name for entry in TABLE if entry.scope == "terminal"}
    return tuple(
        sequence.toString()
        for name, has in chosen.items()
        for sequence in has
        if (name not in in_terminals or name in overrides) and (has_panes or name not in BETWEEN_PANES)
    )


def with_overrides(
    overrides: Mapping[str, Sequence[str]], lines: Mapping[str, int] | None = None
) -> tuple[dict[str, list[QKeySequence]], list[str]]:
    """The keys of each action and text, with the user's changes.

    Args:
        overrides: the user's keys of actions, and of texts by ``text_keys.name_of``.
        lines: the line of each action in ``keys.toml``, for problems.

    Returns:
        The keys by name, and one line for each override without an effect.
    """
    problems: list[str] = []
    chosen = {entry.name: sequences(entry.keys) for entry in TABLE}
    holders: dict[str, str] = {}
    for action, keys in overrides.items():
        location = f"keys.toml:{line}" if (line := (lines or {}).get(action, 0)) else "keys.toml"
        if action not in chosen and not is_text(action):
            problems.append(settings_texts.UNKNOWN_ACTION(location=location, action=action))
            continue
        wanted = sequences(keys)
        if any(not sequence.toString() for sequence in wanted):
            problems.append(settings_texts.INVALID_KEY(location=location, keys=", ".join(keys), action=action))
            continue
        # Qt gives an ambiguous key to no action, so the first action keeps it.
        for sequence in list(wanted):
            if (holder := holders.setdefault(sequence.toString(), action)) != action:
                problems.append(settings_texts.KEY_IS_TAKEN(location=location, key=sequence.toString(), action=holder))
                wanted.remove(sequence)
        chosen[action] = wanted
        # A key that the user gave to one action is removed from the other one.
        for other, has in chosen.items():
            if other != action and other not in overrides:
                chosen[other] = [sequence for sequence in has if sequence not in wanted]
    return chosen, problems
