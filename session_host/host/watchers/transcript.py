"""Find Gemini CLI's conversation by the transcript that it writes during a turn.

It holds no transcript open and tells nobody which one it is in; ``/clear`` leads it into a new one, and ``--resume
latest`` into one that only it knows. So after each turn it is looked which transcripts of its project were written in
it. As long as its own is among them, all is as it was. One that is not its own counts only if it is the only one, no
other process has named it in its argv, and, where the own conversation is known, it was not there when this chat began:
other chats of the same project write theirs meanwhile. What one turn leaves open the next one may decide.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from session_host.agents.conversations.gemini import chats_directories
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.values import Activity

from .conversation import WRITTEN, ConversationTracker
from .harmless import log_errors

AFTER_S = 1.0
"""The end of a turn is told of before all of it is written."""

_HEAD_BYTES = 4096
_ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_Sizes = Mapping[Path, int]
"""How long transcripts are, in bytes. What is said makes one longer; their times change by a start too."""


class TranscriptConversation:
    """Looks at the agent's transcripts after each turn."""

    def __init__(self, spec: LaunchSpec, conversation: ConversationTracker, moved: Callable[[], None]) -> None:
        """Know what to look at.

        Args:
            spec: the session's.
            conversation: is told what is found.
            moved: called when the agent was found in another conversation.
        """
        self._spec = spec
        self._conversation = conversation
        self._moved = moved
        self._project = hashlib.sha256(spec.cwd.encode()).hexdigest()
        self._at_start: frozenset[Path] = frozenset()
        self._before: _Sizes = {}
        self._open: set[str] | None = None
        self._due: asyncio.TimerHandle | None = None
        self._is_followed = bool(spec.watch.transcripts)

    @log_errors
    def start(self) -> None:
        """The program runs, maybe since long: what is there now was not written in the next turn."""
        if self._is_followed:
            self._before = self._sizes()
            self._at_start = frozenset(self._before)

    @log_errors
    def activity_changed(self, activity: Activity) -> None:
        """A turn may be over, or the next one begin: what was written in which is to be told apart."""
        if self._due is not None:
            self.scan_transcripts()
        if self._is_followed and activity is Activity.IDLE:
            self._due = asyncio.get_running_loop().call_later(AFTER_S, self.scan_transcripts)

    @property
    def is_quiet(self) -> bool:
        """Whether it is not about to be looked."""
        return self._due is None

    def close(self) -> None:
        """Look no more."""
        if self._due is not None:
            self._due.cancel()
            self._due = None

    @log_errors
    def scan_transcripts(self) -> None:
        """See what was written since it was last looked."""
        self.close()
        now, before = self._sizes(), self._before
        self._before = now
        own = self._conversation.id
        written = {path for path, size in now.items() if before.get(path) != size}
        found = {self._conversation_in(path): path for path in written}
        if not found:
            return
        if own in found:
            self._open = None
            return
        others = {each for each, path in found.items() if each and not (own and path in self._at_start)}
        self._open = (self._open & others or others) if self._open else others
        candidates = self._open - _named_by_processes() if self._open else set()
        if len(candidates) == 1:
            self._open = None
            if self._conversation.set_conversation(candidates.pop(), WRITTEN):
                self._moved()

    def _sizes(self) -> _Sizes:
        found: dict[Path, int] = {}
        for chats in chats_directories(self._spec.env):
            for path in chats.glob("session-*.jsonl"):
                try:
                    found[path] = path.stat().st_size
                except OSError:
                    continue  # It is just being deleted.
        return found

    def _conversation_in(self, path: Path) -> str:
        """The id of the conversation in a transcript of this project; "" for another one's."""
        try:
            with path.open("rb") as file:
                record = json.loads(file.read(_HEAD_BYTES).partition(b"\n")[0])
            return str(record["sessionId"]) if record["projectHash"] == self._project else ""
        except (OSError, ValueError, RecursionError, KeyError, TypeError):
            return ""


def _named_by_processes() -> set[str]:
    """The ids in the argv of all processes: those of other chats, which were started with theirs."""
    named = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            named |= {found.decode() for found in _ID.findall(path.read_bytes())}
        except OSError:
            continue  # It has gone.
    return named
