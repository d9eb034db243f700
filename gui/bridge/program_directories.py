"""Notes the directory of a shown chat's program: the chat's output reports it, and the kernel confirms it."""

from __future__ import annotations

from session_host.client.sessions.foreground import program_directories, shown_directory
from session_host.errors import OutliveError

from .chat import Chat
from .named_files import is_path
from .tasks import Tasks


class ProgramDirectories:
    """Looks at this machine's chats at once.

    It asks another machine when a chat's command has begun or ended, or its report has changed.
    """

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._asked: dict[str, tuple[str, str | None, str]] = {}
        """For each chat, what it reported and ran when we last asked its machine."""

    def note(self, chat: Chat, reported: str) -> None:
        """Note a chat's directory, now or later; ``reported``: the address that its output reports, "" for none."""
        if not chat.machine.name:
            chat.note_directory(shown_directory(chat.record, reported))
            return
        known = reported, chat.foreground, chat.shell.last_ended
        if not chat.has_ended and (self._asked.get(chat.id) != known or not chat.reported_directory):
            self._asked[chat.id] = known
            self._tasks.start(self._ask(chat, reported), "directory")

    async def _ask(self, chat: Chat, reported: str) -> None:
        try:
            found = await chat.machine.call(program_directories, chat.session_id, reported)
        except OutliveError:
            return
        if is_path(found.shown):
            chat.note_directory(found.shown)
