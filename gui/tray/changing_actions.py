"""A part of a menu that changes while the desktop knows the menu: a click on an entry that was read before still works.

Desktops read the tray's menu over D-Bus and name an entry by a number. Qt gives each action that is put into a menu
the next number, never a former one, and forgets it when the action leaves its place (``QDBusPlatformMenuItem``). So the
action of a moved or removed entry stays in the menu, hidden: a click on its number does what the entry did when the
desktop read it. To hold the order while the menu is open is no way: some desktops read it early, and do not say when
they open it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QMenu

MAX_FORMER = 30
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
        stays = _common([self._actions[action] for action in present], [entry.key for entry in entries])
        staying = {place: present[index] for place, index in stays.items()}
        for action in present:
            if action not in staying.values():
                action.setVisible(False)
                self._hidden.setdefault(action)
        following = self._before
        for place in reversed(range(len(entries))):
            action = staying.get(place) or self._insert(entries[place].key, following)
            self._update(action, entries[place])
            following = action
        for action in list(self._hidden)[:-MAX_FORMER]:
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


def _common(present: Sequence[str], wanted: Sequence[str]) -> dict[int, int]:
    """The longest common subsequence: for an index of ``wanted`` the index of ``present`` that stays for it."""
    lengths = [[0] * (len(wanted) + 1) for _ in range(len(present) + 1)]
    for row in reversed(range(len(present))):
        for column in reversed(range(len(wanted))):
            if present[row] == wanted[column]:
                lengths[row][column] = lengths[row + 1][column + 1] + 1
            else:
                lengths[row][column] = max(lengths[row + 1][column], lengths[row][column + 1])
    stays: dict[int, int] = {}
    row = column = 0
    while row < len(present) and column < len(wanted):
        if present[row] == wanted[column]:
            stays[column] = row
            row, column = row + 1, column + 1
        elif lengths[row + 1][column] >= lengths[row][column + 1]:
            row += 1
        else:
            column += 1
    return stays
