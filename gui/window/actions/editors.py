"""The command that shows a file, at a line and a column, in the user's editor."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from pathlib import Path
from typing import Final, NamedTuple

from gui.terminal.links.links import FileLocation
from gui.wording import notice_texts
from session_host.errors import OutliveError

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
