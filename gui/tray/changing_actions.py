"""A part of a menu that is updated in place: an entry that stays keeps its action.

Desktops read the tray's menu over D-Bus and name an entry by a number, which belongs to its action. If the menu were
emptied and filled again, each entry would get another number, and a click on an entry that the desktop read before
would be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QMenu


class Entry(NamedTuple):
    """One entry of the menu; entries of one key are one entry for the user."""

    key: str
    text: str
    look: tuple[Any, ...] = ()
    """The arguments of the function that makes the entry's icon; () for no icon."""


class ChangingActions:
    """The actions of a menu's entries that change while the menu is known to the desktop."""

    def __init__(
        self,
        menu: QMenu,
        before: QAction | None,
        on_chosen: Callable[[str], None],
        icon_for: Callable[..., QIcon] | None = None,
    ) -> None:
        """Args:
        menu: the menu.
        before: the action that follows the entries; None for the menu's end.
        on_chosen: called with the key of an entry that the user chooses.
        icon_for: makes an entry's icon; called again only if the entry's look changes.
        """
        self._menu = menu
        self._before = before
        self._on_chosen = on_chosen
        self._icon_for = icon_for
        self._actions: dict[str, QAction] = {}
        self._looks: dict[str, tuple[Any, ...]] = {}

    def show(self, entries: Sequence[Entry]) -> None:
        """Show these entries, in this order."""
        for key in self._actions.keys() - {entry.key for entry in entries}:
            action = self._actions.pop(key)
            self._looks.pop(key, None)
            self._menu.removeAction(action)
            action.deleteLater()
        for entry in entries:
            action = self._actions.get(entry.key) or self._add(entry.key)
            action.setText(entry.text.replace("&", "&&"))
            if self._icon_for is not None and self._looks.get(entry.key) != entry.look:
                self._looks[entry.key] = entry.look
                action.setIcon(self._icon_for(*entry.look))
        self._put_in_order([self._actions[entry.key] for entry in entries])

    def _add(self, key: str) -> QAction:
        action = QAction(self._menu)
        action.triggered.connect(lambda _checked=False: self._on_chosen(key))
        self._actions[key] = action
        return action

    def _put_in_order(self, actions: list[QAction]) -> None:
        """Move as few actions as possible: a moved one gets another number."""
        shown = [action for action in self._menu.actions() if action in actions]
        blocks = SequenceMatcher(None, shown, actions, autojunk=False).get_matching_blocks()
        staying = [action for block in blocks for action in actions[block.b : block.b + block.size]]
        following = self._before
        for action in reversed(actions):
            if action in staying:
                pass
            elif following is None:
                self._menu.addAction(action)
            else:
                self._menu.insertAction(following, action)
            following = action
