"""Copies, and decides which pastes are sent, confirmed or refused."""

from __future__ import annotations

from enum import Enum

from PySide6.QtGui import QClipboard, QGuiApplication

from session_host.protocol.messages import MAX_WHOLE_PASTE_CHARACTERS
from session_host.terminal.text import has_controls

LARGE_CHARACTERS = 256 * 1024
"""A longer paste always needs confirmation."""


class PasteCheck(Enum):
    """The decision about a text that the user pastes."""

    EMPTY = "empty"
    FINE = "fine"
    ASK = "ask"
    TOO_LONG = "too long"


def check_paste(text: str, *, bracketed: bool) -> PasteCheck:
    """Decide about a paste; ``bracketed`` means that the program can distinguish a paste from typing.

    Other programs take each line end as Enter. Control characters on a clipboard are never meant to be typed. A large
    text is rarely what the user expects on the clipboard.
    """
    if not text:
        return PasteCheck.EMPTY
    if len(text) > MAX_WHOLE_PASTE_CHARACTERS:
        return PasteCheck.TOO_LONG
    if len(text) > LARGE_CHARACTERS:
        return PasteCheck.ASK
    if not bracketed and ("\n" in text or "\r" in text):
        return PasteCheck.ASK
    if has_controls(text):
        return PasteCheck.ASK
    return PasteCheck.FINE


def copy_text(text: str) -> None:
    """Put a text on the clipboard."""
    if text:
        QGuiApplication.clipboard().setText(text, QClipboard.Mode.Clipboard)


def offer_selection(text: str) -> None:
    """Make a text the primary selection, if the window system has one."""
    clipboard = QGuiApplication.clipboard()
    if text and clipboard.supportsSelection():
        clipboard.setText(text, QClipboard.Mode.Selection)
