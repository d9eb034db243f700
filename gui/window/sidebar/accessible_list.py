"""The list of chats for screen readers: each entry says its action, whether it is open, and whether a group is folded.

Qt's own interface of a list gives every entry the same action, which selects it. Entries are made when they are asked
for; they are widgets that are never shown, since Qt frees interfaces with their objects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget, QListView, QWidget

from gui.garbage import delete
from gui.wording import common_texts, window_texts

from .entries import ChatRow, Entry, Heading, MachineLine, key_of, spoken_text
from .model import SidebarModel


class ListedEntry(QWidget):
    """A row of the list, as screen readers see it.

    Attributes:
        view: the list.
    """

    def __init__(self, view: QListView, index: QModelIndex, activate: Callable[[QModelIndex], object]) -> None:
        """Make it for a row; ``activate`` does what Enter does with one."""
        super().__init__(view)
        self._index = QPersistentModelIndex(index)
        self.view, self._activate = view, activate
        self.hide()

    def accessible_interface(self) -> QAccessibleInterface:
        """The row's accessible interface."""
        return _EntryInterface(self)

    @property
    def index(self) -> QModelIndex:
        """The row; invalid once it is removed."""
        return self.view.model().index(self._index.row(), 0) if self._index.isValid() else QModelIndex()

    @property
    def entry(self) -> Entry | None:
        """The entry in the row; None if there is no such row any more."""
        model = self.view.model()
        assert isinstance(model, SidebarModel)
        return model.entry(self.index)

    def activate(self) -> None:
        """Do what Enter does with the row."""
        if (index := self.index).isValid():
            self._activate(index)


class ListedEntries:
    """The entries of a list that a screen reader has asked for."""

    def __init__(self, view: QListView, model: SidebarModel, activate: Callable[[QModelIndex], object]) -> None:
        """Make none yet; ``activate`` does what Enter does with a row."""
        self._view, self._model, self._activate = view, model, activate
        self._made: dict[str, ListedEntry] = {}
        model.rowsRemoved.connect(self._delete_removed)

    def at(self, row: int) -> ListedEntry | None:
        """The entry in a row; None if there is no such row."""
        index = self._model.index(row)
        entry = self._model.entry(index)
        if entry is None:
            return None
        key = key_of(entry)
        if key not in self._made:
            self._made[key] = ListedEntry(self._view, index, self._activate)
        return self._made[key]

    def _delete_removed(self) -> None:
        for key in [key for key, entry in self._made.items() if not entry.index.isValid()]:
            delete(self._made.pop(key))


class ChatListInterface(QAccessibleWidget):
    """The accessible interface of the list."""

    def __init__(self, view: QListView, entries: ListedEntries) -> None:
        super().__init__(view, QAccessible.Role.List)
        self._view, self._entries = view, entries

    def childCount(self) -> int:
        return self._view.model().rowCount()

    def child(self, number: int) -> Any:
        return self._interface(number)

    def childAt(self, x: int, y: int) -> Any:
        viewport = self._view.viewport()
        index = self._view.indexAt(viewport.mapFromGlobal(QPoint(x, y)))
        return self._interface(index.row()) if index.isValid() else None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        entry = child.object()
        return entry.index.row() if isinstance(entry, ListedEntry) else -1

    def focusChild(self) -> Any:
        index = self._view.currentIndex()
        return self._interface(index.row()) if self._view.hasFocus() and index.isValid() else None

    def _interface(self, row: int) -> QAccessibleInterface | None:
        entry = self._entries.at(row)
        return QAccessible.queryAccessibleInterface(entry) if entry is not None else None


class _EntryInterface(QAccessibleWidget):
    """The accessible interface of a row."""

    def __init__(self, entry: ListedEntry) -> None:
        super().__init__(entry, QAccessible.Role.ListItem)
        self._entry = entry

    def text(self, kind: QAccessible.Text) -> str:
        entry = self._entry.entry
        return spoken_text(entry) if entry is not None and kind == QAccessible.Text.Name else ""

    def rect(self) -> QRect:
        """Its area on the desktop."""
        viewport = self._entry.view.viewport()
        area = self._entry.view.visualRect(self._entry.index)
        return QRect(viewport.mapToGlobal(area.topLeft()), area.size())

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        listed, view, index = self._entry.entry, self._entry.view, self._entry.index
        area = view.visualRect(index)
        state.invisible = listed is None or not view.isVisible()
        state.offscreen = not view.viewport().rect().intersects(area)
        is_current = view.currentIndex() == index
        state.focusable = True
        state.focused = is_current and view.hasFocus()
        if isinstance(listed, ChatRow):
            state.selectable = True
            state.selected = view.selectionModel().isSelected(index)
            state.active = listed.active
        elif isinstance(listed, Heading):
            state.expandable = True
            state.expanded, state.collapsed = not listed.folded, listed.folded
        return state

    def actionNames(self) -> list[str]:
        match self._entry.entry:
            case ChatRow():
                return [common_texts.OPEN()]
            case Heading(folded=folded):
                return [window_texts.UNFOLD_GROUP() if folded else window_texts.FOLD_GROUP()]
            case MachineLine(action=action) if action:
                return [action]
            case _:
                return []

    def localizedActionName(self, name: str) -> str:
        return name

    def keyBindingsForAction(self, _name: str) -> list[str]:
        return ["Return"]

    def doAction(self, name: str) -> None:
        if name in self.actionNames():
            self._entry.activate()
