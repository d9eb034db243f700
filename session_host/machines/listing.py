"""The chats of several machines, which are asked at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from session_host.client.permission import check_may_reach_machine
from session_host.client.sessions.listing import session_named, sessions_listed
from session_host.client.sessions.selection import Selection
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import OutliveError, Unreachable
from session_host.paths import ensure_private, runtime_dir
from session_host.system import event_loop

from . import names
from .link import CONNECT_TIMEOUT_S, Link
from .names import MachineEntry
from .remote import RemoteMachine


def chats_on(
    name: str, selection: Selection, *, ended: bool
) -> tuple[list[tuple[str, SessionInfo]], list[Unreachable]]:
    """The chats of a machine, or of ``all`` other ones, each with its machine's name; and why some do not answer."""
    check_may_reach_machine("" if name == names.ALL else name)
    entries = names.machines() if name == names.ALL else [names.machine_named(name)]
    wait_s = None if name == names.ALL else CONNECT_TIMEOUT_S
    found = event_loop.run_command(listed(entries, selection, ended=ended, wait_s=wait_s))
    pairs = list(zip(entries, found, strict=True))
    chats = [(entry.name, info) for entry, result in pairs if isinstance(result, Listed) for info in result.infos]
    return chats, [result for _entry, result in pairs if isinstance(result, Unreachable)]


async def chat_there(entry: MachineEntry, chat: str) -> SessionInfo:
    """The chat on a machine that the user means by a name or an id.

    Raises:
        Unreachable: the machine cannot be reached.
        NotAllowed: this process belongs to an agent that may not reach other machines.
        OutliveError: as ``session_named``.
    """
    check_may_reach_machine(entry.name)
    link = Link(entry)
    try:
        return await RemoteMachine(link).call(session_named, chat)
    finally:
        await link.close()


class Listed(NamedTuple):
    """A machine's chats.

    Attributes:
        version: the version of its Outlive.
        infos: the chats, oldest first.
    """

    version: str
    infos: list[SessionInfo]


LIST_TIMEOUT_S = 5.0
"""What does not answer by then is reported as unreachable: the others are not kept waiting."""

SILENT_LIST_TIMEOUT_S = 0.8
"""The same, for a machine that did not answer within the last ``SILENT_S``."""

SILENT_S = 300.0


async def listed(
    entries: Sequence[MachineEntry], selection: Selection, *, ended: bool, wait_s: float | None = None
) -> list[Listed | Unreachable]:
    """The chats of machines, which are asked at once; an error for each that does not answer in time."""
    return await asyncio.gather(*(_listed(entry, selection, ended, wait_s) for entry in entries))


async def _listed(entry: MachineEntry, selection: Selection, ended: bool, wait_s: float | None) -> Listed | Unreachable:
    link = Link(entry)
    silent = ensure_private(runtime_dir()) / f"silent-{entry.name}"
    if wait_s is None:
        wait_s = SILENT_LIST_TIMEOUT_S if _is_recent(silent) else LIST_TIMEOUT_S
    try:
        async with asyncio.timeout(wait_s):
            infos = await RemoteMachine(link).call(sessions_listed, selection, ended=ended)
        silent.unlink(missing_ok=True)
        return Listed(link.version, infos)
    except TimeoutError:
        if not _is_recent(silent):
            silent.touch()
        return Unreachable(f"{entry.name} does not answer")
    except OutliveError as error:
        return error if isinstance(error, Unreachable) else Unreachable(f"{entry.name}: {error}")
    finally:
        await link.close()


def _is_recent(file: Path) -> bool:
    try:
        return time.time() - file.stat().st_mtime < SILENT_S
    except OSError:
        return False
