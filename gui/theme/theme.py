"""The theme in force: the user's, in the appearance that the user set or that the desktop has; its style sheet."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from session_host.terminal.base import CursorShape

from . import contrast, tokens
from .contrast import luminance
from .desktop import DesktopLook
from .scheme import Scheme, SchemePair
from .terminal import TerminalTheme
from .tokens import RADIUS_PX, Tokens, blend, on_hairline

ICONS = Path(__file__).parents[2] / "resources" / "icons"

_TEMPLATE = Template("""
* { outline: 0; }
QToolTip {
    background: $raised; color: $text; border: 1px solid $border; border-radius: 4px;
    padding: 1px 4px;  /* Qt adds it twice, with its own margin. */
}
QBalloonTip { background-color: $raised; }
QBalloonTip QPushButton { background: transparent; border: none; padding: 0; min-height: 0; }
QWidget[area="page"] { background: $page; }
QWidget[area="sidebar"] { background: $sidebar; }
QWidget[area="raised"] { background: $raised; }
QWidget[area="sheet"] { background: $raised; border: 1px solid $border; border-radius: 10px; }
QWidget[area="banner"] { background: $raised; border: 1px solid $border; border-radius: ${radius}px; }
QWidget[area="sheet"][asks="true"] { border-left: 3px solid $needs_you_fill; }
QWidget[area="card"] { background: $sidebar; border: 1px solid $hairline; border-radius: ${radius}px; }

QLabel { background: transparent; color: $text; }
QLabel[kind="secondary"] { color: $secondary; font-size: 12px; }
QLabel[kind="heading"] { color: $secondary; font-size: 11px; }
QLabel[kind="title"] { font-weight: 600; }
QLabel[kind="page title"] { font-weight: 600; }
QLabel[kind="problem"] { color: $failed; font-size: 12px; }
QLabel[kind="failed"] { color: $failed; }
QLabel[kind="key"] { color: $secondary; }
QLabel[kind="key"]:disabled { color: $on_hairline; }
QLabel[kind="key on accent"] { color: $on_accent; }
QLabel[kind="needs_you"] { color: $needs_you; }
QLabel[kind="sum"] { font-size: 19px; font-weight: 600; }
QLabel[kind="sum_waiting"] { font-size: 19px; font-weight: 600; color: $needs_you; }
QLabel[kind="words"] {
    background: $page; border: 1px solid $border; border-radius: ${radius}px; font-size: 19px; font-weight: 600;
    min-width: 172px; min-height: 46px;
}
QLabel[kind="warning"] { color: $needs_you; font-size: 12px; }
QLabel[kind="code"] {
    background: $sidebar; border: 1px solid $hairline; border-radius: 4px; padding: 4px 8px; color: $text;
    selection-background-color: $accent; selection-color: $on_accent;
}

