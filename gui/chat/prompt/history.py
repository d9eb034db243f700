"""The prompts that Up and Down bring back."""

from __future__ import annotations

_MOST = 200


class History:
    """Former prompts, the newest last; and the draft that is written now."""

    def __init__(self) -> None:
        self._prompts: list[str] = []
        self._place = 0
        self._draft = ""

    def set(self, prompts: list[str]) -> None:
        """Know these prompts."""
        self._prompts = prompts[-_MOST:]
        self._place = len(self._prompts)

    def add(self, text: str) -> None:
        """Note a prompt that was sent."""
        if text and self._prompts[-1:] != [text]:
            self._prompts = [*self._prompts, text][-_MOST:]
        self._place = len(self._prompts)

    def older(self, text: str) -> str | None:
        """The prompt before the one that is shown; None if there is none."""
        if self._place == 0:
            return None
        if self._place == len(self._prompts):
            self._draft = text
        self._place -= 1
        return self._prompts[self._place]

    def newer(self) -> str | None:
        """The prompt behind the one that is shown, the draft at last; None if that is shown."""
        if self._place >= len(self._prompts):
            return None
        self._place += 1
        return self._draft if self._place == len(self._prompts) else self._prompts[self._place]
