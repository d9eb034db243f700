"""The user's settings for new chats (``chats.toml``).

Each default stands here; ``gui.settings.table`` has the settings' rows, ``resources/guide/settings.md`` what they do.

The file is optional. A running chat keeps the settings that it started with. Three kinds take effect at once: agents'
rights, amounts of money, and what notifications on phones say.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from session_host.agents.environment import COLORS_VARIABLE, shell_integration
from session_host.errors import OutliveError
from session_host.paths import ensure_private, state_dir
from session_host.protocol.launch import DEFAULT_SCROLLBACK_LINES, MAX_SCROLLBACK_LINES, Watch
from session_host.protocol.usage import ASK_AT_CHAT, ASK_AT_DAY
from session_host.system.files import replace_file
from session_host.system.processes.permission import DEFAULT_DEPTH, DEFAULT_STARTS
from session_host.toml_file import TomlFile

if TYPE_CHECKING:
    from session_host.terminal.base import DefaultColors

MIB = 1024 * 1024
RECORD_LIMITS_MIB = (1, 1024 * 1024)
ENDED_LIMITS_MIB = (0, 1024 * 1024 * 1024)
SCROLLBACK_LIMITS_LINES = (0, MAX_SCROLLBACK_LINES)
IDLE_LIMITS_MIN = (0, 365 * 1440)
SLEEP_LIMITS_HOURS = (0, 365 * 24)
STARTS_LIMITS = (0, 1000)
DEPTH_LIMITS = (0, 100)
AMOUNT_LIMITS = (0, 1_000_000)


class ChatSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings; see the module."""

    record: bool = True
    record_limit_mib: int = 64
    scrollback_lines: int = DEFAULT_SCROLLBACK_LINES
    shell_integration: bool = True
    restore_points: bool = True
    """See ``session_host.restore_points``."""
    ended_limit_mib: int = 4096
    idle_timeout_min: float = 0.0
    sleep_after_hours: float = 0.0
    """See ``host.unseen``; it takes effect at once."""
    answer_from_outside: bool = False
    """See ``host.watchers.hook_questions``."""
    worktree_setup: dict[str, str] = {}
    """Commands for the user's shell, by the directories of repositories."""
    agents_may_control: Literal["own", "all"] = "own"
    """See ``system.processes.permission``."""
    agents_may_start: int = DEFAULT_STARTS
    agents_depth: int = DEFAULT_DEPTH
    ask_at_chat: float = 0.0
    ask_at_day: float = 0.0
    """See ``storage.store.amounts``."""
    push_says: Literal["name", "question"] = "name"
    """See ``web.push.reminders``."""

    def shell_variables(self, argv: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
        """Variables that make a chat's shell mark its prompts; see ``agents.shell_integration``."""
        return shell_integration(argv, environment) if self.shell_integration else {}

    def setup_of(self, repository: str) -> tuple[str, str] | None:
        """The entry of ``worktree_setup`` for a repository (git's common directory): its directory and the command."""
        for directory, command in self.worktree_setup.items():
            path = os.path.realpath(Path(directory).expanduser())
            if repository in {path, os.path.join(path, ".git")}:  # noqa: PTH118 - the strings are compared
                return directory, command.strip()
        return None

    def applied_to(self, watch: Watch, remark: str) -> Watch:
        """The signals of an agent in a terminal, with a remark for the user; see ``Watch``."""
        answered_by_hook = watch.answered_by_hook if self.answer_from_outside else ""
        return msgspec.structs.replace(watch, remark=remark, answered_by_hook=answered_by_hook)


def load_chat_settings(directory: Path) -> ChatSettings:
    """Read the file of a configuration directory.

    Raises:
        ConfigError: the file cannot be read or is invalid; the message names it, the line and the allowed values.
    """
    file = TomlFile.read(directory / "chats.toml")
    settings = file.convert(ChatSettings)
    _check(file, ("record_limit_mib",), settings.record_limit_mib, RECORD_LIMITS_MIB)
    _check(file, ("scrollback_lines",), settings.scrollback_lines, SCROLLBACK_LIMITS_LINES)
    _check(file, ("ended_limit_mib",), settings.ended_limit_mib, ENDED_LIMITS_MIB)
    for repository in settings.worktree_setup:
        if problem := repository_problem(repository):
            raise file.error(("worktree_setup", repository), f"worktree_setup: {problem}")
    _check(file, ("agents_may_start",), settings.agents_may_start, STARTS_LIMITS)
    _check(file, ("agents_depth",), settings.agents_depth, DEPTH_LIMITS)
    for name in (ASK_AT_CHAT, ASK_AT_DAY):
        _check(file, (name,), getattr(settings, name), AMOUNT_LIMITS)
    _check(file, ("sleep_after_hours",), settings.sleep_after_hours, SLEEP_LIMITS_HOURS)
    _check(file, ("idle_timeout_min",), settings.idle_timeout_min, IDLE_LIMITS_MIN)
    return settings


def repository_problem(repository: str) -> str:
    """Why a key of ``worktree_setup`` is invalid; "" if it is valid."""
    return "" if repository.startswith(("/", "~/")) else f"{repository!r} must be an absolute path, or begin with ~/"


def _check(file: TomlFile, key: tuple[str, ...], value: float, limits: tuple[int, int]) -> None:
    least, most = limits
    if not least <= value <= most:
        raise file.error(key, f"{'.'.join(key)} is {value}; allowed: {least} to {most}")


def _colors_file() -> Path:
    return state_dir() / "colors.json"


def remember_colors(colors: DefaultColors) -> None:
    """Save the colours; if the file cannot be written, the previous ones stay."""
    if colors == remembered_colors():
        return
    path = _colors_file()
    try:
        ensure_private(path.parent)
        replace_file(path, msgspec.json.encode(colors))
    except (OSError, OutliveError):  # A full disk, or a state directory that is no directory.
        return


def saved_colors() -> bytes:
    """The saved colours as JSON; those of the computer that starts this process over ssh come first; b"" for none."""
    if colors := os.environ.get(COLORS_VARIABLE):
        return os.fsencode(colors)
    try:
        return _colors_file().read_bytes()
    except OSError:
        return b""


def remembered_colors() -> DefaultColors | None:
    """Read the saved colours; None if there are none, or they cannot be read."""
    if not (data := saved_colors()):
        return None
    from session_host.terminal.base import DefaultColors  # a user without a window does not need it

    try:
        return msgspec.json.decode(data, type=DefaultColors)
    except msgspec.MsgspecError:
        return None
