"""What the tab shows of sums: numbers, days and rows. Pure."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from gui.wording import phrases, usage_texts
from session_host.protocol.usage import UsageSum
from session_host.standing.accounts import account_name
from session_host.standing.row_line import project_hue
from session_host.standing.usage import (
    REMOVED,
    SAYS_NOTHING,
    By,
    by_day,
    grouped,
    money_words,
    number_words,
    short_count,
    tokens_words,
    total,
)

from .bars import BarDay, Piece
from .table import Row

TOKENS, TURNS = "tokens", "turns"
"""What the bars show; else a currency."""
LISTED: Final = 20
"""How many chats are listed at first: those that used the most."""
_LINES: Final = 3
_ALL_DAYS_LABELLED: Final = 7
_NICE: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


class KnownAgent(NamedTuple):
    """An agent as the window shows it.

    Attributes:
        title: its name for users.
        monogram: its letters; "" if it is not in the catalog.
        hue: its place in the catalog, which gives its colour; −1 if it has none.
    """

    title: str
    monogram: str
    hue: int


AgentOf = Callable[[str], KnownAgent]


def last_days(sums: Iterable[UsageSum], today: date, days: int) -> dict[date, list[UsageSum]]:
    """The sums of each of so many days, of which today is the last; the oldest first."""
    known = by_day(sums)
    wanted = [today - timedelta(days=number) for number in range(days - 1, -1, -1)]
    return {day: known.get(day, []) for day in wanted}


def currencies(sums: Iterable[UsageSum]) -> list[str]:
    """The currencies in which agents say money."""
    return [currency for currency, _cost in total(sums).costs]


def value_of(one: UsageSum, measure: str) -> float:
    """What the bars show of a sum."""
    if measure == TURNS:
        return one.turns
    return one.tokens if measure == TOKENS else dict(one.costs).get(measure, 0.0)


def words_of(one: UsageSum, measure: str) -> str:
    """The same for the user."""
    if measure == TURNS:
        return f"{one.turns:,}"
    if measure == TOKENS:
        return tokens_words(one, one.tokens)
    cost = dict(one.costs).get(measure)
    only = (UsageSum(turns=one.turns, costs=((measure, cost),), unpriced=one.unpriced)) if cost is not None else None
    return money_words(only) if only is not None else SAYS_NOTHING


def bar_days(days: dict[date, list[UsageSum]], measure: str, agent_of: AgentOf) -> list[BarDay]:
    """The days as bars, a piece for each agent in the order of the catalog."""
    today = max(days)
    return [_bar(day, today, len(days), sums, measure, agent_of) for day, sums in days.items()]


def _bar(day: date, today: date, count: int, sums: list[UsageSum], measure: str, agent_of: AgentOf) -> BarDay:
    agents = [(agent_of(each.agent), each) for each in grouped(sums, "agent")]
    agents.sort(key=lambda pair: (pair[0].hue < 0, pair[0].hue, pair[0].title))
    pieces = tuple(
        Piece(agent.title, agent.hue, value_of(each, measure), words_of(each, measure)) for agent, each in agents
    )
    label = usage_texts.TODAY() if day == today else ""
    if not label and (count <= _ALL_DAYS_LABELLED or (today - day).days % 7 == (count - 1) % 7):
        label = usage_texts.short_day(day, today)
    chats = len({each.chat for each in sums})
    text = words_of(total(sums), measure) if sums else short_count(0)
    return BarDay(day, usage_texts.day_name(day, today), label, pieces, text, chats)


def axis(highest: float, measure: str) -> list[tuple[float, str]]:
    """The values of three lines above the days, evenly apart, the last one at or above the highest day."""
    if highest <= 0:
        return []
    least = highest / _LINES
    power = 10.0 ** math.floor(math.log10(least))
    # Binary fractions: 0.1 + 0.2 is more than 0.3.
    step = next(each * power for each in _NICE if each * power >= least * (1 - 1e-9))
    if measure in {TOKENS, TURNS}:
        step = max(float(math.ceil(step)), 1.0)
    return [(step * number, axis_words(step * number, measure)) for number in range(1, _LINES + 1)]


def axis_words(value: float, measure: str) -> str:
    """A value beside a line."""
    if measure in {TOKENS, TURNS} or value >= 1000:
        return short_count(round(value)).replace(".0", "")
    words = number_words(value, measure)
    return words.rstrip("0").rstrip(".") if "." in words else words


# ---------------------------------------------------------------- the table


def rows(sums: Sequence[UsageSum], by: By, agent_of: AgentOf, most: int | None) -> list[Row]:
    """The rows of the table, the most used first; of chats not more than ``most``, the others in one last row."""
    groups = grouped(sums, by)
    if by != "chat":
        same = Counter(phrases.last_part(each.project) for each in groups)
        return [_row(each, by, agent_of, is_alone=same[phrases.last_part(each.project)] < 2) for each in groups]
    known, removed = ([each for each in groups if bool(each.name) is has_name] for has_name in (True, False))
    listed = known if most is None else known[:most]
    rest = known[len(listed) :]
    found = [_row(each, by, agent_of) for each in listed]
    if rest:
        gone = {each.chat for each in sums if not each.name}
        name = usage_texts.MORE(n=len(rest) + len(gone))
        found.append(_cells(Row(name=name, is_rest=True), total([*rest, *removed])))
    elif removed:
        found.append(_cells(Row(name=REMOVED, is_rest=True), total(removed)))
    return found


def _row(one: UsageSum, by: By, agent_of: AgentOf, *, is_alone: bool = True) -> Row:
    agent = agent_of(one.agent)
    match by:
        case "agent":
            return _cells(Row(name=agent.title, agent=agent.hue), one)
        case "account":
            name = account_name(agent.title, one.account)
            return _cells(Row(name=name, more=agent.title if name != agent.title else ""), one)
        case "project":
            more = "" if is_alone else phrases.short_directory(one.project)
            return _cells(Row(name=phrases.last_part(one.project), more=more, project=project_hue(one.project)), one)
        case _:
            more = agent.monogram or agent.title
            return _cells(Row(name=one.name, more=more, project=project_hue(one.project), chat=one.chat), one)


def _cells(row: Row, one: UsageSum) -> Row:
    tokens = (tokens_words(one, each) for each in (one.tokens_in, one.cached, one.written))
    return row._replace(cells=(f"{one.turns:,}", *tokens, money_words(one)))


# ---------------------------------------------------------------- the file

_ORDERS: Final = ("=", "+", "-", "@", "\t")
"""A spreadsheet takes a text that begins so for a formula; names are programs' and agents' own texts."""


def as_csv(sums: Sequence[UsageSum], by: By, agent_of: AgentOf) -> str:
    """The whole table with exact numbers, a column for each currency."""
    money = currencies(sums)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = {"agent": ["agent"], "account": ["agent", "account"], "project": ["project"]}
    heads = names.get(by, ["chat", "id", "agent", "account", "project"])
    counts = ["turns", "turns without tokens", "turns with at least", "tokens in", "of them cached", "tokens out"]
    writer.writerow([*heads, *counts, *money])
    for each in grouped(sums, by):
        has_name = bool(each.name) or by != "chat"
        texts = {"chat": each.name or REMOVED, "id": each.chat, "account": each.account, "project": each.project}
        texts["agent"] = agent_of(each.agent).title if has_name else ""
        costs = dict(each.costs)
        written = [f"'{texts[head]}" if texts[head].startswith(_ORDERS) else texts[head] for head in heads]
        tokens = [each.turns, each.unknown, each.least, each.tokens_in, each.cached, each.written]
        writer.writerow([*written, *tokens, *(costs.get(currency, "") for currency in money)])
    return text.getvalue()
