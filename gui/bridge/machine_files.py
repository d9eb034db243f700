"""The files of a machine's chats: those here are looked at, another machine is asked for its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from session_host.client.chats.named_files import directories_of
from session_host.client.machine import ANSWER_S
from session_host.client.sessions.foreground import program_directories, shown_directory
from session_host.client.worktrees.repository_files import repository_files
from session_host.errors import OutliveError

from .chat import Chat
from .named_files import FilesHere, FilesThere, Finder, is_path
from .tasks import Tasks

if TYPE_CHECKING:
    from session_host.client.machine import Machine


class MachineFiles(Protocol):
    """A machine's files."""

    def finder(self, chat: Chat, directory: Callable[[], str] = str, reported: Callable[[], str] = str) -> Finder:
        """The finder of files that a chat's text names.

        Args:
            chat: the chat.
            directory: returns the directory of a program on this machine, "" if unknown.
            reported: returns the address of the directory that the program reports.
        """

    def note_directory(self, chat: Chat, reported: str) -> None:
        """Note the directory of a shown chat's program, now or later: its output reports it, the kernel confirms it.

        Args:
            chat: the chat.
            reported: the address that the chat's output reports, "" for none.
        """

    def lister(self) -> Callable[[str], list[str]]:
        """The function that lists a repository's files, for a thread; made while the window's loop runs."""

    def save_directory(self, chat: Chat) -> str:
        """The directory on this machine in which an image of a chat is saved; "" for the user's own."""


class OwnFiles:
    """This machine's files; they are looked at at once."""

    def finder(self, chat: Chat, directory: Callable[[], str] = str, reported: Callable[[], str] = str) -> Finder:
        """See ``MachineFiles``."""
        return FilesHere(lambda: directories_of(chat.record.origin.cwd), directory)

    def note_directory(self, chat: Chat, reported: str) -> None:
        """See ``MachineFiles``."""
        chat.workplace.note_directory(shown_directory(chat.record, reported))

    def lister(self) -> Callable[[str], list[str]]:
        """See ``MachineFiles``."""
        return repository_files

    def save_directory(self, chat: Chat) -> str:
        """See ``MachineFiles``."""
        return chat.record.origin.cwd


class FarFiles:
    """Another machine's files.

    It is asked for a program's directory when a chat's command has begun or ended, or its report has changed.
    """

    def __init__(self, machine: Machine, tasks: Tasks) -> None:
        self._machine, self._tasks = machine, tasks
        self._asked: dict[str, tuple[str, str | None, str]] = {}
        """For each chat, what it reported and ran when we last asked its machine."""

    def finder(self, chat: Chat, directory: Callable[[], str] = str, reported: Callable[[], str] = str) -> Finder:
        """See ``MachineFiles``."""
        return FilesThere(chat, self._tasks, reported)

    def note_directory(self, chat: Chat, reported: str) -> None:
        """See ``MachineFiles``."""
        known = reported, chat.foreground, chat.record.shell.last_ended
        if not chat.has_ended and (self._asked.get(chat.id) != known or not chat.workplace.reported_directory):
            self._asked[chat.id] = known
            self._tasks.start(self._ask(chat, reported), "directory")

    async def _ask(self, chat: Chat, reported: str) -> None:
        try:
            found = await self._machine.call(program_directories, chat.session_id, reported)
        except OutliveError:
            return
        if is_path(found.shown):
            chat.workplace.note_directory(found.shown)

    def lister(self) -> Callable[[str], list[str]]:
        """See ``MachineFiles``."""
        return partial(self._list, asyncio.get_running_loop())

    def _list(self, loop: asyncio.AbstractEventLoop, directory: str) -> list[str]:
        """The files of a repository there; called in a thread, while the window's loop runs in its own."""
        work = self._machine.call(repository_files, directory)
        try:
            return asyncio.run_coroutine_threadsafe(work, loop).result(ANSWER_S)
        except (OutliveError, TimeoutError, concurrent.futures.CancelledError):
            return []
        except RuntimeError:  # The loop has ended.
            work.close()
            return []

    def save_directory(self, chat: Chat) -> str:
        """See ``MachineFiles``."""
        return ""
