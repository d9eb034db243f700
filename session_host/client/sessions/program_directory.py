"""The directory of a chat's program, by the kernel; the program's output only says how it is spelled."""

from __future__ import annotations

import os
from functools import cache
from typing import Final

from session_host.storage.store import SessionRecord
from session_host.system.processes import proc

_DELETED: Final = " (deleted)"
"""The end of a process's working directory that was deleted; see proc(5)."""


def program_directory(record: SessionRecord, reported: str) -> str:
    """The directory of a running chat's foreground program; "" if it is unknown, or nothing was reported.

    Any text can be printed, so a report (OSC 7) alone is not believed, and nothing looks at the disk there.

    Args:
        record: the chat.
        reported: the path that the output reports.
    """
    if not reported or record.child_pid is None:
        return ""
    pids = dict.fromkeys((proc.foreground_group(record.child_pid), record.child_pid))
    known = [path for pid in pids if pid and (path := proc.working_directory(pid)).startswith("/")]
    real = reported
    for named, path in (record.cwd, record.real_cwd), _home():
        if path and (reported == named or reported.startswith(f"{named}/")):
            real = f"{path}{reported.removeprefix(named)}"
            break
    if reported in known or real in known:
        return reported
    return next((path for path in known if not path.endswith(_DELETED)), "")


@cache
def _home() -> tuple[str, str]:
    """The user's home directory, as it is named and without symbolic links."""
    home = os.path.expanduser("~")  # noqa: PTH111 - the text is compared
    return home, os.path.realpath(home)
