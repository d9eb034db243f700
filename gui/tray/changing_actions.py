"""A part of a menu that changes while the desktop knows the menu: a click on an entry that was read before still works.

Desktops read the tray's menu over D-Bus and name an entry by a number. Qt gives each action that is put into a menu
a new number, and forgets the number when the action leaves its place (``QDBusPlatformMenuItem``). So the action of a
moved or removed entry stays in the menu, hidden: a click on its number does what the entry did when the desktop read
it. The order cannot simply stay the same while the menu is open: some desktops do not say when they open it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QMenu

MAX_HIDDEN = 30
"""How many hidden actions a menu keeps; desktops read the menu again within a second, or when it is closed."""


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
        self._actions: dict[QAction, str] = {}
        """The keys of all actions, shown and hidden."""
        self._hidden: dict[QAction, None] = {}
        """The hidden actions, in the order in which they were hidden."""
        self._looks: dict[QAction, tuple[Any, ...]] = {}

    def show(self, entries: Sequence[Entry]) -> None:
        """Show these entries, in this order."""
        present = [action for action in self._menu.actions() if action in self._actions]
        keys = [self._actions[action] for action in present]
        same = SequenceMatcher(None, keys, [entry.key for entry in entries], autojunk=False).get_matching_blocks()
        staying = {block.b + step: present[block.a + step] for block in same for step in range(block.size)}
        for action in present:
            if action not in staying.values():
                action.setVisible(False)
                self._hidden.setdefault(action)
        following = self._before
        for index, entry in reversed(list(enumerate(entries))):
            action = staying.get(index) or self._insert(entry.key, following)
            self._update(action, entry)
            following = action
        for action in list(self._hidden)[:-MAX_HIDDEN]:
            self._remove(action)

    def _insert(self, key: str, following: QAction | None) -> QAction:
        action = QAction(self._menu)
        action.triggered.connect(lambda _checked=False: self._on_chosen(key))
        self._actions[action] = key
        if following is None:
            self._menu.addAction(action)
        else:
            self._menu.insertAction(following, action)
        return action

    def _update(self, action: QAction, entry: Entry) -> None:
        action.setText(entry.text.replace("&", "&&"))
        if self._icon_for is not None and self._looks.get(action) != entry.look:
            self._looks[action] = entry.look
            action.setIcon(self._icon_for(*entry.look))
        action.setVisible(True)
        self._hidden.pop(action, None)

    def _remove(self, action: QAction) -> None:
        del self._actions[action], self._hidden[action]
        self._looks.pop(action, None)
        self._menu.removeAction(action)
        action.deleteLater()
