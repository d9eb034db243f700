"""All settings of the user's files, one row each: the settings window and the checks are made from this table.

A setting with a row here appears in the window, is searched, checked, written and reset there. Its default is said in
the struct of its file: ``WindowFile``, ``ChatSettings`` or, for chats with a model server, ``Settings``.
``resources/guide/settings.md`` lists the files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from gui.settings.kinds import Choice, Kind, Line, Named, Names, Number, Toggle
from gui.settings.themes.library import DEFAULT
from gui.theme.terminal_font import FEATURE_FORM, LigatureMode, Weight
from gui.theme.tokens import TERMINAL_PADDING_PX
from gui.wording.text import Text
from session_host.client.chats.notification_rules import MAX_LONG_TURN_S
from session_host.client.chats.settings import (
    ENDED_LIMITS_MIB,
    IDLE_LIMITS_MIN,
    RECORD_LIMITS_MIB,
    SCROLLBACK_LIMITS_LINES,
    ChatSettings,
)
from session_host.endpoint.conversation.conversation import MAX_TIMEOUT_S, Settings

FileName = Literal["window", "chats", "endpoint"]
PageName = Literal["general", "appearance", "terminal", "keys", "notifications", "agents", "server"]
Appearance = Literal["desktop", "dark", "light"]

PAGES: Final[dict[PageName, Text]] = {
    "general": Text("settings", "General"),
    "appearance": Text("settings", "Appearance"),
    "terminal": Text("settings", "Terminal"),
    "keys": Text("settings", "Keys"),
    "notifications": Text("settings", "Notifications"),
    "agents": Text("settings", "Agents"),
    "server": Text("settings", "Model server"),
}
"""The window's pages with their titles, from top to bottom. Keys and agents have pages of their own making."""


class WindowFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings in ``window.toml``."""

    theme: str = DEFAULT
    appearance: Appearance = "desktop"
    font: str = ""
    fallback_fonts: tuple[str, ...] = ()
    font_size: int = 0
    font_weight: Weight = "normal"
    font_features: tuple[str, ...] = ()
    line_height: float = 1.0
    padding: int = TERMINAL_PADDING_PX
    ligatures: LigatureMode = "not_under_cursor"
    notifications: bool = True
    long_turn_s: int = 30
    notify_command: str = ""
    start_at_login: bool = False
    readable_colors: bool = True
    editor: str = ""
    new_chat_agent: str = ""
    new_chat_view: Literal["last", "chat", "terminal"] = "last"
    cursor_shape: Literal["block", "bar", "underline"] = "block"
    cursor_blinks: bool = True
    text_blinks: bool = True
    command_heading: bool = True
    confirm_paste: bool = True
    ctrl_c_copies: bool = False
    wheel_lines: int = 3
    copy_on_select: bool = False
    right_click: Literal["menu", "paste"] = "menu"
    click_moves_cursor: bool = True
    open_links: Literal["ctrl_click", "click", "never"] = "ctrl_click"
    shell_exit: Literal["close", "keep"] = "close"
    end_idle_shells: bool = True
    link_files: bool = True
    confirm_links: bool = False
    bell_mark: bool = True
    bell_sound: bool = False
    bell_attention: bool = False
    group_chats: Literal["state", "project"] = "state"
    compact_rows: bool = False


_DEFAULTS: Final[dict[FileName, Any]] = {
    "window": WindowFile(), "chats": ChatSettings(), "endpoint": Settings(url="")
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A heading on a page. A change below "New chats" and "New terminals" takes effect in these, others at once."""

    page: PageName
    heading: Text | None = None


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        file: the file's name without ``.toml``.
        key: its key there.
        place: its page, and the heading above it.
        label: its name in the window.
        kind: which values it has.
        help: one sentence; None if the label says it.
        words: other words that find it: users know them from other programs, or use them for what they want to do.
    """

    file: FileName
    key: str
    place: Place
    label: Text
    kind: Kind
    help: Text | None = None
    words: Text | None = None

    @property
    def default(self) -> Any:
        """The value where the file has none."""
        found = getattr(_DEFAULTS[self.file], self.key)
        return () if found == {} else found  # The parameters, which the file lists.


def file_of(directory: Path, name: str) -> Path:
    """The path of one of the files."""
    return directory / f"{name}.toml"


GENERAL: Final = Place("general")
NEW_CHATS: Final = Place("general", Text("settings", "New chats"))
ENDED_CHATS: Final = Place("general", Text("settings", "Ended chats"))
THEME: Final = Place("appearance", Text("settings", "Theme"))
TEXT: Final = Place("appearance", Text("settings", "Text"))
CURSOR: Final = Place("appearance", Text("settings", "Cursor"))
SIDEBAR: Final = Place("appearance", Text("settings", "Sidebar"))
NEW_TERMINALS: Final = Place("terminal", Text("settings", "New terminals"))
SHELLS: Final = Place("terminal", Text("settings", "Shells"))
CLIPBOARD: Final = Place("terminal", Text("settings", "Copy and paste"))
MOUSE: Final = Place("terminal", Text("settings", "Mouse"))
LINKS: Final = Place("terminal", Text("settings", "Links"))
NOTIFICATIONS: Final = Place("notifications")
BELL: Final = Place("notifications", Text("settings", "When a program rings the bell"))
CONTROL: Final = Place("agents", Text("settings", "Permissions"))
SERVER: Final = Place("server", Text("settings", "New chats"))

# fmt: off
SETTINGS: Final[tuple[Setting, ...]] = (
    Setting("window", "start_at_login", GENERAL, Text("settings", "Start at login"), Toggle(),
            help=Text("settings", "Hidden in the tray."), words=Text("settings", "autostart startup boot")),
    Setting("window", "editor", GENERAL, Text("settings", "Editor"), Line(is_command=True),
            help=Text("settings", "A command that opens files; may have {file}, {line} and {column}.")),
    Setting("window", "new_chat_agent", NEW_CHATS, Text("settings", "Default agent"), Named(of="agent")),
    Setting("window", "new_chat_view", NEW_CHATS, Text("settings", "Default view"),
            Choice({
                "last": Text("settings", "As last used with the agent"),
                "chat": Text("settings", "Chat view"),
                "terminal": Text("settings", "Terminal"),
            }), help=Text("settings", "Of agents that have a terminal and a chat view.")),
    Setting("chats", "record", NEW_CHATS, Text("settings", "Record chats"), Toggle(),
            help=Text("settings", "Lets you read and search them after they have ended."),
            words=Text("settings", "history log privacy")),
    Setting("chats", "record_limit_mib", NEW_CHATS, Text("settings", "Size of a recording"),
            Number(*RECORD_LIMITS_MIB, unit=Text("settings", "MiB"), step=16),
            help=Text("settings", "The oldest output is removed first.")),
    Setting("chats", "restore_points", NEW_CHATS, Text("settings", "Restore points"), Toggle(),
            help=Text("settings", "Saves a git repository’s files before each prompt, so that you can restore them."),
            words=Text("settings", "checkpoints undo")),
    Setting("chats", "answer_from_outside", NEW_CHATS, Text("settings", "Answer Claude Code from notifications"),
            Toggle(), help=Text("settings", "When it runs in a terminal; “outlive approve” can then answer it, too.")),
    Setting("chats", "idle_timeout_min", NEW_CHATS, Text("settings", "End idle agents after"),
            Number(1, IDLE_LIMITS_MIN[1], unit=Text("settings", "min"), zero=Text("settings", "Never"), step=5,
                   is_integer=False),
            help=Text("settings", "In chat views; the next prompt resumes the chat.")),
    Setting("chats", "ended_limit_mib", ENDED_CHATS, Text("settings", "Size of all recordings"),
            Number(1, ENDED_LIMITS_MIB[1], unit=Text("settings", "MiB"), zero=Text("settings", "No limit"), step=256),
            help=Text("settings",
                "Chats that ended first are removed first, but none that is pinned, open, or ended today.")),
    Setting("window", "theme", THEME, Text("settings", "Theme"), Named(of="theme"),
            words=Text("settings", "color scheme")),
    Setting("window", "appearance", THEME, Text("settings", "Light or dark"),
            Choice({
                "desktop": Text("settings", "Follow the desktop"),
                "light": Text("settings", "Always light"),
                "dark": Text("settings", "Always dark"),
            }), words=Text("settings", "dark mode night color scheme")),
    Setting("window", "readable_colors", THEME, Text("settings", "Readable colours"), Toggle(),
            help=Text("settings", "Makes text lighter or darker if it is hard to read on its background."),
            words=Text("settings", "contrast accessibility")),
    Setting("window", "font", TEXT, Text("settings", "Font"), Named(of="font"),
            help=Text("settings", "Used in terminals and for code.")),
    Setting("window", "font_size", TEXT, Text("settings", "Text size"),
            Number(6, 48, unit=Text("settings", "px"), zero=Text("settings", "Same as the desktop")),
            help=Text("settings", "Larger text and Smaller text start from this size."),
            words=Text("settings", "zoom")),
    Setting("window", "line_height", TEXT, Text("settings", "Line height"), Number(1, 2, step=0.1, is_integer=False),
            help=Text("settings", "1 is the font’s own height."), words=Text("settings", "spacing")),
    Setting("window", "padding", TEXT, Text("settings", "Space around the text"),
            Number(0, 64, unit=Text("settings", "px")), help=Text("settings", "The marks beside commands need 6 px."),
            words=Text("settings", "margin")),
    Setting("window", "font_weight", TEXT, Text("settings", "Font weight"),
            Choice({
                "thin": Text("settings", "Thin"),
                "light": Text("settings", "Light"),
                "normal": Text("settings", "Normal"),
                "medium": Text("settings", "Medium"),
                "semi_bold": Text("settings", "Semibold"),
            }), help=Text("settings", "For text that is not bold.")),
    Setting("window", "ligatures", TEXT, Text("settings", "Ligatures"),
            Choice({
                "always": Text("settings", "Always"),
                "not_under_cursor": Text("settings", "Except at the cursor"),
                "never": Text("settings", "Never"),
            }), help=Text("settings", "Draws characters such as -> as one sign, if the font has one.")),
    Setting("window", "fallback_fonts", TEXT, Text("settings", "Fallback fonts"), Names(of="font"),
            help=Text("settings", "For characters that the font lacks, in this order, with commas between.")),
    Setting("window", "font_features", TEXT, Text("settings", "Font features"),
            Names(FEATURE_FORM, "features such as zero, -calt, cv01=2"),
            help=Text("settings", "OpenType features, such as zero, ss01, cv01=2 or -calt.")),
    Setting("window", "cursor_shape", CURSOR, Text("settings", "Cursor"),
            Choice({
                "block": Text("settings", "Block"),
                "bar": Text("settings", "Bar"),
                "underline": Text("settings", "Underline"),
            }), help=Text("settings", "A program can choose another one."), words=Text("settings", "caret")),
    Setting("window", "cursor_blinks", CURSOR, Text("settings", "Blinking cursor"), Toggle(),
            words=Text("settings", "caret")),
    Setting("window", "text_blinks", CURSOR, Text("settings", "Blinking text"), Toggle(),
            help=Text("settings", "For programs that ask for it.")),
    Setting("window", "group_chats", SIDEBAR, Text("settings", "Group chats"),
            Choice({"state": Text("settings", "By state"), "project": Text("settings", "By project")})),
    Setting("window", "compact_rows", SIDEBAR, Text("settings", "Compact rows"), Toggle(),
            help=Text("settings", "One line for each chat.")),
    Setting("chats", "scrollback_lines", NEW_TERMINALS, Text("settings", "Scrollback"),
            Number(*SCROLLBACK_LIMITS_LINES, unit=Text("settings", "lines"), step=1000),
            words=Text("settings", "history buffer")),
    Setting("chats", "shell_integration", NEW_TERMINALS, Text("settings", "Shell integration"), Toggle(),
            help=Text("settings",
                "bash, zsh and fish mark their prompts, so that you can jump to commands and copy their output.")),
    Setting("window", "shell_exit", SHELLS, Text("settings", "When a shell exits"),
            Choice({"close": Text("settings", "Close its tab"), "keep": Text("settings", "Keep it")}),
            help=Text("settings",
                "Search all chats still finds it; one that was killed, or failed at its start, stays.")),
    Setting("window", "end_idle_shells", SHELLS, Text("settings", "Closing its tab ends an idle shell"), Toggle(),
            help=Text("settings",
                "For 10 s, Undo brings the shell back; Search all chats still finds what it printed.")),
    Setting("window", "command_heading", SHELLS, Text("settings", "Show the command above its output"), Toggle(),
            help=Text("settings", "While you are scrolled back in a long output.")),
    Setting("window", "confirm_paste", CLIPBOARD, Text("settings", "Ask before risky pastes"), Toggle(),
            help=Text("settings", "For several lines that would run, control characters, or a very long text."),
            words=Text("settings", "warn multiline")),
    Setting("window", "copy_on_select", CLIPBOARD, Text("settings", "Selecting text copies it"), Toggle(),
            words=Text("settings", "selection")),
    Setting("window", "ctrl_c_copies", CLIPBOARD, Text("settings", "Ctrl+C copies selected text"), Toggle(),
            help=Text("settings", "Without a selection, the program gets Ctrl+C."),
            words=Text("settings", "clipboard")),
    Setting("window", "right_click", MOUSE, Text("settings", "Right click"),
            Choice({"menu": Text("settings", "Opens the menu"), "paste": Text("settings", "Pastes")}),
            help=Text("settings", "With Shift, it always opens the menu."), words=Text("settings", "context menu")),
    Setting("window", "click_moves_cursor", MOUSE, Text("settings", "A click moves the cursor"), Toggle(),
            help=Text("settings", "In the command line of bash and zsh.")),
    Setting("window", "wheel_lines", MOUSE, Text("settings", "Mouse wheel scrolls"),
            Number(1, 50, unit=Text("settings", "lines")), words=Text("settings", "sensitivity speed")),
    Setting("window", "open_links", LINKS, Text("settings", "Open links with"),
            Choice({
                "ctrl_click": Text("settings", "Ctrl+click"),
                "click": Text("settings", "Click"),
                "never": Text("settings", "No click"),
            }), help=Text("settings", "The context menu and Ctrl+Shift+H always open them.")),
    Setting("window", "link_files", LINKS, Text("settings", "Names of files are links"), Toggle()),
    Setting("window", "confirm_links", LINKS,
            Text("settings", "Ask before opening a link whose text differs from its address"), Toggle()),
    Setting("window", "notifications", NOTIFICATIONS, Text("settings", "Show notifications"), Toggle(),
            help=Text("settings", "When a chat needs you or ends unexpectedly."), words=Text("settings", "desktop")),
    Setting("window", "long_turn_s", NOTIFICATIONS, Text("settings", "Notify after long work"),
            Number(1, MAX_LONG_TURN_S, unit=Text("settings", "s"), zero=Text("settings", "Never"), step=10),
            help=Text("settings", "When an agent’s turn or a shell’s command ends that took at least this long."),
            words=Text("settings", "finished done")),
    Setting("window", "notify_command", NOTIFICATIONS, Text("settings", "Command"), Line(is_command=True),
            help=Text("settings",
                "Also runs for each notification, such as one to your phone; may have {title} and {text}."),
            words=Text("settings", "push webhook")),
    Setting("window", "bell_mark", BELL, Text("settings", "Mark the chat"), Toggle(),
            help=Text("settings", "Until you look at it.")),
    Setting("window", "bell_sound", BELL, Text("settings", "Play a sound"), Toggle(),
            help=Text("settings", "Not for muted chats.")),
    Setting("window", "bell_attention", BELL, Text("settings", "Mark the window in the task bar"), Toggle(),
            help=Text("settings", "Unless you are using it.")),
    Setting("chats", "agents_may_control", CONTROL, Text("settings", "Agents may control"),
            Choice({"own": Text("settings", "Their own chats"), "all": Text("settings", "All chats")}),
            help=Text("settings", "The chats that an agent may type into, answer and end; it can read all."),
            words=Text("settings", "permissions security")),
    Setting("endpoint", "url", SERVER, Text("settings", "Address"),
            Line(r"https?://\S+", "a URL that begins with http:// or https://"),
            help=Text("settings", "An OpenAI-compatible server, such as http://127.0.0.1:8080/v1.")),
    Setting("endpoint", "model", SERVER, Text("settings", "Model"), Line(),
            help=Text("settings", "Empty: the server’s only model, or the one that you choose with /model.")),
    Setting("endpoint", "system", SERVER, Text("settings", "System prompt"), Line(),
            help=Text("settings", "Sent at the beginning of each conversation.")),
    Setting("endpoint", "key_from", SERVER, Text("settings", "API key"),
            Line("env:.+|file:.+|secret", "env:NAME, file:PATH or secret"),
            help=Text("settings", "Where the key is: env:NAME, file:PATH or secret; empty: OPENAI_API_KEY.")),
    Setting("endpoint", "api", SERVER, Text("settings", "API"),
            Choice({
                "auto": Text("settings", "Detect it"),
                "chat": Text("settings", "Chat completions"),
                "responses": Text("settings", "Responses"),
            })),
    Setting("endpoint", "parameters", SERVER, Text("settings", "Parameters"),
            Names(r"[\w.-]+ *=.+", "parameters such as 'temperature=0.2'"),
            help=Text("settings", "With commas between, such as temperature=0.2, max_tokens=4096.")),
    Setting("endpoint", "timeout_s", SERVER, Text("settings", "Timeout"),
            Number(1, int(MAX_TIMEOUT_S) - 1, unit=Text("settings", "s"), step=30, is_integer=False),
            help=Text("settings", "How long to wait for data from the server.")),
)
# fmt: on
