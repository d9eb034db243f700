"""Exports a chat in a separate process, because a long export takes seconds of CPU time."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import session_host
from session_host.errors import OutliveError

FORMS = (".html", ".txt", ".cast")
"""The export formats of a terminal, as the file name's ending."""

STRUCTURED_FORMS = (".md", ".html", ".txt", ".json")
"""Those of a structured chat."""


async def export(session_id: str, path: Path) -> bool:
    """Write a chat's recording to a file, like ``outlive export``.

    Returns:
        Whether the file has everything; False if parts of the recording are missing.

    Raises:
        OutliveError: the file could not be written; the message has the reason.
    """
    before = await asyncio.to_thread(_identity, path)
    root = str(Path(session_host.__file__).parent.parent)
    process = subprocess.Popen(  # noqa: ASYNC220 - returns once the process exists; a thread awaits its end
        [sys.executable, "-P", "-m", "session_host.cli", "export", session_id, str(path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _, errors = await asyncio.to_thread(process.communicate)
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode == 1 and await asyncio.to_thread(_identity, path) != before:
        return False
    if process.returncode:
        lines = errors.strip().splitlines() or [f"the export failed (exit code {process.returncode})"]
        raise OutliveError(lines[-1].removeprefix("outlive: "))
    return True


def _identity(path: Path) -> tuple[int, int]:
    """Two numbers that differ if the file was replaced; zeros if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_ino, status.st_ctime_ns
