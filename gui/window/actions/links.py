"""Opens links and files from a chat's text; the only module that decides what may be opened.

A program in a chat can print anything, so its output must not be able to run anything:

- Web and mail addresses go to the desktop.
- A file is opened only as a text in an editor, never by its type, since the desktop may run a file of some types.
  ``client.chats.named_files`` says which files a text and a link may open.
- The file of a chat of another machine is looked for and checked there, and never here. Its path reaches only the
  editor that opens it over ssh, or the editor on that machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, ParamSpec
from urllib.parse import quote, unquote, urlsplit

from PySide6.QtCore import QProcess, QSocketNotifier, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from gui.bridge.named_files import is_path
from gui.bridge.tasks import Tasks
from gui.settings.live import LiveSettings
from gui.terminal.links.links import has_no_scheme, may_open
from gui.wording import notice_texts
from session_host.client import editors
from session_host.client.chats.named_files import linked_file, named_directory, named_file
from session_host.client.editors import EditorCommand, terminal_editor
from session_host.client.machine import THIS_MACHINE, Machine
from session_host.errors import OutliveError
from session_host.protocol.values import FileLocation

P = ParamSpec("P")

OPENING_S: Final = 30.0
"""A later failure is that of a browser, which ``xdg-open`` may run until the user closes it."""

# fmt: off
BROWSERS: Final = (
    "x-www-browser", "firefox", "iceweasel", "seamonkey", "mozilla", "epiphany", "konqueror", "chromium",
    "chromium-browser", "google-chrome", "www-browser", "links2", "elinks", "links", "lynx", "w3m",
)
"""The programs that ``xdg-open`` tries if the desktop has no browser."""
# fmt: on

_LINES: Final = "\r\n\t"
MAIL_FIELDS: Final = ("to", "cc", "subject", "body")
"""The fields of a mail address that are passed on: mail programs know others, such as one that attaches a file."""

_watched: set[_Run] = set()


def plain_mail_address(uri: str) -> str:
    """A mail address (RFC 6068) with its recipients, subject and text alone, without control characters in them."""
    recipients, _, fields = uri.partition(":")[2].partition("#")[0].partition("?")
    kept = []
    for name, _, value in (field.partition("=") for field in fields.split("&")):
        if (known := unquote(name).lower()) in MAIL_FIELDS:
            kept.append(f"{known}={_encoded(value, _LINES if known == 'body' else '')}")
    return f"mailto:{_encoded(recipients)}{'?' if kept else ''}{'&'.join(kept)}"


def _encoded(value: str, allowed: str = "") -> str:
    return quote("".join(each for each in unquote(value) if each.isprintable() or each in allowed), safe="@,:/")


def open_in_desktop(uri: str, on_failure: Callable[[], object]) -> None:
    """Open an address in the desktop's program for it; ``on_failure`` is called, also later, if that fails."""
    url = QUrl(plain_mail_address(uri) if urlsplit(uri).scheme == "mailto" else uri)
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

EDITOR_THERE: Final = "$EDITOR"
"""The setting that opens another machine's files in the editor of that machine."""


_EXAMPLE: Final = "code --remote ssh-remote+{destination} -g {file}:{line}"


class Editors(NamedTuple):
    """The user's settings: the editor's command for files here, and for those of other machines; "" for none."""

    here: str
    far: str


def editors_of(settings: LiveSettings) -> Editors:
    """The user's settings as they are now."""
    window = settings.preferences.window
    return Editors(window.editor, window.remote_editor)


class NotOpened(OutliveError):
    """A link or file is not opened; the message says why."""


def installed() -> list[str]:
    """The names of the known editors on PATH, those with a window first. Blocks on the disk."""
    return [name for name in (*editors.WINDOWED, *editors.IN_TERMINAL) if shutil.which(name)]


def installed_for_far() -> list[str]:
    """The names of the known editors on PATH that open files of other machines. Blocks on the disk."""
    return [name for name in editors.FAR if shutil.which(name)]


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
        return editors.filled(_words(editor), file)
    if windowed := _windowed_editor(environment):
        return editors.filled(windowed, file)
    if named := editors.named_in(environment):
        # An unknown editor needs a terminal, as most that are named in these variables.
        return editors.filled(named[0], file)._replace(needs_terminal=True)
    fallback = next(filter(shutil.which, editors.FALLBACKS), None)
    if fallback is None:
        raise NotOpened(notice_texts.NO_EDITOR(path=file.path))
    return editors.filled([fallback], file)


def far_command_for(
    file: FileLocation, chosen: Editors, environment: Mapping[str, str], destination: str, *, is_directory: bool
) -> EditorCommand | None:
    """The command that shows another machine's file in an editor here; None if an editor there must show it.

    Args:
        file: the file there.
        chosen: the user's settings.
        environment: the environment with VISUAL and EDITOR.
        destination: the machine, as ssh takes it.
        is_directory: whether it is a directory.

    Raises:
        NotOpened: the setting is no command for such files.
    """
    if chosen.far == EDITOR_THERE:
        return None
    editor = chosen.far or chosen.here
    argv = _words(editor) if editor else _windowed_editor(environment)
    if not argv:
        return None
    if not chosen.far:
        argv = argv[:1]  # Arguments with placeholders are for files here.
    elif ("{file}" in editor) != ("{destination}" in editor) or (
        "{file}" not in editor and editors.name_of(argv) not in editors.FAR
    ):
        raise NotOpened(notice_texts.WRONG_FAR_EDITOR(example=_EXAMPLE))
    return editors.filled_far(argv, file, destination, is_directory=is_directory)


