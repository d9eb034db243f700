"""The terminal's replies to queries, and the effects of OSC and DCS strings."""

from __future__ import annotations

from collections import deque

from pyte import graphics
from pyte import modes as mo

from session_host.protocol.untrusted_text import plain
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import DefaultColors
from session_host.terminal.commands import ALTERNATE, WATCHED, CommandModes, TerminalModes
from session_host.terminal.events import Bell, TerminalEvent, TitleChanged
from session_host.terminal.osc import KittyNotifications
from session_host.terminal.prompts import MAX_MARK_BYTES, is_fresh_line
from session_host.terminal.pyte import osc
from session_host.terminal.pyte import style as pyte_style
from session_host.terminal.queries import (
    CONFORMANCE,
    MAX_REQUEST_BYTES,
    MAX_TITLE_STACK,
    STATUS_REPORTS,
    capability_replies,
)
from session_host.terminal.rows import DEFAULT_COLOR, RGB, Color
from session_host.version import VERSION

from .modes import ANSI_MODES, IN_BAND_RESIZE, PRIVATE_MODES, ModeScreen, private

MAX_EVENTS = 1000
MAX_REPLIES = 1024 * 1024
MAX_TITLE = 1024
MAX_LINK = 4096
MAX_DIRECTORY = 1024
_STYLE_CACHE = 4096
PALETTE: tuple[Color, ...] = tuple(int(value, 16) for value in graphics.FG_BG_256)
"""xterm's palette, as 0xRRGGBB."""

_DYNAMIC = {10: "foreground", 11: "background", 12: "cursor"}
_COLOR_COMMANDS = frozenset({4, *_DYNAMIC, 104, *(100 + code for code in _DYNAMIC)})


