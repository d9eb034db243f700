"""A window's Qt actions, shared by keys, menus and the palette, and its menus: at most twelve entries, one deep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from gui.bridge.chat import Chat
from gui.input.held_keys import ShortcutAction
from gui.input.shortcuts import KeyOf, show_key
from gui.theme.icons import Glyph, glyph_icon
from gui.theme.menu import temporary_menu
from gui.theme.tokens import LABEL_COLORS
from gui.theme.tooltips import set_tooltip
from gui.window.actions import action_table
from gui.window.actions.window_commands import WindowCommands
from gui.window.sheets.chooser import Choice
from gui.window.sidebar.sidebar import key_of_row
from gui.wording import action_texts, common_texts, page_texts, window_texts
from session_host.standing.sleep import why_awake, why_never

# fmt: off
PANES = (
    "split_right", "split_down", "mirror_right", "mirror_down", "", "maximise_pane", "even_out", "swap_panes",
    "close_pane", "", "broadcast",
)
VIEW = (
    "zoom_in", "zoom_out", "zoom_reset", "", "sidebar", "status_line", "full_screen", "", "group_by_project",
    "compact_rows", "timeline", "usage", "", "choose_theme", "choose_appearance",
)
MENU: tuple[str | tuple[str, ...], ...] = (
    "new_chat", "new_shell", "new_window", "", "palette", "switch_chat", "search", "", PANES, VIEW, "",
    "add_machine", "settings", "guide", "", "close_window",
)
# fmt: on
MOVE = ("move_to_pane", "move_to_new_window", "move_to_window")
CLOSE_OTHERS = ("close_other_tabs", "close_tabs_right")

MAX_RECENT = 5
NOT_REPEATED = frozenset({"sleep", "stop", "stop_all", "kill", "remove", "close_pane", "close_window"})
"""Actions that the palette never lists first: Enter in the palette that was just opened must end nothing."""


class Actions:
    """A Qt action for each row of the table."""

    def __init__(
        self,
        commands: WindowCommands,
        terminals: QWidget,
        sequences: Mapping[str, list[QKeySequence]],
        recent: list[str],
    ) -> None:
        """Create the Qt actions.

        Args:
            commands: the window's parts, for the table's handlers; keys work everywhere in the window.
            terminals: the widget for keys that work only while a terminal has the keyboard focus.
            sequences: the keys of each action.
            recent: the names of the actions that were chosen last in the palette, latest first; changed in place.
        """
        self._commands, self._recent = commands, recent
        self._sequences, self._left = sequences, tuple[str, ...]()
        self._actions: dict[str, QAction] = {}
        for entry in action_table.TABLE:
            in_terminal = entry.scope == "terminal"
            holder = terminals if in_terminal else commands.window
            action = ShortcutAction(entry.title, holder)
            action.setShortcuts(sequences[entry.name])
            action.setShortcutContext(
                Qt.ShortcutContext.WidgetWithChildrenShortcut if in_terminal else Qt.ShortcutContext.WindowShortcut
            )
            action.setShortcutVisibleInContextMenu(True)
            action.setAutoRepeat(entry.repeats)
            action.triggered.connect(_slot(entry, commands))
            holder.addAction(action)
            self._actions[entry.name] = action

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def set_keys(self, sequences: Mapping[str, list[QKeySequence]]) -> None:
        """Set the keys of all actions."""
        self._sequences = sequences
        for name, action in self._actions.items():
            keys = [each for each in sequences[name] if each.toString() not in self._left]
            if action.shortcuts() != keys:
                action.setShortcuts(keys)

    def leave_keys(self, keys: tuple[str, ...]) -> None:
        """Leave these keys, in Qt's portable notation, to the shown page, and take back those that were left."""
        if keys != self._left:
            self._left = keys
            self.set_keys(self._sequences)

    def enable_possible(self) -> None:
        """Enable the actions of which the condition applies now, and disable the others."""
        applies = self._commands.applies()
        for entry in action_table.TABLE:
            if entry.on:
                self._actions[entry.name].setEnabled(applies[entry.on])
        runs_on = applies["running"] and not applies["shell"]
        is_terminal = applies["terminal"] or not applies["chat"]
        self._actions["commands"].setText(action_texts.LIST_COMMANDS() if is_terminal else action_texts.OUTLINE())
        self._actions["close_tab"].setText(action_table.title("close_tab") if runs_on else action_texts.CLOSE_TAB())

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
        for entry in action_table.TABLE:
            if entry.is_on is not None:
                self._actions[entry.name].setText(entry.title_in(on=entry.is_on(self._commands)))

    def idle(self) -> set[str]:
        """The actions that have nothing to do now."""
        return {
            entry.name for entry in action_table.TABLE if entry.is_idle is not None and entry.is_idle(self._commands)
        }

    # ------------------------------------------------------------ the palette

    def choices(self) -> list[Choice]:
        """The palette's lines, the actions that were chosen last first.

        Actions that end a chat are listed without a chat, too, and then do nothing: typing "stop chat" and Enter must
        not select "Stop all chats".
        """
        idle = self.idle()
        self._name_switches()
        listed = {
            entry.name: entry
            for entry in action_table.TABLE
            if entry.listed
            and entry.name not in idle
            and (self._actions[entry.name].isEnabled() or entry.on in {"running", "alive"})
        }
        recent = [name for name in self._recent if name in listed]
        return [
            Choice(
                self._actions[name].text(),
                self._beside(listed[name]),
                partial(self._choose, name),
                also=listed[name].search_words,
                group=action_texts.RECENT() if name in recent else action_texts.GROUPS[listed[name].group](),
            )
            for name in dict.fromkeys((*recent, *listed))
        ]

    def _beside(self, entry: action_table.Action) -> str:
        """What the palette says beside an action: its key, or why there is nothing that it could do."""
        if not self._actions[entry.name].isEnabled():
            return action_texts.NOT_RUNNING()
        return (entry.why_not and entry.why_not(self._commands)) or self.key_text(entry.name)

    def _choose(self, name: str) -> None:
        """Run an action that was chosen in the palette."""
        if name not in NOT_REPEATED:
            self._recent[:] = list(dict.fromkeys((name, *self._recent)))[:MAX_RECENT]
        self._actions[name].trigger()

    def show_palette(self) -> None:
        """List all commands, beginning with a banner's action, which has no key of its own."""
        choices, banners = self.choices(), self._commands.banners
        banner = banners.current
        if banner is not None and banner.action:
            choices.insert(0, Choice(banner.action, action_texts.FROM_THE_NOTICE(), banners.run_action))
        if banner is not None:
            choices.append(Choice(action_texts.DISMISS_THE_NOTICE(), "", banners.dismiss))
        self._commands.sheets.chooser.ask(action_texts.COMMANDS(), action_texts.SEARCH_COMMANDS(), choices)


