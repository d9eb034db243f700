"""Sends prompts, and follows the turns that they begin."""

from __future__ import annotations

from typing import Any, Final

from session_host.structured.dialects import reading
from session_host.structured.dialects.base import UserPrompt
from session_host.structured.dialects.json_rpc import INVALID_PARAMS
from session_host.structured.items import (
    ItemStatus,
    StateChanged,
    TurnEnded,
    TurnOutcome,
    UsageChanged,
)

from .messages import Messages
from .prompts import NO_COMMAND, content_blocks
from .requests import Requests
from .shared import AUTHENTICATION_REQUIRED, Shared, error_text
from .tools import Tools

REFUSALS: Final = frozenset({-32700, -32600, -32601, INVALID_PARAMS, AUTHENTICATION_REQUIRED})
"""Codes of errors if the agent did not accept the prompt. After any other error, its conversation has the prompt."""

_STOPS: Final[dict[str, tuple[TurnOutcome, str]]] = {
    "end_turn": ("completed", ""),
    "max_tokens": ("failed", "The answer is incomplete: the model's limit of tokens is reached."),
    "max_turn_requests": ("failed", "The turn is incomplete: the agent's limit of requests for one turn is reached."),
    "refusal": ("failed", "The agent refuses to continue after this prompt."),
    "cancelled": ("interrupted", ""),
}
_ITEM_STATUSES: Final[dict[TurnOutcome, ItemStatus]] = {
    "completed": "done",
    "interrupted": "interrupted",
    "failed": "failed",
}


class Turns:
    """The turns of the chat. A turn ends with the reply to its prompt."""

    def __init__(self, shared: Shared, messages: Messages, tools: Tools, requests: Requests) -> None:
        self._shared = shared
        self._messages = messages
        self._tools = tools
        self._requests = requests

    def begin(self, prompt: UserPrompt) -> None:
        """Send a prompt."""
        shared, state = self._shared, self._shared.state
        if prompt.images and not state.takes_images:
            shared.port.refused(prompt.id, f"{state.agent} takes no images")
            return
        self._messages.finish("done")
        self._tools.forget_before(f"{state.prefix}-turn-{state.turns}")
        state.turns += 1
        state.turn = f"{state.prefix}-turn-{state.turns}"
        state.prompt, state.prompt_text = prompt.id, prompt.text
        state.confirmed = state.cancelling = False
        state.updates_before = state.update_count
        blocks = content_blocks(prompt, state.start.directory)
        if shared.option("drops_unknown_commands") and self._looks_like_command(prompt.text):
            blocks.insert(0, NO_COMMAND)
        shared.rpc.request("session/prompt", {"sessionId": state.session, "prompt": blocks}, prompt.id)
        shared.port.emit(StateChanged("running", state.turn))

    def _looks_like_command(self, words: str) -> bool:
        """Whether a text begins as a command, and is none that the agent offers."""
        name = "".join(words.split(maxsplit=1)[:1])
        return name.startswith("/") and name[1:] not in self._shared.state.commands

    def confirm(self) -> None:
        """Confirm the prompt: a message of the agent shows that the turn runs."""
        shared, state = self._shared, self._shared.state
        if not state.turn or state.confirmed:
            return
        state.confirmed = True
        shared.report_conversation()
        shared.port.accepted(state.prompt, state.turn)

    def steer(self, prompt: UserPrompt) -> None:
        """Add a text to the running turn, by an extension of the protocol (``_meta.steering``, claude-agent-acp)."""
        state = self._shared.state
        if not state.turn or not state.steers:
            self._shared.port.too_late(prompt.id)
            return
        self._shared.rpc.request("_session/steering", {
            "sessionId": state.session,
            "prompt": content_blocks(prompt, state.start.directory),
            "_meta": {"steering": {"idleBehavior": "promptRequired"}},
        }, prompt.id)  # fmt: skip

    def steered(self, message: dict[str, Any], about: str) -> None:
        """Handle the reply to a steering text."""
        if reading.text(message, "result", "outcome") in {"injected", "startedNewTurn"}:
            self._messages.end_run()
            self._shared.port.accepted(about, self._shared.state.turn)
        else:
            self._shared.port.too_late(about)

    def cancel(self) -> None:
        """Cancel the turn."""
        shared, state = self._shared, self._shared.state
        if not state.turn:
            return
        shared.rpc.notify("session/cancel", {"sessionId": state.session})
        had_requests = bool(state.requests)
        self._requests.withdraw_all()
        if had_requests:
            shared.port.emit(StateChanged("running", state.turn))
        state.cancelling = True

    def end(self, message: dict[str, Any], about: str) -> None:
        """Handle the reply to a prompt, which ends the turn."""
        state = self._shared.state
        if about != state.prompt or not state.turn:
            self._shared.port.raw("reply to a prompt that has ended", message)
            return
        if "error" in message:
            self._end_with_error(message["error"])
            return
        self.confirm()
        result = reading.mapping(message, "result")
        self._count(result)
        reason = reading.text(result, "stopReason")
        if reason not in _STOPS:
            self._shared.port.raw("session/prompt", message)
        outcome, error = _STOPS.get(reason, ("completed", ""))
        if state.cancelling and state.update_count == state.updates_before:
            outcome = "interrupted"  # opencode says "end_turn" if it was waiting to ask its model again.
        self._finish(outcome, error)

    def _end_with_error(self, error: Any) -> None:
        state, reason = self._shared.state, error_text(error)
        if state.cancelling:
            self.confirm()
            self._finish("interrupted")
        elif not state.confirmed and reading.integer(error, "code") in REFUSALS:
            needs_log_in = reading.integer(error, "code") == AUTHENTICATION_REQUIRED
            self._shared.port.refused(state.prompt, self._shared.log_in_text(error) if needs_log_in else reason)
            self._idle()
        else:
            self.confirm()
            self._finish("failed", reason)

    def _finish(self, outcome: TurnOutcome, error: str = "") -> None:
        turn, status = self._shared.state.turn, _ITEM_STATUSES[outcome]
        self._requests.withdraw_all()
        self._messages.finish(status)
        self._tools.finish(status)
        if error:
            self._shared.port.notice(error)
        self._shared.port.emit(TurnEnded(turn, outcome, error))
        self._idle()

    def _idle(self) -> None:
        state = self._shared.state
        state.turn = state.prompt = state.prompt_text = ""
        state.confirmed = state.cancelling = False
        self._shared.port.emit(StateChanged("idle"))

    # ------------------------------------------------------------ tokens

    def usage(self, update: dict[str, Any]) -> None:
        """Take the agent's report of the tokens in the model's context."""
        amount = reading.at(update, "cost", "amount")
        cost = float(amount) if isinstance(amount, int | float) and not isinstance(amount, bool) else 0.0
        change = UsageChanged(
            max(0, reading.integer(update, "used")), max(0, reading.integer(update, "size")),
            self._shared.state.tokens, cost, reading.text(update, "cost", "currency"),
        )  # fmt: skip
        self._shared.state.usage = change
        self._shared.port.emit(change)

    def _count(self, result: dict[str, Any]) -> None:
        """Add the tokens of a turn to the total."""
        state = self._shared.state
        counts = reading.mapping(result, "_meta", "quota", "token_count")
        tokens = reading.integer(result, "usage", "totalTokens")
        tokens = tokens or reading.integer(counts, "input_tokens") + reading.integer(counts, "output_tokens")
        if tokens <= 0:
            return
        state.tokens += tokens
        state.usage = UsageChanged(
            state.usage.used, state.usage.window, state.tokens, state.usage.cost, state.usage.currency
        )
        self._shared.port.emit(state.usage)
