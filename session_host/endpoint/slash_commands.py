"""Slash commands: their names and descriptions in the terminal and in the chat view."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple


class Command(NamedTuple):
    """A slash command."""

    name: str
    argument: str
    """The command's argument; "" for none."""
    description: str
    """The command's description in the help."""
    while_answering: bool = False
    """Whether the command is allowed during an answer."""


_REGENERATE: Final = Command("regenerate", "", "answer the last question again")
_RETRY: Final = Command("retry", "", "try the last question again after an error")
_CONTINUE: Final = Command("continue", "", "continue an interrupted answer")
_SYSTEM: Final = Command("system", "[TEXT|off]", "show or set the system prompt")
_SET: Final = Command("set", "[NAME VALUE|NAME off]", "show or set a parameter of requests, such as temperature 0.2")
_TOKENS: Final = Command("tokens", "", "show the token counts", while_answering=True)

COMMANDS: Final = (
    Command("help", "", "show this help", while_answering=True),
    Command("model", "[NAME]", "switch model; without NAME, list the models"),
    _SYSTEM,
    _SET,
    Command("attach", "FILE", "attach a text file to the next message"),
    Command("detach", "", "remove the attached files"),
    _REGENERATE,
    _RETRY,
    _CONTINUE,
    Command("edit", "", "edit the last question and ask it again"),
    Command("copy", "", "copy the last answer", while_answering=True),
    _TOKENS,
    Command("key", "", "enter the API key (hidden)"),
    Command("quit", "", "end this chat (Ctrl+D)", while_answering=True),
)

CHAT_VIEW_COMMANDS: Final = (
    _REGENERATE,
    _RETRY,
    _CONTINUE,
    Command("edit", "TEXT", "replace the last question, and ask it again"),
    _SYSTEM,
    _SET,
    Command("model", "[NAME]", "switch model; without NAME, list the models"),
    _TOKENS,
    Command("key", "[SOURCE]", "enter the API key (hidden), or use the one from env:NAME, file:PATH or secret"),
)
"""The commands where the view has its own copying, attaching and ending."""


def parse(line: str, commands: Iterable[Command] = COMMANDS) -> tuple[Command | None, str]:
    """Parse a line that begins with a slash: the command, None for an unknown one, and its argument."""
    name, *rest = line.strip().removeprefix("/").split(maxsplit=1) or [""]
    return _find(name.lower(), tuple(commands)), rest[0].strip() if rest else ""


def _find(name: str, commands: tuple[Command, ...]) -> Command | None:
    """The command of this name, or the only one with this prefix."""
    matches = [command for command in commands if name and command.name.startswith(name)]
    exact = [command for command in matches if command.name == name]
    return exact[0] if exact else matches[0] if len(matches) == 1 else None


def is_command(line: str) -> bool:
    """Whether a line is a command, not a path such as ``/usr/lib`` or text that begins with a path."""
    first_word = line.strip().split(maxsplit=1)[0] if line.strip() else ""
    return first_word.startswith("/") and "\n" not in line.strip() and first_word[1:].isalpha()
