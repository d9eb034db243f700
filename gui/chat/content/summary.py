"""Summary of a transcript: the agent's plan, and the files that the chat has changed. No widgets."""

from __future__ import annotations

from typing import NamedTuple

from session_host.structured.items import Item
from session_host.structured.transcript import Transcript

from . import patches


class ChangedFile(NamedTuple):
    """A file that the chat has changed.

    Attributes:
        path: as the agent reports it; the new one of a moved file.
        added, removed: the numbers of lines, over all changes of the chat.
        item: the id of the last item that changed it.
    """

    path: str
    added: int
    removed: int
    item: str


class Summary:
    """The plan and the changed files of one transcript, read as the transcript grows.

    Attributes:
        files: the changed files by their paths; the last changed one comes last.
    """

    def __init__(self) -> None:
        self._plan: Item | None = None
        self._prompts: list[str] = []
        """The prompts after the plan."""
        self._is_over = False
        self.files: dict[str, ChangedFile] = {}
        self._read = 0
        """How many items were examined; queued prompts, above which items are added, do not count."""
        self._unfinished: list[str] = []
        """Tools among them that may still change files."""

    def update(self, transcript: Transcript) -> None:
        """Read what is new in the transcript."""
        unfinished, self._unfinished = self._unfinished, []
        for item_id in unfinished:
            if (item := transcript.get(item_id)) is not None:
                self._add(item)
        for position in range(self._read, len(transcript)):
            item = transcript[position]
            if item.kind == "tool":
                self._add(item)
            elif item.kind == "plan" and not item.parent:
                self._plan, self._prompts, self._is_over = item, [], False
            elif item.kind == "user" and position < transcript.queue_start:
                self._prompts.append(item.id)
        self._read = transcript.queue_start
        if self._plan is not None and not self._is_over:
            self._plan = transcript.get(self._plan.id)  # Each update of a plan replaces the whole plan.
            turns = {prompt.turn for item_id in self._prompts if (prompt := transcript.get(item_id)) is not None}
            turns -= {"", self._plan.turn} if self._plan is not None else set()
            self._is_over = len(turns) > 1 or (len(turns) == 1 and not transcript.status.is_running)

    @property
    def plan(self) -> Item | None:
        """The newest plan of the main agent; None if there is none, or if a later turn has ended without a new one."""
        return None if self._is_over else self._plan

    def _add(self, item: Item) -> None:
        if item.status == "running":
            self._unfinished.append(item.id)
        elif item.status == "done":
            for change in item.changes:
                previous = self.files.pop(change.path, None)
                added, removed = patches.counts([change])
                if previous is not None:
                    added, removed = previous.added + added, previous.removed + removed
                path = change.moved_to or change.path
                self.files[path] = ChangedFile(path, added, removed, item.id)
