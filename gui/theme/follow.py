"""The appearance in force: the user's setting, else the desktop's."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from gui.theme import contrast, terminal, tokens
from gui.theme.stylesheet import style_sheet
from gui.theme.terminal import TerminalTheme
from gui.theme.tokens import Tokens

Appearance = Literal["desktop", "dark", "light"]


class Theme(QObject):
    """The theme in force; widgets paint from it and listen for its change.

    Signals:
        changed: the appearance turned from dark to light or back; style sheet and palette are
            already in place.
    """

    changed = Signal()

    def __init__(self, app: QApplication, appearance: Appearance = "desktop", *, readable: bool = True) -> None:
        super().__init__(app)
        self._app = app
        self._appearance = appearance
        self._readable = readable
        # Where the platform names no scheme, its palette still shows which way it leans. It is read
        # once, before ours takes its place.
        ground = QGuiApplication.palette().color(QPalette.ColorRole.Window)
        self._palette_is_dark = contrast.luminance(ground) < 0.2
        app.setStyle("Fusion")
        app.setFont(_interface_font())
        hints = QGuiApplication.styleHints()
        self._dark = self._wants_dark(hints.colorScheme())
        self._apply()
        hints.colorSchemeChanged.connect(self.on_color_scheme)

    @property
    def dark(self) -> bool:
        """Light text on dark ground."""
        return self._dark

    @property
    def tokens(self) -> Tokens:
        """The colours in force."""
        return tokens.DARK if self._dark else tokens.LIGHT

    @property
    def terminal(self) -> TerminalTheme:
        """The terminal's colours in force."""
        theme = terminal.DARK if self._dark else terminal.LIGHT
        return theme if self._readable else replace(theme, readable=False)

    def on_color_scheme(self, scheme: Qt.ColorScheme) -> None:
        """The desktop turned dark or light."""
        dark = self._wants_dark(scheme)
        if dark != self._dark:
            self._dark = dark
            self._apply()
            self.changed.emit()

    def _wants_dark(self, scheme: Qt.ColorScheme) -> bool:
        if self._appearance != "desktop":
            return self._appearance == "dark"
        if scheme == Qt.ColorScheme.Unknown:
            return self._palette_is_dark
        return scheme == Qt.ColorScheme.Dark

    def _apply(self) -> None:
        self._app.setPalette(_palette(self.tokens))
        self._app.setStyleSheet(style_sheet(self.tokens))


def _interface_font() -> QFont:
    return tokens.font(tokens.TEXT_PX)


def _palette(colors: Tokens) -> QPalette:
    """Qt's palette, for what no style sheet reaches (text cursors, native pieces of controls)."""
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
