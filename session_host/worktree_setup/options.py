"""The command line of the program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

LINES, MARK = "--lines", "--mark"


class Options(NamedTuple):
    """What to run.

    Attributes:
        speaks_lines: whether standard input and output are those of a structured chat.
        worktree: the worktree's top directory, in which the command runs.
        repository: the directory of the repository that the worktree was made of.
        command: the user's command, for a shell.
        agent: the agent's words.
        mark: the file that exists until the agent begins; "" for none.
    """

    speaks_lines: bool
    worktree: str
    repository: str
    command: str
    agent: list[str]
    mark: str = ""


def read_options(words: Sequence[str]) -> Options | None:
    """Read the command line; None if it is invalid."""
    speaks_lines = words[:1] == [LINES]
    rest = list(words[1:] if speaks_lines else words)
    mark = ""
    if rest[:1] == [MARK]:
        mark, rest = "".join(rest[1:2]), rest[2:]
    if len(rest) < 5 or rest[3] != "--":
        return None
    worktree, repository, command = rest[:3]
    return Options(speaks_lines, worktree, repository, command, rest[4:], mark)
