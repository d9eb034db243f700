"""The parts of the application that the settings use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from gui.bridge.tasks import Tasks
from gui.settings.live import LiveAgents, LiveSettings
from gui.settings.table import FileName, FileValues, Setting, file_of
from gui.theme.theme import Theme
from session_host.client.chats.settings import repository_problem
from session_host.errors import ConfigError

Overrides = Mapping[str, Sequence[str]]
"""The user's keys of actions, as in ``keys.toml``, and of texts, by ``gui.settings.text_keys.name_of``."""

_TYPING = frozenset(
    ("Return", "Enter", "Tab", "Backspace", "Esc", "Space", "Up", "Down", "Left", "Right", "Home", "End", "Del")
)
_MOVING = frozenset(
    ("Up", "Down", "Left", "Right", "Home", "End", "Del", "Backspace", "PgUp", "PgDown", "Ins", "Return")
)

_KNOWN = {
    "Ctrl+C": "interrupt",
    "Ctrl+D": "end of input",
    "Ctrl+Z": "suspend",
    "Ctrl+R": "search the history",
    "Ctrl+L": "clear the screen",
    "Shift+Tab": "agents' permission modes",
    "Ctrl+O": "agents' transcript",
    "Ctrl+T": "agents' tasks",
    "Ctrl+G": "agents' editor",
}
"""Keys that shells and agents use, with the use (Claude Code 2.1; readline's defaults)."""


@dataclass(frozen=True)
class ActionKeys:
    """An action that can have keys.

    Attributes:
        name: its name in ``keys.toml``.
        title: its name for users.
        defaults: its keys in Qt's portable form, where the user sets none.
        words: other words that find it.
        group: its group's name for users; "" for none.
    """

    name: str
    title: str
    defaults: tuple[str, ...]
    words: str = ""
    group: str = ""


class Conflict(NamedTuple):
    """Why a key may be unsuitable for an action.

    Attributes:
        holder: the action that has the key; None for none.
        use: its use in terminal programs, "" for none.
        types: whether it is needed for typing, and so cannot belong to an action.
    """

    holder: ActionKeys | None
    use: str
    types: bool

    def __bool__(self) -> bool:
        return self.holder is not None or bool(self.use) or self.types


class Keymap:
    """The actions with their keys.

    Attributes:
        texts: the user's keys that type a text, as actions; set by the owner.
    """

    def __init__(
        self,
        actions: Sequence[ActionKeys],
        chosen: Callable[[Overrides], Mapping[str, Sequence[str]]],
        problems: Callable[[Overrides, Mapping[str, int]], list[str]],
    ) -> None:
        """Set up the keymap.

        Args:
            actions: the actions, in the order in which they are shown.
            chosen: the keys of each action with the user's changes.
            problems: one line for each of the user's changes that has no effect; also gets their lines in the file.
        """
        self.actions = tuple(actions)
        self.texts: tuple[ActionKeys, ...] = ()
        self.chosen = chosen
        self.problems = problems
        self._defaults = {key for action in actions for key in action.defaults}

    def conflict(self, overrides: Overrides, action: ActionKeys, key: str) -> Conflict:
        """The conflicts of a key for an action."""
        keys = self.chosen(overrides)
        others = (other for other in (*self.actions, *self.texts) if other.name != action.name)
        holder = next((other for other in others if key in keys.get(other.name, ())), None)
        use = "" if key in self._defaults else use_in_terminals(key)
        return Conflict(holder, use, types_text(key))

    def assigned(
        self, overrides: Overrides, action: ActionKeys, keys: Sequence[str]
    ) -> dict[str, str | list[str] | None]:
        """The values for ``keys.toml`` that give an action these keys; None removes one.

        Other actions lose these keys: default keys without an entry, keys that the user set by a changed entry.
        """
        values: dict[str, str | list[str] | None] = {
            action.name: None if tuple(keys) == action.defaults else _as_value(keys)
        }
        for other, has in overrides.items():
            if other != action.name and any(key in keys for key in has):
                values[other] = _as_value([key for key in has if key not in keys])
        return values


def _as_value(keys: Sequence[str]) -> str | list[str]:
    """Keys as ``keys.toml`` has them."""
    return "" if not keys else keys[0] if len(keys) == 1 else list(keys)


def _parts(key: str) -> tuple[frozenset[str], str]:
    """Modifiers and key: "Ctrl++" is Ctrl and "+"."""
    modifiers, _, name = key.rpartition("+") if not key.endswith("++") else (key[:-2], "", "+")
    return frozenset(filter(None, modifiers.split("+"))), name or key


