"""A theme as the window uses it: one for a dark and one for a light desktop."""

from __future__ import annotations

from dataclasses import dataclass

from gui.theme.terminal import TerminalTheme
from gui.theme.tokens import Tokens


@dataclass(frozen=True)
class Scheme:
    """The colours of one theme.

    Attributes:
        id: the name of its file without suffix, as in ``window.toml``.
        name: its name for users.
        tokens: the window's colours.
        terminal: the terminal's colours.
        pair: the id of its counterpart for the other appearance, "" for none.
    """

    id: str
    name: str
    tokens: Tokens
    terminal: TerminalTheme
    pair: str = ""

    @property
    def dark(self) -> bool:
        """Light text on a dark background."""
        return self.terminal.dark


@dataclass(frozen=True)
class SchemePair:
    """The themes for a dark and for a light desktop: the same one twice if it has no counterpart."""

    dark: Scheme
    light: Scheme

    def side(self, *, dark: bool) -> Scheme:
        """The theme for one appearance."""
        return self.dark if dark else self.light

    def substitute(self, appearance: str) -> Scheme | None:
        """The theme that a chosen appearance ("dark", "light") shows although it is for the other one; else None."""
        if appearance == "desktop":
            return None
        wants_dark = appearance == "dark"
        shown = self.side(dark=wants_dark)
        return None if shown.dark == wants_dark else shown
