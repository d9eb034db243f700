"""The place where a chat works: its directories, with their repository and branch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gui.wording import phrases
from session_host.protocol.facts import ChatFacts
from session_host.protocol.untrusted_text import before_more, one_line

if TYPE_CHECKING:
    from session_host.client.machine import Machine
    from session_host.client.worktrees import Status


class Workplace:
    """The place where a chat works.

    Attributes:
        reported_directory: the directory that its program reported (OSC 7), as a page saw it last; "" while unknown, as
            after output that no page showed.
        git_status: the status of the git working tree at its directory; None if there is none, or while unknown.
    """

    def __init__(self, facts: Callable[[], ChatFacts], machine: Machine, changed: Callable[[], object]) -> None:
        """``facts`` returns the facts of the chat; ``changed`` is called when the program reports another directory."""
        self._facts, self._machine, self._changed = facts, machine, changed
        self.reported_directory = ""
        self.git_status: Status | None = None

    @property
    def location(self) -> str:
        """The repository, the branch unless it is the default one, and changes.

        If they are unknown, or the chat has ended: the repository and branch of the worktree that was made for it, or
        its directory.
        """
        if (status := self._current_status) is not None:
            return status.words_without_default_branch
        origin = self._facts().origin
        worktree = origin.worktree
        branch = worktree.branch if worktree is not None and worktree.path == origin.cwd else ""
        directory = one_line(self.directory_name(origin.project if branch else origin.cwd))
        return " · ".join(before_more(part) for part in (directory, branch) if part)

    @property
    def listed_location(self) -> str:
        """``location`` for a list, without how many files are changed: others than this chat may have changed them."""
        status = self._current_status
        return status.words_without_changes if status is not None else self.location

    @property
    def branch(self) -> str:
        """The git branch in ``location``; "" for the default one, without one, or if the chat has ended."""
        status = self._current_status
        return status.branch or "" if status is not None and not status.is_default_branch else ""

    @property
    def _current_status(self) -> Status | None:
        """The status; None for an ended chat, of which it is not updated."""
        return None if self._facts().outcome.is_over else self.git_status

    @property
    def directory(self) -> str:
        """The directory that the chat was started in."""
        return self._facts().origin.cwd

    @property
    def worktree(self) -> str:
        """The directory of the git worktree that was made for the chat; "" for none."""
        worktree = self._facts().origin.worktree
        return worktree.path if worktree is not None else ""

    @property
    def current_directory(self) -> str:
        """The program's current directory; if it is unknown, or the program has ended, the directory of its start."""
        return self.directory if self._facts().outcome.is_over else self.reported_directory or self.directory

    @property
    def real_directory(self) -> str:
        """``current_directory`` without symbolic links, as far as known without looking at the disk."""
        directory = self.current_directory
        return self._facts().origin.real_cwd or directory if directory == self.directory else directory

    def note_directory(self, directory: str) -> None:
        """Note the directory of the program, as a page in front knows it."""
        if directory != self.reported_directory:
            self.reported_directory = directory
            self._changed()

    def short_directory(self, path: str) -> str:
        """The path of a directory of the chat's machine, with ``~`` for the home directory there."""
        return phrases.short_directory(path, self._machine.home)

    @property
    def project_name(self) -> str:
        """The short name of its project, as the headings of lists have it."""
        return self.directory_name(self._facts().origin.real_project)

    def directory_name(self, path: str) -> str:
        """The short name of a directory of the chat's machine."""
        return phrases.last_part(path, self._machine.home)
