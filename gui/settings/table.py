"""All settings of the user's files, one entry each: the settings window is made from this table.

A setting that is added here appears in the window, is searched, checked, written and reset there. Its label and its
help are in ``gui/wording/settings_texts.py`` under the same id; ``resources/guide/settings.md`` lists its file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gui.settings.kinds import Choice, Kind, Named, Names, Number, Text, Toggle
from gui.settings.preferences import (
    FEATURE_EXAMPLES,
    FONT_SIZE_RANGE_PX,
    LINE_HEIGHT_RANGE,
    MAX_LONG_TURN_S,
    MAX_WHEEL_LINES,
    PADDING_RANGE_PX,
    WindowFile,
)
from gui.theme.terminal_font import FEATURE_FORM, WEIGHTS
from session_host.client.chats.settings import (
    ENDED_LIMITS_MIB,
    IDLE_LIMITS_MIN,
    RECORD_LIMITS_MIB,
    SCROLLBACK_LIMITS_LINES,
    ChatSettings,
)

FileName = Literal["window", "chats", "endpoint"]
PageName = Literal["general", "appearance", "terminal", "keys", "notifications", "agents", "server"]

PAGES: tuple[PageName, ...] = ("general", "appearance", "terminal", "keys", "notifications", "agents", "server")
"""The window's pages, from top to bottom. Keys and agents have pages of their own making."""

MAX_SERVER_TIMEOUT_S = 86399

