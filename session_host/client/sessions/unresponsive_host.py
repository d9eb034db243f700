"""Names an unresponsive host, and kills its chat through the keeper."""

from __future__ import annotations

import time

from session_host.errors import HostUnavailable, NotAllowed, OutliveError
from session_host.keeper_client.discovery import request_keeper
from session_host.protocol.keeper import EndBegun, EndSession, NotReplaced
from session_host.protocol.values import RUNNING_STATES
from session_host.system.processes.identity import is_running, is_stopped

from .listing import describe
from .store_access import open_store, outcome_of

KEEPER_TIMEOUT_S = 5.0
RECORD_TIMEOUT_S = 10.0
"""How long the next host has to record the end."""

POLL_INTERVAL_S = 0.02


def kill_unresponsive(session_id: str) -> str:
    """Let the keeper kill a chat's program and its host. Blocks until the end is recorded.

    Returns:
        One line that says what was done.

    Raises:
        HostUnavailable: the keeper cannot kill the chat either.
    """
    hung = name_host(session_id)
    if not is_host_stopped(session_id) and describe(session_id) is not None:
        raise HostUnavailable("the chat is already ending; try again")
    try:
        answer = request_keeper(EndSession(session_id), KEEPER_TIMEOUT_S)
    except HostUnavailable as error:
        raise HostUnavailable(f"{hung} does not respond, and {error}") from error
    if isinstance(answer, NotReplaced) and answer.refused:
        raise NotAllowed(answer.why)
    # A keeper that died during the request may have killed the chat.
    if not isinstance(answer, EndBegun) and outcome_of(session_id).state in RUNNING_STATES:
        raise HostUnavailable(
            f"{hung} does not respond, and no keeper has this chat; end the process with `kill -KILL`"
        )
    deadline_s = time.monotonic() + RECORD_TIMEOUT_S
    while outcome_of(session_id).state in RUNNING_STATES:
        if time.monotonic() > deadline_s:
            raise HostUnavailable("the agent was killed, but its exit is not saved yet; see `outlive doctor`")
        time.sleep(POLL_INTERVAL_S)
    return f"{hung} did not respond; the keeper killed it and the agent"


def name_host(session_id: str) -> str:
    """A text that names a chat's host, with its PID, and says whether it is stopped."""
    pid = _host_of(session_id)
    if not pid:
        return "the chat's background process"
    return f"the chat's background process (PID {pid}{', which is stopped' if is_stopped(pid) else ''})"


def is_host_stopped(session_id: str) -> bool:
    """Whether a chat's host process is stopped. Blocks on the disk."""
    pid = _host_of(session_id)
    return bool(pid) and is_stopped(pid)


def _host_of(session_id: str) -> int:
    """The PID of a running chat's host, 0 if unknown."""
    try:
        with open_store() as store:
            record = store.get(session_id)
    except (OutliveError, OSError):
        return 0
    if record is None or not is_running(record.host_pid, record.host_started):
        return 0
    return record.host_pid or 0
