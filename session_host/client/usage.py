"""What the turns of this machine's chats used, and the limits of its accounts. Blocks on the disk."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from session_host.client.sessions.store_access import open_store
from session_host.paths import config_dir
from session_host.protocol.events import Limit, LimitsChanged
from session_host.protocol.usage import QUARTER_S, AmountReached, UsageSum
from session_host.standing.limits import is_over
from session_host.standing.usage import quarters_of_today
from session_host.storage.store.amounts import AmountFile
from session_host.structured.items import UsageLimit
from session_host.system.clock import parse_time


class AccountLimits(msgspec.Struct, frozen=True, array_like=True):
    """The limits of an account as its agent last reported them; those whose reset has passed are left out.

    Attributes:
        agent: a name of the agent catalog.
        account: a name of the agent's accounts; "" for its default one.
        limits: all that it reported, at least one.
        at: when, ISO 8601, UTC.
    """

    agent: str
    account: str
    limits: tuple[UsageLimit, ...]
    at: str


def read_usage(since_s: float = 0.0) -> list[UsageSum]:
    """What turns used that ended since a time, in seconds since 1970, or in its quarter of an hour; oldest first.

    Those that a clock which was set back dated after today are left out.

    Raises:
        StoreError: the store cannot be read.
    """
    quarters = range(int(since_s // QUARTER_S), quarters_of_today(datetime.now(UTC)).stop)
    with open_store() as store:
        return store.usage.within(quarters)


def counted_since_s() -> int | None:
    """When the first turn ended that is counted, in seconds since 1970; None for none.

    Raises:
        StoreError: the store cannot be read.
    """
    with open_store() as store:
        first = store.usage.first_quarter()
    return None if first is None else first * QUARTER_S


def limits_of_accounts() -> list[AccountLimits]:
    """The limits of each account that says some, by agent and account.

    Raises:
        StoreError: the store cannot be read.
    """
    now_s = time.time()
    with open_store() as store:
        entries = store.ledger.last_limits()
    found = []
    for entry in entries:
        if isinstance(event := entry.event, LimitsChanged) and (at := parse_time(entry.at)) is not None:
            limits = tuple(_limit(each, at.timestamp()) for each in event.limits)
            if left := tuple(each for each in limits if not _is_over(each, now_s)):
                found.append(AccountLimits(event.agent, event.account, left, entry.at))
    return sorted(found, key=lambda each: (each.agent, each.account))


def _limit(limit: Limit, at_s: float) -> UsageLimit:
    resets = parse_time(limit.resets_at)
    resets_ms = round(resets.timestamp() * 1000) if resets is not None else 0
    return UsageLimit(limit.id, limit.used, limit.window_min, resets_ms, limit.name, round(at_s * 1000))


def _is_over(limit: UsageLimit, now_s: float) -> bool:
    return is_over(now_s * 1000, limit.resets_ms, limit.at_ms, limit.window_min)


def amount_reached(session_id: str) -> AmountReached | None:
    """The amount at which the user is asked before a chat view's next turn; None for none.

    Raises:
        StoreError: the store cannot be read.
    """
    amounts = AmountFile(config_dir() / "chats.toml").read()
    if not amounts.are_set:
        return None
    with open_store() as store:
        return store.usage.amount_reached(session_id, amounts, quarters_of_today(datetime.now(UTC)))


def tightest(limits: Iterable[UsageLimit]) -> UsageLimit | None:
    """The limit of which most is used, of several the one that is reset last; None for none."""
    return max(limits, key=lambda each: (each.used, each.resets_ms), default=None)
