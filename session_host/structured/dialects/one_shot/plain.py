"""The text of any command. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .reader import ItemReader

KEY = "answer"


class PlainReader(ItemReader):
    """All text of a turn is one message."""

    def line(self, message: Mapping[str, Any]) -> None:
        """See ``FormatReader``: such a command writes no JSON lines."""
        self.port.raw("an unexpected line", dict(message))

    def text(self, words: str) -> None:
        """See ``FormatReader``."""
        if KEY not in self.state.items:
            words = words.lstrip("\n")
        if words:
            self.append(KEY, words)
