"""Texts of the guide window; the guide itself is in ``resources/guide``."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def title() -> str:
    return translate("guide", "Guide — Outlive")


def title_of(chapter: str) -> str:
    """The title of the window while it shows a chapter other than the first."""
    return translate("guide", "{chapter} — Guide — Outlive").format(chapter=chapter)


def guide() -> str:
    return translate("guide", "Guide")


def search() -> str:
    return translate("guide", "Search the guide")


def key() -> str:
    """The heading of the keys in the table of actions."""
    return translate("guide", "Key")


def chapters() -> str:
    return translate("guide", "Chapters")
