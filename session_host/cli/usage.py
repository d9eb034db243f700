"""``outlive usage``: what turns used, today and in thirty days, and the limits of accounts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final, get_args

from session_host.cli.json_forms import AccountsLimits, UsageReport, UsedSince, UsedTokens
from session_host.cli.output import cut, print_json, terminal_columns, width
from session_host.cli.session_argument import DATES, period_of
from session_host.client.usage import AccountLimits, counted_since_s, limits_of_accounts, read_usage
from session_host.paths import short_directory
from session_host.protocol.events import Limit
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.usage import QUARTER_S, UsageSum
from session_host.standing.accounts import with_account
from session_host.standing.clock_times import told_time
from session_host.standing.limits import limit_name, used_percent
from session_host.standing.usage import (
    REMOVED,
    By,
    begin_of_days_s,
    day_of,
    grouped,
    missing_words,
    money_words,
    tokens_words,
    total,
)
from session_host.structured.turns import time_text
from session_host.system.clock import as_text, moment_of

DAYS: Final = 30
_HEADINGS: Final = ("TURNS", "TOKENS IN", "OF THEM CACHED", "TOKENS OUT", "MONEY")
_LEAVES: Final = (3, 4, 2)
"""The columns that a narrow terminal does not show, in this order, as in the window; ``--json`` has them."""
_LEAST_NAME_COLUMNS: Final = 12
_GAP: Final = "  "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument("--json", action="store_true", help="print all groupings, and the limits of accounts, as JSON")
    parser.add_argument("--since", metavar="DATE", help=f"since then, in place of {DAYS} days: {DATES}")
    parser.add_argument("--by", choices=get_args(By), default="agent", help="by what the table groups (default: agent)")
    parser.epilog = (
        "A turn counts on the day in which it ended. Tokens and money are what the agents say; nothing is estimated. "
        "Agents in terminals say no money, and some requests are not in their records: ≥ stands before such tokens."
    )


def run(options: argparse.Namespace) -> int:
    """Print the sums, or all of them as JSON."""
    now = datetime.now(UTC)
    today_s, since_s = begin_of_days_s(1, now), _since_s(options.since, now)
    sums = read_usage(min(today_s, since_s))
    today = [each for each in sums if each.begin_s >= today_s]
    days = [each for each in sums if each.begin_s >= since_s]
    limits = limits_of_accounts()
    if options.json:
        first_s = counted_since_s()
        print_json(
            UsageReport(
                as_text(first_s) if first_s is not None else None,
                _used(today, today_s),
                _used(days, since_s),
                missing_words(days, str),
                list(map(_limits, limits)),
            )
        )
        return 0
    name = f"since {options.since}" if options.since else f"{DAYS} days"
    for line in _lines(today, days, name, options.by, limits, now, terminal_columns()):
        print(one_line(line))
    return 0


def _since_s(text: str | None, now: datetime) -> float:
    found = period_of("--since", text)
    return begin_of_days_s((now.astimezone().date() - found.first).days + 1 if found is not None else DAYS, now)


# ---------------------------------------------------------------- for people


def _lines(
    today: Sequence[UsageSum],
    days: Sequence[UsageSum],
    name: str,
    by: By,
    limits: Sequence[AccountLimits],
    now: datetime,
    columns: int | None = None,
) -> list[str]:
    first_s = counted_since_s()
    if first_s is None:
        return ["no turn was counted yet; turns from now on are", *_limit_lines(limits, now)]
    rows = [("today", total(today)), (name, total(days))]
    rows += [(_name_of(each, by), each) for each in grouped(days, by)]
    cells = [("", *_HEADINGS), *((name, *_cells(each)) for name, each in rows)]
    table = _table([*cells[:3], (by.upper(), *_HEADINGS), *cells[3:]], columns)
    return [
        *table[:3],
        *(["", *table[3:]] if days else []),
        "",
        f"counted since {day_of(first_s // QUARTER_S).isoformat()}; money as the agents estimate it",
        *(f"≥ {line}" for line in missing_words(days, str)),
        *_limit_lines(limits, now),
    ]


def _name_of(group: UsageSum, by: By) -> str:
    match by:
        case "agent":
            return group.agent
        case "account":
            return with_account(group.agent, group.account)
        case "project":
            return short_directory(group.project)
        case "chat":
            return group.name or REMOVED


def _cells(usage: UsageSum) -> tuple[str, ...]:
    words = partial(tokens_words, usage)
    tokens = (words(usage.tokens_in), words(usage.cached), words(usage.written))
    return (f"{usage.turns:,}", *tokens, money_words(usage))


def _table(cells: Sequence[tuple[str, ...]], columns: int | None) -> list[str]:
    """Lines with the first column at the left, and numbers at the right.

    Args:
        cells: the texts of each line.
        columns: how wide a line may be, in which names are cut and columns left out, numbers never; None for any width.
    """
    widths = [max(width(line[column]) for line in cells) for column in range(len(cells[0]))]
    shown = list(range(1, len(widths)))

    def room() -> int:
        return columns - sum(widths[each] + len(_GAP) for each in shown) if columns is not None else widths[0]

    for column in _LEAVES:
        if room() >= min(widths[0], _LEAST_NAME_COLUMNS):
            break
        shown.remove(column)
    widths[0] = min(widths[0], max(room(), _LEAST_NAME_COLUMNS))
    lines = []
    for line in cells:
        name = cut(line[0], [], widths[0])
        parts = [name + " " * (widths[0] - width(name))]
        parts += [" " * (widths[column] - width(line[column])) + line[column] for column in shown]
        lines.append(_GAP.join(parts).rstrip())
    return lines


def _limit_lines(accounts: Sequence[AccountLimits], now: datetime) -> list[str]:
    lines = []
    for account in accounts:
        for limit in account.limits:
            until = f" until {told_time(moment_of(limit.resets_ms), now, with_date=True)}" if limit.resets_ms else ""
            name = limit_name(limit.window_min, limit.name)
            lines.append(f"{with_account(account.agent, account.account)}: {name} {used_percent(limit.used)} %{until}")
    return lines


# ---------------------------------------------------------------- for programs


def _used(sums: Sequence[UsageSum], since_s: float) -> UsedSince:
    agents, accounts, projects, chats = ([_tokens(each) for each in grouped(sums, by)] for by in get_args(By))
    return UsedSince(as_text(since_s), _tokens(total(sums)), agents, accounts, projects, chats)


def _tokens(usage: UsageSum) -> UsedTokens:
    return UsedTokens(
        usage.agent,
        usage.account,
        usage.project,
        usage.chat,
        usage.name,
        usage.turns,
        usage.unknown,
        usage.least,
        usage.tokens_in,
        usage.cached,
        usage.written,
        {currency: round(cost, 6) for currency, cost in usage.costs},
        usage.unpriced,
    )


def _limits(account: AccountLimits) -> AccountsLimits:
    limits = [
        Limit(each.id, each.used, each.window_min, time_text(each.resets_ms), each.name) for each in account.limits
    ]
    return AccountsLimits(account.agent, account.account, account.at, limits)
