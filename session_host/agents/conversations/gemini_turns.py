"""Finds Gemini CLI's current conversation by the transcripts written in its turns.

Pure: sizes and first lines in, an id out.

Gemini CLI keeps no transcript open and does not report its conversation; ``/clear`` begins a new one, and ``--resume
latest`` resumes one that only it knows. So after each turn, this module compares the project's transcripts. If the
chat's own transcript was written, nothing has changed. Other chats of the same project write their transcripts at the
same time. So another transcript counts only if it is the only one that changed, and no other process names it in its
argv. If the chat's conversation is known, the other transcript must also be newer than the chat. If one turn does not
decide, a later one may.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping

Sizes = Mapping[str, int]
"""Lengths of transcripts in bytes, by path. Messages change the length; a mere start changes the times, too."""

_ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class GeminiTurns:
    """Compares the transcripts before and after each turn of one chat."""

    def __init__(self, directory: str, sizes: Sizes) -> None:
        """Begin while the program runs, perhaps for a long time: the next turn has not written the current transcripts.

        Args:
            directory: the chat's working directory; Gemini CLI names projects by its hash.
            sizes: sizes of all transcripts now.
        """
        self._project = hashlib.sha256(directory.encode()).hexdigest()
        self._at_start = frozenset(sizes)
        self._before = sizes
        self._undecided: set[str] | None = None

    def written(self, sizes: Sizes) -> list[str]:
        """The transcripts written since the last call, given the sizes of all of them now."""
        before, self._before = self._before, sizes
        return [path for path, size in sizes.items() if before.get(path) != size]

    def conversation(
        self, own: str, first_lines: Mapping[str, bytes], command_lines: Callable[[], Iterable[bytes]]
    ) -> str:
        """The id of the other conversation that the chat is in after a turn; "" if it is in its own, or undecided.

        Args:
            own: the id of the chat's known conversation; "" if unknown.
            first_lines: the first lines of the transcripts that were written in the turn.
            command_lines: returns the command lines of all processes; called only if needed.
        """
        found = {conversation: path for path, line in first_lines.items() if (conversation := self._id_in(line))}
        if not found:
            return ""
        if own in found:
            self._undecided = None
            return ""
        others = {each for each, path in found.items() if not (own and path in self._at_start)}
        self._undecided = (self._undecided & others or others) if self._undecided else others
        # Other chats were started with their ids in the argv.
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
