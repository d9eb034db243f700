"""Loads the window's translation. English has one for its plural forms alone."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QTranslator

TRANSLATIONS = Path(__file__).parents[2] / "resources" / "translations"


def install(application: QCoreApplication) -> None:
    """Translate the texts of this application; without its file it shows "2 line(s)"."""
    translator = QTranslator(application)
    if translator.load(str(TRANSLATIONS / "outlive_en.qm")):
        application.installTranslator(translator)
