"""Prints the problems of the user's settings files that the window reports, as a JSON list. Program.

``outlive doctor`` runs it in a process of its own, since the keys are Qt's. It needs no display.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from gui.settings.preferences import load_preferences
from gui.window.actions.action_table import with_overrides


def settings_problems(directory: Path) -> list[str]:
    """The problems of ``window.toml``, its theme and ``keys.toml``, one line each, beginning with file and line.

    Args:
        directory: the configuration directory.
    """
    preferences = load_preferences(directory)
    return [*preferences.problems, *with_overrides(preferences.all_keys, preferences.all_lines)[1]]


def main(directory: str) -> None:
    """Print the problems."""
    sys.stdout.write(json.dumps(settings_problems(Path(directory))))
