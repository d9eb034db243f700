"""The parts of a turn that is over: its steps on the way to the answer, which are folded, and the answer. Pure."""

from __future__ import annotations

from functools import cached_property
from itertools import islice

from gui.wording import chat_texts
from gui.wording.changes_texts import changed_lines
from session_host.structured.edits import changes_by_file
from session_host.structured.items import Item
from session_host.structured.patches import counts
from session_host.structured.turns import TurnSpan, took_ms

from . import patches
from .items import has_failed
from .segments import TurnLine

_MAX_NAMED = 12
"""How many changed files of a turn are named."""
_STEPS = frozenset({"agent", "thought", "tool", "plan", "raw"})


class Folding:
    """Says which items of a turn are folded.

    Attributes:
        turn: the turn.
        steps: the positions of the items that are folded; none while the turn runs, and of one that did not end well or
            has no answer.
    """

    def __init__(self, turn: TurnSpan) -> None:
        """Find the steps of a turn."""
        self.turn = turn
        self.steps = frozenset(self._steps() if turn.is_over and turn.prompts else ())

    def _steps(self) -> list[int]:
        items, begin = self.turn.items, self.turn.begin
        answer = len(items)
        while answer > 1 and not _is_answer(items[answer - 1]):
            if items[answer - 1].kind not in {"notice", "user"}:
                return []
            answer -= 1
        while _is_answer(items[answer - 1]):
            answer -= 1
        if any(end.outcome != "completed" for end in self.turn.ends):
            return []
        return [begin + number for number in range(1, answer) if items[number].kind in _STEPS]

    @cached_property
    def failed(self) -> list[str]:
        """The ids of the folded calls that failed."""
        items, begin = self.turn.items, self.turn.begin
        return [item.id for number, item in enumerate(items, begin) if number in self.steps and has_failed(item)]

    @cached_property
    def last_message(self) -> int:
        """The position of the agent's message with which the turn has ended; negative for none."""
        items, last = self.turn.items, len(self.turn.items) - 1
        while last > 0 and (items[last].status == "withdrawn" or items[last].kind == "notice"):
            last -= 1  # It says nothing of where the turn has ended.
        is_last = self.turn.is_over and _is_answer(items[last]) and items[last].status != "running"
        return self.turn.begin + last if is_last else -1

    def changed(self, directory: str) -> tuple[str, ...]:
        """The changed files of a chat in this directory with their numbers of lines, a line for each."""
        lines = [f"{patches.shown_path(path, directory)}  {counts}".rstrip() for path, counts in self._counts]
        hidden = self.turn.work.files - len(lines)
        return (*lines, *([chat_texts.MORE_FILES(n=hidden)] if hidden else []))

    @cached_property
    def _counts(self) -> list[tuple[str, str]]:
        """The first changed files, and their numbers of lines."""
        first = islice(changes_by_file(self.turn.items).items(), _MAX_NAMED)
        return [(path, changed_lines(*counts(changes))) for path, changes in first]

    def _read_files(self) -> int:
        """How many files were read; 0 if something was looked at that is no file."""
        calls = [item for item in self.turn.items if item.kind == "tool" and item.status != "declined"]
        reads = [item for item in calls if item.tool == "read"]
        return len({item.title for item in reads}) if len(reads) == self.turn.work.looks else 0

    @cached_property
    def line(self) -> TurnLine:
        """The line that sums up the steps."""
        facts, work = self.turn.facts, self.turn.work
        return TurnLine(
            item=facts.prompt,
            files=work.files,
            added=work.added,
            removed=work.removed,
            commands=work.commands,
            failed=len(self.failed),
            declined=work.declined,
            read=self._read_files(),
            looks=work.looks,
            steps=len(self.steps),
            duration_ms=took_ms(facts),
        )


def _is_answer(item: Item) -> bool:
    return item.kind == "agent" and not item.parent and bool(item.text)
