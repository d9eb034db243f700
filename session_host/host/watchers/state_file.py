"""Follows the file in which an agent reports its state (inotify(7)).

Claude Code keeps ``sessions/PID.json`` in its configuration directory, with ``sessionId``, ``status`` (idle, busy,
waiting) and ``waitingFor``; Qwen Code keeps a similar file without a status. Agents rewrite the file in place, so
invalid text is read again after a moment. A killed agent leaves its file behind, so a file counts only if its process
lives and started at the time in the file (``procStart``, field 22 of proc(5)'s stat); the process's end is watched. The
process must be the session's program or a descendant. A descendant counts only if no process above it, up to the
session's program, has such a file: otherwise an agent of this session has started it.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from session_host.system.event_loop import Timer
from session_host.system.files import read_regular
from session_host.system.inotify import Event, Inotify
from session_host.system.processes.identity import ancestors, start_time
from session_host.system.processes.process_end import ProcessEnd

log = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024
RETRY_S = 0.05
MAX_ATTEMPTS = 20
"""Maximum number of reads of a file that is being rewritten."""


class StateFileContent(NamedTuple):
    """The content of a state file.

    Attributes:
        status: the status in the agent's own term; "" for none.
        is_gone: the file was removed.
        waiting_for: the kind of question that the agent asks.
        conversation: the agent's id of its current conversation.
    """

    status: str
    waiting_for: str = ""
    conversation: str = ""
    is_gone: bool = False


class _State(msgspec.Struct, frozen=True, rename="camel"):
    """The fields of a file that matter here."""

    pid: int
    status: str = ""
    proc_start: str | int | None = None
    session_id: str = ""
    waiting_for: str | None = ""


class _Unreadable(Exception):
    """The file has no complete state, but may have one in a moment."""


def parse(data: bytes) -> _State | None:
    """Parse a file's content; returns None without a valid PID. Pure.

    Raises:
        _Unreadable: the content is no JSON object with these fields.
    """
    try:
        found = msgspec.json.decode(data, type=_State)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _Unreadable from error
    return found if found.pid > 0 else None


def claude_directory(environment: Mapping[str, str]) -> Path | None:
    """The directory of Claude Code's state files; None without an absolute path."""
    base = environment.get("CLAUDE_CONFIG_DIR") or os.path.join(environment.get("HOME", ""), ".claude")  # noqa: PTH118 - the path may be relative
    return Path(base, "sessions") if base.startswith("/") else None


def qwen_directory(environment: Mapping[str, str]) -> Path | None:
    """The directory of Qwen Code's state files; None without an absolute path."""
    base = environment.get("QWEN_HOME") or os.path.join(environment.get("HOME", ""), ".qwen")  # noqa: PTH118 - as above
    return Path(base, "sessions") if base.startswith("/") else None


STATE_DIRECTORIES: dict[str, Callable[[Mapping[str, str]], Path | None]] = {
    "claude": claude_directory,
    "qwen": qwen_directory,
}
"""The catalog's ``signals.state_file``: where an agent's files are, each named after its process."""

FILES_WITH_STATUS = frozenset({"claude"})
"""The agents that have a status once they are in a conversation, and none while they show the list of conversations."""


