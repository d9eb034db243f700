"""Messages, thoughts and plans of the agent as items."""

from __future__ import annotations

from typing import Any, Final, Literal

from session_host.structured.dialects import reading
from session_host.structured.items import Append, Item, ItemStatus, PlanEntry, Put, Remove, SetStatus

from .content import block_image, block_text
from .prompts import NO_COMMAND
from .shared import Shared
from .state import Run

_ENTRY_STATES: Final[dict[str, Literal["pending", "in_progress", "completed"]]] = {
    "in_progress": "in_progress",
    "completed": "completed",
}

HIDDEN_TEXTS = ("<session_context>", "[Function Call: ", "[Function Response: ")
"""Beginnings of Gemini CLI's internal messages to its model, which it repeats with a conversation."""


class Messages:
    """The items that consist of text.

    Chunks of one kind that follow each other are one item, which grows. A chunk of the user is a whole prompt; if the
    agent gives it an id, it is a part of one.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def chunk(self, kind: Literal["user", "agent", "thought"], update: dict[str, Any]) -> None:
        """Add a chunk of a message or of a thought; ``_meta.notice``, an extension of ours, makes it a notice."""
        state = self._shared.state
        block = reading.mapping(update, "content")
        text = block_text(block)
        if text and reading.at(update, "_meta", "notice") is True:
            self.end_run()
            self._emit_item(Item(self._shared.new_id("notice"), "notice", self._shared.port.now_ms, text=text))
            return
        if kind == "user" and reading.array(block, "annotations", "audience") == NO_COMMAND["annotations"]["audience"]:
            return  # Our own block, which the agent repeats with the conversation.
        if kind == "user" and state.turn and text is not None and text.strip() in state.prompt_text:
            return  # The agent repeats the prompt of this turn.
        if text is None:
            self._other_content(kind, block)
            return
        if not text or (state.replaying and text.startswith(HIDDEN_TEXTS)):
            return
        run, message = state.run, reading.text(update, "messageId")
        grows = run is not None and run.kind == kind and run.message == message
        if run is not None and grows and (kind != "user" or message):
            self._shared.port.emit(Append(run.item, f"\n{text}" if kind == "user" else text))
            return
        self.end_run()
        item = self._add(Item(self._shared.new_id(kind), kind, self._shared.port.now_ms, text=text))
        state.run = Run(item, kind, message)

    def end_run(self) -> None:
        """Complete the message or thought that grows."""
        state = self._shared.state
        if state.run is not None:
            self._close(state.run.item, "done")
            state.run = None

    def plan(self, name: str, entries: list[Any]) -> None:
        """Show the agent's whole plan; ``name`` is its id, "" for the only one of the turn."""
        steps = tuple(
            PlanEntry(text, _ENTRY_STATES.get(reading.text(entry, "status"), "pending"))
            for entry in entries
            if (text := reading.text(entry, "content"))
        )
        if not steps:
            self.remove_plan(name)
            return
        self._put_plan(name, plan=steps, done=all(step.status == "completed" for step in steps))

    def plan_update(self, update: dict[str, Any]) -> None:
        """Show one of several plans of the agent: steps, Markdown, or a file."""
        plan = reading.mapping(update, "plan")
        name = reading.text(plan, "planId")
        match reading.text(plan, "type"):
            case "items":
                self.plan(name, reading.array(plan, "entries"))
            case "markdown":
                self._put_plan(name, text=reading.text(plan, "content"), done=True)
            case "file":
                self._put_plan(name, text=reading.text(plan, "uri"), done=True)
            case _:
                self._shared.port.raw("plan_update", update)

    def remove_plan(self, name: str) -> None:
        """Remove a plan."""
        state = self._shared.state
        if (item := state.plans.pop(name, None)) is not None:
            if item in state.open_items:
                state.open_items.remove(item)
            self._shared.port.emit(Remove(item))

    def finish(self, status: ItemStatus) -> None:
        """Complete all items: the turn has ended."""
        state = self._shared.state
        for item in list(state.open_items):
            self._close(item, status)
        state.run = None
        state.plans = {}

    def _other_content(self, kind: Literal["user", "agent", "thought"], block: dict[str, Any]) -> None:
        image = block_image(block)
        if image is None:
            self._shared.port.raw(f"content of {kind}", block)
            return
        self.end_run()
        item = Item(self._shared.new_id(kind), kind, self._shared.port.now_ms, images=(image,))
        self._close(self._add(item), "done")

    def _put_plan(self, name: str, *, done: bool, text: str = "", plan: tuple[PlanEntry, ...] = ()) -> None:
        state, now_ms = self._shared.state, self._shared.port.now_ms
        if name not in state.plans:
            self.end_run()
            state.plans[name] = self._shared.new_id("plan")
        item_id = state.plans[name]
        if item_id not in state.open_items and not done:
            state.open_items.append(item_id)
        if item_id in state.open_items and done:
            state.open_items.remove(item_id)
        status: ItemStatus = "done" if done else "running"
        item = Item(item_id, "plan", now_ms, text, status, state.turn, plan=plan, ended_ms=now_ms if done else 0)
        self._emit_item(item)

    def _add(self, item: Item) -> str:
        """Add an item; a message of the agent runs until it is complete."""
        state = self._shared.state
        status: ItemStatus = "done" if item.kind == "user" else "running"
        if status == "running":
            state.open_items.append(item.id)
        self._emit_item(Item(item.id, item.kind, item.at_ms, item.text, status, state.turn, images=item.images))
        return item.id

    def _emit_item(self, item: Item) -> None:
        if self._shared.state.replaying:
            self._shared.state.replayed.append(item.id)
        self._shared.port.emit(Put(item))

    def _close(self, item: str, status: ItemStatus) -> None:
        state = self._shared.state
        if item in state.open_items:
            state.open_items.remove(item)
            self._shared.port.emit(SetStatus(item, status, self._shared.port.now_ms))
