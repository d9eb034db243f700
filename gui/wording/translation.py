"""Loads the window's translation.

The English one has plural forms, the names on keyboards of Qt's keys, and the words of Qt's own menus as the window's
other menus have them.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QTranslator

TRANSLATIONS = Path(__file__).parents[2] / "resources" / "translations"


def install(application: QCoreApplication) -> None:
    """Install the application's translation; without its file, texts read "2 line(s)" and "Return"."""
    translator = QTranslator(application)
    if translator.load(str(TRANSLATIONS / "outlive_en.qm")):
        application.installTranslator(translator)
