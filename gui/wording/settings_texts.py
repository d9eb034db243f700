"""Texts of the settings window. A setting's label and help have the key that it has in the table of settings."""

from __future__ import annotations

from gui.wording.text import Text

LABELS = {
    "window.theme": Text("settings", "Theme"),
    "window.appearance": Text("settings", "Light or dark"),
    "window.readable_colors": Text("settings", "Readable colours"),
    "window.font": Text("settings", "Font"),
    "window.font_size": Text("settings", "Text size"),
    "window.fallback_fonts": Text("settings", "Fallback fonts"),
    "window.font_weight": Text("settings", "Font weight"),
    "window.font_features": Text("settings", "Font features"),
    "window.ligatures": Text("settings", "Ligatures"),
    "window.line_height": Text("settings", "Line height"),
    "window.padding": Text("settings", "Space around the text"),
    "window.cursor_shape": Text("settings", "Cursor"),
    "window.cursor_blinks": Text("settings", "Blinking cursor"),
    "window.text_blinks": Text("settings", "Blinking text"),
    "window.command_heading": Text("settings", "Show the command above its output"),
    "window.confirm_paste": Text("settings", "Ask before risky pastes"),
    "window.ctrl_c_copies": Text("settings", "Ctrl+C copies selected text"),
    "window.editor": Text("settings", "Editor"),
    "window.new_chat_agent": Text("settings", "Default agent"),
    "window.new_chat_view": Text("settings", "Default view"),
    "window.shell_exit": Text("settings", "When a shell exits"),
    "window.end_idle_shells": Text("settings", "Closing its tab ends an idle shell"),
    "window.wheel_lines": Text("settings", "Mouse wheel scrolls"),
    "window.copy_on_select": Text("settings", "Selecting text copies it"),
    "window.right_click": Text("settings", "Right click"),
    "window.click_moves_cursor": Text("settings", "A click moves the cursor"),
    "window.open_links": Text("settings", "Open links with"),
    "window.link_files": Text("settings", "Names of files are links"),
    "window.confirm_links": Text("settings", "Ask before opening a link whose text differs from its address"),
    "window.bell_mark": Text("settings", "Mark the chat"),
    "window.bell_sound": Text("settings", "Play a sound"),
    "window.bell_attention": Text("settings", "Mark the window in the task bar"),
    "window.group_chats": Text("settings", "Group chats"),
    "window.compact_rows": Text("settings", "Compact rows"),
    "window.notifications": Text("settings", "Show notifications"),
    "window.long_turn_s": Text("settings", "Notify after long work"),
    "window.notify_command": Text("settings", "Command"),
    "window.start_at_login": Text("settings", "Start at login"),
    "chats.scrollback_lines": Text("settings", "Scrollback"),
    "chats.shell_integration": Text("settings", "Shell integration"),
    "chats.restore_points": Text("settings", "Restore points"),
    "chats.record": Text("settings", "Record chats"),
    "chats.record_limit_mib": Text("settings", "Size of a recording"),
    "chats.ended_limit_mib": Text("settings", "Size of all recordings"),
    "chats.idle_timeout_min": Text("settings", "End idle agents after"),
    "chats.answer_from_outside": Text("settings", "Answer Claude Code from notifications"),
    "chats.agents_may_control": Text("settings", "Agents may control"),
    "endpoint.url": Text("settings", "Address"),
    "endpoint.model": Text("settings", "Model"),
    "endpoint.system": Text("settings", "System prompt"),
    "endpoint.key_from": Text("settings", "API key"),
    "endpoint.api": Text("settings", "API"),
    "endpoint.parameters": Text("settings", "Parameters"),
    "endpoint.timeout_s": Text("settings", "Timeout"),
}

