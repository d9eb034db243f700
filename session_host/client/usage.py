"""What the turns of this machine's chats used, and the limits of its accounts. Blocks on the disk."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from session_host.client.sessions.store_access import open_store
from session_host.protocol.usage import QUARTER_S, UsageSum
from session_host.structured.items import UsageLimit


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

    Raises:
        StoreError: the store cannot be read.
    """
    with open_store() as store:
        return store.usage.since(int(since_s // QUARTER_S))


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
    return []


def tightest(limits: Iterable[UsageLimit]) -> UsageLimit | None:
    """The limit of which most is used, of several the one that is reset last; None for none."""
    return max(limits, key=lambda each: (each.used, each.resets_ms), default=None)
