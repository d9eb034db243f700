"""Program: the terminal client of ``fake_app_server``; it corresponds to ``codex --remote``.

Its arguments are the socket and the thread. It uses the alternate screen, shows the thread's prompts and answers when
they come, and shows requests for permission. A typed line is a prompt; "y" and "n" answer a request.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, unix_connect


class Terminal:
    """A client of the server."""

    def __init__(self, connection: ClientConnection, thread: str) -> None:
        self.connection = connection
        self.thread = thread
        self.number = 0
        self.asked: list[Any] = []

    def call(self, method: str, **params: Any) -> None:
        self.number += 1
        self.connection.send(json.dumps({"id": self.number, "method": method, "params": params}))

    def follow(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            self.show_all()
        threading.Event().wait()  # Like Codex, it waits for the server's return.

    def show_all(self) -> None:
        for text in self.connection:
            message = json.loads(text)
            params = message.get("params", {})
            match message.get("method"):
                case "item/started" if params["item"]["type"] == "userMessage":
                    show(f"> {params['item']['content'][0]['text']}\n")
                case "item/agentMessage/delta":
                    show(params["delta"])
                case "item/commandExecution/requestApproval":
                    self.asked.append(message["id"])
                    show(f"May I run {params['command']}?\n")
                case "serverRequest/resolved":
                    self.asked.remove(params["requestId"])
                    show("It is answered.\n")
                case "turn/completed":
                    show("\n")

    def type(self, line: str) -> None:
        if self.asked and line in {"y", "n"}:
            decision = {"decision": "accept" if line == "y" else "decline"}
            self.connection.send(json.dumps({"id": self.asked[-1], "result": decision}))
        elif line == "q":
            show("goodbye\n")
            os._exit(0)
        else:
            self.call("turn/start", threadId=self.thread, input=[{"type": "text", "text": line}])


def show(text: str) -> None:
    sys.stdout.write(text.replace("\n", "\r\n"))
    sys.stdout.flush()


if __name__ == "__main__":
    terminal = Terminal(
        unix_connect(sys.argv[1], uri="ws://localhost/", compression=None, max_size=None, legacy=True), sys.argv[2]
    )
    terminal.call("initialize", clientInfo={"name": "terminal"})
    terminal.call("thread/resume", threadId=terminal.thread)
    show("\x1b[?1049h\nready\n")
    threading.Thread(target=terminal.follow, daemon=True).start()
    for typed in sys.stdin:
        terminal.type(typed.strip())