_DEFAULTS: dict[FileName, Any] = {"window": WindowFile(), "chats": ChatSettings(), "endpoint": None}
_ENDPOINT_DEFAULTS = {"api": "auto", "timeout_s": 300, "parameters": ()}


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        file: the file's name without ``.toml``.
        key: its key there.
        kind: which values it has.
        page: the page that shows it.
        section: the heading above it, by name; "" for none. The headings "new_chats" and "new_terminals" say that a
            change takes effect in new chats; others take effect at once.
    """

    file: FileName
    key: str
    kind: Kind
    page: PageName
    section: str = ""

    @property
    def id(self) -> str:
        """The key of its texts: "window.font_size"."""
        return f"{self.file}.{self.key}"

    @property
    def default(self) -> Any:
        """The value where the file has none."""
        if self.file == "endpoint":
            return _ENDPOINT_DEFAULTS.get(self.key, "")
        return getattr(_DEFAULTS[self.file], self.key)


def file_of(directory: Path, name: str) -> Path:
    """The path of one of the files."""
    return directory / f"{name}.toml"


def _window(key: str, kind: Kind, page: PageName, section: str = "") -> Setting:
    return Setting("window", key, kind, page, section)


def _chats(key: str, kind: Kind, page: PageName, section: str) -> Setting:
    return Setting("chats", key, kind, page, section)


def _endpoint(key: str, kind: Kind) -> Setting:
    return Setting("endpoint", key, kind, "server", "new_chats")


def _range(limits: tuple[int, int], **options: Any) -> Number:
    """The range of a setting. If 0 has a special meaning with its own words, the range begins with 1."""
    least, most = limits
    return Number(1 if least == 0 and options.get("zero") else least, most, **options)


SETTINGS: tuple[Setting, ...] = (
    _window("start_at_login", Toggle(), "general"),
    _window("editor", Text(is_command=True), "general"),
    _window("new_chat_agent", Named(of="agent"), "general", "new_chats"),
    _window("new_chat_view", Choice(("last", "chat", "terminal")), "general", "new_chats"),
    _chats("record", Toggle(), "general", "new_chats"),
    _chats("record_limit_mib", _range(RECORD_LIMITS_MIB, unit="MiB", step=16), "general", "new_chats"),
    _chats("restore_points", Toggle(), "general", "new_chats"),
    _chats("answer_from_outside", Toggle(), "general", "new_chats"),
    _chats(
        "idle_timeout_min",
        _range(IDLE_LIMITS_MIN, unit="min", zero="never", step=5, is_integer=False),
        "general",
        "new_chats",
    ),
    _chats("ended_limit_mib", _range(ENDED_LIMITS_MIB, unit="MiB", zero="no limit", step=256), "general", "ended"),
    _window("theme", Named(of="theme"), "appearance", "theme"),
    _window("appearance", Choice(("desktop", "light", "dark")), "appearance", "theme"),
    _window("readable_colors", Toggle(), "appearance", "theme"),
    _window("font", Named(of="font"), "appearance", "text"),
    _window("font_size", Number(*FONT_SIZE_RANGE_PX, unit="px", zero="as the desktop"), "appearance", "text"),
    _window("line_height", Number(*LINE_HEIGHT_RANGE, step=0.1, is_integer=False), "appearance", "text"),
    _window("padding", Number(*PADDING_RANGE_PX, unit="px"), "appearance", "text"),
    _window("font_weight", Choice(tuple(WEIGHTS)), "appearance", "text"),
    _window("ligatures", Choice(("always", "not_under_cursor", "never")), "appearance", "text"),
    _window("fallback_fonts", Names(of="font"), "appearance", "text"),
    _window("font_features", Names(FEATURE_FORM, FEATURE_EXAMPLES), "appearance", "text"),
    _window("cursor_shape", Choice(("block", "bar", "underline")), "appearance", "cursor"),
    _window("cursor_blinks", Toggle(), "appearance", "cursor"),
    _window("text_blinks", Toggle(), "appearance", "cursor"),
    _window("group_chats", Choice(("state", "project")), "appearance", "sidebar"),
    _window("compact_rows", Toggle(), "appearance", "sidebar"),
    _chats("scrollback_lines", _range(SCROLLBACK_LIMITS_LINES, unit="lines", step=1000), "terminal", "new_terminals"),
    _chats("shell_integration", Toggle(), "terminal", "new_terminals"),
    _window("shell_exit", Choice(("close", "keep")), "terminal", "shells"),
    _window("end_idle_shells", Toggle(), "terminal", "shells"),
    _window("command_heading", Toggle(), "terminal", "shells"),
    _window("confirm_paste", Toggle(), "terminal", "clipboard"),
    _window("copy_on_select", Toggle(), "terminal", "clipboard"),
    _window("ctrl_c_copies", Toggle(), "terminal", "clipboard"),
    _window("right_click", Choice(("menu", "paste")), "terminal", "mouse"),
    _window("click_moves_cursor", Toggle(), "terminal", "mouse"),
    _window("wheel_lines", Number(1, MAX_WHEEL_LINES, unit="lines"), "terminal", "mouse"),
    _window("open_links", Choice(("ctrl_click", "click", "never")), "terminal", "links"),
    _window("link_files", Toggle(), "terminal", "links"),
    _window("confirm_links", Toggle(), "terminal", "links"),
    _window("notifications", Toggle(), "notifications"),
    _window("long_turn_s", _range((0, MAX_LONG_TURN_S), unit="s", zero="never", step=10), "notifications"),
    _window("notify_command", Text(is_command=True), "notifications"),
    _window("bell_mark", Toggle(), "notifications", "bell"),
    _window("bell_sound", Toggle(), "notifications", "bell"),
    _window("bell_attention", Toggle(), "notifications", "bell"),
    _chats("agents_may_control", Choice(("own", "all")), "agents", "control"),
    _endpoint("url", Text(r"https?://\S+", "a URL that begins with http:// or https://")),
    _endpoint("model", Text()),
    _endpoint("system", Text()),
    _endpoint("key_from", Text("env:.+|file:.+|secret", "env:NAME, file:PATH or secret")),
    _endpoint("api", Choice(("auto", "chat", "responses"))),
    _endpoint("parameters", Names(r"[\w.-]+ *=.+", "parameters such as 'temperature=0.2'")),
    _endpoint("timeout_s", Number(1, MAX_SERVER_TIMEOUT_S, unit="s", step=30, is_integer=False)),
)
