"""Texts that several parts of the window share: buttons and field names."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate

NO_BREAK_SPACE = "\u00a0"
"""Keeps two words on one line."""


def copy() -> str:
    return translate("common", "Copy")


def paste() -> str:
    return translate("common", "Paste")


def select_all() -> str:
    return translate("common", "Select all")


def open_() -> str:
    return translate("common", "Open")


def no_running_chats() -> str:
    return translate("common", "No running chats")


def running_cannot_be_removed() -> str:
    return translate("common", "Running chats can’t be removed. Stop them first.")


def dismiss() -> str:
    return translate("common", "Dismiss")


def export_() -> str:
    return translate("common", "Export…")


def resume() -> str:
    return translate("common", "Resume")


def new_chat_like_this() -> str:
    return translate("common", "New chat like this")


def continue_() -> str:
    return translate("common", "Continue…")


def stop() -> str:
    return translate("common", "Stop")


def kill() -> str:
    return translate("common", "Kill")


def starting() -> str:
    return translate("common", "Starting…")


def copied() -> str:
    return translate("common", "Copied")


def choose() -> str:
    return translate("common", "Choose")


def choices() -> str:
    return translate("common", "Choices")


def no_matches() -> str:
    return translate("common", "No matches")


def cancel() -> str:
    return translate("common", "Cancel")


def new_chat() -> str:
    return translate("common", "New chat")


def error_output() -> str:
    return translate("common", "Error output")


def close() -> str:
    return translate("common", "Close")


def name() -> str:
    return translate("common", "Name")


def ok() -> str:
    return translate("common", "OK")


def pin() -> str:
    return translate("common", "Pin")


def unpin() -> str:
    return translate("common", "Unpin")


def keys(titles: Iterable[tuple[str, str]]) -> str:
    """Keys and what each does: "Enter go there · Ctrl+C copy"."""
    return " · ".join(f"{key} {title}".replace(" ", NO_BREAK_SPACE) for key, title in titles)
