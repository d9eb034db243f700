"""What the tab shows of sums: days, lines, rows, the file."""

from __future__ import annotations

import csv
from datetime import date, datetime, timedelta

import pytest

from gui.window.usage.figures import (
    TOKENS,
    TURNS,
    KnownAgent,
    as_csv,
    axis,
    bar_days,
    currencies,
    last_days,
    rows,
    value_of,
)
from session_host.protocol.usage import QUARTER_S, UsageSum
from session_host.standing.usage import REMOVED, SAYS_NOTHING, By, total

TODAY = date(2026, 11, 30)
AGENTS = {"claude": KnownAgent("Claude Code", "CC", 0), "codex": KnownAgent("Codex", "Cx", 1)}


def agent_of(name: str) -> KnownAgent:
    return AGENTS.get(name, KnownAgent(name, "", -1))


def quarter(day: date, hour: int = 12) -> int:
    """A quarter of an hour of a day on the clocks here."""
    return int(datetime(day.year, day.month, day.day, hour).astimezone().timestamp()) // QUARTER_S


def used(chat: str, day: date = TODAY, **fields: object) -> UsageSum:
    """What a chat used on a day."""
    known: dict[str, object] = {"name": chat, "agent": "claude", "project": "/src/api", "turns": 2, "read": 10}
    return UsageSum(chat, quarter=quarter(day), **(known | fields))  # type: ignore[arg-type]


SUMS = [
    used("one", read=100, cached=900, written=60, costs=(("USD", 1.5),)),
    used("two", agent="codex", project="/src/docs", read=30, written=10, least=2, unpriced=2),
    used("two", TODAY - timedelta(days=6), agent="codex", project="/src/docs", read=70, unpriced=2),
    used("old", TODAY - timedelta(days=29), name="", read=5, costs=(("EUR", 2.0),)),
    used("silent", agent="own", project="/home/x/docs", read=0, unknown=2, unpriced=2),
    used("before", TODAY - timedelta(days=30), read=10**9),
]


def in_days(count: int) -> list[UsageSum]:
    return [one for each in last_days(SUMS, TODAY, count).values() for one in each]


def test_the_days_are_those_up_to_today_also_without_use() -> None:
    days = last_days(SUMS, TODAY, 7)
    assert list(days) == [TODAY - timedelta(days=ago) for ago in range(6, -1, -1)]
    assert [len(each) for each in days.values()] == [1, 0, 0, 0, 0, 0, 3]


def test_a_day_has_a_piece_for_each_agent_in_the_order_of_the_catalog() -> None:
    [first, *_none, today] = bar_days(last_days(SUMS, TODAY, 7), TOKENS, agent_of)
    assert [(each.agent, each.value, each.text) for each in today.pieces] == [
        ("Claude Code", 1060, "1.1k"),
        ("Codex", 40, "≥ 40"),
        ("own", 0, SAYS_NOTHING),
    ]
    assert (today.chats, today.value, today.label) == (3, 1100, "today")
    assert (first.value, first.chats) == (70, 1)
    [*_days, today] = bar_days(last_days(SUMS, TODAY, 7), TURNS, agent_of)
    assert [(each.agent, each.text) for each in today.pieces] == [("Claude Code", "2"), ("Codex", "2"), ("own", "2")]


def test_currencies_are_never_added() -> None:
    assert currencies(in_days(30)) == ["EUR", "USD"]
    days = last_days(SUMS, TODAY, 30)
    by_currency = {each: [day.value for day in bar_days(days, each, agent_of)] for each in ("EUR", "USD")}
    assert (by_currency["EUR"][0], by_currency["EUR"][-1]) == (2.0, 0.0)
    assert (by_currency["USD"][0], by_currency["USD"][-1]) == (0.0, 1.5)


@pytest.mark.parametrize("by", ["agent", "account", "project", "chat"])
def test_the_sums_of_each_table_are_equal(by: By) -> None:
    sums = in_days(30)
    shown = [int(row.cells[0]) for row in rows(sums, by, agent_of, 1)]
    assert sum(shown) == total(sums).turns == value_of(total(sums), TURNS)
    lines = list(csv.DictReader(as_csv(sums, by, agent_of).splitlines()))
    assert sum(int(line["tokens in"]) for line in lines) == total(sums).tokens_in
    assert sum(float(line["EUR"] or 0) for line in lines) == 2.0


def test_chats_that_are_not_listed_are_one_last_row() -> None:
    found = rows(in_days(30), "chat", agent_of, 2)
    assert [(row.name, row.more, row.chat, row.is_rest) for row in found] == [
        ("one", "CC", "one", False),
        ("two", "Cx", "two", False),
        ("2 more", "", "", True),
    ]
    assert [row.name for row in rows(in_days(30), "chat", agent_of, None)] == ["one", "two", "silent", REMOVED]


def test_what_an_agent_does_not_say_is_said_so() -> None:
    found = {row.name: row.cells for row in rows(in_days(30), "agent", agent_of, None)}
    assert found["own"] == ("2", SAYS_NOTHING, SAYS_NOTHING, SAYS_NOTHING, SAYS_NOTHING)
    assert found["Codex"][1] == "≥ 100"
    assert found["Codex"][-1] == SAYS_NOTHING


def test_projects_of_one_name_have_their_directories() -> None:
    found = {row.more for row in rows(in_days(30), "project", agent_of, None) if row.name == "docs"}
    assert found == {"/src/docs", "/home/x/docs"}


@pytest.mark.parametrize(
    ("highest", "measure", "texts"),
    [
        (5_100_000, TOKENS, ["2M", "4M", "6M"]),
        (3, TURNS, ["1", "2", "3"]),
        (1, TURNS, ["1", "2", "3"]),
        (0.3, "USD", ["0.1", "0.2", "0.3"]),
        (7.4, "USD", ["2.5", "5", "7.5"]),
        (44_000, "USD", ["20k", "40k", "60k"]),
        (0, TOKENS, []),
    ],
)
def test_three_lines_are_at_round_values_and_no_day_is_above_them(
    highest: float, measure: str, texts: list[str]
) -> None:
    lines = axis(highest, measure)
    assert [text for _value, text in lines] == texts
    assert not lines or lines[-1][0] >= highest * (1 - 1e-9)


def test_a_name_in_the_file_is_no_formula() -> None:
    text = as_csv([used("=cmd()", name="=cmd()|x")], "chat", agent_of)
    assert "'=cmd()|x" in text
    assert "\n=" not in text
