"""A transcript with the interface of a terminal's emulator, for hosts. Pure."""

from __future__ import annotations

from typing import Any

from session_host.protocol.untrusted_text import topic_of
from session_host.protocol.values import CellSize, GridSize

from .transcript import BUILD, Transcript

SIZE = GridSize(80, 24)
"""The size in messages about a transcript, which has no grid."""


class TranscriptEngine:
    """Drives a transcript as an emulator is driven; it has no replies, events or colours.

    Attributes:
        transcript: the transcript.
        size, cell, scrollback_limit: fixed values, for messages that have them.
    """

    engine = "transcript"
    build = BUILD
    cell = CellSize()
    scrollback_limit = 0

    def __init__(self, transcript: Transcript | None = None) -> None:
        self.transcript = Transcript() if transcript is None else transcript
        self.size = SIZE

    @property
    def title(self) -> str:
        """The conversation's title, as the agent gave it, or else its topic: the first prompt."""
        return self.transcript.status.title or topic_of(self.transcript.first_prompt)

    def feed(self, data: bytes) -> None:
        """Read more of the transcript log."""
        self.transcript.feed(data)

    def snapshot(self) -> bytes:
        """The whole state."""
        return self.transcript.snapshot()

    def replay(self) -> bytes:
        """The whole state; the same as ``snapshot``."""
        return self.transcript.snapshot()

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """A viewer's size has no effect."""

    def take_replies(self) -> bytes:
        """No replies: the rules answer the agent."""
        return b""

    def take_events(self) -> list[Any]:
        """No events: the rules report changes."""
        return []

    def set_default_colors(self, colors: Any) -> None:
        """A transcript has no colours."""

    def close(self) -> None:
        """Do nothing: there is nothing to free."""
