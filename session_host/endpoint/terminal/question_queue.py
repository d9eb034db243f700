"""Questions that the user entered during an answer; each is asked after the answer before it."""

from __future__ import annotations

from typing import NamedTuple

from session_host.endpoint.conversation.conversation import Attachment


class Draft(NamedTuple):
    """A question that has not been asked."""

    text: str
    attachments: tuple[Attachment, ...] = ()


class QuestionQueue:
    """The waiting questions, first in, first out."""

    def __init__(self) -> None:
        self._drafts: list[Draft] = []

    def add(self, draft: Draft) -> None:
        """Put a question at the end."""
        self._drafts.append(draft)

    def next(self) -> Draft | None:
        """Take the first question; None if there is none."""
        return self._drafts.pop(0) if self._drafts else None

    def take_all(self, current: Draft) -> Draft:
        """Take all questions as one draft, followed by the user's current one."""
        drafts = [*self._drafts, current]
        self._drafts.clear()
        return Draft(
            "\n\n".join(draft.text for draft in drafts if draft.text.strip()),
            tuple(attachment for draft in drafts for attachment in draft.attachments),
        )

    def lines(self) -> list[str]:
        """The questions for display, one line each."""
        return [" ".join(draft.text.split()) for draft in self._drafts]
