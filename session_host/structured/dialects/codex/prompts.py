"""Sends prompts and steering texts, and reports their outcome."""

from __future__ import annotations

from typing import Any, Final

from session_host.structured.dialects.base import UserPrompt
from session_host.structured.dialects.json_rpc import OVERLOADED, SentRequest
from session_host.structured.dialects.reading import error_words, integer, text
from session_host.structured.items import SlashCommand

from . import items
from .context import MAX_TRIES, Context
from .state import SentPrompt
from .turns import Turns

COMMANDS: Final = (
    SlashCommand("compact", "Summarise the conversation to make room"),
    SlashCommand("review", "Review changes", "[branch NAME | commit SHA | what to look at]"),
    SlashCommand("rename", "Name the conversation", "NAME"),
)
METHODS: Final = frozenset({"turn/start", "turn/steer", "review/start", "thread/compact/start", "thread/name/set"})
"""The methods that prompts lead to."""


class Prompts:
    """Sends prompts, and reports whether the server accepts them."""

    def __init__(self, context: Context, turns: Turns) -> None:
        self._context = context
        self._turns = turns

    def send(self, prompt: UserPrompt, *, steers: bool = False) -> None:
        """Send a prompt, or a text for the running turn."""
        found = self._context.state.prompts[prompt.id] = SentPrompt(prompt, steers)
        self._send(found)

    def send_again(self, prompt_id: str) -> None:
        """Send a prompt again that was refused because of overload."""
        found = self._context.state.prompts.get(prompt_id)
        if found is not None:
            self._send(found)

    def _send(self, found: SentPrompt) -> None:
        context, prompt = self._context, found.prompt
        state = context.state
        found.turns = state.turns
        if found.steers and not state.turn:
            del state.prompts[prompt.id]
            context.port.too_late(prompt.id)
            return
        method, params = ("turn/start", {}) if found.steers else slash_command(prompt.text)
        if found.steers:
            method, params = "turn/steer", {"expectedTurnId": state.turn}
        if method in {"turn/start", "turn/steer"}:
            state.echoes[prompt.id] = prompt.text
            params |= {"clientUserMessageId": prompt.id, "input": items.input_of(prompt.text, prompt.images)}
        context.rpc.request(method, {"threadId": state.thread, **params}, prompt.id)

    def confirmed(self, sent: SentRequest, result: dict[str, Any]) -> None:
        """The server has taken a prompt."""
        context = self._context
        state = context.state
        prompt = state.prompts.pop(sent.about, None)
        turn = text(result, "turn", "id") or text(result, "turnId")
        if sent.method == "review/start":
            state.reviews.append(turn)
        if sent.method in {"turn/start", "review/start"}:
            self._turns.began(turn)
        elif sent.method == "thread/compact/start" and prompt is not None and prompt.turns == state.turns:
            state.busy = True  # Its turn begins just now, and this reply does not name it.
            context.show_state()
        context.port.accepted(sent.about, turn)

    def refused(self, sent: SentRequest, error: dict[str, Any]) -> None:
        """The server has refused a prompt."""
        context = self._context
        state = context.state
        found = state.prompts.get(sent.about)
        if found is not None and integer(error, "code") == OVERLOADED and found.tries < MAX_TRIES:
            found.tries += 1
            if found.tries == 1:
                context.port.notice("Codex is overloaded: it is asked again.")
            context.retry_later(sent.about, found.tries)
            return
        state.prompts.pop(sent.about, None)
        state.echoes.pop(sent.about, None)
        if found is not None and found.steers:
            context.port.too_late(sent.about)
        else:
            reason = error_words(text(error, "message")) or "no reason given"
            context.port.refused(sent.about, f"Codex refused the prompt: {reason}")


def slash_command(words: str) -> tuple[str, dict[str, Any]]:
    """The method for a prompt's text, and its parameters."""
    word, _, rest = words.strip().partition(" ")
    rest = rest.strip()
    match word:
        case "/compact" if not rest:
            return "thread/compact/start", {}
        case "/rename" if rest:
            return "thread/name/set", {"name": rest}
        case "/review":
            return "review/start", {"target": _review_target(rest), "delivery": "inline"}
        case _:
            return "turn/start", {}


def _review_target(words: str) -> dict[str, Any]:
    kind, _, name = words.partition(" ")
    if not words:
        return {"type": "uncommittedChanges"}
    if kind == "branch" and name:
        return {"type": "baseBranch", "branch": name.strip()}
    if kind == "commit" and name:
        return {"type": "commit", "sha": name.strip(), "title": None}
    return {"type": "custom", "instructions": words}
