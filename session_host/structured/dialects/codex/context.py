"""The objects that the parts of the dialect share: port, connection, state."""

from __future__ import annotations

import msgspec

from session_host.structured.dialects.base import DialectPort, Start
from session_host.structured.dialects.json_rpc import JsonRpc
from session_host.structured.dialects.limits import merged
from session_host.structured.items import ChatState, StateChanged, UsageChanged, UsageLimit

from .state import CodexState, new_state

KEPT_NOTICES = 50
KEPT_TURNS = 20
MAX_TRIES = 6
FIRST_WAIT_S = 0.5
MAX_WAIT_S = 8.0


class Context:
    """The port, the connection and the state.

    Attributes:
        port: see ``base.DialectPort``.
        rpc: the connection.
        state: see ``state.CodexState``.
    """

    def __init__(self, port: DialectPort) -> None:
        self.port = port
        self.rpc = JsonRpc(port, member=False)
        self.state: CodexState = new_state(Start(directory="/"), self.rpc.state)

    def show_state(self) -> None:
        """Report the agent's state, if it has changed."""
        state = self.state
        shown: tuple[ChatState, str, str] = ("idle", "", "")
        if state.busy:
            shown = ("running", state.turn, "")
        if state.requests:
            shown = ("requires_action", state.turn, next(iter(state.requests.values())).title)
        if shown != state.shown and state.shown[0] != "starting":
            state.shown = shown
            self.port.emit(StateChanged(*shown))

    def ready(self) -> None:
        """Accept prompts: the thread is open."""
        if self.state.shown[0] == "starting":
            self.state.shown = ("idle", "", "")
            self.port.ready()
            self.show_state()

    def notice_once(self, words: str) -> None:
        """Show a notice, unless it was shown before: the server repeats some."""
        shown = self.state.shown_notices
        if words.strip() and words not in shown:
            self.state.shown_notices = [*shown, words][-KEPT_NOTICES:]
            self.port.notice(words)

    def limits_reported(self, reported: list[UsageLimit]) -> None:
        """Show newer reports of the subscription's limits."""
        if reported:
            usage = self.state.usage
            self.usage_changed(msgspec.structs.replace(usage, limits=merged(usage.limits, reported)))

    def usage_changed(self, usage: UsageChanged) -> None:
        """Show the tokens and limits."""
        self.state.usage = usage
        self.port.emit(usage)

    def retry_later(self, name: str, tries: int) -> None:
        """Start a timer for the next try; the time doubles with each try."""
        self.port.start_timer(name, min(FIRST_WAIT_S * 2 ** (tries - 1), MAX_WAIT_S))

    def has_ended(self, turn: str) -> bool:
        """Whether a turn has ended already."""
        return turn in self.state.ended
