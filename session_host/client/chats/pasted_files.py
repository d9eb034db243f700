"""Files that the user pasted or dropped into a chat: they are copied to the chat's machine, and removed with the chat.

A file travels in pieces. Each piece can be sent again, so that an upload goes on after the connection was lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from session_host.client.machine import Machine
from session_host.errors import OutliveError, Unreachable
from session_host.paths import ensure_private, pasted_files_dir
from session_host.system.files import open_regular

MAX_BYTES: Final = 256 * 1024 * 1024
"""The longest file that is copied."""

PIECE_BYTES: Final = 64 * 1024
"""A key on the same connection waits at most for some of these."""

_PARALLEL: Final = 4
"""How many pieces are on their way at once: on a slow line, one is answered late."""

_NAME_BYTES: Final = 200
_UPLOAD: Final = re.compile("[0-9a-f]{16}")


class Source(NamedTuple):
    """A file to copy: its name and size, and what reads its bytes from an offset on; that is called in a thread."""

    name: str
    size: int
    read: Callable[[int], bytes]


def source_of(data: bytes, name: str) -> Source:
    """Bytes as a file."""
    return Source(name, len(data), lambda offset: data[offset : offset + PIECE_BYTES])


def file_source(path: str) -> Source:
    """A file of this machine. Blocks.

    Raises:
        OutliveError: it is no file, or cannot be read.
    """
    name = Path(path).name
    try:
        if Path(path).is_dir():
            raise OutliveError(f"{name} is a directory; only files are copied to another machine")
        if not Path(path).is_file():
            raise OutliveError(f"{name} is not a file; only files are copied to another machine")
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise OutliveError(f"{name}: cannot read it ({error.strerror})") from error
    return Source(name, size, lambda offset: _read(path, offset))


def _read(path: str, offset: int) -> bytes:
    with open_regular(path, MAX_BYTES) as file:  # It may be another one by now.
        return os.pread(file.fileno(), PIECE_BYTES, offset)


def save_piece(session_id: str, upload: str, name: str, offset: int, piece: bytes) -> str:
    """Write a piece of a file that only the user can read; returns the file's path. Blocks.

    Args:
        session_id: the chat.
        upload: the file's number, 16 hexadecimal digits.
        name: its name.
        offset: the piece's place in it; the one at 0 comes first.
        piece: at most ``PIECE_BYTES``.

    Raises:
        OutliveError: it cannot be written.
    """
    if not _UPLOAD.fullmatch(upload) or not 0 <= offset <= MAX_BYTES - len(piece):
        raise OutliveError(f"this file is too long: at most {MAX_BYTES // 2**20} MiB are copied")
    directory = pasted_files_dir(session_id)
    try:
        if not offset:  # A later piece may come when the upload was discarded already.
            ensure_private(directory)
            ensure_private(directory / upload)
        path = directory / upload / _file_name(name)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            written = 0
            while written < len(piece):
                written += os.pwrite(descriptor, piece[written:], offset + written)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise OutliveError(f"{directory}: cannot save the pasted file ({error.strerror}); free some space") from error
    return str(path)


def discard_upload(session_id: str, upload: str) -> None:
    """Remove a file of which only a part was copied. Blocks."""
    if _UPLOAD.fullmatch(upload):
        shutil.rmtree(pasted_files_dir(session_id) / upload, ignore_errors=True)


def _file_name(name: str) -> str:
    """A name without directories and control characters, and not too long; its ending stays."""
    plain = "".join(each if each.isprintable() and each != "/" else "-" for each in name).lstrip(".-") or "file"
    ending = Path(plain).suffix.encode()[:20].decode(errors="ignore")
    stem = plain.removesuffix(ending).encode()[: _NAME_BYTES - len(ending.encode())]
    return stem.decode(errors="ignore") + ending


async def copy_to(
    machine: Machine, session_id: str, source: Source, on_progress: Callable[[int], object] = lambda _bytes: None
) -> str:
    """Copy a file to a chat's machine; returns its path there. After a lost connection, it goes on.

    Args:
        machine: the chat's machine.
        session_id: the chat's id there.
        source: the file.
        on_progress: gets the number of bytes that have arrived.

    Raises:
        OutliveError: that failed; nothing is left of it there, as far as it can be reached.
    """
    if source.size > MAX_BYTES:
        raise OutliveError(f"{source.name}: the file is too long: at most {MAX_BYTES // 2**20} MiB are copied")
    upload = secrets.token_hex(8)
    later = iter(range(PIECE_BYTES, source.size, PIECE_BYTES))
    arrived, path = 0, ""

    async def send(offsets: Iterable[int]) -> None:
        nonlocal arrived, path
        for offset in offsets:
            piece = await asyncio.to_thread(source.read, offset)
            if len(piece) != min(PIECE_BYTES, source.size - offset):
                raise OutliveError(f"{source.name}: the file was changed while it was copied; try again")
            while True:
                try:
                    path = await machine.call(save_piece, session_id, upload, source.name, offset, piece)
                    break
                except Unreachable:
                    await machine.wait_reachable()
            arrived += len(piece)
            on_progress(arrived)

    senders: list[asyncio.Future[None]] = []
    try:
        await send([0])
        senders += [asyncio.ensure_future(send(later)) for _ in range(_PARALLEL)]
        await asyncio.gather(*senders)
    except BaseException as error:
        for each in senders:
            each.cancel()
        await asyncio.gather(*senders, return_exceptions=True)
        with contextlib.suppress(OutliveError):
            await machine.call(discard_upload, session_id, upload)
        if isinstance(error, OSError):
            raise OutliveError(f"{source.name}: cannot read it ({error.strerror})") from error
        raise
    return path
