"""Track the id of the agent's conversation, which ``resume`` uses after the chat has ended.

==================  =====================================================================================
source              what it is
==================  =====================================================================================
chosen at the start the id in the argv
title               the terminal's title, looked up in the agent's own store (``host.watchers.terminal_title``)
written             the transcript that the agent writes in its turns (``host.watchers.transcript``)
hook, plugin        a report by a hook or plugin that the launch installed
state file          the agent's own file about this process
open files          the id in the path of a file that this process has open for writing
==================  =====================================================================================

From a source's first report on, the tracker ignores the weaker sources above it in the table: they may be late, or mean
another conversation than the one on the screen. An agent can change to another conversation (``/clear``, ``/new``,
``/resume``); the tracker then has the new one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from session_host.protocol.launch import Watch
from session_host.protocol.untrusted_text import is_conversation
from session_host.storage.descriptors.log_state import ConversationState
from session_host.system.event_loop import Timer

from .logged_calls import log_errors
from .open_files import conversation_of

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
