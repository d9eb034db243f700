"""Finds other processes that have a conversation open; two writers would overwrite each other's turns.

A resume checks this first, by the running chats, the agent's own files, and the processes' command lines. What is left
of the ended chat's own program ends then. Blocks on the disk and on hosts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from session_host.agents.agent import Agent
from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.registry import opened_by
from session_host.client.sessions.listing import list_sessions
from session_host.client.sessions.session_info import SessionInfo
from session_host.storage.store import SessionRecord, Store
from session_host.system.processes import proc
from session_host.system.processes.identity import environment_variables
from session_host.system.processes.process_tree import MARK, end_all, rest_of_session

_PTS_MAJORS = range(136, 144)
"""Major numbers of the devices ``/dev/pts/N`` (Linux's devices.txt)."""


class Process(NamedTuple):
    """A process that has the conversation open."""

    pid: int
    command: str
    terminal: str
    """``/dev/pts/3``; "" for none."""


def opened_elsewhere(store: Store, chat_id: str, agent: Agent, query: ConversationQuery) -> list[str]:
    """Describe the processes that have a conversation open, and what to do; one clause each.

    Args:
        store: the open store.
        chat_id: the ended chat that was in the conversation; "" for none.
        agent: the conversation's agent.
        query: leads to the conversation.
    """
    running = {info.id: info for info in list_sessions(store, ended=False)}
    conversation = (agent.name, query.conversation)
    chats = [info for info in running.values() if (info.agent, info.provider_session_id) == conversation]
    reported = set(opened_by(agent.conversation.store, query))
    for pid in reported:
        chat = running.get(_mark(pid))
        if chat is not None and chat not in chats:
            chats.append(chat)
    lines = [_chat_line(chat) for chat in chats]
    for pid in sorted(_outermost(reported | set(_named_in_command_lines(query.conversation)))):
        mark = _mark(pid)
        # A running chat's host knows its conversation better than a command line, which may be an hour old.
        if mark not in running:
            lines.append(_process_line(_process(pid), left_behind=bool(chat_id) and mark == chat_id))
    return lines


def end_left_behind(record: SessionRecord, agent: Agent, query: ConversationQuery) -> None:
    """End what is left of an ended chat's program, if it has the conversation open or the chat has no terminal.

    The chat's host does so, but may have been killed together with the program.
    """
    leader = record.child_pid or 0
    rest = {each.pid for each in rest_of_session(leader, record.id)} if leader else set()
    has_it_open = {*opened_by(agent.conversation.store, query), *_named_in_command_lines(query.conversation)}
    if rest and (record.runtime == "structured" or rest & has_it_open):
        end_all(lambda: rest_of_session(leader, record.id))


def _chat_line(chat: SessionInfo) -> str:
    return f"the chat {chat.name} has the conversation open; attach to it: outlive attach {chat.id[:8]}"


def _process_line(process: Process, *, left_behind: bool) -> str:
    where = f" on {process.terminal}" if process.terminal else ""
    origin = "was left behind by this chat and" if left_behind else f"({process.command}){where}"
    remedy = f"end it: kill {process.pid}" if left_behind or not process.terminal else "close it there first"
    return f"process {process.pid} {origin} has the conversation open; {remedy}"


def _named_in_command_lines(conversation: str) -> Iterator[int]:
    """This user's processes that were started with the id as a word, or as the value of an option."""
    word = conversation.encode()
    for pid in proc.pids_of_user(os.getuid()):
        words = proc.command_line(pid).split(b"\0")
        if pid != os.getpid() and any(each == word or each.endswith(b"=" + word) for each in words[1:]):
            yield pid


def _outermost(pids: set[int]) -> set[int]:
    """Leave out the children of other processes in the set: a wrapper and its agent have the same arguments."""
    parents = {pid: int(_stat(pid)[1]) for pid in pids if len(_stat(pid)) > 1}
    return {pid for pid in pids if parents.get(pid) not in pids}


def _mark(pid: int) -> str:
    """The chat that started a process; "" for none, or if the process is not readable."""
    return environment_variables(pid, MARK).get(MARK, "")


def _process(pid: int) -> Process:
    command = proc.name(pid) or "gone by now"
    fields = _stat(pid)
    return Process(pid, command, _terminal(int(fields[4])) if len(fields) > 4 else "")


def _terminal(device: int) -> str:
    """The terminal of a device number from ``/proc/PID/stat`` (field 7)."""
    major, minor = os.major(device), os.minor(device)
    return f"/dev/pts/{minor + (major - _PTS_MAJORS.start) * 256}" if major in _PTS_MAJORS else ""


def _stat(pid: int) -> list[str]:
    """Like ``proc.stat_fields``; empty if the process has ended."""
    try:
        return proc.stat_fields(pid)
    except OSError:
        return []
