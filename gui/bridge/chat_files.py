"""Files that the window makes of chats: exports, and private texts for the user's editor.

Texts are removed when the window's process starts and ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage

import session_host
from session_host.errors import OutliveError
from session_host.paths import check_private, ensure_private, runtime_dir, texts_dir
from session_host.system.event_loop import to_its_end_in_thread
from session_host.system.installation import own_python

_NAME_CHARACTERS: Final = 50
"""With four bytes for each character, the name of an unfinished export is still shorter than 255 bytes."""


def file_name(name: str) -> str:
    """A chat's name as a file name without suffix; characters that are not allowed become dashes."""
    return re.sub(r"[/\\]", "-", name).strip(" .") or "chat"


async def export(chat: str, path: Path) -> bool:
    """Write a chat's recording to a file in a process, like ``outlive export``: a long one takes seconds of CPU time.

    Args:
        chat: its id, MACHINE:ID for a chat of another machine.
        path: the file.

    Returns:
        Whether the file has everything; False if parts of the recording are missing.

    Raises:
        OutliveError: the file could not be written; the message has the reason.
    """
    before = await asyncio.to_thread(_identity, path)
    root = str(Path(session_host.__file__).parent.parent)
    process = subprocess.Popen(  # noqa: ASYNC220 - returns once the process exists; a thread awaits its end
        [*own_python(), "-m", "session_host.cli", "export", chat, str(path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    _, errors = await to_its_end_in_thread(process.communicate, on_cancel=process.kill)
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


def prepare(session_id: str, name: str, suffix: str) -> Path:
    """The path for a text of a chat, in a directory that only the user can enter; an earlier text there is replaced.

    Raises:
        OutliveError: there can be no such directory.
    """
    for directory in (runtime_dir(), texts_dir(), _texts_of(session_id)):
        ensure_private(directory)
    return _texts_of(session_id) / (name[:_NAME_CHARACTERS] + suffix)


def _texts_of(session_id: str) -> Path:
    return texts_dir() / file_name(session_id)


def write(path: Path, text: str) -> None:
    """Write a text to a new file that only the user can read, in place of an earlier one.

    Raises:
        OutliveError: the file cannot be written; nothing is left of it.
    """
    try:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise OutliveError(f"{path}: cannot write it ({error.strerror}); free some space") from error


def count_lines(path: Path) -> int:
    """The number of a text's lines.

    Raises:
        OutliveError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return sum(1 for _ in file)
    except OSError as error:
        raise OutliveError(f"{path}: cannot read it ({error.strerror}); try again") from error


def remove_file(path: Path) -> None:
    """Remove one text, if it is still there."""
    with contextlib.suppress(OSError):
        path.unlink()


def remove(session_id: str) -> None:
    """Remove a chat's texts."""
    _remove(_texts_of(session_id))


def remove_all() -> None:
    """Remove all texts."""
    _remove(texts_dir())


def _remove(directory: Path) -> None:
    with contextlib.suppress(OutliveError):  # Another user's directory is left alone.
        check_private(runtime_dir())
        shutil.rmtree(directory, ignore_errors=True)


def png_of(image: QImage) -> bytes:
    """An image in the PNG format.

    Raises:
        OutliveError: it cannot be encoded.
    """
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]  # PySide6 takes a str, its type hints bytes
        raise OutliveError("the pasted image cannot be saved as PNG; save it in a file yourself, and paste its name")
    return bytes(buffer.data().data())
