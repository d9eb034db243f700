"""Ends the processes that end with a chat's program; ``session.end_requests`` ends the program itself.

Processes that an agent leaves behind at its exit belong to the user, except those that serve nobody without it: the
daemons that the catalog names, and without a terminal the rest of the program's session, as of a killed launcher. On a
terminal, the kernel hangs up that session.
"""

from __future__ import annotations

from collections.abc import Sequence

from session_host.protocol.events import MAX_LEFT
from session_host.protocol.shown_command import shown_command
from session_host.system.processes.chat_mark import Mark
from session_host.system.processes.process_tree import (
    GRACE_S,
    ChatProcess,
    chat_processes,
    end_all,
    matching,
    rest_of_session,
)
from session_host.system.worker import Worker


def end_processes(
    leader: int,
    mark: Mark,
    known: Sequence[ChatProcess],
    *,
    gracefully: bool,
    group_grace_s: float = GRACE_S,
) -> None:
    """End the known processes, and all others of the chat, until none is left. Blocks.

    Args:
        leader: the program's PID.
        mark: that of the chat's processes.
        known: descendants of the program, listed before its end.
        gracefully: whether to send SIGTERM first.
        group_grace_s: how long after SIGTERM those in the program's process group have to exit. If the program was only
            a launcher, which dies of SIGTERM at once, the agent itself is one of them, and may still save an answer.
    """

    def find() -> list[ChatProcess]:
        return [*known, *chat_processes(leader, mark)]

    end_all(find, gracefully=gracefully, grace_s=GRACE_S, group=leader, group_grace_s=group_grace_s)


async def end_strays(leader: int, session_id: str, patterns: tuple[str, ...], *, whole_session: bool) -> None:
    """End what serves nobody after the program's end.

    Args:
        leader: the program's PID.
        session_id: the chat's id.
        patterns: match the command lines of daemons (re.search).
        whole_session: whether all that is left of the program's session ends, too.
    """
    mark = Mark.of_chat(session_id)

    def strays() -> list[ChatProcess]:
        found = matching(chat_processes(leader, mark), patterns) if patterns else []
        return [*found, *rest_of_session(leader, mark)] if whole_session else found

    if patterns or whole_session:
        await Worker().run(lambda: end_all(strays, grace_s=GRACE_S))


async def left_running(leader: int, session_id: str) -> list[str]:
    """The names of the commands that still run after the program's end; see ``events.Ended``.

    Args:
        leader: the program's PID.
        session_id: the chat's id.
    """
    left = await Worker().run(lambda: chat_processes(leader, Mark.of_chat(session_id)))
    return [shown_command(each.command.split()) for each in left if each.command][:MAX_LEFT]
