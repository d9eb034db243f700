"""Tells screen readers what no widget's own text or focus tells them."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent


def announce(
    source: QObject,
    text: str,
    politeness: QAccessible.AnnouncementPoliteness = QAccessible.AnnouncementPoliteness.Polite,
) -> None:
    """Let screen readers read a text aloud, which ``source`` shows."""
    if not QAccessible.isActive():  # Qt passes no alerts (QAccessible.Event.Alert) on to AT-SPI.
        return
    event = QAccessibleAnnouncementEvent(source, text)
    event.setPoliteness(politeness)
    QAccessible.updateAccessibility(event)
