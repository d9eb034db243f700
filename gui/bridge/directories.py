"""Looks into the directories of this machine, or of another one."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from session_host.client.chats.directories import LOOKED_AT, Listing
from session_host.errors import OutliveError
from session_host.paths import short_directory
from session_host.protocol.untrusted_text import one_line

if TYPE_CHECKING:
    from .machine_chats import MachineChats
    from .tasks import Tasks

T = TypeVar("T")
Failed = Callable[[str], object]

MAX_NAME = 255
"""A longer name of another machine's file is none."""


def _ignore(_problem: str) -> None:
    """The sheet shows that the machine cannot be reached; a start says what else is wrong."""


class Directories(Protocol):
    """A machine's directories."""

    def absolute(self, typed: str) -> str:
        """The absolute path of a typed directory; ``~`` is the home directory."""

    def short(self, path: str) -> str:
        """A path as it is shown, with ``~`` for the home directory."""

    def look(
        self, then: Callable[[T], object], function: Callable[..., T], *args: object, failed: Failed = _ignore
    ) -> None:
        """Call a function of ``client.chats.directories``, now or later.

        Args:
            then: gets its result.
            function: the function.
            *args: its arguments.
            failed: gets the reason if another machine gives no result.
        """


class DirectoriesHere:
    """Those of this machine."""

    def absolute(self, typed: str) -> str:
        """See ``Directories``."""
        return os.path.abspath(os.path.expanduser(typed.strip() or "~"))  # noqa: PTH100, PTH111 - as typed

    def short(self, path: str) -> str:
        """See ``Directories``."""
        return short_directory(path)

    def look(
        self, then: Callable[[T], object], function: Callable[..., T], *args: object, failed: Failed = _ignore
    ) -> None:
        """See ``Directories``; ``then`` has the result when this returns."""
        then(function(*args))


class DirectoriesThere:
    """Those of another machine."""

    def __init__(self, chats: MachineChats, tasks: Tasks) -> None:
        self._chats, self._tasks = chats, tasks

    def absolute(self, typed: str) -> str:
        """See ``Directories``; the home directory may be unknown, and is found there then."""
        typed = typed.strip() or "~"
        home = self._chats.machine.home or "~"
        if typed == "~" or typed.startswith("~/"):
            typed = home + typed[1:]
        elif not typed.startswith(("/", "~")):
            typed = f"{home}/{typed}"
        return posixpath.normpath(typed)

    def short(self, path: str) -> str:
        """See ``Directories``."""
        return short_directory(path, self._chats.machine.home)

    def look(
        self, then: Callable[[T], object], function: Callable[..., T], *args: object, failed: Failed = _ignore
    ) -> None:
        """See ``Directories``."""
        self._tasks.start(self._look(then, failed, function, *args), "look into a directory")

    async def _look(
        self, then: Callable[[T], object], failed: Failed, function: Callable[..., T], *args: object
    ) -> None:
        try:
            found = await self._chats.machine.call(function, *args)
        except OutliveError as error:
            failed(str(error))
            return
        then(_harmless(found))


def _harmless(found: T) -> T:
    """Another machine's answer without names that cannot be, and at most as many as it may list."""
    if isinstance(found, Listing):
        return found._replace(path=one_line(found.path), names=_names(found.names, MAX_NAME))
    if isinstance(found, list):
        return _names(found, 16 * MAX_NAME)  # type: ignore[return-value]
    return found


def _names(found: list[str], longest: int) -> list[str]:
    return [each for each in found[:LOOKED_AT] if len(each) <= longest and each == one_line(each)]
