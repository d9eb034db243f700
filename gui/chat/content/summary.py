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
        plan: the newest plan of the main agent; None if there is none.
        files: the changed files by their paths; the last changed one comes last.
    """

    def __init__(self) -> None:
        self.plan: Item | None = None
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
                self.plan = item
        self._read = transcript.queue_start
        if self.plan is not None:
            self.plan = transcript.get(self.plan.id)  # Each update of a plan replaces the whole plan.

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
