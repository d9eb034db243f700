"""What a terminal's screen showed when its user left it. Pure."""

from __future__ import annotations

from typing import NamedTuple, Self

from session_host.terminal.base import Emulator


class SeenScreen(NamedTuple):
    """The text of a screen.

    Attributes:
        history_rows: how many rows the history had.
        rows: the texts of the screen's rows.
    """

    history_rows: int
    rows: tuple[str, ...]

    @classmethod
    def of(cls, emulator: Emulator) -> Self:
        """The text that an emulator shows."""
        return cls(emulator.scrollback_rows, tuple(row.text() for row in emulator.rows()))

    def has_all_of(self, now: SeenScreen) -> bool:
        """Whether a later screen has no other text: it was drawn again, perhaps elsewhere, or text was erased."""
        seen = frozenset(self.rows)
        return now.history_rows == self.history_rows and all(
            row in seen or (number < len(self.rows) and _is_rest(row, self.rows[number]))
            for number, row in enumerate(now.rows)
        )


def _is_rest(text: str, whole: str) -> bool:
    """Whether a text is another one of which some characters were erased."""
    return len(text) <= len(whole) and all(each in {" ", at} for each, at in zip(text, whole, strict=False))
