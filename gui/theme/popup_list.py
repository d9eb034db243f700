"""A list that drops down over other widgets, as of completions.

It is a child widget, not a popup window. Qt gives a popup all keys: keys that are typed ahead while the window is busy
would go to the closed popup, and be lost.
"""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

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
