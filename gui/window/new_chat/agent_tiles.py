"""The catalog's agents as tiles; the arrow keys move the selection, and letters choose by title."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QElapsedTimer, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QButtonGroup, QGridLayout, QWidget

from gui.theme.icons import paint_tile
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX, SECONDARY_PX, font
from gui.theme.tooltips import set_tooltip
from gui.window.new_chat.request import ENDPOINT
from gui.wording import new_chat_texts
from session_host.agents.agent import Agent

MAX_COLUMNS = 4
TILE_WIDTH_PX, MAX_TILE_WIDTH_PX = 96, 140
"""The narrowest tile, and the width above which a long title is cut; the sheet's usual width has four such tiles."""
TILE_HEIGHT_PX = 48
_MONOGRAM_PX = 28
_BESIDE_TITLE_PX = _MONOGRAM_PX + 3 * GAP_S_PX
_WRAPPED = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap


class AgentTile(QAbstractButton):
    """One agent: its monogram and its title; greyed if it is not installed."""

    def __init__(self, theme: Theme, agent: Agent, index: int, *, installed: bool) -> None:
        super().__init__()
        self._theme = theme
        self._index = index
        self.agent = agent
        self.setCheckable(True)
        # The group handles the choice; this tells screen readers that one of many is chosen.
        self.setAutoExclusive(True)
        self.setText(agent.title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(TILE_WIDTH_PX, TILE_HEIGHT_PX)
        self.setFixedHeight(TILE_HEIGHT_PX)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.set_installed(installed)

    def set_installed(self, installed: bool) -> None:
        """Set whether the agent is installed."""
        self.installed = installed
        title = self.agent.title
        self.setAccessibleName(title if installed else new_chat_texts.AGENT_MISSING(agent=title))
        about = new_chat_texts.about(self.agent.name, title)
        set_tooltip(self, about if installed else new_chat_texts.NOT_INSTALLED(agent=title))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, TILE_HEIGHT_PX)

    def width_for_title(self) -> int:
        """The least width with the whole title, in as many lines as the tile has room for."""
        metrics, words = QFontMetrics(font(SECONDARY_PX)), self.agent.title.split()
        runs = [" ".join(words[first:last]) for last in range(1, len(words) + 1) for first in range(last)]
        widths = sorted(metrics.horizontalAdvance(run) + 1 for run in runs)
        fitting = (width for width in widths if self._is_whole(metrics, QRect(0, 0, width, TILE_HEIGHT_PX)))
        return _BESIDE_TITLE_PX + next(fitting, 0)

    def _is_whole(self, metrics: QFontMetrics, room: QRect) -> bool:
        return room.contains(metrics.boundingRect(room, _WRAPPED, self.agent.title))

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        chosen = self.isChecked()
        line = tokens.color("accent" if chosen else "border" if self.underMouse() else "hairline")
        background = tokens.color("selected") if chosen else None
        paint_frame(painter, QRectF(self.rect()), line, background, line_px=2 if self.hasFocus() and chosen else 1)
        tile = QRectF(GAP_S_PX, (self.height() - _MONOGRAM_PX) / 2, _MONOGRAM_PX, _MONOGRAM_PX)
        paint_tile(painter, tile, self.agent.monogram, self._index, tokens, muted=not self.installed)
        room = QRect(_BESIDE_TITLE_PX - GAP_S_PX, 0, self.width() - _BESIDE_TITLE_PX, self.height())
        words = font(SECONDARY_PX)
        painter.setFont(words)
        painter.setPen(tokens.color("text" if self.installed else "secondary"))
        flags, shown, metrics = _WRAPPED, self.agent.title, QFontMetrics(words)
        if not self._is_whole(metrics, room):
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            shown = metrics.elidedText(shown, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, flags, shown)
        painter.end()

    def hitButton(self, pos: object) -> bool:
        return True


