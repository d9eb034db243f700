"""Modes, the two screens, saved cursors, keyboard flags and resets."""

from __future__ import annotations

from typing import Any, NamedTuple

from pyte import modes as mo

from session_host.terminal.base import CursorShape
from session_host.terminal.pyte.cells import Line
from session_host.terminal.rows import PLAIN, Style

from .edit import GRAPHEMES, EditScreen
from .grid import LEFT_RIGHT_MARGINS, REVERSE_WRAP
from .marked_prompts import PrimaryPrompts

_MOUSE_TRACKING = (9, 1000, 1002, 1003)
_MOUSE_ENCODING = (1005, 1006, 1015, 1016)
_ALTERNATE = (47, 1047, 1049)
_BLINKING = 12
_ALLOW_COLUMN_MODE = 40
NO_LOCAL_ECHO = 12
"""SRM, an ANSI mode; it has no effect."""

VISIBILITY = 2033
IN_BAND_RESIZE = 2048

PRIVATE_MODES = frozenset(
    {
        1, 3, 4, 5, 6, 7, 8, 9, 12, 25, 40, 45, 47, 66, 67, 69,
        1000, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1016, 1035, 1036, 1039, 1045, 1047, 1048, 1049,
        2004, 2026, 2027, 2031, 2033, 2048,
    }
)  # fmt: skip
"""Known DEC private modes; a query for any other is answered with 0."""

ANSI_MODES = frozenset({2, 4, 12, 20})

_DEFAULT_ON = (7, 25, 1007, 1035, 1036, 2027)
MAX_KITTY_STACK = 16


class SavedCursor(NamedTuple):
    """The state that DECSC saves."""

    column: int = 0
    row: int = 0
    pending_wrap: bool = False
    style: Style = PLAIN
    origin: bool = False
    charset: int = 0
    charsets: tuple[str, str, str, str] = ("B", "B", "B", "B")


def private(mode: int) -> int:
    """The number of a private mode in pyte's set of modes."""
    return mode << 5


