"""The Emulator protocol: what a host and a viewer ask of a terminal engine.

Two engines keep it, ``ghostty`` and ``pyte``; one contract suite runs against both. The host's
emulator is the authority: its replies go to the program. A viewer's is a replica: its replies are
thrown away. Neither does any I/O.

Coordinates are 0-based and in cells, column before row. The *viewport* is the part of the grid
and its history that is looked at: ``size.rows`` rows, at the bottom unless scrolled back.
"""

from __future__ import annotations

from enum import IntFlag, StrEnum
from typing import Final, Literal, NamedTuple, Protocol

from session_host.protocol.messages import Key, Mouse
from session_host.protocol.values import CellSize, GridSize

EngineName = Literal["ghostty", "pyte"]

MOST_REPEATED_ROWS = 4
"""REP (``CSI n b``) fills so many rows at most: more says nothing, and would take an engine seconds."""

DEFAULT_SCROLLBACK_LINES = 10_000

Color = int
"""A colour as the program set it: ``DEFAULT_COLOR``, a palette index 0…255, or ``RGB | 0xRRGGBB``."""

DEFAULT_COLOR: Color = -1
RGB: Color = 0x1000000


class Attribute(IntFlag):
    """Attributes of a cell that are on or off."""

    NONE = 0
    BOLD = 1
    DIM = 2
    ITALIC = 4
    BLINK = 8
    INVERSE = 16
    HIDDEN = 32
    STRIKE = 64
    OVERLINE = 128


class Underline(StrEnum):
    """How a cell is underlined."""

    NONE = ""
    SINGLE = "single"
    DOUBLE = "double"
    CURLY = "curly"
    DOTTED = "dotted"
    DASHED = "dashed"


class Style(NamedTuple):
    """How a run of cells looks; colours as set, neither brightened nor swapped."""

    foreground: Color = DEFAULT_COLOR
    background: Color = DEFAULT_COLOR
    attributes: int = 0
    """Bits of Attribute."""
    underline: Underline = Underline.NONE
    underline_color: Color = DEFAULT_COLOR
    link: str = ""
    """The URI of an OSC 8 hyperlink, "" for none."""


PLAIN = Style()


class Run(NamedTuple):
    """Neighbouring cells of one style.

    ``text`` holds one code point for each cell and ``cluster`` is False; or ``cluster`` is True
    and ``text`` is a single grapheme that takes all ``cells`` (1 or 2): a wide character, or one
    with combining marks. Cells never written are spaces.
    """

    column: int
    cells: int
    text: str
    style: Style
    cluster: bool


class Row(NamedTuple):
    """One row: its runs from left to right without overlap; blank unstyled cells may be left out."""

    runs: tuple[Run, ...]
    wrapped: bool
    """The line goes on in the next row."""
    selection: tuple[int, int] | None = None
    """The selected columns (first, last), inclusive."""

    def text(self) -> str:
        """The row as text, trailing blanks cut; a wide character stands once."""
        parts: list[str] = []
        column = 0
        for run in self.runs:
            parts.append(" " * (run.column - column))
            parts.append(run.text)
            column = run.column + run.cells
        return "".join(parts).rstrip(" ")


class CursorShape(StrEnum):
    """How the cursor is drawn (DECSCUSR)."""

    BLOCK = "block"
    UNDERLINE = "underline"
    BAR = "bar"


class Cursor(NamedTuple):
    """The cursor on the active screen. In the pending-wrap state ``column`` is the last one."""

    column: int
    row: int
    visible: bool
    shape: CursorShape = CursorShape.BLOCK
    blinking: bool = True


class Modes(NamedTuple):
    """The modes in force that a viewer or an encoder must know."""

    application_cursor: bool = False
    application_keypad: bool = False
    bracketed_paste: bool = False
    focus_events: bool = False
    alternate_screen: bool = False
    alternate_scroll: bool = True
    """Mode 1007: on the alternate screen the wheel types arrow keys."""
    mouse: Literal["none", "press", "press_release", "button_motion", "any_motion"] = "none"
    mouse_encoding: Literal["default", "utf8", "sgr", "urxvt", "sgr_pixels"] = "default"
    kitty_keyboard: int = 0
    reverse_screen: bool = False
    synchronized: bool = False
    """Mode 2026 is set: the program is in the middle of drawing a frame."""
    modify_other_keys: int = 0
    """xterm's modifyOtherKeys, 0 to 2; kept by an engine that encodes keys itself."""


class Frame(NamedTuple):
    """What changed in the viewport since the last frame was taken."""

    size: GridSize
    full: bool
    """Every row is in ``rows``; what was painted before is void."""
    rows: dict[int, Row]
    """Viewport row → its content now."""
    cursor: Cursor | None
    """In viewport coordinates; None when it is scrolled out of sight."""
    scrollback_rows: int
    """Rows of history above the active screen."""
    scroll_offset: int
    """How many rows the viewport stands above the bottom."""
    foreground: Color
    """Default colours as the program set them (OSC 10/11), else DEFAULT_COLOR."""
    background: Color
    palette: dict[int, Color]
    """Palette entries that the program changed (OSC 4)."""


class TitleChanged(NamedTuple):
    """OSC 0/2. Control characters are stripped."""

    title: str


class Bell(NamedTuple):
    """BEL outside a sequence."""


class Notification(NamedTuple):
    """OSC 9, 99 or 777."""

    title: str
    body: str


class Progress(NamedTuple):
    """OSC 9;4. ``percent`` is None when not told."""

    state: Literal["none", "running", "error", "indeterminate", "paused"]
    percent: int | None


