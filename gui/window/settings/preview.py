"""A small window with a terminal, in the colours, font and cursor that are set."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from gui.settings.live import LiveSettings
from gui.terminal.cell_metrics import default_size_px
from gui.terminal.view import TerminalView
from gui.theme.icons import Mark, paint_mark
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import RADIUS_PX, SECONDARY_PX, font
from gui.wording import settings_texts
from session_host.protocol.values import CellSize, GridSize, KeyAction, MouseAction, MouseButton
from session_host.terminal import create
from session_host.terminal.base import Emulator

HEIGHT_PX = 188
SIDE_PX = 132
BAR_PX = 28

_SAMPLE = (
    "\x1b[32m~/src/api\x1b[0m \x1b[34mmain\x1b[0m $ pytest -q\r\n"
    "\x1b[32m..........\x1b[31mF\x1b[32m....\x1b[0m  \x1b[90m[100%]\x1b[0m  -> != >=\r\n"
    "\x1b[1;31mFAILED\x1b[0m tests/test_keys.py - \x1b[33mKeyError\x1b[0m: 'Enter'\r\n"
    "\x1b[36mdef\x1b[0m \x1b[1mfirst\x1b[0m(keys): \x1b[35mreturn\x1b[0m keys[\x1b[33m0\x1b[0m]"
    "  \x1b[90m# 0O 1lI ├─┤ →\x1b[0m\r\n"
    "\x1b[41;97m red \x1b[42;30m green \x1b[43;30m yellow \x1b[44;97m blue "
    "\x1b[45;97m magenta \x1b[46;30m cyan \x1b[0m\r\n"
    "\x1b[32m~/src/api\x1b[0m \x1b[34mmain\x1b[0m $ "
)


class _SampleSession:
    """An ``InputSink`` that shows a sample and takes no input."""

    def __init__(self) -> None:
        self._emulator = create(None, GridSize(80, 12))
        self._emulator.feed(_SAMPLE.encode())

    @property
    def emulator(self) -> Emulator | None:
        return self._emulator

    def key(self, key: str, text: str, modifiers: int, action: KeyAction) -> None:
        """Nothing: a sample takes no input."""

    def text(self, text: str) -> None:
        """Nothing."""

    def paste(self, text: str) -> None:
        """Nothing."""

    def mouse(self, action: MouseAction, button: MouseButton, column: int, row: int, modifiers: int) -> None:
        """Nothing."""

    def focus(self, focused: bool) -> None:
        """Nothing."""

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """Nothing: what does not fit is cut off."""

    def close(self) -> None:
        """Free the sample's memory."""
        self._emulator.close()


class Preview(QWidget):
    """The sample; it follows the theme and the settings."""

    def __init__(self, theme: Theme, settings: LiveSettings) -> None:
        super().__init__()
        self._theme = theme
        self._settings = settings
        self.setFixedHeight(HEIGHT_PX)
        self.setAccessibleName(settings_texts.PREVIEW())
        self._session = _SampleSession()
        self._view = TerminalView(theme.terminal, self)
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._view.setAccessibleName(settings_texts.PREVIEW())
        self._view.set_viewer(self._session)
        self._view.set_focused(focused=True)
        theme.changed.connect(self._apply_theme)
        settings.changed.connect(self._apply_settings)
        self._apply_settings()

    def release(self) -> None:
        """Free the sample; the preview is not used afterwards."""
        self._view.set_viewer(None)
        self._session.close()

    def _apply_theme(self) -> None:
        self._view.set_theme(self._theme.terminal)
        self.update()

    def _apply_settings(self) -> None:
        window = self._settings.preferences.window
        self._view.set_spacing(window.line_height, window.padding)
        self._view.set_font(self._settings.preferences.terminal_font)
        self._view.set_font_size(window.font_size or default_size_px())
        self._apply_theme()

    def sizeHint(self) -> QSize:
        return QSize(400, HEIGHT_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._view.setGeometry(SIDE_PX + 1, BAR_PX + 1, self.width() - SIDE_PX - 3, self.height() - BAR_PX - 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        path = QPainterPath()
        path.addRoundedRect(whole, RADIUS_PX, RADIUS_PX)
        painter.fillPath(path, tokens.color("sidebar"))
        painter.setClipPath(path)
        page = QRectF(SIDE_PX, 0, self.width() - SIDE_PX, self.height())
        painter.fillRect(page.adjusted(0, BAR_PX, 0, 0), self._theme.terminal.background)
        tab = QRectF(SIDE_PX, 0, 96, BAR_PX)
        painter.fillRect(tab, tokens.color("page"))
        painter.fillRect(QRectF(SIDE_PX, 0, 1, self.height()), tokens.color("hairline"))
        painter.fillRect(QRectF(tab.right(), BAR_PX, self.width() - tab.right(), 1), tokens.color("hairline"))
        names = settings_texts.sample_chats()
        marks = (Mark.NEEDS_YOU, Mark.WORKING, Mark.IDLE)
        painter.setFont(font(SECONDARY_PX))
        for at, (mark, name) in enumerate(zip(marks, names, strict=True)):
            row = QRect(4, 8 + at * 30, SIDE_PX - 8, 26)
            if at == 1:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(tokens.color("selected"))
                painter.drawRoundedRect(row, RADIUS_PX, RADIUS_PX)
            paint_mark(painter, mark, QPointF(row.left() + 14, row.center().y() + 0.5), tokens)
            painter.setPen(tokens.color("text"))
            text = row.adjusted(28, 0, 0, 0)
            painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        paint_mark(painter, marks[1], QPointF(tab.left() + 16, tab.center().y() + 0.5), tokens)
        painter.setPen(tokens.color("text"))
        painter.drawText(
            tab.adjusted(28, 0, 0, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, names[1]
        )
        painter.setClipping(False)
        paint_frame(painter, QRectF(self.rect()), tokens.color("border"))
        painter.end()