class StateFile:
    """Follows the state file of a session's program."""

    def __init__(self, directory: Path, child: int, on_change: Callable[[StateFileContent], None]) -> None:
        """Prepare to follow the file; ``start`` begins.

        Args:
            directory: the directory of the files, which may not exist yet.
            child: the PID of the session's program.
            on_change: called with each change of the file's content.
        """
        self._directory = directory
        self._child = child
        self._on_change = on_change
        self._inotify = Inotify(self._on_events)
        self._watch = -1
        self._watched: Path | None = None
        self._file: Path | None = None
        self._last: _State | None = None
        self._end = ProcessEnd(self._on_process_end)
        self._retry = Timer()
        self._tries = 0

    def start(self) -> None:
        """Follow the file from now on, and read its present content; without inotify, does nothing."""
        if self._inotify.start():
            self._watch_nearest()

    def close(self) -> None:
        """Stop following the file."""
        self._retry.cancel()
        self._end.close()
        self._inotify.close()

    def read_now(self) -> None:
        """Read the file now, if it was found."""
        if self._file is not None:
            self._read()

    # ------------------------------------------------------------ watches

    def _watch_nearest(self) -> None:
        """Watch the directory; while it does not exist, watch its nearest existing parent."""
        flags = self._inotify.flags
        changes = flags.CLOSE_WRITE | flags.MOVED_TO | flags.MOVED_FROM | flags.DELETE
        arrivals = flags.CREATE | flags.MOVED_TO
        leaving = flags.DELETE_SELF | flags.MOVE_SELF | flags.ONLYDIR
        self._watched = None
        path = [*reversed(self._directory.parents), self._directory]
        while path:
            directory = path.pop()
            try:
                watch = self._inotify.watch(
                    directory, leaving | (changes if directory == self._directory else arrivals)
                )
            except OSError as error:
                if error.errno in {errno.ENOSPC, errno.ENOMEM}:
                    log.warning("the agent's state file is not followed: %s", error.strerror)
                    return
                continue
            if watch != self._watch:
                self._unwatch()
            self._watch, self._watched = watch, directory
            # The next directory may have appeared before the watch of this one began.
            following = self._directory.parts[len(directory.parts) :]
            if not following or not (directory / following[0]).is_dir():
                break
            path = [*reversed(self._directory.parents), self._directory]
            if not os.access(directory / following[0], os.R_OK | os.X_OK):
                break
        if self._watched == self._directory:
            self._scan()

    def _unwatch(self) -> None:
        if self._watch >= 0:
            self._inotify.unwatch(self._watch)

    def _on_events(self, events: list[Event]) -> None:
        flags = self._inotify.flags
        names: set[str] = set()
        is_lost = False
        for event in events:
            if event.mask & flags.Q_OVERFLOW or (
                event.wd == self._watch and event.mask & (flags.IGNORED | flags.DELETE_SELF | flags.MOVE_SELF)
            ):
                is_lost = True
            elif event.wd == self._watch:
                names.add(event.name)
        if is_lost:
            self._unwatch()
            self._watch = -1
        if is_lost or self._watched != self._directory:
            self._watch_nearest()
        elif self._file is None:
            self._scan(names)
        elif self._file.name in names:
            self._read()

    # ------------------------------------------------------------ content

    def _scan(self, names: Collection[str] | None = None) -> None:
        """Look for the program's file among these names, or among all files of the directory."""
        if self._file is not None:
            self._read()
            return
        try:
            found = os.listdir(self._directory) if names is None else names  # noqa: PTH208 - only names are needed
        except OSError:
            return
        for name in found:
            stem, dot, kind = name.partition(".")
            if (dot, kind) != (".", "json") or not (stem.isascii() and stem.isdigit()):
                continue
            try:
                is_ours = self._is_ours(int(stem))
            except _Unreadable:  # The file of an agent between the two.
                self._read_later()
                continue
            if is_ours:
                self._file = self._directory / name
                self._read()
                if self._file is not None:
                    return

    def _is_ours(self, pid: int) -> bool:
        """Whether the process is the session's program or its descendant, and no agent that this agent has started."""
        above = ancestors(pid)
        if pid == self._child:
            return True
        if self._child not in above:
            return False
        between = above[: above.index(self._child) + 1]
        return not any(_state_of(self._directory / f"{each}.json") is not None for each in between)

    def _on_process_end(self) -> None:
        """Forget the state of the process that has ended, and look for another agent of the session."""
        if self._file is not None:
            self._read()
        if self._file is None:
            self._scan()

    def _read(self) -> None:
        assert self._file is not None
        try:
            state = _state_of(self._file)
        except _Unreadable:
            self._read_later()
            return
        self._tries = 0
        if state is None:
            # The file was deleted, or its process has ended.
            self._file = None
            self._end.close()
            if self._last is not None:
                self._last = None
                self._on_change(StateFileContent("", is_gone=True))
            return
        if state.pid != self._child:  # The end of the session's program is seen by others.
            self._end.watch(state.pid, start_time(state.pid))
        if state != self._last:
            self._last = state
            self._on_change(StateFileContent(state.status, state.waiting_for or "", state.session_id))

    def _read_later(self) -> None:
        """Read again after a moment; the agent is writing the file, and its last event may have passed already."""
        self._retry.cancel()
        self._tries += 1
        if self._tries <= MAX_ATTEMPTS:
            self._retry.set(RETRY_S, self._scan)


def _state_of(path: Path) -> _State | None:
    """Read the state file of a living process; None if there is none.

    Raises:
        _Unreadable: the agent is writing the file.
    """
    try:
        data = read_regular(path, MAX_BYTES)
    except OSError:
        return None
    found = parse(data)
    if found is None or str(found.pid) != path.stem:
        return None
    started = start_time(found.pid)
    # Qwen Code puts the boot id in front.
    named = str(found.proc_start).rpartition(":")[2]
    return found if started is not None and str(started) == named else None
