"""Find the agent's conversation by the files that it has open for writing (``/proc/PID/fd``, proc(5)).

What a process holds open is a fact about that process; what lies in a directory is not. Files that it only reads do
not count: an agent reads those of others to list them, and one that is written elsewhere to show it. Elsewhere than on
Linux nothing is found.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from session_host.protocol.untrusted_text import is_conversation
from session_host.system.processes import proc

MOST_PROCESSES = 64
"""So many of a program's are looked at: an agent may be started by a script, or by a small program around it."""


HEAD_BYTES = 4096


class OpenFile(NamedTuple):
    """A file of a conversation that a process holds open.

    Attributes:
        conversation: its id.
        changed_ns: when it changed last, as stat(2) has it.
        link: its place below ``/proc``.
    """

    conversation: str
    changed_ns: int
    link: str


def conversation_of(pid: int, pattern: str, aside: str = "") -> str:
    """The conversation that a program, or the first of its descendants in its terminal session to have one, is in.

    A program that changes its conversation may hold both files open: the one that changed last counts, since it is the
    one being written; if both changed at the same moment, the later id in the order of UUIDv7.

    Args:
        pid: the program, which leads its terminal session (setsid(2)).
        pattern: as ``launch.Watch.open_files``.
        aside: as ``launch.Watch.open_files_aside``.

    Returns:
        Its id; "" if none is held open.
    """
    for process in _family(pid):
        held = list(_held(process, pattern))
        if aside and len({each.conversation for each in held}) > 1:
            others = {each.conversation for each in held if _begins_with(each.link, aside)}
            held = [each for each in held if each.conversation not in others] or held
        if held:
            # A nested agent, run by this one as a tool, comes later in the family and is not meant.
            return max(held, key=lambda each: (each.changed_ns, each.conversation)).conversation
    return ""


def _held(pid: int, pattern: str) -> Iterator[OpenFile]:
    for descriptor, target in proc.open_files(pid):
        match = re.search(pattern, target)
        if match and is_conversation(match[1] or "") and proc.is_writable(pid, descriptor):
            # Through the descriptor: the path may be another file's by now.
            link = proc.descriptor_path(descriptor, pid)
            try:
                yield OpenFile(match[1], os.stat(link).st_mtime_ns, link)  # noqa: PTH116 - no Path for each file
            except OSError:
                continue  # It was closed meanwhile.


def _begins_with(link: str, pattern: str) -> bool:
    """Whether the pattern is found in the first bytes of a file; one that cannot be read has none."""
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


def _family(pid: int) -> Iterator[int]:
    """The program, then its children in its terminal session, then theirs."""
    generation, seen = [pid], 0
    while generation and seen < MOST_PROCESSES:
        younger: list[int] = []
        for each in generation:
            yield each
            seen += 1
            younger += [child for child in proc.children_of_all_threads(each) if _terminal_session(child) == pid]
        generation = younger


def _terminal_session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0
