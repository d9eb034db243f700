"""Finds opencode's conversation by the terminal title that opencode sets."""

from __future__ import annotations

from datetime import datetime

from session_host.agents.conversations.base import ConversationQuery
from session_host.paths import session_files
from session_host.protocol.launch import LaunchSpec
from session_host.system.event_loop import Timer

from .conversation import TITLE, ConversationTracker

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
        query = ConversationQuery(self._conversation.id, spec.cwd, spec.env, session_files(spec.session_id), used=True)
        found = titled(query, self._title, datetime.fromisoformat(spec.created_at).timestamp())
        if found:
            self._conversation.set_conversation(found, TITLE)