HELP = {
    "window.readable_colors": Text("settings", "Makes text lighter or darker if it is hard to read on its background."),
    "window.font": Text("settings", "Used in terminals and for code."),
    "window.font_size": Text("settings", "Larger text and Smaller text start from this size."),
    "window.fallback_fonts": Text(
        "settings", "For characters that the font lacks, in this order, with commas between."
    ),
    "window.font_weight": Text("settings", "For text that is not bold."),
    "window.font_features": Text("settings", "OpenType features, such as zero, ss01, cv01=2 or -calt."),
    "window.ligatures": Text("settings", "Draws characters such as -> as one sign, if the font has one."),
    "window.line_height": Text("settings", "1 is the font’s own height."),
    "window.padding": Text("settings", "The marks beside commands need 6 px."),
    "window.cursor_shape": Text("settings", "A program can choose another one."),
    "window.text_blinks": Text("settings", "For programs that ask for it."),
    "window.command_heading": Text("settings", "While you are scrolled back in a long output."),
    "window.confirm_paste": Text(
        "settings", "For several lines that would run, control characters, or a very long text."
    ),
    "window.ctrl_c_copies": Text("settings", "Without a selection, the program gets Ctrl+C."),
    "window.editor": Text(
        "settings",
        "A command that opens files; may have {file}, {line} and {column}.",
    ),
    "window.new_chat_view": Text("settings", "Of agents that have a terminal and a chat view."),
    "window.shell_exit": Text("settings", "A shell that was killed, or failed at its start, stays."),
    "window.end_idle_shells": Text("settings", "For 10 s, Undo brings the shell back."),
    "window.right_click": Text("settings", "With Shift, it always opens the menu."),
    "window.click_moves_cursor": Text("settings", "In the command line of bash and zsh."),
    "window.open_links": Text("settings", "The context menu and Ctrl+Shift+H always open them."),
    "window.bell_mark": Text("settings", "Until you look at it."),
    "window.bell_sound": Text("settings", "Not for muted chats."),
    "window.bell_attention": Text("settings", "Unless you are using it."),
    "window.compact_rows": Text("settings", "One line for each chat."),
    "window.notifications": Text("settings", "When a chat needs you or ends unexpectedly."),
    "window.long_turn_s": Text(
        "settings", "When an agent’s turn or a shell’s command ends that took at least this long."
    ),
    "window.notify_command": Text(
        "settings", "Also runs for each notification, such as one to your phone; may have {title} and {text}."
    ),
    "window.start_at_login": Text("settings", "Hidden in the tray."),
    "chats.shell_integration": Text(
        "settings", "bash, zsh and fish mark their prompts, so that you can jump to commands and copy their output."
    ),
    "chats.restore_points": Text(
        "settings", "Saves a git repository’s files before each prompt, so that you can restore them."
    ),
    "chats.record": Text("settings", "Lets you read and search them after they have ended."),
    "chats.record_limit_mib": Text("settings", "The oldest output is removed first."),
    "chats.ended_limit_mib": Text(
        "settings", "Chats that ended first are removed first, but none that is pinned, open, or ended today."
    ),
    "chats.idle_timeout_min": Text("settings", "In chat views; the next prompt resumes the chat."),
    "chats.answer_from_outside": Text(
        "settings", "When it runs in a terminal; “outlive approve” can then answer it, too."
    ),
    "chats.agents_may_control": Text(
        "settings", "The chats that an agent may type into, answer and end; it can read all."
    ),
    "endpoint.url": Text("settings", "An OpenAI-compatible server, such as http://127.0.0.1:8080/v1."),
    "endpoint.model": Text("settings", "Empty: the server’s only model, or the one that you choose with /model."),
    "endpoint.system": Text("settings", "Sent at the beginning of each conversation."),
    "endpoint.key_from": Text("settings", "Where the key is: env:NAME, file:PATH or secret; empty: OPENAI_API_KEY."),
    "endpoint.parameters": Text("settings", "With commas between, such as temperature=0.2, max_tokens=4096."),
    "endpoint.timeout_s": Text("settings", "How long to wait for data from the server."),
}
"""One sentence each; a setting has none if its label says it."""

