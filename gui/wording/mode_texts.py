"""Texts of a terminal's keyboard modes: selecting with a caret, and opening links by letters."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def select() -> str:
    return translate("mode", "Select")


def selecting_characters() -> str:
    return translate("mode", "Selecting characters")


def selecting_lines() -> str:
    return translate("mode", "Selecting lines")


def selecting_a_block() -> str:
    return translate("mode", "Selecting a block")


def keys_to_begin() -> str:
    """The main keys while nothing is selected."""
    return translate("mode", "v characters · V lines · Ctrl+V block · / find · Esc exit")


def keys_while_selecting() -> str:
    """The main keys while text is selected."""
    return translate("mode", "y copy · o other end · / find · Esc exit")


def open_or_copy() -> str:
    return translate("mode", "Type the letters on a link to open it")


def keys_of_hints() -> str:
    return translate("mode", "hold Shift to copy · Esc exit")
