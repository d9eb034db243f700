"""Opens links and files from a chat's text; the only module that decides what may be opened.

A program in a chat can print anything, so its output must not be able to run anything:

- Web and mail addresses go to the desktop.
- A file is opened only as a text in an editor, never by its type, since the desktop may run a file of some types.
- A ``file:`` link (OSC 8, or an address in the text) and a link in Markdown may show one path and point to another.
  They open only the chat's own files: those under its directory, or under the git repository around it. A path in
  the text shows where it leads; it may be any text file.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from PySide6.QtCore import QProcess, QSocketNotifier, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from gui.bridge.tasks import Tasks
from gui.terminal.links.link_pointer import directories_of, existing
from gui.terminal.links.links import FileLocation, has_no_scheme, may_open
from gui.wording import notice_texts
from session_host.client.machine import THIS_MACHINE, Machine
from session_host.errors import OutliveError

OPENING_S: Final = 30.0
"""A later failure is that of a browser, which ``xdg-open`` may run until the user closes it."""

BROWSERS: Final = (
    "x-www-browser", "firefox", "iceweasel", "seamonkey", "mozilla", "epiphany", "konqueror", "chromium",
    "chromium-browser", "google-chrome", "www-browser", "links2", "elinks", "links", "lynx", "w3m",
)  # fmt: skip
"""The programs that ``xdg-open`` tries if the desktop has no browser."""

_watched: set[_Run] = set()


def open_in_desktop(uri: str, on_failure: Callable[[], object]) -> None:
    """Open an address in the desktop's program for it; ``on_failure`` is called, also later, if that fails."""
    url = QUrl(uri)
    is_sandboxed = Path("/.flatpak-info").exists() or "SNAP" in os.environ  # Qt finds it out in the same way.
    is_wayland = QGuiApplication.platformName().startswith("wayland")
    program = None if is_sandboxed or is_wayland else shutil.which("xdg-open")
    if program is None or not url.isValid():
        if not QDesktopServices.openUrl(url):
            on_failure()
        elif is_wayland and not is_sandboxed and url.scheme() in {"http", "https"}:
            _look_for_browser(url.scheme(), on_failure)
        return

    def ended(process: subprocess.Popen[bytes], after_s: float) -> None:
        if process.wait() and after_s < OPENING_S:
            on_failure()

    try:
        # A session of its own, as Qt's: the browser survives the window.
        process = subprocess.Popen(
            [program, url.toEncoded().toStdString()], stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError:
        on_failure()
        return
    _watched.add(_Run(process, ended))


def _look_for_browser(scheme: str, on_failure: Callable[[], object]) -> None:
    """Call ``on_failure`` if neither the desktop nor ``xdg-open`` has a browser."""
    program = shutil.which("xdg-mime")
    if program is None or os.environ.get("BROWSER") or any(map(shutil.which, BROWSERS)):
        return

    def ended(process: subprocess.Popen[bytes], _after_s: float) -> None:
        found, _ = process.communicate()
        if not found.strip():
            on_failure()

    with contextlib.suppress(OSError):
        query = [program, "query", "default", f"x-scheme-handler/{scheme}"]
        process = subprocess.Popen(query, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        _watched.add(_Run(process, ended))


class _Run:
    """A run of a program; it is reaped at its end."""

    def __init__(
        self, process: subprocess.Popen[bytes], on_end: Callable[[subprocess.Popen[bytes], float], object]
    ) -> None:
        """``on_end`` gets the process, which has ended, and the seconds that it ran."""
        self._process = process
        self._report = on_end
        self._started_s = time.monotonic()
        self._descriptor = os.pidfd_open(process.pid)
        self._notifier = QSocketNotifier(self._descriptor, QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._on_end)

    def _on_end(self) -> None:
        self._notifier.setEnabled(False)
        os.close(self._descriptor)
        _watched.discard(self)
        self._report(self._process, time.monotonic() - self._started_s)


_QUERY_TIMEOUT_S: Final = 5.0

_CURSOR: Final = "+call cursor({line},{column})"
"""A command for Vim and Neovim; ``+LINE`` alone has no column."""

_JETBRAINS: Final = (
    "idea", "pycharm", "clion", "goland", "webstorm", "phpstorm", "rubymine", "rider", "rustrover", "studio",
)  # fmt: skip

_WINDOWED: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ("code", "codium", "code-insiders", "code-oss", "cursor", "windsurf"), ("-g", "{file}:{line}:{column}")
    ),
    **dict.fromkeys(("subl", "sublime_text", "zed", "zeditor", "lapce"), ("{file}:{line}:{column}",)),
    **dict.fromkeys(("kate", "kwrite"), ("-l", "{line}", "-c", "{column}", "{file}")),
    **dict.fromkeys(("gedit", "gnome-text-editor", "pluma", "xed", "emacs"), ("+{line}:{column}", "{file}")),
    "emacsclient": ("-n", "+{line}:{column}", "{file}"),
    "gvim": (_CURSOR, "{file}"),
    **dict.fromkeys(("nvim-qt", "neovide"), ("--", _CURSOR, "{file}")),
    **dict.fromkeys(("geany", "mousepad"), ("--line={line}", "--column={column}", "{file}")),
    **dict.fromkeys(_JETBRAINS, ("--line", "{line}", "--column", "{column}", "{file}")),
}
"""The arguments that make editors with a window open a position."""

_IN_TERMINAL: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("nvim", "vim"), (_CURSOR, "{file}")),
    **dict.fromkeys(("vi", "joe", "ne"), ("+{line}", "{file}")),
    "nano": ("+{line},{column}", "{file}"),
    **dict.fromkeys(("micro", "kak"), ("+{line}:{column}", "{file}")),
    **dict.fromkeys(("hx", "helix"), ("{file}:{line}:{column}",)),
}
"""The same for editors that need a terminal."""

