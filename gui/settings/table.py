"""All settings of the user's files, one row each: the settings window and the checks are made from this table.

A setting with a row here appears in the window, is searched, checked, written and reset there. Its default is said in
the struct of its file: ``WindowFile``, ``ChatSettings`` or, for chats with a model server, ``Settings``.
``resources/guide/settings.md`` lists the files.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct, field

from gui.theme.terminal import FEATURE_FORM, LigatureMode, Weight
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
from session_host.endpoint.conversation import MAX_TIMEOUT_S, Settings
from session_host.errors import ConfigError
from session_host.toml_file import TomlFile

from .theme_files import DEFAULT


class Toggle(Struct, frozen=True):
    """True or false."""

    def problem(self, value: object) -> str:
        """The problem of a value; "" for a valid one."""
        return "" if isinstance(value, bool) else "must be true or false"


class Number(Struct, frozen=True):
    """A number in a range, or 0 if that has a meaning of its own.

    Attributes:
        minimum, maximum: the range, both included.
        unit: its unit; None for none.
        zero: the meaning of 0, if 0 is allowed outside of the range.
        step: the change for one press of a button.
        is_integer: whether fractions are invalid.
    """

    minimum: int
    maximum: int
    unit: Text | None = None
    zero: Text | None = None
    step: float = 1
    is_integer: bool = True

    def problem(self, value: object) -> str:
        """The problem of a value; "" for a valid one."""
        fits = isinstance(value, int) or (isinstance(value, float) and not self.is_integer)
        if not fits or isinstance(value, bool):
            return "must be a whole number" if self.is_integer else "must be a number"
        assert isinstance(value, int | float)
        if self.minimum <= value <= self.maximum or (value == 0 and self.zero):
            return ""
        return f"must be between {self.minimum} and {self.maximum}" + (", or 0" if self.zero else "")


class Choice(Struct, frozen=True):
    """One of some words, each with the text that the window shows for it."""

    texts: Mapping[str, Text]

    @property
    def values(self) -> tuple[str, ...]:
        """The words."""
        return tuple(self.texts)

    def problem(self, value: object) -> str:
        """The problem of a value; "" for a valid one."""
        return "" if value in self.values else f"must be one of {', '.join(map(repr, self.values))}"


class Line(Struct, frozen=True):
    """A text of one line; "" for none.

    Attributes:
        form: the pattern of the whole text, "" for any.
        meaning: what has that form, for the problem.
        is_command: whether it is split into words as a shell does.
    """

    form: str = ""
    meaning: str = ""
    is_command: bool = False

    def problem(self, value: object) -> str:
        """The problem of a value; "" for a valid one."""
        if not isinstance(value, str):
            return "must be a text in quotes"
        if value and self.form and not re.fullmatch(self.form, value):
            return f"must be {self.meaning}"
        if self.is_command:
            try:
                shlex.split(value)
            except ValueError as error:
                return f"has {str(error).lower()}"
        return ""


class Named(Line, frozen=True):
    """The name of something that is installed: a theme, a font's family, or an agent."""

    of: Literal["theme", "font", "agent"] = "theme"


class Names(Struct, frozen=True):
    """Several texts, a list in the file; a field has commas between them.

    Attributes:
        form: the pattern of each text, "" for any.
        meaning: what has that form, for the problem.
        of: what the texts name.
    """

    form: str = ""
    meaning: str = ""
    of: Literal["", "font"] = ""

    def problem(self, value: object) -> str:
        """The problem of a value; "" for a valid one."""
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            return "must be a list of texts in quotes"
        if self.form and not all(re.fullmatch(self.form, each) for each in value):
            return f"must be a list of {self.meaning}"
        return ""


Kind = Toggle | Number | Choice | Line | Named | Names


FileName = Literal["window", "chats", "endpoint"]
PageName = Literal["general", "appearance", "terminal", "keys", "notifications", "agents", "server"]
Appearance = Literal["desktop", "dark", "light"]

