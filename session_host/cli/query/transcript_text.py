"""Waits for text in a structured chat."""

from __future__ import annotations

import re

from session_host.client.viewer.transcript_watch import watch_transcript
from session_host.structured.text import ending_lines, item_lines, lines_of
from session_host.structured.transcript import Transcript


async def wait_for_text(session_id: str, pattern: re.Pattern[str]) -> bool:
    """Wait until a pattern is in a running chat; False if the chat ended without it.

    Raises:
        NotAllowed: this process belongs to an agent that may not attach to the chat.
        HostUnavailable: the chat's host is gone.
    """
    return await watch_transcript(session_id, _Finder(pattern).is_in) is not None


class _Finder:
    """Searches a transcript for a pattern: first all items, then only the changed ones."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self._known: Transcript | None = None

    def is_in(self, transcript: Transcript) -> bool:
        """Whether the pattern is in the transcript."""
        changed = transcript.take_changes().items
        if transcript is not self._known:
            self._known = transcript
            return self._pattern.search("\n".join(lines_of(transcript, folded=False))) is not None
        items = [item for item_id in changed if (item := transcript.get(item_id)) is not None]
        blocks = [item_lines(item, folded=False) for item in items] + [ending_lines(transcript)]
        return any(self._pattern.search("\n".join(line.text for line in block)) for block in blocks)
