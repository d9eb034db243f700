"""All settings of the user's files, one row each: the window, the checks and the guide are made from this table.

A setting with a row here appears in the window, is searched, checked, written and reset there. Its default stands once,
at its field: of ``WindowFile`` here; of ``ChatSettings`` and ``Settings``, which work without a window, in
``session_host``. ``python -m tests.support.settings_page`` prints the rows into the guide.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_type_hints

from msgspec import Struct, field
from msgspec.structs import replace

from gui.theme.terminal import FEATURE_FORM, LigatureMode, Weight
from gui.theme.tokens import TERMINAL_PADDING_PX
from gui.wording.text import Text
from session_host.client.chats.notification_rules import DEFAULT_LONG_TURN_S, MAX_LONG_TURN_S
from session_host.client.chats.settings import (
    AMOUNT_LIMITS,
    DEPTH_LIMITS,
    ENDED_LIMITS_MIB,
    IDLE_LIMITS_MIN,
    RECORD_LIMITS_MIB,
    SCROLLBACK_LIMITS_LINES,
    SLEEP_LIMITS_HOURS,
    STARTS_LIMITS,
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
        decimals: how many digits a fraction has at most.
    """

    minimum: int
    maximum: int
    unit: Text | None = None
    zero: Text | None = None
    step: float = 1
    is_integer: bool = True
    decimals: int = 2

    def problem(self, value: object) -> str:
        """The problem of a value; "" for a valid one."""
        fits = isinstance(value, int) or (isinstance(value, float) and not self.is_integer)
        if not fits or isinstance(value, bool):
            return "must be a whole number" if self.is_integer else "must be a number"
        assert isinstance(value, int | float)
        if self.minimum <= value <= self.maximum or (value == 0 and self.zero):
            return ""
        return f"must be between {self.minimum} and {self.maximum}" + (", or 0" if self.zero and self.minimum else "")


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


class OneLine(Struct, frozen=True):
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


class Named(OneLine, frozen=True):
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


Kind = Toggle | Number | Choice | OneLine | Named | Names


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


class Place(Struct, frozen=True):
    """A heading on a page. A change below "New chats" and "New terminals" takes effect in these, others at once."""

    page: PageName
    heading: Text | None = None


class Setting(Struct, frozen=True):
    """One setting: the row beside its field, from which the window makes its control.

    Attributes:
        place: its page, and the heading above it.
        label: its name in the window.
        kind: which values it has.
        help: one sentence; None if the label says it.
        words: other words that find it: users know them from other programs, or use them for what they want to do.
        in_file: what the guide adds, where the file's form of a value is not plain.
        file: the file's name without ``.toml``; this one and the next two are those of the field.
        key: its key there.
        default: the value where the file has none.
    """

    place: Place
    label: Text
    kind: Kind
    help: Text | None = None
    words: Text | None = None
    in_file: str = ""
    file: FileName = "window"
    key: str = ""
    default: Any = None


