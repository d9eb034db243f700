"""The theme in force: the user's, in the appearance that the user set or that the desktop has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from gui.theme import contrast, tokens
from gui.theme.desktop import DesktopLook
from gui.theme.scheme import Scheme, SchemePair
from gui.theme.stylesheet import style_sheet
from gui.theme.terminal import TerminalTheme
from gui.theme.tokens import Tokens
from session_host.terminal.base import CursorShape

Appearance = Literal["desktop", "dark", "light"]


@dataclass(frozen=True)
class Look:
    """The user's settings on the look of terminals, without the colours; see ``TerminalTheme``."""

    readable: bool = True
    cursor_shape: CursorShape = CursorShape.BLOCK
    cursor_blinks: bool = True
    text_blinks: bool = True


class Theme(QObject):
    """The theme in force; widgets paint from it and listen for its change.

    Signals:
        changed: other colours are in force; style sheet and palette are already in place.

    Attributes:
        is_preview: whether the user is only looking at the theme; programs do not get its colours.
    """

    changed = Signal()

    def __init__(
        self,
        app: QApplication,
        pair: SchemePair,
        appearance: Appearance = "desktop",
        look: Look | None = None,
        desktop_look: DesktopLook | None = None,
    ) -> None:
        super().__init__(app)
        self._app = app
        self._pair = pair
        self._appearance: Appearance = appearance
        self._look = look or Look()
        self.is_preview = False
        # Where the platform names no scheme, its palette still shows which way it leans. It is read
        # once, before ours takes its place.
        background = QGuiApplication.palette().color(QPalette.ColorRole.Window)
        self._palette_is_dark = contrast.luminance(background) < 0.2
        app.setStyle("Fusion")
        app.setFont(_interface_font())
        hints = QGuiApplication.styleHints()
        self._desktop = hints.colorScheme()
        self._desktop_look = desktop_look or DesktopLook()
        self._scheme = self._wanted()
        self._apply()
        hints.colorSchemeChanged.connect(self.on_color_scheme)

    @property
    def wants_dark(self) -> bool:
        """Whether the user, or else the desktop, wants light text on a dark background."""
        if self._appearance != "desktop":
            return self._appearance == "dark"
        if self._desktop_look.dark is not None:
            return self._desktop_look.dark
        if self._desktop == Qt.ColorScheme.Unknown:
            return self._palette_is_dark
        return self._desktop == Qt.ColorScheme.Dark

    @property
    def tokens(self) -> Tokens:
        """The colours in force."""
        return self._scheme.tokens

    @property
    def terminal(self) -> TerminalTheme:
        """The terminal's colours in force."""
        look = self._look
        return replace(
            self._scheme.terminal,
            readable=look.readable,
            cursor_shape=look.cursor_shape,
            cursor_blinks=look.cursor_blinks,
            text_blinks=look.text_blinks,
        )

    def on_color_scheme(self, scheme: Qt.ColorScheme) -> None:
        """Qt says that the desktop turned dark or light."""
        self._desktop = scheme
        self._update()

    def on_desktop_look(self, look: DesktopLook) -> None:
        """The desktop says how programs must look; this counts more than what Qt says."""
        self._desktop_look = look
        self._update()

    def use(self, pair: SchemePair, appearance: Appearance, look: Look) -> None:
        """Use another theme, and other settings; ends a preview."""
        self._pair, self._appearance = pair, appearance
        previous, self._look = self._look, look
        had_preview, self.is_preview = self.is_preview, False
        self._update(force=had_preview or look != previous)

    def preview(self, pair: SchemePair, appearance: Appearance) -> None:
        """Show another theme until ``use`` is called."""
        self._pair, self._appearance = pair, appearance
        self.is_preview = True
        self._update()

    def _wanted(self) -> Scheme:
        return self._pair.side(dark=self.wants_dark).on_desktop(self._desktop_look)

    def _update(self, *, force: bool = False) -> None:
        scheme = self._wanted()
        if scheme != self._scheme or force:
            self._scheme = scheme
            self._apply()
            self.changed.emit()

    def _apply(self) -> None:
        self._app.setPalette(_palette(self.tokens))
        self._app.setStyleSheet(style_sheet(self.tokens))


def _interface_font() -> QFont:
    return tokens.font(tokens.TEXT_PX)


def _palette(colors: Tokens) -> QPalette:
    """Qt's palette, for parts that style sheets do not cover (text cursors, native parts of controls)."""
    palette = QPalette()
    role = QPalette.ColorRole
    pairs = (
        (role.Window, "sidebar"), (role.WindowText, "text"), (role.Base, "raised"), (role.AlternateBase, "sidebar"),
        (role.Text, "text"), (role.Button, "raised"), (role.ButtonText, "text"), (role.BrightText, "failed"),
        (role.ToolTipBase, "raised"), (role.ToolTipText, "text"), (role.PlaceholderText, "secondary"),
        (role.Highlight, "accent"), (role.HighlightedText, "on_accent"), (role.Link, "accent"),
        (role.LinkVisited, "accent"), (role.Mid, "hairline"), (role.Dark, "hairline"), (role.Light, "raised"),
        (role.Midlight, "hairline"), (role.Shadow, "scrim"),
    )  # fmt: skip
    for which, name in pairs:
        palette.setColor(which, colors.color(name))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(colors.disabled))
    return palette
