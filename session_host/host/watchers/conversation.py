"""Track the id of the agent's conversation, which ``resume`` uses after the chat has ended.

==================  =====================================================================================
source              what it is
==================  =====================================================================================
chosen at the start its id was in the argv
title               the title of its terminal, found in the agent's own store (``host.watchers.terminal_title``)
written             the transcript that is written in its turns (``host.watchers.transcript``)
hook, plugin        the agent's own word, through what it was started with
state file          the agent's own file about this very process
open files          a file that this very process holds open to write has the id in its path
==================  =====================================================================================

A source counts from its first word on, and those above it in the table are then not heard any more: they may be late,
or mean another conversation than the one on the screen. An agent can leave a conversation for another (``/clear``,
``/new``, ``/resume``): then it is the other one from then on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from session_host.protocol.launch import Watch
from session_host.protocol.untrusted_text import is_conversation
from session_host.storage.descriptors.log_state import ConversationState
from session_host.system.timer import Timer

from .harmless import log_errors
from .open_files import conversation_of

log = logging.getLogger(__name__)

CHOSEN, TITLE, WRITTEN, HOOK, PLUGIN = "chosen at the start", "title", "written", "hook", "plugin"
STATE_FILE, OPEN_FILES = "state file", "open files"

_RANKS: Final = {CHOSEN: 0, TITLE: 0, WRITTEN: 0, HOOK: 1, PLUGIN: 1, STATE_FILE: 2, OPEN_FILES: 3}

AGAIN_S = 1.0
"""Agents report a turn before opening its files, so rescan after this delay."""

Learnt = Callable[[ConversationState], None]


class ConversationTracker:
    """The one place where it changes.

    Attributes:
        id: of the conversation; "" while that is not known.
        source: how it is known; "" if it is not.
    """

    def __init__(self, chosen: str, watch: Watch, saved_state: ConversationState | None, learnt: Learnt) -> None:
        """Begin with what is known.

        Args:
            chosen: the id that the one who started the agent chose; "" if the agent does.
            watch: how the agent is watched.
            saved_state: what a previous host knew.
            learnt: called with each change.
        """
        self.id = chosen
        self.source = CHOSEN if chosen else ""
        self._pattern, self._aside = watch.open_files, watch.open_files_aside
        self._told = learnt
        self._pid = 0
        self._rank = 0
        self._again = Timer()
        if saved_state is not None:
            self.id, self.source = saved_state.conversation, saved_state.source
            self._rank = _RANKS.get(saved_state.source, 0)

    def saved_state(self) -> ConversationState | None:
        """The state for a replacement host; None while the launch spec says it all."""
        return ConversationState(self.id, self.source) if self.source not in {"", CHOSEN} else None

    def set_conversation(self, conversation: str, source: str) -> bool:
        """A source says which it is; returns whether that is another one than was known."""
        rank = _RANKS.get(source, 0)
        if not is_conversation(conversation) or rank < self._rank:
            return False
        is_new, is_better = conversation != self.id, rank > self._rank
        self.id, self.source, self._rank = conversation, source, rank
        if is_new or is_better:
            log.info("conversation known by %s", source)
            self._told(ConversationState(conversation, source))
        return is_new

    def runs_in(self, pid: int) -> None:
        """The program runs: from now on there is something to look at."""
        self._pid = pid

    @log_errors
    def activity_changed(self) -> None:
        """A turn began or ended: that is when agents open conversations."""
        self.check_open_files()
        if self._pattern and self._pid and not self._again.is_set:
            self._again.set(AGAIN_S, self.check_open_files)

    @log_errors
    def title_changed(self) -> None:
        """It has come so far as to name itself; it does so many times a second when it is at work."""
        if self._rank < _RANKS[OPEN_FILES]:
            self.check_open_files()

    @property
    def is_quiet(self) -> bool:
        """Whether it is not about to be looked at."""
        return not self._again.is_set

    def close(self) -> None:
        """The program has ended: there is nothing more to look at."""
        self._pid = 0
        self._again.cancel()

    @log_errors
    def check_open_files(self) -> None:
        """Look at the program's open files, if that is how it is known. Takes a fraction of a millisecond."""
        if self._pattern and self._pid:
            self.set_conversation(conversation_of(self._pid, self._pattern, self._aside), OPEN_FILES)
