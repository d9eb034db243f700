"""Shells that the user leaves: whether their records go, and which of them end when their tabs are closed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from session_host.client.sessions.shell_jobs import has_jobs
from session_host.protocol.values import State
from session_host.system.clock import parse_time

if TYPE_CHECKING:
    from gui.bridge.chat import Chat
    from gui.bridge.chat_list import ChatList
    from session_host.storage.store import SessionRecord

STARTS_WITHIN = timedelta(seconds=3)
"""A shell that ends with an error so soon after its start has failed to start, as after a mistake in its own files."""


class Shells:
    """The shells that were started in a window, and the rules of their ends.

    Attributes:
        own: the ids of the shells that were started or resumed in a window.
    """

    def __init__(self, chats: ChatList) -> None:
        self._list = chats
        self.own: set[str] = set()

    def restore(self, session_ids: Iterable[str]) -> None:
        """Restore from the saved layout which shells are ``own``."""
        self.own.update(session_ids)

    def saved(self) -> list[str]:
        """The running shells among ``own``, for the saved layout."""
        return [chat.id for chat in self._list.running() if chat.id in self.own]

    def ends_with_tab(self, chat: Chat) -> bool:
        """Whether nothing is lost if a shell ends when its tab is closed: it was started here, and is idle."""
        return chat.id in self.own and chat.record.is_shell and not is_kept(chat.record) and is_idle(chat)

    def removable(self, chat: Chat) -> list[Chat]:
        """A shell that is left, with the earlier ones that it resumed, which nobody would resume any more."""
        found, seen = [], set[str]()
        each: Chat | None = chat
        while each is not None and each.id not in seen and each.record.is_shell and not is_kept(each.record):
            found.append(each)
            seen.add(each.id)
            each = self._list.get(each.record.resumed_from or "")
        return found


def was_left(chat: Chat) -> bool:
    """Whether the user has left a shell, as by ``exit`` or Ctrl+D; its exit code is that of its last command."""
    record = chat.record
    if not record.is_shell or record.state is not State.EXITED or chat.is_ended_by_user:
        return False
    if record.exit_code is None or record.exit_signal is not None:
        return False
    return not record.exit_code or not _ended_at_start(record)


def is_idle(chat: Chat) -> bool:
    """Whether a shell waits for a command, and has no background or stopped job."""
    return chat.is_at_prompt and not has_jobs(chat.record)


def is_kept(record: SessionRecord) -> bool:
    """Whether the user wants to keep a chat's record: it is pinned, has a name that the user chose, or a worktree."""
    return record.pinned or record.worktree is not None or record.is_named


def _ended_at_start(record: SessionRecord) -> bool:
    began, ended = parse_time(record.created_at), parse_time(record.ended_at or "")
    return began is None or ended is None or ended - began < STARTS_WITHIN
