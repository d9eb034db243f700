"""Does an action in a forked process, with a disturbance at one of its calls.

Python reports calls to an audit hook before they are made: there the process is killed, the call fails as on a full
disk, or somebody saves a file. So a number repeats the moment. The hook is in the forked process alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import pickle
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from session_host.errors import OutliveError
from tests.kills.trace import Traced, Tracing
from tests.kills.work.model import SYSTEM, Disturbance
from tests.support.placing_guard import Unplaced, placing_guard

_CHANGES: Final = {
    "os.rename",
    "os.link",
    "os.symlink",
    "os.remove",
    "os.rmdir",
    "os.mkdir",
    "os.chmod",
    "os.truncate",
    "os.utime",
}
_LOOKS: Final = {"os.scandir", "os.listdir", "fcntl.flock"}
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_TIMEOUT_S: Final = 120.0
_PR_SET_CHILD_SUBREAPER: Final = 36


class Saved(NamedTuple):
    """What somebody saves while the action runs.

    Attributes:
        path: the file, absolute.
        data: the bytes.
        how: "in place", or "by rename" of a file beside it.
        makes_directories: whether its directory is made if it is missing.
    """

    path: Path
    data: bytes
    how: str
    makes_directories: bool = False


class Refusal(NamedTuple):
    """An error that an action raised.

    Attributes:
        kind: its class.
        text: its message; of an error that is no answer to the user, where it came from.
        is_told: whether it is an answer to the user.
    """

    kind: str
    text: str
    is_told: bool

    def __str__(self) -> str:
        return self.text.splitlines()[-1]


class Outcome(NamedTuple):
    """How an action ended.

    Attributes:
        result: what it returned.
        error: the error that it raised; None for none.
        is_killed: whether the disturbance has killed it.
        is_disturbed: whether the disturbance came.
        is_saved: whether the file was saved.
        unplaced: what it has changed in the working tree by other means than it should.
        traced: its system calls, if one of them was to be disturbed.
    """

    result: Any = None
    error: Refusal | None = None
    is_killed: bool = False
    is_disturbed: bool = False
    is_saved: bool = False
    unplaced: tuple[str, ...] = ()
    traced: Traced | None = None


def adopt_orphans() -> None:
    """Make this process the parent of all that its children leave behind, so that it can wait for their end."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kind_of(event: str, arguments: tuple[Any, ...]) -> str:
    """The kind of a call: "git", "change", "write", "look", or "" for none of these."""
    if event == "subprocess.Popen":
        return "git"
    if event in _CHANGES:
        return "change"
    if event == "open":
        flags = arguments[2] if len(arguments) > 2 and isinstance(arguments[2], int) else 0
        return "write" if flags & _WRITING else "look"
    return "look" if event in _LOOKS else ""


class _Hook:
    """Counts calls of one kind, and disturbs one of them."""

    def __init__(self, disturbance: Disturbance, saved: Saved | None, tell: Callable[[str], None]) -> None:
        self._disturbance, self._saved, self._tell = disturbance, saved, tell
        self._count = 0
        self._is_off = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._is_off or kind_of(event, arguments) != self._disturbance.call:
            return
        self._count += 1
        if self._count < self._disturbance.number:
            return
        if self._disturbance.kind != "full" or not self._disturbance.is_lasting:
            self._is_off = True
        if self._count == self._disturbance.number:
            self._tell("disturbed")
        match self._disturbance.kind:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "full":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            case _:
                assert self._saved is not None
                with contextlib.suppress(OSError):
                    save(self._saved)
                    self._tell("saved")

    def stop(self) -> None:
        self._is_off = True


def save(saved: Saved) -> None:
    """Save a file as an editor or a program does."""
    if saved.makes_directories:
        saved.path.parent.mkdir(parents=True, exist_ok=True)
    if saved.path.parent.resolve() != saved.path.parent:
        raise OSError(errno.ELOOP, "another file would be saved, through a link")
    path = saved.path if saved.how == "in place" else saved.path.with_name(".writing")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
    try:
        os.write(descriptor, saved.data)
    finally:
        os.close(descriptor)
    if path != saved.path:
        try:
            path.rename(saved.path)
        except OSError:
            path.unlink()
            raise


def in_child(action: Callable[[], Any], disturbance: Disturbance | None = None, saved: Saved | None = None) -> Outcome:
    """Do an action in a forked process; returns when it and all that it started have ended."""
    reading, writing = os.pipe()
    waiting, go = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os.close(go)
        status = 1
        try:
            os.read(waiting, 1)
            _run(action, disturbance, saved, writing)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    os.close(waiting)
    try:
        is_traced = disturbance is not None and disturbance.call == SYSTEM
        tracing = Tracing(pid, kill_at=disturbance.number) if disturbance is not None and is_traced else None
    finally:
        os.close(go)  # Now it begins.
    told = _read(reading, pid)
    traced = tracing.result() if tracing is not None else None
    _, status = os.waitpid(pid, 0)
    is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)  # The gits of a process that was killed.
    result = next((each for each in told if not isinstance(each, str)), None)
    is_disturbed = "disturbed" in told or (traced is not None and traced.killed_at is not None)
    if result is None or is_killed:
        assert is_killed, f"the action's process ended with {status}"
        assert is_disturbed, "somebody else killed the action's process"
        return Outcome(is_killed=True, is_disturbed=True, traced=traced)
    value, error, unplaced = result
    return Outcome(value, error, is_disturbed=is_disturbed, is_saved="saved" in told, unplaced=unplaced, traced=traced)


def _run(action: Callable[[], Any], disturbance: Disturbance | None, saved: Saved | None, writing: int) -> None:
    def tell(told: Any) -> None:
        data = pickle.dumps(told)
        os.write(writing, len(data).to_bytes(4, "big"))
        while data:
            data = data[os.write(writing, data) :]

    hook = _Hook(disturbance, saved, tell) if disturbance is not None else None
    if hook is not None:
        sys.addaudithook(hook)
    unplaced: list[str] = []
    answer: tuple[Any, Refusal | None] = None, None
    own = [Path(os.environ[name]) for name in ("OUTLIVE_STATE_DIR", "OUTLIVE_RUNTIME_DIR", "TMPDIR")]
    try:
        with contextlib.suppress(Unplaced), placing_guard(*own) as unplaced:
            answer = action(), None
    except OutliveError as error:
        answer = None, Refusal(type(error).__name__, str(error), is_told=True)
    except Exception as error:  # noqa: BLE001 - the judge says what it means
        answer = None, Refusal(type(error).__name__, traceback.format_exc(), is_told=False)
    finally:
        if hook is not None:
            hook.stop()
    tell((*answer, tuple(unplaced)))


def _read(reading: int, pid: int) -> list[Any]:
    """All that the process told."""
    data = bytearray()
    until_s = time.monotonic() + _TIMEOUT_S
    while True:
        if not select.select([reading], [], [], max(until_s - time.monotonic(), 0))[0]:
            os.kill(pid, signal.SIGKILL)
            os.close(reading)
            raise TimeoutError("the action takes too long")
        piece = os.read(reading, 1 << 16)
        if not piece:
            break
        data += piece
    os.close(reading)
    told, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        told.append(pickle.loads(data[at + 4 : at + 4 + length]))
        at += 4 + length
    return told
