"""What ``stop``, ``kill`` and ``rm`` do about the processes that an ended chat has left behind."""

from __future__ import annotations

from session_host.cli.output import print_line
from session_host.cli.session_argument import SessionInfo, name_and_id, with_store
from session_host.client.chats.left_processes import described, end_left_processes, left_processes
from session_host.protocol.values import RUNNING_STATES


def end_left(info: SessionInfo, *, gracefully: bool) -> bool:
    """End what an ended chat has left behind, and print that; False if the chat runs or left nothing behind."""
    if info.state in RUNNING_STATES or not left_processes(info.id):
        return False
    record = with_store(lambda store: store.get(info.id))
    if record is None:
        return False
    left = end_left_processes(record, gracefully=gracefully)
    print_line(f"ended what {name_and_id(info)} had left behind: {described(left)}")
    return True


def left_line(session_id: str, name: str) -> str:
    """One line about what an ended chat has left behind; "" for nothing."""
    left = left_processes(session_id)
    return f"left behind by {name}, and still running: {described(left)}" if left else ""
