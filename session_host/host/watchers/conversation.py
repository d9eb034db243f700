"""Track the id of the agent's conversation, which ``resume`` uses after the chat has ended.

==================  =====================================================================================
source              what it is
==================  =====================================================================================
chosen at the start the id in the argv
title               the terminal's title, looked up in the agent's own store (``TitleWatcher``)
written             the transcript that the agent writes in its turns (``TranscriptWatcher``)
hook, plugin        a report by a hook or plugin that the launch installed
state file          the agent's own file about this process
open files          the id in the path of a file that this process has open for writing
==================  =====================================================================================

From a source's first report on, the tracker ignores the weaker sources above it in the table: they may be late, or mean
another conversation than the one on the screen. An agent can change to another conversation (``/clear``, ``/new``,
``/resume``); the tracker then has the new one.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.gemini import transcripts
from session_host.agents.conversations.gemini_turns import GeminiTurns, Sizes
from session_host.agents.conversations.records import FileEnds
from session_host.protocol.launch import LaunchSpec, Watch
from session_host.protocol.untrusted_text import is_conversation
from session_host.protocol.values import Activity
from session_host.storage.descriptors.log_state import ConversationState
from session_host.system.event_loop import Timer
from session_host.system.processes import proc
from session_host.system.processes.proc import command_lines

from .logged_calls import log_errors

MAX_PROCESSES = 64
"""Maximum number of processes examined: a script or a small wrapper program may have started the agent."""

HEAD_BYTES = 4096


class OpenFile(NamedTuple):
    """A file of a conversation that a process holds open.

    Attributes:
        conversation: the id of the conversation.
        changed_ns: the modification time, from stat(2).
        link: the path of the descriptor below ``/proc``.
    """

    conversation: str
    changed_ns: int
    link: str


def conversation_of(pid: int, pattern: str, aside: str = "") -> str:
    """The conversation of a program, or of its first descendant in its terminal session that has one.

    A program that changes its conversation may have both files open. The file that changed last counts, since the
    program writes it; if both changed at the same moment, the later id in the order of UUIDv7 counts.

    Args:
        pid: the program, which leads its terminal session (setsid(2)).
        pattern: see ``launch.Watch.open_files``.
        aside: see ``launch.Watch.open_files_aside``.

    Returns:
        The id of the conversation; "" if no such file is open.
    """
    for process in _with_descendants(pid):
        found = list(_open_files_of(process, pattern))
        if aside and len({each.conversation for each in found}) > 1:
            others = {each.conversation for each in found if _begins_with(each.link, aside)}
            found = [each for each in found if each.conversation not in others] or found
        if found:
            # Processes are ordered from parent to child; an agent that this agent runs as a tool comes later, and does
            # not count.
            return max(found, key=lambda each: (each.changed_ns, each.conversation)).conversation
    return ""


def files_of_sub_agents(pid: int, pattern: str, aside: str) -> list[Path]:
    """The files that a program, or its descendant in its terminal session, holds open for its sub-agents.

    Args: as for ``conversation_of``.
    """
    found: set[Path] = set()
    for process in _with_descendants(pid):
        for each in _open_files_of(process, pattern):
            if _begins_with(each.link, aside):
                with contextlib.suppress(OSError):  # The process has closed it.
                    found.add(Path(each.link).readlink())
    return sorted(found)


def _open_files_of(pid: int, pattern: str) -> Iterator[OpenFile]:
    for descriptor, target in proc.open_files(pid):
        match = re.search(pattern, target)
        if match and is_conversation(match[1] or "") and proc.is_writable(pid, descriptor):
            # Through the descriptor, since the path may name another file by now.
            link = proc.descriptor_path(descriptor, pid)
            try:
                yield OpenFile(match[1], os.stat(link).st_mtime_ns, link)  # noqa: PTH116 - no Path for each file
            except OSError:
                continue  # The process has closed the file.


def _begins_with(link: str, pattern: str) -> bool:
    """Whether the pattern matches in the first bytes of a file; False for an unreadable file."""
    try:
        with FileEnds(Path(link)) as ends:
            return re.search(pattern, ends.first_bytes(HEAD_BYTES).decode(errors="replace")) is not None
    except OSError:
        return False


def _with_descendants(pid: int) -> Iterator[int]:
    """Yield the program, then its children in its terminal session, then their children."""
    level, seen = [pid], 0
    while level and seen < MAX_PROCESSES:
        next_level: list[int] = []
        for each in level:
            yield each
            seen += 1
            next_level += [child for child in proc.children_of_all_threads(each) if _terminal_session(child) == pid]
        level = next_level


def _terminal_session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0


log = logging.getLogger(__name__)

CHOSEN, TITLE, WRITTEN, HOOK, PLUGIN = "chosen at the start", "title", "written", "hook", "plugin"
STATE_FILE, OPEN_FILES, PROTOCOL = "state file", "open files", "protocol"

RANKS: Final = {CHOSEN: 0, TITLE: 0, WRITTEN: 0, HOOK: 1, PLUGIN: 1, STATE_FILE: 2, OPEN_FILES: 3, PROTOCOL: 4}
"""All sources; one with a lower rank than the current one is ignored."""

RESCAN_DELAY_S = 1.0
"""Agents report a turn before opening its files, so rescan after this delay."""

OnChange = Callable[[ConversationState], None]


class ConversationTracker:
    """Decides which conversation the agent is in.

    Attributes:
        id: the id of the conversation; "" while it is unknown.
        source: the source of the id; "" while it is unknown.
    """

    def __init__(self, chosen: str, watch: Watch, saved_state: ConversationState | None, on_change: OnChange) -> None:
        """Start with the known id.

        Args:
            chosen: the id chosen at the launch; "" if the agent chooses it.
            watch: the rules for watching the agent.
            saved_state: the state that a previous host left.
            on_change: called with each change.
        """
        self.id = chosen
        self.source = CHOSEN if chosen else ""
        self._pattern, self._aside = watch.open_files, watch.open_files_aside
        self._on_change = on_change
        self._pid = 0
        self._rank = 0
        self._rescan = Timer()
        if saved_state is not None:
            self.id, self.source = saved_state.conversation, saved_state.source
            self._rank = RANKS.get(saved_state.source, 0)

    def saved_state(self) -> ConversationState | None:
        """The state for a replacement host; None while the launch spec suffices."""
        return ConversationState(self.id, self.source) if self.source not in {"", CHOSEN} else None

    def set_conversation(self, conversation: str, source: str) -> bool:
        """Accept a source's report of the conversation; returns whether the id changed."""
        rank = RANKS.get(source, 0)
        if not is_conversation(conversation) or rank < self._rank:
            return False
        is_new, is_better = conversation != self.id, rank > self._rank
        self.id, self.source, self._rank = conversation, source, rank
        if is_new or is_better:
            log.info("conversation known by %s", source)
            self._on_change(ConversationState(conversation, source))
        return is_new

    def set_program_pid(self, pid: int) -> None:
        """Set the running program's PID; its open files are examined from now on."""
        self._pid = pid

    @log_errors
    def activity_changed(self) -> None:
        """Look for the conversation after a turn began or ended, since agents open conversations then."""
        self.check_open_files()
        if self._pattern and self._pid and not self._rescan.is_set:
            self._rescan.set(RESCAN_DELAY_S, self.check_open_files)

    @log_errors
    def title_changed(self) -> None:
        """Look for the conversation after a new title, unless open files show it already; titles change often."""
        if self._rank < RANKS[OPEN_FILES]:
            self.check_open_files()

    def close(self) -> None:
        """Stop looking, since the program has ended."""
        self._pid = 0
        self._rescan.cancel()

    @log_errors
    def check_open_files(self) -> None:
        """Examine the program's open files, if the agent has a pattern for them. Takes a fraction of a millisecond."""
        if self._pattern and self._pid:
            self.set_conversation(conversation_of(self._pid, self._pattern, self._aside), OPEN_FILES)