PAGES: Final[dict[PageName, Text]] = {
    "general": Text("General"),
    "appearance": Text("Appearance"),
    "terminal": Text("Terminal"),
    "keys": Text("Keys"),
    "notifications": Text("Notifications"),
    "agents": Text("Agents"),
    "server": Text("Model server"),
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
    remote_editor: str = ""
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
    unreachable_typing: Literal["keep", "refuse"] = "keep"
    group_chats: Literal["state", "project", "machine"] = "state"
    compact_rows: bool = False


_DEFAULTS: Final[dict[FileName, Any]] = {
    "window": WindowFile(), "chats": ChatSettings(), "endpoint": Settings(url="")
}  # fmt: skip


class Place(Struct, frozen=True):
    """A heading on a page. A change below "New chats" and "New terminals" takes effect in these, others at once."""

    page: PageName
    heading: Text | None = None


class Setting(Struct, frozen=True):
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
NEW_CHATS: Final = Place("general", Text("New chats"))
MACHINES: Final = Place("general", Text("Other machines"))
ENDED_CHATS: Final = Place("general", Text("Ended chats"))
THEME: Final = Place("appearance", Text("Theme"))
TEXT: Final = Place("appearance", Text("Text"))
CURSOR: Final = Place("appearance", Text("Cursor"))
SIDEBAR: Final = Place("appearance", Text("Sidebar"))
NEW_TERMINALS: Final = Place("terminal", Text("New terminals"))
SHELLS: Final = Place("terminal", Text("Shells"))
CLIPBOARD: Final = Place("terminal", Text("Copy and paste"))
MOUSE: Final = Place("terminal", Text("Mouse"))
LINKS: Final = Place("terminal", Text("Links"))
NOTIFICATIONS: Final = Place("notifications")
BELL: Final = Place("notifications", Text("When a program rings the bell"))
CONTROL: Final = Place("agents", Text("Permissions"))
SERVER: Final = Place("server", Text("New chats"))

# fmt: off
SETTINGS: Final[tuple[Setting, ...]] = (
    Setting("window", "start_at_login", GENERAL, Text("Start at login"), Toggle(),
            help=Text("Hidden in the tray."), words=Text("autostart startup boot")),
    Setting("window", "editor", GENERAL, Text("Editor"), Line(is_command=True),
            help=Text("A command that opens files; may have {file}, {line} and {column}.")),
    Setting("window", "remote_editor", GENERAL, Text("Editor for other machines"), Line(is_command=True),
            help=Text("As above, with {destination}; $EDITOR opens that machine’s editor in a tab."),
            words=Text("remote ssh")),
    Setting("window", "new_chat_agent", NEW_CHATS, Text("Default agent"), Named(of="agent")),
    Setting("window", "new_chat_view", NEW_CHATS, Text("Default view"),
            Choice({
                "last": Text("As last used with the agent"),
                "chat": Text("Chat view"),
                "terminal": Text("Terminal"),
            }), help=Text("Of agents that have a terminal and a chat view.")),
    Setting("chats", "record", NEW_CHATS, Text("Record chats"), Toggle(),
            help=Text("Lets you read and search them after they have ended."),
            words=Text("history log privacy")),
    Setting("chats", "record_limit_mib", NEW_CHATS, Text("Size of a recording"),
            Number(*RECORD_LIMITS_MIB, unit=Text("MiB"), step=16),
            help=Text("The oldest output is removed first.")),
    Setting("chats", "restore_points", NEW_CHATS, Text("Restore points"), Toggle(),
            help=Text("Saves a git repository’s files before each prompt, so that you can restore them."),
            words=Text("checkpoints undo")),
    Setting("chats", "answer_from_outside", NEW_CHATS, Text("Answer Claude Code from notifications"),
            Toggle(), help=Text("When it runs in a terminal; “outlive approve” can then answer it, too.")),
    Setting("chats", "idle_timeout_min", NEW_CHATS, Text("End idle agents after"),
            Number(1, IDLE_LIMITS_MIN[1], unit=Text("min"), zero=Text("Never"), step=5,
                   is_integer=False),
            help=Text("In chat views; the next prompt resumes the chat.")),
    Setting("chats", "ended_limit_mib", ENDED_CHATS, Text("Size of all recordings"),
            Number(1, ENDED_LIMITS_MIB[1], unit=Text("MiB"), zero=Text("No limit"), step=256),
            help=Text("Chats that ended first are removed first, but none that is pinned, open, or ended today.")),
    Setting("window", "unreachable_typing", MACHINES, Text("Typing while a machine can’t be reached"),
            Choice({
                "keep": Text("Keep it, and send it later"),
                "refuse": Text("Refuse it"),
            }), help=Text("If the chat asks something by then, you decide whether it is sent."),
            words=Text("ssh offline connection")),
    Setting("window", "theme", THEME, Text("Theme"), Named(of="theme"),
            words=Text("color scheme")),
    Setting("window", "appearance", THEME, Text("Light or dark"),
            Choice({
                "desktop": Text("Follow the desktop"),
                "light": Text("Always light"),
                "dark": Text("Always dark"),
            }), words=Text("dark mode night color scheme")),
    Setting("window", "readable_colors", THEME, Text("Readable colours"), Toggle(),
            help=Text("Makes text lighter or darker if it is hard to read on its background."),
            words=Text("contrast accessibility")),
    Setting("window", "font", TEXT, Text("Font"), Named(of="font"),
            help=Text("Used in terminals and for code.")),
    Setting("window", "font_size", TEXT, Text("Text size"),
            Number(6, 48, unit=Text("px"), zero=Text("Same as the desktop")),
            help=Text("Larger text and Smaller text start from this size."),
            words=Text("zoom")),
    Setting("window", "line_height", TEXT, Text("Line height"), Number(1, 2, step=0.1, is_integer=False),
            help=Text("1 is the font’s own height."), words=Text("spacing")),
    Setting("window", "padding", TEXT, Text("Space around the text"),
            Number(0, 64, unit=Text("px")), help=Text("The marks beside commands need 6 px."),
            words=Text("margin")),
    Setting("window", "font_weight", TEXT, Text("Font weight"),
            Choice({
                "thin": Text("Thin"),
                "light": Text("Light"),
                "normal": Text("Normal"),
                "medium": Text("Medium"),
                "semi_bold": Text("Semibold"),
            }), help=Text("For text that is not bold.")),
    Setting("window", "ligatures", TEXT, Text("Ligatures"),
            Choice({
                "always": Text("Always"),
                "not_under_cursor": Text("Except at the cursor"),
                "never": Text("Never"),
            }), help=Text("Draws characters such as -> as one sign, if the font has one.")),
    Setting("window", "fallback_fonts", TEXT, Text("Fallback fonts"), Names(of="font"),
            help=Text("For characters that the font lacks, in this order, with commas between.")),
    Setting("window", "font_features", TEXT, Text("Font features"),
            Names(FEATURE_FORM, "features such as zero, -calt, cv01=2"),
            help=Text("OpenType features, such as zero, ss01, cv01=2 or -calt.")),
    Setting("window", "cursor_shape", CURSOR, Text("Cursor"),
            Choice({
                "block": Text("Block"),
                "bar": Text("Bar"),
                "underline": Text("Underline"),
            }), help=Text("A program can choose another one."), words=Text("caret")),
    Setting("window", "cursor_blinks", CURSOR, Text("Blinking cursor"), Toggle(),
            words=Text("caret")),
    Setting("window", "text_blinks", CURSOR, Text("Blinking text"), Toggle(),
            help=Text("For programs that ask for it.")),
    Setting("window", "group_chats", SIDEBAR, Text("Group chats"),
            Choice({
                "state": Text("By state"),
                "project": Text("By project"),
                "machine": Text("By machine"),
            })),
    Setting("window", "compact_rows", SIDEBAR, Text("Compact rows"), Toggle(),
            help=Text("One line for each chat.")),
    Setting("chats", "scrollback_lines", NEW_TERMINALS, Text("Scrollback"),
            Number(*SCROLLBACK_LIMITS_LINES, unit=Text("lines"), step=1000),
            words=Text("history buffer")),
    Setting("chats", "shell_integration", NEW_TERMINALS, Text("Shell integration"), Toggle(),
            help=Text(
                "bash, zsh and fish mark their prompts, so that you can jump to commands and copy their output.")),
    Setting("window", "shell_exit", SHELLS, Text("When a shell exits"),
            Choice({"close": Text("Close its tab"), "keep": Text("Keep it")}),
            help=Text("Search all chats still finds it; one that was killed, or failed at its start, stays.")),
    Setting("window", "end_idle_shells", SHELLS, Text("Closing its tab ends an idle shell"), Toggle(),
            help=Text("For 10 s, Undo brings the shell back; Search all chats still finds what it printed.")),
    Setting("window", "command_heading", SHELLS, Text("Show the command above its output"), Toggle(),
            help=Text("While you are scrolled back in a long output.")),
    Setting("window", "confirm_paste", CLIPBOARD, Text("Ask before risky pastes"), Toggle(),
            help=Text("For several lines that would run, control characters, or a very long text."),
            words=Text("warn multiline")),
    Setting("window", "copy_on_select", CLIPBOARD, Text("Selecting text copies it"), Toggle(),
            words=Text("selection")),
    Setting("window", "ctrl_c_copies", CLIPBOARD, Text("Ctrl+C copies selected text"), Toggle(),
            help=Text("Without a selection, the program gets Ctrl+C."),
            words=Text("clipboard")),
    Setting("window", "right_click", MOUSE, Text("Right click"),
            Choice({"menu": Text("Opens the menu"), "paste": Text("Pastes")}),
            help=Text("With Shift, it always opens the menu."), words=Text("context menu")),
    Setting("window", "click_moves_cursor", MOUSE, Text("A click moves the cursor"), Toggle(),
            help=Text("In the command line of bash and zsh.")),
    Setting("window", "wheel_lines", MOUSE, Text("Mouse wheel scrolls"),
            Number(1, 50, unit=Text("lines")), words=Text("sensitivity speed")),
    Setting("window", "open_links", LINKS, Text("Open links with"),
            Choice({
                "ctrl_click": Text("Ctrl+click"),
                "click": Text("Click"),
                "never": Text("No click"),
            }), help=Text("The context menu and Ctrl+Shift+H always open them.")),
    Setting("window", "link_files", LINKS, Text("Names of files are links"), Toggle()),
    Setting("window", "confirm_links", LINKS,
            Text("Ask before opening a link whose text differs from its address"), Toggle()),
    Setting("window", "notifications", NOTIFICATIONS, Text("Show notifications"), Toggle(),
            help=Text("When a chat needs you or ends unexpectedly."), words=Text("desktop")),
    Setting("window", "long_turn_s", NOTIFICATIONS, Text("Notify after long work"),
            Number(1, MAX_LONG_TURN_S, unit=Text("s"), zero=Text("Never"), step=10),
            help=Text("When an agent’s turn or a shell’s command ends that took at least this long."),
            words=Text("finished done")),
    Setting("window", "notify_command", NOTIFICATIONS, Text("Command"), Line(is_command=True),
            help=Text("Also runs for each notification, such as one to your phone; may have {title} and {text}."),
            words=Text("push webhook")),
    Setting("window", "bell_mark", BELL, Text("Mark the chat"), Toggle(),
            help=Text("Until you look at it.")),
    Setting("window", "bell_sound", BELL, Text("Play a sound"), Toggle(),
            help=Text("Not for muted chats.")),
    Setting("window", "bell_attention", BELL, Text("Mark the window in the task bar"), Toggle(),
            help=Text("Unless you are using it.")),
    Setting("chats", "agents_may_control", CONTROL, Text("Agents may control"),
            Choice({"own": Text("Their own chats"), "all": Text("All chats")}),
            help=Text("The chats that an agent may type into, answer and end; it can read all."),
            words=Text("permissions security")),
    Setting("endpoint", "url", SERVER, Text("Address"),
            Line(r"https?://\S+", "a URL that begins with http:// or https://"),
            help=Text("An OpenAI-compatible server, such as http://127.0.0.1:8080/v1.")),
    Setting("endpoint", "model", SERVER, Text("Model"), Line(),
            help=Text("Empty: the server’s only model, or the one that you choose with /model.")),
    Setting("endpoint", "system", SERVER, Text("System prompt"), Line(),
            help=Text("Sent at the beginning of each conversation.")),
    Setting("endpoint", "key_from", SERVER, Text("API key"),
            Line("env:.+|file:.+|secret", "env:NAME, file:PATH or secret"),
            help=Text("Where the key is: env:NAME, file:PATH or secret; empty: OPENAI_API_KEY.")),
    Setting("endpoint", "api", SERVER, Text("API"),
            Choice({
                "auto": Text("Detect it"),
                "chat": Text("Chat completions"),
                "responses": Text("Responses"),
            })),
    Setting("endpoint", "parameters", SERVER, Text("Parameters"),
            Names(r"[\w.-]+ *=.+", "parameters such as 'temperature=0.2'"),
            help=Text("With commas between, such as temperature=0.2, max_tokens=4096.")),
    Setting("endpoint", "timeout_s", SERVER, Text("Timeout"),
            Number(1, int(MAX_TIMEOUT_S) - 1, unit=Text("s"), step=30, is_integer=False),
            help=Text("How long to wait for data from the server.")),
)
# fmt: on


class FileValues(Struct, frozen=True):
    """The content of one settings file.

    Attributes:
        problem: why the file cannot be read at all, with its line; "" if it can.
        values: the top level of the file.
        file: the file's text, to find the lines of problems.
    """

    problem: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    file: TomlFile | None = None

    @classmethod
    def read(cls, directory: Path, name: str) -> FileValues:
        """Read a file; a missing one has no values."""
        try:
            file = TomlFile.read(file_of(directory, name))
            return cls("", file.values(), file)
        except ConfigError as error:
            return cls(str(error))

    def of(self, setting: Setting) -> tuple[Any, str]:
        """The value of a setting, and its problem.

        Returns:
            The value, None if it is missing or invalid; and the problem with file and line, "" for none.
        """
        if setting.key not in self.values:
            return None, ""
        found = self.values[setting.key]
        problem = setting.kind.problem(found)
        return (None, self._error(setting.key, f"{setting.key} {problem}")) if problem else (found, "")

    def texts(self, key: str, problem_of: Callable[[str], str]) -> tuple[dict[str, str], str]:
        """The entries of a table that are texts, and the first problem of an entry with file and line, "" for none.

        ``problem_of`` returns the problem of an entry's name, "" for a valid one.
        """
        found = self.values.get(key, {})
        if not isinstance(found, Mapping):
            return {}, self._error(key, f"{key} must be a table")
        texts = {name: value for name, value in found.items() if isinstance(value, str)}
        problems = [f"{name!r} must be a text in quotes" for name in found if name not in texts]
        problems += filter(None, map(problem_of, texts))
        return texts, self._error(key, f"{key}: {problems[0]}") if problems else ""

    def _error(self, key: str, problem: str) -> str:
        return "" if self.file is None else str(self.file.error((key,), problem))
