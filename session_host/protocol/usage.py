"""What some turns used. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from .untrusted_numbers import MOST_MONEY, money, tokens

QUARTER_S: Final = 900
"""The time of one sum, in seconds."""


class UsageSum(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What some turns used: those of a chat in a quarter of an hour, or of a group of these.

    Attributes:
        chat: the chat's id, of a chat that another one continues the other's; as all texts "" if the group has several.
        name: the chat's name; "" once it is removed.
        agent: a name of the agent catalog.
        account: a name of the agent's accounts; "" for its default one.
        project: the directory, without symbolic links.
        quarter: seconds since 1970 // ``QUARTER_S``; a turn counts when it ended.
        turns: how many there were.
        unknown: how many of these say no tokens.
        least: how many of the others say "at least" so many: the record of an agent in a terminal lacks some requests.
        read, cached, written: tokens; ``read`` is without ``cached`` ones.
        costs: what the agents say that it cost, by currency.
        unpriced: how many turns say no money.
    """

    chat: str = ""
    name: str = ""
    agent: str = ""
    account: str = ""
    project: str = ""
    quarter: int = 0
    turns: int = 0
    unknown: int = 0
    least: int = 0
    read: int = 0
    cached: int = 0
    written: int = 0
    costs: tuple[tuple[str, float], ...] = ()
    unpriced: int = 0

    def __add__(self, other: UsageSum) -> UsageSum:
        """Both, with the texts of the first."""
        costs = dict(self.costs)
        for currency, cost in other.costs:
            costs[currency] = costs.get(currency, 0.0) + cost
        return msgspec.structs.replace(
            self,
            turns=self.turns + other.turns,
            unknown=self.unknown + other.unknown,
            least=self.least + other.least,
            read=self.read + other.read,
            cached=self.cached + other.cached,
            written=self.written + other.written,
            costs=tuple(sorted(costs.items())),
            unpriced=self.unpriced + other.unpriced,
        )

    def bounded(self) -> UsageSum:
        """The sum without numbers that cannot be true: an earlier version, here or on another machine, took any."""
        read, cached, written = (tokens(each, self.turns) for each in (self.read, self.cached, self.written))
        costs = tuple((currency, cost) for currency, cost in self.costs if money(cost, self.turns) is not None)
        is_whole = read is not None and cached is not None and written is not None
        unpriced = self.unpriced if costs == self.costs else max(self.unpriced, 1) if costs else self.turns
        return msgspec.structs.replace(
            self,
            least=self.least if is_whole else self.turns - self.unknown,
            read=read or 0,
            cached=cached or 0,
            written=written or 0,
            costs=costs,
            unpriced=unpriced,
        )

    @property
    def tokens_in(self) -> int:
        """The tokens that models read, those of their caches included."""
        return self.read + self.cached

    @property
    def tokens(self) -> int:
        """All tokens."""
        return self.tokens_in + self.written

    @property
    def begin_s(self) -> int:
        """When its quarter began, in seconds since 1970."""
        return self.quarter * QUARTER_S


class AmountReached(msgspec.Struct, frozen=True, array_like=True):
    """An amount of money at which the user wants to be asked before the next turn, and that is reached.

    Attributes:
        setting: the name of the setting that has it: ``ASK_AT_CHAT`` or ``ASK_AT_DAY``.
        spent: what the agents say that it cost: the chat with all that its agent started, or all chats of the day.
        amount: the amount.
        currency: that of ``spent``; currencies are never added.
    """

    setting: str
    spent: float
    amount: float
    currency: str

    @property
    def next_amount(self) -> float:
        """The amount that is offered: doubled until it is above what was spent."""
        amount = self.amount
        while amount <= min(self.spent, MOST_MONEY):
            amount *= 2
        return amount


ASK_AT_CHAT: Final = "ask_at_chat"
ASK_AT_DAY: Final = "ask_at_day"
