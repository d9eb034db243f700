"""What the keeper does about a chat's host: kills one that does not respond, replaces one of an earlier build."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from session_host.errors import AlreadyEnding, HostUnavailable, NotAllowed, OutliveError, why_not_started
from session_host.keeper_client.channel import KeeperNotResponding
from session_host.keeper_client.discovery import keeper_argv, keeper_environment, keeper_status, request_keeper
from session_host.paths import session_log
from session_host.protocol.facts import ChatFacts
from session_host.protocol.keeper import EndBegun, EndSession, NotReplaced, Replaced, ReplaceHost, ReplaceKeeper
from session_host.protocol.values import RUNNING_STATES
from session_host.storage.store import Store
from session_host.system.processes.identity import is_running, is_stopped

from .session_info import NOT_STARTING, describe
from .stale_rows import elsewhere, has_live_socket, lacks_host
from .store_access import open_store, outcome_of

KEEPER_TIMEOUT_S = 5.0
RECORD_TIMEOUT_S = 10.0
"""How long the next host has to record the end."""

STOP_TIMEOUT_S = 30.0
"""As ``RECORD_TIMEOUT_S``, for a program that has time to exit by itself."""

POLL_INTERVAL_S = 0.02


def kill_unresponsive(session_id: str) -> str:
    """Let the keeper kill a chat's program and its host. Blocks until the end is recorded.

    Returns:
        One line that says what was done.

    Raises:
        AlreadyEnding: the host answers after all.
        HostUnavailable: the keeper cannot kill the chat either.
    """
    hung = name_host(session_id)
    if not is_host_stopped(session_id) and describe(session_id) is not None:
        raise AlreadyEnding("the chat is already ending; try again")
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
    _wait_for_record(session_id, RECORD_TIMEOUT_S)
    return f"{hung} did not respond; the keeper killed it and the agent"


def _wait_for_record(session_id: str, timeout_s: float) -> None:
    deadline_s = time.monotonic() + timeout_s
    while outcome_of(session_id).state in RUNNING_STATES:
        if time.monotonic() > deadline_s:
            raise HostUnavailable("the agent was killed, but its exit is not saved yet; see `outlive doctor`")
        time.sleep(POLL_INTERVAL_S)


def end_without_host(session_id: str, *, gracefully: bool) -> str:
    """Let the keeper end a chat whose hosts die soon after their starts. Blocks until the end is recorded.

    Returns:
        One line that says what was done; "" if the chat has a host, or no keeper has the chat.

    Raises:
        HostUnavailable: the keeper does not answer, or the end is not recorded.
    """
    with open_store() as store:
        record = store.get(session_id)
    if record is None or not lacks_host(record):
        return ""
    answer = request_keeper(EndSession(session_id, gracefully), KEEPER_TIMEOUT_S)
    if isinstance(answer, NotReplaced) and answer.refused:
        raise NotAllowed(answer.why)
    if not isinstance(answer, EndBegun):
        return ""
    _wait_for_record(session_id, STOP_TIMEOUT_S if gracefully else RECORD_TIMEOUT_S)
    return f"{NOT_STARTING}; the keeper ended the agent"


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
    if record is None or elsewhere(record) or not is_running(record.program.host_pid, record.program.host_started):
        return 0
    return record.program.host_pid or 0


CHECK_TIMEOUT_S = 60.0
REPLACE_TIMEOUT_S = 30.0
UNREACHABLE = "run `outlive doctor`"


class UpgradeResult(NamedTuple):
    """The result for one chat; ``message`` is one line: the version that runs now, or why nothing changed."""

    session_id: str
    name: str
    ok: bool
    message: str


def check_installed() -> None:
    """Check that everything that a keeper imports loads, in a separate process.

    Raises:
        OutliveError: the installed version does not work and must not take over.
    """
    try:
        done = subprocess.run(
            [*keeper_argv(), "--check"],
            env=keeper_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CHECK_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        problem = why_not_started(error) if isinstance(error, OSError) else str(error)
        raise OutliveError(f"cannot start the installed version ({problem}); nothing was changed") from error
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise OutliveError(f"cannot start the installed version ({lines[-1]}); nothing was changed")


def replace_keeper() -> None:
    """Ask the keeper to become the installed version.

    Raises:
        OutliveError: the keeper is unchanged.
    """
    answer = request_keeper(ReplaceKeeper(keeper_argv(), keeper_environment()), REPLACE_TIMEOUT_S)
    if isinstance(answer, NotReplaced) and answer.refused:
        raise NotAllowed(answer.why)
    if isinstance(answer, NotReplaced):
        raise OutliveError(f"the keeper of the chats was not replaced: {answer.why}")


def replace_host(session_id: str, name: str) -> UpgradeResult:
    """Replace a chat's host by one of the keeper's version."""
    try:
        answer = request_keeper(ReplaceHost(session_id), REPLACE_TIMEOUT_S)
    except KeeperNotResponding:
        # The keeper itself waits for the chat's host.
        return UpgradeResult(session_id, name, False, f"not updated: {name_host(session_id)} does not respond")
    except HostUnavailable as error:
        return UpgradeResult(session_id, name, False, f"{error}; see {session_log(session_id)}")
    match answer:
        case Replaced(version=version) if not has_live_socket(session_id):
            return UpgradeResult(session_id, name, False, f"updated to {version}, but not reachable: {UNREACHABLE}")
        case Replaced(version=version):
            return UpgradeResult(session_id, name, True, f"updated to {version}")
        case NotReplaced(why=why):
            return UpgradeResult(session_id, name, False, f"not updated: {why}")
        case _:
            return UpgradeResult(session_id, name, False, "not updated: unexpected answer from the keeper")


def upgrade(store: Store, session_id: str | None = None) -> Iterator[UpgradeResult]:
    """Replace the keeper and the hosts of all running chats, or of one; yields the result of each. Blocks.

    Raises:
        OutliveError: the installed version does not start, or the keeper cannot be replaced; nothing was changed.
    """
    check_installed()
    keeper_status()  # Raises at once if the keeper does not respond.
    replace_keeper()
    status = keeper_status()
    kept = [each.facts.id for each in status.sessions] if status is not None else []
    running = {record.id: record for record in store.running()}
    names = {each: record.entry.name for each, record in running.items()}
    if session_id is not None:
        return iter([replace_host(session_id, names.get(session_id, session_id[:8]))])
    return _replaced(kept, names, running)


def _replaced(
    kept: Sequence[str], names: Mapping[str, str], running: Mapping[str, ChatFacts]
) -> Iterator[UpgradeResult]:
    """Replace the hosts that the keeper has, and name the running chats that it does not have."""
    for each in kept:
        yield replace_host(each, names.get(each, each[:8]))
    for each, record in running.items():
        if (
            each not in kept
            and not elsewhere(record)
            and is_running(record.program.child_pid, record.program.child_started)
        ):
            text = f"not updated and not reachable: {UNREACHABLE}"
            yield UpgradeResult(each, record.entry.name, False, text)
