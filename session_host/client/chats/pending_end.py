"""A chat with an exited program, before its host has saved the exit."""

from __future__ import annotations

import asyncio
import contextlib

from session_host.client.control import ControlConnection
from session_host.client.sessions.listing import describe
from session_host.client.sessions.store_access import open_store
from session_host.errors import HostUnavailable, NotResumable
from session_host.protocol.messages import Description
from session_host.protocol.values import RUNNING_STATES, State
from session_host.system.processes.identity import is_killed, start_time

from .resumability import record_of

TIMEOUT_S = 10.0
"""How long recording an end may take, with a busy disk or daemons that end with the agent."""


def is_exit_pending(session_id: str) -> bool:
    """Whether the program has ended and the end is not recorded yet. Blocks on the disk, and on the host.

    Raises:
        StoreError, NoSuchSession: there is no such record.
    """
    with open_store() as store:
        if record_of(store, session_id).state not in RUNNING_STATES:
            return False
    # If the host was killed just now, the next one answers soon.
    description = describe(session_id)
    return description is not None and (description.state is State.EXITED or is_program_gone(description))


def is_program_gone(description: Description) -> bool:
    """Whether the program's process has ended; its host may still read its last output."""
    return description.child_pid is not None and (
        is_killed(description.child_pid) or start_time(description.child_pid) is None
    )


async def wait_until_exit_saved(session_id: str) -> None:
    """Wait until the host has recorded the end and exited; returns at once if no end is pending.

    Raises:
        NotResumable: it takes too long.
        StoreError, NoSuchSession: there is no such record.
        UnsafeDirectory: another user could have made the host's socket.
    """
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while await asyncio.to_thread(is_exit_pending, session_id):
                # The host may have exited meanwhile, or another one follows: check the store and that host.
                with contextlib.suppress(HostUnavailable):
                    async with ControlConnection(session_id) as connection:
                        async for _ in connection.messages():
                            pass
    except TimeoutError as error:
        text = (
            f"the chat has ended, but its exit was not saved within {TIMEOUT_S:g} s; try again, or run `outlive doctor`"
        )
        raise NotResumable(text) from error