class AgentTiles(QWidget):
    """The tiles of all agents.

    Signals:
        chosen: another agent is chosen.
        clicked: the user clicked on the chosen agent's tile, or pressed Space there.
    """

    chosen = Signal(str)
    clicked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._tiles: dict[str, AgentTile] = {}
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._group.buttonToggled.connect(self._on_toggled)
        self._group.buttonClicked.connect(lambda _tile: self.clicked.emit())
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GAP_S_PX)
        self._columns = MAX_COLUMNS
        self._tile_px = TILE_WIDTH_PX
        """The width that the widest title needs."""
        self._kept = ""
        """The last choice; it stays while no agents are known."""
        self._typed = ""
        self._last_typed = QElapsedTimer()
        self.setAccessibleName(new_chat_texts.AGENT())

    def set_agents(self, agents: Mapping[str, Agent], is_installed: Callable[[Agent], bool]) -> None:
        """Show these agents; those that are not installed are greyed."""
        if list(agents.values()) == [tile.agent for tile in self._tiles.values()]:
            # New tiles would get the keyboard only once they are shown, and keys until then would be lost.
            for tile in self._tiles.values():
                tile.set_installed(is_installed(tile.agent))
            return
        self._kept = self.current() or self._kept
        for tile in self._tiles.values():
            self._group.removeButton(tile)
            self._grid.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        self._tiles = {}
        for index, agent in enumerate(agents.values()):
            tile = AgentTile(self._theme, agent, index, installed=is_installed(agent))
            self._tiles[agent.name] = tile
            self._group.addButton(tile)
        widest = max((tile.width_for_title() for tile in self._tiles.values()), default=0)
        self._tile_px = min(max(widest, TILE_WIDTH_PX), MAX_TILE_WIDTH_PX)
        self._columns = self._fitting_columns()
        self._arrange()
        self.choose(self._kept)

    def _arrange(self) -> None:
        for tile in self._tiles.values():
            self._grid.removeWidget(tile)
        for index, tile in enumerate(self._tiles.values()):
            self._grid.addWidget(tile, index // self._columns, index % self._columns)

    def minimumSizeHint(self) -> QSize:
        rows = max(-(-len(self._tiles) // self._columns), 1)
        return QSize(TILE_WIDTH_PX, rows * (TILE_HEIGHT_PX + GAP_S_PX) - GAP_S_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        fitting = self._fitting_columns()
        if fitting != self._columns:
            self._columns = fitting
            self._arrange()
            self.updateGeometry()

    def _fitting_columns(self) -> int:
        return min(max((self.width() + GAP_S_PX) // (self._tile_px + GAP_S_PX), 1), MAX_COLUMNS)

    def current(self) -> str:
        """The chosen agent's name, "" for none."""
        tile = self.current_tile()
        return tile.agent.name if tile is not None else ""

    def current_tile(self) -> AgentTile | None:
        """The chosen agent's tile, None if no agent is chosen."""
        tile = self._group.checkedButton()
        return tile if isinstance(tile, AgentTile) else None

    def is_installed(self, name: str) -> bool:
        """Whether an agent's program is installed."""
        return name in self._tiles and self._tiles[name].installed

    def are_outdated(self, is_installed: Callable[[Agent], bool]) -> bool:
        """Whether an agent was installed, or removed, since the tiles were made."""
        return any(tile.installed != is_installed(tile.agent) for tile in self._tiles.values())

    def first_installed(self) -> str:
        """The first agent that can be started without further input; an endpoint needs a server first."""
        installed = [name for name, tile in self._tiles.items() if tile.installed]
        own_programs = [name for name in installed if self._tiles[name].agent.executable]
        return next(iter([*own_programs, *(name for name in installed if name != ENDPOINT), *installed]), "")

    def choose(self, name: str) -> None:
        """Choose an agent."""
        if name in self._tiles:
            self._tiles[name].setChecked(True)

    def focus(self) -> None:
        """Give the chosen tile the keyboard focus."""
        tile = self._tiles.get(self.current())
        if tile is not None:
            tile.setFocus(Qt.FocusReason.TabFocusReason)

    def _on_toggled(self, tile: QAbstractButton, checked: bool) -> None:
        if checked and isinstance(tile, AgentTile):
            # Tab reaches only the chosen tile; the arrow keys reach the others.
            for other in self._tiles.values():
                other.setFocusPolicy(Qt.FocusPolicy.StrongFocus if other is tile else Qt.FocusPolicy.ClickFocus)
            self.chosen.emit(tile.agent.name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        names = list(self._tiles)
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self._columns,
            Qt.Key.Key_Down: self._columns,
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None and self._type(event.text()):
            return
        if step is None or self.current() not in names:
            super().keyPressEvent(event)
            return
        at = names.index(self.current()) + step
        if 0 <= at < len(names):
            self.choose(names[at])
            self.focus()

    def _type(self, text: str) -> bool:
        """Choose an agent by the letters typed in a row, an installed one first; False if ``text`` has no letter.

        The letters begin its title, or else another word of it. The same letter again chooses the next such agent.
        """
        if not text.isalnum():
            return False
        is_first = not self._last_typed.isValid() or self._last_typed.elapsed() > QApplication.keyboardInputInterval()
        self._last_typed.start()
        self._typed = text.lower() if is_first else self._typed + text.lower()
        tiles = [tile for tile in self._tiles.values() if f" {self._typed}" in f" {tile.agent.title}".lower()]
        tiles = [tile for tile in tiles if tile.agent.title.lower().startswith(self._typed)] or tiles
        tiles.sort(key=lambda tile: not tile.installed)
        fitting = [tile.agent.name for tile in tiles]
        if fitting:
            at = fitting.index(self.current()) + 1 if is_first and self.current() in fitting else 0
            self.choose(fitting[at % len(fitting)])
            self.focus()
        return True