class ReportScreen(ModeScreen):
    """The whole screen; the parser calls its methods.

    Attributes:
        replies: bytes to write back to the program.
        events: events other than changes of the screen.
        version: the answer to XTVERSION.
        cell: the cell's size as reported to programs.
        defaults: the colours reported while the program has set none.
        colors: colours set by OSC 10, 11 and 12, as ``RGB | value``.
        palette: palette entries set by OSC 4, as ``RGB | value``.
        directory: the address set by OSC 7.
    """

    def __init__(self, size: GridSize, history_limit: int, cell: CellSize, defaults: DefaultColors) -> None:
        self.replies = bytearray()
        self.events: deque[TerminalEvent] = deque(maxlen=MAX_EVENTS)
        self.cell = cell
        self.defaults = defaults
        self.colors: dict[int, Color] = {}
        self.palette: dict[int, Color] = {}
        self.version = f"Outlive {VERSION}"
        self.notifications = KittyNotifications()
        self.directory = ""
        self._styles: dict[tuple[object, str], object] = {}
        self.command_modes = CommandModes(self._terminal_modes)
        super().__init__(size.columns, size.rows, history_limit)
        self.events.clear()

    def reset(self, *_: int) -> None:
        """RIS."""
        titled = bool(getattr(self, "title", ""))
        super().reset()
        self.colors.clear()
        self.palette.clear()
        self.directory = ""
        if titled:
            self.events.append(TitleChanged(""))

    def write_process_input(self, data: str) -> None:
        """Add a reply to the program, unless too many are unread, as in a replica."""
        if len(self.replies) < MAX_REPLIES:
            self.replies += data.encode()

    def bell(self, *_: int) -> None:
        """BEL."""
        self.events.append(Bell())

    def select_rendition(self, parameters: str) -> None:
        """SGR, with its raw parameters."""
        key = (self.style, parameters)
        style = self._styles.get(key)
        if style is None:
            if len(self._styles) >= _STYLE_CACHE:
                self._styles.clear()
            style = self._styles[key] = pyte_style.apply(self.style, parameters)
        self.set_style(style)  # type: ignore[arg-type]

    # -- CSI queries

    def report_device_attributes(self, mode: int = 0, *_: object, **_kw: object) -> None:
        """DA1: a VT220 with colour."""
        if mode == 0:
            self.write_process_input("\x1b[?62;22c")

    def report_secondary_attributes(self, mode: int = 0, *_: int) -> None:
        """DA2."""
        if mode == 0:
            self.write_process_input("\x1b[>1;0;0c")

    def report_tertiary_attributes(self, mode: int = 0, *_: int) -> None:
        """DA3: the unit's id."""
        if mode == 0:
            self.write_process_input("\x1bP!|00000000\x1b\\")

    def report_version(self, mode: int = 0, *_: int) -> None:
        """XTVERSION."""
        if mode == 0:
            self.write_process_input(f"\x1bP>|{self.version}\x1b\\")

    def report_device_status(self, mode: int = 0, *_: int) -> None:
        """DSR, CPR."""
        if mode == 5:
            self.write_process_input("\x1b[0n")
        elif mode == 6:
            row, column = self._reported_position()
            self.write_process_input(f"\x1b[{row};{column}R")

    def report_private_status(self, mode: int = 0, *_: int) -> None:
        """DECDSR: extended cursor position, printer, locked keys, keyboard, colour scheme."""
        if mode == 6:
            row, column = self._reported_position()
            self.write_process_input(f"\x1b[?{row};{column}R")
        elif mode == 996:
            self.report_color_scheme()
        elif mode == 998:
            self.report_visibility()
        else:
            self._report_status(STATUS_REPORTS.get(mode, ""))

    def _report_status(self, answer: str) -> None:
        if answer:
            self.write_process_input(f"\x1b[{answer}n")

    def _reported_position(self) -> tuple[int, int]:
        row, column = self.cursor.y + 1, self.cursor.x + 1
        if mo.DECOM in self.mode:
            row, column = row - self.top, column - self.left
        return row, column

    def report_color_scheme(self) -> None:
        """``CSI ? 996 n`` and mode 2031: dark or light."""
        self.write_process_input(f"\x1b[?997;{1 if self.defaults.dark else 2}n")

    def report_visibility(self) -> None:
        """``CSI ? 998 n`` and mode 2033: visible, since a chat is never told that nobody sees it."""
        self.write_process_input("\x1b[?999;1n")

    def report_private_mode(self, mode: int = 0, *_: int) -> None:
        """DECRQM for DEC private modes."""
        known = mode in PRIVATE_MODES
        state = 0 if not known else 1 if self.has_mode(mode) else 2
        self.write_process_input(f"\x1b[?{mode};{state}$y")

    def report_ansi_mode(self, mode: int = 0, *_: int) -> None:
        """DECRQM for ANSI modes."""
        state = 0 if mode not in ANSI_MODES else 1 if mode in self.mode else 2
        self.write_process_input(f"\x1b[{mode};{state}$y")

    def report_kitty_flags(self, *_: int) -> None:
        """``CSI ? u``."""
        self.write_process_input(f"\x1b[?{self.kitty_flags}u")

    def report_key_modifier(self, resource: int = 0, *_: int) -> None:
        """XTQMODKEYS."""
        if resource == 4:
            self.write_process_input(f"\x1b[>4;{self.modify_other_keys}m")

    def window_operation(self, operation: int = 0, second: int = 0, *_: int) -> None:
        """XTWINOPS: reports sizes, pushes and pops titles; never moves or resizes a window, or reports its title."""
        width, height = self.cell.width_px, self.cell.height_px
        if operation == 14 and second != 2:
            self.write_process_input(f"\x1b[4;{self.lines * height};{self.columns * width}t")
        elif operation == 16:
            self.write_process_input(f"\x1b[6;{height};{width}t")
        elif operation == 18:
            self.write_process_input(f"\x1b[8;{self.lines};{self.columns}t")
        elif operation == 22 and second in {0, 2}:
            self.titles.append(self.title)
            del self.titles[:-MAX_TITLE_STACK]
        elif operation == 23 and second in {0, 2} and self.titles:
            self.set_title(self.titles.pop())

    def report_in_band_size(self) -> None:
        """Mode 2048."""
        if private(IN_BAND_RESIZE) in self.mode:
            height, width = self.lines * self.cell.height_px, self.columns * self.cell.width_px
            self.write_process_input(f"\x1b[48;{self.lines};{self.columns};{height};{width}t")

    # -- strings

    def set_title(self, param: str) -> None:
        """OSC 0 and 2."""
        title = plain(param, MAX_TITLE)
        if title != self.title:
            self.title = title
            self.events.append(TitleChanged(title))

    def operating_system_command(self, text: str, terminator: str) -> None:
        """OSC."""
        number, _, rest = text.partition(";")
        if not (number.isascii() and number.isdigit() and len(number) < 6):
            return
        code = int(number)
        if code in {0, 2}:
            self.set_title(rest)
        elif code == 7:
            self.directory = plain(rest, MAX_DIRECTORY)
        elif code == 8:
            uri = rest.partition(";")[2]
            self.style = self.style._replace(link=plain(uri, MAX_LINK))
        elif code in _COLOR_COMMANDS:
            self._color_command(code, rest, terminator)
        elif code != 133 or len(rest) < MAX_MARK_BYTES:
            if code == 133:
                self._shell_mark(rest)
            self.events.extend(osc.events_of(code, rest, self.notifications, self.write_process_input))

    def _color_command(self, code: int, rest: str, terminator: str) -> None:
        parts = rest.split(";")
        if code == 4:
            self._palette_command(parts, terminator)
        elif code in _DYNAMIC:
            for offset, specification in enumerate(parts):
                self._dynamic_color(code + offset, specification, terminator)
        elif code == 104:
            indexes = [pyte_style.number(part) for part in parts if part.isdigit()]
            for index in indexes or list(self.palette):
                self.palette.pop(index, None)
            self.all_dirty = True
        else:
            self.colors.pop(code - 100, None)
            self.all_dirty = True

    def _shell_mark(self, parameters: str) -> None:
        if is_fresh_line(parameters) and self.cursor.x != self.left:
            self.next_line()
        self.mark_prompt(parameters)
        self.command_modes.mark(parameters)

    def _terminal_modes(self) -> TerminalModes:
        on = {number for number in WATCHED if self.has_mode(number)} | ({ALTERNATE} if self.on_alternate else set())
        margins = (self.top, self.bottom, self.left, self.right)
        region = () if margins == (0, self.lines - 1, 0, self.columns - 1) else margins
        kitty, keys = self.kitty_flags, self.modify_other_keys
        return TerminalModes(frozenset(on), self.cursor.hidden, kitty, keys, region, self.cursor.x, self.cursor.y)

    def mark_prompt(self, parameters: str) -> None:
        """Handle a mark (OSC 133) at the cursor."""
        if not self.on_alternate:
            self.prompts.mark(parameters, self.prompts.row_of_cursor, self.cursor.x)

    def _palette_command(self, parts: list[str], terminator: str) -> None:
        for index_text, specification in zip(parts[::2], parts[1::2], strict=False):
            if not (index_text.isascii() and index_text.isdigit()) or int(index_text[:4]) > 255:
                continue
            index = int(index_text[:4])
            if specification == "?":
                color = osc.color_text(self._palette_color(index))
                self.write_process_input(f"\x1b]4;{index};{color}{terminator}")
            else:
                color_value = osc.parse_color(specification)
                if color_value is not None:
                    self.palette[index] = RGB | color_value
                    self.all_dirty = True

    def _palette_color(self, index: int) -> Color:
        themed = self.defaults.palette
        return self.palette.get(index, themed[index] if index < len(themed) else PALETTE[index])

    def _dynamic_color(self, code: int, specification: str, terminator: str) -> None:
        if code not in _DYNAMIC:
            return
        if specification == "?":
            color = osc.color_text(self.colors.get(code, getattr(self.defaults, _DYNAMIC[code])))
            self.write_process_input(f"\x1b]{code};{color}{terminator}")
            return
        value = osc.parse_color(specification)
        if value is not None:
            self.colors[code] = RGB | value
            self.all_dirty = True

    def set_color(self, code: int) -> Color:
        """The colour that OSC ``code`` set, or DEFAULT_COLOR."""
        return self.colors.get(code, DEFAULT_COLOR)

    def device_control_string(self, text: str) -> None:
        """DCS: answers DECRQSS and XTGETTCAP; swallows the rest."""
        text = text.lstrip("0123456789;")
        query, content = text[:2], text[2:]
        if len(content) > MAX_REQUEST_BYTES:
            return
        if query == "$q":
            answer = self._setting(content)
            self.write_process_input(f"\x1bP1$r{answer}\x1b\\" if answer else "\x1bP0$r\x1b\\")
        elif query == "+q":
            self.write_process_input(capability_replies(content))

    def _setting(self, name: str) -> str:
        """The value of a DECRQSS setting with its final characters; "" for an unknown one."""
        if name == "m":
            return pyte_style.parameters_of(self.style, colons=True) + "m"
        if name == "r":
            return f"{self.top + 1};{self.bottom + 1}r"
        if name == "s" and self.has_mode(69):
            return f"{self.left + 1};{self.right + 1}s"
        if name == " q":
            return f"{self.cursor_style} q"
        return CONFORMANCE.decode() if name == '"p' else ""
