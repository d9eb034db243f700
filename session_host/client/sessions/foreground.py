"""What a chat's program does, by the kernel: its directory, a shell's jobs."""

from __future__ import annotations

import os
import socket
from functools import cache
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from session_host.protocol.facts import ChatFacts
from session_host.system.processes import proc

_DELETED: Final = " (deleted)"
"""The end of a process's working directory that was deleted; see proc(5)."""


def local_directory(address: str) -> str:
    """The path in a directory's URL ``file://host/path``; "" for another computer, or another kind of URL."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme != "file" or parts.netloc.lower() not in {"", "localhost", socket.gethostname().lower()}:
        return ""
    return unquote(parts.path)


def program_directory(record: ChatFacts, reported: str) -> str:
    """The directory of a running chat's foreground program; "" if it is unknown, or nothing was reported.

    Any text can be printed, so a report (OSC 7) alone is not believed, and nothing looks at the disk there.

    Args:
        record: the chat.
        reported: the path that the output reports.
    """
    if not reported:
        return ""
    known = _known(record)
    if reported in known or _in_other_words(reported, _links(record)) in known:
        return reported
    return next((path for path in known if not path.endswith(_DELETED)), "")


def foreground_directory(record: ChatFacts, reported: str) -> str:
    """The directory in which a running chat's foreground program is now, reported or not; "" if it is unknown."""
    links = _links(record)
    here = next((path for path in _known(record) if not path.endswith(_DELETED)), "")
    if here and here in {reported, _in_other_words(reported, links)}:
        return reported
    return _in_other_words(here, [(path, named) for named, path in links])


def _known(record: ChatFacts) -> list[str]:
    """The directories of the foreground program and of the chat's own program, by the kernel."""
    if record.program.child_pid is None:
        return []
    pids = dict.fromkeys((proc.foreground_group(record.program.child_pid), record.program.child_pid))
    return [path for pid in pids if pid and (path := proc.working_directory(pid)).startswith("/")]


def _links(record: ChatFacts) -> list[tuple[str, str]]:
    """The directories that are known by name and without symbolic links: the chat's, and the home."""
    return [(named, path) for named, path in ((record.origin.cwd, record.origin.real_cwd or ""), _home()) if path]


def _in_other_words(path: str, links: list[tuple[str, str]]) -> str:
    """A path, with the other name of the first of these directories in which it is."""
    for named, other in links:
        if path == named or path.startswith(f"{named}/"):
            return f"{other}{path.removeprefix(named)}"
    return path


@cache
def _home() -> tuple[str, str]:
    """The user's home directory, as it is named and without symbolic links."""
    home = os.path.expanduser("~")  # noqa: PTH111 - the text is compared
    return home, os.path.realpath(home)


def has_jobs(record: ChatFacts) -> bool:
    """Whether a running shell has a program in the foreground, in the background, or stopped; or its PID is unknown."""
    return record.program.child_pid is None or bool(proc.children(record.program.child_pid))


def shown_directory(record: ChatFacts, address: str) -> str:
    """The directory of a chat's program, see ``program_directory``; by default the one in which the chat was started.

    ``address`` is the one that the chat's output reports (OSC 7); "" for none.
    """
    return program_directory(record, local_directory(address)) or record.origin.cwd


class ProgramDirectories(NamedTuple):
    """The directories of a chat's program.

    Attributes:
        shown: the directory that it reports, if it is in it; see ``shown_directory``.
        foreground: the directory in which its foreground program is now; see ``foreground_directory``.
    """

    shown: str
    foreground: str


def program_directories(session_id: str, reported: str) -> ProgramDirectories:
    """The directories of a chat's program, by default the one in which the chat was started.

    Args:
        session_id: the chat; if there is none, both are "".
        reported: the address that its output reports (OSC 7); "" for none.
    """
    record = _record(session_id)
    if record is None:
        return ProgramDirectories("", "")
    shown = shown_directory(record, reported)
    return ProgramDirectories(shown, foreground_directory(record, local_directory(reported)) or shown)


def shell_has_jobs(session_id: str) -> bool:
    """See ``has_jobs``; True if there is no such chat."""
    record = _record(session_id)
    return record is None or has_jobs(record)


def _record(session_id: str) -> ChatFacts | None:
    from .store_access import open_store  # it imports more than this module needs

    with open_store() as store:
        return store.get(session_id)
