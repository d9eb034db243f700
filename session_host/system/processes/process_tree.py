"""Finds a chat's processes: by terminal session, by ancestry and by their mark.

Every program of a chat inherits the mark (``chat_mark``), even if it leaves its terminal and its parent. The module
reads Linux's ``/proc``; elsewhere it finds no process, and only the program's process groups are ended.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import NamedTuple

from . import proc
from .chat_mark import LIMIT_NAME, VARIABLE, Mark
from .identity import environment_variables, is_running

log = logging.getLogger(__name__)

GRACE_S = 2.0
"""How long processes have to exit after a signal."""

POLL_INTERVAL_S = 0.02
MAX_OWN_PROCESSES = 64
"""How many of an agent's own processes are examined: it may be a launcher, and have servers."""

MAX_WRAPPERS = 8
ROUNDS = 5
"""How often to look for processes that were started while others were killed."""


class ChatProcess(NamedTuple):
    """A process of a chat; its start time (clock ticks since boot) tells it from a later one with the same PID."""

    pid: int
    started: int
    command: str
    """The command line, with words joined by blanks."""


class _Process(NamedTuple):
    pid: int
    parent: int
    terminal_session: int
    started: int


def chat_processes(leader: int, mark: Mark) -> list[ChatProcess]:
    """Find the living processes of a chat, including its program.

    Args:
        leader: the program's PID, which is also its terminal session's (setsid(2)); while the program lives, the
            processes of this terminal session and its descendants are found.
        mark: processes with it are found under any parent.
    """
    everybody = list(_processes())
    own = {os.getpid()}
    found = {each.pid for each in everybody if leader in {each.pid, each.terminal_session}}
    marked = {each.pid: mark.is_of(each.pid) for each in everybody}
    found |= {pid for pid, is_marked in marked.items() if is_marked}
    grown = True
    while grown:
        # A child with another mark belongs to another chat, which was started from this one.
        more = {each.pid for each in everybody if each.parent in found and marked[each.pid] is None} - found
        grown = bool(more)
        found |= more
    return [
        ChatProcess(each.pid, each.started, command_line(each.pid)) for each in everybody if each.pid in found - own
    ]


def descendants(leader: int, mark: Mark) -> list[ChatProcess]:
    """Find a chat's program and its living descendants; see ``chat_processes``.

    Looks at these processes alone, unless the kernel does not tell a process's children (CONFIG_PROC_CHILDREN).
    """
    if not proc.tells_children():
        return []
    found: dict[int, _Process] = {}
    unread = [leader]
    while unread:
        process = _read(unread.pop())
        if process is not None and process.pid not in found and mark.is_of(process.pid) is not False:
            found[process.pid] = process
            unread += proc.children_of_all_threads(process.pid)
    return [ChatProcess(each.pid, each.started, command_line(each.pid)) for each in found.values()]


def rest_of_session(leader: int, mark: Mark) -> list[ChatProcess]:
    """Find the living processes of a chat that are in its program's own session (setsid(2)).

    After the program's end, they are its parts: the agent behind a launcher, its servers. An agent starts the commands
    of its tools in sessions of their own.
    """
    return [
        ChatProcess(each.pid, each.started, command_line(each.pid))
        for each in _processes()
        if each.terminal_session == leader and each.pid != leader and mark.is_of(each.pid)
    ]


def outside_session(leader: int, mark: Mark) -> list[ChatProcess]:
    """Find the living processes of a chat that are not in its program's own session (setsid(2)).

    These are the commands that an agent has started, and what those left running, such as a daemon.
    """
    return [
        ChatProcess(each.pid, each.started, command_line(each.pid))
        for each in _processes()
        if each.terminal_session != leader and mark.is_of(each.pid)
    ]


def processes_with(marks: Mapping[str, Mark]) -> dict[str, list[int]]:
    """Find the living processes of several chats in one pass.

    Args:
        marks: the chats' marks, by their ids.

    Returns:
        The PIDs by the chats' ids; chats without processes are left out.
    """
    by_value = {mark.value: session_id for session_id, mark in marks.items()}
    by_limit = {mark.limit: session_id for session_id, mark in marks.items()}
    found: dict[str, list[int]] = {}
    for each in _processes():
        value = environment_variables(each.pid, VARIABLE).get(VARIABLE)
        chat = by_value.get(value) if value is not None else by_limit.get(proc.soft_limit(each.pid, LIMIT_NAME))
        if chat is not None:
            found.setdefault(chat, []).append(each.pid)
    return found


