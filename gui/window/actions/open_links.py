"""Opens links and files from a chat's text; the only module that decides what may be opened.

A program in a chat can print anything, so its output must not be able to run anything:

- Web and mail addresses go to the desktop.
- A file is opened only as a text in an editor, never by its type, since the desktop may run a file of some types.
- A ``file:`` link (OSC 8, or an address in the text) and a link in Markdown may show one path and point to another.
  They open only the chat's own files: those under its directory, or under the git repository around it. A path in
  the text shows where it leads; it may be any text file.
"""

from __future__ import annotations

import os
import re
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from PySide6.QtCore import QProcess, QUrl

from gui.bridge.tasks import Tasks
from gui.terminal.links.link_pointer import directories_of, existing
from gui.terminal.links.links import FileLocation, has_no_scheme, may_open
from gui.window.actions import desktop_opening
from gui.window.actions.editors import NotOpened, command_for
from gui.wording import notice_texts

_LOOKED_AT_BYTES: Final = 8192
_FRAGMENT: Final = re.compile(r"L?(?P<line>\d{1,8})(?:[:,C](?P<column>\d{1,6}))?(?:-.*)?")
_BEHIND: Final = re.compile(r"(?P<path>.+?):(?P<line>\d{1,8})(?::(?P<column>\d{1,6}))?(?:-\d{1,8})?")


EditInTab = Callable[[list[str], FileLocation, str], object]
"""Runs an editor's command, for a file and in a directory, in a tab."""


class LinkOpener:
    """Opens addresses and files for the chats' pages."""

    def __init__(
        self,
        tasks: Tasks,
        editor: Callable[[], str],
        edit_in_tab: EditInTab,
        on_failure: Callable[[str], object],
        on_dead_link: Callable[[str, str], object] | None = None,
    ) -> None:
        """Set up the opener.

        Args:
            tasks: runs what takes time.
            editor: returns the user's editor command, "" for none.
            edit_in_tab: runs an editor that needs a terminal.
            on_failure: gets a line if opening fails.
            on_dead_link: gets a line and the address if the desktop cannot open a web or mail address; without it,
                ``on_failure`` gets the line.
        """
        self._tasks = tasks
        self._editor = editor
        self._edit_in_tab = edit_in_tab
        self._on_failure = on_failure
        self._on_dead_link = on_dead_link or (lambda line, _uri: on_failure(line))

    def open_address(self, uri: str, directory: str) -> None:
        """Open an address that a chat in ``directory`` has printed; one without a scheme is a file's path."""
        if has_no_scheme(uri):
            uri = f"file:{uri}"
        if not may_open(uri):
            self._on_failure(notice_texts.NOT_A_LINK_HERE())
        elif urlsplit(uri).scheme == "file":
            self._tasks.start(self._open(lambda: checked(own_file(uri, directory)), directory), "open file")
        else:
            line = notice_texts.LINK_NOT_OPENED(scheme=urlsplit(uri).scheme)
            desktop_opening.open_address(uri, lambda: self._on_dead_link(line, uri))

    def open_file(self, file: FileLocation, directory: str = "") -> None:
        """Open a file; its path may be relative if it is named in the text of a chat in ``directory``."""
        self._tasks.start(self._open(lambda: checked(named_file(file, directory)), directory), "open file")

    def open_directory(self, directory: str) -> None:
        """Open a chat's directory in the editor."""
        self._tasks.start(self._open(lambda: FileLocation(checked_directory(directory)), directory), "open directory")

    def show_directory(self, directory: str) -> None:
        """Show a chat's directory in the desktop's file manager."""
        self._tasks.start(self._show(directory), "show directory")

    async def _show(self, directory: str) -> None:
        import asyncio

        try:
            await asyncio.to_thread(checked_directory, directory)
        except NotOpened as error:
            self._on_failure(str(error))
            return
        show_directory(directory, self._on_failure)

    async def _open(self, find: Callable[[], FileLocation], directory: str) -> None:
        import asyncio

        try:
            editor = self._editor()
            file = await asyncio.to_thread(find)
            argv, needs_terminal = await asyncio.to_thread(command_for, file, editor, os.environ)
        except NotOpened as error:
            self._on_failure(str(error))
            return
        if needs_terminal:
            self._edit_in_tab(argv, file, directory or str(Path(file.path).parent))
        elif not QProcess.startDetached(argv[0], argv[1:])[0]:
            self._on_failure(notice_texts.CANNOT_START(program=argv[0]))


def named_file(file: FileLocation, directory: str) -> FileLocation:
    """A file with its absolute path; a relative one is looked up in the chat's directory and in its repository."""
    path = existing(file.path, directories_of(directory)) or str(Path(directory, file.path))
    return file._replace(path=path)


def own_file(uri: str, directory: str) -> FileLocation:
    """The file of a ``file:`` link, if it is one of the chat's own; its path may be relative, as in ``named_file``.

    The line number is the link's fragment, as in kitty's links, or a suffix of the path (":12").

    Raises:
        NotOpened: the file is not the chat's own.
    """
    parts = urlsplit(uri)
    if parts.netloc not in {"", "localhost", socket.gethostname()}:
        raise NotOpened(notice_texts.FILE_ELSEWHERE())
    named = unquote(parts.path).replace("\0", "")
    position = _FRAGMENT.fullmatch(parts.fragment)
    roots = directories_of(directory)
    behind = None if existing(named, roots) else _BEHIND.fullmatch(named)
    if behind is not None:
        named, position = behind["path"], behind
    path = os.path.realpath(named_file(FileLocation(named), directory).path)
    if not any(os.path.commonpath([path, root]) == root for root in roots):
        raise NotOpened(notice_texts.FILE_OUTSIDE(path=path))
    return (
        FileLocation(path, int(position["line"] or 0), int(position["column"] or 0)) if position else FileLocation(path)
    )


def show_directory(directory: str, on_failure: Callable[[str], object]) -> None:
    """Show a directory in the desktop's file manager; ``on_failure`` gets a line if there is none."""
    address = QUrl.fromLocalFile(directory).toString(QUrl.ComponentFormattingOption.FullyEncoded)
    desktop_opening.open_address(address, lambda: on_failure(notice_texts.NO_FILE_MANAGER()))


def checked_directory(directory: str) -> str:
    """Return the directory if it exists.

    Raises:
        NotOpened: the directory does not exist.
    """
    if not Path(directory).is_dir():
        raise NotOpened(notice_texts.NO_DIRECTORY(path=directory))
    return directory


def checked(file: FileLocation) -> FileLocation:
    """Return the file if it is a text file.

    Raises:
        NotOpened: the file is missing, or is not a text file.
    """
    path = file.path
    try:
        # Opening a pipe would wait for its other end.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise NotOpened(notice_texts.NOT_A_FILE(path=path))
            if b"\0" in opened.read(_LOOKED_AT_BYTES):
                raise NotOpened(notice_texts.NOT_A_TEXT_FILE(path=path))
    except OSError as error:
        raise NotOpened(notice_texts.CANNOT_OPEN(path=path, reason=error.strerror)) from error
    return file
