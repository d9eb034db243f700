"""Texts of the settings, except those of a setting, which its row in ``gui.settings.table`` has."""

from __future__ import annotations

from gui.wording.text import Text

TITLE = Text("Settings — Outlive")
SETTINGS = Text("Settings")
SEARCH_SETTINGS = Text("Search settings")
LIST_OF_PAGES = Text("Pages")
NOTHING_FOUND = Text("No settings found")
RESET_SETTING = Text("Reset {setting}")
AS_THE_DESKTOP = Text("{what} (desktop)")
LAST_AGENT = Text("The last one used")
"""A choice of the default agent."""
NOT_INSTALLED = Text("{name} (not installed)")
INSTALLED_EDITORS = Text("Installed editors")
"""A button's name: it lists them."""
ANY_EDITOR = Text("Found automatically")
"""In the empty field of the editor."""
NO_EDITORS = Text("No known editor is installed")
LESS = Text("{setting}: less")
MORE = Text("{setting}: more")
PAIR_OF_THEMES = Text("{dark} / {light}")
"""The names of a pair of themes."""


def no_version(theme: str, *, dark: bool) -> str:
    """A theme has no version for the chosen appearance."""
    if dark:
        return Text("{theme} has no dark version")(theme=theme)
    return Text("{theme} has no light version")(theme=theme)


IMPORT_THEME = Text("Import a theme…")
PREVIEW = Text("Preview")
SAVE = Text("Save")
ENTER_A_VALUE = Text("{field}: enter a value")
"""The problem of a field that must not be empty."""


def sample_chats() -> tuple[str, str, str]:
    """Names of chats in the preview."""
    return Text("api-fix")(), Text("docs")(), Text("notes")()


# The page Agents, and its form for an agent.
ADD_AGENT = Text("Add an agent…")
EDIT_AGENT = Text("Edit {agent}…")
AGENT_MISSING = Text("Not installed")
AGENT_INSTALL = Text("Not installed. To install it: {command}")
SHOW_MISSING = Text("Show agents that are not installed ({count})")
"""The button that shows them; ``count`` agents."""
HIDE_MISSING = Text("Hide agents that are not installed")
UNTESTED = Text("{version} (not tested with Outlive)")
COMES_WITH_OUTLIVE = Text("Comes with Outlive")
OWN_AGENT = Text("your own")
CHANGED_BY_YOU = Text("changed by you")
ACCOUNTS = Text("accounts: {names}")
DEFAULT_ARGUMENTS = Text("Arguments of {agent}")
ARGUMENTS_HINT = Text("Arguments in these fields are passed to the agent in each new chat.")
NO_ARGUMENTS = Text("No arguments")
AGENT_NAME = Text("Name in commands")
AGENT_TITLE = Text("Title")
AGENT_PROGRAM = Text("Program")
AGENT_WORDS = Text("Program’s arguments")
AGENT_MONOGRAM = Text("Letters on the tile")
HAS_MORE = Text("{file} has more arguments than this form shows. Change them there")
"""The problem of a start that the form cannot show."""
INVALID_NAME = Text("Name in commands: use only a-z, 0-9, - and _, at most 32")
NAME_TAKEN = Text("An agent named “{name}” already exists")

# The page Keys; problems in ``keys.toml``.
KEYS_HINT = Text("Enter changes an action’s key, Insert adds one, Delete removes its keys, Backspace resets them.")
PRESS_A_KEY = Text("Press the new key…  Esc cancels")
NO_KEY = Text("No key")
CHANGE_KEY = Text("Change…")
ADD_KEY = Text("Add a key…")
REMOVE_KEY = Text("Remove")
RESET_KEY = Text("Reset")
RESET_ALL_KEYS = Text("Reset all keys…")
RESET_ALL_KEYS_QUESTION = Text("Reset all keys?")
KEYS_THAT_TYPE = Text("Keys that type text")
TYPES_TEXT = Text("Type “{text}”")
"""The title of a key that types a text."""
ADD_TEXT_KEY = Text("Add a key that types text…")
EDIT_TEXT = Text("Edit the text…")
TEXT_OF_KEY = Text("Text")
TEXT_OF_KEY_HINT = Text(
    "\\r is Enter, \\e Escape, \\t Tab, \\x03 Ctrl+C and \\\\ a backslash. A line that ends with \\r runs at once.",
)
SAVE_TEXT = Text("Save")
REMOVE_TEXT_QUESTION = Text("Remove the key that types “{text}”?")
KEY_ROW = Text("{title}: {keys}")
"""A row for screen readers."""
CHANGED_KEY_ROW = Text("{title}: {keys}, changed by you")
USED_BY = Text("{key} is already the key of “{title}”.")
ALSO_BY_PROGRAMS = Text("Programs in terminals use {key} ({use}). They would no longer receive it.")
TYPES_A_CHARACTER = Text("{key} types a character. Add Ctrl, Alt or both.")
USE_ANYWAY = Text("Use it anyway")
TAKE_IT = Text("Use it here instead")

KEY_USES = {
    "interrupt": Text("interrupt"),
    "end of input": Text("end of input"),
    "suspend": Text("suspend"),
    "search the history": Text("search the history"),
    "clear the screen": Text("clear the screen"),
    "agents' permission modes": Text("permission modes of Claude Code and others"),
    "agents' transcript": Text("transcript of Claude Code"),
    "agents' tasks": Text("tasks of Claude Code"),
    "agents' editor": Text("the prompt in an editor"),
    "move and edit": Text("to move and edit"),
    "control keys": Text("as a control key"),
    "meta keys": Text("as a Meta key"),
    "function keys": Text("as a function key"),
}
UNKNOWN_ACTION = Text("{location}: unknown action '{action}'")
"""``location`` is the file and the line."""
INVALID_KEY = Text("{location}: invalid key '{keys}' for '{action}'")
KEY_IS_TAKEN = Text("{location}: '{key}' is already the key of '{action}'")

# The repositories with a setup of their worktrees, on the page General.
WORKTREES = Text("Worktrees")
SETUPS = Text("Setup of new worktrees")
SETUPS_HELP = Text("A command, such as npm ci, that runs in each new worktree of a repository before the agent starts.")
ADD_SETUP = Text("Add a repository…")
EDIT_SETUP = Text("Edit the setup of {repository}…")
"""Name of the button beside a repository."""
REPOSITORY = Text("Repository")
REPOSITORY_EXAMPLE = Text("such as ~/src/api")
SETUP_COMMAND = Text("Command")
REMOVE_SETUP = Text("Remove")
IS_LISTED = Text("{repository} is in the list already.")

# The user's command for notifications.
CANNOT_RUN_NOTIFY_COMMAND = Text("Can’t run the command for notifications, {program}: {reason}")


def notify_command_failed(program: str, code: int, said: str) -> str:
    """The command for notifications failed; ``said`` is its last line on standard error, "" for none."""
    line = Text("The command for notifications, {program}, failed with exit code {code}")
    return ": ".join(filter(None, (line(program=program, code=code), said)))


NOTIFY_COMMAND_KILLED = Text("The command for notifications, {program}, was killed or took too long")

WORDS_OF_THE_KEYS = Text("keys keyboard shortcuts keybindings keymap hotkeys")
"""Words that find all keys."""