GENERAL: Final = Place("general")
NEW_CHATS: Final = Place("general", Text("New chats"))
ENDED_CHATS: Final = Place("general", Text("Ended chats"))
MACHINES: Final = Place("general", Text("Other machines"))
THEME: Final = Place("appearance", Text("Theme"))
TEXT: Final = Place("appearance", Text("Text"))
CHAT_VIEW: Final = Place("appearance", Text("Chat view"))
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
class WindowFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings in ``window.toml``: each field with its row and its default."""

    start_at_login: Annotated[bool, Setting(
        GENERAL, Text("Start at login"), Toggle(), help=Text("Hidden in the tray."),
        words=Text("autostart startup boot"),
    )] = False
    editor: Annotated[str, Setting(
        GENERAL, Text("Editor"), OneLine(is_command=True),
        help=Text("A command that opens files; may have {file}, {line} and {column}."),
        in_file='such as "code"',
    )] = ""
    remote_editor: Annotated[str, Setting(
        GENERAL, Text("Editor for other machines"), OneLine(is_command=True),
        help=Text("As above, with {destination}; $EDITOR opens that machine’s editor in a tab."),
        words=Text("remote ssh"),
        in_file='"code", "zed", a command with {destination} and {file}, or "$EDITOR"',
    )] = ""
    new_chat_agent: Annotated[str, Setting(
        NEW_CHATS, Text("Default agent"), Named(of="agent"),
        in_file='such as "claude"; "": the one used last',
    )] = ""
    new_chat_view: Annotated[Literal["last", "chat", "terminal"], Setting(
        NEW_CHATS, Text("Default view"),
        Choice({"last": Text("As last used with the agent"), "chat": Text("Chat view"), "terminal": Text("Terminal")}),
        help=Text("Of agents that have a terminal and a chat view."),
    )] = "last"
    unreachable_typing: Annotated[Literal["keep", "refuse"], Setting(
        MACHINES, Text("Typing while a machine can’t be reached"),
        Choice({"keep": Text("Keep it, and send it later"), "refuse": Text("Refuse it")}),
        help=Text("If the chat asks something by then, you decide whether it is sent."),
        words=Text("ssh offline connection"),
    )] = "keep"
    theme: Annotated[str, Setting(
        THEME, Text("Theme"), Named(of="theme"), words=Text("color scheme"),
        in_file='such as "gruvbox-dark"',
    )] = DEFAULT
    appearance: Annotated[Appearance, Setting(
        THEME, Text("Light or dark"),
        Choice({"desktop": Text("Follow the desktop"), "light": Text("Always light"), "dark": Text("Always dark")}),
        words=Text("dark mode night color scheme"),
    )] = "desktop"
    readable_colors: Annotated[bool, Setting(
        THEME, Text("Readable colours"), Toggle(),
        help=Text("Makes text lighter or darker if it is hard to read on its background."),
        words=Text("contrast accessibility"),
    )] = True
    font: Annotated[str, Setting(
        TEXT, Text("Font"), Named(of="font"), help=Text("Used in terminals and for code."),
        in_file='such as "JetBrains Mono"; "": the desktop’s',
    )] = ""
    font_size: Annotated[int, Setting(
        TEXT, Text("Text size"), Number(6, 48, unit=Text("px"), zero=Text("Same as the desktop")),
        help=Text("Of terminals and chats, not of lists and buttons; Larger text and Smaller text start from it."),
        words=Text("zoom"),
    )] = 0
    line_height: Annotated[float, Setting(
        TEXT, Text("Line height"), Number(1, 2, step=0.1, is_integer=False), help=Text("1 is the font’s own height."),
        words=Text("spacing"),
    )] = 1.0
    padding: Annotated[int, Setting(
        TEXT, Text("Space around the text"), Number(0, 64, unit=Text("px")),
        help=Text("The marks beside commands need 6 px."), words=Text("margin"),
    )] = TERMINAL_PADDING_PX
    font_weight: Annotated[Weight, Setting(
        TEXT, Text("Font weight"),
        Choice({"thin": Text("Thin"), "light": Text("Light"), "normal": Text("Normal"), "medium": Text("Medium"),
            "semi_bold": Text("Semibold")}),
        help=Text("For text that is not bold."),
    )] = "normal"
    ligatures: Annotated[LigatureMode, Setting(
        TEXT, Text("Ligatures"),
        Choice({"always": Text("Always"), "not_under_cursor": Text("Except at the cursor"), "never": Text("Never")}),
        help=Text("Draws characters such as -> as one sign, if the font has one."),
    )] = "not_under_cursor"
    fallback_fonts: Annotated[tuple[str, ...], Setting(
        TEXT, Text("Fallback fonts"), Names(of="font"),
        help=Text("For characters that the font lacks, in this order, with commas between."),
        in_file='such as ["Noto Sans CJK JP"]',
    )] = ()
    font_features: Annotated[tuple[str, ...], Setting(
        TEXT, Text("Font features"), Names(FEATURE_FORM, "features such as zero, -calt, cv01=2"),
        help=Text("OpenType features, such as zero, ss01, cv01=2 or -calt."),
        in_file='such as ["zero", "-calt", "cv01=2"]',
    )] = ()
    fold_turns: Annotated[bool, Setting(
        CHAT_VIEW, Text("Fold the steps of a finished turn"), Toggle(),
        help=Text("Its commands and edits are one line above the answer, below which stands what you decided."),
        words=Text("collapse tools"),
    )] = True
    cursor_shape: Annotated[Literal["block", "bar", "underline"], Setting(
        CURSOR, Text("Cursor"), Choice({"block": Text("Block"), "bar": Text("Bar"), "underline": Text("Underline")}),
        help=Text("A program can choose another one."), words=Text("caret"),
    )] = "block"
    cursor_blinks: Annotated[bool, Setting(CURSOR, Text("Blinking cursor"), Toggle(), words=Text("caret"))] = True
    text_blinks: Annotated[bool, Setting(
        CURSOR, Text("Blinking text"), Toggle(), help=Text("For programs that ask for it."),
    )] = True
    group_chats: Annotated[Literal["state", "project", "machine"], Setting(
        SIDEBAR, Text("Group chats"),
        Choice({"state": Text("By state"), "project": Text("By project"), "machine": Text("By machine")}),
    )] = "state"
    compact_rows: Annotated[bool, Setting(
        SIDEBAR, Text("Compact rows"), Toggle(),
        help=Text("One line for each chat; a question or a failure has a second one."),
    )] = False
    shell_exit: Annotated[Literal["close", "keep"], Setting(
        SHELLS, Text("When a shell exits"), Choice({"close": Text("Close its tab"), "keep": Text("Keep it")}),
        help=Text("Search all chats still finds it; one that was killed, or failed at its start, stays."),
    )] = "close"
    end_idle_shells: Annotated[bool, Setting(
        SHELLS, Text("Closing its tab ends an idle shell"), Toggle(),
        help=Text("For 10 s, Undo brings the shell back; Search all chats still finds what it printed."),
    )] = True
    command_heading: Annotated[bool, Setting(
        SHELLS, Text("Show the command above its output"), Toggle(),
        help=Text("While you are scrolled back in a long output."),
    )] = True
    confirm_paste: Annotated[bool, Setting(
        CLIPBOARD, Text("Ask before risky pastes"), Toggle(),
        help=Text("For several lines that would run, control characters, or a very long text."),
        words=Text("warn multiline"),
    )] = True
    copy_on_select: Annotated[bool, Setting(
        CLIPBOARD, Text("Selecting text copies it"), Toggle(), words=Text("selection"),
    )] = False
    ctrl_c_copies: Annotated[bool, Setting(
        CLIPBOARD, Text("Ctrl+C copies selected text"), Toggle(),
        help=Text("Without a selection, the program gets Ctrl+C."), words=Text("clipboard"),
    )] = False
    right_click: Annotated[Literal["menu", "paste"], Setting(
        MOUSE, Text("Right click"), Choice({"menu": Text("Opens the menu"), "paste": Text("Pastes")}),
        help=Text("With Shift, it always opens the menu."), words=Text("context menu"),
    )] = "menu"
    click_moves_cursor: Annotated[bool, Setting(
        MOUSE, Text("A click moves the cursor"), Toggle(), help=Text("In the command line of bash and zsh."),
    )] = True
    wheel_lines: Annotated[int, Setting(
        MOUSE, Text("Mouse wheel scrolls"), Number(1, 50, unit=Text("lines")), words=Text("sensitivity speed"),
    )] = 3
    open_links: Annotated[Literal["ctrl_click", "click", "never"], Setting(
        LINKS, Text("Open links with"),
        Choice({"ctrl_click": Text("Ctrl+click"), "click": Text("Click"), "never": Text("No click")}),
        help=Text("The context menu and Ctrl+Shift+H always open them."),
    )] = "ctrl_click"
    link_files: Annotated[bool, Setting(LINKS, Text("Names of files are links"), Toggle())] = True
    confirm_links: Annotated[bool, Setting(
        LINKS, Text("Ask before opening a link whose text differs from its address"), Toggle(),
    )] = False
    notifications: Annotated[bool, Setting(
        NOTIFICATIONS, Text("Show notifications"), Toggle(), help=Text("When a chat needs you or ends unexpectedly."),
        words=Text("desktop"),
    )] = True
    long_turn_s: Annotated[int, Setting(
        NOTIFICATIONS, Text("Notify after long work"),
        Number(1, MAX_LONG_TURN_S, unit=Text("s"), zero=Text("Never"), step=10),
        help=Text("When an agent’s turn or a shell’s command ends that took at least this long, or a turn fails."),
        words=Text("finished done"),
    )] = DEFAULT_LONG_TURN_S
    notify_command: Annotated[str, Setting(
        NOTIFICATIONS, Text("Command"), OneLine(is_command=True),
        help=Text("Also runs for each notification, such as one to your phone; may have {title}, {text} and {link}."),
        words=Text("push webhook"),
        in_file="such as 'my-script {title} {text}'",
    )] = ""
    bell_mark: Annotated[bool, Setting(
        BELL, Text("Mark the chat"), Toggle(), help=Text("Until you look at it."),
    )] = True
    bell_sound: Annotated[bool, Setting(
        BELL, Text("Play a sound"), Toggle(), help=Text("Not for muted chats."),
    )] = False
    bell_attention: Annotated[bool, Setting(
        BELL, Text("Mark the window in the task bar"), Toggle(), help=Text("Unless you are using it."),
    )] = False


_CHATS: Final[dict[str, Setting]] = {
    "record": Setting(
        NEW_CHATS, Text("Record chats"), Toggle(), help=Text("Lets you read and search them after they have ended."),
        words=Text("history log privacy"),
    ),
    "record_limit_mib": Setting(
        NEW_CHATS, Text("Size of a recording"), Number(*RECORD_LIMITS_MIB, unit=Text("MiB"), step=16),
        help=Text("The oldest output is removed first."),
    ),
    "restore_points": Setting(
        NEW_CHATS, Text("Restore points"), Toggle(),
        help=Text("Saves a git repository’s files before each prompt, so that you can restore them."),
        words=Text("checkpoints undo"),
    ),
    "answer_from_outside": Setting(
        NEW_CHATS, Text("Answer Claude Code from notifications"), Toggle(),
        help=Text("When it runs in a terminal; “outlive approve” can then answer it, too."),
    ),
    "idle_timeout_min": Setting(
        NEW_CHATS, Text("End idle agents after"),
        Number(1, IDLE_LIMITS_MIN[1], unit=Text("min"), zero=Text("Never"), step=5, is_integer=False),
        help=Text("In chat views; the next prompt resumes the chat."),
    ),
    "sleep_after_hours": Setting(
        NEW_CHATS, Text("Put idle chats to sleep after"),
        Number(1, SLEEP_LIMITS_HOURS[1], unit=Text("hours"), zero=Text("Never"), step=1, is_integer=False),
        help=Text("Hours without a look; a text wakes the chat in its place."),
        words=Text("asleep memory"),
    ),
    "ended_limit_mib": Setting(
        ENDED_CHATS, Text("Size of all recordings"),
        Number(1, ENDED_LIMITS_MIB[1], unit=Text("MiB"), zero=Text("No limit"), step=256),
        help=Text("Chats that ended first are removed first, but none that is pinned, open, or ended today."),
    ),
    "scrollback_lines": Setting(
        NEW_TERMINALS, Text("Scrollback"), Number(*SCROLLBACK_LIMITS_LINES, unit=Text("lines"), step=1000),
        words=Text("history buffer"),
    ),
    "shell_integration": Setting(
        NEW_TERMINALS, Text("Shell integration"), Toggle(),
        help=Text("bash, zsh and fish mark their prompts, so that you can jump to commands and copy their output."),
    ),
    "agents_may_control": Setting(
        CONTROL, Text("Agents may control"), Choice({"own": Text("Their own chats"), "all": Text("All chats")}),
        help=Text("The chats that an agent may type into, answer and end; it can read all."),
        words=Text("permissions security"),
        in_file='takes effect at once in all chats',
    ),
    "agents_may_start": Setting(
        CONTROL, Text("Chats that an agent may start"), Number(*STARTS_LIMITS),
        help=Text("As many may run at once."),
        words=Text("permissions children"),
    ),
    "agents_depth": Setting(
        CONTROL, Text("Agents that start agents"), Number(*DEPTH_LIMITS, unit=Text("levels")),
        help=Text("2: an agent that your agent has started may start chats, and those may start none."),
        words=Text("permissions children depth"),
    ),
    "ask_at_chat": Setting(
        CONTROL, Text("Ask before the next turn of a chat at"),
        Number(*AMOUNT_LIMITS, zero=Text("Never"), step=5, is_integer=False, decimals=6),
        help=Text("Money, as the agent of a chat view says it, with the chats that it started."),
        words=Text("usage cost money spend amount budget limit ask"),
        in_file='takes effect at once in all chats',
    ),
    "ask_at_day": Setting(
        CONTROL, Text("Ask before the next turn of a day at"),
        Number(*AMOUNT_LIMITS, zero=Text("Never"), step=5, is_integer=False, decimals=6),
        help=Text("Money of all chats of this machine’s day, as their agents say it."),
        words=Text("usage cost money spend amount budget limit ask"),
        in_file='takes effect at once in all chats',
    ),
    "push_says": Setting(
        NOTIFICATIONS, Text("Phones say"),
        Choice({"name": Text("Who needs you"), "question": Text("What it asks, too")}),
        help=Text("The notifications of the page for the phone; a locked phone may show them to anybody."),
        words=Text("push privacy"),
        in_file='takes effect at once',
    ),
}
_ENDPOINT: Final[dict[str, Setting]] = {
    "url": Setting(
        SERVER, Text("Address"), OneLine(r"https?://\S+", "a URL that begins with http:// or https://"),
        help=Text("An OpenAI-compatible server, such as http://127.0.0.1:8080/v1."),
        in_file='"": OPENAI_BASE_URL',
    ),
    "model": Setting(
        SERVER, Text("Model"), OneLine(),
        help=Text("Empty: the server’s only model, or the one that you choose with /model."),
    ),
    "system": Setting(
        SERVER, Text("System prompt"), OneLine(), help=Text("Sent at the beginning of each conversation."),
    ),
    "key_from": Setting(
        SERVER, Text("API key"), OneLine("env:.+|file:.+|secret", "env:NAME, file:PATH or secret"),
        help=Text("Where the key is: env:NAME, file:PATH or secret; empty: OPENAI_API_KEY."),
    ),
    "api": Setting(
        SERVER, Text("API"),
        Choice({"auto": Text("Detect it"), "chat": Text("Chat completions"), "responses": Text("Responses")}),
    ),
    "parameters": Setting(
        SERVER, Text("Parameters"), Names(r"[\w.-]+ *=.+", "parameters such as 'temperature=0.2'"),
        help=Text("With commas between, such as temperature=0.2, max_tokens=4096."),
        in_file='such as ["temperature=0.2", "max_tokens=4096"]',
    ),
    "timeout_s": Setting(
        SERVER, Text("Timeout"), Number(1, int(MAX_TIMEOUT_S) - 1, unit=Text("s"), step=30, is_integer=False),
        help=Text("How long to wait for data from the server."),
    ),
}

_PLACES: Final = (
    GENERAL, NEW_CHATS, ENDED_CHATS, MACHINES, THEME, TEXT, CHAT_VIEW, CURSOR, SIDEBAR, NEW_TERMINALS, SHELLS,
    CLIPBOARD, MOUSE, LINKS, NOTIFICATIONS, BELL, CONTROL, SERVER
)
"""From top to bottom."""
# fmt: on


def _settings() -> Iterator[Setting]:
    """The rows of all files, each with its key and the default of its field."""
    hints = get_type_hints(WindowFile, include_extras=True)
    window = {name: hint.__metadata__[0] for name, hint in hints.items()}
    files: tuple[tuple[FileName, Mapping[str, Setting], Struct], ...] = (
        ("window", window, WindowFile()),
        ("chats", _CHATS, ChatSettings()),
        ("endpoint", _ENDPOINT, Settings(url="")),
    )
    for file, rows, defaults in files:
        for key, row in rows.items():
            default = getattr(defaults, key)
            # The parameters are a list in the file.
            yield replace(row, file=file, key=key, default=() if default == {} else default)


SETTINGS: Final = tuple(sorted(_settings(), key=lambda setting: _PLACES.index(setting.place)))
"""All settings, as the window shows them from top to bottom."""


def file_of(directory: Path, name: str) -> Path:
    """The path of one of the files."""
    return directory / f"{name}.toml"


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
    def read(cls, directory: Path, name: str) -> Self:
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
