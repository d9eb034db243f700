"""The turns of a transcript that are over: which of their items are steps on the way to the answer. Pure."""

from __future__ import annotations

from collections.abc import Container
from functools import cached_property
from itertools import chain, islice

from gui.wording import chat_texts
from gui.wording.changes_texts import changed_lines
from session_host.structured.edits import changes_by_file
from session_host.structured.items import BETWEEN_TURNS, IN_QUEUE, FileChange, Item
from session_host.structured.patches import counts
from session_host.structured.transcript import Transcript
from session_host.structured.turns import is_prompt

from . import patches
from .items import has_failed
from .segments import TurnLine

_MAX_NAMED = 12
"""How many changed files of a turn are named."""
_STEPS = frozenset({"agent", "thought", "tool", "plan", "raw"})


class Folding:
    """A prompt and what follows it up to the next prompt.

    Attributes:
        begin, end: the positions of its prompt, and after its last item.
        steps: the positions of the items that are folded; none while the turn runs, and of one that did not end well or
            has no answer. Not folded is a step that failed, or that says what the user decided: declined, or answered.
    """

    def __init__(self, transcript: Transcript, position: int, answered: Container[str] = ()) -> None:
        """Find the turn of the item at a position; before the first prompt, ``begin`` is negative.

        ``answered`` has the items with the user's answers to questions.
        """
        self._transcript, self._answered = transcript, answered
        begin = position
        while begin >= 0 and not is_prompt(transcript[begin]):
            begin -= 1
        end = position + 1
        while end < len(transcript) and not is_prompt(transcript[end]):
            end += 1
        self.begin, self.end = begin, end
        self._was_over = self.is_over
        self.steps = frozenset(self._steps()) if begin >= 0 else frozenset()

    @property
    def is_settled(self) -> bool:
        """Whether it was over when it was found, and another turn follows it.

        Then it is what it was, until an item of it changes, or a prompt.
        """
        return self._was_over and self.is_over and self.end < self._transcript.queue_start

    @property
    def is_over(self) -> bool:
        """Whether the agent works no more in this turn."""
        transcript, status = self._transcript, self._transcript.status
        if self.end < len(transcript) and transcript[self.end].status not in IN_QUEUE:
            # A prompt that was added to the running turn has no turn until the agent confirms it.
            turn = transcript[self.end - 1].turn
            return not (turn and ((status.is_running and turn == status.turn) or transcript[self.end].turn == turn))
        return status.state in BETWEEN_TURNS or status.state == "ended"

    def _steps(self) -> list[int]:
        transcript = self._transcript
        answer = self.end
        while answer > self.begin + 1 and not _is_answer(transcript[answer - 1]):
            if transcript[answer - 1].kind not in {"notice", "user"}:
                return []
            answer -= 1
        while _is_answer(transcript[answer - 1]):
            answer -= 1
        inside = range(self.begin + 1, answer)
        if not inside or not self.is_over:
            return []
        if any(transcript[each].id in transcript.endings for each in range(self.begin, self.end)):
            return []
        return [each for each in inside if self._is_folded(transcript[each])]

    def _is_folded(self, item: Item) -> bool:
        is_decided = item.status == "declined" or item.id in self._answered
        return item.kind in _STEPS and not has_failed(item) and not is_decided

    @cached_property
    def _calls(self) -> list[Item]:
        items = (self._transcript[each] for each in range(max(self.begin, 0), self.end))
        return [item for item in items if item.kind == "tool"]

    @cached_property
    def _by_file(self) -> dict[str, list[FileChange]]:
        return changes_by_file(self._calls)

    @property
    def files(self) -> int:
        """How many files its edits changed."""
        return len(self._by_file)

    def changed(self, directory: str) -> tuple[str, ...]:
        """The changed files of a chat in this directory with their numbers of lines, a line for each."""
        lines = [f"{patches.shown_path(path, directory)}  {counts}".rstrip() for path, counts in self._counts]
        hidden = self.files - len(lines)
        return (*lines, *([chat_texts.MORE_FILES(n=hidden)] if hidden else []))

    @cached_property
    def _counts(self) -> list[tuple[str, str]]:
        """The first changed files, and their numbers of lines."""
        first = islice(self._by_file.items(), _MAX_NAMED)
        return [(path, changed_lines(*counts(changes))) for path, changes in first]

    @cached_property
    def line(self) -> TurnLine:
        """The line that sums up the steps."""
        transcript = self._transcript
        items = [transcript[each] for each in range(self.begin, self.end)]
        added, removed = counts(list(chain(*self._by_file.values())))
        commands = [item for item in self._calls if item.tool == "execute" and item.status != "declined"]
        ended_ms = max((transcript.turn_ends.get(item.id, 0) for item in items), default=0)
        return TurnLine(
            item=items[0].id,
            files=self.files,
            added=added,
            removed=removed,
            commands=len(commands),
            failed=sum(map(has_failed, commands)),
            steps=len(self.steps),
            duration_ms=max(ended_ms - items[0].at_ms, 0) if ended_ms else 0,
        )


def _is_answer(item: Item) -> bool:
    return item.kind == "agent" and not item.parent and bool(item.text)
