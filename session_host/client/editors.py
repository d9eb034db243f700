"""The commands that make editors open a file at a line and a column."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from session_host.agents.login_shell import EDITORS
from session_host.errors import OutliveError
from session_host.protocol.values import FileLocation

_CURSOR: Final = "+call cursor({line},{column})"
"""A command for Vim and Neovim; ``+LINE`` alone has no column."""

# fmt: off
_JETBRAINS: Final = (
    "idea", "pycharm", "clion", "goland", "webstorm", "phpstorm", "rubymine", "rider", "rustrover", "studio",
)
# fmt: on
_VS_CODES: Final = ("code", "codium", "code-insiders", "code-oss", "cursor", "windsurf")
_ZEDS: Final = ("zed", "zeditor")

WINDOWED: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(_VS_CODES, ("-g", "{file}:{line}:{column}")),
    **dict.fromkeys(("subl", "sublime_text", *_ZEDS, "lapce"), ("{file}:{line}:{column}",)),
    **dict.fromkeys(("kate", "kwrite"), ("-l", "{line}", "-c", "{column}", "{file}")),
    **dict.fromkeys(("gedit", "gnome-text-editor", "pluma", "xed", "emacs"), ("+{line}:{column}", "{file}")),
    "emacsclient": ("-n", "+{line}:{column}", "{file}"),
    "gvim": (_CURSOR, "{file}"),
    **dict.fromkeys(("nvim-qt", "neovide"), ("--", _CURSOR, "{file}")),
    **dict.fromkeys(("geany", "mousepad"), ("--line={line}", "--column={column}", "{file}")),
    **dict.fromkeys(_JETBRAINS, ("--line", "{line}", "--column", "{column}", "{file}")),
}
"""The arguments that make editors with a window open a position."""

IN_TERMINAL: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("nvim", "vim"), (_CURSOR, "{file}")),
    **dict.fromkeys(("vi", "joe", "ne"), ("+{line}", "{file}")),
    "nano": ("+{line},{column}", "{file}"),
    **dict.fromkeys(("micro", "kak"), ("+{line}:{column}", "{file}")),
    **dict.fromkeys(("hx", "helix"), ("{file}:{line}:{column}",)),
}
"""The same for editors that need a terminal."""

FAR: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(_VS_CODES, ("--remote", "ssh-remote+{destination}", "-g", "{file}:{line}:{column}")),
    **dict.fromkeys(_ZEDS, ("ssh://{destination}{file}:{line}:{column}",)),
}
"""The same for editors here that open a file of another machine over ssh."""

_FAR_DIRECTORY: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(_VS_CODES, ("--folder-uri", "vscode-remote://ssh-remote+{destination}{file}")),
    **dict.fromkeys(_ZEDS, ("ssh://{destination}{file}",)),
}

_NO_WINDOW: Final = frozenset({"-nw", "-t", "--tty", "--no-window-system"})
"""Arguments by which Emacs needs a terminal."""

FALLBACKS: Final = ("vim", "nvim", "vi", "nano")
"""The editors that are used if the user has named none and the desktop has none."""


class EditorCommand(NamedTuple):
    """The command that shows a file in an editor, and whether the editor needs a terminal."""

    argv: list[str]
    needs_terminal: bool


def split(command: str) -> list[str]:
    """The words of a command; [] if it is not valid."""
    try:
        return shlex.split(command)
    except ValueError:
        return []


def name_of(argv: list[str]) -> str:
    """The editor's name."""
    return Path(argv[0]).name.removesuffix(".sh")


def needs_terminal(argv: list[str]) -> bool:
    """Whether the editor needs a terminal, as far as known."""
    name = name_of(argv)
    return name in IN_TERMINAL or (name in {"emacs", "emacsclient"} and not _NO_WINDOW.isdisjoint(argv))


def named_in(environment: Mapping[str, str]) -> list[list[str]]:
    """The commands in VISUAL and EDITOR that are installed. Blocks on the disk."""
    commands = [split(environment.get(name, "")) for name in EDITORS]
    return [argv for argv in commands if argv and shutil.which(argv[0])]


def filled(argv: list[str], file: FileLocation) -> EditorCommand:
    """An editor's command with the file."""
    in_terminal = needs_terminal(argv)
    if not any("{file}" in argument for argument in argv):
        at_line = {**WINDOWED, **IN_TERMINAL}.get(name_of(argv), ("{file}",))
        if in_terminal:
            at_line = tuple(argument for argument in at_line if argument != "-n")  # waits in its terminal
        argv = [*argv, *(at_line if file.line else ("{file}",))]
    return EditorCommand(_replaced(argv, file), in_terminal)


def filled_far(argv: list[str], file: FileLocation, destination: str, *, is_directory: bool) -> EditorCommand | None:
    """The command of an editor here for a file of another machine; None if it is not known to open such files.

    ``destination`` is what ssh takes.
    """
    if not any("{file}" in argument for argument in argv):
        arguments = (_FAR_DIRECTORY if is_directory else FAR).get(name_of(argv))
        if arguments is None:
            return None
        argv = [*argv, *arguments]
    destination = destination.removeprefix("ssh://").rstrip("/")
    return EditorCommand(_replaced(argv, file, destination), needs_terminal(argv))


def _replaced(argv: list[str], file: FileLocation, destination: str = "") -> list[str]:
    values = {"{line}": str(file.line or 1), "{column}": str(file.column or 1), "{destination}": destination}
    return [_with_values(argument, values, file.path) for argument in argv]


def _with_values(argument: str, values: Mapping[str, str], path: str) -> str:
    is_address = "://" in argument.partition("{file}")[0]
    for name, value in values.items():
        argument = argument.replace(name, value)
    return argument.replace("{file}", quote(path) if is_address else path)  # the last: placeholders in it stay


def terminal_editor(file: FileLocation, environment: Mapping[str, str] | None = None) -> list[str]:
    """The command that shows a file in this machine's editor of terminals: VISUAL's or EDITOR's, else vim. Blocks.

    ``environment``: None for this process's own.

    Raises:
        OutliveError: there is none.
    """
    theirs = named_in(os.environ if environment is None else environment)
    named = next((argv for argv in theirs if needs_terminal(argv) or name_of(argv) not in WINDOWED), None)
    fallback = next(filter(shutil.which, FALLBACKS), None)
    if named is None and fallback is None:
        raise OutliveError(f"no editor is set for {file.path}: set EDITOR on that machine, or install vim or nano")
    return filled(named or [str(fallback)], file).argv
