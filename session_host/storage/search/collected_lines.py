"""The lines that a reader of a journal has collected for the index. Pure."""

from __future__ import annotations

from .pages import Line


class CollectedLines:
    """Base of the readers of journals.

    Attributes:
        offset: the offset up to which output was read.
        resizes: the number of the last resize read.
        number: the number of the last line.
        new: new lines by number, in order, since ``pop_lines``.
        grown: older lines that have become longer since.
        continues: the resumed or forked session, if this one begins with a copy of its lines; "" for none.
        own_from: the number of the first line after the copied ones, if that session was forked; else 0.
    """

    continues = ""
    own_from = 0

    def __init__(self, offset: int, resizes: int, number: int) -> None:
        self.offset, self.resizes, self.number = offset, resizes, number
        self.new: dict[int, Line] = {}
        self.grown: dict[int, Line] = {}

    def pop_lines(self) -> tuple[list[Line], list[Line]]:
        """The new and the grown lines since the last call."""
        lines = list(self.new.values()), list(self.grown.values())
        self.new, self.grown = {}, {}
        return lines

    def forget_lines(self, number: int) -> None:
        """Drop the lines so far: they are indexed already, with unknown numbers up to this one."""
        self.pop_lines()
        self.number = number