QPushButton {
    background: $raised; color: $text; border: 1px solid $border; border-radius: ${radius}px;
    padding: 0 12px; min-height: 26px;
}
QPushButton:hover { background: $hover_raised; }
QPushButton:pressed { background: $pressed; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $disabled; border-color: $hairline; }
QPushButton[kind="primary"] { background: $accent; color: $on_accent; border-color: $accent; font-weight: 600; }
QPushButton[kind="primary"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[kind="primary"]:focus { border-color: $text; }
QPushButton[kind="primary"]:disabled { background: $hairline; color: $on_hairline; border-color: $hairline; }
QPushButton[kind="answer"] { background: $page; }
QPushButton[kind="answer"]:hover { background: $hover_raised; }
QPushButton[kind="answer"]:pressed { background: $pressed; }
QPushButton[kind="answer"]:disabled { color: $on_hairline; background: $hairline; }
QPushButton[kind="primary"][enters="true"] { border-color: $text; }
QPushButton[keyed="true"] { text-align: left; }
QPushButton[wrapped="true"] { padding: 4px 12px; text-align: left; }
QPushButton[narrow="true"] { padding: 0 3px; }
QPushButton[wrapped="true"][narrow="true"] { padding: 4px 3px; }
QPushButton[kind="danger"] { color: $failed; }
QPushButton[kind="danger"]:focus { border-color: $failed; }
QPushButton[kind="row"] {
    background: transparent; border: 1px solid transparent; text-align: left; padding: 0 8px; min-height: 30px;
}
QPushButton[kind="row"]:hover { background: $hover; }
QPushButton[kind="row"]:focus { border-color: $accent; }
QPushButton[kind="link"] {
    background: transparent; border: 1px solid transparent; color: $accent; padding: 0; min-height: 22px;
}
QPushButton[kind="status"] {
    background: transparent; border: 1px solid transparent; border-radius: 4px; color: $accent; padding: 0 4px;
    min-height: 16px; font-size: 12px;
}
QPushButton[kind="status"]:hover { text-decoration: underline; }
QPushButton[kind="status"]:focus { border-color: $accent; }
QPushButton[kind="link"]:hover { text-decoration: underline; }
QPushButton[kind="link"]:focus { border-color: $accent; }

QPushButton[kind="quiet"] {
    background: transparent; border: 1px solid transparent; border-radius: 4px; color: $secondary; padding: 0 6px;
    min-height: 22px; font-size: 12px;
}
QPushButton[kind="icon"] { background: transparent; border: 1px solid transparent; padding: 0 5px; }
QPushButton[kind="icon"]:hover { background: $hover; }
QPushButton[kind="icon"]:focus { border-color: $accent; }
QPushButton[kind="quiet"]:hover { background: $hover; color: $text; }
QPushButton[kind="quiet"]:focus { border-color: $accent; }

QToolButton { background: transparent; border: 1px solid transparent; border-radius: 4px; padding: 3px; color: $text; }
QToolButton:hover { background: $hover; }
QToolButton:pressed, QToolButton:open { background: $pressed; }
QToolButton:checked { background: $selected; color: $accent; }
QToolButton:focus { border-color: $accent; }
QToolButton::menu-indicator { image: none; width: 0; }

QLineEdit, QPlainTextEdit {
    background: $field; color: $text; border: 1px solid $border; border-radius: ${radius}px; padding: 0 8px;
    min-height: 28px; selection-background-color: $accent; selection-color: $on_accent;
    placeholder-text-color: $secondary;
}
QLineEdit:focus, QPlainTextEdit:focus { border-color: $accent; }
QLineEdit:disabled { color: $disabled; border-color: $hairline; }
QLineEdit[invalid="true"] { border-color: $failed; }
QLineEdit[kind="filter"] { background: transparent; border-color: $hairline; min-height: 26px; padding: 0 4px 0 0; }
QLineEdit[kind="filter"]:focus { border-color: $accent; background: $field; }
QLineEdit[kind="answer"] { min-height: 26px; }
QLineEdit[kind="palette"] {
    background: transparent; border: 0; border-radius: 0; min-height: 40px; padding: 0 12px;
}
QPlainTextEdit { padding: 4px 7px; }
QPlainTextEdit[narrow="true"] { padding: 2px 0; }
QPlainTextEdit[kind="bare"] { background: transparent; border: 0; padding: 0; min-height: 0; }

QAbstractSpinBox, QComboBox {
    background: $field; color: $text; border: 1px solid $border; border-radius: ${radius}px; padding: 0 8px;
    min-height: 28px; selection-background-color: $accent; selection-color: $on_accent;
}
QAbstractSpinBox:focus, QComboBox:focus, QComboBox:on { border-color: $accent; }
QAbstractSpinBox:disabled, QComboBox:disabled { color: $disabled; border-color: $hairline; }
QComboBox[invalid="true"] { border-color: $failed; }
QAbstractSpinBox QLineEdit, QComboBox QLineEdit { background: transparent; border: 0; padding: 0; min-height: 0; }
QComboBox { padding-right: 24px; placeholder-text-color: $secondary; }
QComboBox::drop-down { border: 0; width: 0; }
QComboBox QAbstractItemView {
    background: $raised; color: $text; border: 1px solid $border; padding: 4px; outline: 0;
    selection-background-color: $selected; selection-color: $text;
}
QComboBox QAbstractItemView:focus { border-color: $border; }
QComboBox QAbstractItemView::item { min-height: 26px; padding: 0 8px; border-radius: 4px; color: $text; }
QComboBox QAbstractItemView::item:selected { background: $selected; color: $text; }

QCheckBox { background: transparent; color: $text; spacing: 8px; }
QCheckBox:focus { color: $accent; }
QCheckBox:disabled { color: $disabled; }
QCheckBox::indicator {
    width: 14px; height: 14px; border: 1px solid $secondary; border-radius: 3px; background: $field;
}
QCheckBox::indicator:focus { border-color: $accent; }
QCheckBox::indicator:disabled { border-color: $disabled; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url("$check"); }
QCheckBox::indicator:checked:disabled { background: $hairline; border-color: $hairline; }
QRadioButton { background: transparent; color: $text; spacing: 8px; }
QRadioButton:focus { color: $accent; }
QRadioButton::indicator {
    width: 14px; height: 14px; border: 1px solid $secondary; border-radius: 8px; background: $field;
}
QRadioButton::indicator:focus { border-color: $accent; }
QRadioButton::indicator:checked { border-color: $accent; background: $dot; }
QPushButton[kind="to_end"], QPushButton[kind="to_new"] {
    min-width: 22px; min-height: 22px; padding: 0; border-radius: 12px;
}
QPushButton[kind="to_new"] { background: $accent; border-color: $accent; }
QPushButton[kind="to_new"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[kind="chip"] { min-height: 22px; padding: 0 10px; border-radius: 12px; }
QPushButton[kind="chip"]:checked { background: $selected; border-color: $accent; }
QPushButton[kind="chip"]:checked:focus { border-color: $text; }
QPushButton[kind="segment"] {
    background: transparent; color: $secondary; border: 1px solid $border; border-right-color: transparent;
    border-radius: 0; padding: 0 11px; min-height: 24px; font-size: 12px;
}
QPushButton[kind="segment"]:hover { background: $hover; }
QPushButton[kind="segment"]:checked { background: $selected; color: $text; }
QPushButton[kind="segment"][place="first"] {
    border-top-left-radius: ${radius}px; border-bottom-left-radius: ${radius}px;
}
QPushButton[kind="segment"][place="last"] {
    border-right-color: $border; border-top-right-radius: ${radius}px; border-bottom-right-radius: ${radius}px;
}
QPushButton[kind="segment"][place="only"] { border-color: $border; border-radius: ${radius}px; }
QPushButton[kind="segment"]:focus { border-color: $accent; }

QListView { background: transparent; border: 1px solid transparent; color: $text; }
QListView:focus { border-color: $accent; }
QListView[kind="pages"], QListView[kind="pages"]:focus { border: 0; }
QListView[kind="chats"]:focus { border-color: transparent; }
QListView[kind="popup"] { background: $raised; border: 1px solid $border; padding: 1px 4px; }
QListView[kind="popup"]:focus { border-color: $accent; }
QListView[kind="popup"]::item { min-height: 26px; padding: 0 8px; border-radius: 4px; color: $text; }
QListView[kind="popup"]::item:selected { background: $selected; color: $text; }

QMenu { background: $raised; color: $text; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 8px; border-radius: 4px; margin: 0; }
QMenu::icon { padding-left: 8px; }
QMenu::item:selected { background: $selected; }
QMenu::item:disabled { color: $secondary; background: transparent; }
QMenu::separator { height: 1px; background: $hairline; margin: 4px 8px; }
QMenu::right-arrow { width: 8px; height: 8px; }

QScrollBar:vertical { background: transparent; width: 10px; margin: 0; border: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; border: 0; }
QScrollBar::handle { background: $scroll; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $scroll_hover; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; border: 0; background: none; }
QScrollBar::add-page, QScrollBar::sub-page { background: none; }

QScrollArea { background: transparent; border: 0; }
QAbstractScrollArea::corner { background: transparent; border: 0; }

QTabBar { background: $sidebar; border: 0; qproperty-drawBase: 0; }
QTabBar::tab {
    background: $sidebar; color: transparent; border: 0; border-right: 1px solid $hairline;
    height: 35px; padding: 0;
}
QTabBar::tab:hover { background: $hover; }
QTabBar::tab:selected { background: $page; border-top: 2px solid $accent; height: 31px; padding-bottom: 2px; }
QTabBar[pane="other"]::tab:selected { border-top-color: $border; }
QTabBar::scroller { width: 0; }
""")


_DOT = Template(
    "qradialgradient(cx: 0.5, cy: 0.5, radius: 0.5, fx: 0.5, fy: 0.5, stop: 0 $accent, stop: 0.5 $accent,"
    " stop: 0.6 $field, stop: 1 $field)"
)
"""The dot of a radio button that is chosen."""


def style_sheet(tokens: Tokens) -> str:
    """The style sheet of one theme."""
    field = tokens.page if tokens.name == "dark" else tokens.raised
    check = "light" if luminance(tokens.color("on_accent")) > 0.5 else "dark"
    return _TEMPLATE.substitute(
        page=tokens.page,
        sidebar=tokens.sidebar,
        raised=tokens.raised,
        hairline=tokens.hairline,
        border=tokens.border,
        text=tokens.text,
        secondary=tokens.secondary,
        disabled=tokens.disabled,
        accent=tokens.accent,
        on_accent=tokens.on_accent,
        on_hairline=on_hairline(tokens).name(),
        needs_you=tokens.needs_you,
        needs_you_fill=tokens.needs_you_fill,
        failed=tokens.failed,
        hover=tokens.hover,
        selected=tokens.selected,
        radius=RADIUS_PX,
        check=(ICONS / f"check-on-{check}.svg").as_posix(),
        field=field,
        dot=_DOT.substitute(accent=tokens.accent, field=field),
        hover_raised=blend(tokens.text, tokens.raised, 0.06).name(),
        pressed=blend(tokens.text, tokens.raised, 0.12).name(),
        accent_hover=blend(tokens.text, tokens.accent, 0.12).name(),
        scroll=blend(tokens.text, tokens.page, 0.18).name(),
        scroll_hover=blend(tokens.text, tokens.page, 0.32).name(),
    )


Appearance = Literal["desktop", "dark", "light"]


class Look(Struct, frozen=True):
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
        accessibility = hints.accessibility()
        self._qt_wants_contrast = accessibility.contrastPreference() is Qt.ContrastPreference.HighContrast
        accessibility.contrastPreferenceChanged.connect(self.on_contrast)
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

    def on_contrast(self, preference: Qt.ContrastPreference) -> None:
        """Qt says that the desktop wants high contrast, or the usual one."""
        self._qt_wants_contrast = preference is Qt.ContrastPreference.HighContrast
        self._update()

    @property
    def has_reduced_motion(self) -> bool:
        """Whether the user wants programs without motion."""
        return self._desktop_look.reduced_motion

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
        look = self._desktop_look
        if self._qt_wants_contrast:
            look = look._replace(high_contrast=True)
        return self._pair.side(dark=self.wants_dark).on_desktop(look)

    def _update(self, *, force: bool = False) -> None:
        scheme = self._wanted()
        if scheme != self._scheme or force:
            self._scheme = scheme
            self._apply()
            self.changed.emit()

    def _apply(self) -> None:
        self._app.setPalette(_palette(self.tokens))
        if self._app.styleSheet() != (sheet := style_sheet(self.tokens)):
            self._app.setStyleSheet(sheet)  # Qt polishes every widget anew, also for the same sheet.


def _interface_font() -> QFont:
    return tokens.font(tokens.TEXT_PX)


def _palette(colors: Tokens) -> QPalette:
    """Qt's palette, for parts that style sheets do not cover (text cursors, native parts of controls)."""
    palette = QPalette()
    role = QPalette.ColorRole
    # fmt: off
    pairs = (
        (role.Window, "sidebar"), (role.WindowText, "text"), (role.Base, "raised"), (role.AlternateBase, "sidebar"),
        (role.Text, "text"), (role.Button, "raised"), (role.ButtonText, "text"), (role.BrightText, "failed"),
        (role.ToolTipBase, "raised"), (role.ToolTipText, "text"), (role.PlaceholderText, "secondary"),
        (role.Highlight, "accent"), (role.HighlightedText, "on_accent"), (role.Link, "accent"),
        (role.LinkVisited, "accent"), (role.Mid, "hairline"), (role.Dark, "hairline"), (role.Light, "raised"),
        (role.Midlight, "hairline"), (role.Shadow, "scrim"),
    )
    # fmt: on
    for which, name in pairs:
        palette.setColor(which, colors.color(name))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(colors.disabled))
    return palette