DELAY_S = 1.0
"""The agent may show a title before it stores the title: an earlier query could find another chat's conversation."""


class TitleWatcher:
    """Queries the agent's store after each new title."""

    def __init__(self, spec: LaunchSpec, conversation: ConversationTracker) -> None:
        self._spec = spec
        self._conversation = conversation
        self._title = ""
        self._query = Timer()

    def title_changed(self, title: str) -> None:
        """Look for the conversation with the title that the agent has set."""
        if not self._spec.watch.titled or title == self._title:
            return
        self._title = title
        self._query.set(DELAY_S, self._query_store)

    def close(self) -> None:
        """Cancel a pending query."""
        self._query.cancel()

    def _query_store(self) -> None:
        # Imported at the first title: most sessions need no SQLite.
        from session_host.agents.conversations.opencode import titled

        spec = self._spec
        query = ConversationQuery.of_own(spec, self._conversation.id)
        found = titled(query, self._title, datetime.fromisoformat(spec.facts.origin.created_at).timestamp())
        if found:
            self._conversation.set_conversation(found, TITLE)


SCAN_DELAY_S = 1.0
"""Agents report the end of a turn before they have written all of it, so scan after this delay."""


class TranscriptWatcher:
    """Scans the agent's transcripts after each turn."""

    def __init__(self, spec: LaunchSpec, conversation: ConversationTracker, on_change: Callable[[], None]) -> None:
        """Prepare the scans; ``start`` begins.

        Args:
            spec: the session's launch spec.
            conversation: receives the conversation that a scan finds.
            on_change: called when the agent is in another conversation.
        """
        self._spec = spec
        self._conversation = conversation
        self._on_change = on_change
        self._turns: GeminiTurns | None = None
        self._scan_timer = Timer()

    @log_errors
    def start(self) -> None:
        """Note the present sizes of the transcripts; the program may have run for long."""
        if self._spec.watch.transcripts:
            self._turns = GeminiTurns(self._spec.facts.origin.cwd, self._sizes())

    @log_errors
    def activity_changed(self, activity: Activity) -> None:
        """Do a scheduled scan now, so that each turn is scanned by itself; schedule a scan if the agent is idle."""
        self.finish()
        if self._turns is not None and activity is Activity.IDLE:
            self._scan_timer.set(SCAN_DELAY_S, self._scan)

    def close(self) -> None:
        """Cancel a scheduled scan."""
        self._scan_timer.cancel()

    def finish(self) -> None:
        """Scan now if a scan is scheduled."""
        if self._scan_timer.is_set:
            self._scan_timer.cancel()
            self._scan()

    @log_errors
    def _scan(self) -> None:
        """Find the conversation in the transcripts written since the last scan."""
        assert self._turns is not None
        first_lines = {path: _first_line(path) for path in self._turns.written(self._sizes())}
        found = self._turns.conversation(self._conversation.id, first_lines, command_lines)
        if found and self._conversation.set_conversation(found, WRITTEN):
            self._on_change()

    def _sizes(self) -> Sizes:
        sizes: dict[str, int] = {}
        for path in transcripts(self._spec.env):
            try:
                sizes[str(path)] = path.stat().st_size
            except OSError:
                continue  # The agent has deleted the file.
        return sizes


def _first_line(path: str) -> bytes:
    """The first line of a transcript, up to a limit; empty if the file is gone."""
    try:
        with FileEnds(Path(path)) as ends:
            return ends.first_bytes(HEAD_BYTES).partition(b"\n")[0]
    except OSError:
        return b""
