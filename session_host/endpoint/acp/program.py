"""Serves a chat to a client on standard input and output."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from typing import BinaryIO

from session_host.endpoint.acp.agent import Agent
from session_host.endpoint.acp.connection import Connection
from session_host.endpoint.server.api_keys import KeyFilter


def serve(arguments: Sequence[str], key_filter: KeyFilter) -> None:
    """Serve a chat until the client closes the connection, or a signal ends this program.

    Args:
        arguments: the command line's words, without ``--acp``.
        key_filter: gets the keys.
    """
    # Nothing but messages may be written there: not a library's warning, and not --help.
    with os.fdopen(os.dup(1), "wb", buffering=0) as target:
        os.dup2(2, 1)
        asyncio.run(_serve(arguments, key_filter, target))


async def _serve(arguments: Sequence[str], key_filter: KeyFilter, target: BinaryIO) -> None:
    connection = Connection(key_filter.redact)
    agent = Agent(arguments, os.environ, connection, key_filter)
    serving = asyncio.create_task(connection.serve(sys.stdin.buffer, target, agent.handle))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        loop.add_signal_handler(number, serving.cancel)
    try:
        await asyncio.gather(serving, return_exceptions=True)
    finally:
        await connection.close()
        await agent.close()
