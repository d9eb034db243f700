"""The client's side of a chat with the endpoint agent: our dialect; the protocol's SDK checks the agent's messages."""

from __future__ import annotations

import asyncio
import json
import os
import select
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from session_host.endpoint.acp.agent import serve_pipes
from session_host.endpoint.server.api_keys import KeyFilter
from session_host.structured.dialects.base import Start
from session_host.structured.items import UsageChanged
from session_host.structured.lines import Line
from session_host.structured.rules import Step
from tests.support.acp_chat import AcpChat
from tests.support.waiting import TIMEOUT_S

RESULTS = {
    "initialize": "InitializeResponse",
    "session/new": "NewSessionResponse",
    "session/load": "LoadSessionResponse",
    "session/resume": "ResumeSessionResponse",
    "session/prompt": "PromptResponse",
    "session/set_config_option": "SetSessionConfigOptionResponse",
}
"""The SDK's classes of results, by the methods."""


class EndpointChat(AcpChat):
    """A chat with an agent at the other end of two pipes."""

    def __init__(self, start: Start, answers: BinaryIO, lines: BinaryIO) -> None:
        self._answers, self._lines = answers, lines
        super().__init__(start)

    def until(self, condition: Callable[[], Any]) -> None:
        """Handle the agent's messages until the condition is true."""
        while not condition():
            readable, _, _ = select.select([self._answers], [], [], TIMEOUT_S)
            assert readable, self.shown()
            line = self._answers.readline()
            assert line, self.shown()
            self._check(line)
            self._take(self.rules.receive_lines([Line(line)], self._later()))

    def ask(self, text: str, **fields: Any) -> list[tuple[str, str, str]]:
        """Prompt, and wait for the end of the turn; returns the items after the prompt."""
        self.until_idle()
        before = len(self.items) + 1
        self.prompt(text, **fields)
        self.until_idle()
        return self.shown()[before:]

    def until_idle(self) -> None:
        """Wait until the agent accepts prompts, and no prompt is pending."""
        rules = self.rules
        self.until(lambda: rules.state.takes_prompts and rules.state.state == "idle" and rules.state.in_flight is None)

    def last(self, kind: type[Any]) -> Any:
        """The last change of a kind."""
        return next(change for change in reversed(self.changes) if isinstance(change, kind))

    @property
    def usage(self) -> UsageChanged:
        change: UsageChanged = self.last(UsageChanged)
        return change

    def _check(self, line: bytes) -> None:
        """Check a message by the SDK's schema."""
        from acp import schema  # A second of imports, which each process of a test run would need at its start.

        message = json.loads(line)
        if message.get("method") == "session/update":
            schema.SessionNotification.model_validate(message["params"])
        elif "result" in message:
            [method] = [each["method"] for each in self.sent if each.get("id") == message["id"]]
            getattr(schema, RESULTS[method]).model_validate(message["result"])

    def _take(self, step: Step) -> list[dict[str, Any]]:
        if step.lines:
            self._lines.write(step.lines)
        return super()._take(step)


@contextmanager
def endpoint_chat(
    *arguments: str, start: Start | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[EndpointChat]:
    """A chat with an agent with these arguments. The agent runs in a thread with its own event loop."""
    source, input_end = os.pipe()
    output, target = os.pipe()
    agent_input, agent_output = os.fdopen(source, "rb", buffering=0), os.fdopen(target, "wb", buffering=0)
    work = serve_pipes(arguments, environment or {}, KeyFilter(), agent_input, agent_output)
    thread = threading.Thread(target=asyncio.run, args=(work,))
    with agent_input, agent_output, os.fdopen(output, "rb", buffering=0) as answers:
        try:
            with os.fdopen(input_end, "wb", buffering=0) as lines:
                thread.start()
                yield EndpointChat(start or Start(directory="/", version="1.0"), answers, lines)
        finally:
            thread.join()
