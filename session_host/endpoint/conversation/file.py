"""A conversation's append-only file of JSON lines.

A line is a record (``conversation``). A killed program or a full disk may leave an incomplete last line: opening the
file cuts it off. Unreadable lines, also those of a later version, are skipped. A chat locks the file while it is open;
the lock ends with the process.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from session_host.endpoint.conversation.conversation import Began, Conversation, Record
from session_host.errors import OutliveError, UsageError
from session_host.paths import lock_refusal
from session_host.system.clock import now

_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}")
_logger = logging.getLogger(__name__)
_decoder: Final = msgspec.json.Decoder(Record)
_encoder: Final = msgspec.json.Encoder()


def check_id(conversation_id: str) -> str:
    """Return the id if it may be part of a path and of an argv.

    Raises:
        UsageError: the id may not.
    """
    if not _ID.fullmatch(conversation_id):
        raise UsageError("a conversation id has at most 128 letters, digits, - and _, and does not begin with -")
    return conversation_id


def read(data: bytes) -> tuple[list[Record], int]:
    """The records of a file's content, and the length of its complete lines in bytes."""
    end = data.rfind(b"\n") + 1
    records: list[Record] = []
    for number, line in enumerate(data[:end].split(b"\n"), 1):
        try:
            records.append(_decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if line.strip():
                _logger.warning("line %d of the conversation is skipped: %s", number, error)
    return records, end


class ConversationFile:
    """An open conversation, locked by this process. A context manager.

    Attributes:
        conversation: the conversation, kept up to date by ``append``.
        existed: whether the file existed before.
    """

    def __init__(self, path: Path, conversation_id: str) -> None:
        """Open the file, or create it.

        Raises:
            OutliveError: the file is open elsewhere, or cannot be read or created.
        """
        self.path = path
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise OutliveError(f"cannot open the conversation {path}: {error.strerror}") from error
        try:
            self._lock()
            data = self._content()
            records, self._length = read(data)
            if self._length < len(data):
                _logger.warning("the conversation's incomplete end is cut off: %d bytes", len(data) - self._length)
                os.ftruncate(self._descriptor, self._length)
            self.existed = bool(data)
            self.conversation = Conversation(records)
            if not self.existed:
                self.append(Began(now(), conversation_id))
                self._sync_directory()
        except OSError as error:
            os.close(self._descriptor)
            raise OutliveError(f"cannot use the conversation {path}: {error.strerror}") from error
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._descriptor)

    def append(self, record: Record, *, durable: bool = True) -> None:
        """Apply a record, and append it to the file.

        Args:
            record: the record.
            durable: whether to sync it to the disk. Otherwise it survives the end of this process, but no power cut.

        Raises:
            OSError: the file cannot be written, as on a full disk. Then the conversation has the record, but the file
                lacks it.
        """
        self.conversation.apply(record)
        line = _encoder.encode(record) + b"\n"
        try:
            self._write(line)
            if durable:
                os.fdatasync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self._length)
            raise
        self._length += len(line)

    def _write(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._descriptor, line) :]

    def _lock(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutliveError("this conversation is open in another chat; continue there, or end that chat") from None
        except OSError as error:
            raise OutliveError(lock_refusal(self.path.parent, "OUTLIVE_STATE_DIR") or str(error)) from error

    def _content(self) -> bytes:
        pieces: list[bytes] = []
        offset = 0
        while piece := os.pread(self._descriptor, 1 << 20, offset):
            pieces.append(piece)
            offset += len(piece)
        return b"".join(pieces)

    def _sync_directory(self) -> None:
        """Sync the new file's directory entry to the disk."""
        directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