CHOICES = {
    "window.appearance=desktop": Text("settings", "Follow the desktop"),
    "window.appearance=light": Text("settings", "Always light"),
    "window.appearance=dark": Text("settings", "Always dark"),
    "window.ligatures=always": Text("settings", "Always"),
    "window.ligatures=not_under_cursor": Text("settings", "Except at the cursor"),
    "window.ligatures=never": Text("settings", "Never"),
    "window.font_weight=thin": Text("settings", "Thin"),
    "window.font_weight=light": Text("settings", "Light"),
    "window.font_weight=normal": Text("settings", "Normal"),
    "window.font_weight=medium": Text("settings", "Medium"),
    "window.font_weight=semi_bold": Text("settings", "Semibold"),
    "window.cursor_shape=block": Text("settings", "Block"),
    "window.cursor_shape=bar": Text("settings", "Bar"),
    "window.cursor_shape=underline": Text("settings", "Underline"),
    "window.new_chat_view=last": Text("settings", "As last used with the agent"),
    "window.new_chat_view=chat": Text("settings", "Chat view"),
    "window.new_chat_view=terminal": Text("settings", "Terminal"),
    "window.shell_exit=close": Text("settings", "Close its tab"),
    "window.shell_exit=keep": Text("settings", "Keep it"),
    "window.right_click=menu": Text("settings", "Opens the menu"),
    "window.right_click=paste": Text("settings", "Pastes"),
    "window.open_links=ctrl_click": Text("settings", "Ctrl+click"),
    "window.open_links=click": Text("settings", "Click"),
    "window.open_links=never": Text("settings", "No click"),
    "window.group_chats=state": Text("settings", "By state"),
    "window.group_chats=project": Text("settings", "By project"),
    "chats.agents_may_control=own": Text("settings", "Their own chats"),
    "chats.agents_may_control=all": Text("settings", "All chats"),
    "endpoint.api=auto": Text("settings", "Detect it"),
    "endpoint.api=chat": Text("settings", "Chat completions"),
    "endpoint.api=responses": Text("settings", "Responses"),
}

PAGES = {
    "general": Text("settings", "General"),
    "appearance": Text("settings", "Appearance"),
    "terminal": Text("settings", "Terminal"),
    "keys": Text("settings", "Keys"),
    "notifications": Text("settings", "Notifications"),
    "agents": Text("settings", "Agents"),
    "server": Text("settings", "Model server"),
}

SECTIONS = {
    "new_chats": Text("settings", "New chats"),
    "ended": Text("settings", "Ended chats"),
    "theme": Text("settings", "Theme"),
    "text": Text("settings", "Text"),
    "cursor": Text("settings", "Cursor"),
    "sidebar": Text("settings", "Sidebar"),
    "new_terminals": Text("settings", "New terminals"),
    "shells": Text("settings", "Shells"),
    "clipboard": Text("settings", "Copy and paste"),
    "mouse": Text("settings", "Mouse"),
    "links": Text("settings", "Links"),
    "bell": Text("settings", "When a program rings the bell"),
    "control": Text("settings", "Permissions"),
}

_UNITS = {
    "px": Text("settings", "px"),
    "lines": Text("settings", "lines"),
    "MiB": Text("settings", "MiB"),
    "s": Text("settings", "s"),
    "min": Text("settings", "min"),
}

_ZERO = {
    "never": Text("settings", "Never"),
    "no limit": Text("settings", "No limit"),
    "as the desktop": Text("settings", "Same as the desktop"),
}


def name_of(setting: str) -> str:
    """A setting's label."""
    return LABELS[setting]()


def help_of(setting: str) -> str:
    """A setting's help; "" for none."""
    return HELP[setting]() if setting in HELP else ""


def choice(setting: str, value: str) -> str:
    return CHOICES[f"{setting}={value}"]()


def page(name: str) -> str:
    return PAGES[name]()


def section(name: str) -> str:
    return SECTIONS[name]()


def unit(name: str) -> str:
    return _UNITS[name]() if name else ""


def zero(name: str) -> str:
    return _ZERO[name]()


TITLE = Text("settings", "Settings — Outlive")
SETTINGS = Text("settings", "Settings")
SEARCH_SETTINGS = Text("settings", "Search settings")
LIST_OF_PAGES = Text("settings", "Pages")
NOTHING_FOUND = Text("settings", "No settings found")
RESET_SETTING = Text("settings", "Reset {setting}")
AS_THE_DESKTOP = Text("settings", "{what} (desktop)")
LAST_AGENT = Text("settings", "The last one used")
"""A choice of the default agent."""
NOT_INSTALLED = Text("settings", "{name} (not installed)")
INSTALLED_EDITORS = Text("settings", "Installed editors")
"""A button's name: it lists them."""
ANY_EDITOR = Text("settings", "Found automatically")
"""What an empty field of the editor means."""
NO_EDITORS = Text("settings", "No known editor is installed")
LESS = Text("settings", "{setting}: less")
MORE = Text("settings", "{setting}: more")
PAIR_OF_THEMES = Text("settings", "{dark} / {light}")
"""The names of a pair of themes."""


