"""Texts of the settings window, except those of a setting, which its row in ``gui.settings.table`` has."""

from __future__ import annotations

from gui.wording.text import Text

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
"""In the empty field of the editor."""
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

WORDS_OF_THE_KEYS = Text("settings", "keys keyboard shortcuts keybindings keymap hotkeys")
"""Words that find all keys."""
