"""Slash commands: their names and descriptions, and a prompt's command."""

from __future__ import annotations

from typing import Final, NamedTuple


class Command(NamedTuple):
    """A slash command."""

    name: str
    argument: str
    """The command's argument; "" for none."""
    description: str


COMMANDS: Final = (
    Command("regenerate", "", "answer the last question again"),
    Command("retry", "", "try the last question again after an error"),
    Command("continue", "", "continue an interrupted answer"),
    Command("edit", "TEXT", "replace the last question, and ask it again"),
    Command("system", "[TEXT|off]", "show or set the system prompt"),
    Command("set", "[NAME VALUE|NAME off]", "show or set a parameter of requests, such as temperature 0.2"),
    Command("model", "[NAME]", "switch model; without NAME, list the models"),
    Command("tokens", "", "show the token counts"),
    Command("key", "[SOURCE]", "enter the API key (hidden), or use the one from env:NAME, file:PATH or secret"),
)


def parse(line: str) -> tuple[Command | None, str]:
    """Parse a line that begins with a slash: the command, None for an unknown one, and its argument."""
    name, *rest = line.strip().removeprefix("/").split(maxsplit=1) or [""]
    return _find(name.lower()), rest[0].strip() if rest else ""


def _find(name: str) -> Command | None:
    """The command of this name, or the only one with this prefix."""
    matches = [command for command in COMMANDS if name and command.name.startswith(name)]
    exact = [command for command in matches if command.name == name]
    return exact[0] if exact else matches[0] if len(matches) == 1 else None


def is_command(line: str) -> bool:
    """Whether a line is a command, not a path such as ``/usr/lib`` or text that begins with a path."""
    first_word = line.strip().split(maxsplit=1)[0] if line.strip() else ""
    return first_word.startswith("/") and "\n" not in line.strip() and first_word[1:].isalpha()
