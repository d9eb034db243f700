"""The methods of a page's parts that the window's actions call."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QRect

from gui.input.shortcuts import KeyOf
from gui.terminal.links.links import LinkRules


class PageEdit(Protocol):
    """A part of a page with text."""

    def copy(self) -> None:
        """Put the selected text on the clipboard."""

    def paste(self) -> None:
        """Paste the clipboard."""

    def select_all(self) -> None:
        """Select everything."""


class PagePrompts(Protocol):
    """The prompts of a page: a shell's, or the user's to an agent."""

    def go(self, by: int) -> None:
        """Go to the prompt before (-1) or after (1)."""

    def has_listed(self) -> bool:
        """Whether there are commands, or prompts to an agent, for a list."""

    def copy_output(self) -> None:
        """Put the output of a command, or an answer, on the clipboard."""


class PageView(PageEdit, Protocol):
    """The view of a page."""

    def set_menu_keys(self, key_of: KeyOf) -> None:
        """Set the function that returns the keys of the window's actions, for context menus."""

    def set_links(self, rules: LinkRules) -> None:
        """Set which click opens a link, and whether names of files are links."""

    def scroll_lines(self, lines: int) -> None:
        """Scroll down, or back with negative lines."""

    def scroll_pages(self, pages: int) -> None:
        """Scroll by whole pages."""

    def scroll_to_start(self) -> None:
        """Scroll to the beginning."""

    def scroll_to_end(self) -> None:
        """Scroll to the newest."""

    def typed_areas(self) -> list[QRect]:
        """The parts of the page that the user types into; notices do not cover them."""

    @property
    def prompts(self) -> PagePrompts:
        """The prompts and their outputs."""
