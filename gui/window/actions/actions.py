"""The window's Qt actions, shared by keys, menus and the palette."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from gui.theme.menu import temporary_menu
from gui.window.actions import action_table
from gui.window.all_sheets import Sheets
from gui.window.page.banners import BannerArea
from gui.window.sheets.chooser import Choice
from gui.wording import action_texts

PANES = (
    "split_right", "split_down", "mirror_right", "mirror_down", "", "maximise_pane", "even_out", "swap_panes",
    "close_pane", "", "broadcast",
)  # fmt: skip
VIEW = (
    "zoom_in", "zoom_out", "zoom_reset", "", "sidebar", "status_line", "full_screen", "", "group_by_project",
    "compact_rows", "", "choose_theme", "choose_appearance",
)  # fmt: skip
MENU: tuple[str | tuple[str, ...], ...] = (
    "new_chat", "new_shell", "new_window", "", "palette", "switch_chat", "search", "", PANES, VIEW, "",
    "settings", "guide", "", "stop_all", "", "close_window",
)  # fmt: skip

MAX_RECENT = 5
NOT_REPEATED = frozenset({"stop", "stop_all", "kill", "remove", "close_pane", "close_window"})
"""Actions that the palette never lists first: Enter in the palette that was just opened must end nothing."""


class Actions:
    """The table of keys, connected to the handlers."""

    def __init__(
        self,
        window: QWidget,
        terminals: QWidget,
        sequences: dict[str, list[QKeySequence]],
        handlers: dict[str, Callable[[], object]],
        sheets: Sheets,
        banners: BannerArea,
        without_effect: Callable[[], Iterable[str]],
        is_on: Callable[[], Mapping[str, bool]],
        recent: list[str],
    ) -> None:
        """Create the Qt actions.

        Args:
            window: the widget for keys that work everywhere in the window.
            terminals: the widget for keys that work only while a terminal has the keyboard focus.
            sequences: the keys of each action.
            handlers: the function of each action in the table, except the palette's.
            sheets: the sheets; one of them shows the palette.
            banners: the banners; the palette lists the action of the shown one.
            without_effect: names the actions that have nothing to do now; the menu shows them disabled, and the
                palette leaves them out. Their keys stay, and a banner says why nothing happens.
            is_on: says for each switch whether it is on; menus and the palette name the state that it will produce.
            recent: the names of the actions that were chosen last in the palette, latest first; changed in place.
        """
        self._window = window
        self._sheets = sheets
        self._banners = banners
        self._without_effect, self._is_on = without_effect, is_on
        self._recent = recent
        handlers = {**handlers, "palette": self.show_palette}
        self._actions: dict[str, QAction] = {}
        for entry in action_table.TABLE:
            in_terminal = entry.scope == "terminal"
            holder = terminals if in_terminal else window
            action = QAction(entry.title, holder)
            action.setShortcuts(sequences[entry.name])
            action.setShortcutContext(
                Qt.ShortcutContext.WidgetWithChildrenShortcut if in_terminal else Qt.ShortcutContext.WindowShortcut
            )
            action.setShortcutVisibleInContextMenu(True)
            action.setAutoRepeat(entry.repeats)
            action.triggered.connect(_without_argument(handlers[entry.name]))
            holder.addAction(action)
            self._actions[entry.name] = action

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def set_keys(self, sequences: dict[str, list[QKeySequence]]) -> None:
        """Set the keys of all actions."""
        for name, action in self._actions.items():
            if action.shortcuts() != sequences[name]:
                action.setShortcuts(sequences[name])

    def enable_possible(self, applies: Mapping[str, bool]) -> None:
        """Enable the actions that are possible now, and disable the others; name those that depend on the chat.

        ``applies`` has for each value of ``Key.on``, and for "shell", whether it applies now.
        """
        for entry in action_table.TABLE:
            if entry.on:
                self._actions[entry.name].setEnabled(applies[entry.on])
        short, title = action_texts.CLOSE_TAB(), action_table.title("close_tab")
        self._actions["close_tab"].setText(short if applies["ended"] or applies["shell"] else title)

    def key_of(self, name: str) -> QKeySequence:
        """An action's first key, empty for none."""
        return self._actions[name].shortcut()

    def key_text(self, name: str) -> str:
        """An action's first key as the user reads it, "" for none."""
        return self.key_of(name).toString(QKeySequence.SequenceFormat.NativeText)

    def fill(self, menu: QMenu, names: Iterable[str]) -> None:
        """Add actions to a menu; "" adds a separator."""
        self._name_switches()
        for name in names:
            if name:
                menu.addAction(self._actions[name])
            else:
                menu.addSeparator()

    def _name_switches(self) -> None:
        is_on = self._is_on()
        for entry in action_table.TABLE:
            if entry.states is not None:
                self._actions[entry.name].setText(entry.title_in(on=is_on[entry.name]))

    def choices(self) -> list[Choice]:
        """The palette's lines, the actions that were chosen last first.

        Actions that end a chat are listed without a chat, too, and then do nothing: typing "stop chat" and Enter must
        not select "Stop all chats".
        """
        without_effect = set(self._without_effect())
        self._name_switches()
        listed = {
            entry.name: entry
            for entry in action_table.TABLE
            if entry.listed
            and entry.name not in without_effect
            and (self._actions[entry.name].isEnabled() or entry.on == "running")
        }
        recent = [name for name in self._recent if name in listed]
        return [
            Choice(
                self._actions[name].text(),
                self.key_text(name) if self._actions[name].isEnabled() else action_texts.NOT_RUNNING(),
                partial(self._run, name),
                also=listed[name].search_words,
                group=action_texts.RECENT() if name in recent else action_texts.group(listed[name].group),
            )
            for name in dict.fromkeys((*recent, *listed))
        ]

    def _run(self, name: str) -> None:
        """Run an action that was chosen in the palette."""
        if name not in NOT_REPEATED:
            self._recent[:] = list(dict.fromkeys((name, *self._recent)))[:MAX_RECENT]
        self._actions[name].trigger()

    def show_palette(self) -> None:
        """List all commands, beginning with a banner's action, which has no key of its own."""
        choices = self.choices()
        banner = self._banners.current
        if banner is not None and banner.action:
            choices.insert(0, Choice(banner.action, action_texts.FROM_THE_NOTICE(), self._banners.run_action))
        if banner is not None:
            choices.append(Choice(action_texts.DISMISS_THE_NOTICE(), "", self._banners.dismiss))
        self._sheets.chooser.ask(action_texts.COMMANDS(), action_texts.SEARCH_COMMANDS(), choices)

    def new_menu(self) -> QMenu:
        """An empty menu. Until it closes, the actions that have nothing to do now are disabled."""
        menu = temporary_menu(self._window)
        for name in self._without_effect():
            self._actions[name].setEnabled(False)
            menu.aboutToHide.connect(partial(self._actions[name].setEnabled, True))
        return menu

    def show_menu(self, button: QWidget) -> None:
        """Show the window's menu below its button."""
        menu = self.new_menu()
        for part in MENU:
            if isinstance(part, str):
                self.fill(menu, [part])
            else:
                possible = [name for name in part if not name or self._actions[name].isEnabled()]
                self.fill(menu.addMenu(action_texts.PANES() if part is PANES else action_texts.VIEW()), possible)
        point = button.mapToGlobal(button.rect().bottomRight())
        point.setX(point.x() - menu.sizeHint().width())
        menu.popup(point)
        if button.hasFocus():  # The keyboard opened it.
            menu.setActiveAction(menu.actions()[0])


def _without_argument(handler: Callable[[], object]) -> Callable[[bool], None]:
    return lambda _checked: (handler(), None)[1]
