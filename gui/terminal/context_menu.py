"""The context menu of one view."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtWidgets import QMenu

from gui.input.shortcuts import KeyOf, no_key, show_key
from gui.theme.menu import Menu
from gui.theme.tooltips import set_tooltip
from gui.wording import common_texts, page_texts

from .display import TerminalDisplay
from .input import clipboard
from .input.editing import Editing
from .links.link_pointer import LinkPointer
from .prompts.prompts import TerminalPrompts


class ContextMenu(QObject):
    """The context menu of one view: the link and the command at a point, and the clipboard.

    Attributes:
        key_of: returns the key of an action by its name, which is shown beside it.

    Signals:
        built(QMenu): a menu was built; the window adds actions of its own.
    """

    built = Signal(QMenu)

    def __init__(
        self, display: TerminalDisplay, links: LinkPointer, prompts: TerminalPrompts, editing: Editing
    ) -> None:
        super().__init__(display)
        self._display, self._links, self._prompts, self._editing = display, links, prompts, editing
        self.key_of: KeyOf = no_key

    def open(self, position: QPointF, global_position: QPoint) -> None:
        """Open the menu for a point of the view, once the link there is known."""
        self._links.when_known(position, lambda: self.build(position).popup(global_position))

    def build(self, position: QPointF) -> QMenu:
        """The menu for a point; closing it deletes it."""
        menu = Menu(self._display.widget)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        emulator, link = self._display.emulator, self._links.link_at(position)
        if link is not None and link.is_known:
            is_file = link.file is not None
            title = page_texts.OPEN_FILE() if is_file else page_texts.OPEN_LINK()
            set_tooltip(menu.addAction(title, lambda: self._links.open(link)), link.tip)
            copy_title = page_texts.COPY_PATH() if is_file else page_texts.COPY_LINK()
            menu.addAction(copy_title, lambda: clipboard.copy_text(link.text))
            menu.addSeparator()
        # Whether there is a text on the clipboard is not asked: its owner may be busy, or the text be large.
        for name, text, act, is_enabled in (
            ("copy", common_texts.COPY, self._editing.copy, emulator is not None and bool(emulator.selected_text())),
            ("paste", common_texts.PASTE, self._editing.paste, self._display.sink is not None),
            ("select_all", common_texts.SELECT_ALL, self._editing.select_all, emulator is not None),
        ):
            action = menu.addAction(text(), act)
            action.setEnabled(is_enabled)
            show_key(action, self.key_of(name))
        self._prompts.extend_menu(menu, self._display.cell_at(position)[1], self.key_of)
        self.built.emit(menu)
        return menu
