"""The prompts of a structured chat that wait for the agent, or for its confirmation. Pure.

``rules`` has the states of a prompt, and decides when the next one is sent.
"""

from __future__ import annotations

from .dialects.base import DialectPort, UserPrompt
from .items import Item, ItemStatus, Put, Remove, SetStatus
from .rules_state import RulesState


class PromptQueue:
    """Keeps the prompts in the order in which they are sent, and shows their states in the transcript."""

    def __init__(self, state: RulesState, port: DialectPort) -> None:
        """Continue with the prompts of a state.

        Args:
            state: the state of the rules, which has the prompts.
            port: emits the changes of the transcript.
        """
        self._state, self._port = state, port

    def add(self, prompt: UserPrompt, *, steers: bool, first: bool) -> None:
        """Add a new prompt: as a steering text that is sent now, as the first prompt of the queue or as the last."""
        self._show(prompt, "sent" if steers else "queued")
        prompts = self._state.steering if steers else self._state.queue
        prompts.insert(0 if first else len(prompts), prompt)

    def take_next(self) -> UserPrompt | None:
        """Take the first prompt to send it; one that was queued during a turn moves below that turn.

        Returns:
            None if no prompt is queued, or the agent has not confirmed the last one yet.
        """
        state = self._state
        if state.in_flight is not None or not state.queue:
            return None
        state.in_flight = prompt = state.queue.pop(0)
        if prompt.id in state.waited:
            state.waited.remove(prompt.id)
            self._port.emit(Remove(prompt.id))
            self._show(prompt, "sent")
        else:
            self._port.emit(SetStatus(prompt.id, "sent"))
        return prompt

    def move_first(self, item_id: str) -> bool:
        """Make a prompt that is not sent the next one; returns whether there is such a prompt."""
        if (prompt := self._take_unsent(item_id)) is None:
            return False
        self._state.queue.insert(0, prompt)
        self._port.emit(SetStatus(item_id, "queued"))
        return True

    def withdraw(self, item_id: str) -> bool:
        """Take back a prompt that is not sent; returns whether there is such a prompt."""
        if self._take_unsent(item_id) is None:
            return False
        self._port.emit(SetStatus(item_id, "withdrawn", self._port.now_ms))
        return True

    def ask(self, words: str) -> None:
        """Show that the first prompt waits for its user's word, or "" that it does not any more."""
        if self._state.queue:
            self._show(self._state.queue[0], "held" if words else "queued", words)

    def hold(self) -> None:
        """Let the queued prompts wait until their user sends or discards them: they belonged to the stopped turn."""
        state = self._state
        for prompt in state.queue:
            self._port.emit(SetStatus(prompt.id, "held"))
        state.held, state.queue = [*state.held, *state.queue], []

    def release(self, *, discard: bool) -> bool:
        """Queue the held prompts before the others, or discard them; returns whether there are any."""
        state, now_ms = self._state, self._port.now_ms
        held, state.held = state.held, []
        for prompt in held:
            self._port.emit(SetStatus(prompt.id, "withdrawn", now_ms) if discard else SetStatus(prompt.id, "queued"))
        if not discard:
            state.queue = [*held, *state.queue]
        return bool(held)

    def forget(self, prompt_id: str) -> UserPrompt | None:
        """Remove the sent prompt with this id from those without a confirmation, and return it."""
        state = self._state
        if state.in_flight is not None and state.in_flight.id == prompt_id:
            prompt, state.in_flight = state.in_flight, None
            return prompt
        for prompt in state.steering:
            if prompt.id == prompt_id:
                state.steering.remove(prompt)
                return prompt
        return None

    def put_back(self, prompt: UserPrompt) -> None:
        """Let a steering text that came too late wait like a prompt that was queued during the turn."""
        state = self._state
        state.waited.append(prompt.id)
        if state.is_stopped:
            self._port.emit(Remove(prompt.id))  # It is below the turn, with the others that wait.
            self._show(prompt, "held")
            state.held.append(prompt)
        else:
            self._port.emit(SetStatus(prompt.id, "queued"))
            state.queue.insert(0, prompt)

    def _take_unsent(self, item_id: str) -> UserPrompt | None:
        """Remove a prompt from the queue, or from those that are held, and return it; None if it is in neither."""
        for prompts in (self._state.queue, self._state.held):
            for prompt in prompts:
                if prompt.id == item_id:
                    prompts.remove(prompt)
                    return prompt
        return None

    def _show(self, prompt: UserPrompt, status: ItemStatus, title: str = "") -> None:
        """Show a prompt, a new one at the end of the transcript."""
        item = Item(prompt.id, "user", self._port.now_ms, prompt.text, status, title=title, images=prompt.images)
        self._port.emit(Put(item))
