"""The turns of a transcript: going from prompt to prompt, and the answer to a prompt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PySide6.QtGui import QGuiApplication

from session_host.structured.items import Item

from .page.page import TranscriptPage


class TranscriptTurns:
    """The turns of one page; each begins with a prompt of the user."""

    def __init__(self, page: TranscriptPage) -> None:
        self._page = page
        self._at: tuple[str, float] | None = None
        """The prompt that the user went to, and the scroll position after that; invalid once the page is scrolled."""

    def go(self, by: int) -> None:
        """Go to the prompt before (-1) or after (1) the current prompt, else the first visible row."""
        prompts = self._prompts()
        start = self._position()
        found = [position for position in prompts if (position < start if by < 0 else position > start)]
        if found:
            self.go_to(self._page.transcript[found[-1] if by < 0 else found[0]].id)
        elif by > 0:
            self._page.scroll_to_end()

    def go_to(self, key: str) -> None:
        """Go to the prompt with this id."""
        self._page.scroll_to(key, 0, always=True)
        self._at = key, self._top()

    def has_listed(self) -> bool:
        """Whether there are prompts for a list."""
        return bool(self._prompts())

    def listed(self) -> list[Item]:
        """The prompts, newest first."""
        return [self._page.transcript[position] for position in reversed(self._prompts())]

    def answer_to(self, key: str) -> str:
        """The answer to the prompt with this id, as Markdown; "" for none."""
        position = self._page.rows.position(key)
        return self.answer_at(position) if position is not None else ""

    def copy_output(self) -> None:
        """Copy the answer to the current prompt, else to the last visible one, as Markdown."""
        if text := self._text(self._answer()):
            QGuiApplication.clipboard().setText(text)

    def answer_at(self, position: int) -> str:
        """The answer to the prompt at or above a row, as Markdown; "" for none."""
        begin = next((found for found in reversed(self._prompts()) if found <= position), -1)
        return self._text(self._messages_after(begin))

    def _text(self, positions: Iterable[int]) -> str:
        texts = (self._page.transcript[position].text.strip("\n") for position in positions)
        return "\n\n".join(text for text in texts if text)

    def _prompts(self) -> list[int]:
        return [position for position, item in enumerate(_items(self._page)) if item == "user"]

    def _top(self) -> float:
        visible = self._page.visible
        return visible[0].position + visible[0].top / 1e6 if visible else -1.0

    def _position(self) -> int:
        """The start row of ``go``."""
        if self._at is not None and self._at[1] == self._top():
            position = self._page.rows.position(self._at[0])
            if position is not None:
                return position
        visible = self._page.visible
        if self._page.is_following_end or not visible:
            return len(self._page.transcript)
        return visible[0].position

    def _answer(self) -> list[int]:
        """The agent's messages after the current prompt."""
        visible = self._page.visible
        last = visible[-1].position if visible else len(self._page.transcript) - 1
        if self._at is not None and self._at[1] == self._top():
            last = self._page.rows.position(self._at[0]) or 0
        for begin in [position for position in reversed(self._prompts()) if position <= last]:
            if found := self._messages_after(begin):
                return found
        return []

    def _messages_after(self, begin: int) -> list[int]:
        """The agent's messages between a prompt and the next one."""
        transcript = self._page.transcript
        kinds = list(_items(self._page))
        end = next((n for n in range(begin + 1, len(kinds)) if kinds[n] == "user"), len(kinds))
        return [n for n in range(begin + 1, end) if kinds[n] == "agent" and not transcript[n].parent]


def _items(page: TranscriptPage) -> Iterator[str]:
    """The kinds of the items; "" for a prompt that was taken back, which ends no turn."""
    return ("" if item.status == "withdrawn" else item.kind for item in page.transcript)
