"""The Replica and Emulator protocols: the interface between a terminal engine and its host or viewer.

Two engines implement it, ``ghostty`` and ``pyte``; one contract suite runs against both. The host's emulator is the
authority: its replies go to the program. A viewer's emulator is a replica: its replies are dropped. Neither does any
I/O.

Coordinates are 0-based and in cells, column before row. The *viewport* is the visible part of the grid and its history:
``size.rows`` rows, at the bottom unless scrolled back.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from session_host.protocol.values import CellSize, GridSize

from .rows import DEFAULT_COLOR, Color, Row

if TYPE_CHECKING:
    from .commands import CommandLog
    from .events import TerminalEvent
    from .images.values import PlacedImage
    from .left_modes import CommandModes
    from .prompts import Prompt, RowMark
    from .sgr_lines import SgrLines

EngineName = Literal["ghostty", "pyte"]
MouseTracking = Literal["none", "press", "press_release", "button_motion", "any_motion"]
MouseEncoding = Literal["default", "utf8", "sgr", "urxvt", "sgr_pixels"]


class CursorShape(StrEnum):
    """How the cursor is drawn (DECSCUSR)."""

    BLOCK = "block"
    UNDERLINE = "underline"
    BAR = "bar"


class Cursor(NamedTuple):
    """The cursor on the active screen. In the pending-wrap state ``column`` is the last column."""

    column: int
    row: int
    visible: bool
    shape: CursorShape = CursorShape.BLOCK
    blinking: bool = True
    color: Color = DEFAULT_COLOR
    """As the program set it (OSC 12), or DEFAULT_COLOR."""

    @property
    def style(self) -> int:
        """DECSCUSR's parameter for its shape, 1 to 6."""
        return 2 * list(CursorShape).index(self.shape) + (1 if self.blinking else 2)


class Modes(NamedTuple):
    """The current modes that a viewer or an encoder must know."""

    application_cursor: bool = False
    application_keypad: bool = False
    bracketed_paste: bool = False
    focus_events: bool = False
    alternate_screen: bool = False
    alternate_scroll: bool = True
    """Mode 1007: the wheel types arrow keys on the alternate screen."""
    mouse: MouseTracking = "none"
    mouse_encoding: MouseEncoding = "default"
    kitty_keyboard: int = 0
    reverse_screen: bool = False
    synchronized: bool = False
    """Mode 2026: the program is in the middle of drawing a frame."""
    modify_other_keys: int = 0
    """xterm's modifyOtherKeys, 0 to 2."""
    pointer_shape: str = ""
    """The mouse pointer that the program set (OSC 22), by its name in CSS; "" for the terminal's own."""


class Frame(NamedTuple):
    """The changes in the viewport since the last frame."""

    size: GridSize
    full: bool
    """Whether ``rows`` has every row, so that everything painted before is void."""
    rows: dict[int, Row]
    """Changed rows, by viewport row."""
    cursor: Cursor | None
    """The cursor in viewport coordinates; None if it is outside of the viewport."""
    scrollback_rows: int
    """Rows of history above the active screen."""
    scroll_offset: int
    """How many rows the viewport is scrolled back."""
    foreground: Color
    """Default colours as the program set them (OSC 10/11), or DEFAULT_COLOR."""
    background: Color
    palette: dict[int, Color]
    """Palette entries that the program changed (OSC 4)."""
    images: tuple[PlacedImage, ...] = ()
    """All images in the viewport, those below first; an engine may have none."""


SelectionUnit = Literal["cell", "word", "line", "edge"]
"""A selection's ends are cells, words or lines, which are selected; or edges of cells, between which is selected. An
edge's column is that of the cell right of it; the last one is the number of columns."""


class DefaultColors(NamedTuple):
    """The answers to OSC 4/10/11/12/21 queries while the program has set no colours; 0xRRGGBB.

    ``palette`` has the sixteen colours 0 to 15; without them, the engine answers with its own. The default colours are
    the dark theme's.
    """

    foreground: int = 0xE7E9EC
    background: int = 0x15171C
    cursor: int = 0xE7E9EC
    dark: bool = True
    # fmt: off
    palette: tuple[int, ...] = (
        0x3A414D, 0xF0777F, 0x7FCF9F, 0xE7B15B, 0x3B70DC, 0xC792EA, 0x6FC7D6, 0xC3C8D0,
        0x8791A0, 0xFF969C, 0x9FE3BB, 0xF5CB84, 0xA0C1FF, 0xDAB3F5, 0x98DFEB, 0xFFFFFF,
    )
    # fmt: on


