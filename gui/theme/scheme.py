"""A theme as the window uses it: one for a dark and one for a light desktop."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gui.theme.code import BACKGROUNDS
from gui.theme.contrast import HIGH, USUAL
from gui.theme.derive import derive_tokens
from gui.theme.desktop import DesktopLook
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
        desktop_accent: the desktop's accent colour takes the place of its own.
    """

    id: str
    name: str
    tokens: Tokens
    terminal: TerminalTheme
    pair: str = ""
    desktop_accent: bool = False

    @property
    def dark(self) -> bool:
        """Light text on a dark background."""
        return self.terminal.dark

    def on_desktop(self, look: DesktopLook) -> Scheme:
        """This theme with the desktop's accent colour and contrast."""
        accent = look.accent if self.desktop_accent else None
        if accent is None and not look.high_contrast:
            return self
        ratios = HIGH if look.high_contrast else USUAL
        window = {name: value for name, value in vars(self.tokens).items() if isinstance(value, str) and name != "name"}
        if accent is not None:
            window["accent"] = accent.name()
            del window["selected"], window["on_accent"]  # They follow from the accent.
        code = self.tokens.code
        colors = {name: getattr(code, name).name() for name in BACKGROUNDS}
        colors |= {name: color.name() for name, color in code.words.items()}
        return replace(
            self,
            tokens=derive_tokens(self.terminal, window, colors, ratios),
            terminal=replace(self.terminal, ratios=ratios),
        )


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
