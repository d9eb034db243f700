"""Keeps a running chat's transcript from others of its kind, which delete it (Gemini CLI 0.61; inotify(7)).

Each Gemini CLI that starts deletes those transcripts of its project in which nothing was said yet, also of chats that
are open. What is said in such a chat afterwards goes into a new file of that name, which lacks the conversation's id:
it cannot be resumed, and is deleted in its turn. And one that goes on with a conversation makes a second transcript of
its id, in which nothing is ever said; the next one to start deletes that, and with it the first one.

So a transcript gets a second name (link(2)) among the session's own files. When it loses its first one while the chat
runs, it gets that back, with what was written there meanwhile; one that holds nothing gets it back when something is
written there. A second transcript with nothing in it is removed. The second name stays when the chat has ended: from
there the transcript is put back when the conversation is gone on with.
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
    chats_directories,
    conversation_in,
    first_name,
    has_words,
    second_name,
    second_names,
)
from session_host.paths import make_directories
from session_host.system.inotify import Event, Inotify
from session_host.system.timer import Timer

log = logging.getLogger(__name__)

AGAIN_S = 0.25
"""There is nothing to be told by until it has made its transcript: so often it is looked for."""

PATIENCE_S = 60.0
"""So long; later, when it says something to its terminal."""


class TranscriptGuard:
    """Guards the transcript of one session's conversation."""

    def __init__(self, conversation: str, environment: Mapping[str, str], directory: Path) -> None:
        """Know what to guard.

        Args:
            conversation: its id.
            environment: the program's, which leads to its files.
            directory: where the second names are; made if need be.
        """
        self._conversation = conversation
        self._environment = environment
        self._directory = directory
        self._inotify = Inotify(self._changed)
        self._watched: set[Path] = set()
        self._again = Timer()
        self._until_s = 0.0

    def start(self) -> None:
        """The program runs, maybe since long."""
        self._until_s = time.monotonic() + PATIENCE_S
        self._inotify.start()
        self.relink()

    def relink(self) -> None:
        """See to it that the transcript is where it belongs."""
        self._again.cancel()
        try:
            self._see()
        except OSError as error:
            log.warning("the agent's transcript is not guarded: %s", error.strerror)
        if not self._watched and time.monotonic() < self._until_s:
            self._again.set(AGAIN_S, self.relink)

    def on_report(self) -> None:
        """The program said something to its terminal: if nothing is guarded yet, there may be something by now."""
        if not self._watched and not self._again.is_set:
            self.relink()

    def ended(self) -> None:
        """The program has ended: as Gemini CLI itself does it, what holds nothing is removed."""
        self.close()
        with contextlib.suppress(OSError):
            self._see()
            for kept, path in self._kept():
                if not has_words(kept):
                    path.unlink(missing_ok=True)
                    kept.unlink(missing_ok=True)

    def close(self) -> None:
        """No more; without ``ended`` it goes on in another host."""
        self._again.cancel()
        self._inotify.close()

    # ------------------------------------------------------------ what is seen

    def _changed(self, events: list[Event]) -> None:
        short = self._conversation[:8]
        if any(short in event.name or not event.name for event in events):
            self.relink()

    def _see(self) -> None:
        for kept, path in self._kept():
            self._watch(path.parent)
            self._mend(kept, path)
        guarded = {path for _, path in self._kept()}
        found = [
            path
            for chats in chats_directories(self._environment)
            for path in chats.glob(f"session-*-{self._conversation[:8]}.jsonl")
            if path not in guarded
        ]
        # Of several that are there already, the one in which something was said is meant.
        for path in sorted(found, key=lambda each: (not has_words(each), each.name)):
            if guarded and not has_words(path):
                if conversation_in(path) in {"", self._conversation}:
                    path.unlink(missing_ok=True)
                    log.info("removed a second transcript that holds nothing")
            elif conversation_in(path) == self._conversation:
                make_directories(self._directory)
                _link(path, self._directory / second_name(self._conversation, path))
                guarded.add(path)
                self._watch(path.parent)

    def _kept(self) -> list[tuple[Path, Path]]:
        """The second names, and the first ones that belong to them."""
        found = second_names(self._directory, self._conversation)
        return [(kept, place) for kept in found if (place := first_name(kept, self._environment)) is not None]

    def _mend(self, kept: Path, path: Path) -> None:
        try:
            if kept.samefile(path):
                return
        except FileNotFoundError:
            # One that holds nothing it may have deleted itself, to begin it once more.
            if path.parent.is_dir() and has_words(kept):
                _link(kept, path)
                log.info("the agent's transcript was deleted; it is there again")
            return
        if conversation_in(path) == self._conversation:
            _replace(path, kept)  # It was written anew, or the second name is that of a copy.
            return
        # What was said since it was deleted.
        with path.open("rb") as written:
            _replace(kept, path)
            with path.open("ab") as whole:
                whole.write(written.read())
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
    """A second name; on another file system a copy.

    Raises:
        OSError: it could not be made.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP}:
            raise
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(source.read_bytes())


def _replace(source: Path, target: Path) -> None:
    """As ``_link``, in the place of what has that name, at once."""
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.new")
    unfinished.unlink(missing_ok=True)
    _link(source, unfinished)
    unfinished.replace(target)