class ModeScreen(EditScreen):
    """A screen with modes and an alternate screen.

    Attributes:
        other: the rows of the inactive screen.
        saved: the saved cursors of the primary and the alternate screen, None if never saved.
        kitty: the stacks of keyboard flags of both screens; the last entry of each is current.
        mouse: the current mouse tracking mode (9, 1000, 1002, 1003), 0 for none.
        mouse_encoding: the current mouse encoding (1005, 1006, 1015, 1016), 0 for the default.
        modify_other_keys: xterm's level, 0 to 2.
        switches: how often the screen was switched or reset.
    """

    def __init__(self, columns: int, lines: int, history_limit: int) -> None:
        self.other: list[Line] = [Line(columns) for _ in range(lines)]
        self.switches = 0
        self.saved_modes: dict[int, bool] = {}
        self.titles: list[str] = []
        super().__init__(columns, lines, history_limit)
        # pyte sets its own defaults again after reset().
        self._default_modes()

    def reset(self, *_: int) -> None:
        """RIS."""
        super().reset()
        self.reset_margins()
        self._default_modes()
        self.on_alternate = False
        self.saved: list[SavedCursor | None] = [None, None]
        self.kitty: list[list[int]] = [[0], [0]]
        self.mouse = self.mouse_encoding = self.modify_other_keys = 0
        self.saved_modes.clear()
        self.titles.clear()
        self.cursor_shape = CursorShape.BLOCK
        self.cursor_blinking = True
        self._reset_pen()
        self.pending_wrap = False
        self.last_char = ""
        for line in (*self.grid, *self.other):
            line.clear(self.columns, PLAIN)
        self.clear_history()
        commands = self.prompts.commands
        self.prompts = PrimaryPrompts(self)
        self.prompts.commands = commands
        self.switches += 1

    def _default_modes(self) -> None:
        self.mode = {NO_LOCAL_ECHO, *(private(mode) for mode in _DEFAULT_ON)}

    def _reset_pen(self) -> None:
        self.set_style(PLAIN)
        self.charsets = ["B", "B", "B", "B"]
        self.charset = 0
        self.single_shift = None

    def soft_reset(self, *_: int) -> None:
        """DECSTR."""
        for mode in (1, 6, 66, 69):
            self.mode.discard(private(mode))
        self.mode -= {mo.IRM, 2, REVERSE_WRAP}
        self.mode |= {mo.DECAWM, mo.DECTCEM}
        self.cursor.hidden = False
        self.reset_margins()
        self._reset_pen()
        self.pending_wrap = False
        self.saved[self.on_alternate] = None
        self.kitty[self.on_alternate] = [0]
        self.modify_other_keys = 0
        self.cursor_shape, self.cursor_blinking = CursorShape.BLOCK, True

    # -- modes

    def has_mode(self, mode: int) -> bool:
        """Whether a private mode is set."""
        return self.cursor_blinking if mode == _BLINKING else private(mode) in self.mode

    def set_mode(self, *modes: int, **_kwargs: Any) -> None:
        """SM."""
        self.mode.update(mode for mode in modes if mode in ANSI_MODES)

    def reset_mode(self, *modes: int, **_kwargs: Any) -> None:
        """RM."""
        self.mode.difference_update(mode for mode in modes if mode in ANSI_MODES)

    def set_private_modes(self, *modes: int) -> None:
        """DECSET."""
        for mode in modes:
            if mode in PRIVATE_MODES:
                self._switch_mode(mode, on=True)

    def reset_private_modes(self, *modes: int) -> None:
        """DECRST."""
        for mode in modes:
            if mode in PRIVATE_MODES:
                self._switch_mode(mode, on=False)

    def save_private_modes(self, *modes: int) -> None:
        """XTSAVE."""
        for mode in modes:
            if mode in PRIVATE_MODES:
                self.saved_modes[mode] = self.has_mode(mode)

    def restore_private_modes(self, *modes: int) -> None:
        """XTRESTORE."""
        for mode in modes:
            if mode in self.saved_modes:
                self._switch_mode(mode, on=self.saved_modes[mode])

    def _switch_mode(self, mode: int, *, on: bool) -> None:
        if mode in _ALTERNATE or mode == 1048:
            self._switch_screen_mode(mode, on=on)
            return
        if mode == 3 and not self.has_mode(_ALLOW_COLUMN_MODE):
            return
        code = private(mode)
        (self.mode.add if on else self.mode.discard)(code)
        if mode in _MOUSE_TRACKING:
            self.mouse = mode if on else self.mouse if self.mouse != mode else 0
        elif mode in _MOUSE_ENCODING:
            self.mouse_encoding = mode if on else self.mouse_encoding if self.mouse_encoding != mode else 0
        elif code == mo.DECTCEM:
            self.cursor.hidden = not on
        elif code == mo.DECOM:
            self.cursor_position()
        elif code == mo.DECSCNM:
            self.all_dirty = True
        elif code == LEFT_RIGHT_MARGINS and not on:
            self.left, self.right = 0, self.columns - 1
        elif code == mo.DECCOLM:
            # The viewers choose the grid's size: everything except the width changes.
            self.reset_margins()
            self.erase_in_display(2)
            self.cursor_position()
        elif mode == _BLINKING:
            self.cursor_blinking = on
        elif mode == IN_BAND_RESIZE and on:
            self.report_in_band_size()
        elif mode == VISIBILITY and on:
            self.report_visibility()

    def report_in_band_size(self) -> None:
        """Report the size for mode 2048; implemented by ReportScreen."""

    def report_visibility(self) -> None:
        """Report for mode 2033; implemented by ReportScreen."""

    def _switch_screen_mode(self, mode: int, *, on: bool) -> None:
        (self.mode.add if on else self.mode.discard)(private(mode))
        if mode == 1048:
            (self.save_cursor if on else self.restore_cursor)()
        elif on:
            if mode == 1049:
                self.save_cursor()
            style = self.erase_style if self.on_alternate else PLAIN
            self._show(alternate=True)
            if mode == 1049:
                self._clear_screen(style)
        else:
            for other in _ALTERNATE:
                self.mode.discard(private(other))
            if mode == 1047 and self.on_alternate:
                self._clear_screen(PLAIN)
            self._show(alternate=False)
            if mode == 1049:
                self.restore_cursor()

    def _clear_screen(self, style: Style) -> None:
        for line in self.grid:
            line.clear(self.columns, style)
        self.all_dirty = True

    def _show(self, *, alternate: bool) -> None:
        """Switch to a screen; the cursor keeps its position."""
        if self.on_alternate != alternate:
            self.on_alternate = alternate
            self.grid, self.other = self.other, self.grid
            self.all_dirty = True
            self.switches += 1

    @property
    def primary(self) -> list[Line]:
        """The rows of the primary screen."""
        return self.other if self.on_alternate else self.grid

    # -- saved cursors

    def save_cursor(self, *_: int) -> None:
        """DECSC, SCOSC. A hyperlink is not saved."""
        first, second, third, fourth = self.charsets
        style = self.style._replace(link="")
        self.saved[self.on_alternate] = SavedCursor(
            self.cursor.x, self.cursor.y, self.pending_wrap, style, mo.DECOM in self.mode, self.charset,
            (first, second, third, fourth),
        )  # fmt: skip

    def restore_cursor(self, *_: int) -> None:
        """DECRC, SCORC; resets the cursor if none was saved."""
        saved = self.saved[self.on_alternate] or SavedCursor()
        (self.mode.add if saved.origin else self.mode.discard)(mo.DECOM)
        self.cursor.x = min(saved.column, self.columns - 1)
        self.cursor.y = min(saved.row, self.lines - 1)
        if saved.origin:
            self.cursor.y = min(max(self.cursor.y, self.top), self.bottom)
        self.pending_wrap = saved.pending_wrap and self.cursor.x == self.right_limit()
        self.set_style(saved.style._replace(link=self.style.link))
        self.charset = saved.charset
        self.charsets = list(saved.charsets)

    def save_cursor_or_margins(self, *parameters: int) -> None:
        """``CSI s``: DECSLRM if left and right margins are allowed, else SCOSC."""
        if LEFT_RIGHT_MARGINS in self.mode:
            self.set_left_right_margins(*parameters)
        else:
            self.save_cursor()

    # -- character sets

    def designate(self, slot: int, code: str) -> None:
        """SCS: set G``slot`` to the set named by ``code``."""
        self.charsets[slot] = code

    def shift_in(self, *_: int) -> None:
        """SI, LS0."""
        self.charset = 0

    def shift_out(self, *_: int) -> None:
        """SO, LS1."""
        self.charset = 1

    def lock_shift_2(self, *_: int) -> None:
        """LS2."""
        self.charset = 2

    def lock_shift_3(self, *_: int) -> None:
        """LS3."""
        self.charset = 3

    def single_shift_2(self, *_: int) -> None:
        """SS2."""
        self.single_shift = 2

    def single_shift_3(self, *_: int) -> None:
        """SS3."""
        self.single_shift = 3

    # -- keyboard

    def keypad_application(self, *_: int) -> None:
        """DECKPAM."""
        self.mode.add(private(66))

    def keypad_numeric(self, *_: int) -> None:
        """DECKPNM."""
        self.mode.discard(private(66))

    @property
    def kitty_flags(self) -> int:
        """The current keyboard flags."""
        return self.kitty[self.on_alternate][-1]

    def kitty_push(self, flags: int = 0, *_: int) -> None:
        """``CSI > flags u``."""
        stack = self.kitty[self.on_alternate]
        stack.append(flags & 31)
        if len(stack) > MAX_KITTY_STACK:
            del stack[0]

    def kitty_pop(self, count: int = 0, *_: int) -> None:
        """``CSI < count u``."""
        stack = self.kitty[self.on_alternate]
        del stack[-min(count or 1, len(stack)) :]
        if not stack:
            stack.append(0)

    def kitty_set(self, flags: int = 0, how: int = 1, *_: int) -> None:
        """``CSI = flags ; how u``: 1 sets all, 2 adds, 3 removes."""
        stack = self.kitty[self.on_alternate]
        flags &= 31
        if how in {0, 1}:
            stack[-1] = flags
        elif how == 2:
            stack[-1] |= flags
        elif how == 3:
            stack[-1] &= ~flags

    def set_key_modifier(self, resource: int = -1, value: int = 0, *_: int) -> None:
        """XTMODKEYS: only modifyOtherKeys (4) is stored."""
        if resource in {-1, 4}:
            self.modify_other_keys = min(value, 2) if resource == 4 else 0

    def reset_key_modifier(self, resource: int = -1, *_: int) -> None:
        """``CSI > resource n``."""
        if resource == 4:
            self.modify_other_keys = 0

    # -- the cursor's style, and the stack of titles

    def set_cursor_style(self, style: int = 0, *_: int) -> None:
        """DECSCUSR."""
        if style <= 6:
            shape = (CursorShape.BLOCK, CursorShape.UNDERLINE, CursorShape.BAR)[(max(style, 1) - 1) // 2]
            self.cursor_shape, self.cursor_blinking = shape, style == 0 or style % 2 == 1

    @property
    def cursor_style(self) -> int:
        """DECSCUSR's parameter for the current cursor style."""
        shapes = (CursorShape.BLOCK, CursorShape.UNDERLINE, CursorShape.BAR)
        return 2 * shapes.index(self.cursor_shape) + (1 if self.cursor_blinking else 2)


__all__ = ["ANSI_MODES", "GRAPHEMES", "NO_LOCAL_ECHO", "PRIVATE_MODES", "ModeScreen", "SavedCursor", "private"]
