"""Named conditions for the catalog's ``env_if`` variables."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

MAX_BYTES = 16 * 1024 * 1024


def opencode_has_plugin_library(environment: Mapping[str, str], directory: str) -> bool:
    """Whether opencode can load a plugin without npm.

    If opencode has a plugin, it installs ``@opencode-ai/plugin`` by npm at its start, into each of its configuration
    directories that lacks the library. Until then its screen stays empty: seconds with a network, more than a minute
    without. Without a plugin it installs the library in the background, so that the next start finds it.
    """
    home = environment.get("HOME", "")
    base = environment.get("XDG_CONFIG_HOME") or f"{home}/.config"
    directories = [each / ".opencode" for each in (Path(directory), *Path(directory).parents, Path(home))]
    if own := environment.get("OPENCODE_CONFIG_DIR"):
        directories.append(Path(directory, own))
    # opencode creates the user's own directory if it is missing.
    there = [Path(base, "opencode"), *(each for each in directories if each.is_dir())]
    return all(map(_has_plugin_library, there))


def _has_plugin_library(directory: Path) -> bool:
    if directory.is_dir() and not os.access(directory, os.W_OK):
        return True  # opencode installs nothing there.
    try:
        with (directory / "package-lock.json").open("rb") as file:
            lock = json.loads(file.read(MAX_BYTES))
        return (directory / "node_modules").is_dir() and "@opencode-ai/plugin" in lock["packages"][""]["dependencies"]
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return False


def qwen_has_no_defaults(environment: Mapping[str, str], directory: str) -> bool:
    """Whether Qwen Code has no system defaults, by variable or in its default place, that Outlive's would replace."""
    # Outlive's own defaults, of this chat or of a chat around it.
    named = re.sub(r".*/sessions/[0-9a-f-]{36}/agent/.*", "", environment.get("QWEN_CODE_SYSTEM_DEFAULTS_PATH", ""))
    settings = Path(directory, environment.get("QWEN_CODE_SYSTEM_SETTINGS_PATH") or "/etc/qwen-code/settings.json")
    return not named and not settings.with_name("system-defaults.json").exists()


class Condition(NamedTuple):
    """A condition for setting a variable.

    Attributes:
        holds: the test; called with the environment and the directory that the agent starts with.
        otherwise: a sentence for the user if the condition does not hold.
    """

    holds: Callable[[Mapping[str, str], str], bool]
    otherwise: str


CONDITIONS: Final = {
    "opencode has its plugin library": Condition(
        opencode_has_plugin_library,
        "opencode runs without Outlive's plugin, because npm has not installed @opencode-ai/plugin yet. "
        "opencode installs it in the background. Until the next start, Outlive finds the conversation by "
        "its title and does not see the agent's status.",
    ),
    "nobody sets Qwen Code's defaults": Condition(
        qwen_has_no_defaults,
        "Qwen Code runs without Outlive's hook, because this system has Qwen Code defaults of its own and "
        "Qwen Code reads only one such file. Outlive does not see what it asks.",
    ),
}
