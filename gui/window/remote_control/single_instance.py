"""One window per user: the first start creates the socket; a second start raises that window and exits.

This module does not import Qt, so that a second start is fast.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from pathlib import Path
from typing import IO

from session_host.client.window_control import WindowNotOpen, ask
from session_host.errors import OutliveError
from session_host.paths import ensure_private, lock_refusal, obstacle, runtime_dir, window_socket
from session_host.system.unix_sockets import bind_private

ANSWER_TIMEOUT_S = 2.0
POLL_INTERVAL_S = 0.05


class WindowHangs(OutliveError):
    """A window is open and does not respond."""


class SingleInstance:
    """The right to be the window, with its socket.

    The lock is the kernel's, so it ends with the process in any case; the socket's file may outlive the process, and
    the next process that gets the lock replaces it.

    Attributes:
        listener: bound and listening; connections wait until the window serves them.
        is_lost: another window got the right while lock and socket were removed.
    """

    def __init__(self, lock: IO[bytes], listener: socket.socket) -> None:
        self._lock = lock
        self.listener = listener
        self.is_lost = False

    def release(self) -> None:
        """Give up the right; the next start becomes the window."""
        if not self.is_lost:
            window_socket().unlink(missing_ok=True)
        self.listener.close()
        self._lock.close()

    def check_socket(self) -> bool:
        """Restore lock and socket if they were removed, alone or with the runtime directory.

        Returns:
            Whether ``listener`` is a new socket; the caller then closes objects of the previous one.

        Raises:
            UnsafeDirectory: the runtime directory cannot be trusted.
            OutliveError: the lock or the socket cannot be created.
        """
        if self.is_lost:
            return False
        ensure_private(runtime_dir())
        path = _lock_path()
        if not _is_same_file(path, self._lock):
            lock = _take_lock(path)
            if lock is None:
                self.is_lost = True
                return False
            self._lock.close()
            self._lock = lock
        if os.path.lexists(window_socket()):
            return False
        self.listener = _listen(window_socket())
        return True


def claim_or_raise(*, raises: bool = True) -> SingleInstance | None:
    """Become the window, or raise the open one and return None.

    Args:
        raises: False leaves the open one as it is.

    Raises:
        WindowHangs: a window is open, and does not respond in time.
        UnsafeDirectory: the runtime directory cannot be trusted.
        OutliveError: the socket's path is too long, or it cannot be created.
    """
    ensure_private(runtime_dir())
    path = window_socket()
    deadline_s = time.monotonic() + ANSWER_TIMEOUT_S
    while (lock := _take_lock(_lock_path())) is None:
        try:
            ask("raise" if raises else "tabs", timeout_s=ANSWER_TIMEOUT_S)
            return None
        except WindowNotOpen as error:
            # The other window is starting or exiting: soon one of the two ways works.
            if time.monotonic() > deadline_s:
                raise _hangs() from error
            time.sleep(POLL_INTERVAL_S)
        except OutliveError as error:
            raise _hangs() from error
    try:
        return SingleInstance(lock, _listen(path))
    except OutliveError:
        lock.close()
        raise


def _listen(path: Path) -> socket.socket:
    """Create a listening socket in place of any file at ``path``."""
    try:
        listener = bind_private(path)
        listener.listen(16)
    except OSError as error:
        raise OutliveError(obstacle(path) or f"cannot create the socket {path}: {error.strerror}") from error
    return listener


def _lock_path() -> Path:
    return runtime_dir() / "window.lock"


def _is_same_file(path: Path, file: IO[bytes]) -> bool:
    """Whether an open file is the one at ``path``."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _take_lock(path: Path) -> IO[bytes] | None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OutliveError(obstacle(path) or f"cannot create the lock file {path}: {error.strerror}") from error
    lock = os.fdopen(descriptor, "ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    except OSError as error:
        lock.close()
        why = f"cannot lock the file {path}: {error.strerror}"
        raise OutliveError(lock_refusal(path.parent, "OUTLIVE_RUNTIME_DIR") or why) from error
    return lock


def _hangs() -> WindowHangs:
    return WindowHangs(
        "the open window does not respond; wait, or end its process (chats keep running), then try again"
    )
