"""The table of actions: an action is one row, with its title, its keys, when it applies, and what it does.

What a handler does is in the module of its subject; ``WindowCommands`` leads there. Ctrl+letter, Alt+letter and Escape
belong to the program in the terminal, so the table has none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from gui.wording import action_texts, machine_texts
from gui.wording.text import Text

if TYPE_CHECKING:
    from gui.window.actions.window_commands import WindowCommands

Scope = Literal["window", "terminal"]
Group = Literal["chat", "window", "terminal", "changes", "settings"]
CHAT: Final = "chat"
WINDOW: Final = "window"
TERMINAL: Final = "terminal"
CHANGES: Final = "changes"
SETTINGS: Final = "settings"


class Action(Struct, frozen=True):
    """An action.

    A title names the chat: "Export chat…". The menu and the bar of one chat leave that out: "Export…".

    Attributes:
        name: its name in ``keys.toml``.
        group: its group in the palette.
        text: its title, see ``title``.
        run: carries it out in a window.
        keys: its keys in Qt's notation.
        on: the condition; "" for none. Of the shown chat: there is a "chat"; it is "running", "ended", "forkable", in a
            "terminal", in a "running_terminal", "suspended", or "structured" (and running). Of the window: several
            "tabs" in the pane, tabs at the right of the shown one ("tabs_right"), several "panes", several "windows".
        is_idle: whether the action has nothing to do now: menus show it disabled, and the palette leaves it out. Its
            keys stay, and a banner says why nothing happens.
        states: for a switch, its titles while it is off and while it is on: each says what it does then.
        is_on: whether a switch is on.
        scope: "terminal" keys work only while a terminal has the keyboard focus, so that fields in sheets keep their
            own Shift+arrows.
        listed: whether the palette shows the action.
        repeats: whether the action repeats while its key is held. Opening, closing, sending and ending do not: a
            key that is released late must not close a second tab.
        number: the number in the title; 0 for none.
        words: other words that find the action: users know them from other programs, or use them for what they want to
            do.
    """

    name: str
    group: Group
    text: Text
    run: Callable[[WindowCommands], object]
    keys: tuple[str, ...] = ()
    on: Literal[
        "", "chat", "running", "ended", "forkable",
        "terminal", "running_terminal", "suspended", "structured", "tabs", "tabs_right", "panes", "windows",
    ] = ""  # fmt: skip
    is_idle: Callable[[WindowCommands], bool] | None = None
    states: tuple[Text, Text] | None = None
    is_on: Callable[[WindowCommands], bool] | None = None
    scope: Scope = "window"
    listed: bool = True
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


def _go_to_tab(number: int, w: WindowCommands) -> None:
    w.tabs.active.tabs.go_to(number)


# fmt: off
TABLE: tuple[Action, ...] = (
    Action("switch_chat", CHAT, Text("action", "Switch to a chat…"), lambda w: w.lists.switch_chat(),
           keys=("Ctrl+Shift+K",), is_idle=lambda w: w.has_no_chats,
           words=Text("action", "go to quick open recent editor")),
    Action("search", CHAT, Text("action", "Search all chats…"), lambda w: w.sheets.search(), keys=("Ctrl+Shift+S",),
           is_idle=lambda w: w.has_no_chats, words=Text("action", "history grep")),
    Action("next_waiting", CHAT, Text("action", "Next chat that needs you"), lambda w: w.next_waiting(),
           keys=("Ctrl+Shift+J",), words=Text("action", "jump unread done finished attention")),
    Action("new_chat", CHAT, Text("action", "New chat…"), lambda w: w.starting.new_chat(), keys=("Ctrl+Shift+N",),
           words=Text("action", "create start thread session conversation agent task")),
    Action("new_chat_in_worktree", CHAT, Text("action", "New chat in a git worktree…"),
           lambda w: w.starting.new_chat_in_worktree(), words=Text("action", "branch")),
    Action("continue", CHAT, Text("action", "Continue…"), lambda w: w.continuing.open(w.chat),
           words=Text("action", "resume restart start again reopen import history earlier another conversation "
                                "session thread chat like this duplicate clone copy resume command")),
    Action("fork", CHAT, action_texts.FORK, lambda w: w.on_chat(w.forking.choose), on="forkable",
           words=Text("action", "branch copy chat conversation rewind back before a prompt edit undo retry")),
    Action("new_shell", CHAT, Text("action", "New shell in this directory"),
           lambda w: w.starting.new_shell(w.shown_directory), keys=("Ctrl+Shift+Return",),
           words=Text("action", "terminal bash new tab here cwd")),
    Action("send", CHAT, Text("action", "Send text to chat…"), lambda w: w.show_send_sheet(),
           is_idle=lambda w: not w.sessions.running(), words=Text("action", "input type")),
    Action("insert_prompt", CHAT, Text("action", "Insert a saved prompt…"), lambda w: w.saved_prompts.insert(),
           keys=("Ctrl+Shift+R",), words=Text("action", "snippet template custom command workflow")),
    Action("save_prompt", CHAT, Text("action", "Save this prompt…"), lambda w: w.saved_prompts.save_draft(),
           on="structured", words=Text("action", "snippet template custom command")),
    Action("rename", CHAT, Text("action", "Rename chat…"), lambda w: w.on_chat(w.chat_actions.rename), on="chat",
           words=Text("action", "title tab terminal")),
    Action("resume_all", CHAT, Text("action", "Resume all chats that a restart interrupted…"),
           lambda w: w.resume_all.ask(), is_idle=lambda w: w.has_no_interrupted),
    Action("choose_model", CHAT, action_texts.CHOOSE_MODEL, lambda w: w.lists.choose_setting("model"), on="structured",
           words=Text("action", "agent llm switch")),
    Action("choose_mode", CHAT, action_texts.CHOOSE_MODE, lambda w: w.lists.choose_setting("mode"), on="structured",
           words=Text("action", "agent permissions plan approval")),
    Action("choose_effort", CHAT, action_texts.CHOOSE_EFFORT, lambda w: w.lists.choose_setting("effort"),
           on="structured", words=Text("action", "agent thinking reasoning")),
    Action("pin", CHAT, Text("action", "Pin or unpin chat"), lambda w: w.on_chat(w.toggle_pin), on="chat",
           states=(Text("action", "Pin chat"), Text("action", "Unpin chat")),
           is_on=lambda w: w.chat is not None and w.chat.record.pinned),
    Action("choose_color", CHAT, action_texts.CHOOSE_COLOR, lambda w: w.on_chat(w.lists.choose_color), on="chat",
           words=Text("action", "color label tag tab mark")),
    Action("mark_unread", CHAT, Text("action", "Mark chat as read or unread"), lambda w: w.on_chat(w.toggle_unread),
           on="chat", states=(Text("action", "Mark chat as unread"), Text("action", "Mark chat as read")),
           is_on=lambda w: w.chat is not None and w.chat.has_unseen_output,
           words=Text("action", "later remind follow up seen done")),
    Action("stop", CHAT, Text("action", "Stop chat"), lambda w: w.on_chat(w.chat_actions.stop), on="running",
           words=Text("action", "end")),
    Action("kill", CHAT, Text("action", "Kill chat"), lambda w: w.on_chat(w.chat_actions.kill), on="running",
           words=Text("action", "terminate terminal")),
    Action("stop_all", CHAT, Text("action", "Stop all chats…"), lambda w: w.chat_actions.stop_all(),
           is_idle=lambda w: not w.sessions.running()),
    Action("remove", CHAT, Text("action", "Remove chat"), lambda w: w.on_chat(w.chat_actions.remove), on="ended",
           words=Text("action", "delete discard trash clear")),
    Action("remove_ended", CHAT, Text("action", "Remove ended chats…"), lambda w: w.chat_actions.choose_ended(),
           is_idle=lambda w: w.has_no_ended, words=Text("action", "clean up old disk space")),
    Action("notifications", CHAT, action_texts.NOTIFICATIONS, lambda w: w.lists.notifications(w.chat),
           words=Text("action", "mute unmute notify when quiet for an hour until tomorrow morning do not disturb "
                                "snooze monitor silence watch alert bell done")),
    Action("copy_name", CHAT, Text("action", "Copy chat name"), lambda w: w.on_chat(w.chat_actions.copy_name),
           on="chat"),
    Action("export", CHAT, Text("action", "Export chat…"), lambda w: w.on_chat(w.chat_actions.export), on="chat",
           words=Text("action", "save download markdown share scrollback history log output")),
    Action("errors", CHAT, Text("action", "Show error output"), lambda w: w.on_chat(w.sheets.output.ask), on="chat",
           words=Text("action", "stderr log")),
    Action("explain", CHAT, Text("action", "Status details"), lambda w: w.on_chat(w.sheets.explain.ask), on="chat",
           words=Text("action", "explain why info debug process pid")),
    Action("palette", WINDOW, Text("action", "Command palette…"), lambda w: w.context.show_palette(),
           keys=("Ctrl+Shift+P",), listed=False),
    Action("close_tab", WINDOW, Text("action", "Close tab (the chat keeps running)"),
           lambda w: w.chat_actions.close_tab(w.tabs.active_id), keys=("Ctrl+Shift+W",), on="chat",
           words=Text("action", "detach hide editor")),
    Action("close_other_tabs", WINDOW, Text("action", "Close other tabs"), lambda w: w.panes.close_others(), on="tabs",
           words=Text("action", "detach hide all editors")),
    Action("close_tabs_right", WINDOW, Text("action", "Close tabs to the right"),
           lambda w: w.panes.close_others(at_right=True), on="tabs_right", words=Text("action", "detach hide editors")),
    Action("reopen_tab", WINDOW, Text("action", "Reopen closed tab"), lambda w: w.panes.reopen_tab(),
           keys=("Ctrl+Shift+T",), is_idle=lambda w: w.tabs.closed.is_empty, words=Text("action", "back editor undo")),
    Action("next_tab", WINDOW, Text("action", "Next tab"), lambda w: w.tabs.active.tabs.step(1),
           keys=("Ctrl+PgDown", "Ctrl+Tab"), listed=False, repeats=True),
    Action("previous_tab", WINDOW, Text("action", "Previous tab"), lambda w: w.tabs.active.tabs.step(-1),
           keys=("Ctrl+PgUp", "Ctrl+Shift+Tab"), listed=False, repeats=True),
    *(Action(f"tab_{number}", WINDOW, Text("action", "Tab {number}"), partial(_go_to_tab, number),
             keys=(f"Alt+{number}",), listed=False, number=number) for number in range(1, 10)),
    Action("last_tab", WINDOW, Text("action", "Switch to the last-used tab"), lambda w: w.panes.go_to_last_tab(),
           keys=("Ctrl+Shift+M",), on="chat", words=Text("action", "previous recent back chat")),
    Action("move_tab_left", WINDOW, Text("action", "Move tab left"), lambda w: w.tabs.active.bar.move_current(-1),
           keys=("Alt+Shift+PgUp",), on="tabs", listed=False, repeats=True),
    Action("move_tab_right", WINDOW, Text("action", "Move tab right"), lambda w: w.tabs.active.bar.move_current(1),
           keys=("Alt+Shift+PgDown",), on="tabs", listed=False, repeats=True),
    Action("split_right", WINDOW, Text("action", "Split right"),
           lambda w: w.starting.new_shell(w.shown_directory, "right"), keys=("Ctrl+Shift+D",),
           words=Text("action", "pane editor terminal bash")),
    Action("split_down", WINDOW, Text("action", "Split down"),
           lambda w: w.starting.new_shell(w.shown_directory, "down"), keys=("Ctrl+Shift+E",),
           words=Text("action", "pane editor terminal bash")),
    Action("mirror_right", WINDOW, Text("action", "Show this chat on the right, too"),
           lambda w: w.panes.mirror("right"), on="chat", words=Text("action", "split pane view")),
    Action("mirror_down", WINDOW, Text("action", "Show this chat below, too"), lambda w: w.panes.mirror("down"),
           on="chat", words=Text("action", "split pane view")),
    Action("maximise_pane", WINDOW, Text("action", "Maximise pane"), lambda w: w.tabs.maximise(),
           keys=("Ctrl+Shift+Z",), on="panes", states=(Text("action", "Maximise pane"), Text("action", "Restore pane")),
           is_on=lambda w: w.tabs.is_maximised, words=Text("action", "maximize zoom")),
    Action("even_out", WINDOW, Text("action", "Even out panes"), lambda w: w.tabs.even_out(), keys=("Ctrl+Shift+G",),
           on="panes", words=Text("action", "equal balance size layout")),
    Action("close_pane", WINDOW, Text("action", "Close pane (its tabs move to the next one)"),
           lambda w: w.tabs.close_pane(), on="panes", words=Text("action", "kill unsplit")),
    Action("swap_panes", WINDOW, Text("action", "Swap pane with the next one"), lambda w: w.panes.swap(), on="panes",
           words=Text("action", "exchange rotate")),
    Action("move_to_pane", WINDOW, Text("action", "Move tab to the next pane"), lambda w: w.panes.move_to_next(),
           on="panes", words=Text("action", "join")),
    Action("broadcast", WINDOW, Text("action", "Broadcast typing to all panes"), lambda w: w.broadcasting.toggle(),
           on="panes", states=(Text("action", "Broadcast typing to all panes"), Text("action", "Stop broadcasting")),
           is_on=lambda w: w.broadcasting.is_on,
           words=Text("action", "synchronize panes copy input several chats at once")),
    Action("pane_left", WINDOW, Text("action", "Go to the pane on the left"), lambda w: w.tabs.focus("left"),
           keys=("Alt+Shift+Left",), on="panes", repeats=True, words=Text("action", "focus split")),
    Action("pane_right", WINDOW, Text("action", "Go to the pane on the right"), lambda w: w.tabs.focus("right"),
           keys=("Alt+Shift+Right",), on="panes", repeats=True, words=Text("action", "focus split")),
    Action("pane_up", WINDOW, Text("action", "Go to the pane above"), lambda w: w.tabs.focus("up"),
           keys=("Alt+Shift+Up",), on="panes", repeats=True, words=Text("action", "focus split")),
    Action("pane_down", WINDOW, Text("action", "Go to the pane below"), lambda w: w.tabs.focus("down"),
           keys=("Alt+Shift+Down",), on="panes", repeats=True, words=Text("action", "focus split")),
    Action("resize_left", WINDOW, Text("action", "Move the pane’s edge left"), lambda w: w.tabs.resize("left"),
           keys=("Ctrl+Shift+Left",), on="panes", listed=False, repeats=True),
    Action("resize_right", WINDOW, Text("action", "Move the pane’s edge right"), lambda w: w.tabs.resize("right"),
           keys=("Ctrl+Shift+Right",), on="panes", listed=False, repeats=True),
    Action("resize_up", WINDOW, Text("action", "Move the pane’s edge up"), lambda w: w.tabs.resize("up"),
           keys=("Ctrl+Shift+Up",), on="panes", listed=False, repeats=True),
    Action("resize_down", WINDOW, Text("action", "Move the pane’s edge down"), lambda w: w.tabs.resize("down"),
           keys=("Ctrl+Shift+Down",), on="panes", listed=False, repeats=True),
    Action("new_window", WINDOW, Text("action", "New window"), lambda w: w.context.open_window(),
           words=Text("action", "open another instance")),
    Action("move_to_new_window", WINDOW, Text("action", "Move tab to a new window"),
           lambda w: w.context.move_tab(None), on="chat", words=Text("action", "detach pop out editor")),
    Action("move_to_window", WINDOW, Text("action", "Move tab to another window"),
           lambda w: w.context.move_tab(0), on="windows"),
    Action("focus_sidebar", WINDOW, Text("action", "Go to the chat list"), lambda w: w.sidebar.take_focus(),
           keys=("Ctrl+Shift+L",), words=Text("action", "sidebar filter")),
    Action("sidebar", WINDOW, Text("action", "Show or hide sidebar"), lambda w: w.looks.toggle_sidebar(),
           keys=("Ctrl+Shift+B",), states=(Text("action", "Show sidebar"), Text("action", "Hide sidebar")),
           is_on=lambda w: not w.sidebar.collapsed, words=Text("action", "toggle panel list")),
    Action("full_screen", WINDOW, Text("action", "Full screen"), lambda w: w.looks.toggle_full_screen(), keys=("F11",),
           states=(Text("action", "Full screen"), Text("action", "Leave full screen")),
           is_on=lambda w: w.window.isFullScreen(), words=Text("action", "maximize")),
    Action("close_window", WINDOW, Text("action", "Close window (chats keep running)"), lambda w: w.window.close(),
           words=Text("action", "quit exit")),
    Action("find", TERMINAL, Text("action", "Find in this chat…"), lambda w: w.on_page(lambda page: page.open_find()),
           keys=("Ctrl+Shift+F",), on="chat", words=Text("action", "search")),
    Action("select_by_keyboard", TERMINAL, Text("action", "Select by keyboard"),
           lambda w: w.in_view(lambda view: view.modes.select()), keys=("Ctrl+Shift+Space",), on="terminal",
           words=Text("action", "copy mode vi")),
    Action("link_hints", TERMINAL, Text("action", "Link hints"),
           lambda w: w.in_view(lambda view: view.modes.show_hints()), keys=("Ctrl+Shift+H",), on="terminal",
           words=Text("action", "hints kitten quick select url")),
    Action("open_text", TERMINAL, Text("action", "Open whole text in editor"),
           lambda w: w.on_terminal(w.texts.open_text), on="terminal",
           words=Text("action", "scrollback pager less history")),
    Action("clear_scrollback", TERMINAL, Text("action", "Clear scrollback"),
           lambda w: w.on_terminal(lambda page: page.clear("scrollback")), keys=("Ctrl+Shift+Del",),
           on="running_terminal", words=Text("action", "erase history buffer terminal")),
    Action("reset_terminal", TERMINAL, Text("action", "Reset terminal"),
           lambda w: w.on_terminal(lambda page: page.clear("reset")), on="running_terminal",
           words=Text("action", "clear garbled redraw repaint screen")),
    Action("continue_program", TERMINAL, Text("action", "Continue suspended program"),
           lambda w: w.on_terminal(lambda page: page.continue_program()), on="suspended"),
    Action("copy", TERMINAL, Text("action", "Copy"), lambda w: w.on_page(lambda page: page.edited.copy()),
           keys=("Ctrl+Shift+C",), scope="terminal"),
    Action("paste", TERMINAL, Text("action", "Paste"), lambda w: w.on_page(lambda page: page.edited.paste()),
           keys=("Ctrl+Shift+V",), scope="terminal"),
    Action("paste_selection", TERMINAL, Text("action", "Paste primary selection"),
           lambda w: w.in_view(lambda view: view.paste_primary_or_clipboard()), keys=("Shift+Ins", "Ctrl+Shift+Ins"),
           on="running_terminal", scope="terminal", words=Text("action", "primary middle click")),
    Action("select_all", TERMINAL, Text("action", "Select all"),
           lambda w: w.on_page(lambda page: page.edited.select_all()), keys=("Ctrl+Shift+A",)),
    Action("scroll_line_up", TERMINAL, Text("action", "Scroll up a line"),
           lambda w: w.on_page(lambda page: page.handle.scroll_lines(-1)), keys=("Shift+Up",), scope="terminal",
           listed=False, repeats=True),
    Action("scroll_line_down", TERMINAL, Text("action", "Scroll down a line"),
           lambda w: w.on_page(lambda page: page.handle.scroll_lines(1)), keys=("Shift+Down",), scope="terminal",
           listed=False, repeats=True),
    Action("scroll_page_up", TERMINAL, Text("action", "Scroll up a page"),
           lambda w: w.on_page(lambda page: page.handle.scroll_pages(-1)), keys=("Shift+PgUp",), scope="terminal",
           listed=False, repeats=True),
    Action("scroll_page_down", TERMINAL, Text("action", "Scroll down a page"),
           lambda w: w.on_page(lambda page: page.handle.scroll_pages(1)), keys=("Shift+PgDown",), scope="terminal",
           listed=False, repeats=True),
    Action("scroll_to_start", TERMINAL, Text("action", "Scroll to top"),
           lambda w: w.on_page(lambda page: page.handle.scroll_to_start()), keys=("Shift+Home",), scope="terminal",
           listed=False),
    Action("scroll_to_end", TERMINAL, Text("action", "Scroll to bottom"),
           lambda w: w.on_page(lambda page: page.handle.scroll_to_end()), keys=("Shift+End",), scope="terminal",
           listed=False),
    Action("previous_prompt", TERMINAL, Text("action", "Go to previous prompt"),
           lambda w: w.on_page(lambda page: page.handle.prompts.go(-1)), keys=("Ctrl+Shift+PgUp",), on="chat",
           repeats=True, words=Text("action", "jump command")),
    Action("next_prompt", TERMINAL, Text("action", "Go to next prompt"),
           lambda w: w.on_page(lambda page: page.handle.prompts.go(1)), keys=("Ctrl+Shift+PgDown",), on="chat",
           repeats=True, words=Text("action", "jump command")),
    Action("commands", TERMINAL, action_texts.LIST_COMMANDS, lambda w: w.on_page(w.lists.commands), on="chat",
           is_idle=lambda w: w.has_nothing_listed,
           words=Text("action", "go to jump list history recent failed error exit duration copy clipboard output "
                                "select open pager less last edit rerun run again repeat put at prompt insert shell")),
    Action("copy_output", TERMINAL, Text("action", "Copy last answer or output of command"),
           lambda w: w.on_page(lambda page: page.handle.prompts.copy_output()), keys=("Ctrl+Shift+O",), on="chat",
           words=Text("action", "clipboard")),
    Action("show_changes", CHANGES, Text("action", "Changes"), lambda w: w.on_chat(w.show_changes),
           keys=("Ctrl+Shift+I",), on="chat",
           words=Text("action", "show git diff review source control files edits since prompt checkpoint rewind undo "
                                "revert restore point")),
    Action("open_directory", CHANGES, Text("action", "Open directory in editor"), lambda w: w.on_chat(w.open_directory),
           on="chat", words=Text("action", "folder code ide")),
    Action("show_directory", CHANGES, Text("action", "Show directory in file manager"),
           lambda w: w.on_chat(w.show_directory), on="chat", words=Text("action", "folder explorer reveal")),
    Action("copy_path", CHANGES, Text("action", "Copy directory path"), lambda w: w.on_chat(w.copy_path), on="chat",
           words=Text("action", "clipboard folder pwd")),
    Action("zoom_in", SETTINGS, Text("action", "Larger text"), lambda w: w.looks.zoom_by(1), keys=("Ctrl++", "Ctrl+="),
           repeats=True, words=Text("action", "zoom in font size bigger")),
    Action("zoom_out", SETTINGS, Text("action", "Smaller text"), lambda w: w.looks.zoom_by(-1), keys=("Ctrl+-",),
           repeats=True, words=Text("action", "zoom out font size")),
    Action("zoom_reset", SETTINGS, Text("action", "Usual text size"), lambda w: w.looks.set_zoom(0), keys=("Ctrl+0",),
           words=Text("action", "reset zoom font size")),
    Action("status_line", SETTINGS, Text("action", "Show or hide status line"), lambda w: w.looks.toggle_status_line(),
           states=(Text("action", "Show status line"), Text("action", "Hide status line")),
           is_on=lambda w: w.context.layout.status_line, words=Text("action", "toggle footer")),
    Action("group_by_project", SETTINGS, Text("action", "Group by project or by state"),
           lambda w: w.sidebar.view_options.toggle_grouping("project"),
           states=(Text("action", "Group by project"), Text("action", "Group by state")),
           is_on=lambda w: w.sidebar.view_options.is_by("project"),
           words=Text("action", "sidebar chats list repository folder sort")),
    Action("group_by_machine", SETTINGS, Text("action", "Group by machine or by state"),
           lambda w: w.sidebar.view_options.toggle_grouping("machine"),
           states=(Text("action", "Group by machine"), Text("action", "Group by state")),
           is_on=lambda w: w.sidebar.view_options.is_by("machine"),
           is_idle=lambda w: not w.sessions.others.machines,
           words=Text("action", "sidebar chats list remote server host sort")),
    Action("compact_rows", SETTINGS, Text("action", "Compact rows or two lines"),
           lambda w: w.sidebar.view_options.toggle_rows(),
           states=(Text("action", "Compact rows"), Text("action", "Rows of two lines")),
           is_on=lambda w: w.sidebar.view_options.is_compact, words=Text("action", "sidebar chats list density")),
    Action("choose_theme", SETTINGS, Text("action", "Choose a theme…"), lambda w: w.themes.choose_theme(),
           words=Text("action", "colours colors import")),
    Action("choose_appearance", SETTINGS, Text("action", "Light or dark…"),
           lambda w: w.themes.choose_appearance(), words=Text("action", "night mode theme")),
    Action("add_machine", SETTINGS, machine_texts.ADD, lambda w: w.machines.add(),
           words=Text("action", "ssh remote server host devbox connect")),
    Action("machines", SETTINGS, machine_texts.MACHINES, lambda w: w.machines.choose(),
           is_idle=lambda w: not w.sessions.others.machines,
           words=Text("action", "ssh remote server host log in install upgrade remove connect")),
    Action("settings", SETTINGS, Text("action", "Settings…"), lambda w: w.context.open_settings(""), keys=("Ctrl+,",),
           words=Text("action", "preferences options configuration font notifications user")),
    Action("guide", SETTINGS, Text("action", "Guide"), lambda w: w.context.open_guide(), keys=("Ctrl+Shift+F1",),
           words=Text("action", "help manual documentation")),
    Action("shortcuts", SETTINGS, Text("action", "Keyboard shortcuts…"), lambda w: w.context.open_settings("keys"),
           words=Text("action", "help keybindings keymap hotkeys open")),
)
# fmt: on

BY_NAME = {action.name: action for action in TABLE}


def title(name: str) -> str:
    """The title of an action."""
    return BY_NAME[name].title