def _words(command: str) -> list[str]:
    if not (words := editors.split(command)):
        raise NotOpened(notice_texts.WRONG_EDITOR())
    return words


def _windowed_editor(environment: Mapping[str, str]) -> list[str]:
    """VISUAL's or EDITOR's command if it has a window, else the desktop's editor; [] if there is none."""
    named = editors.named_in(environment)
    windowed = (
        argv for argv in named if editors.name_of(argv) in editors.WINDOWED and not editors.needs_terminal(argv)
    )
    return next(windowed, None) or _desktops_editor(environment)


def _desktops_editor(environment: Mapping[str, str]) -> list[str]:
    """The command of the desktop's application for plain text, without the file; [] if there is none.

    Source: the desktop entry specification 1.5, "The Exec key".
    """
    import configparser  # the window's start does not need it

    if not (program := shutil.which("xdg-mime")):
        return []
    try:
        asked = subprocess.run(
            [program, "query", "default", "text/plain"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_QUERY_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
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
        return [argument for argument in editors.split(command) if not argument.startswith("%")]
    return []


EditInTab = Callable[[list[str], FileLocation, str, Machine], object]
"""Runs an editor's command, for a file and in a directory of a machine, in a tab."""


class LinkOpener:
    """Opens addresses and files for the chats' pages."""

    def __init__(
        self,
        tasks: Tasks,
        editors_: Callable[[], Editors],
        edit_in_tab: EditInTab,
        on_failure: Callable[[str], object],
        on_dead_link: Callable[[str, str], object] | None = None,
    ) -> None:
        """Set up the opener.

        Args:
            tasks: runs what takes time.
            editors_: returns the user's editors.
            edit_in_tab: runs an editor that needs a terminal.
            on_failure: gets a line if opening fails.
            on_dead_link: gets a line and the address if the desktop cannot open a web or mail address; without it,
                ``on_failure`` gets the line.
        """
        self._tasks = tasks
        self._editors = editors_
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
            self._tasks.start(self._open(machine, directory, linked_file, uri, directory), "open file")
        else:
            line = notice_texts.LINK_NOT_OPENED(scheme=urlsplit(uri).scheme)
            open_in_desktop(uri, lambda: self._on_dead_link(line, uri))

    def open_file(self, file: FileLocation, directory: str = "", machine: Machine = THIS_MACHINE) -> None:
        """Open a file; its path may be relative if it is named in the text of a chat in ``directory`` of a machine."""
        self._tasks.start(self._open(machine, directory, named_file, file, directory), "open file")

    def open_directory(self, directory: str, machine: Machine = THIS_MACHINE) -> None:
        """Open a chat's directory in the editor."""
        self._tasks.start(self._open(machine, directory, named_directory, directory), "open directory")

    def show_directory(self, directory: str, machine: Machine = THIS_MACHINE) -> None:
        """Show a chat's directory in the desktop's file manager."""
        if machine.has_our_files:
            self._tasks.start(self._show(directory), "show directory")
        else:
            self._on_failure(notice_texts.DIRECTORY_ELSEWHERE(machine=machine.name))

    async def _show(self, directory: str) -> None:
        try:
            await THIS_MACHINE.call(named_directory, directory)
        except OutliveError as error:
            self._on_failure(notice_texts.failed(notice_texts.CANNOT_OPEN(), error))
            return
        show_directory(directory, self._on_failure)

    async def _open(
        self,
        machine: Machine,
        directory: str,
        find: Callable[P, FileLocation],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Open what a function finds on a machine."""
        try:
            file = await machine.call(find, *args, **kwargs)
            if not machine.has_our_files:
                await self._open_far(machine, file, directory, is_directory=find is named_directory)
                return
            argv, needs_terminal = await asyncio.to_thread(command_for, file, self._editors().here, os.environ)
        except OutliveError as error:
            self._on_failure(notice_texts.failed(notice_texts.CANNOT_OPEN(), error))
            return
        if needs_terminal:
            self._edit_in_tab(argv, file, directory or str(Path(file.path).parent), machine)
        else:
            self._run(argv)

    async def _open_far(self, machine: Machine, file: FileLocation, directory: str, *, is_directory: bool) -> None:
        """Open a file of another machine, by an editor here over ssh, else in a tab by that machine's editor."""
        if not is_path(file.path):
            raise NotOpened(notice_texts.NO_PATH(machine=machine.name))
        command = partial(far_command_for, is_directory=is_directory)
        found = await asyncio.to_thread(command, file, self._editors(), os.environ, machine.destination)
        if found is not None and found.needs_terminal:
            self._edit_in_tab(found.argv, file, str(Path.home()), THIS_MACHINE)
        elif found is not None:
            self._run(found.argv)
        elif is_directory:
            raise NotOpened(notice_texts.NO_FAR_EDITOR(machine=machine.name))
        else:
            argv = await machine.call(terminal_editor, file)
            self._edit_in_tab(argv, file, directory or str(Path(file.path).parent), machine)

    def _run(self, argv: list[str]) -> None:
        if not QProcess.startDetached(argv[0], argv[1:])[0]:
            self._on_failure(notice_texts.CANNOT_START(program=argv[0]))


def show_directory(directory: str, on_failure: Callable[[str], object]) -> None:
    """Show a directory in the desktop's file manager; ``on_failure`` gets a line if there is none."""
    address = QUrl.fromLocalFile(directory).toString(QUrl.ComponentFormattingOption.FullyEncoded)
    open_in_desktop(address, lambda: on_failure(notice_texts.NO_FILE_MANAGER()))
