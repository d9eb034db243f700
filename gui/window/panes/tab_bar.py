"""The row of open chats: state, agent's letters, name, close on hover; dragged into order.

Tabs are as wide as their content up to a limit. Without enough room, all have the same width: below a certain one the
letters go, and names are cut at their end. When all tabs have their minimum width, a button with the number of those
that are not seen appears, and lists all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import PurePath
from typing import NamedTuple

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QHideEvent,
    QIcon,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QAbstractButton, QStyle, QStyleOptionTab, QStylePainter, QTabBar, QToolButton, QWidget

from gui.bridge.sparklines import HIGHEST, LIVE_BARS
from gui.theme.icons import (
    LABEL_PX,
    Glyph,
    glyph_icon,
    mark_icon,
    paint_glyph,
    paint_label,
    paint_live_mark,
    paint_mark,
)
from gui.theme.menu import temporary_menu
from gui.theme.theme import Theme
from gui.theme.tokens import BAR_HEIGHT_PX, HEADING_PX, ICON_PX, MARK_PX, SECONDARY_PX, font
from gui.theme.tooltips import set_tooltip, show_tooltip
from gui.wording import window_texts
from gui.wording.machine_texts import on_machine
from session_host.standing.groups import Mark


class CloseButton(QAbstractButton):
    """A tab's ×; painted only while its tab is in front or under the pointer, so that it does not distract.

    It is a square with the space between it and the line at the tab's end.
    """

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.visible_mark = False
        self.setFixedSize(CLOSE_PX + _RIGHT_PX - _LINE_PX, CLOSE_PX)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)  # It looks different under the mouse.

    def sizeHint(self) -> QSize:
        return self.size()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not (self.visible_mark or self.underMouse()):
            return
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse():
            background = QColor(tokens.text)
            background.setAlphaF(0.12)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(background)
            painter.drawRoundedRect(QRectF(0, 0, CLOSE_PX, CLOSE_PX), 4, 4)
        color = tokens.color("text" if self.underMouse() else "secondary")
        paint_glyph(painter, Glyph.CLOSE, QRectF(4, 4, 12, 12), color)
        painter.end()


MIN_TAB_PX, MAX_TAB_PX = 96, 208
LETTERS_FROM_PX = 160
"""Tabs without room for their content show their agents' letters only from this width on."""
OVERFLOW_PX = 56
OUT_PX = 12
"""A tab that is dragged this far beyond its row leaves the row."""
CLOSE_PX = 20
_LEFT_PX, _RIGHT_PX, _BETWEEN_PX = 12, 8, 6
_TIGHT_LEFT_PX, _TIGHT_RIGHT_PX = 8, 4
"""The space beside the content of a tab of the least width."""
_LINE_PX = 1
"""The line between two tabs, at the right end of each; Qt places a tab's widgets at its left edge and at the line."""
_DOT_PX = 6
_GLYPH_PX = 13


