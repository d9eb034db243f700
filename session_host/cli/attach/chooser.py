"""Chooses the chat for ``outlive attach`` without a name: the only one that runs, or one of a list."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

from session_host.cli.confirmation import answer_to
from session_host.cli.output import terminal_columns
from session_host.cli.query.ls import row, table
from session_host.cli.session_argument import SessionInfo, find, running_sessions
from session_host.errors import NoSuchSession, UsageError
from session_host.protocol.values import Activity


def choose() -> SessionInfo | None:
    """The only running chat, or the one that the user chooses; None if the user chooses none.

    Raises:
        NoSuchSession: no chat runs, or none has the name that the user typed.
        AmbiguousSession: several chats have it.
        UsageError: several chats run, and this is not a terminal.
    """
    infos = in_order(running_sessions(without=os.environ.get("OUTLIVE_SESSION", "")))
    if len(infos) == 1:
        return infos[0]
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("several chats run: name the CHAT; see `outlive ls`")
    now = datetime.now(UTC)
    rows = [row(info, now) for info in infos]
    digits = len(str(len(infos)))
    numbered = [(f"{number:{digits}}  {cells[0]}", *cells[1:]) for number, cells in enumerate(rows, 1)]
    for line in table(numbered, terminal_columns()):
        print(line)
    try:
        answer = answer_to("Attach to (number or name; Enter for 1): ")
    except EOFError:
        print()
        return None
    if any(info.name == answer for info in infos) or not answer.isdecimal():
        return find(answer) if answer else infos[0]
    if not 1 <= int(answer) <= len(infos):
        raise NoSuchSession(f"there is no chat {answer} in the list")
    return infos[int(answer) - 1]


def in_order(infos: list[SessionInfo]) -> list[SessionInfo]:
    """Chats that need the user come first, the longest wait first; the others keep their order."""
    asking = [info for info in infos if info.activity == Activity.NEEDS_INPUT]
    asking.sort(key=lambda info: info.activity_since or "")
    return [*asking, *(info for info in infos if info not in asking)]
