"""Base of all sheets: dims the page behind it; Escape or a click outside closes it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX, SCRIM_ALPHA
from gui.window.widgets.parts import Area, Scrolled, label, stack

TOP_SHARE = 0.12
"""The distance of a sheet from the window's top, as a share of the window's height."""
ASK_PX = 560
LIST_PX = 680
LINES_PX = 880
"""The widths of sheets: of those that ask something, of those with a long list or agents, and of a program's lines."""


def button_row(*buttons: QWidget, words: QWidget | None = None) -> QHBoxLayout:
    """The last row of a sheet: its buttons on the right, and optional text before them."""
    return stack(QHBoxLayout(), words, *buttons, gap=GAP_S_PX, wide=words)


def field_grid(*rows: tuple[str, QWidget]) -> QGridLayout:
    """Fields with their names on the left, which screen readers say, too."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(GAP_M_PX)
    grid.setVerticalSpacing(GAP_S_PX)
    grid.setColumnStretch(1, 1)
    for at, (name, field) in enumerate(rows):
        field.setAccessibleName(name)
        grid.addWidget(label(name, "secondary"), at, 0)
        grid.addWidget(field, at, 1)
    return grid


class SheetBody(Area):
    """The sheet itself, without the dimmed page around it; a dialog for screen readers."""


class Sheet(QWidget):
    """Covers its parent, ``around``; ``body`` is the sheet itself, ``width_px`` wide if there is space.

    Signals:
        opened: the sheet is shown.
        closed: the sheet is closed; the keyboard focus should return to its previous widget.
        placed: the open sheet was placed, perhaps where it was before.

    Attributes:
        dims: whether the page around the sheet is dimmed.
        returns_focus: whether the widget that had the keyboard focus before has it again afterwards; else the page.
    """

    opened = Signal()
    closed = Signal()
    placed = Signal()

    returns_focus = False

    def __init__(
        self,
        theme: Theme,
        parent: QWidget,
        name: str,
        width_px: int,
        on_return: Callable[[], object] | None = None,
    ) -> None:
        """Create a sheet, which is closed; ``on_return`` is what Return does in any of its fields."""
        super().__init__(parent)
        self._on_return = on_return
        self.around = parent
        self.dims = True
        self._theme = theme
        self._width_px = width_px
        self.body = SheetBody("sheet", self)
        self.setAccessibleName(name)
        self.body.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        parent.installEventFilter(self)
        self.body.installEventFilter(self)
        self.hide()

    def lay_out(self, *parts: QWidget | QLayout, gap_px: int = GAP_M_PX, wide: QWidget | None = None) -> None:
        """Fill ``body`` with a column of these parts; ``wide`` takes the room that is left."""
        stack(QVBoxLayout(self.body), *parts, gap=gap_px, margins=GAP_L_PX, wide=wide)

    def acts_on_press(self, _point: QPointF, button: Qt.MouseButton, _modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a press on the sheet may answer."""
        return button == Qt.MouseButton.LeftButton

    @property
    def is_open(self) -> bool:
        """Whether the sheet is shown."""
        return not self.isHidden()

    def open(self) -> None:
        """Show the sheet; the caller then gives a field the keyboard focus."""
        self.center()
        self.show()
        self.raise_()
        self.opened.emit()

    def set_below(self, below: Sheet, opener: QWidget) -> None:
        """Make this a sheet over another one.

        It closes with the sheet ``below``. If only this sheet closes, ``opener``, a control of that sheet, gets the
        keyboard focus.
        """
        below.closed.connect(self.dismiss)
        self.closed.connect(lambda: opener.setFocus(Qt.FocusReason.OtherFocusReason) if below.is_open else None)

    def dismiss(self) -> None:
        """Hide the sheet."""
        if self.is_open:
            self.hide()
            self.closed.emit()

    def center(self) -> None:
        """Fit the sheet to its content, and place it."""
        self.setGeometry(self.around.rect())
        width = max(min(self._width_px, self.around.width() - 2 * GAP_L_PX), 0)
        self.body.setFixedWidth(width)
        layout = self.body.layout()
        if layout is not None:
            layout.activate()
        wanted = self.body.heightForWidth(width) if self.body.hasHeightForWidth() else self.body.sizeHint().height()
        self._place(width, max(wanted, 0))

    def _place(self, width: int, wanted: int) -> None:
        """Place the body at the same place of the window as every sheet, or as near to it as its page has room."""
        room, window = self.around.size(), self.around.window()
        place = self.around.mapFrom(window, QPoint((window.width() - width) // 2, round(window.height() * TOP_SHARE)))
        left = max(GAP_L_PX, min(place.x(), room.width() - width - GAP_L_PX))
        top = max(GAP_L_PX, min(place.y(), room.height() - wanted - GAP_L_PX))
        self.body.setGeometry(QRect(left, top, width, min(wanted, room.height() - 2 * GAP_L_PX)))
        if self.is_open:
            self.placed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        resized = event.type() == QEvent.Type.Resize and watched is self.around
        if self.is_open and resized and self._is_focused_in_view():
            QTimer.singleShot(0, self, self._scroll_to_focused)  # after the controls have got their places
        # The sheet's content has changed its size.
        if self.is_open and (resized or (event.type() == QEvent.Type.LayoutRequest and watched is self.body)):
            self.center()
        return super().eventFilter(watched, event)

    def _scroll_to_focused(self) -> None:
        if (area := self._area_of_focused()) is not None:
            area.ensureWidgetVisible(self.focusWidget(), 0, GAP_M_PX)

    def _is_focused_in_view(self) -> bool:
        """Whether the user sees at least a part of the control with the keyboard focus, which is in a scroll area."""
        if (area := self._area_of_focused()) is None:
            return False
        focused, viewport = self.focusWidget(), area.viewport()
        return viewport.rect().intersects(QRect(focused.mapTo(viewport, QPoint()), focused.size()))

    def _area_of_focused(self) -> Scrolled | None:
        """The scroll area with the control that has the keyboard focus."""
        return next((each for each in self.body.findChildren(Scrolled) if each.isAncestorOf(self.focusWidget())), None)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Keep Tab within the sheet's own controls."""
        controls = [
            child
            for child in self.body.findChildren(QWidget)
            if child.isVisible() and child.isEnabled() and child.focusPolicy() & Qt.FocusPolicy.TabFocus
        ]
        chain = self._in_tab_order(controls)
        if not chain:
            return False
        current = self.focusWidget()
        at = chain.index(current) if current in chain else -1
        following = chain[(at + (1 if forward else -1)) % len(chain)]
        following.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
        for area in self.body.findChildren(Scrolled):
            if area.isAncestorOf(following):
                area.ensureWidgetVisible(following)
        return True

    def _in_tab_order(self, controls: list[QWidget]) -> list[QWidget]:
        wanted = set(controls)
        found: list[QWidget] = []
        widget = self.body.nextInFocusChain()
        while widget is not None and widget is not self.body:
            if widget in wanted:
                found.append(widget)
            widget = widget.nextInFocusChain()
        return found

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        elif self._on_return is not None and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._on_return()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.body.geometry().contains(event.position().toPoint()):
            self.dismiss()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.dims:
            return
        tokens = self._theme.tokens
        color = tokens.color("scrim")
        color.setAlpha(SCRIM_ALPHA[tokens.name])
        painter = QPainter(self)
        painter.fillRect(self.rect(), color)
        painter.end()


def is_over_window(widget: QWidget | None) -> bool:
    """Whether a widget is a part of a sheet over its window, and not over one page."""
    while widget is not None and not isinstance(widget, Sheet):
        widget = widget.parentWidget()
    return widget is not None and widget.around.isWindow()
