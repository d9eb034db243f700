"""Colours of code and diffs. Words are readable on every background of code; a test computes it for each theme."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor

from gui.theme.contrast import TEXT_RATIO, readable

BACKGROUNDS = ("ground", "inline", "prompt", "added", "removed", "added_words", "removed_words")
WORDS = ("keyword", "string", "number", "function", "type", "comment", "deleted")


@dataclass(frozen=True)
class CodeColors:
    """The colours of one theme.

    Attributes:
        ground: the background of code blocks and outputs, as the files of themes name it.
        inline: the background of code within a text.
        prompt: the background of the user's prompts.
        added, removed: the backgrounds of a diff's lines; ``added_words``, ``removed_words``: of what differs in them.
        words: the colours of parts of code, by their names in ``WORDS``.
    """

    ground: QColor
    inline: QColor
    prompt: QColor
    added: QColor
    removed: QColor
    added_words: QColor
    removed_words: QColor
    words: dict[str, QColor]

    def backgrounds(self) -> tuple[QColor, ...]:
        """All backgrounds that code is painted on."""
        return self.ground, self.inline, self.added, self.removed, self.added_words, self.removed_words


def on(color: QColor, background: QColor) -> QColor:
    """``color``, readable as text on ``background``."""
    return readable(color, background, TEXT_RATIO)
