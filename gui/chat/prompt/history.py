"""The history of prompts, for Up and Down."""

from __future__ import annotations

from gui.input.draft import NO_DRAFT, Draft

_MAX_PROMPTS = 200


class History:
    """Earlier prompts, the newest last, and the current draft."""

    def __init__(self) -> None:
        self._prompts: list[Draft] = []
        self._index = 0
        self._draft = NO_DRAFT

    def set(self, prompts: list[Draft]) -> None:
        """Set the earlier prompts; the shown one stays shown, if it is among them."""
        shown = self._prompts[self._index] if self._is_recalling else None
        self._prompts = prompts[-_MAX_PROMPTS:]
        self._index = self._prompts.index(shown) if shown in self._prompts else len(self._prompts)

    def add(self, prompt: Draft) -> Draft:
        """Add a sent prompt; returns what is shown next: the draft, if an earlier prompt was sent."""
        draft = self._draft if self._is_recalling else NO_DRAFT
        if self._prompts[-1:] != [prompt]:
            self._prompts = [*self._prompts, prompt][-_MAX_PROMPTS:]
        self.leave()
        return draft

    @property
    def _is_recalling(self) -> bool:
        return self._index < len(self._prompts)

    def draft(self, shown: Draft) -> Draft:
        """The draft while the box shows this: the same, unless that is an earlier prompt."""
        return self._draft if self._is_recalling and shown == self._prompts[self._index] else shown

    def leave(self) -> None:
        """Show the draft, which is another one now."""
        self._index = len(self._prompts)

    def undone(self, shown: Draft) -> Draft | None:
        """The draft, if the box has its text again after an undo; None if not, or if the images are others since."""
        if not self._is_recalling:
            return None
        recalled = self._prompts[self._index]
        if shown.text != self._draft.text or shown.text == recalled.text:
            return None
        self.leave()
        return self._draft if shown.images == recalled.images else None

    def older(self, shown: Draft) -> Draft | None:
        """The prompt before the shown one; None if there is none."""
        if self._index == 0:
            return None
        if not self._is_recalling:
            self._draft = shown
        self._index -= 1
        return self._prompts[self._index]

    def newer(self) -> Draft | None:
        """The prompt after the shown one, finally the draft; None if the draft is shown."""
        if not self._is_recalling:
            return None
        self._index += 1
        return self._draft if self._index == len(self._prompts) else self._prompts[self._index]
