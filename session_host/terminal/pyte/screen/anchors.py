"""Positions in the text that move with it."""

from __future__ import annotations


class Anchor:
    """A position in the text: an absolute row number of the active screen, and a column.

    Attributes:
        is_overwritten: whether its row was scrolled out of the screen's scrolled part; another row has its place.
    """

    __slots__ = ("column", "is_overwritten", "line")

    def __init__(self, line: int, column: int) -> None:
        self.line = line
        self.column = column
        self.is_overwritten = False
