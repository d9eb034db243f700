"""The interface between the find bar and a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from PySide6.QtCore import QRect

from gui.finding.query import FindQuery


class FindResult(NamedTuple):
    """The results of a search so far.

    Attributes:
        position: the number of the current match, from 1 at the top; 0 for none.
        total: the number of matches found.
        is_done: whether all text has been searched.
        is_cut: whether there are too many matches, so that the search stopped; the text may have more.
        error: why the regular expression is not valid; "" if it is.
        is_too_slow: whether the expression exceeded the step limit on some lines.
    """

    position: int = 0
    total: int = 0
    is_done: bool = True
    is_cut: bool = False
    error: str = ""
    is_too_slow: bool = False


class Finder(Protocol):
    """Finds a query in the text of one page, marks the matches, and shows the current one.

    Attributes:
        onward: the step with which Enter goes on: -1 up, from the newest match, or 1 down.
    """

    onward: int

    def set_listener(self, listener: Callable[[FindResult], object]) -> None:
        """Set the function that is called when the results change."""

    def set_covered_height(self, height_px: int) -> None:
        """Set the height of the page's right part that the bar covers; matches are shown below it."""

    def current_rect(self) -> QRect:
        """The area of the current match in pixels of the page, after it was scrolled into view; empty if unknown."""

    def suggestion(self) -> str:
        """The selected text, if it is one line; else ""."""

    def find(self, query: FindQuery, line: str = "") -> None:
        """Search for a query; an empty one has no matches.

        Args:
            query: the query.
            line: the text of a line, such as a result of the search over all chats; its first match becomes current.
        """

    def step(self, by: int) -> None:
        """Go to the match below (1) or above (-1)."""

    def end_search(self) -> None:
        """End the search; the current match becomes the selection."""
