"""How much memory running chats have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from session_host.protocol.values import RUNNING_STATES
from session_host.system.processes.chat_mark import Mark
from session_host.system.processes.proc import memory_bytes
from session_host.system.processes.process_tree import processes_with

from .session_info import SessionInfo


def running_ids(infos: Iterable[SessionInfo]) -> list[str]:
    """The ids of those that run."""
    return [info.id for info in infos if info.state in RUNNING_STATES]


def with_memory(infos: list[SessionInfo], sizes: Mapping[str, int]) -> list[SessionInfo]:
    """Sessions with their memory, as ``memory_of`` says it."""
    return [replace(info, memory_bytes=sizes.get(info.id)) for info in infos]


def memory_of(session_ids: Sequence[str]) -> dict[str, int]:
    """The memory of chats' processes (their PSS), in bytes, by the chats' ids. Blocks for about 1 ms a process.

    Chats without processes here, and those that the kernel tells nothing of, are left out.
    """
    found = processes_with({each: Mark.of_chat(each) for each in session_ids})
    sizes = {session_id: memory_bytes(pids) for session_id, pids in found.items()}
    return {session_id: size for session_id, size in sizes.items() if size is not None}
