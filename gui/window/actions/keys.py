"""The keys of actions and of the user's texts: the table's, with the user's changes.

Also a program: ``outlive doctor`` runs ``print_problems`` in a process of its own, since the keys are Qt's. It needs no
display.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget

from gui.input.held_keys import ShortcutAction
from gui.settings.live import LiveSettings
from gui.settings.pane_tree import SIDES
from gui.settings.preferences import load_preferences
from gui.settings.text_keys import TextKey, is_text, name_of, typed
from gui.window.actions.action_table import TABLE
from gui.wording import settings_texts


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


class WindowKeys:
    """The keys of one window, as the settings are now.

    Attributes:
        sequences: the keys of each action, and of each text by its name.
    """

    def __init__(self, settings: LiveSettings) -> None:
        self._settings = settings
        self.read()

    def read(self) -> None:
        """Read the keys of the settings."""
        preferences = self._settings.preferences
        self.sequences, self._problems = with_overrides(preferences.all_keys, preferences.all_lines)
        self._of_the_window = [
            of_the_window(self.sequences, preferences.all_keys, has_panes=has_panes) for has_panes in (False, True)
        ]

    def of_the_window(self, *, has_panes: bool) -> tuple[str, ...]:
        """The keys that the window does not pass to programs, with one pane or several."""
        return self._of_the_window[has_panes]

    def problems(self) -> list[str]:
        """The lines of ``keys.toml`` that have no effect, with the file's whole path: banners then offer to open it."""
        return [f"{self._settings.directory}/{problem}" for problem in self._problems]


class TextKeys:
    """The user's keys that type a text, which work while a page has the keyboard focus."""

    def __init__(self, pages: QWidget, type_text: Callable[[str], object]) -> None:
        """Set up without keys.

        Args:
            pages: the widget with all pages.
            type_text: types a text into the shown page.
        """
        self._pages = pages
        self._type_text = type_text
        self._actions: list[ShortcutAction] = []

    def set_keys(self, texts: Sequence[TextKey], sequences: Mapping[str, list[QKeySequence]]) -> None:
        """Set all keys; ``sequences`` has those that no other action has, by ``name_of``."""
        for action in self._actions:
            self._pages.removeAction(action)
            action.deleteLater()
        self._actions = []
        for at, entry in enumerate(texts):
            action = ShortcutAction(entry.text, self._pages)  # It does not repeat: a text may be a command.
            action.setShortcuts(sequences.get(name_of(at), []))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            text = typed(entry.text)
            action.triggered.connect(lambda _checked, text=text: self._type_text(text))
            self._pages.addAction(action)
            self._actions.append(action)


def settings_problems(directory: Path) -> list[str]:
    """The problems of ``window.toml``, its theme and ``keys.toml``, one line each, beginning with file and line.

    Args:
        directory: the configuration directory.
    """
    preferences = load_preferences(directory)
    return [*preferences.problems, *with_overrides(preferences.all_keys, preferences.all_lines)[1]]


def print_problems(directory: str) -> None:
    """Print the problems as a JSON list."""
    sys.stdout.write(json.dumps(settings_problems(Path(directory))))
