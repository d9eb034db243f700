"""Colours of code and diffs, dark and light. Words are readable on every ground of code; a test computes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtGui import QColor

from gui.theme.contrast import TEXT_RATIO, readable
from gui.theme.tokens import Tokens


@dataclass(frozen=True)
class CodeColors:
    """The colours of one appearance.

    Attributes:
        ground: of code blocks and outputs.
        inline: the ground of code within a text.
        prompt: the ground of the user's prompts.
        added, removed: the grounds of a diff's lines; ``added_words`` and ``removed_words`` of what differs in them.
        words: the colours of parts of code, by their names.
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


_WORDS = {
    "dark": {
        "keyword": "#c792ea", "string": "#8fd6ab", "number": "#e7b15b", "function": "#86afff", "type": "#6fc7d6",
        "comment": "#9ba4b0", "deleted": "#f0777f",
    },
    "light": {
        "keyword": "#8b3fb8", "string": "#1a6b43", "number": "#8a5a00", "function": "#1d4fd0", "type": "#0b6273",
        "comment": "#586170", "deleted": "#b02a36",
    },
}  # fmt: skip

_GROUNDS = {
    "dark": ("#1a1d23", "#262a32", "#22262e", "#17291f", "#2f1c21", "#214a33", "#5a2a32"),
    "light": ("#f6f7f9", "#eef0f3", "#f1f3f6", "#e9f6ee", "#fcedee", "#c9ecd6", "#f9d3d6"),
}


@lru_cache(maxsize=2)
def _of(name: str) -> CodeColors:
    code, inline, prompt, added, removed, added_words, removed_words = map(QColor, _GROUNDS[name])
    words = {word: QColor(color) for word, color in _WORDS[name].items()}
    return CodeColors(code, inline, prompt, added, removed, added_words, removed_words, words)


def code_colors(tokens: Tokens) -> CodeColors:
    """The colours that go with an appearance."""
    return _of(tokens.name)


def on(color: QColor, ground: QColor) -> QColor:
    """``color``, readable as text on ``ground``."""
    return readable(color, ground, TEXT_RATIO)
