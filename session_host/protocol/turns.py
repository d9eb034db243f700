"""What a turn was, said once: every front reads it. Pure.

The rules of a chat view make the facts of its turns (``structured.turns``), the host those of a terminal.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from .untrusted_numbers import money, tokens

TurnOutcome = Literal["done", "interrupted", "error", "limit", "cut"]
"""How a turn ended: by a "limit" of the user's subscription, "cut" by the end of the agent."""


class TurnWork(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How much a turn did, its sub-agents included."""

    read: int = 0
    """Tokens that the model read, without those from its cache; all tokens are 0 if the agent did not say them."""
    cached: int = 0
    """Tokens that it read from its cache."""
    written: int = 0
    """Tokens that it wrote."""
    cost: float = 0.0
    currency: str = ""
    files: int = 0
    """How many files its edits changed; commands may have changed others. A moved file counts once."""
    added: int = 0
    removed: int = 0
    """Lines of these files."""
    commands: int = 0
    """Commands that ran, without those that the user declined."""
    failed: int = 0
    """How many of these failed, without a sub-agent's."""
    declined: int = 0
    """Calls of tools that the user declined."""
    looks: int = 0
    """Calls of tools that read, search or fetch."""
    others: int = 0
    """Calls of other tools that changed no file."""
    known: Literal["", "least", "exact"] = ""
    """How far the tokens are known: "" if the agent does not say them, or an earlier version read them; "least" if
    what it says, or its record, lacks some."""

    def bounded(self) -> TurnWork:
        """The work without numbers that cannot be true: a host of an earlier version took any."""
        said, cost = [tokens(each) for each in (self.read, self.cached, self.written)], money(self.cost)
        if None not in said and cost is not None:
            return self
        read, cached, written = (each or 0 for each in said)
        known = self.known if None not in said else "least" if any(said) else ""
        currency = self.currency if cost is not None else ""
        return msgspec.structs.replace(
            self, read=read, cached=cached, written=written, known=known, cost=cost or 0.0, currency=currency
        )


class TurnFacts(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A turn. Times are as in ``facts``."""

    prompt: str = ""
    """The id of the prompt's item; "" in a terminal, and for a turn that the agent began by itself."""
    by: str = ""
    """Who sent the prompt; see ``events.TurnStarted``."""
    began: str = ""
    ended: str = ""
    """"" while it runs, or if unknown."""
    outcome: TurnOutcome | Literal[""] = ""
    """"" while it runs."""
    error: str = ""
    """The agent's reason for an "error" or a "limit", one line."""
    resets_at: str = ""
    """When the limit is reset that stopped it; "" if that is not known, or no limit did."""
    work: TurnWork | None = None
    """None while it is not known."""
