"""A text of the window, and the translation that it is read from."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QTranslator

TRANSLATIONS = Path(__file__).parents[2] / "resources" / "translations"
"""The English translation has plural forms, the names on keyboards of Qt's keys, and the words of Qt's own menus."""

translate = QCoreApplication.translate

_MAX_NUMBER = 2**31 - 1
"""Qt takes no greater one."""


class Text:
    """A text of the window in English; a call translates it and fills in its fields: ``COPIED(path=path)``.

    Each call must give each field of the text by name: ``tests/architecture/test_wording.py`` compares them. A text
    with the field ``n`` has a form for one and a form for several. ``lupdate`` finds the texts by the name ``Text``.
    """

    __slots__ = ("_context", "_source")

    def __init__(self, context: str, source: str) -> None:
        self._context = context
        self._source = source

    def __call__(self, *, n: int = -1, **values: object) -> str:
        """The text in the user's language; ``n`` is the number that decides between its plural forms."""
        text = translate(self._context, self._source, None, min(max(n, -1), _MAX_NUMBER))
        if n >= 0:
            return text.format(n=n, **values)
        return text.format(**values) if values else text


def install_translation(application: QCoreApplication) -> None:
    """Install the application's translation; without its file, texts read "2 line(s)" and "Return"."""
    translator = QTranslator(application)
    if translator.load(str(TRANSLATIONS / "outlive_en.qm")):
        application.installTranslator(translator)