def background_commands(leader: int) -> list[ChatProcess]:
    """Find the commands that an agent runs for itself: children of its processes that lead sessions of their own.

    The agent's servers are in its own session (setsid(2)). A daemon that a command has started is no child of the
    agent, and stays when the agent ends.

    Args:
        leader: the agent's PID, which is also its session's.

    Returns:
        The sessions' leaders, each with the command itself: shells and sandboxes that name it are left out.
    """
    found: list[ChatProcess] = []
    own, seen = [leader], 0
    while own and seen < MAX_OWN_PROCESSES:
        pid = own.pop()
        seen += 1
        for child in filter(None, map(_read, proc.children_of_all_threads(pid))):
            if child.terminal_session == leader:
                own.append(child.pid)
            elif child.terminal_session == child.pid:
                found.append(ChatProcess(child.pid, child.started, _inner_command(child.pid)))
    return sorted(found, key=lambda each: each.started)


def _inner_command(pid: int) -> str:
    """The command line of a process, or of the descendant that it runs, if it names that one's command."""
    command = command_line(pid)
    for _ in range(MAX_WRAPPERS):
        children = [child for child in proc.children(pid) if _read(child) is not None]
        inner = command_line(children[0]) if len(children) == 1 else ""
        if not inner or inner not in command:
            break
        pid, command = children[0], inner
    return command


def matching(processes: Iterable[ChatProcess], patterns: Sequence[str]) -> list[ChatProcess]:
    """The processes with a command line that matches one of the patterns (re.search)."""
    return [each for each in processes if any(re.search(pattern, each.command) for pattern in patterns)]


def end(processes: Iterable[ChatProcess], number: int) -> list[ChatProcess]:
    """Signal the processes that still have the same start time, parents before their children; return them.

    A shell that sees its child die of a signal exits with 128 and the signal's number, unless it has the signal itself.
    """
    living = {}
    parents = {}
    for each in processes:
        process = _read(each.pid)
        if process is not None and process.started == each.started:
            living[each.pid] = each
            parents[each.pid] = (process.parent,)
    signalled = []
    for pid in TopologicalSorter(parents).static_order():
        if pid not in living:
            continue
        try:
            os.kill(pid, number)
            if number != signal.SIGKILL:
                os.kill(pid, signal.SIGCONT)  # A stopped program cannot act on a polite signal.
        except (ProcessLookupError, PermissionError):
            continue  # The process is gone, or changed to another user.
        signalled.append(living[pid])
    return signalled


def end_all(
    find: Callable[[], Iterable[ChatProcess]],
    *,
    gracefully: bool = True,
    grace_s: float = GRACE_S,
    group: int = 0,
    group_grace_s: float = 0.0,
) -> None:
    """End what ``find`` finds until that is nothing. Blocks.

    Args:
        find: finds the processes.
        gracefully: whether to send SIGTERM first.
        grace_s: how long they have to exit after a signal.
        group: a process group with more time, ``group_grace_s``, after SIGTERM; 0 for none.
        group_grace_s: see ``group``.
    """
    numbers = [signal.SIGTERM, *[signal.SIGKILL] * ROUNDS] if gracefully else [signal.SIGKILL] * ROUNDS
    for number in numbers:
        living = end(set(find()), number)
        if not living:
            return
        log.info("ended what was left: %d processes, %s", len(living), number.name)
        _wait(living, grace_s)
        if number is signal.SIGTERM:
            _wait([each for each in living if _group(each.pid) == group], group_grace_s - grace_s)


def _wait(processes: list[ChatProcess], timeout_s: float) -> None:
    """Wait until the processes are gone, or the time is over."""
    deadline_s = time.monotonic() + timeout_s
    while any(is_running(each.pid, each.started) for each in processes) and time.monotonic() < deadline_s:
        time.sleep(POLL_INTERVAL_S)  # The processes are not our children, so no event reports their exit.


def _group(pid: int) -> int:
    """A process's group; -1 if the process is gone."""
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return -1


def command_line(pid: int) -> str:
    """A process's command line, with words joined by blanks; "" if it is gone, or not readable."""
    return proc.command_line(pid).replace(b"\0", b" ").decode(errors="replace").strip()


def _processes() -> Iterable[_Process]:
    for pid in proc.pids_of_user(os.geteuid()):
        process = _read(pid)
        if process is not None:
            yield process


def _read(pid: int) -> _Process | None:
    """Read a living process; None for one that is gone, or a zombie."""
    try:
        fields = proc.stat_fields(pid)
    except OSError:
        return None
    if fields[0] in {"Z", "X"}:
        return None
    return _Process(pid, int(fields[1]), int(fields[3]), int(fields[19]))
