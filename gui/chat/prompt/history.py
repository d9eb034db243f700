"""The history of prompts, for Up and Down."""

from __future__ import annotations

_MAX_PROMPTS = 200


class History:
    """Earlier prompts, the newest last, and the current draft."""

    def __init__(self) -> None:
        self._prompts: list[str] = []
        self._index = 0
        self._draft = ""

    def set(self, prompts: list[str]) -> None:
        """Set the earlier prompts; the shown one stays shown, if it is among them."""
        shown = self._prompts[self._index] if self._is_recalling else None
        self._prompts = prompts[-_MAX_PROMPTS:]
        self._index = self._prompts.index(shown) if shown in self._prompts else len(self._prompts)

    def add(self, text: str) -> str:
        """Add a sent prompt; returns the text that is shown next: the draft, if an earlier prompt was sent."""
        draft = self._draft if self._is_recalling else ""
        if text and self._prompts[-1:] != [text]:
            self._prompts = [*self._prompts, text][-_MAX_PROMPTS:]
        self.leave()
        return draft

    @property
    def _is_recalling(self) -> bool:
        return self._index < len(self._prompts)

    def draft(self, text: str) -> str:
        """The draft while a text is shown: the text itself, unless it is an earlier prompt."""
        return self._draft if self._is_recalling and text == self._prompts[self._index] else text

    def leave(self) -> None:
        """Show the draft, which has another text now."""
        self._index = len(self._prompts)

    def note(self, text: str) -> None:
        """The box shows this text now; it may be the draft again, as after an undo."""
        if self._is_recalling and text == self._draft != self._prompts[self._index]:
            self.leave()

    def older(self, text: str) -> str | None:
        """The prompt before the shown one; None if there is none."""
        if self._index == 0:
            return None
        if not self._is_recalling:
            self._draft = text
        self._index -= 1
        return self._prompts[self._index]

    def newer(self) -> str | None:
        """The prompt after the shown one, finally the draft; None if the draft is shown."""
        if not self._is_recalling:
            return None
        self._index += 1
        return self._draft if self._index == len(self._prompts) else self._prompts[self._index]
