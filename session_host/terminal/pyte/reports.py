"""The terminal's replies to queries: to CSI sequences."""

from __future__ import annotations

from session_host.terminal.queries import MAX_TITLE_STACK

from .screen import PRIVATE_MODES, Screen


class Reports:
    """Answers the queries about one screen; the parser calls its methods."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def report_device_attributes(self, mode: int = 0) -> None:
        """DA1: a VT220 with colour."""
        if mode == 0:
            self._screen.reply("\x1b[?62;22c")

    def report_secondary_attributes(self, mode: int = 0) -> None:
        """DA2."""
        if mode == 0:
            self._screen.reply("\x1b[>1;0;0c")

    def report_version(self, mode: int = 0) -> None:
        """XTVERSION."""
        if mode == 0:
            self._screen.reply(f"\x1bP>|{self._screen.version}\x1b\\")

    def report_device_status(self, mode: int = 0) -> None:
        """DSR, CPR."""
        cursor = self._screen.cursor
        if mode == 5:
            self._screen.reply("\x1b[0n")
        elif mode == 6:
            self._screen.reply(f"\x1b[{cursor.y + 1};{cursor.x + 1}R")

    def report_private_status(self, mode: int = 0) -> None:
        """DECDSR: extended cursor position, colour scheme."""
        screen = self._screen
        if mode == 6:
            screen.reply(f"\x1b[?{screen.cursor.y + 1};{screen.cursor.x + 1}R")
        elif mode == 996:
            self.report_color_scheme()

    def report_color_scheme(self) -> None:
        """``CSI ? 996 n`` and mode 2031: dark or light."""
        self._screen.reply(f"\x1b[?997;{1 if self._screen.defaults.dark else 2}n")

    def report_private_mode(self, mode: int = 0) -> None:
        """DECRQM for DEC private modes."""
        state = 0 if mode not in PRIVATE_MODES else 1 if self._screen.has_mode(mode) else 2
        self._screen.reply(f"\x1b[?{mode};{state}$y")

    def window_operation(self, operation: int = 0, second: int = 0) -> None:
        """XTWINOPS: reports sizes, pushes and pops titles; never moves or resizes a window, or reports its title."""
        screen = self._screen
        width, height = screen.cell.width_px, screen.cell.height_px
        if operation == 14 and second != 2:
            screen.reply(f"\x1b[4;{screen.lines * height};{screen.columns * width}t")
        elif operation == 16:
            screen.reply(f"\x1b[6;{height};{width}t")
        elif operation == 18:
            screen.reply(f"\x1b[8;{screen.lines};{screen.columns}t")
        elif operation == 22 and second in {0, 2}:
            screen.titles.append(screen.title)
            del screen.titles[:-MAX_TITLE_STACK]
        elif operation == 23 and second in {0, 2} and screen.titles:
            screen.set_title(screen.titles.pop())
