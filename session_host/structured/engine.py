"""A transcript as a ``Replica``: what hosts and viewers make from output. Pure."""

from __future__ import annotations

from typing import Literal

from session_host.protocol.untrusted_text import topic_of_prompt
from session_host.protocol.values import CellSize, GridSize

from .transcript import BUILD, Transcript

SIZE = GridSize(80, 24)
"""The size in messages about a transcript, which has no grid."""


NEWEST_BYTES = 48 * 1024
"""The length of the newest items, for a slow line: some screens."""


class TranscriptEngine:
    """A transcript, with the interface that a terminal's emulator has, too.

    Attributes:
        transcript: the transcript.
        size, cell, scrollback_limit: fixed values, for messages that have them.
    """

    engine: Literal["transcript"] = "transcript"
    build = BUILD
    cell = CellSize()
    scrollback_limit = 0

    def __init__(self, transcript: Transcript | None = None) -> None:
        self.transcript = Transcript() if transcript is None else transcript
        self.size = SIZE

    @property
    def title(self) -> str:
        """The conversation's title, as the agent gave it, or else its topic: the first prompt."""
        return self.transcript.status.title or topic_of_prompt(self.transcript.first_prompt)

    def feed(self, data: bytes) -> None:
        """Read more of the transcript log."""
        self.transcript.feed(data)

    def snapshot(self) -> bytes:
        """The whole state."""
        return self.transcript.snapshot()

    def replay(self, *, history: bool = True) -> bytes:
        """The state; without history, only its newest items."""
        return self.transcript.snapshot(newest_bytes=None if history else NEWEST_BYTES)

    def close(self) -> None:
        """Do nothing: there is nothing to free."""
