"""A comment on lines of a changed file, as it is saved."""

from __future__ import annotations

import msgspec


class ReviewComment(msgspec.Struct, frozen=True, kw_only=True):
    """A comment on lines of a diff.

    The lines are found again by their texts; the numbers are their last known ones.
    """

    id: str
    top: str
    """The top of the working tree; here and in ``path``, bytes that are not UTF-8 are replacement characters."""
    path: str
    """The file's path below it."""
    is_old: bool = False
    """Whether all lines were removed, so that the numbers are those of the file before the change."""
    first: int
    last: int
    """The numbers of the first and the last line, from 1; without removed lines, unless all are."""
    lines: tuple[str, ...]
    """The lines with their signs, as in a diff; long ones are cut."""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    """The texts of the lines around them in the diff, from the top down; those of the same side only."""
    text: str = ""
    """The comment; "" for one that was not saved yet."""
    draft: str = ""
    """Another text that was typed and is not saved yet."""

    @property
    def characters(self) -> int:
        """The approximate number of characters."""
        return len(self.text) + len(self.draft) + sum(len(line) for line in (*self.lines, *self.before, *self.after))