def fit_widths(wanted: list[int], room: int) -> list[int]:
    """The widths of tabs in a row of ``room`` pixels.

    If it has no room for all as wide as they want to be, all are alike: as many as fit with ``MIN_TAB_PX`` fill it.
    """
    if sum(wanted) <= room or not wanted:
        return wanted
    seen = min(max(room // MIN_TAB_PX, 1), len(wanted))
    width, rest = divmod(max(room, MIN_TAB_PX), seen)
    if seen < len(wanted):
        return [width] * len(wanted)
    return [width + (index < rest) for index in range(seen)]


_NAME_CHARACTERS = 18
"""How much of a name is left before what tells it from others of that name."""


_ENDED = frozenset({Mark.ENDED, Mark.FAILED, Mark.INTERRUPTED})


class TabLook(NamedTuple):
    """The content of a tab: a chat's name, state, directory and status, whether it has unseen output, its colour.

    ``rang`` says why it is marked with a bell; "" for no mark. ``started`` is the time of the chat's start. A shell may
    end when its tab is closed. ``machine`` is the name of the chat's machine; "" for this one. ``letters`` are
    its agent's. ``bars`` are its output of the last seconds, see ``Sparklines``, while it works.
    A page without a chat has a ``glyph`` in place of mark and letters.
    """

    name: str
    mark: Mark
    directory: str = ""
    status: str = ""
    unseen: bool = False
    rang: str = ""
    label: str = ""
    started: str = ""
    is_shell: bool = False
    machine: str = ""
    letters: str = ""
    bars: tuple[int, ...] = ()
    glyph: Glyph | None = None


def distinct_names(looks: Sequence[TabLook]) -> list[str]:
    """The names of tabs; those of one name have behind it what differs.

    That is the machine; on one machine, the last part of the directory, or else the start.
    """
    machines: dict[str, set[str]] = {}
    for look in looks:
        machines.setdefault(look.name, set()).add(look.machine)
    looks = [
        look._replace(name=on_machine(look.name, look.machine)) if len(machines[look.name]) > 1 else look
        for look in looks
    ]
    names = Counter(look.name for look in looks)
    whole = {(look.name, look.directory) for look in looks}
    last = Counter((name, PurePath(directory).name) for name, directory in whole)
    directories, same = Counter(name for name, _ in whole), Counter((look.name, look.directory) for look in looks)
    found = []
    for look in looks:
        part = PurePath(look.directory).name
        directory = part if part and last[look.name, part] == 1 else look.directory
        details = (
            directory if directories[look.name] > 1 else "",
            look.started if same[look.name, look.directory] > 1 else "",
        )
        is_long = any(details) and len(look.name) > _NAME_CHARACTERS
        name = f"{look.name[: _NAME_CHARACTERS - 1]}…" if is_long else look.name
        found.append(" · ".join(filter(None, (name, *details))) if names[look.name] > 1 else look.name)
    return found


class TabFace(QWidget):
    """What a tab shows beside its close button: mark, agent's letters, name, and what was not seen.

    Attributes:
        look: its content; ``name`` what is shown as its name.
        is_front, is_hovered: whether the tab is in front, or under the pointer; it then has a close button.
        is_tight: whether the row has no room for all tabs; without a mark, the name then begins in its place.
    """

    def __init__(self, theme: Theme, parent: QWidget, look: TabLook) -> None:
        super().__init__(parent)
        self._theme = theme
        self.look, self.name = look, look.name
        self.is_front = self.is_hovered = self.is_tight = False
        self._tab_px = MIN_TAB_PX
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        theme.changed.connect(self.update)

    @property
    def wanted_px(self) -> int:
        """How wide the tab is with all of its content, and with a mark and a close button, which come and go."""
        letters = _width(_letters_font(), self.look.letters)
        # A text that just fits is wider than its advance in whole pixels.
        parts = (MARK_PX, letters, _width(font(), self.name) + 2, CLOSE_PX)
        return _LEFT_PX + sum(parts) + _BETWEEN_PX * (3 if letters else 2) + _RIGHT_PX

    def fit(self, tab_px: int, *, is_tight: bool) -> None:
        """Fill a tab of this width."""
        self._tab_px, self.is_tight = tab_px, is_tight
        self.setFixedSize(tab_px - _TIGHT_RIGHT_PX, CLOSE_PX)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint(painter)
        painter.end()

    def paint(self, painter: QPainter) -> None:
        """Paint the content at the painter's origin."""
        look, tokens, middle = self.look, self._theme.tokens, self.height() / 2
        is_least = self.is_tight and self._tab_px < MIN_TAB_PX + _LEFT_PX
        left = _TIGHT_LEFT_PX if is_least else _LEFT_PX
        right = self._tab_px - (_TIGHT_RIGHT_PX if is_least else _RIGHT_PX)
        if self.is_front or self.is_hovered:
            right = self._tab_px - _RIGHT_PX - CLOSE_PX - _BETWEEN_PX
        ink = tokens.color("text" if self.is_front or self.is_hovered or look.unseen else "secondary")
        if look.label:
            stripe = QRectF(left - LABEL_PX - 3, middle - ICON_PX / 2, LABEL_PX, ICON_PX)
            paint_label(painter, stripe, tokens.label_color(look.label))
        if look.glyph is not None:
            place = QRectF(left, middle - _GLYPH_PX / 2, _GLYPH_PX, _GLYPH_PX)
            paint_glyph(painter, look.glyph, place, tokens.color("secondary"))
        elif look.mark is not Mark.IDLE:
            center = QPointF(left + MARK_PX / 2, middle)
            if look.mark is Mark.WORKING and look.bars:
                paint_live_mark(painter, center, tokens, [bar / HIGHEST for bar in look.bars[-LIVE_BARS:]])
            else:
                paint_mark(painter, look.mark, center, tokens)
        if look.glyph is not None or look.mark is not Mark.IDLE or not self.is_tight:
            left += MARK_PX + _BETWEEN_PX
        texts = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if look.letters and (not self.is_tight or self._tab_px >= LETTERS_FROM_PX):
            painter.setFont(_letters_font())
            painter.setPen(tokens.color("text" if self.is_front else "secondary"))
            painter.drawText(QRectF(left, 0, right - left, self.height()), texts, look.letters)
            left += _width(painter.font(), look.letters) + _BETWEEN_PX
        if look.rang:
            right -= MARK_PX + _BETWEEN_PX
        elif look.unseen:
            right -= _DOT_PX + _BETWEEN_PX
        painter.setFont(font())
        painter.setPen(ink)
        name = painter.fontMetrics().elidedText(self.name, Qt.TextElideMode.ElideRight, max(right - left, 0))
        painter.drawText(QRectF(left, 0, max(right - left, 0) + 1, self.height()), texts, name)
        left += painter.fontMetrics().horizontalAdvance(name) + _BETWEEN_PX
        if look.rang:
            place = QRectF(left, middle - MARK_PX / 2, MARK_PX, MARK_PX)
            paint_glyph(painter, Glyph.BELL, place, tokens.color("accent"))
        elif look.unseen:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens.color("accent"))
            painter.drawEllipse(QRectF(left, middle - _DOT_PX / 2, _DOT_PX, _DOT_PX))


def _letters_font() -> QFont:
    return font(HEADING_PX, bold=True)


def _width(of: QFont, text: str) -> int:
    return QFontMetrics(of).horizontalAdvance(text)


class TabBar(QTabBar):
    """Tabs by the ids of their chats.

    Attributes:
        overflow_px: the width that the list of all tabs takes from them while it is shown. With a wrong one, the list
            appears and disappears forever.

    Signals:
        chosen: a tab came to the front (its chat's id, "" for none).
        close_requested: a tab is to be closed.
        menu_requested: a tab's menu is to be shown at this point of the screen, or that of the empty part ("").
        reordered: tabs were dragged into another order.
        dragged_out: a tab is dragged away from the row.
        double_clicked: a tab was double clicked (its chat's id), or the empty part of the row ("").
        crowded: not all tabs can be seen, or all can again.
        shown: the row is visible now, or hidden.
        unseen_changed: other tabs than before are not in sight, or one of them looks different.
    """

    chosen = Signal(str)
    close_requested = Signal(str)
    menu_requested = Signal(str, QPoint)
    reordered = Signal()
    dragged_out = Signal(str)
    double_clicked = Signal(str)
    crowded = Signal(bool)
    shown = Signal()
    unseen_changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.overflow_px = OVERFLOW_PX
        self._looks: dict[str, TabLook] = {}
        self._sizes: list[QSize] = []
        """The sizes of all tabs, saved since Qt asks for each several times whenever a tab changes."""
        self._unseen: tuple[str, ...] = ()
        """The chats of the tabs that are not in sight."""
        self._is_crowded = False
        self._hovered = -1
        self._pressed = ""
        """The chat of the tab that the mouse holds."""
        self._clicked: str | None = None
        """The chat of the tab at the last press, "" for the empty part of the row; None once a tab was removed."""
        self.setMovable(True)
        self.setExpanding(False)
        self.setDrawBase(False)
        self.setElideMode(Qt.TextElideMode.ElideRight)
        self.setUsesScrollButtons(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self.setFixedHeight(BAR_HEIGHT_PX)
        self.setAccessibleName(window_texts.OPEN_CHATS())
        self.currentChanged.connect(self._on_current)
        self.tabMoved.connect(self._on_moved)
        self.tabBarDoubleClicked.connect(lambda index: self.double_clicked.emit(self.id_at(index)))

    def minimumSizeHint(self) -> QSize:
        return QSize(64, BAR_HEIGHT_PX)

    # ------------------------------------------------------------ tabs by id

    def id_at(self, index: int) -> str:
        """The chat of a tab; "" if there is no such tab."""
        return str(self.tabData(index)) if 0 <= index < self.count() else ""

    def mark_at(self, index: int) -> QIcon:
        """The mark of a tab's chat, for menus."""
        look = self._looks[self.id_at(index)]
        if look.glyph is not None:
            return glyph_icon(look.glyph, self._theme.tokens)
        return mark_icon(look.mark, self._theme.tokens, dotted=look.unseen, label=look.label)

    def ids(self) -> list[str]:
        """The chats in tab order."""
        return [self.id_at(index) for index in range(self.count())]

    def index_of(self, session_id: str) -> int:
        """The tab of a chat; -1 if it has none."""
        return next((index for index in range(self.count()) if self.id_at(index) == session_id), -1)

    def add_tabs(self, looks: Mapping[str, TabLook], at: int = -1) -> None:
        """Add tabs of chats without bringing one to the front (the first comes there by itself)."""
        first = at if at >= 0 else self.count()
        # Signals and widths wait until the tabs know their chats.
        self.blockSignals(True)
        for index, (session_id, look) in enumerate(looks.items(), first):
            self.insertTab(index, tab_text(look.name))
            self.setTabData(index, session_id)
            self._looks[session_id] = look
            self.setTabButton(index, QTabBar.ButtonPosition.LeftSide, TabFace(self._theme, self, look))
        self._name_tabs()
        self._share_out()
        for index, (session_id, look) in enumerate(looks.items(), first):
            button = CloseButton(self._theme, self)
            button.clicked.connect(partial(self.close_requested.emit, session_id))
            self.setTabButton(index, QTabBar.ButtonPosition.RightSide, button)
            self._show_details(index, look)
        self.blockSignals(False)
        self._hovered = -1
        self.resizeEvent(QResizeEvent(self.size(), self.size()))  # Qt lays the tabs out again only then.

    def describe(self, session_id: str, look: TabLook) -> None:
        """Show a tab as it is now; its tool tip has the directory and the status, too."""
        index, previous = self.index_of(session_id), self._looks.get(session_id)
        if previous is None or look == previous:
            return
        self._looks[session_id] = look
        face = self._face(index)
        face.look = look
        face.update()
        if (previous.name, previous.directory, previous.started) != (look.name, look.directory, look.started):
            self._name_tabs()
        if previous._replace(bars=look.bars) != look:
            self._show_details(index, look)
        if session_id in self._unseen:
            self.unseen_changed.emit()

    def _face(self, index: int) -> TabFace:
        face = self.tabButton(index, QTabBar.ButtonPosition.LeftSide)
        assert isinstance(face, TabFace)
        return face

    def _show_details(self, index: int, look: TabLook) -> None:
        """Set a tab's tool tip and the texts for screen readers."""
        name = on_machine(look.name, look.machine)
        unseen = look.rang or (window_texts.UNREAD() if look.unseen else "")
        state = "" if look.glyph is not None else ", ".join(filter(None, (look.mark.value, unseen)))
        started = window_texts.STARTED(time=look.started) if look.started else ""
        label = window_texts.labelled_color(look.label)
        first = f"{name}: {state}" if state else name
        self.setTabToolTip(index, "\n".join(filter(None, (first, look.directory, started, look.status))))
        self.setAccessibleTabName(index, ", ".join(filter(None, (name, state, label))))
        button = self.tabButton(index, QTabBar.ButtonPosition.RightSide)
        button.setAccessibleName(window_texts.CLOSE_TAB(name=name))
        runs_on = look.glyph is None and look.mark not in _ENDED and not look.is_shell
        set_tooltip(button, window_texts.close_tab_hint(keeps_running=runs_on))

    def picture_of(self, index: int) -> QPixmap:
        """A tab's picture without its buttons. The tab itself may be elsewhere in the row while the mouse moves it."""
        option = QStyleOptionTab()
        self.initStyleOption(option, index)
        ratio = self.devicePixelRatioF()
        picture = QPixmap(option.rect.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(self.palette().window().color())
        painter = QStylePainter(picture, self)
        painter.translate(-option.rect.topLeft())  # In a rectangle moved to 0, Qt draws the name of the first tab only.
        painter.drawControl(QStyle.ControlElement.CE_TabBarTab, option)
        face = self._face(index)
        painter.translate(option.rect.left(), face.y())
        face.paint(painter)
        painter.end()
        return picture

    def _name_tabs(self) -> None:
        """Show the names of all tabs."""
        shown = [index for index in range(self.count()) if self.id_at(index) in self._looks]
        names = distinct_names([self._looks[self.id_at(index)] for index in shown])
        for index, name in zip(shown, names, strict=True):
            self._face(index).name = name
            if self.tabText(index) != tab_text(name):
                self._sizes = []
                self.setTabText(index, tab_text(name))
                self._face(index).update()

    def drop(self, session_id: str) -> None:
        """Remove a tab; if it was in front, its neighbour comes to the front."""
        index = self.index_of(session_id)
        if index >= 0:
            self._looks.pop(session_id, None)
            self._sizes = []
            self._clicked = None
            self.removeTab(index)
            self._name_tabs()

    def move_current(self, by: int) -> None:
        """Move the tab in front right (1) or left (-1), as far as the end of the row."""
        index = self.currentIndex()
        if 0 <= index + by < self.count():
            self.moveTab(index, index + by)
            self.resizeEvent(QResizeEvent(self.size(), self.size()))  # Qt scrolls to the tab in front only then.

    # ------------------------------------------------------------ widths

    def tabSizeHint(self, index: int) -> QSize:
        """How wide a tab is now."""
        if not self.signalsBlocked():
            self._share_out_if_needed()
        return self._sizes[index] if index < len(self._sizes) else QSize(MIN_TAB_PX, 35)

    def minimumTabSizeHint(self, index: int) -> QSize:
        """The same as ``tabSizeHint``, which has distributed the width already."""
        return self.tabSizeHint(index)

    def _share_out_if_needed(self) -> None:
        if len(self._sizes) != self.count():
            self._share_out()

    def _share_out(self) -> None:
        """Distribute the width among all tabs."""
        faces = [self._face(number) for number in range(self.count())]
        wanted = [min(max(face.wanted_px, MIN_TAB_PX), MAX_TAB_PX) for face in faces]
        widths = fit_widths(wanted, self.width())
        height = super().tabSizeHint(0).height() if widths else 0
        self._sizes = [QSize(width, height) for width in widths]
        for face, width in zip(faces, widths, strict=True):
            face.fit(width, is_tight=widths != wanted)

    def _report_crowding(self) -> None:
        """Emit ``crowded`` if the tabs fit their row now, or fit it no more."""
        self._share_out_if_needed()
        room = self.width() + (self.overflow_px if self._is_crowded else 0)
        is_crowded = self.count() * MIN_TAB_PX > room
        if is_crowded != self._is_crowded:
            self._is_crowded = is_crowded
            self.crowded.emit(is_crowded)

    @property
    def unseen(self) -> list[TabLook]:
        """The tabs that are not in sight."""
        return [self._looks[each] for each in self._unseen if each in self._looks]

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        # Whatever scrolled the row has painted it.
        middles = [self.tabRect(index).center().x() for index in range(self.count())]
        unseen = tuple(self.id_at(index) for index, x in enumerate(middles) if not 0 <= x < self.width())
        if unseen != self._unseen:
            self._unseen = unseen
            self.unseen_changed.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.shown.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._sizes = []
        super().resizeEvent(event)
        self._report_crowding()
        self._show_buttons(self._hovered)

    def changeEvent(self, event: QEvent) -> None:
        self._sizes = []  # The font may be another.
        super().changeEvent(event)

    def _on_current(self, index: int) -> None:
        self.chosen.emit(self.id_at(index))
        self._show_buttons(-1)

    def _on_moved(self, _from: int, _to: int) -> None:
        self._sizes = []
        self.reordered.emit()

    # ------------------------------------------------------------ the mouse

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            show_tooltip(event, self.tabToolTip(self.tabAt(event.pos())), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        is_left = event.button() == Qt.MouseButton.LeftButton
        self._clicked = self.id_at(self.tabAt(event.position().toPoint()))
        self._pressed = self._clicked if is_left else ""
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        is_same = self.id_at(self.tabAt(event.position().toPoint())) == self._clicked  # The press may have closed one.
        if event.button() == Qt.MouseButton.LeftButton and is_same:
            super().mouseDoubleClickEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        if self._pressed and not self.rect().adjusted(-OUT_PX, -OUT_PX, OUT_PX, OUT_PX).contains(point):
            # Qt's own dragging, which orders the tabs, ends here.
            button, kind = Qt.MouseButton.LeftButton, QEvent.Type.MouseButtonRelease
            position, there = event.position(), event.globalPosition()
            none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
            super().mouseReleaseEvent(QMouseEvent(kind, position, there, button, *none))
            session_id, self._pressed = self._pressed, ""
            self.dragged_out.emit(session_id)
            return
        super().mouseMoveEvent(event)
        self._show_buttons(self.tabAt(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._show_buttons(-1)

    def tabLayoutChange(self) -> None:
        super().tabLayoutChange()
        if self.signalsBlocked():
            return  # Tabs are being added.
        self._report_crowding()
        self._show_buttons(-1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = ""
        if event.button() == Qt.MouseButton.MiddleButton:
            session_id = self.id_at(self.tabAt(event.position().toPoint()))
            if session_id:
                self.close_requested.emit(session_id)
            return
        super().mouseReleaseEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_requested.emit(self.id_at(self.tabAt(event.pos())), event.globalPos())

    def _show_buttons(self, hovered: int) -> None:
        self._hovered = hovered
        for index in range(self.count()):
            button, face = self.tabButton(index, QTabBar.ButtonPosition.RightSide), self._face(index)
            if not isinstance(button, CloseButton):
                continue  # It is being added.
            is_front, is_hovered = index == self.currentIndex(), index == hovered
            if (face.is_front, face.is_hovered) != (is_front, is_hovered):
                face.is_front, face.is_hovered, button.visible_mark = is_front, is_hovered, is_front or is_hovered
                face.update()
                button.update()


def tab_text(name: str) -> str:
    """A name as a tab's text, where Qt takes & for a mnemonic's sign."""
    return name.replace("&", "&&")


class OverflowButton(QToolButton):
    """The number of tabs that are not in sight, with the mark of who asks; it lists all open chats."""

    def __init__(self, theme: Theme, bar: TabBar) -> None:
        super().__init__()
        self._theme, self._bar = theme, bar
        self.setFixedSize(OVERFLOW_PX, BAR_HEIGHT_PX - 1)
        self.clicked.connect(lambda _checked: self.show_list())
        self._describe()
        self.hide()
        # The signals come while the row is laid out or painted; what is shown then gets the place of its neighbour.
        bar.crowded.connect(self.setVisible, Qt.ConnectionType.QueuedConnection)
        bar.unseen_changed.connect(self._describe, Qt.ConnectionType.QueuedConnection)
        theme.changed.connect(self.update)

    @property
    def asks(self) -> bool:
        """Whether a chat whose tab is not in sight needs the user."""
        return any(look.mark is Mark.NEEDS_YOU for look in self._bar.unseen)

    def _describe(self) -> None:
        name = window_texts.more_open_chats(len(self._bar.unseen), asks=self.asks)
        set_tooltip(self, name)
        self.setAccessibleName(name)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = self._theme.tokens, QPainter(self)
        painter.fillRect(self.rect(), tokens.color("hover" if self.underMouse() or self.isDown() else "sidebar"))
        painter.fillRect(0, 0, 1, self.height(), tokens.color("hairline"))
        middle, left = self.height() / 2, _LEFT_PX - 2
        if self.asks:
            paint_mark(painter, Mark.NEEDS_YOU, QPointF(left + 5, middle), tokens, 10)
            left += 14
        painter.setFont(font(SECONDARY_PX))
        painter.setPen(tokens.color("secondary"))
        count = str(len(self._bar.unseen))
        texts = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(left, 0, self.width() - left, self.height()), texts, count)
        arrow = QRectF(self.width() - _RIGHT_PX - MARK_PX, middle - MARK_PX / 2, MARK_PX, MARK_PX)
        paint_glyph(painter, Glyph.EXPANDED, arrow, tokens.color("secondary"))
        painter.end()

    def show_list(self) -> None:
        """Show the list below the button; the chat that is shown is marked."""
        menu, bar = temporary_menu(self), self._bar
        for index in range(bar.count()):
            action = menu.addAction(bar.mark_at(index), bar.tabText(index), partial(bar.setCurrentIndex, index))
            chosen = action.font()
            chosen.setBold(index == bar.currentIndex())
            action.setFont(chosen)
        point = self.mapToGlobal(self.rect().bottomRight())
        point.setX(point.x() - menu.sizeHint().width())
        menu.popup(point)
