"""What an agent does now, and what it said last, each in a line: from the newest items of a chat view. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from session_host.protocol.untrusted_text import one_line

from .items import BETWEEN_TURNS, AnyChange, Item, Put, Remove, SetStatus, StateChanged, ToolKind
from .sentence import first_sentence
from .transcript import Transcript
from .turns import is_prompt

_VERBS: Final[dict[ToolKind, str]] = {
    "edit": "Editing",
    "read": "Reading",
    "delete": "Deleting",
    "move": "Moving",
}
"""The verbs in place of the first word of a tool's title, where a path follows that."""
_DONE: Final = {
    "Add": "Added",
    "Create": "Created",
    "Delete": "Deleted",
    "Edit": "Edited",
    "Move": "Moved",
    "MultiEdit": "Edited",
    "Update": "Updated",
    "Write": "Wrote",
}
"""What takes the place of the first word of a tool's title once its edit is done."""
_LOOKED_THROUGH: Final = 200
"""How many of the newest items are looked through for what runs."""


def running_item(transcript: Transcript) -> Item | None:
    """The newest item of the main agent in the last turn that is not complete; None for none."""
    end = transcript.queue_start
    for position in range(end - 1, max(end - _LOOKED_THROUGH, 0) - 1, -1):
        item = transcript[position]
        if is_prompt(item):
            return None
        if is_running(item):
            return item
    return None


def is_running(item: Item) -> bool:
    """Whether an item is a step of the main agent that is not complete."""
    return item.status == "running" and not item.parent and item.kind in {"tool", "thought", "agent"}


class Steps:
    """The steps of the main agent that run, and what the rules say of the turn, from the changes of a chat view."""

    def __init__(self, first: Item | None = None) -> None:
        """Begin with a step that runs already."""
        self._lines: dict[str, str] = {}
        self._detail = ""
        if first is not None:
            self._lines[first.id] = doing(first)[0]

    def take(self, changes: Iterable[AnyChange]) -> str:
        """Note changes; returns what is said of the turn, as that it is silent, else the newest step that runs."""
        for change in changes:
            match change:
                case Put(item) if is_running(item):
                    self._lines[item.id] = doing(item)[0]
                case Put(item):
                    self._lines.pop(item.id, None)
                case SetStatus(item_id, status) if status != "running":
                    self._lines.pop(item_id, None)
                case Remove(item_id):
                    self._lines.pop(item_id, None)
                case StateChanged(state, detail=detail):
                    self._detail = detail if state == "running" else ""
                    if state in BETWEEN_TURNS:
                        self._lines.clear()
                case _:
                    pass
        return self._detail or next(reversed(self._lines.values()), "")


def last_said(transcript: Transcript) -> str:
    """The first sentence of the main agent's newest message that is complete, a line of Markdown; "" for none."""
    end = transcript.queue_start
    for position in range(end - 1, max(end - _LOOKED_THROUGH, 0) - 1, -1):
        item = transcript[position]
        if item.kind == "agent" and not item.parent and item.status != "running" and item.text.strip():
            return first_sentence(item.text)
    return ""


def done_title(item: Item) -> str:
    """The title of a tool call; of an edit that is done in the past: "Edited src/a.py". "" if it has none."""
    first, _, rest = item.title.partition(" ")
    if item.status != "done" or item.tool not in {"edit", "delete", "move"} or not rest:
        return item.title
    return f"{_DONE.get(first, first)} {rest}"


def doing(item: Item) -> tuple[str, int]:
    """The line of a running item, such as "Editing src/a.py", and where its command or path begins in that."""
    if item.kind != "tool":
        text = "Thinking" if item.kind == "thought" else "Writing"
        return text, len(text)
    title = one_line(item.title or item.command)
    _first, _, path = title.partition(" ")
    verb = _VERBS.get(item.tool, "") if path else ""
    if verb:
        return f"{verb} {path}", len(verb) + 1
    if item.tool == "execute" and title:
        return f"Running {title}", len("Running ")
    return title or "Working", len(title or "Working")
