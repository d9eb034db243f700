"""Small controls: a plain label, a row that wraps, a list that drops down, the file dialog."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractItemModel,
    QCoreApplication,
    QEvent,
    QMargins,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import (
    QFontMetrics,
    QIcon,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QLayout,
    QLayoutItem,
    QListView,
    QPushButton,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QWidget,
)

from .icons import Glyph, glyph_icon
from .theme import Theme
from .tokens import GAP_S_PX, KEY_PX, font

_BUTTON_PX, _NARROW_BUTTON_PX = 36, 9
"""The room beside a button's text, and the same in a narrow card."""
_CAP_PX, _NARROW_CAP_PX = 13, 4
"""The space right of a button's key."""


class PlainLabel(QLabel):
    """A label that shows its text to the letter."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)


class FlowLayout(QLayout):
    """Places items from left to right, in as many lines as needed; after Qt's flow layout example.

    Each item has its own size, but is never wider than the layout; hidden items take no space. Lower items are in the
    middle of their line.

    It is always a widget's own layout: inside another layout, PySide forgets its items when any chat's page is
    deleted, and the next layout crashes.
    """

    def __init__(self, parent: QWidget, gap_px: int = GAP_S_PX) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setSpacing(gap_px)
        self.setContentsMargins(QMargins())

    def widgets(self) -> list[QWidget]:
        """The widgets, in order."""
        return [widget for item in self._items if (widget := item.widget()) is not None]

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), moves=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, moves=True)

    def sizeHint(self) -> QSize:
        """The size of all items in one line."""
        sizes = [item.sizeHint() for item in self._items if not item.isEmpty()]
        width = sum(size.width() for size in sizes) + self.spacing() * max(len(sizes) - 1, 0)
        return QSize(width, max((size.height() for size in sizes), default=0))

    def minimumSize(self) -> QSize:
        size = QSize(0, 0)
        for item in self._items:
            if not item.isEmpty():
                size = size.expandedTo(item.minimumSize())
        return size

    def _place(self, area: QRect, *, moves: bool) -> int:
        """The height of the items at an area's width; with ``moves``, put them there."""
        lines: list[list[tuple[QLayoutItem, QRect]]] = [[]]
        x = y = line_px = 0
        for item in self._items:
            if item.isEmpty():
                continue
            size = item.sizeHint()
            size.setWidth(min(size.width(), max(area.width(), 1)))
            if x and x + size.width() > area.width():
                x, y, line_px = 0, y + line_px + self.spacing(), 0
                lines.append([])
            lines[-1].append((item, QRect(area.topLeft() + QPoint(x, y), size)))
            x += size.width() + self.spacing()
            line_px = max(line_px, size.height())
        for line in lines if moves else ():
            highest_px = max((rect.height() for _, rect in line), default=0)
            for item, rect in line:
                item.setGeometry(rect.translated(0, (highest_px - rect.height()) // 2))
        return y + line_px


def flow(*controls: QWidget) -> QWidget:
    """A widget that contains these controls."""
    made = QWidget()
    layout = FlowLayout(made)
    for control in controls:
        layout.addWidget(control)
    policy = QSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Minimum)
    policy.setHeightForWidth(True)
    made.setSizePolicy(policy)
    return made


_ROW_PX = 26
_FRAME_PX = 6


class PopupDelegate(QStyledItemDelegate):
    """Makes rows as wide as the list, so that a long text is elided in it instead of being scrolled sideways."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, super().sizeHint(option, index).height())


class PopupList(QListView):
    """A list of texts, hidden at first; the keyboard focus stays with the field that it belongs to."""

    def __init__(self, parent: QWidget, model: QAbstractItemModel, name: str) -> None:
        """Make a list.

        Args:
            parent: the widget that the list may cover.
            model: the texts.
            name: the name for screen readers.
        """
        super().__init__(parent)
        self.setProperty("kind", "popup")
        self.setModel(model)
        self.setItemDelegate(PopupDelegate(self))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setUniformItemSizes(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setAccessibleName(name)
        self.hide()

    def height_for(self, rows: int) -> int:
        """The list's height with this number of rows, in pixels."""
        return rows * _ROW_PX + _FRAME_PX


_ICONS = {
    "backButton": Glyph.BACK,
    "forwardButton": Glyph.FOLDED,
    "toParentButton": Glyph.UP,
    "newFolderButton": Glyph.NEW_FOLDER,
    "listModeButton": Glyph.GRID,
    "detailModeButton": Glyph.LIST,
}
"""The icons of the buttons of Qt's dialog, by their object names: those of its style are black in each theme."""


class FileDialog(QFileDialog):
    """A dialog that does not block the window. Closing it deletes it."""

    def __init__(self, theme: Theme, parent: QWidget, title: str, directory: str) -> None:
        super().__init__(parent, title, directory)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        # The desktop's dialog has none of these widgets.
        for tool in self.findChildren(QToolButton):
            if (glyph := _ICONS.get(tool.objectName())) is not None:
                tool.setIcon(glyph_icon(glyph, theme.tokens, "text"))
        for row in self.findChildren(QDialogButtonBox):
            for button in row.buttons():
                button.setIcon(QIcon())


def set_look(widget: QWidget, name: str, value: str | bool) -> None:
    """Set a property that the style sheet knows."""
    if (widget.property(name) or "") != (value or ""):
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
        QCoreApplication.sendEvent(widget, QEvent(QEvent.Type.StyleChange))  # Else a frame keeps its previous padding.


def fit_buttons(row: FlowLayout, width: int, *, is_narrow: bool) -> None:
    """Wrap the names of buttons that are wider than their row; a narrow card has narrower buttons."""
    room = width - (_NARROW_BUTTON_PX if is_narrow else _BUTTON_PX)
    for widget in row.widgets():
        if isinstance(widget, QPushButton):
            text = _wrapped(widget.accessibleName(), widget.fontMetrics(), room)
            widget.setText(caption(text))
            set_look(widget, "wrapped", "\n" in text)
            set_look(widget, "narrow", is_narrow)
    row.invalidate()
    if (holder := row.parentWidget()) is not None:
        holder.updateGeometry()  # Else the card keeps the height that it had with the previous names.


def _wrapped(name: str, metrics: QFontMetrics, width: int) -> str:
    """A text in as many lines as it needs, so that the user can read all that a button allows.

    A word that is wider than a line begins behind the word before it.
    """
    lines = [""]
    for word in name.split(" "):
        longer = f"{lines[-1]} {word}".lstrip(" ")
        if metrics.horizontalAdvance(longer) <= width:
            lines[-1] = longer
            continue
        if metrics.horizontalAdvance(word) <= width:
            lines += [""] if lines[-1] else []
        elif lines[-1]:
            lines[-1] += " "
        for letter in word:
            if lines[-1] and metrics.horizontalAdvance(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return "\n".join(lines)


def show_text(label: QLabel, text: str, width: int) -> None:
    """Show a text in a label that wraps, words that are wider than it included."""
    metrics = label.fontMetrics()
    room = width - 2  # The metrics round down, and Qt breaks a line that just fits.
    is_wide = any(metrics.horizontalAdvance(word) > room for word in text.split())
    shown = "\n".join(_wrapped(line, metrics, room) for line in text.split("\n")) if is_wide else text
    if label.text() != shown:
        label.setText(shown)


class KeyCap(PlainLabel):
    """A key in small capitals, such as "ALT Y"."""

    def __init__(self, key: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setProperty("kind", "key")
        self.setFont(font(KEY_PX, bold=True, capitals=True))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.set_key(key)

    def set_key(self, key: str) -> None:
        """Show another key; "" for none."""
        self.setText(key.replace("+", " "))
        self.setVisible(bool(key))

    @property
    def room_px(self) -> int:
        """The width that it takes, with the space before it; 0 without a key."""
        return self.sizeHint().width() + GAP_S_PX if self.text() else 0


class KeyButton(QPushButton):
    """A button with the key that presses it, after its name. The name comes from anywhere, and wraps if it is long."""

    def __init__(self, name: str, kind: str = "answer") -> None:
        super().__init__()
        self.setProperty("kind", kind)
        self.setAutoDefault(True)  # Enter presses the button that has the keyboard.
        self._name, self._key, self._spoken = name, "", name
        self._cap = KeyCap(parent=self)
        self._update()

    def set_name(self, name: str, key: str = "", spoken: str = "") -> None:
        """Show another name and key; ``spoken`` is both for screen readers."""
        if (name, key) != (self._name, self._key):
            self._name, self._key, self._spoken = name, key, spoken or name
            self._update()

    def set_kind(self, kind: str) -> None:
        """Show it as another kind of button."""
        set_look(self, "kind", kind)
        self._paint_cap()

    def _update(self) -> None:
        self._cap.set_key(self._key)
        set_look(self, "keyed", bool(self._key))
        self.setAccessibleName(self._spoken)
        self.setText(caption(self._name))
        self.updateGeometry()
        self._place_cap()

    def fit(self, width: int, *, is_narrow: bool) -> QSize:
        """Wrap the name for a width; returns the size that the button then has."""
        pad_px = _NARROW_BUTTON_PX if is_narrow else _BUTTON_PX
        longest_px = max(map(self.fontMetrics().horizontalAdvance, self._name.split()), default=0)
        self._cap.set_key(self._key)
        if longest_px + pad_px + self._cap.room_px > width:
            self._cap.set_key("")  # The name comes first.
        set_look(self, "keyed", bool(self._cap.text()))
        text = _wrapped(self._name, self.fontMetrics(), max(width - pad_px - self._cap.room_px, 1))
        if self.text() != caption(text):
            self.setText(caption(text))
        set_look(self, "wrapped", "\n" in text)
        set_look(self, "narrow", is_narrow)
        size = self.sizeHint()
        return QSize(min(size.width(), width), size.height())

    def sizeHint(self) -> QSize:
        size = super().sizeHint()
        return QSize(size.width() + self._cap.room_px, size.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_cap()

    def _place_cap(self) -> None:
        size = self._cap.sizeHint()
        right_px = _NARROW_CAP_PX if self.property("narrow") else _CAP_PX
        left = self.width() - right_px - size.width()
        self._cap.setGeometry(left, (self.height() - size.height()) // 2, size.width(), size.height())

    def _paint_cap(self) -> None:
        is_on_accent = self.property("kind") == "primary" and self.isEnabled()
        set_look(self._cap, "kind", "key on accent" if is_on_accent else "key")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self._paint_cap()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._paint_cap()


def caption(name: str) -> str:
    """A button's text in which "&" is a character and marks no mnemonic."""
    return name.replace("&", "&&")