class Replica(Protocol):
    """State that a host makes from output, and each viewer from the same output: a terminal, or a chat's transcript.

    ``feed`` never raises for any bytes; splitting the bytes differently gives the same result.
    """

    @property
    def engine(self) -> EngineName | Literal["transcript"]:
        """The engine's name."""

    @property
    def build(self) -> str:
        """Engine and exact build; a snapshot fits only the build that made it."""

    @property
    def size(self) -> GridSize:
        """The grid's size."""

    @property
    def cell(self) -> CellSize:
        """The cell's size, as reported to programs."""

    @property
    def scrollback_limit(self) -> int:
        """The maximum number of history lines."""

    @property
    def title(self) -> str:
        """The title, without control characters."""

    def feed(self, data: bytes) -> None:
        """Interpret output."""

    def snapshot(self) -> bytes:
        """The whole state, with any unfinished sequence."""

    def replay(self, *, history: bool = True) -> bytes:
        """Bytes that rebuild this state when fed to a fresh replica of the same size, of any engine.

        Without ``history``, for a slow line: the screen without images, or a transcript's newest items.
        """

    def close(self) -> None:
        """Free what the engine holds; nothing else may be called afterwards."""


class Emulator(Replica, Protocol):
    """A terminal without a window: bytes in; rows, replies and events out."""

    @property
    def engine(self) -> EngineName:
        """The engine's name."""

    @property
    def scrollback_rows(self) -> int:
        """The current number of rows in the active screen's history."""

    @property
    def directory(self) -> str:
        """The address of the shell's directory (OSC 7), as it was written; "" for none."""

    @property
    def cursor(self) -> Cursor:
        """The cursor on the active screen."""

    @property
    def modes(self) -> Modes:
        """The current modes."""

    def is_ground(self) -> bool:
        """Whether the output so far ends outside of sequences and characters."""

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """Change the grid; the primary screen reflows."""

    def take_replies(self) -> bytes:
        """Replies to the program since the last call; each query is answered once."""

    def take_events(self) -> list[TerminalEvent]:
        """Events since the last call, in order, at most 1,000 (the oldest are dropped)."""

    def set_default_colors(self, colors: DefaultColors) -> None:
        """Set the answers to colour and colour-scheme queries."""

    @property
    def colors(self) -> DefaultColors:
        """The answers now: the default colours with the program's changes, and sixteen colours in the palette."""

    def limit_images(self, max_bytes: int) -> None:
        """Keep images up to a size in all, 0 for none; not part of a snapshot."""

    def identify(self, version: str) -> None:
        """Set the answer to XTVERSION: a name and a version. Not part of a snapshot."""

    # -- reading

    def rows(self) -> list[Row]:
        """The active screen, top to bottom; always ``size.rows`` rows. Does not reset the damage."""

    def history(self, first: int, count: int) -> list[Row]:
        """Rows of the active screen's history; 0 is the oldest. Fewer than ``count`` at its end."""

    def sgr_history(self, first: int, count: int, *, is_continued: bool) -> Iterator[Row | SgrLines]:
        """The same rows, in order, mostly as lines with SGR sequences: for many rows, and without soft wraps.

        ``is_continued``: whether the row before the first one is soft-wrapped.
        """

    def mark_row(self, row: int) -> RowMark:
        """Mark a row of the active screen's history; 0 is the oldest."""

    def prompts(self, first: int = 0, count: int | None = None, *, last_only: bool = False) -> list[Prompt]:
        """A shell's prompts that begin in some rows, in order, or only the last one; none on the alternate screen."""

    @property
    def commands(self) -> CommandLog:
        """The numbers, texts and times of a shell's commands; see ``commands``."""

    @property
    def command_modes(self) -> CommandModes:
        """The modes that a shell's last command left; not part of a snapshot."""

    def mark_turn(self) -> None:
        """Mark the cursor's row as the beginning of an agent's turn, among the prompts."""

    def frame(self) -> Frame:
        """The changes to paint; resets the damage."""

    def damage_all(self) -> None:
        """Make the next frame a full one."""

    # -- scrolling back

    def scroll(self, rows: int) -> None:
        """Move the viewport by ``rows`` (negative: into history); in history, it stays on its content."""

    def scroll_to_bottom(self) -> None:
        """Scroll to the active screen."""

    # -- selecting; points are viewport cells at the time of the call

    def select(
        self, anchor: tuple[int, int], head: tuple[int, int], unit: SelectionUnit, *, rectangle: bool = False
    ) -> None:
        """Select from ``anchor`` to ``head``, both inclusive, extended to whole units.

        The selection follows its content while output arrives.
        """

    def select_word(self, first: tuple[int, int], last: tuple[int, int]) -> None:
        """Select cells that are one word for the caller, such as a link's; extending the selection goes by words."""

    def extend_selection(self, head: tuple[int, int], last: tuple[int, int] | None = None) -> None:
        """Move the selection's head, keeping its anchor's content and unit.

        With ``last``, the head is all cells from ``head`` to ``last``: one word for the caller, such as a link's.
        """

    def select_all(self) -> None:
        """Select the history and the screen."""

    def clear_selection(self) -> None:
        """Clear the selection."""

    def selected_text(self) -> str:
        """The selected text, with soft wraps joined and trailing blanks cut; "" for none."""
