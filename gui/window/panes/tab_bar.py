"""The row of open chats: state, agent's letters, name, close on hover; dragged into order.

Tabs are as wide as their names up to a limit. Without enough room, the widest tabs shrink first, and names are cut at
their end. Only the tab in front then has space for its close button, in addition to its width. When all tabs have
their minimum width, a button with a list of all tabs appears.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import PurePath
from typing import NamedTuple

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QHelpEvent,
    QIcon,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractButton, QStyle, QStyleOptionTab, QStylePainter, QTabBar, QWidget

from gui.theme.icons import LETTERS_PX, Glyph, mark_icon, paint_glyph
from gui.theme.menu import temporary_menu
from gui.theme.theme import Theme
from gui.theme.tokens import BAR_HEIGHT_PX, GAP_S_PX, ICON_PX
from gui.theme.tooltips import set_tooltip, show_tooltip
from gui.window.widgets.parts import GlyphLabel, IconButton
from gui.wording import window_texts
from gui.wording.machine_texts import on_machine
from session_host.standing.groups import Mark


class CloseButton(QAbstractButton):
    """A tab's ×; painted only while its tab is in front or under the pointer, so that it does not distract."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.visible_mark = False
        self.setFixedSize(20, 20)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)  # It looks different under the mouse.

    def sizeHint(self) -> QSize:
        return QSize(20, 20)

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
            painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        color = tokens.color("text" if self.underMouse() else "secondary")
        paint_glyph(painter, Glyph.CLOSE, QRectF(4, 4, 12, 12), color)
        painter.end()


MIN_TAB_PX = 96


def fit_widths(wanted: list[int], room: int, front: int = -1, button_px: int = 0) -> list[int]:
    """The widths of tabs in a row of ``room`` pixels: the widest tabs shrink first, none below ``MIN_TAB_PX``.

    The tab ``front`` gets ``button_px`` in addition, since only its button is shown, so that its name has as much room
    as the others.
    """
    if sum(wanted) <= room or not wanted:
        return wanted
    extra = [button_px if index == front else 0 for index in range(len(wanted))]
    names = [width - more for width, more in zip(wanted, extra, strict=True)]
    left, most = room - sum(extra), MIN_TAB_PX
    for done, width in enumerate(sorted(names)):
        share = left // (len(names) - done)
        if width > share:
            most = max(share, MIN_TAB_PX)
            break
        left -= width
    return [min(width, most) + more for width, more in zip(names, extra, strict=True)]


MAX_TAB_PX = 208
CLOSE_PX = 20
CLOSE_AND_GAP_PX = CLOSE_PX + 4
"""A close button with the gap that Qt leaves before it."""
OVERFLOW_PX = 32
BELL_PX = GAP_S_PX + ICON_PX
"""A tab's bell, with the space before it."""
OUT_PX = 12
"""A tab that is dragged this far beyond its row leaves the row."""
AROUND_NAME_PX = 10 + ICON_PX + LETTERS_PX + 6 + 6 + CLOSE_AND_GAP_PX
"""The width of a tab beside its name: its padding, the mark and the button."""
_NAME_CHARACTERS = 18
"""How much of a name is left before what tells it from others of that name."""


_ENDED = frozenset({Mark.ENDED, Mark.FAILED, Mark.INTERRUPTED})


