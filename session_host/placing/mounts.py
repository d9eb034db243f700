"""Finds mounts below a directory: what is removed there would be removed from another place."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

_ESCAPED = re.compile(rb"\\([0-7]{3})")


def check_no_mount(path: Path) -> None:
    """Check that nothing is mounted at a path, or below it, in this process's mount namespace.

    The kernel's list says so, since a bind mount of the same file system has the device number of its surroundings.

    Raises:
        OSError: EBUSY, something is mounted; or the list cannot be read.
    """
    top = os.fsencode(os.path.realpath(path))
    below = top.rstrip(b"/") + b"/"
    for line in Path("/proc/self/mountinfo").read_bytes().splitlines():
        # The fifth field of proc(5) has spaces, tabs, line feeds and backslashes as octal numbers.
        point = _ESCAPED.sub(lambda found: bytes([int(found[1], 8)]), line.split(b" ")[4])
        if point == top or point.startswith(below):
            raise OSError(errno.EBUSY, f"{os.fsdecode(point)} is mounted; unmount it first", str(path))
