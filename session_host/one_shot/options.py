"""The command line: the form of the agent's output, and the commands of the first and of later turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from session_host.errors import UsageError

FORMATS: Final = ("codex", "claude", "opencode", "text")
LATER: Final = ":::"
"""Separates the command of the first turn from that of later ones."""

PROMPT: Final = "%prompt%"
CONVERSATION: Final = "%conversation%"


class Options(NamedTuple):
    """The options.

    Attributes:
        format: what the command writes: JSON lines of an agent, or "text".
        first: the command's words in the first turn of a conversation.
        later: its words in later turns; the same without ``LATER``.
    """

    format: str
    first: tuple[str, ...]
    later: tuple[str, ...]


def read_options(argv: Sequence[str]) -> Options:
    """Parse ``--format FORMAT -- FIRST... [::: LATER...]``.

    ``%prompt%`` in a word stands for the prompt, ``%conversation%`` for the agent's id of the conversation. A command
    without ``%prompt%`` gets the prompt on its stdin.

    Raises:
        UsageError: the command line is invalid.
    """
    if len(argv) < 3 or argv[0] != "--format" or argv[2] != "--":
        raise UsageError("use --format FORMAT -- COMMAND... [::: COMMAND OF LATER TURNS...]")
    if argv[1] not in FORMATS:
        raise UsageError(f"unknown format {argv[1]!r}; known: {', '.join(FORMATS)}")
    first = list(argv[3:])
    later = first
    if LATER in first:
        index = first.index(LATER)
        first, later = first[:index], first[index + 1 :]
    if not first or not later:
        raise UsageError("the command is missing")
    return Options(argv[1], tuple(first), tuple(later))


def command(options: Options, prompt: str, conversation: str, *, again: bool) -> tuple[list[str], bytes]:
    """The words of one turn's command, and what it gets on its stdin."""
    argv = options.later if again else options.first
    filled = [each.replace(CONVERSATION, conversation).replace(PROMPT, prompt) for each in argv]
    return filled, b"" if any(PROMPT in each for each in argv) else prompt.encode()
