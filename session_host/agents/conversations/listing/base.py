"""A conversation in an agent's own files, and the protocol of listers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from session_host.agents.conversations.base import ConversationQuery
from session_host.protocol.untrusted_text import one_line

MAX_LISTED: Final = 2000
"""How many conversations are listed at most: the newest."""

MAX_CHARACTERS: Final = 300
"""The length of a title or prompt."""

IsCancelled = Callable[[], bool]
"""Whether the list is no longer wanted."""


class StoredConversation(NamedTuple):
    """A conversation that an agent can resume.

    Attributes:
        conversation: its id, as the agent's files have it; unchecked.
        directory: the agent's working directory at its beginning, absolute; "" if unknown.
        title: the agent's title for it, else its first prompt; one clean line, "" if unknown.
        last_prompt: one clean line; "" if unknown.
        changed_s: the time of its last change, in seconds since 1970.
        is_scripted: a command that answers once and exits began it, such as ``claude -p``.
    """

    conversation: str
    directory: str
    title: str
    last_prompt: str
    changed_s: float
    is_scripted: bool = False


class StoredConversations(NamedTuple):
    """Conversations of an agent.

    Attributes:
        newest: those that are listed.
        has_older: whether there are older ones, which are not listed.
    """

    newest: list[StoredConversation]
    has_older: bool


class ConversationLister(Protocol):
    """Lists an agent's conversations."""

    def list(self, query: ConversationQuery, is_cancelled: IsCancelled) -> StoredConversations:
        """List at most ``MAX_LISTED`` conversations of all directories, in any order. Blocks on the disk.

        Damaged and unreadable files are left out, and conversations without a prompt.

        Args:
            query: leads to the agent's files; its id is ignored. If there are too many conversations, those of this
                directory come first, if the files' paths show the directory.
            is_cancelled: asked before each file; if it is true, the rest is left out.

        Raises:
            OSError: the agent's files cannot be read at all.
        """


def clean(text: str) -> str:
    """A text of an agent's file as one short line, without misleading characters."""
    return " ".join(one_line(text[: 4 * MAX_CHARACTERS]).split())[:MAX_CHARACTERS]


def stored_conversation(
    conversation: str,
    directory: str,
    title: str,
    prompts: tuple[str, str],
    changed_s: float,
    *,
    is_scripted: bool = False,
) -> StoredConversation | None:
    """Make a conversation from the values in an agent's file; None without a prompt, since agents cannot resume it.

    ``title`` is the agent's or the user's, "" for none; ``prompts`` are the first and the last, "" for an unknown one.
    """
    first, last = prompts
    if not (first or last):
        return None
    return StoredConversation(
        conversation, directory, clean(title or first or last), clean(last), changed_s, is_scripted
    )  # fmt: skip