_NO_WINDOW: Final = frozenset({"-nw", "-t", "--tty", "--no-window-system"})
"""Arguments by which Emacs needs a terminal."""

_FALLBACKS: Final = ("vim", "nvim", "vi", "nano")
"""The editors that are used if the user has named none and the desktop has none."""


class NotOpened(OutliveError):
    """A link or file is not opened; the message says why."""


class EditorCommand(NamedTuple):
    """The command that shows a file in an editor, and whether the editor needs a terminal."""

    argv: list[str]
    needs_terminal: bool


def installed() -> list[str]:
    """The names of the known editors on PATH, those with a window first. Blocks on the disk."""
    return [name for name in (*_WINDOWED, *_IN_TERMINAL) if shutil.which(name)]


def command_for(file: FileLocation, editor: str, environment: Mapping[str, str]) -> EditorCommand:
    """The command that shows a file in the user's editor.

    It is the setting, else VISUAL or EDITOR if that has a window, else the desktop's editor, else VISUAL, EDITOR or vim
    in a terminal.

    Args:
        file: the file to open.
        editor: the user's setting, "" for none.
        environment: the environment with VISUAL and EDITOR.

    Raises:
        NotOpened: there is no editor, or the setting is no command.
    """
    if editor:
        return _filled(_split(editor), file)
    variables = [_split(environment.get(name, "")) for name in ("VISUAL", "EDITOR")]
    named = [argv for argv in variables if argv and shutil.which(argv[0])]
    windowed = next((argv for argv in named if _name(argv) in _WINDOWED and not _needs_terminal(argv)), None)
    if windowed := windowed or _desktops_editor(environment):
        return _filled(windowed, file)
    if named:  # An unknown editor needs a terminal, as most that are named in these variables.
        return _filled(named[0], file)._replace(needs_terminal=True)
    fallback = next(filter(shutil.which, _FALLBACKS), None)
    if fallback is None:
        raise NotOpened(notice_texts.NO_EDITOR(path=file.path))
    return _filled([fallback], file)


def _name(argv: list[str]) -> str:
    return Path(argv[0]).name.removesuffix(".sh")


def _needs_terminal(argv: list[str]) -> bool:
    name = _name(argv)
    return name in _IN_TERMINAL or (name in {"emacs", "emacsclient"} and not _NO_WINDOW.isdisjoint(argv))


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _filled(argv: list[str], file: FileLocation) -> EditorCommand:
    """An editor's command with the file."""
    if not argv:
        raise NotOpened(notice_texts.WRONG_EDITOR())
    needs_terminal = _needs_terminal(argv)
    if not any("{file}" in argument for argument in argv):
        at_line = {**_WINDOWED, **_IN_TERMINAL}.get(_name(argv), ("{file}",))
        if needs_terminal:
            at_line = tuple(argument for argument in at_line if argument != "-n")  # waits in its terminal
        argv = [*argv, *(at_line if file.line else ("{file}",))]
    values = {"{line}": str(file.line or 1), "{column}": str(file.column or 1), "{file}": file.path}
    return EditorCommand([_replaced(argument, values) for argument in argv], needs_terminal)


def _replaced(argument: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():  # the path last: placeholders within it stay as they are
        argument = argument.replace(name, value)
    return argument


def _desktops_editor(environment: Mapping[str, str]) -> list[str]:
    """The command of the desktop's application for plain text, without the file; [] if there is none.

    Source: the desktop entry specification 1.5, "The Exec key".
    """
    import configparser  # the window's start does not need it

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
        entry = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            if not entry.read(Path(directory, "applications", name), encoding="utf-8"):
                continue
            command = entry.get("Desktop Entry", "Exec", fallback="")
            if entry.getboolean("Desktop Entry", "Terminal", fallback=False):
                return []
        except (configparser.Error, UnicodeDecodeError, ValueError):
            return []
        return [argument for argument in _split(command) if not argument.startswith("%")]
    return []


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

    def open_address(self, uri: str, directory: str = "", machine: Machine = THIS_MACHINE) -> None:
        """Open an address that a chat in ``directory`` of a machine has printed; one without a scheme is a path."""
        if has_no_scheme(uri):
            uri = f"file:{uri}"
        if not may_open(uri):
            self._on_failure(notice_texts.NOT_A_LINK_HERE())
        elif urlsplit(uri).scheme == "file":
            self._start(machine, self._open(lambda: checked(own_file(uri, directory)), directory))
        else:
            line = notice_texts.LINK_NOT_OPENED(scheme=urlsplit(uri).scheme)
            open_in_desktop(uri, lambda: self._on_dead_link(line, uri))

    def open_file(self, file: FileLocation, directory: str = "", machine: Machine = THIS_MACHINE) -> None:
        """Open a file; its path may be relative if it is named in the text of a chat in ``directory`` of a machine."""
        self._start(machine, self._open(lambda: checked(named_file(file, directory)), directory))

    def open_directory(self, directory: str, machine: Machine = THIS_MACHINE) -> None:
        """Open a chat's directory in the editor."""
        self._start(machine, self._open(lambda: FileLocation(checked_directory(directory)), directory))

    def show_directory(self, directory: str, machine: Machine = THIS_MACHINE) -> None:
        """Show a chat's directory in the desktop's file manager."""
        self._start(machine, self._show(directory))

    def _start(self, machine: Machine, opening: Coroutine[object, object, None]) -> None:
        if machine.name:  # A path of another machine means nothing here.
            opening.close()
            self._on_failure(notice_texts.FILE_ELSEWHERE())
        else:
            self._tasks.start(opening, "open")

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
    open_in_desktop(address, lambda: on_failure(notice_texts.NO_FILE_MANAGER()))


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
