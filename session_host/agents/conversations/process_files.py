"""Files of running processes, left behind by killed ones: Claude Code's and Qwen Code's."""

from __future__ import annotations

from pathlib import Path

import msgspec

from session_host.agents.conversations.listing.ends import FileEnds
from session_host.system.processes.identity import boot_id, is_running

_MAX_BYTES = 64 * 1024


class _Running(msgspec.Struct):
    """The contents of such a file."""

    pid: int
    sessionId: str  # noqa: N815 - the agents' name for it
    procStart: str = ""  # noqa: N815 - as above


def processes_in_conversation(directory: Path, conversation: str) -> list[int]:
    """The living processes that have a file in the directory which names the conversation.

    ``procStart`` is the start in clock ticks since boot; the boot's id and a colon may precede it.
    """
    found: list[int] = []
    for path in directory.glob("*.json"):
        try:
            with FileEnds(path) as ends:
                running = msgspec.json.decode(ends.first_bytes(_MAX_BYTES), type=_Running)
        except (OSError, msgspec.DecodeError, RecursionError):
            continue  # The file is being rewritten, or is of an unknown version.
        boot, _, started = running.procStart.rpartition(":")
        if running.sessionId != conversation or (boot and boot != boot_id()):
            continue
        if is_running(running.pid, int(started) if started.isdecimal() else None):
            found.append(running.pid)
    return found
