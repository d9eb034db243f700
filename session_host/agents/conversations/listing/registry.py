"""The table of listers, by the names of conversation stores in the catalog.

aider keeps one history for each directory, without ids. Chats with a model server are Outlive's own: the list of chats
has them all. Shells and commands have no conversations.
"""

from __future__ import annotations

from typing import Final

from session_host.agents.conversations.base import ConversationQuery

from .base import ConversationLister, IsCancelled, StoredConversations
from .claude import CLAUDE
from .codex import CODEX
from .copilot import COPILOT
from .files import FileLister
from .gemini import GEMINI
from .opencode import OPENCODE
from .qwen import QWEN

LISTERS: Final[dict[str, ConversationLister]] = {
    "claude": CLAUDE,
    "codex": CODEX,
    "copilot": COPILOT,
    "gemini": GEMINI,
    "opencode": OPENCODE,
    "qwen": QWEN,
}


def directory_of(store: str, query: ConversationQuery) -> str:
    """The directory in which an agent resumes a conversation; "" if its files do not say it. Blocks on the disk."""
    lister = LISTERS.get(store)
    return lister.directory_of(query) if isinstance(lister, FileLister) else ""


def list_stored(store: str, query: ConversationQuery, is_cancelled: IsCancelled) -> StoredConversations:
    """List an agent's conversations, the newest first; none if no lister has this name.

    Raises:
        OSError: the agent's files cannot be read at all.
    """
    lister = LISTERS.get(store)
    if lister is None:
        return StoredConversations([], has_older=False)
    found = lister.list(query, is_cancelled)
    newest = sorted(found.newest, key=lambda conversation: conversation.changed_s, reverse=True)
    # Gemini CLI may have several files for one conversation.
    by_id = {conversation.conversation: conversation for conversation in reversed(newest)}
    return StoredConversations(list(by_id.values())[::-1], found.has_older)
