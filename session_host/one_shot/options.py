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


def read_options(words: Sequence[str]) -> Options:
    """Parse ``--format FORMAT -- FIRST... [::: LATER...]``.

    ``%prompt%`` in a word stands for the prompt, ``%conversation%`` for the agent's id of the conversation. A command
    without ``%prompt%`` gets the prompt on its stdin.

    Raises:
        UsageError: the command line is invalid.
    """
    if len(words) < 3 or words[0] != "--format" or words[2] != "--":
        raise UsageError("use --format FORMAT -- COMMAND... [::: COMMAND OF LATER TURNS...]")
    if words[1] not in FORMATS:
        raise UsageError(f"unknown format {words[1]!r}; known: {', '.join(FORMATS)}")
    first = list(words[3:])
    later = first
    if LATER in first:
        index = first.index(LATER)
        first, later = first[:index], first[index + 1 :]
    if not first or not later:
        raise UsageError("the command is missing")
    return Options(words[1], tuple(first), tuple(later))


def command(options: Options, prompt: str, conversation: str, *, again: bool) -> tuple[list[str], bytes]:
    """The words of one turn's command, and what it gets on its stdin."""
    words = options.later if again else options.first
    filled = [each.replace(CONVERSATION, conversation).replace(PROMPT, prompt) for each in words]
    return filled, b"" if any(PROMPT in each for each in words) else prompt.encode()