class AgentState(NamedTuple):
    """OSC 7501, the Program Status Protocol: a program's own word on its activity; the raw parameters.

    Source: https://www.superlogical.com/rex/docs/build/program-status, revision 0.4. Claude Code reports only to a
    terminal that answered its query, and before it answered DA1, which was asked next.
    """

    parameters: str


AGENT_STATE_REPLY: Final = b"\x1b]7501;?\x1b\\"
"""The answer to OSC 7501's query: every state and kind of the protocol is understood."""


class ClipboardSet(NamedTuple):
    """OSC 52 write. Reads are never answered."""

    text: str


class CommandBegan(NamedTuple):
    """OSC 133;C: a shell runs a command."""


class CommandEnded(NamedTuple):
    """OSC 133;D: a shell's command has ended. ``exit_code`` is None when not told."""

    exit_code: int | None


TerminalEvent = (
    TitleChanged | Bell | Notification | Progress | AgentState | ClipboardSet | CommandBegan | CommandEnded
)  # fmt: skip

SelectionUnit = Literal["cell", "word", "line"]


class DefaultColors(NamedTuple):
    """What OSC 10/11/12 queries are answered with while the program has set nothing; 0xRRGGBB."""

    foreground: int = 0xE7E9EC
    background: int = 0x15171C
    cursor: int = 0xE7E9EC
    dark: bool = True


class Emulator(Protocol):
    """A terminal without a window: bytes in; rows, replies and events out.

    ``feed`` never raises for any bytes, and how the bytes are cut makes no difference.
    """

    @property
    def engine(self) -> EngineName:
        """The engine's name."""

    @property
    def build(self) -> str:
        """Engine and exact build; ``snapshot`` bytes are good between equal builds only."""

    @property
    def size(self) -> GridSize:
        """The grid's size."""

    @property
    def cell(self) -> CellSize:
        """The cell's size, as told to programs."""

    @property
    def scrollback_limit(self) -> int:
        """Lines of history kept at most."""

    @property
    def scrollback_rows(self) -> int:
        """Rows of history of the active screen now."""

    @property
    def title(self) -> str:
        """The title, control characters stripped."""

    @property
    def cursor(self) -> Cursor:
        """The cursor on the active screen."""

    @property
    def modes(self) -> Modes:
        """The modes in force."""

    def feed(self, data: bytes) -> None:
        """Interpret output of the program."""

    def is_plain(self, data: bytes) -> bool:
        """Whether ``data``, fed now, is sure to be text alone: no mode changes with it, there is nothing to say to it.

        It stays so after more of the kind, fed or not.
        """

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """Change the grid; the primary screen reflows."""

    def take_replies(self) -> bytes:
        """What is to be written back to the program since last asked; each query is answered once."""

    def take_events(self) -> list[TerminalEvent]:
        """Events since last asked, in order, at most 1,000 (the oldest go)."""

    def set_default_colors(self, colors: DefaultColors) -> None:
        """What colour and colour-scheme queries are answered with."""

    def identify(self, version: str) -> None:
        """What XTVERSION is answered with: a name and a version. No part of a snapshot."""

    # -- reading

    def rows(self) -> list[Row]:
        """The active screen, top to bottom; always ``size.rows`` of them. Takes no damage."""

    def history(self, first: int, count: int) -> list[Row]:
        """Rows of the active screen's history; 0 is the oldest. Short when there are fewer."""

    def frame(self) -> Frame:
        """What is to be painted; takes the damage."""

    def damage_all(self) -> None:
        """Make the next frame a full one."""

    # -- looking back

    def scroll(self, rows: int) -> None:
        """Move the viewport by ``rows`` (negative: back into history), within bounds.

        A viewport that is scrolled back stays on its content while output arrives.
        """

    def scroll_to_bottom(self) -> None:
        """Look at the active screen again."""

    # -- selecting; points are viewport cells at the time of the call

    def select(
        self, anchor: tuple[int, int], head: tuple[int, int], unit: SelectionUnit, *, rectangle: bool = False
    ) -> None:
        """Select from ``anchor`` to ``head``, both inclusive, grown to whole units.

        The selection holds on to its content, not to the viewport, while output arrives.
        """

    def extend_selection(self, head: tuple[int, int]) -> None:
        """Move the selection's head, keeping its anchor's content and unit."""

    def select_all(self) -> None:
        """Select the history and the screen."""

    def clear_selection(self) -> None:
        """Select nothing."""

    def selected_text(self) -> str:
        """The selected text, soft wraps joined, trailing blanks cut; "" for none."""

    # -- encoding what a user did, against the modes in force

    def encode_key(self, key: Key) -> bytes:
        """The bytes of a key event; b"" when it has none (a bare modifier, a release nobody wants)."""

    def encode_paste(self, text: str) -> bytes:
        """The bytes of a paste: bracketed if asked for; control characters that could break out are gone.

        Line ends become CR.
        """

    def encode_mouse(self, mouse: Mouse) -> bytes:
        """The bytes of a mouse event; b"" unless the program asked for such events."""

    def encode_focus(self, focused: bool) -> bytes:
        """The bytes of a focus change; b"" unless the program set mode 1004."""

    # -- carrying the state elsewhere

    def snapshot(self) -> bytes:
        """The whole state, with both screens, history and any unfinished sequence."""

    def replay(self) -> bytes:
        """Bytes that rebuild this state when fed to a fresh emulator of the same size, of any engine."""

    def reset_after_exit(self) -> None:
        """Undo what a killed program left behind: mouse, paste, keyboard, margins, pen, hidden cursor.

        What it showed stays, also on the alternate screen: that is the last its user saw.
        """

    def close(self) -> None:
        """Free what the engine holds; nothing else may be called afterwards."""
