"""The socket of ``fake_app_server``: WebSocket clients that share its thread."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, unix_serve

from tests.programs.app_server_turn import Connection, Json


class Clients(Connection):
    """All clients that have opened the thread; each gets all messages of the server."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[ServerConnection] = []

    def write(self, data: bytes) -> None:
        for client in list(self.all):
            tell(client, data)


def tell(client: ServerConnection, data: bytes) -> None:
    try:
        client.send(data.decode(errors="replace"))
    except ConnectionClosed:
        pass  # The client has disconnected, which its handler detects.


def serve(path: str, server_class: Callable[[Connection], Any]) -> None:
    """Serve until SIGTERM. As in Codex, the path is a symbolic link to the socket."""
    clients = Clients()
    server = server_class(clients)

    def follow(client: ServerConnection) -> None:
        def answer(message: Json) -> None:
            tell(client, json.dumps(message).encode())

        try:
            for line in client:
                text = line if isinstance(line, str) else line.decode()
                opens = json.loads(text).get("method") in {"thread/start", "thread/resume", "thread/fork"}
                if opens and client not in clients.all:
                    clients.all.append(client)
                server.take(text.encode() + b"\n", answer)
        finally:
            if client in clients.all:
                clients.all.remove(client)

    real_path = Path(f"{path}.real")
    with unix_serve(follow, str(real_path), compression=None, max_size=None, ping_interval=None) as listening:
        Path(path).symlink_to(real_path)

        def end(number: int, frame: object) -> None:
            Path(path).unlink(missing_ok=True)
            real_path.unlink(missing_ok=True)
            os._exit(0)

        signal.signal(signal.SIGTERM, end)
        listening.serve_forever()