class TabLook(NamedTuple):
    """The content of a tab: a chat's name, state, directory and status, whether it has unseen output, its colour.

    ``rang`` says why it is marked with a bell; "" for no mark. ``started`` is the time of the chat's start. A shell may
    end when its tab is closed. ``machine`` is the name of the chat's machine; "" for this one. ``letters`` are
    its agent's.
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
    """

    chosen = Signal(str)
    close_requested = Signal(str)
    menu_requested = Signal(str, QPoint)
    reordered = Signal()
    dragged_out = Signal(str)
    double_clicked = Signal(str)
    crowded = Signal(bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._looks: dict[str, TabLook] = {}
        self._sizes: list[QSize] = []
        """The sizes of all tabs, saved since Qt asks for each several times whenever a tab changes."""
        self._sized_for = -1
        """The tab in front at that time."""
        self.overflow_px = OVERFLOW_PX
        self._is_tight = self._is_crowded = False
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
        # Qt paints an icon in the middle of this size, and the name from the icon's own width on.
        self.setIconSize(QSize(ICON_PX + LETTERS_PX, ICON_PX))
        self.setFixedHeight(BAR_HEIGHT_PX)
        self.setAccessibleName(window_texts.OPEN_CHATS())
        self.currentChanged.connect(self._on_current)
        self.tabMoved.connect(self._on_moved)
        self.tabBarDoubleClicked.connect(lambda index: self.double_clicked.emit(self.id_at(index)))
        theme.changed.connect(self._apply_theme)

    def minimumSizeHint(self) -> QSize:
        return QSize(64, BAR_HEIGHT_PX)

    # ------------------------------------------------------------ tabs by id

    def id_at(self, index: int) -> str:
        """The chat of a tab; "" if there is no such tab."""
        return str(self.tabData(index)) if 0 <= index < self.count() else ""

    def mark_at(self, index: int) -> QIcon:
        """The mark of a tab's chat, for menus."""
        look = self._looks[self.id_at(index)]
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
            self.insertTab(index, self._icon(look), tab_text(look.name))
            self.setTabData(index, session_id)
            self._looks[session_id] = look
        self._name_tabs()
        self._share_out()
        for index, (session_id, look) in enumerate(looks.items(), first):
            button = CloseButton(self._theme, self)
            button.clicked.connect(partial(self.close_requested.emit, session_id))
            if self._is_tight and index != self.currentIndex():
                button.setFixedSize(0, CLOSE_PX)
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
        if bool(previous.rang) != bool(look.rang):
            self._sizes = []
        if (previous.name, previous.directory, previous.started) != (look.name, look.directory, look.started):
            self._name_tabs()
        if (previous.mark, previous.unseen, previous.label) != (look.mark, look.unseen, look.label):
            self.setTabIcon(index, self._icon(look))
        self._show_details(index, look)

    def _show_details(self, index: int, look: TabLook) -> None:
        """Show a tab's bell, and set its tool tip and the texts for screen readers."""
        name = on_machine(look.name, look.machine)
        if bool(look.rang) != (self.tabButton(index, QTabBar.ButtonPosition.LeftSide) is not None):
            self._show_bell(index, bool(look.rang))
        unseen = look.rang or (window_texts.UNREAD() if look.unseen else "")
        state = ", ".join(filter(None, (look.mark.value, unseen)))
        started = window_texts.STARTED(time=look.started) if look.started else ""
        label = window_texts.labelled_color(look.label)
        self.setTabToolTip(index, "\n".join(filter(None, (f"{name}: {state}", look.directory, started, look.status))))
        self.setAccessibleTabName(index, ", ".join(filter(None, (name, state, label))))
        button = self.tabButton(index, QTabBar.ButtonPosition.RightSide)
        button.setAccessibleName(window_texts.CLOSE_TAB(name=name))
        set_tooltip(button, window_texts.close_tab_hint(keeps_running=look.mark not in _ENDED and not look.is_shell))

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
        painter.end()
        return picture

    def _name_tabs(self) -> None:
        """Show the names of all tabs."""
        shown = [index for index in range(self.count()) if self.id_at(index) in self._looks]
        names = distinct_names([self._looks[self.id_at(index)] for index in shown])
        for index, name in zip(shown, names, strict=True):
            if self.tabText(index) != tab_text(name):
                self._sizes = []
                self.setTabText(index, tab_text(name))

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

    def _apply_theme(self) -> None:
        for index in range(self.count()):
            if (look := self._looks.get(self.id_at(index))) is not None:
                self.setTabIcon(index, self._icon(look))

    def _icon(self, look: TabLook) -> QIcon:
        return mark_icon(look.mark, self._theme.tokens, dotted=look.unseen, label=look.label, letters=look.letters)

    def _show_bell(self, index: int, shown: bool) -> None:
        side = QTabBar.ButtonPosition.LeftSide
        previous = self.tabButton(index, side)
        bell = GlyphLabel(self._theme, Glyph.BELL, "accent") if shown else None
        if bell is not None:
            bell.setFixedWidth(BELL_PX)
            bell.setContentsMargins(GAP_S_PX, 0, 0, 0)
        self.setTabButton(index, side, bell)
        if previous is not None:
            previous.deleteLater()

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
        if len(self._sizes) != self.count() or self._sized_for != self.currentIndex():
            self._share_out()

    def _share_out(self) -> None:
        """Distribute the width among all tabs."""
        looks = [self._looks.get(self.id_at(number)) for number in range(self.count())]
        metrics = self.fontMetrics()
        names = [
            metrics.horizontalAdvance(self.tabText(number).replace("&&", "&")) + AROUND_NAME_PX
            for number in range(self.count())
        ]
        wanted = [name + (BELL_PX + 4 if look and look.rang else 0) for name, look in zip(names, looks, strict=True)]
        widths = fit_widths(
            [min(width, MAX_TAB_PX) for width in wanted], self.width(), self.currentIndex(), CLOSE_AND_GAP_PX
        )
        height = super().tabSizeHint(0).height() if widths else 0
        self._sizes = [QSize(width, height) for width in widths]
        self._sized_for = self.currentIndex()
        self._is_tight = any(width < min(name, MAX_TAB_PX) for width, name in zip(widths, names, strict=True))

    def _report_crowding(self) -> None:
        """Emit ``crowded`` if the tabs fit their row now, or fit it no more."""
        self._share_out_if_needed()
        room = self.width() + (self.overflow_px if self._is_crowded else 0)
        is_crowded = sum(size.width() for size in self._sizes) > room
        if is_crowded != self._is_crowded:
            self._is_crowded = is_crowded
            self.crowded.emit(is_crowded)

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
        side = QTabBar.ButtonPosition.RightSide
        for index in range(self.count()):
            button = self.tabButton(index, side)
            if isinstance(button, CloseButton):
                visible = index in {hovered, self.currentIndex()}
                width_px = 0 if self._is_tight and not visible else CLOSE_PX
                if button.visible_mark != visible:
                    button.visible_mark = visible
                    button.update()
                if button.width() != width_px:
                    button.setFixedSize(width_px, CLOSE_PX)
                    self.setTabButton(index, side, button)  # The bar looks at a button's size only then,
                    button.show()  # and hides the previous one, which this is.


def tab_text(name: str) -> str:
    """A name as a tab's text, where Qt takes & for a mnemonic's sign."""
    return name.replace("&", "&&")


class OverflowButton(IconButton):
    """Lists all open chats, when not all tabs can be seen."""

    def __init__(self, theme: Theme, bar: TabBar) -> None:
        super().__init__(theme, Glyph.EXPANDED, window_texts.ALL_OPEN_CHATS(), self.show_list)
        self._bar = bar
        self.hide()
        # The signal comes while the row is laid out; what is shown then gets the place of its neighbour.
        bar.crowded.connect(self.setVisible, Qt.ConnectionType.QueuedConnection)

    def show_list(self) -> None:
        """Show the list below the button; the chat that is shown is marked."""
        menu, bar = temporary_menu(self), self._bar
        for index in range(bar.count()):
            action = menu.addAction(bar.mark_at(index), bar.tabText(index), partial(bar.setCurrentIndex, index))
            font = action.font()
            font.setBold(index == bar.currentIndex())
            action.setFont(font)
        point = self.mapToGlobal(self.rect().bottomRight())
        point.setX(point.x() - menu.sizeHint().width())
        menu.popup(point)
