"""The objects that commands print with ``--json``, beside those of ``ls`` and ``events``. Scripts rely on them."""

from __future__ import annotations

from typing import Literal

import msgspec

from session_host.protocol.events import Limit
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


class UsedTokens(msgspec.Struct, frozen=True):
    """What the turns of a group used; texts that the group does not have in common are "".

    Attributes:
        agent, account: as `ls` has them.
        project: its directory.
        chat_id, name: the chat's; "" for all removed chats together.
        turns: how many ended.
        turns_without_tokens: how many of these say no tokens.
        turns_at_least: how many say "at least" so many: the record of an agent in a terminal lacks some requests.
        tokens_in: what the models read.
        tokens_cached: of these, those of their caches.
        tokens_out: what they wrote.
        money: what the agents say that it cost, by currency.
        turns_without_money: how many say no money.
    """

    agent: str
    account: str
    project: str
    chat_id: str
    name: str
    turns: int
    turns_without_tokens: int
    turns_at_least: int
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    money: dict[str, float]
    turns_without_money: int


class UsedSince(msgspec.Struct, frozen=True):
    """What was used since a time. The sums of all groupings are equal."""

    since: str
    """ISO 8601, UTC."""
    total: UsedTokens
    agents: list[UsedTokens]
    accounts: list[UsedTokens]
    projects: list[UsedTokens]
    chats: list[UsedTokens]


class AccountsLimits(msgspec.Struct, frozen=True):
    """The limits of an account that are not reset yet, as its agent last said them."""

    agent: str
    account: str
    time: str
    """When it said them, ISO 8601, UTC."""
    limits: list[Limit]


class UsageReport(msgspec.Struct, frozen=True):
    """What `usage` prints."""

    counted_since: str | None
    """When the first turn ended that is counted, ISO 8601, UTC; null for none."""
    today: UsedSince
    days: UsedSince
    """Since `--since`, by default today and the 29 days before."""
    missing: list[str]
    """What the tokens lack, a line for each agent."""
    limits: list[AccountsLimits]
