"""Finds opencode's conversation by the terminal title that opencode sets."""

from __future__ import annotations

from datetime import datetime

from session_host.agents.conversations.base import ConversationQuery
from session_host.paths import session_files
from session_host.protocol.launch import LaunchSpec
from session_host.system.timer import Timer

from .conversation import TITLE, ConversationTracker

RETRY_S = 1.0
"""Delay of a second query, since the agent may show a title before it stores the title."""


class TitleConversation:
    """Queries the agent's store at each new title."""

    def __init__(self, spec: LaunchSpec, conversation: ConversationTracker) -> None:
        self._spec = spec
        self._conversation = conversation
        self._title = ""
        self._retry = Timer()

    def title_changed(self, title: str) -> None:
        """Look for the conversation with the title that the agent has set."""
        if not self._spec.watch.titled or title == self._title:
            return
        self._title = title
        self.close()
        if not self._query_store():
            self._retry.set(RETRY_S, self._query_store)

    def close(self) -> None:
        """Cancel the second query."""
        self._retry.cancel()

    def _query_store(self) -> bool:
        """Query the store; returns False if it has no such title."""
        # Imported at the first title: most sessions need no SQLite.
        from session_host.agents.conversations.opencode import titled

        spec = self._spec
        query = ConversationQuery("", spec.cwd, spec.env, session_files(spec.session_id), used=True)
        found = titled(query, self._title, datetime.fromisoformat(spec.created_at).timestamp())
        if found:
            self._conversation.set_conversation(found, TITLE)
        return bool(found)
