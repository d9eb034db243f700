"""Find the agent's conversation by the files that it has open for writing (``/proc/PID/fd``, proc(5)).

An open file belongs to this process for certain; a file in a directory may belong to another one. Files open only for
reading do not count: an agent reads other conversations to list them, or to show one that another process writes. This
works on Linux only; on other systems nothing is found.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from session_host.protocol.untrusted_text import is_conversation
from session_host.system.processes import proc

MAX_PROCESSES = 64
"""Maximum number of processes examined: a script or a small wrapper program may have started the agent."""

HEAD_BYTES = 4096


class OpenFile(NamedTuple):
    """A file of a conversation that a process holds open.

    Attributes:
        conversation: the id of the conversation.
        changed_ns: the modification time, from stat(2).
        link: the path of the descriptor below ``/proc``.
    """

    conversation: str
    changed_ns: int
    link: str


def conversation_of(pid: int, pattern: str, aside: str = "") -> str:
    """The conversation of a program, or of its first descendant in its terminal session that has one.

    A program that changes its conversation may have both files open. The file that changed last counts, since the
    program writes it; if both changed at the same moment, the later id in the order of UUIDv7 counts.

    Args:
        pid: the program, which leads its terminal session (setsid(2)).
        pattern: see ``launch.Watch.open_files``.
        aside: see ``launch.Watch.open_files_aside``.

    Returns:
        The id of the conversation; "" if no such file is open.
    """
    for process in _with_descendants(pid):
        found = list(_open_files_of(process, pattern))
        if aside and len({each.conversation for each in found}) > 1:
            others = {each.conversation for each in found if _begins_with(each.link, aside)}
            found = [each for each in found if each.conversation not in others] or found
        if found:
            # Processes are ordered from parent to child; an agent that this agent runs as a tool comes later, and does
            # not count.
            return max(found, key=lambda each: (each.changed_ns, each.conversation)).conversation
    return ""


def _open_files_of(pid: int, pattern: str) -> Iterator[OpenFile]:
    for descriptor, target in proc.open_files(pid):
        match = re.search(pattern, target)
        if match and is_conversation(match[1] or "") and proc.is_writable(pid, descriptor):
            # Through the descriptor, since the path may name another file by now.
            link = proc.descriptor_path(descriptor, pid)
            try:
                yield OpenFile(match[1], os.stat(link).st_mtime_ns, link)  # noqa: PTH116 - no Path for each file
            except OSError:
                continue  # The process has closed the file.


def _begins_with(link: str, pattern: str) -> bool:
    """Whether the pattern matches in the first bytes of a file; False for an unreadable file."""
    try:
        descriptor = os.open(link, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return re.search(pattern, os.read(descriptor, HEAD_BYTES).decode(errors="replace")) is not None
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _with_descendants(pid: int) -> Iterator[int]:
    """Yield the program, then its children in its terminal session, then their children."""
    level, seen = [pid], 0
    while level and seen < MAX_PROCESSES:
        next_level: list[int] = []
        for each in level:
            yield each
            seen += 1
            next_level += [child for child in proc.children_of_all_threads(each) if _terminal_session(child) == pid]
        level = next_level


def _terminal_session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0
