"""Protects a running chat's transcript from deletion by other Gemini CLI processes (Gemini CLI 0.61; inotify(7)).

Each starting Gemini CLI deletes the empty transcripts of its project, also those of open chats. The chat then writes
its messages into a new file of the same name. That file lacks the conversation's id, so the conversation cannot be
resumed, and the next Gemini CLI deletes the file. A resumed conversation gets a second, empty transcript with the same
id; the next Gemini CLI deletes both.

So the guard makes a backup of the transcript, a hard link (link(2)) among the session's own files. If the transcript
is deleted while the chat runs, the guard restores it, and appends the messages of the new file. If the transcript was
empty, the guard first waits until the new file has text. It removes an empty second transcript. The backup stays after
the chat has ended: a later resume restores the transcript from it.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path

from session_host.agents.conversations.gemini import (
    MAX_COPIED_BYTES,
    backup_name,
    backups,
    chats_directories,
    conversation_in,
    has_words,
    original_path,
)
from session_host.agents.conversations.records import MAX_BYTES
from session_host.paths import make_directories
from session_host.system.event_loop import Timer
from session_host.system.files import append, copy_regular, open_regular
from session_host.system.inotify import Event, Inotify

log = logging.getLogger(__name__)

RETRY_S = 0.25
"""How often to look for the transcript until it exists: no event announces it."""

TIMEOUT_S = 60.0
"""How long to look for it; afterwards the guard looks when Gemini CLI reports to its terminal."""


class TranscriptGuard:
    """Guards the transcript of one session's conversation."""

    def __init__(self, conversation: str, environment: Mapping[str, str], directory: Path) -> None:
        """Set what to guard.

        Args:
            conversation: the conversation's id.
            environment: the program's environment, which leads to its files.
            directory: the directory of the backups; created if needed.
        """
        self._conversation = conversation
        self._environment = environment
        self._directory = directory
        self._inotify = Inotify(self._changed)
        self._watched: set[Path] = set()
        self._retry = Timer()
        self._until_s = 0.0

    def start(self) -> None:
        """Start guarding; the program runs, perhaps for a long time already."""
        self._until_s = time.monotonic() + TIMEOUT_S
        self._inotify.start()
        self.relink()

    def relink(self) -> None:
        """Restore the transcript at its path, and create its backup."""
        self._retry.cancel()
        try:
            self._check_transcript()
        except OSError as error:
            log.warning("the agent's transcript is not guarded: %s", error.strerror)
        if not self._watched and time.monotonic() < self._until_s:
            self._retry.set(RETRY_S, self.relink)

    def on_report(self) -> None:
        """The program reported to its terminal: if nothing is guarded yet, look for the transcript."""
        if not self._watched and not self._retry.is_set:
            self.relink()

    def ended(self) -> None:
        """The program has ended: remove empty transcripts, as Gemini CLI itself does."""
        self.close()
        with contextlib.suppress(OSError):
            self._check_transcript()
            for copy, path in self._backups_with_paths():
                if not has_words(copy):
                    path.unlink(missing_ok=True)
                    copy.unlink(missing_ok=True)

    def close(self) -> None:
        """Stop guarding; without ``ended``, another host continues."""
        self._retry.cancel()
        self._inotify.close()

    # ------------------------------------------------------------ events

    def _changed(self, events: list[Event]) -> None:
        short = self._conversation[:8]
        if any(short in event.name or not event.name for event in events):
            self.relink()

    def _check_transcript(self) -> None:
        for copy, path in self._backups_with_paths():
            self._watch(path.parent)
            self._restore(copy, path)
        guarded = {path for _, path in self._backups_with_paths()}
        found = [
            path
            for chats in chats_directories(self._environment)
            for path in chats.glob(f"session-*-{self._conversation[:8]}.jsonl")
            if path not in guarded
        ]
        # If several exist already, guard the ones with messages.
        for path in sorted(found, key=lambda each: (not has_words(each), each.name)):
            if guarded and not has_words(path):
                if conversation_in(path) in {"", self._conversation}:
                    path.unlink(missing_ok=True)
                    log.info("removed a second, empty transcript")
            elif conversation_in(path) == self._conversation:
                make_directories(self._directory)
                _link(path, self._directory / backup_name(self._conversation, path))
                guarded.add(path)
                self._watch(path.parent)

    def _backups_with_paths(self) -> list[tuple[Path, Path]]:
        """Each backup with the path of its transcript."""
        found = backups(self._directory, self._conversation)
        return [(copy, original) for copy in found if (original := original_path(copy, self._environment)) is not None]

    def _restore(self, copy: Path, path: Path) -> None:
        try:
            if copy.samefile(path):
                return
        except FileNotFoundError:
            # Gemini CLI may have deleted an empty transcript itself, to begin it again.
            if path.parent.is_dir() and has_words(copy):
                _link(copy, path)
                log.info("the agent's transcript was deleted; it is there again")
            return
        if conversation_in(path) == self._conversation:
            _replace(path, copy)  # The file was rewritten, or the backup is a copy.
            return
        # The messages written since the deletion.
        with open_regular(path, MAX_BYTES) as written:
            _replace(copy, path)
            append(path, written.read(MAX_BYTES))
        log.info("the agent's transcript was deleted, and is whole again")

    def _watch(self, directory: Path) -> None:
        if not self._inotify.is_open or directory in self._watched:
            return
        flags = self._inotify.flags
        with contextlib.suppress(OSError):
            changes = flags.CLOSE_WRITE | flags.DELETE | flags.MOVED_FROM | flags.MOVED_TO
            self._inotify.watch(directory, changes | flags.DELETE_SELF | flags.ONLYDIR)
            self._watched.add(directory)


def _link(source: Path, target: Path) -> None:
    """Create a hard link to a file; on another file system, a copy.

    Raises:
        OSError: both the link and the copy failed.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP}:
            raise
        copy_regular(source, target, MAX_COPIED_BYTES)


def _replace(source: Path, target: Path) -> None:
    """Like ``_link``, but replace the target atomically if it exists."""
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.new")
    unfinished.unlink(missing_ok=True)
    _link(source, unfinished)
    unfinished.replace(target)
