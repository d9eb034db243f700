"""Notes which directory the program of a shown chat is in, by what its output reports and the kernel knows."""

from __future__ import annotations

from session_host.client.sessions.foreground import local_directory, program_directories, program_directory
from session_host.errors import OutliveError

from .chat import Chat
from .named_files import is_path
from .tasks import Tasks


class ProgramDirectories:
    """Looks at once on this machine; asks another one when a command has begun or ended, or the report has changed."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._asked: dict[str, tuple[str, str | None, str]] = {}
        """What was known of each chat when its machine was asked last."""

    def note(self, chat: Chat, reported: str) -> None:
        """Note a chat's directory, now or later; ``reported``: the address that its output reports, "" for none."""
        if not chat.machine.name:
            record = chat.record
            chat.note_directory(program_directory(record, local_directory(reported)) or record.cwd)
            return
        known = reported, chat.foreground, chat.last_ended
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
