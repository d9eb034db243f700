"""Replaces the hosts of running chats by hosts of the installed version.

First the keeper becomes the new version, in its own process; then the new keeper forks a replacement of each host.
A host that cannot be replaced keeps running.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from session_host.errors import HostUnavailable, NotAllowed, OutliveError, why_not_started
from session_host.keeper_client.channel import KeeperNotResponding
from session_host.keeper_client.discovery import keeper_argv, keeper_environment, keeper_status, request_keeper
from session_host.paths import session_log
from session_host.protocol.keeper import NotReplaced, Replaced, ReplaceHost, ReplaceKeeper
from session_host.storage.store import Store
from session_host.system.processes.identity import is_running

from .session_info import has_live_socket
from .unresponsive_host import name_host

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


def upgrade(store: Store, session_id: str | None = None) -> list[UpgradeResult]:
    """Replace the keeper and the hosts of all running chats, or of one. Blocks until all are replaced.

    Raises:
        OutliveError: the installed version does not start, or the keeper cannot be replaced; nothing was changed.
    """
    check_installed()
    keeper_status()  # Raises at once if the keeper does not respond.
    replace_keeper()
    status = keeper_status()
    kept = [each.session_id for each in status.sessions] if status is not None else []
    running = {record.id: record for record in store.running()}
    names = {each: record.name for each, record in running.items()}
    wanted: Sequence[str] = kept if session_id is None else [session_id]
    results = [replace_host(each, names.get(each, each[:8])) for each in wanted]
    lost = [
        UpgradeResult(each, record.name, False, f"not updated and not reachable: {UNREACHABLE}")
        for each, record in running.items()
        if session_id is None and each not in kept and is_running(record.child_pid, record.child_started)
    ]
    return results + lost
