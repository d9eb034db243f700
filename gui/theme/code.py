"""Colours of code and diffs. Words are readable on every ground of code; a test computes it for each theme."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor

from gui.theme.contrast import TEXT_RATIO, readable

GROUNDS = ("ground", "inline", "prompt", "added", "removed", "added_words", "removed_words")
WORDS = ("keyword", "string", "number", "function", "type", "comment", "deleted")


@dataclass(frozen=True)
class CodeColors:
    """The colours of one theme.

    Attributes:
        ground: the ground of code blocks and outputs.
        inline: the ground of code within a text.
        prompt: the ground of the user's prompts.
        added, removed: the grounds of a diff's lines; ``added_words`` and ``removed_words`` of what differs in them.
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

    def grounds(self) -> tuple[QColor, ...]:
        """All grounds that code is painted on."""
        return self.ground, self.inline, self.added, self.removed, self.added_words, self.removed_words


def on(color: QColor, ground: QColor) -> QColor:
    """``color``, readable as text on ``ground``."""
    return readable(color, ground, TEXT_RATIO)
