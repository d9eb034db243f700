"""The table of actions: an action is one row, with its title, its keys, when it applies, and what it does.

What a handler does is in the module of its subject; ``WindowCommands`` leads there. Ctrl+letter, Alt+letter and Escape
belong to the program in the terminal, so the table has none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from gui.wording import action_texts, machine_texts, phone_texts, timeline_texts, usage_texts
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
        on: the condition; "" for none. There is a "tab". Of the shown chat: there is a "chat"; it is "running",
            "alive" (runs or is asleep), "ended", "forkable", in a "terminal", in a "running_terminal", "suspended", or
            "structured" (and running). Of the window: several "tabs" in the pane, tabs at the right of the shown one
            ("tabs_right"), several "panes", several "windows".
        is_idle: whether the action has nothing to do now: menus show it disabled, and the palette leaves it out. Its
            keys stay, and a banner says why nothing happens.
        why_not: why the action would not succeed now, as the palette says it; "" if nothing is known against it.
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
    # fmt: off
    on: Literal[
        "", "tab", "chat", "running", "alive", "ended", "agent", "forkable",
        "terminal", "running_terminal", "suspended", "structured", "tabs", "tabs_right", "panes", "windows",
    ] = ""
    # fmt: on
    is_idle: Callable[[WindowCommands], bool] | None = None
    why_not: Callable[[WindowCommands], str] | None = None
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
    w.tabs.panes.active.tabs.go_to(number)


# fmt: off
TABLE: tuple[Action, ...] = (
    Action("switch_chat", CHAT, Text("Switch to a chat…"), lambda w: w.lists.switch_chat(),
           keys=("Ctrl+Shift+K",), is_idle=lambda w: w.has_no_chats,
           words=Text("go to quick open recent editor")),
    Action("search", CHAT, Text("Search all chats…"), lambda w: w.sheets.search(), keys=("Ctrl+Shift+S",),
           is_idle=lambda w: w.has_no_chats, words=Text("history grep")),
    Action("next_waiting", CHAT, Text("Next chat that needs you"), lambda w: w.next_waiting(),
           keys=("Ctrl+Shift+J",), words=Text("jump unread done finished attention")),
    Action("timeline", CHAT, timeline_texts.TIMELINE, lambda w: w.context.places.open_timeline(),
           is_idle=lambda w: w.has_no_chats, words=Text("today day history activity hours waited")),
    Action("usage", CHAT, usage_texts.USAGE, lambda w: w.context.places.open_usage(),
           words=Text("cost costs money tokens limits spent price budget amount quota")),
    Action("new_chat", CHAT, Text("New chat…"), lambda w: w.starting.new_chat(), keys=("Ctrl+Shift+N",),
           words=Text("create start thread session conversation agent task")),
    Action("new_chat_in_worktree", CHAT, Text("New chat in a git worktree…"),
           lambda w: w.starting.new_chat_in_worktree(), words=Text("branch")),
    Action("continue", CHAT, Text("Continue…"), lambda w: w.continuing.open(w.chat),
           words=Text("resume restart start again reopen import history earlier another conversation "
                                "session thread chat like this duplicate clone copy resume command")),
    Action("fork", CHAT, action_texts.FORK, lambda w: w.on_chat(w.forking.choose), on="forkable",
           words=Text("branch copy chat conversation back before a prompt edit retry")),
    Action("hand_over", CHAT, action_texts.HAND_OVER, lambda w: w.on_chat(w.handing_over.ask), on="agent",
           words=Text("another agent account switch limit take over move")),
    Action("new_shell", CHAT, Text("New shell in this directory"),
           lambda w: w.starting.new_shell(w.shown_directory), keys=("Ctrl+Shift+Return",),
           words=Text("terminal bash new tab here cwd")),
    Action("send", CHAT, Text("Send text to chat…"), lambda w: w.show_send_sheet(),
           is_idle=lambda w: not w.sessions.listed.taking_text(), words=Text("input type")),
    Action("insert_prompt", CHAT, Text("Insert a saved prompt…"), lambda w: w.saved_prompts.insert(),
           keys=("Ctrl+Shift+R",), words=Text("snippet template custom command workflow")),
    Action("save_prompt", CHAT, Text("Save this prompt…"), lambda w: w.saved_prompts.save_draft(),
           on="structured", words=Text("snippet template custom command")),
    Action("rename", CHAT, Text("Rename chat…"), lambda w: w.on_chat(w.chat_actions.rename), on="chat",
           words=Text("title tab terminal")),
    Action("resume_all", CHAT, Text("Resume all chats that a restart interrupted…"),
           lambda w: w.resume_all.ask(), is_idle=lambda w: w.has_no_interrupted),
    Action("choose_model", CHAT, action_texts.CHOOSE_MODEL, lambda w: w.lists.choose_setting("model"), on="structured",
           words=Text("agent llm switch")),
    Action("choose_mode", CHAT, action_texts.CHOOSE_MODE, lambda w: w.lists.choose_setting("mode"), on="structured",
           words=Text("agent permissions plan approval")),
    Action("choose_effort", CHAT, action_texts.CHOOSE_EFFORT, lambda w: w.lists.choose_setting("effort"),
           on="structured", words=Text("agent thinking reasoning")),
    Action("pin", CHAT, Text("Pin or unpin chat"), lambda w: w.on_chat(w.toggle_pin), on="chat",
           states=(Text("Pin chat"), Text("Unpin chat")),
           is_on=lambda w: w.chat is not None and w.chat.record.entry.pinned),
    Action("choose_color", CHAT, action_texts.CHOOSE_COLOR, lambda w: w.on_chat(w.lists.choose_color), on="chat",
           words=Text("color label tag tab mark")),
    Action("mark_unread", CHAT, Text("Mark chat as read or unread"), lambda w: w.on_chat(w.toggle_unread),
           on="chat", states=(Text("Mark chat as unread"), Text("Mark chat as read")),
           is_on=lambda w: w.chat is not None and w.chat.unseen.output,
           words=Text("later remind follow up seen done")),
    Action("sleep", CHAT, Text("Put chat to sleep"), lambda w: w.on_chat(w.sleeping.put_to_sleep), on="running",
           why_not=lambda w: w.why_awake, words=Text("suspend memory asleep hibernate free ram pause")),
    Action("stop", CHAT, Text("Stop chat"), lambda w: w.on_chat(w.chat_actions.stop), on="alive",
           words=Text("end")),
    Action("kill", CHAT, Text("Kill chat"), lambda w: w.on_chat(w.chat_actions.kill), on="running",
           words=Text("terminate terminal")),
    Action("stop_all", CHAT, Text("Stop all chats…"), lambda w: w.chat_actions.stop_all(),
           is_idle=lambda w: not w.sessions.listed.running()),
    Action("remove", CHAT, Text("Remove chat"), lambda w: w.on_chat(w.chat_actions.remove), on="ended",
           words=Text("delete discard trash clear")),
    Action("remove_ended", CHAT, Text("Remove ended chats…"), lambda w: w.chat_actions.choose_ended(),
           is_idle=lambda w: w.has_no_ended, words=Text("clean up old disk space")),
    Action("notifications", CHAT, action_texts.NOTIFICATIONS, lambda w: w.lists.notifications(w.chat),
           words=Text("mute unmute notify when quiet for an hour until tomorrow morning do not disturb "
                                "snooze monitor silence watch alert bell done")),
    Action("copy_name", CHAT, Text("Copy chat name"), lambda w: w.on_chat(w.chat_actions.copy_name),
           on="chat"),
    Action("export", CHAT, Text("Export chat…"), lambda w: w.on_chat(w.chat_actions.export), on="chat",
           words=Text("save download markdown share scrollback history log output recording replay cast asciinema")),
    Action("errors", CHAT, Text("Show error output"), lambda w: w.on_chat(w.sheets.output.ask), on="chat",
           is_idle=lambda w: w.has_no_errors, words=Text("stderr log")),
    Action("explain", CHAT, Text("Status details"), lambda w: w.on_chat(w.sheets.explain.ask), on="chat",
           words=Text("explain why info debug process pid")),
    Action("palette", WINDOW, Text("Command palette…"), lambda w: w.context.places.show_palette(),
           keys=("Ctrl+Shift+P",), listed=False),
    Action("close_tab", WINDOW, Text("Close tab (the chat keeps running)"),
           lambda w: w.chat_actions.close_tab(w.tabs.active_id), keys=("Ctrl+Shift+W",), on="tab",
           words=Text("detach hide editor")),
    Action("close_other_tabs", WINDOW, Text("Close other tabs"), lambda w: w.panes.close_others(), on="tabs",
           words=Text("detach hide all editors")),
    Action("close_tabs_right", WINDOW, Text("Close tabs to the right"),
           lambda w: w.panes.close_others(at_right=True), on="tabs_right", words=Text("detach hide editors")),
    Action("reopen_tab", WINDOW, Text("Reopen closed tab"), lambda w: w.panes.reopen_tab(),
           keys=("Ctrl+Shift+T",), is_idle=lambda w: w.tabs.closed.is_empty, words=Text("back editor undo")),
    Action("next_tab", WINDOW, Text("Next tab"), lambda w: w.tabs.panes.active.tabs.step(1),
           keys=("Ctrl+PgDown", "Ctrl+Tab"), listed=False, repeats=True),
    Action("previous_tab", WINDOW, Text("Previous tab"), lambda w: w.tabs.panes.active.tabs.step(-1),
           keys=("Ctrl+PgUp", "Ctrl+Shift+Tab"), listed=False, repeats=True),
    *(Action(f"tab_{number}", WINDOW, Text("Tab {number}"), partial(_go_to_tab, number),
             keys=(f"Alt+{number}",), listed=False, number=number) for number in range(1, 10)),
    Action("last_tab", WINDOW, Text("Switch to the last-used tab"), lambda w: w.panes.go_to_last_tab(),
           keys=("Ctrl+Shift+M",), on="tab", words=Text("previous recent back chat")),
    Action("move_tab_left", WINDOW, Text("Move tab left"), lambda w: w.tabs.panes.active.bar.move_current(-1),
           keys=("Alt+Shift+PgUp",), on="tabs", listed=False, repeats=True),
    Action("move_tab_right", WINDOW, Text("Move tab right"), lambda w: w.tabs.panes.active.bar.move_current(1),
           keys=("Alt+Shift+PgDown",), on="tabs", listed=False, repeats=True),
    Action("split_right", WINDOW, Text("Split right"),
           lambda w: w.starting.new_shell(w.shown_directory, "right"), keys=("Ctrl+Shift+D",),
           words=Text("pane editor terminal bash")),
    Action("split_down", WINDOW, Text("Split down"),
           lambda w: w.starting.new_shell(w.shown_directory, "down"), keys=("Ctrl+Shift+E",),
           words=Text("pane editor terminal bash")),
    Action("mirror_right", WINDOW, Text("Show this chat on the right, too"),
           lambda w: w.panes.mirror("right"), on="chat", words=Text("split pane view")),
    Action("mirror_down", WINDOW, Text("Show this chat below, too"), lambda w: w.panes.mirror("down"),
           on="chat", words=Text("split pane view")),
    Action("maximise_pane", WINDOW, Text("Maximise pane"), lambda w: w.tabs.panes.maximise(),
           keys=("Ctrl+Shift+Z",), on="panes", states=(Text("Maximise pane"), Text("Restore pane")),
           is_on=lambda w: w.tabs.panes.is_maximised, words=Text("maximize zoom")),
    Action("even_out", WINDOW, Text("Even out panes"), lambda w: w.tabs.panes.even_out(), keys=("Ctrl+Shift+G",),
           on="panes", words=Text("equal balance size layout")),
    Action("close_pane", WINDOW, Text("Close pane (its tabs move to the next one)"),
           lambda w: w.tabs.panes.close_pane(), on="panes", words=Text("kill unsplit")),
    Action("swap_panes", WINDOW, Text("Swap pane with the next one"), lambda w: w.panes.swap(), on="panes",
           words=Text("exchange rotate")),
    Action("move_to_pane", WINDOW, Text("Move tab to the next pane"), lambda w: w.panes.move_to_next(),
           on="panes", words=Text("join")),
    Action("broadcast", WINDOW, Text("Broadcast typing to all panes"), lambda w: w.broadcasting.toggle(),
           on="panes", states=(Text("Broadcast typing to all panes"), Text("Stop broadcasting")),
           is_on=lambda w: w.broadcasting.is_on,
           words=Text("synchronize panes copy input several chats at once")),
    Action("pane_left", WINDOW, Text("Go to the pane on the left"), lambda w: w.tabs.panes.focus("left"),
           keys=("Alt+Shift+Left",), on="panes", repeats=True, words=Text("focus split")),
    Action("pane_right", WINDOW, Text("Go to the pane on the right"), lambda w: w.tabs.panes.focus("right"),
           keys=("Alt+Shift+Right",), on="panes", repeats=True, words=Text("focus split")),
    Action("pane_up", WINDOW, Text("Go to the pane above"), lambda w: w.tabs.panes.focus("up"),
           keys=("Alt+Shift+Up",), on="panes", repeats=True, words=Text("focus split")),
    Action("pane_down", WINDOW, Text("Go to the pane below"), lambda w: w.tabs.panes.focus("down"),
           keys=("Alt+Shift+Down",), on="panes", repeats=True, words=Text("focus split")),
    Action("resize_left", WINDOW, Text("Move the pane’s edge left"), lambda w: w.tabs.panes.resize("left"),
           keys=("Ctrl+Shift+Left",), on="panes", listed=False, repeats=True),
    Action("resize_right", WINDOW, Text("Move the pane’s edge right"), lambda w: w.tabs.panes.resize("right"),
           keys=("Ctrl+Shift+Right",), on="panes", listed=False, repeats=True),
    Action("resize_up", WINDOW, Text("Move the pane’s edge up"), lambda w: w.tabs.panes.resize("up"),
           keys=("Ctrl+Shift+Up",), on="panes", listed=False, repeats=True),
    Action("resize_down", WINDOW, Text("Move the pane’s edge down"), lambda w: w.tabs.panes.resize("down"),
           keys=("Ctrl+Shift+Down",), on="panes", listed=False, repeats=True),
    Action("new_window", WINDOW, Text("New window"), lambda w: w.context.places.open_window(),
           words=Text("open another instance")),
    Action("move_to_new_window", WINDOW, Text("Move tab to a new window"),
           lambda w: w.context.places.move_tab(None), on="tab", words=Text("detach pop out editor")),
    Action("move_to_window", WINDOW, Text("Move tab to another window"),
           lambda w: w.context.places.move_tab(0), on="windows"),
    Action("focus_sidebar", WINDOW, Text("Go to the chat list"), lambda w: w.sidebar.take_focus(),
           keys=("Ctrl+Shift+L",), words=Text("sidebar filter")),
    Action("sidebar", WINDOW, Text("Show or hide sidebar"), lambda w: w.looks.toggle_sidebar(),
           keys=("Ctrl+Shift+B",), states=(Text("Show sidebar"), Text("Hide sidebar")),
           is_on=lambda w: not w.sidebar.collapsed, words=Text("toggle panel list")),
    Action("full_screen", WINDOW, Text("Full screen"), lambda w: w.looks.toggle_full_screen(), keys=("F11",),
           states=(Text("Full screen"), Text("Leave full screen")),
           is_on=lambda w: w.window.isFullScreen(), words=Text("maximize")),
    Action("close_window", WINDOW, Text("Close window (chats keep running)"), lambda w: w.window.close(),
           words=Text("quit exit")),
    Action("find", TERMINAL, Text("Find in this tab…"), lambda w: w.find(), keys=("Ctrl+Shift+F",), on="tab",
           words=Text("search chat page")),
    Action("select_by_keyboard", TERMINAL, Text("Select by keyboard"),
           lambda w: w.in_view(lambda view: view.modes.select()), keys=("Ctrl+Shift+Space",), on="terminal",
           words=Text("copy mode vi")),
    Action("link_hints", TERMINAL, Text("Link hints"),
           lambda w: w.in_view(lambda view: view.modes.show_hints()), keys=("Ctrl+Shift+H",), on="terminal",
           words=Text("hints kitten quick select url")),
    Action("open_text", TERMINAL, Text("Open whole text in editor"),
           lambda w: w.on_terminal(w.texts.open_text), on="terminal",
           words=Text("scrollback pager less history")),
    Action("clear_scrollback", TERMINAL, Text("Clear scrollback"),
           lambda w: w.on_terminal(lambda page: page.clear("scrollback")), keys=("Ctrl+Shift+Del",),
           on="running_terminal", words=Text("erase history buffer terminal")),
    Action("reset_terminal", TERMINAL, Text("Reset terminal"),
           lambda w: w.on_terminal(lambda page: page.clear("reset")), on="running_terminal",
           words=Text("clear garbled redraw repaint screen")),
    Action("continue_program", TERMINAL, Text("Continue suspended program"),
           lambda w: w.on_terminal(lambda page: page.continue_program()), on="suspended"),
    Action("copy", TERMINAL, Text("Copy"), lambda w: w.on_page(lambda page: page.edited.copy()),
           keys=("Ctrl+Shift+C",), scope="terminal"),
    Action("paste", TERMINAL, Text("Paste"), lambda w: w.on_page(lambda page: page.edited.paste()),
           keys=("Ctrl+Shift+V",), scope="terminal"),
    Action("paste_selection", TERMINAL, Text("Paste primary selection"),
           lambda w: w.in_view(lambda view: view.editing.paste_primary_or_clipboard()),
           keys=("Shift+Ins", "Ctrl+Shift+Ins"), on="running_terminal", scope="terminal",
           words=Text("primary middle click")),
    Action("select_all", TERMINAL, Text("Select all"),
           lambda w: w.on_page(lambda page: page.edited.select_all()), keys=("Ctrl+Shift+A",)),
    Action("scroll_line_up", TERMINAL, Text("Scroll up a line"),
           lambda w: w.on_page(lambda page: page.content.view.scroller.scroll_lines(-1)),
           keys=("Shift+Up",), scope="terminal", listed=False, repeats=True),
    Action("scroll_line_down", TERMINAL, Text("Scroll down a line"),
           lambda w: w.on_page(lambda page: page.content.view.scroller.scroll_lines(1)),
           keys=("Shift+Down",), scope="terminal", listed=False, repeats=True),
    Action("scroll_page_up", TERMINAL, Text("Scroll up a page"),
           lambda w: w.on_page(lambda page: page.content.view.scroller.scroll_pages(-1)),
           keys=("Shift+PgUp",), scope="terminal", listed=False, repeats=True),
    Action("scroll_page_down", TERMINAL, Text("Scroll down a page"),
           lambda w: w.on_page(lambda page: page.content.view.scroller.scroll_pages(1)),
           keys=("Shift+PgDown",), scope="terminal", listed=False, repeats=True),
    Action("scroll_to_start", TERMINAL, Text("Scroll to top"),
           lambda w: w.on_page(lambda page: page.content.view.scroller.scroll_to_start()),
           keys=("Shift+Home",), scope="terminal", listed=False),
    Action("scroll_to_end", TERMINAL, Text("Scroll to bottom"),
           lambda w: w.on_page(lambda page: page.content.view.scroller.scroll_to_end()),
           keys=("Shift+End",), scope="terminal", listed=False),
    Action("previous_prompt", TERMINAL, Text("Go to previous prompt"),
           lambda w: w.on_page(lambda page: page.content.view.prompts.go(-1)), keys=("Ctrl+Shift+PgUp",), on="chat",
           repeats=True, words=Text("jump command")),
    Action("next_prompt", TERMINAL, Text("Go to next prompt"),
           lambda w: w.on_page(lambda page: page.content.view.prompts.go(1)), keys=("Ctrl+Shift+PgDown",), on="chat",
           repeats=True, words=Text("jump command")),
    Action("commands", TERMINAL, action_texts.LIST_COMMANDS, lambda w: w.on_page(w.lists.commands),
           keys=("Ctrl+Shift+Y",), on="chat", is_idle=lambda w: w.has_nothing_listed,
           words=Text("go to jump list outline prompts history recent failed error exit duration copy clipboard output "
                                "select open pager less last edit rerun run again repeat put at prompt insert shell")),
    Action("copy_output", TERMINAL, Text("Copy last answer or output of command"),
           lambda w: w.on_page(lambda page: page.content.view.prompts.copy_output()), keys=("Ctrl+Shift+O",), on="chat",
           words=Text("clipboard")),
    Action("show_changes", CHANGES, Text("Changes"), lambda w: w.on_chat(w.show_changes),
           keys=("Ctrl+Shift+I",), on="chat",
           words=Text("show git diff review source control files edits since prompt checkpoint rewind undo "
                                "revert restore point files back take discard comment")),
    Action("open_directory", CHANGES, Text("Open directory in editor"), lambda w: w.on_chat(w.open_directory),
           on="chat", words=Text("folder code ide")),
    Action("show_directory", CHANGES, Text("Show directory in file manager"),
           lambda w: w.on_chat(w.show_directory), on="chat", words=Text("folder explorer reveal")),
    Action("copy_path", CHANGES, Text("Copy directory path"), lambda w: w.on_chat(w.copy_path), on="chat",
           words=Text("clipboard folder pwd")),
    Action("zoom_in", SETTINGS, Text("Larger text"), lambda w: w.looks.zoom_by(1), keys=("Ctrl++", "Ctrl+="),
           repeats=True, words=Text("zoom in font size bigger")),
    Action("zoom_out", SETTINGS, Text("Smaller text"), lambda w: w.looks.zoom_by(-1), keys=("Ctrl+-",),
           repeats=True, words=Text("zoom out font size")),
    Action("zoom_reset", SETTINGS, Text("Usual text size"), lambda w: w.looks.set_zoom(0), keys=("Ctrl+0",),
           words=Text("reset zoom font size")),
    Action("status_line", SETTINGS, Text("Show or hide status line"), lambda w: w.looks.toggle_status_line(),
           states=(Text("Show status line"), Text("Hide status line")),
           is_on=lambda w: w.context.layout.status_line, words=Text("toggle footer")),
    Action("group_by_project", SETTINGS, Text("Group by project or by state"),
           lambda w: w.sidebar.view_options.toggle_grouping("project"),
           states=(Text("Group by project"), Text("Group by state")),
           is_on=lambda w: w.sidebar.view_options.is_by("project"),
           words=Text("sidebar chats list repository folder sort")),
    Action("group_by_machine", SETTINGS, Text("Group by machine or by state"),
           lambda w: w.sidebar.view_options.toggle_grouping("machine"),
           states=(Text("Group by machine"), Text("Group by state")),
           is_on=lambda w: w.sidebar.view_options.is_by("machine"),
           is_idle=lambda w: not w.sessions.others.machines,
           words=Text("sidebar chats list remote server host sort")),
    Action("compact_rows", SETTINGS, Text("Compact rows or two lines"),
           lambda w: w.sidebar.view_options.toggle_rows(),
           states=(Text("Compact rows"), Text("Rows of two lines")),
           is_on=lambda w: w.sidebar.view_options.is_compact, words=Text("sidebar chats list density")),
    Action("choose_theme", SETTINGS, Text("Choose a theme…"), lambda w: w.themes.choose_theme(),
           words=Text("colours colors import")),
    Action("choose_appearance", SETTINGS, Text("Light or dark…"),
           lambda w: w.themes.choose_appearance(), words=Text("night mode theme")),
    Action("add_machine", SETTINGS, machine_texts.ADD, lambda w: w.machines.add(),
           words=Text("ssh remote server host devbox connect")),
    Action("machines", SETTINGS, machine_texts.MACHINES, lambda w: w.machines.choose(),
           is_idle=lambda w: not w.sessions.others.machines,
           words=Text("ssh remote server host log in install upgrade remove connect")),
    Action("phone", SETTINGS, phone_texts.PHONE, lambda w: w.context.sheets.phone.ask(),
           words=Text("mobile page pair qr code browser web device")),
    Action("settings", SETTINGS, Text("Settings…"), lambda w: w.context.places.open_settings(""), keys=("Ctrl+,",),
           words=Text("preferences options configuration font notifications user")),
    Action("guide", SETTINGS, Text("Guide"), lambda w: w.context.places.open_guide(), keys=("Ctrl+Shift+F1",),
           words=Text("help manual documentation")),
    Action("shortcuts", SETTINGS, Text("Keyboard shortcuts…"), lambda w: w.context.places.open_settings("keys"),
           words=Text("help keybindings keymap hotkeys open")),
)
# fmt: on

BY_NAME = {action.name: action for action in TABLE}


def title(name: str) -> str:
    """The title of an action."""
    return BY_NAME[name].title