def no_version(theme: str, *, dark: bool) -> str:
    """A theme has no version for the chosen appearance."""
    if dark:
        return Text("settings", "{theme} has no dark version")(theme=theme)
    return Text("settings", "{theme} has no light version")(theme=theme)


IMPORT_THEME = Text("settings", "Import a theme…")
PREVIEW = Text("settings", "Preview")
SAVE = Text("settings", "Save")
ENTER_A_VALUE = Text("settings", "{field}: enter a value")
"""The problem of a field that must not be empty."""


def sample_chats() -> tuple[str, str, str]:
    """Names of chats in the preview."""
    return Text("settings", "api-fix")(), Text("settings", "docs")(), Text("settings", "notes")()


# The page Agents, and its form for an agent.
ADD_AGENT = Text("settings", "Add an agent…")
EDIT_AGENT = Text("settings", "Edit {agent}…")
AGENT_MISSING = Text("settings", "Not installed")
AGENT_INSTALL = Text("settings", "Not installed. To install it: {command}")
SHOW_MISSING = Text("settings", "Show agents that are not installed ({count})")
"""The button that shows them; ``count`` agents."""
HIDE_MISSING = Text("settings", "Hide agents that are not installed")
UNTESTED = Text("settings", "{version} (not tested with Outlive)")
COMES_WITH_OUTLIVE = Text("settings", "Comes with Outlive")
OWN_AGENT = Text("settings", "your own")
CHANGED_BY_YOU = Text("settings", "changed by you")
DEFAULT_ARGUMENTS = Text("settings", "Arguments of {agent}")
ARGUMENTS_HINT = Text("settings", "Arguments in these fields are passed to the agent in each new chat.")
NO_ARGUMENTS = Text("settings", "No arguments")
AGENT_NAME = Text("settings", "Name in commands")
AGENT_TITLE = Text("settings", "Title")
AGENT_PROGRAM = Text("settings", "Program")
AGENT_WORDS = Text("settings", "Program’s arguments")
AGENT_MONOGRAM = Text("settings", "Letters on the tile")
HAS_MORE = Text("settings", "{file} has more arguments than this form shows. Change them there")
"""The problem of a start that the form cannot show."""
INVALID_NAME = Text("settings", "Name in commands: use only a-z, 0-9, - and _, at most 32")
NAME_TAKEN = Text("settings", "An agent named “{name}” already exists")

# The page Keys; problems in ``keys.toml``.
KEYS_HINT = Text(
    "keys", "Enter changes an action’s key, Insert adds one, Delete removes its keys, Backspace resets them."
)
PRESS_A_KEY = Text("keys", "Press the new key…  Esc cancels")
NO_KEY = Text("keys", "No key")
CHANGE_KEY = Text("keys", "Change…")
ADD_KEY = Text("keys", "Add a key…")
REMOVE_KEY = Text("keys", "Remove")
RESET_KEY = Text("keys", "Reset")
RESET_ALL_KEYS = Text("keys", "Reset all keys…")
RESET_ALL_KEYS_QUESTION = Text("keys", "Reset all keys?")
KEYS_THAT_TYPE = Text("keys", "Keys that type text")
TYPES_TEXT = Text("keys", "Type “{text}”")
"""The title of a key that types a text."""
ADD_TEXT_KEY = Text("keys", "Add a key that types text…")
EDIT_TEXT = Text("keys", "Edit the text…")
TEXT_OF_KEY = Text("keys", "Text")
TEXT_OF_KEY_HINT = Text(
    "keys",
    "\\r is Enter, \\e Escape, \\t Tab, \\x03 Ctrl+C and \\\\ a backslash. A line that ends with \\r runs at once.",
)
SAVE_TEXT = Text("keys", "Save")
REMOVE_TEXT_QUESTION = Text("keys", "Remove the key that types “{text}”?")
KEY_ROW = Text("keys", "{title}: {keys}")
"""A row for screen readers."""
CHANGED_KEY_ROW = Text("keys", "{title}: {keys}, changed by you")
USED_BY = Text("keys", "{key} is already the key of “{title}”.")
ALSO_BY_PROGRAMS = Text("keys", "Programs in terminals use {key} ({use}). They would no longer receive it.")
TYPES_A_CHARACTER = Text("keys", "{key} types a character. Add Ctrl, Alt or both.")
USE_ANYWAY = Text("keys", "Use it anyway")
TAKE_IT = Text("keys", "Use it here instead")