def _slot(action: action_table.Action, commands: WindowCommands) -> Callable[[bool], None]:
    def run(_checked: bool) -> None:
        action.run(commands)

    return run


class Menus:
    """Shows the menus of a window: its own, and those of chats, of tabs and of the empty parts beside them."""

    def __init__(self, commands: WindowCommands, actions: Actions) -> None:
        self._commands, self._actions = commands, actions

    def _new_menu(self) -> QMenu:
        """An empty menu. Until it closes, the actions that have nothing to do now are disabled."""
        menu = temporary_menu(self._commands.window)
        for name in self._actions.idle():
            self._actions[name].setEnabled(False)
            menu.aboutToHide.connect(partial(self._actions[name].setEnabled, True))
        return menu

    # ------------------------------------------------------------ of the window and its empty parts

    def show_for_window(self, button: QWidget) -> None:
        """Show the window's menu below its button."""
        menu, actions = self._new_menu(), self._actions
        for part in MENU:
            if isinstance(part, str):
                actions.fill(menu, [part])
            else:
                possible = [name for name in part if not name or actions[name].isEnabled()]
                actions.fill(menu.addMenu(action_texts.PANES() if part is PANES else action_texts.VIEW()), possible)
        point = button.mapToGlobal(button.rect().bottomRight())
        point.setX(point.x() - menu.sizeHint().width())
        menu.popup(point)
        if button.hasFocus():  # The keyboard opened it.
            menu.setActiveAction(menu.actions()[0])

    def show_in_sidebar(self, point: QPoint) -> None:
        """Show the sidebar's own menu at a point of the screen."""
        menu = self._new_menu()
        self._actions.fill(menu, ("new_chat", ""))
        self._commands.sidebar.view_options.fill(menu)
        self._actions.fill(menu, ("", "sidebar", "", "remove_ended"))
        menu.popup(point)

    def show_beside_tabs(self, point: QPoint) -> None:
        """Show the menu of a row of tabs at a point of the screen."""
        menu = self._new_menu()
        self._actions.fill(menu, ("new_chat", "new_shell", "", "reopen_tab"))
        menu.popup(point)

    # ------------------------------------------------------------ of one chat

    def show_for_row(self, chat: Chat, point: QPoint) -> None:
        """Show the menu of a chat's row in the sidebar."""
        commands = self._commands
        menu = temporary_menu(commands.window)
        _add(menu, common_texts.OPEN(), lambda: commands.context.open_chat(chat), key_of_row("open"))
        menu.addSeparator()
        self._fill(menu, chat, key_of_row)
        if not chat.is_over:
            menu.addAction(action_texts.SEND(), lambda: commands.sheets.send.ask(chat))
        menu.addAction(action_texts.STATUS_DETAILS(), lambda: commands.sheets.explain.ask(chat))
        menu.addSeparator()
        self._add_end(menu, chat, key_of_row)
        menu.popup(point)

    def show_for_tab(self, chat: Chat | None, point: QPoint) -> None:
        """Show the menu of a tab, which is in front and in the active pane; its page may be without a chat."""
        menu, actions = temporary_menu(self._commands.window), self._actions
        if chat is not None:
            self._fill(menu, chat, actions.key_of)
        moves = [name for name in MOVE if actions[name].isEnabled()]
        actions.fill(menu.addMenu(action_texts.MOVE()) if len(moves) > 1 else menu, moves)
        menu.addSeparator()
        actions.fill(menu, ["close_tab"])
        if others := [name for name in CLOSE_OTHERS if actions[name].isEnabled()]:
            actions.fill(menu.addMenu(action_texts.CLOSE_OTHERS()), others)
        if chat is not None:
            self._add_end(menu, chat, actions.key_of)
        menu.popup(point)

    def _fill(self, menu: QMenu, chat: Chat, key_of: KeyOf) -> None:
        """Add what a tab and a row have in common."""
        commands, chat_actions, title = self._commands, self._commands.chat_actions, action_table.title
        _add(menu, action_texts.RENAME(), lambda: chat_actions.rename(chat), key_of("rename"))
        for name, do in commands.later.offers(chat):
            menu.addAction(name, do)
        mark = menu.addMenu(action_texts.MARK())
        self._add_pin(mark, [chat], key_of("pin"))
        _add_unread(mark, [chat], key_of("mark_unread"))
        mark.addSeparator()
        self._add_colors(mark, [chat])
        if commands.lists.has_notifications(chat):
            text = title("notifications")
            _add(menu, text, lambda: commands.lists.notifications(chat), key_of("notifications"))
        menu.addSeparator()
        self._add_continuing(menu, chat, key_of)
        _add(menu, title("show_changes"), lambda: commands.show_changes(chat), key_of("show_changes"))
        directory = menu.addMenu(action_texts.DIRECTORY())
        _add(directory, title("open_directory"), lambda: commands.open_directory(chat), key_of("open_directory"))
        _add(directory, title("show_directory"), lambda: commands.show_directory(chat), key_of("show_directory"))
        copy = menu.addMenu(common_texts.COPY())
        _add(copy, common_texts.NAME(), lambda: chat_actions.copy_name(chat), key_of("copy_name"))
        _add(copy, action_texts.DIRECTORY_PATH(), lambda: commands.copy_path(chat), key_of("copy_path"))
        _add(menu, common_texts.EXPORT(), lambda: chat_actions.export(chat), key_of("export"))

    def _add_continuing(self, menu: QMenu, chat: Chat, key_of: KeyOf) -> None:
        """Add the ways to go on with the chat's conversation, or from it: in a submenu if there are several."""
        commands, chat_actions, forking = self._commands, self._commands.chat_actions, self._commands.forking
        title = action_table.title
        ways: list[tuple[str, Callable[[], object], QKeySequence]] = []
        if chat.is_over and chat_actions.can_resume(chat):
            ways.append((common_texts.RESUME(), lambda: commands.resuming.resume(chat), QKeySequence()))
        ways.append((title("continue"), lambda: commands.continuing.open(chat), key_of("continue")))
        if forking.can_fork(chat):
            ways.append((title("fork"), lambda: forking.choose(chat), key_of("fork")))
        if not chat.record.origin.is_shell_or_command:
            ways.append((title("hand_over"), lambda: commands.handing_over.ask(chat), key_of("hand_over")))
        target = menu.addMenu(action_texts.CONTINUE()) if len(ways) > 1 else menu
        for way in ways:
            _add(target, *way)

    def _add_end(self, menu: QMenu, chat: Chat, key_of: KeyOf) -> None:
        """Add what ends a running chat or puts it to sleep, or removes an ended one."""
        chat_actions = self._commands.chat_actions
        if chat.is_over:
            _add(menu, action_texts.REMOVE(), lambda: chat_actions.remove(chat), key_of("remove"))
            return
        if chat.is_asleep:
            _add(menu, common_texts.STOP(), lambda: chat_actions.stop(chat), key_of("stop"))
            return
        has_agent = not chat.record.origin.is_shell_or_command
        ending = menu.addMenu(action_texts.SLEEP_OR_END() if has_agent else action_texts.END_CHAT())
        if has_agent:
            self._add_sleep(ending, chat)
            ending.addSeparator()
        _add(ending, common_texts.STOP(), lambda: chat_actions.stop(chat), key_of("stop"))
        _add(ending, action_texts.KILL_AT_ONCE(), lambda: chat_actions.kill(chat), key_of("kill"))

    def _add_sleep(self, menu: QMenu, chat: Chat) -> None:
        """Add what puts an agent's chat to sleep; what hinders it stands in its place."""
        sleeping, why = self._commands.sleeping, why_awake(chat.record)
        menu.setToolTipsVisible(True)
        sleep = menu.addAction(action_texts.SLEEP_NOT_NOW(why=why) if why else action_texts.SLEEP())
        sleep.setEnabled(not why)
        set_tooltip(sleep, page_texts.ENDS_WITH_SLEEP())
        sleep.triggered.connect(lambda _checked: sleeping.put_to_sleep(chat))
        if why and not why_never(chat.record):
            menu.addAction(action_texts.SLEEP_ANYWAY(), lambda: sleeping.ask_anyway(chat))

    # ------------------------------------------------------------ of several chats

    def show_for_several(self, chats: Sequence[Chat], point: QPoint) -> None:
        """Show the menu of the chats that are selected in the sidebar."""
        commands, chat_actions = self._commands, self._commands.chat_actions
        menu = temporary_menu(commands.window)
        running = [chat for chat in chats if not chat.is_over]
        ended = [chat for chat in chats if chat.is_over]
        sleepy = [chat for chat in running if not why_awake(chat.record)]
        resumable = [chat for chat in ended if chat_actions.can_resume(chat)]
        if resumable:
            menu.addAction(action_texts.resume_chats(len(resumable)), lambda: chat_actions.resume_several(chats))
        if running:
            menu.addAction(action_texts.send_to_chats(len(running)), lambda: commands.sheets.send.ask_several(running))
        self._add_pin(menu, chats)
        if running:
            self._add_mute(menu, running)
        _add_unread(menu, chats)
        self._add_colors(menu.addMenu(window_texts.COLOR()), chats)
        if running:
            menu.addSeparator()
            sleeping = self._commands.sleeping
            text = action_texts.sleep_chats(len(sleepy)) if sleepy else action_texts.NONE_CAN_SLEEP()
            menu.addAction(text, lambda: sleeping.put_several_to_sleep(chats)).setEnabled(bool(sleepy))
            menu.addAction(action_texts.stop_chats(len(running)), lambda: chat_actions.stop_several(chats))
        if ended:
            menu.addSeparator()
            remove = action_texts.remove_chats(len(ended))
            _add(menu, remove, lambda: chat_actions.remove_several(chats), key_of_row("remove"))
        menu.popup(point)

    def _add_mute(self, menu: QMenu, chats: Sequence[Chat]) -> None:
        """Add the menu item that mutes chats, or unmutes them if all are muted."""
        muted = all(chat.is_muted for chat in chats)

        def mute() -> None:
            for chat in chats:
                self._commands.sessions.muting.mute_chat(chat, muted=not muted)

        menu.addAction(window_texts.UNMUTE_SEVERAL() if muted else window_texts.MUTE_SEVERAL(), mute)

    def _add_pin(self, menu: QMenu, chats: Sequence[Chat], key: QKeySequence | None = None) -> None:
        """Add the menu item that pins chats, or unpins them if all are pinned; ``key`` is shown."""
        pinned = all(chat.record.entry.pinned for chat in chats)
        text = common_texts.UNPIN() if pinned else common_texts.PIN()
        _add(menu, text, lambda: self._commands.sessions.order.pin(chats, pinned=not pinned), key)

    def _add_colors(self, menu: QMenu, chats: Sequence[Chat]) -> None:
        """Add the colours, of which that of the chats is checked if they have the same one."""
        labels, tokens = self._commands.sessions.color_labels, self._commands.context.theme.tokens
        group = QActionGroup(menu)
        for name in ("", *LABEL_COLORS):
            action = QAction(window_texts.color_name(name), menu)
            action.setCheckable(True)
            action.setChecked(all(chat.color_label == name for chat in chats))
            # Style sheets draw no check beside an icon.
            glyph = Glyph.CHECKED_DISC if action.isChecked() else Glyph.DISC if name else None
            if glyph is not None:
                action.setIcon(glyph_icon(glyph, tokens, tokens.label_color(name) if name else "secondary"))
            action.triggered.connect(lambda _checked, name=name: labels.set_label(chats, name))
            group.addAction(action)
            menu.addAction(action)


def _add_unread(menu: QMenu, chats: Sequence[Chat], key: QKeySequence | None = None) -> None:
    """Add the menu item that marks chats as read if one of them is unread, else as unread; ``key`` is shown."""
    unread = not any(chat.unseen.output for chat in chats)

    def mark() -> None:
        for chat in chats:
            chat.unseen.set_unread(unread=unread)

    _add(menu, action_texts.mark_unread(unread=unread), mark, key)


def _add(menu: QMenu, text: str, handler: Callable[[], object], key: QKeySequence | None = None) -> None:
    show_key(menu.addAction(text, handler), key or QKeySequence())
