"""Copying, and pastes: which are given on at once, which are asked about, which are too long."""

from __future__ import annotations

from enum import Enum

from PySide6.QtGui import QClipboard, QGuiApplication

from session_host.protocol.messages import MAX_PASTE_CHARACTERS


class PasteVerdict(Enum):
    """What is to be done with a text that the user pastes."""

    EMPTY = "empty"
    FINE = "fine"
    ASK = "ask"
    TOO_LONG = "too long"


def judge_paste(text: str, *, bracketed: bool) -> PasteVerdict:
    """Judge a paste; ``bracketed`` says that the program can tell it from typing.

    Each line end would be an Enter to a program that cannot, and no clipboard's control
    characters were meant to be typed into any.
    """
    if not text:
        return PasteVerdict.EMPTY
    if len(text) > MAX_PASTE_CHARACTERS:
        return PasteVerdict.TOO_LONG
    if not bracketed and ("\n" in text or "\r" in text):
        return PasteVerdict.ASK
    if any((code < 0x20 and code not in {0x09, 0x0A, 0x0D}) or 0x7F <= code < 0xA0 for code in map(ord, text)):
        return PasteVerdict.ASK
    return PasteVerdict.FINE


def copy_text(text: str) -> None:
    """Put a text on the clipboard."""
    if text:
        QGuiApplication.clipboard().setText(text, QClipboard.Mode.Clipboard)


def offer_selection(text: str) -> None:
    """Make a text the primary selection, where the window system has one."""
    clipboard = QGuiApplication.clipboard()
    if text and clipboard.supportsSelection():
        clipboard.setText(text, QClipboard.Mode.Selection)


def clipboard_text() -> str:
    """The clipboard's text."""
    return QGuiApplication.clipboard().text(QClipboard.Mode.Clipboard)


def selection_text() -> str:
    """The primary selection's text, "" where there is none."""
    clipboard = QGuiApplication.clipboard()
    return clipboard.text(QClipboard.Mode.Selection) if clipboard.supportsSelection() else ""
