"""Sends one answer to the client while it arrives."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import groupby

from session_host.endpoint.acp import updates
from session_host.endpoint.asking import AnswerRun, RecordSink
from session_host.endpoint.server.client import Text, Thinking
from session_host.endpoint.server.errors import ApiError


class SentAnswer(AnswerRun):
    """An answer as updates of the session."""

    def __init__(self, save: RecordSink, model: str, send: Callable[[updates.Update], None]) -> None:
        super().__init__(save, model)
        self._send = send
        self._waits_for: ApiError | None = None

    def _show_phase(self) -> None:
        """The client counts the seconds itself."""

    def _show_wait(self, error: ApiError, left_s: float) -> None:
        if error is not self._waits_for:  # Once for each wait.
            self._waits_for = error
            self._send(updates.notice(f"{error}; asking again in {math.ceil(left_s)} s"))

    def _show_arrived(self, events: Sequence[Text | Thinking]) -> None:
        for kind, group in groupby(events, type):
            text = "".join(event.text for event in group)
            if text:
                name = "agent_message_chunk" if kind is Text else "agent_thought_chunk"
                self._send(updates.chunk(name, text))

    def _show_end(self, *, has_begun: bool) -> None:
        if self.note and has_begun:
            self._send(updates.notice(self.note))
