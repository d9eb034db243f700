"""The context menu of a terminal."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget

from gui.input.shortcuts import KeyOf, show_key
from gui.theme.menu import Menu
from gui.theme.tooltips import set_tooltip
from gui.wording import common_texts, page_texts
from session_host.terminal.base import Emulator

from .input import clipboard
from .input.input_sink import InputSink
from .links.link_pointer import Link


class MenuOwner(Protocol):
    """The widget, as the menu uses it."""

    @property
    def emulator(self) -> Emulator | None:
        """The displayed emulator."""

    @property
    def sink(self) -> InputSink | None:
        """The receiver of input; None if the screen is read-only."""

    def open_link(self, link: Link) -> None:
        """Open a link at the user's request."""

    def copy(self) -> None:
        """Put the selected text on the clipboard."""

    def paste(self) -> None:
        """Paste the clipboard."""

    def select_all(self) -> None:
        """Select the history and the screen."""


def context_menu(owner: MenuOwner, link: Link | None, key_of: KeyOf, parent: QWidget) -> QMenu:
    """The menu for a point with this link, and with the keys of actions; closing it deletes it."""
    menu = Menu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    emulator = owner.emulator
    if link is not None and link.is_known:
        is_file = link.file is not None
        title = page_texts.OPEN_FILE() if is_file else page_texts.OPEN_LINK()
        set_tooltip(menu.addAction(title, lambda: owner.open_link(link)), link.tip)
        menu.addAction(
            page_texts.COPY_PATH() if is_file else page_texts.COPY_LINK(),
            lambda: clipboard.copy_text(link.text),
        )
        menu.addSeparator()
    copy = menu.addAction(common_texts.COPY(), owner.copy)
    copy.setEnabled(emulator is not None and bool(emulator.selected_text()))
    paste = menu.addAction(common_texts.PASTE(), owner.paste)
    # Whether there is a text on the clipboard is not asked: its owner may be busy, or the text be large.
    paste.setEnabled(owner.sink is not None)
    select_all = menu.addAction(common_texts.SELECT_ALL(), owner.select_all)
    select_all.setEnabled(emulator is not None)
    for action, name in ((copy, "copy"), (paste, "paste"), (select_all, "select_all")):
        show_key(action, key_of(name))
    return menu
