"""Decide by the transcripts written in its turns which conversation Gemini CLI is in.

Pure: sizes and first lines in, an id out.

It holds no transcript open and tells nobody which one it is in; ``/clear`` leads it into a new one, and ``--resume
latest`` into one that only it knows. So after each turn the transcripts of its project that were written in it count.
As long as its own is among them, all is as it was. One that is not its own counts only if it is the only one, no
other process has named it in its argv, and, where the own conversation is known, it was not there when this chat began:
other chats of the same project write theirs meanwhile. What one turn leaves open the next one may decide.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping

Sizes = Mapping[str, int]
"""Lengths of transcripts in bytes, by path. What is said makes one longer; their times change by a start too."""

_ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class GeminiTurns:
    """Compares the transcripts before and after each turn of one chat."""

    def __init__(self, directory: str, sizes: Sizes) -> None:
        """Begin when the program runs, maybe since long: what is there now was not written in the next turn.

        Args:
            directory: where the chat works; Gemini CLI names projects by its hash.
            sizes: of all transcripts now.
        """
        self._project = hashlib.sha256(directory.encode()).hexdigest()
        self._at_start = frozenset(sizes)
        self._before = sizes
        self._undecided: set[str] | None = None

    def written(self, sizes: Sizes) -> list[str]:
        """The transcripts that were written since this was last asked, by the sizes of all of them now."""
        before, self._before = self._before, sizes
        return [path for path, size in sizes.items() if before.get(path) != size]

    def conversation(
        self, own: str, first_lines: Mapping[str, bytes], command_lines: Callable[[], Iterable[bytes]]
    ) -> str:
        """The id of another conversation that the chat is in after a turn; "" if it is in its own, or undecided.

        Args:
            own: the id of the one it was in; "" if that is not known.
            first_lines: of the transcripts that were written in the turn.
            command_lines: gives those of all processes; called only if there is something to decide.
        """
        found = {conversation: path for path, line in first_lines.items() if (conversation := self._id_in(line))}
        if not found:
            return ""
        if own in found:
            self._undecided = None
            return ""
        others = {each for each, path in found.items() if not (own and path in self._at_start)}
        self._undecided = (self._undecided & others or others) if self._undecided else others
        # Other chats were started with the ids of theirs.
        named = {each.decode() for line in command_lines() for each in _ID.findall(line)} if self._undecided else set()
        match list(self._undecided - named):
            case [conversation]:
                self._undecided = None
                return conversation
        return ""

    def _id_in(self, first_line: bytes) -> str:
        """The id of the conversation in a transcript of this project; "" for another project's."""
        try:
            record = json.loads(first_line)
            return str(record["sessionId"]) if record["projectHash"] == self._project else ""
        except (ValueError, RecursionError, KeyError, TypeError):
            return ""
