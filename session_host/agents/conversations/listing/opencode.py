"""Lists opencode's conversations (1.18), with the first and the last prompt of each, from its SQLite file."""

from __future__ import annotations

import re
import sqlite3
from typing import Final

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.opencode import TIMEOUT_S, database, opened

from .base import MAX_LISTED, IsCancelled, StoredConversation, StoredConversations, clean

_PROMPT: Final = (
    "(SELECT substr(json_extract(part.data, '$.text'), 1, 1200) FROM message JOIN part ON part.message_id = message.id"
    " WHERE message.session_id = session.id AND json_extract(message.data, '$.role') = 'user'"
    " AND json_extract(part.data, '$.type') = 'text'"
    " AND NOT coalesce(json_extract(part.data, '$.synthetic'), json_extract(part.data, '$.ignored'), 0)"
    " ORDER BY message.time_created {order}, message.id {order}, part.id LIMIT 1)"
)
_LIST: Final = (
    f"SELECT id, directory, title, time_updated, {_PROMPT.format(order='ASC')}, {_PROMPT.format(order='DESC')}"  # noqa: S608
    " FROM session WHERE parent_id IS NULL AND time_archived IS NULL ORDER BY time_updated DESC LIMIT ?"
)

_UNTITLED: Final = re.compile(r"New session - \d{4}-.*")
"""opencode's title until its model has given one."""


class OpenCodeDatabase:
    """See ``ConversationLister``."""

    def list(self, query: ConversationQuery, is_cancelled: IsCancelled) -> StoredConversations:
        path = database(query)
        if not path.exists():
            return StoredConversations([], has_older=False)
        conversations: list[StoredConversation] = []
        has_older = False
        try:
            with opened(path, TIMEOUT_S) as connection:
                # Undecodable text is shown with replacement characters.
                connection.text_factory = lambda data: data.decode(errors="replace")
                for number, row in enumerate(connection.execute(_LIST, (MAX_LISTED + 1,))):
                    has_older = number == MAX_LISTED
                    if has_older or is_cancelled():
                        break
                    if (conversation := _conversation(row)) is not None:
                        conversations.append(conversation)
        except sqlite3.Error as error:
            if not conversations:
                raise OSError(f"{path}: {error}") from error
        return StoredConversations(conversations, has_older)


def _conversation(row: tuple[object, ...]) -> StoredConversation | None:
    conversation, directory, title, changed_ms, prompt, last_prompt = row
    if not isinstance(changed_ms, int) or not isinstance(prompt, str) or not prompt.strip():
        return None
    own = str(title or "")
    shown = prompt if not own.strip() or _UNTITLED.fullmatch(own) else own
    last = last_prompt if isinstance(last_prompt, str) else ""
    return StoredConversation(str(conversation), str(directory or ""), clean(shown), clean(last), changed_ms / 1000)


OPENCODE: Final = OpenCodeDatabase()
