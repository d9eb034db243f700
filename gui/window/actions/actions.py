"""The window's Qt actions, shared by keys, menus and the palette."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from gui.window.actions import key_table
from gui.window.page.banners import BannerArea
from gui.window.sheets.chooser import Choice, Chooser
from gui.wording import action_texts

MENU = (
    "new_chat", "reopen_tab", "", "palette", "switch_chat", "search", "next_waiting", "", "zoom_in", "zoom_out",
    "zoom_reset", "", "sidebar", "status_line", "full_screen", "", "stop_all", "close_window",
)  # fmt: skip


class Actions:
    """The table of keys, bound to what each does."""

    def __init__(
        self,
        window: QWidget,
        terminals: QWidget,
        sequences: dict[str, list[QKeySequence]],
        handlers: dict[str, Callable[[], object]],
        chooser: Chooser,
        banners: BannerArea,
    ) -> None:
        """Bind them.

        Args:
            window: has the keys that count everywhere in it.
            terminals: has those that count while the keyboard is in a terminal.
            sequences: the keys of each action.
            handlers: what each action does; each action of the table but the palette has one.
            chooser: shows the palette.
            banners: offers an action, which has no key of its own.
        """
        self._window = window
        self._chooser = chooser
        self._banners = banners
        handlers = {**handlers, "palette": self.show_palette}
        self._actions: dict[str, QAction] = {}
        for entry in key_table.TABLE:
            in_terminal = entry.scope == "terminal"
            holder = terminals if in_terminal else window
            action = QAction(entry.title, holder)
            action.setShortcuts(sequences[entry.action])
            action.setShortcutContext(
                Qt.ShortcutContext.WidgetWithChildrenShortcut if in_terminal else Qt.ShortcutContext.WindowShortcut
            )
            action.setShortcutVisibleInContextMenu(True)
            action.setAutoRepeat(entry.repeats)
            action.triggered.connect(_without_argument(handlers[entry.action]))
            holder.addAction(action)
            self._actions[entry.action] = action

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def allow(self, *, is_there: bool, is_over: bool, converses: bool) -> None:
        """Which actions make sense.

        Args:
            is_there: there is a chat to act on.
            is_over: it is over.
            converses: its agent has conversations that can be gone on with.
        """
        for entry in key_table.TABLE:
            if entry.on:
                fits = entry.on == "chat" or (entry.on == "over") == is_over
                self._actions[entry.action].setEnabled(is_there and fits and (converses or not entry.converses))

    def key_text(self, name: str) -> str:
        """An action's first key as the user reads it, "" for none."""
        return self._actions[name].shortcut().toString(QKeySequence.SequenceFormat.NativeText)

    def fill(self, menu: QMenu, names: Iterable[str]) -> None:
        """Put actions into a menu; "" is a line between groups."""
        for name in names:
            if name:
                menu.addAction(self._actions[name])
            else:
                menu.addSeparator()

    def choices(self) -> list[Choice]:
        """The palette's lines.

        What ends a chat stands there also where there is none to end, and does nothing: "stop chat" and Enter must
        not come upon "Stop all chats".
        """
        return [
            Choice(
                entry.title,
                self.key_text(entry.action) if self._actions[entry.action].isEnabled() else action_texts.not_running(),
                self._actions[entry.action].trigger,
            )
            for entry in key_table.TABLE
            if entry.listed and (self._actions[entry.action].isEnabled() or entry.on == "running")
        ]

    def show_palette(self) -> None:
        """List all commands; first of all what a banner offers, which has no key of its own."""
        choices = self.choices()
        banner = self._banners.current
        if banner is not None and banner.action:
            choices.insert(0, Choice(banner.action, action_texts.from_the_notice(), self._banners.act))
        if banner is not None:
            choices.append(Choice(action_texts.dismiss_the_notice(), "", self._banners.dismiss))
        self._chooser.ask(action_texts.commands(), action_texts.search_commands(), choices)

    def show_menu(self, button: QWidget) -> None:
        """Show the window's menu below its button."""
        menu = QMenu(self._window)
        menu.aboutToHide.connect(menu.deleteLater)
        self.fill(menu, MENU)
        place = button.mapToGlobal(button.rect().bottomRight())
        place.setX(place.x() - menu.sizeHint().width())
        menu.popup(place)


def _without_argument(handler: Callable[[], object]) -> Callable[[bool], None]:
    return lambda _checked: (handler(), None)[1]
