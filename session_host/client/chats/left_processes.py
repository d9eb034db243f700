"""Processes that an ended chat's program has left behind: nohup(1), setsid(1), daemons; an agent that ignored SIGHUP.

They are found by ``OUTLIVE_SESSION`` in their environment. Blocks.
"""

from __future__ import annotations

from collections.abc import Sequence

from session_host.client.permission import check_may_control
from session_host.protocol.untrusted_text import one_line
from session_host.storage.store import SessionRecord
from session_host.system.processes.process_tree import ChatProcess, chat_processes, end_all

_NO_LEADER = -1
"""The program's PID may be another process's now."""

_SHOWN = 3
_COMMAND_CHARACTERS = 60


def left_processes(session_id: str) -> list[ChatProcess]:
    """The processes that an ended chat has left behind."""
    return chat_processes(_NO_LEADER, session_id)


def end_left_processes(record: SessionRecord, *, gracefully: bool) -> list[ChatProcess]:
    """End what an ended chat has left behind; returns what that was.

    Raises:
        NotAllowed: this process belongs to an agent that may not control the chat.
    """
    left = left_processes(record.id)
    if left:
        check_may_control(record)
        end_all(lambda: left_processes(record.id), gracefully=gracefully)
    return left


def described(processes: Sequence[ChatProcess]) -> str:
    """The processes in one line: ``sleep 1000 (PID 4711), make -j8 (PID 4712) and 5 others``."""
    shown = [f"{one_line(each.command)[:_COMMAND_CHARACTERS]} (PID {each.pid})" for each in processes[:_SHOWN]]
    others = len(processes) - _SHOWN
    return ", ".join(shown) + (f" and {others} others" if others > 1 else " and another" if others == 1 else "")
