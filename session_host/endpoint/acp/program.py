"""Serves a chat to a client on standard input and output."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
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
        asyncio.run(_until_signal(serve_pipes(arguments, os.environ, key_filter, sys.stdin.buffer, target)))


async def serve_pipes(
    arguments: Sequence[str], environment: Mapping[str, str], key_filter: KeyFilter, source: BinaryIO, target: BinaryIO
) -> None:
    """Serve a chat until the source's end of file; cancelling the task ends it, too.

    Args:
        arguments: the command line's words, without ``--acp``.
        environment: where variables are looked up.
        key_filter: gets the keys.
        source: a pipe or a socket with the client's messages.
        target: a pipe for the replies; not a socket that is also read, whose input would count as its end.
    """
    connection = Connection(key_filter.redact)
    agent = Agent(arguments, environment, connection, key_filter)
    try:
        await connection.serve(source, target, agent.handle)
    finally:
        await connection.close()
        await agent.close()


async def _until_signal(work: Coroutine[None, None, None]) -> None:
    """Run the work until it ends or a signal ends it."""
    task = asyncio.create_task(work)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
