"""The objects that commands print with ``--json``, beside those of ``ls`` and ``events``. Scripts rely on them."""

from __future__ import annotations

from typing import Literal

import msgspec

from session_host.protocol.turns import TurnOutcome

How = Literal["began", "queued", "steered", "typed", "unknown"]
"""What became of a text.

- "began": it began a turn.
- "queued": it waits for the end of the running turn.
- "steered": it became a part of that turn.
- "typed": the agent worked. It takes the text into its turn, or begins another one with it.
- "unknown": the agent has not said that a turn began.
"""


class SentText(msgspec.Struct, frozen=True):
    """What ``send --json`` prints, without ``--wait``."""

    session_id: str
    name: str
    turn: int | None
    """The turn that the text began or joined; None if that is not known, or it waits."""
    how: How
    note: str
    """A remark of the host, one line; "" for none."""


class TurnAnswer(msgspec.Struct, frozen=True):
    """What ``answer --json``, ``send --wait --json`` and ``new --wait --json`` print, also if the turn ended badly.

    Then the reason follows on standard error, as ``Failure``. If there is no answer to print (exit codes 2, 5 and 9; 6
    before the turn's end), only that is printed.
    """

    session_id: str
    name: str
    turn: int | None
    """None of a shell's command, of an agent's command that began no turn, and of a turn that Outlive did not see."""
    outcome: TurnOutcome
    error: str
    """The error that stopped the turn, one line."""
    resets_at: str
    """The time of the limit's reset, ISO 8601, UTC; "" if it is not known, or no limit stopped the turn."""
    complete: bool
    """Whether the agent has written all of it."""
    answer: str
    """Markdown, or the output of a shell's command."""


class FoundLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One match of ``search --json``."""

    session_id: str
    name: str
    agent: str
    state: str
    time: str
    """ISO 8601, UTC."""
    line: int
    text: str
    offset: int
    """Of the recording, in bytes."""
    machine: str = ""
    """With ``--on all``."""


class Failure(msgspec.Struct, frozen=True):
    """Why a command failed."""

    code: str
    """Stable; see ``errors.codes``."""
    message: str
    """One line for people."""
    exit_code: int


class FailedCommand(msgspec.Struct, frozen=True):
    """The output of a failed command with ``--json``, on standard error."""

    error: Failure
