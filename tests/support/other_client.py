"""Another client of an app-server's thread, like the agent's own terminal."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import unix_connect

Json = dict[str, Any]
DEADLINE_S = 60.0


class OtherClient:
    """A client on the server's socket. A context manager.

    Attributes:
        heard: all messages of the server.
    """

    def __init__(self, path: Path) -> None:
        self._connection = unix_connect(
            str(path),
            uri="ws://localhost/",
            compression=None,
            max_size=None,
            max_queue=None,
            ping_interval=None,
            legacy=True,
        )
        self._numbers = itertools.count(1)
        self.heard: list[Json] = []
        info = {"name": "other", "title": "Other", "version": "1"}
        self.call("initialize", clientInfo=info, capabilities={"experimentalApi": True, "requestAttestation": False})
        self._send({"method": "initialized"})

    def open(self, thread: str) -> None:
        """Follow a thread."""
        self.thread = thread
        self.call("thread/resume", threadId=thread, excludeTurns=True)

    def prompt(self, text: str) -> None:
        """Start a turn."""
        self.call("turn/start", threadId=self.thread, input=[{"type": "text", "text": text}])

    def call(self, method: str, **params: Any) -> Json:
        """Send a request and wait for the reply."""
        number = next(self._numbers)
        self._send({"id": number, "method": method, "params": params})
        return self.wait_for_message(lambda each: each.get("id") == number and "method" not in each)

    def wait_for_request(self) -> Json:
        """Wait for a request of the server."""
        return self.wait_for_message(lambda each: "id" in each and "method" in each)

    def answer(self, request: Json, decision: str) -> None:
        """Answer a request of the server."""
        self._send({"id": request["id"], "result": {"decision": decision}})

    def wait_for_notification(self, method: str) -> Json:
        """Wait for a notification."""
        return self.wait_for_message(lambda each: each.get("method") == method)

    def wait_for_message(self, wanted: Callable[[Json], bool]) -> Json:
        """Wait for a message that matches; earlier messages are dropped.

        Raises:
            TimeoutError: no such message comes.
        """
        deadline_s = time.monotonic() + DEADLINE_S
        while True:
            message: Json = json.loads(self._connection.recv(timeout=max(0.0, deadline_s - time.monotonic())))
            self.heard.append(message)
            if wanted(message):
                return message

    def _send(self, message: Json) -> None:
        self._connection.send(json.dumps(message))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
