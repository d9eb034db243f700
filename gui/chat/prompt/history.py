"""The history of prompts, for Up and Down."""

from __future__ import annotations

_MAX_PROMPTS = 200


class History:
    """Earlier prompts, the newest last, and the current draft."""

    def __init__(self) -> None:
        self._prompts: list[str] = []
        self._place = 0
        self._draft = ""

    def set(self, prompts: list[str]) -> None:
        """Set the earlier prompts."""
        self._prompts = prompts[-_MAX_PROMPTS:]
        self._place = len(self._prompts)

    def add(self, text: str) -> None:
        """Add a sent prompt."""
        if text and self._prompts[-1:] != [text]:
            self._prompts = [*self._prompts, text][-_MAX_PROMPTS:]
        self._place = len(self._prompts)

    def older(self, text: str) -> str | None:
        """The prompt before the shown one; None if there is none."""
        if self._place == 0:
            return None
        if self._place == len(self._prompts):
            self._draft = text
        self._place -= 1
        return self._prompts[self._place]

    def newer(self) -> str | None:
        """The prompt after the shown one, finally the draft; None if the draft is shown."""
        if self._place >= len(self._prompts):
            return None
        self._place += 1
        return self._draft if self._place == len(self._prompts) else self._prompts[self._place]
