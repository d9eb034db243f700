"""The text that the user writes: a line editor with several lines and a history. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

import wcwidth

from session_host.protocol.untrusted_text import plain
from session_host.protocol.values import Modifiers
from session_host.structured.mentions import open_mention
from session_host.structured.text import TextLine

from .page import graphemes

MAX_CHARACTERS: Final = 1024 * 1024 // 4
_TAB: Final = "    "
_MAX_GRAPHEME_CHARACTERS: Final = 64
"""No grapheme is longer, in code points."""


class BoxRows(NamedTuple):
    """The box as lines, and the cursor's position in them."""

    lines: list[TextLine]
    row: int
    column: int


class PromptBox:
    """Edits one prompt.

    Attributes:
        text: the prompt.
        cursor: the cursor's position in it, in code points.
    """

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0
        self._history: list[str] = []
        self._history_index = 0
        self._draft = ""

    # ------------------------------------------------------------ editing

    def insert(self, text: str) -> bool:
        """Insert a text at the cursor, without control characters; False if it does not fit."""
        text = plain(text.replace("\r\n", "\n").replace("\r", "\n"), MAX_CHARACTERS + 1, keep_lines=True)
        text = text.replace("\t", _TAB)
        if len(self.text) + len(text) > MAX_CHARACTERS:
            return False
        self._replace(self.cursor, self.cursor, text)
        return True

    def key(self, key: str, modifiers: Modifiers) -> bool:
        """Edit by a key; False if it has no meaning here."""
        by_word = bool(modifiers & (Modifiers.CTRL | Modifiers.ALT))
        held = modifiers & ~Modifiers.SHIFT
        match key:
            case "Backspace":
                self._replace(self._word_left() if by_word else self._left(), self.cursor, "")
            case "Delete":
                self._replace(self.cursor, self._word_right() if by_word else self._right(), "")
            case "ArrowLeft":
                self.cursor = self._word_left() if by_word else self._left()
            case "ArrowRight":
                self.cursor = self._word_right() if by_word else self._right()
            case "Home":
                self.cursor = self._line_start()
            case "End":
                self.cursor = self._line_end()
            case "a" if held == Modifiers.CTRL:
                self.cursor = self._line_start()
            case "e" if held == Modifiers.CTRL:
                self.cursor = self._line_end()
            case "u" if held == Modifiers.CTRL:
                self._replace(self._line_start(), self.cursor, "")
            case "k" if held == Modifiers.CTRL:
                self._replace(self.cursor, self._line_end(), "")
            case "w" if held == Modifiers.CTRL:
                self._replace(self._word_left(), self.cursor, "")
            case "ArrowUp":
                return self._up()
            case "ArrowDown":
                return self._down()
            case _:
                return False
        return True

    @property
    def word(self) -> str:
        """The word that ends at the cursor; in quotation marks after "@", also with blanks in it."""
        before = self.text[: self.cursor]
        return open_mention(before) or before[max(before.rfind(" "), before.rfind("\n")) + 1 :]

    def complete(self, word: str, whole: str) -> None:
        """Replace the word at the cursor, if it is still this one."""
        if self.word == word:
            self._replace(self.cursor - len(word), self.cursor, whole)

    def take(self) -> str:
        """Return the text and empty the box."""
        text = self.text
        self.set_text("")
        self._history_index = len(self._history)
        return text

    def set_text(self, text: str) -> None:
        """Replace the whole text."""
        self.text, self.cursor = text, len(text)

    def set_history(self, prompts: list[str]) -> None:
        """Set the previous prompts, oldest first."""
        if prompts != self._history:
            self._history, self._history_index = prompts, len(prompts)

    def _replace(self, start: int, end: int, text: str) -> None:
        self.text = self.text[:start] + text + self.text[end:]
        self.cursor = start + len(text)

    # ------------------------------------------------------------ positions

    def _left(self) -> int:
        return wcwidth.grapheme_boundary_before(self.text, self.cursor) if self.cursor else 0

    def _right(self) -> int:
        following = next(
            iter(wcwidth.iter_graphemes(self.text[self.cursor : self.cursor + _MAX_GRAPHEME_CHARACTERS])), ""
        )
        return self.cursor + len(following)

    def _word_left(self) -> int:
        position = self.cursor
        while position and self.text[position - 1].isspace():
            position -= 1
        while position and not self.text[position - 1].isspace():
            position -= 1
        return position

    def _word_right(self) -> int:
        position = self.cursor
        while position < len(self.text) and self.text[position].isspace():
            position += 1
        while position < len(self.text) and not self.text[position].isspace():
            position += 1
        return position

    def _line_start(self) -> int:
        return self.text.rfind("\n", 0, self.cursor) + 1

    def _line_end(self) -> int:
        end = self.text.find("\n", self.cursor)
        return len(self.text) if end < 0 else end

    def _up(self) -> bool:
        start = self._line_start()
        if start:
            above = self.text.rfind("\n", 0, start - 1) + 1
            self.cursor = min(above + self.cursor - start, start - 1)
            return True
        if not self._history_index:
            return False
        if self._history_index == len(self._history):
            self._draft = self.text
        self._history_index -= 1
        self.set_text(self._history[self._history_index])
        return True

    def _down(self) -> bool:
        end = self._line_end()
        if end < len(self.text):
            below_end = self.text.find("\n", end + 1)
            below_end = len(self.text) if below_end < 0 else below_end
            self.cursor = min(end + 1 + self.cursor - self._line_start(), below_end)
            return True
        if self._history_index >= len(self._history):
            return False
        self._history_index += 1
        self.set_text(self._draft if self._history_index == len(self._history) else self._history[self._history_index])
        return True

    # ------------------------------------------------------------ showing

    def rows(self, columns: int, max_rows: int, mark: str = "> ", *, hidden: bool = False) -> BoxRows:
        """The box as lines of these columns: at most ``max_rows``, around the cursor.

        Args:
            columns: the terminal's columns.
            max_rows: the maximum number of lines.
            mark: the text before the first line.
            hidden: whether to show dots in place of the characters, for a secret.
        """
        room = max(columns - len(mark), 1)
        lines, line, used = [], "", 0
        row, column, position = 0, 0, 0
        for part in self.text.split("\n"):
            for grapheme in wcwidth.iter_graphemes(part):
                shown = "•" if hidden else grapheme
                cells = sum(width for _, width in graphemes(shown))
                if used + cells > room:
                    lines.append(line)
                    line, used = "", 0
                if position <= self.cursor:
                    row, column = len(lines), used
                position += len(grapheme)
                line, used = line + shown, used + cells
            if position <= self.cursor:
                row, column = len(lines), used
            position += 1
            lines.append(line)
            line, used = "", 0
        if column >= room:
            row, column = row + 1, 0
            lines.insert(row, "")
        first = max(0, min(row - max_rows + 1, len(lines) - max_rows)) if row >= max_rows else 0
        shown_lines = lines[first : first + max_rows]
        margins = [mark if first + number == 0 else " " * len(mark) for number in range(len(shown_lines))]
        return BoxRows(
            [TextLine(margin + line) for margin, line in zip(margins, shown_lines, strict=True)],
            row - first,
            min(column + len(mark), columns - 1),
        )
