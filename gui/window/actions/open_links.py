"""Opens links and files from a terminal's text; the only module that decides what may be opened.

A program in a chat can print anything, so its output must not be able to run anything:

- Web and mail addresses go to the desktop.
- A file is opened only as a text in an editor, never by its type, since the desktop may run a file of some types.
- A ``file:`` link (OSC 8, or an address in the text) may show one path and point to another. It opens only the
  chat's own files: those under its directory, or under the git repository around it. A path in the text shows where
  it leads; it may be any text file.
"""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from PySide6.QtCore import QProcess, QUrl
from PySide6.QtGui import QDesktopServices

from gui.bridge.background.tasks import Tasks
from gui.terminal.links.file_lookup import directories_of
from gui.terminal.links.links import FilePlace, may_open
from gui.wording import notice_texts
from session_host.errors import OutliveError

_LOOKED_AT_BYTES: Final = 8192
_QUERY_TIMEOUT_S: Final = 5.0

_PLACES: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("code", "codium", "code-insiders", "cursor", "windsurf"), ("-g", "{file}:{line}:{column}")),
    **dict.fromkeys(("subl", "sublime_text", "zed", "zeditor", "lapce"), ("{file}:{line}:{column}",)),
    **dict.fromkeys(("kate", "kwrite"), ("-l", "{line}", "-c", "{column}", "{file}")),
    **dict.fromkeys(("gedit", "gnome-text-editor", "pluma", "xed", "emacs"), ("+{line}:{column}", "{file}")),
    **dict.fromkeys(("gvim", "nvim-qt", "neovide"), ("+{line}", "{file}")),
    **dict.fromkeys(("geany", "mousepad"), ("--line={line}", "--column={column}", "{file}")),
    **dict.fromkeys(("idea", "pycharm", "clion", "goland", "webstorm"), ("--line", "{line}", "{file}")),
}
"""The arguments by which graphical editors open a position."""


class NotOpened(OutliveError):
    """A link or file is not opened; the message says why."""


class LinkOpener:
    """Opens addresses and files for the chats' pages."""

    def __init__(self, tasks: Tasks, editor: Callable[[], str], told: Callable[[str], object]) -> None:
        """Set up the opener; ``editor`` returns the user's command or ""; ``told`` gets a line if opening fails."""
        self._tasks = tasks
        self._editor = editor
        self._told = told

    def open_address(self, uri: str, directory: str) -> None:
        """Open an address that a chat in ``directory`` shows."""
        if not may_open(uri):
            self._told(notice_texts.not_a_link_here())
        elif urlsplit(uri).scheme == "file":
            self._tasks.start(self._open(lambda: own_file(uri, directory)), "open file")
        else:
            QDesktopServices.openUrl(QUrl(uri))

    def open_file(self, file: FilePlace) -> None:
        """Open a file that the text names."""
        self._tasks.start(self._open(lambda: file), "open file")

    async def _open(self, find: Callable[[], FilePlace]) -> None:
        import asyncio

        try:
            editor = self._editor()
            argv = await asyncio.to_thread(lambda: command_for(find(), editor, os.environ))
        except NotOpened as error:
            self._told(str(error))
            return
        if not QProcess.startDetached(argv[0], argv[1:])[0]:
            self._told(notice_texts.cannot_start(argv[0]))


def own_file(uri: str, directory: str) -> FilePlace:
    """The file of a ``file:`` link, if it is one of the chat's own.

    Raises:
        NotOpened: the file is not the chat's own.
    """
    parts = urlsplit(uri)
    if parts.netloc not in {"", "localhost", socket.gethostname()}:
        raise NotOpened(notice_texts.file_elsewhere())
    path = os.path.realpath(unquote(parts.path).replace("\0", ""))
    if not any(os.path.commonpath([path, root]) == root for root in directories_of(directory)):
        raise NotOpened(notice_texts.file_outside(path))
    return FilePlace(path)


def command_for(file: FilePlace, editor: str, environment: Mapping[str, str]) -> list[str]:
    """The command that shows a file in the user's editor.

    Args:
        file: the file to open.
        editor: the user's setting, "" for none.
        environment: the environment with VISUAL and EDITOR.

    Raises:
        NotOpened: the file is not a text, or no graphical editor is known.
    """
    _check(file.path)
    if editor:
        return _filled(_split(editor), file)
    for name in ("VISUAL", "EDITOR"):
        argv = _split(environment.get(name, ""))
        if argv and Path(argv[0]).name in _PLACES and shutil.which(argv[0]):
            return _filled(argv, file)
    argv = _desktops_editor(environment)
    if not argv:
        raise NotOpened(notice_texts.no_editor())
    return _filled(argv, file)


def show_in_folder(path: Path) -> None:
    """Show a file's directory in the desktop's file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))


def _check(path: str) -> None:
    """Check that a path is a text file's.

    Raises:
        NotOpened: the path is not.
    """
    try:
        # Opening a pipe would wait for its other end.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise NotOpened(notice_texts.not_a_file(path))
            if b"\0" in opened.read(_LOOKED_AT_BYTES):
                raise NotOpened(notice_texts.not_a_text_file(path))
    except OSError as error:
        raise NotOpened(notice_texts.cannot_open(path, error.strerror)) from error


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _filled(argv: list[str], file: FilePlace) -> list[str]:
    if not argv:
        raise NotOpened(notice_texts.wrong_editor())
    if not any("{file}" in argument for argument in argv):
        argv = [*argv, *(_PLACES.get(Path(argv[0]).name, ("{file}",)) if file.line else ("{file}",))]
    values = {"{line}": str(file.line or 1), "{column}": str(file.column or 1), "{file}": file.path}
    return [_replaced(argument, values) for argument in argv]


def _replaced(argument: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():  # the path last: placeholders within it stay as they are
        argument = argument.replace(name, value)
    return argument


def _desktops_editor(environment: Mapping[str, str]) -> list[str]:
    """The command of the desktop's application for plain text, without the file; [] if there is none.

    Source: the desktop entry specification 1.5, "The Exec key".
    """
    if not (program := shutil.which("xdg-mime")):
        return []
    try:
        asked = subprocess.run(
            [program, "query", "default", "text/plain"], capture_output=True, text=True, check=False,
            timeout=_QUERY_TIMEOUT_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return []
    name = asked.stdout.strip()
    if not name.endswith(".desktop") or "/" in name:
        return []
    home = environment.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    shared = environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for directory in (home, *shared.split(":")):
        entry = ConfigParser(interpolation=None, strict=False)
        try:
            if not entry.read(Path(directory, "applications", name), encoding="utf-8"):
                continue
            command = entry.get("Desktop Entry", "Exec", fallback="")
            if entry.getboolean("Desktop Entry", "Terminal", fallback=False):
                return []
        except (ConfigParserError, UnicodeDecodeError, ValueError):
            return []
        return [argument for argument in _split(command) if not argument.startswith("%")]
    return []