def types_text(key: str) -> bool:
    """Whether a key types a text, or edits it, in any program."""
    modifiers, name = _parts(key)
    return modifiers <= {"Shift"} and (len(name) == 1 or (name in _TYPING and not modifiers) or name == "Space")


def use_in_terminals(key: str) -> str:
    """The use of a key in terminal programs, "" for none."""
    modifiers, name = _parts(key)
    if key in _KNOWN:
        return _KNOWN[key]
    if {"Ctrl", "Shift"} <= modifiers or "Meta" in modifiers:
        return ""
    if name[:1] == "F" and name[1:].isdigit():
        return "function keys"
    if name in _MOVING and modifiers:
        return "move and edit"
    if modifiers == {"Ctrl"} and (name.isalpha() or name in {"[", "]", "\\", "Space", "@", "^", "_"}):
        return "control keys"
    if "Alt" in modifiers and len(name) == 1:
        return "meta keys"
    return ""


@dataclass(frozen=True)
class SettingsContext:
    """The parts of the application that the settings use.

    Attributes:
        theme, settings: the application's theme and settings.
        tasks: runs work that takes long.
        agents: the current catalog.
        keys: the keys of each action.
        update_path: looks for programs again where the login shell does, before agents are looked for.
        import_theme: opens the dialog that imports another terminal's theme.
        open_file: opens a file in the user's editor.
        editors: returns the names of the editors that are installed; it may wait for the disk.
        far_editors: the same for those that open files of other machines.
        reset_theme: shows the saved theme after a preview.
    """

    theme: Theme
    settings: LiveSettings
    tasks: Tasks
    agents: LiveAgents
    keys: Keymap
    update_path: Callable[[], Awaitable[object]]
    import_theme: Callable[[], object]
    open_file: Callable[[str], object]
    editors: Callable[[], list[str]]
    far_editors: Callable[[], list[str]]
    reset_theme: Callable[[], object]


FILES: tuple[FileName, ...] = ("window", "chats", "endpoint")


class Values(QObject):
    """The values of the files, and their problems.

    Signals:
        changed: the values were read again.
    """

    changed = Signal()

    def __init__(self, settings: LiveSettings, parent: QObject) -> None:
        super().__init__(parent)
        self.settings = settings
        self._files: dict[FileName, FileValues] = {}
        self._refused: dict[tuple[str, str], str] = {}
        """Problems of values that the user wanted and that were not written."""
        settings.files_changed.connect(self.read)
        self.read()

    def read(self) -> None:
        """Read the files."""
        directory = self.settings.directory
        self._files = {name: FileValues.read(directory, name) for name in FILES}
        self.changed.emit()

    def of(self, setting: Setting) -> Any:
        """The value that is shown: the file's, or the default."""
        found, _problem = self._files[setting.file].of(setting)
        return setting.default if found is None else found

    def is_set(self, setting: Setting) -> bool:
        """Whether the file has the setting."""
        found, problem = self._files[setting.file].of(setting)
        return found is not None or bool(problem)

    def problem(self, setting: Setting) -> str:
        """The problem of a setting, with file and line, or why it was not written; "" for none."""
        refused = self._refused.get((setting.file, setting.key), "")
        return self.shortened(refused or self._files[setting.file].of(setting)[1])

    def setups(self) -> tuple[dict[str, str], str]:
        """The setups of worktrees by repository, and the problem of one that is invalid, "" for none."""
        found, problem = self._files["chats"].texts("worktree_setup", repository_problem)
        return found, self.shortened(problem)

    def shortened(self, problem: str) -> str:
        """A problem without the directory of the files."""
        return problem.replace(f"{self.settings.directory}/", "")

    def problem_of_file(self, name: FileName) -> str:
        """Why a file cannot be read; "" if it can."""
        return self._files[name].problem

    def path(self, name: FileName) -> str:
        """The path of a file."""
        return str(file_of(self.settings.directory, name))

    def set(self, setting: Setting, value: Any) -> None:
        """Write a value; None removes it, so its default applies. A refusal is stored as the setting's problem."""
        field = (setting.file, setting.key)
        self._refused.pop(field, None)
        # A field that is empty by default has no entry if it is empty.
        is_empty = isinstance(value, str | list | tuple) and not value and not setting.default
        removed = value is None or is_empty
        problem = "" if removed else setting.kind.problem(value)
        if problem:
            self._refused[field] = f"{setting.label()} {problem}"
            self.changed.emit()
            return
        try:
            self.settings.write({setting.key: None if removed else value}, setting.file)
        except ConfigError as error:
            self._refused[field] = str(error)
            self.changed.emit()

    def is_refused(self, setting: Setting) -> bool:
        """Whether the user's last value was not written."""
        return (setting.file, setting.key) in self._refused