KEY_USES = {
    "interrupt": Text("keys", "interrupt"),
    "end of input": Text("keys", "end of input"),
    "suspend": Text("keys", "suspend"),
    "search the history": Text("keys", "search the history"),
    "clear the screen": Text("keys", "clear the screen"),
    "agents' permission modes": Text("keys", "permission modes of Claude Code and others"),
    "agents' transcript": Text("keys", "transcript of Claude Code"),
    "agents' tasks": Text("keys", "tasks of Claude Code"),
    "agents' editor": Text("keys", "the prompt in an editor"),
    "move and edit": Text("keys", "to move and edit"),
    "control keys": Text("keys", "as a control key"),
    "meta keys": Text("keys", "as a Meta key"),
    "function keys": Text("keys", "as a function key"),
}


def key_use(name: str) -> str:
    return KEY_USES[name]()


UNKNOWN_ACTION = Text("keys", "{location}: unknown action '{action}'")
"""``location`` is the file and the line."""
INVALID_KEY = Text("keys", "{location}: invalid key '{keys}' for '{action}'")
KEY_IS_TAKEN = Text("keys", "{location}: '{key}' is already the key of '{action}'")

# The repositories with a setup of their worktrees, on the page General.
WORKTREES = Text("setup", "Worktrees")
SETUPS = Text("setup", "Setup of new worktrees")
SETUPS_HELP = Text(
    "setup", "A command, such as npm ci, that runs in each new worktree of a repository before the agent starts."
)
ADD_SETUP = Text("setup", "Add a repository…")
EDIT_SETUP = Text("setup", "Edit the setup of {repository}…")
"""Name of the button beside a repository."""
REPOSITORY = Text("setup", "Repository")
REPOSITORY_EXAMPLE = Text("setup", "such as ~/src/api")
SETUP_COMMAND = Text("setup", "Command")
REMOVE_SETUP = Text("setup", "Remove")
IS_LISTED = Text("setup", "{repository} is in the list already.")

# The user's command for notifications.
CANNOT_RUN_NOTIFY_COMMAND = Text("notice", "Can’t run the command for notifications, {program}: {reason}")


def notify_command_failed(program: str, code: int, said: str) -> str:
    """The command for notifications failed; ``said`` is its last line on standard error, "" for none."""
    line = Text("notice", "The command for notifications, {program}, failed with exit code {code}")
    return ": ".join(filter(None, (line(program=program, code=code), said)))


NOTIFY_COMMAND_KILLED = Text("notice", "The command for notifications, {program}, was killed or took too long")

# Words that find settings, in addition to their labels: users know them from other programs, or use them for
# what they want to do.
SETTING_WORDS = {
    "agents_may_control": Text("settings", "permissions security"),
    "appearance": Text("settings", "dark mode night color scheme"),
    "confirm_paste": Text("settings", "warn multiline"),
    "copy_on_select": Text("settings", "selection"),
    "ctrl_c_copies": Text("settings", "clipboard"),
    "cursor_blinks": Text("settings", "caret"),
    "cursor_shape": Text("settings", "caret"),
    "font_size": Text("settings", "zoom"),
    "line_height": Text("settings", "spacing"),
    "long_turn_s": Text("settings", "finished done"),
    "notify_command": Text("settings", "push webhook"),
    "notifications": Text("settings", "desktop"),
    "padding": Text("settings", "margin"),
    "readable_colors": Text("settings", "contrast accessibility"),
    "record": Text("settings", "history log privacy"),
    "restore_points": Text("settings", "checkpoints undo"),
    "right_click": Text("settings", "context menu"),
    "scrollback_lines": Text("settings", "history buffer"),
    "start_at_login": Text("settings", "autostart startup boot"),
    "theme": Text("settings", "color scheme"),
    "wheel_lines": Text("settings", "sensitivity speed"),
}


def setting_words(setting: str) -> str:
    """Words that find a setting, in addition to its label, key and help; "" for none."""
    return SETTING_WORDS[setting]() if setting in SETTING_WORDS else ""


WORDS_OF_THE_KEYS = Text("settings", "keys keyboard shortcuts keybindings keymap hotkeys")
"""Words that find all keys."""
