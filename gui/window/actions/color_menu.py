"""The colours for marking chats, as a menu and as a list."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from gui.bridge.chat import Chat
from gui.bridge.chat_marks import ColorLabels
from gui.theme.icons import Glyph, glyph_icon
from gui.theme.tokens import LABEL_COLORS, Tokens
from gui.window.actions import action_table
from gui.window.all_sheets import Sheets
from gui.window.sheets.chooser import Choice
from gui.wording import action_texts, window_texts


def add_colors(menu: QMenu, labels: ColorLabels, chats: Sequence[Chat], tokens: Tokens) -> None:
    """Add the colours, of which that of the chats is checked if they have the same one."""
    group = QActionGroup(menu)
    for name in ("", *LABEL_COLORS):
        action = QAction(window_texts.color_name(name), menu)
        action.setCheckable(True)
        action.setChecked(all(chat.color_label == name for chat in chats))
        # Style sheets draw no check beside an icon.
        glyph = Glyph.CHECKED_DISC if action.isChecked() else Glyph.DISC if name else None
        if glyph is not None:
            action.setIcon(glyph_icon(glyph, tokens, tokens.label_color(name) if name else "secondary"))
        action.triggered.connect(partial(_set_label, labels, chats, name))
        group.addAction(action)
        menu.addAction(action)


def choose_color(chat: Chat, labels: ColorLabels, sheets: Sheets) -> None:
    """List the colours, and mark the chat with the chosen one."""
    names = ("", *LABEL_COLORS)
    choices = [
        Choice(
            window_texts.color_name(name), action_texts.IN_USE() if name == chat.color_label else "",
            partial(labels.set_label, [chat], name),
        )
        for name in names
    ]  # fmt: skip
    title = action_table.title("choose_color")
    sheets.chooser.ask(title, title, choices, marked=names.index(chat.color_label))


def _set_label(labels: ColorLabels, chats: Sequence[Chat], name: str, _checked: bool = False) -> None:
    labels.set_label(chats, name)
