"""What turns used: sums by agent, account, project, chat and day, and their words. Pure.

Money is what the agents say. Nothing is estimated, and currencies are never added.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, Literal

from session_host.protocol.untrusted_text import one_line
from session_host.protocol.usage import ASK_AT_CHAT, QUARTER_S, AmountReached, UsageSum

By = Literal["agent", "account", "project", "chat"]


def total(sums: Iterable[UsageSum]) -> UsageSum:
    """All of them together."""
    whole = UsageSum()
    for each in sums:
        whole += each
    return whole


def grouped(sums: Iterable[UsageSum], by: By) -> list[UsageSum]:
    """The sum of each agent, account, project or chat, the most tokens first; removed chats are one group.

    An account is one of an agent; a chat keeps its agent, account and project.
    """
    keys: Mapping[By, Callable[[UsageSum], UsageSum]] = {
        "agent": lambda each: UsageSum(agent=each.agent),
        "account": lambda each: UsageSum(agent=each.agent, account=each.account),
        "project": lambda each: UsageSum(project=each.project),
        "chat": lambda each: (
            UsageSum(each.chat, each.name, each.agent, each.account, each.project) if each.name else UsageSum()
        ),
    }
    found: dict[UsageSum, UsageSum] = {}
    for each in sums:
        key = keys[by](each)
        found[key] = found.get(key, key) + each
    return sorted(found.values(), key=lambda each: (-each.tokens, -each.turns, each.name, each.agent, each.project))


def by_day(sums: Iterable[UsageSum], zone: tzinfo | None = None) -> dict[date, list[UsageSum]]:
    """The sums of each day on the clocks of a zone, oldest first; None for this machine's zone."""
    found: dict[date, list[UsageSum]] = {}
    for each in sorted(sums, key=lambda each: each.quarter):
        found.setdefault(day_of(each.quarter, zone), []).append(each)
    return found


def day_of(quarter: int, zone: tzinfo | None = None) -> date:
    """The day of a quarter of an hour on the clocks of a zone."""
    return datetime.fromtimestamp(quarter * QUARTER_S, UTC).astimezone(zone).date()


def begin_of_days_s(days: int, now: datetime, zone: tzinfo | None = None) -> float:
    """The beginning of so many days, of which today is the last: seconds since 1970; of 0 days, the end of today."""
    first = now.astimezone(zone).date() - timedelta(days=days - 1)
    midnight = datetime(first.year, first.month, first.day, tzinfo=zone)
    return midnight.timestamp() if zone is not None else midnight.astimezone().timestamp()


def quarters_of_today(now: datetime, zone: tzinfo | None = None) -> range:
    """The quarters of an hour of today; turns that ended in one of them are today's."""
    begin_s, end_s = (begin_of_days_s(days, now, zone) for days in (1, 0))
    return range(int(begin_s // QUARTER_S), int(end_s // QUARTER_S))


# ---------------------------------------------------------------- words

SAYS_NOTHING: Final = "says nothing"
"""In place of tokens or money that no turn says."""
AT_LEAST: Final = "≥"
_WITHOUT_CENTS: Final = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()  # noqa: SIM905 - a list of words
)
"""Currencies without a smaller unit (ISO 4217)."""
_MOST_DECIMALS: Final = 6
_LEAST_SHOWN: Final = 0.5 * 10**-_MOST_DECIMALS
"""Less money than this is rounded to nothing."""
REMOVED: Final = "removed chats"
_LACKS: Final = "it leaves out some requests, such as those that compact or name a conversation"


def short_count(count: int) -> str:
    """A number of tokens in three or four signs: "870", "3.1k", "412k", "4.1M", "1.2G"."""
    value = float(count)
    for unit in ("", "k", "M"):
        # Rounded, 999,950 would be "1000k".
        if value < (1000 if not unit else 999.5):
            return f"{value:.0f}{unit}" if not unit or value >= 99.95 else f"{value:.1f}{unit}"
        value /= 1000
    return f"{value:.1f}G"


def tokens_words(usage: UsageSum, count: int) -> str:
    """A number of tokens of a sum: "4.1M"; "≥ 4.1M" if some are not known, "says nothing" if none are."""
    if usage.turns and usage.turns == usage.unknown:
        return SAYS_NOTHING
    return f"{AT_LEAST} {short_count(count)}" if usage.least or usage.unknown else short_count(count)


def money_words(usage: UsageSum) -> str:
    """The money of a sum: "1.00 EUR · 3.10 USD"; "≥ 3.10 USD" if some turns say none, "says nothing" if all do."""
    if not usage.costs:
        return SAYS_NOTHING if usage.turns else ""
    words = []
    for currency, cost in usage.costs:
        # That it is at least nothing says nothing.
        least = f"{AT_LEAST} " if usage.unpriced and cost >= _LEAST_SHOWN else ""
        words.append(f"{least}{amount_words(cost, currency)}")
    return " · ".join(words)


def number_words(amount: float, currency: str = "") -> str:
    """An amount without its currency: "3.10", "310" of one without cents; a small one has two digits: "0.0042"."""
    least = 0 if currency in _WITHOUT_CENTS else 2
    if 0 < amount < _LEAST_SHOWN:
        return f"< {10**-_MOST_DECIMALS:.{_MOST_DECIMALS}f}"
    digits = 1 - math.floor(math.log10(amount)) if 0 < amount < math.inf else 0
    whole, _, cents = f"{amount:,.{min(max(least, digits), _MOST_DECIMALS)}f}".partition(".")
    cents = cents.rstrip("0").ljust(least, "0")
    return f"{whole}.{cents}" if cents else whole


def amount_words(amount: float, currency: str) -> str:
    """An amount of money: "3.10 USD"; see ``number_words``."""
    return f"{number_words(amount, currency)} {one_line(currency)}"


def asked_words(reached: AmountReached) -> str:
    """What is asked at an amount: "10.04 USD of 10.00 in this chat", "… today"."""
    where = "in this chat" if reached.setting == ASK_AT_CHAT else "today"
    return (
        f"{amount_words(reached.spent, reached.currency)} of {number_words(reached.amount, reached.currency)} {where}"
    )


def missing_words(sums: Sequence[UsageSum], name_of: Callable[[str], str]) -> list[str]:
    """What the tokens of these sums lack, a line for each agent; [] if they are whole.

    Args:
        sums: the sums.
        name_of: the name of an agent for users.
    """
    lines = []
    for each in grouped(sums, "agent"):
        parts = []
        if each.least:
            parts.append(_LACKS)
        if each.unknown:
            turns = "1 turn says" if each.unknown == 1 else f"{each.unknown:,} turns say"
            parts.append(f"{turns} no tokens")
        if parts:
            lines.append(f"{name_of(each.agent)}: {'; '.join(parts)}")
    return lines
