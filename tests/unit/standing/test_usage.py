"""Sums of what turns used, by group and by day, and their words."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from session_host.protocol.usage import QUARTER_S, UsageSum
from session_host.standing.usage import (
    By,
    amount_words,
    begin_of_days_s,
    by_day,
    day_of,
    grouped,
    missing_words,
    money_words,
    number_words,
    quarters_of_today,
    short_count,
    tokens_words,
    total,
)

_COUNTS = st.integers(min_value=0, max_value=10**9)
_SUMS = st.lists(
    st.builds(
        UsageSum,
        chat=st.sampled_from(["a", "b", "c"]),
        name=st.sampled_from(["", "one", "two"]),
        agent=st.sampled_from(["claude", "codex"]),
        account=st.sampled_from(["", "work"]),
        project=st.sampled_from(["/p", "/q"]),
        quarter=st.integers(min_value=1_900_000, max_value=2_100_000),
        turns=_COUNTS,
        unknown=_COUNTS,
        read=_COUNTS,
        cached=_COUNTS,
        written=_COUNTS,
        costs=st.sampled_from([(), (("USD", 0.5),), (("EUR", 2.0), ("USD", 0.25))]),
        unpriced=_COUNTS,
    )
)
BERLIN, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")


@given(_SUMS)
def test_the_sums_of_all_groups_and_of_all_days_are_equal(sums: list[UsageSum]) -> None:
    whole = total(sums)
    groups: tuple[By, ...] = ("agent", "account", "project", "chat")
    for by in groups:
        assert total(grouped(sums, by)) == whole
    for zone in (BERLIN, KATHMANDU, UTC):
        assert total(total(day) for day in by_day(sums, zone).values()) == whole


def test_currencies_are_never_added() -> None:
    sums = [UsageSum(costs=(("USD", 0.5),)), UsageSum(costs=(("EUR", 1.0),)), UsageSum(costs=(("USD", 0.25),))]
    assert total(sums).costs == (("EUR", 1.0), ("USD", 0.75))


def test_groups_have_what_they_are_grouped_by_and_the_most_tokens_first() -> None:
    sums = [
        UsageSum("1", "api", "claude", "work", "/api", turns=1, read=5),
        UsageSum("2", "web", "codex", "", "/web", turns=1, read=10),
        UsageSum("3", "", "claude", "", "/api", turns=1, read=1),
        UsageSum("4", "", "codex", "", "/api", turns=2, read=1),
    ]
    assert [(each.agent, each.read) for each in grouped(sums, "agent")] == [("codex", 11), ("claude", 6)]
    assert [(each.agent, each.account) for each in grouped(sums, "account")] == [
        ("codex", ""),
        ("claude", "work"),
        ("claude", ""),
    ]
    assert [(each.project, each.turns) for each in grouped(sums, "project")] == [("/web", 1), ("/api", 4)]
    assert [(each.name, each.turns) for each in grouped(sums, "chat")] == [("web", 1), ("api", 1), ("", 3)]


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        ("2026-03-28T22:45:00+00:00", BERLIN, date(2026, 3, 28)),
        ("2026-03-28T23:00:00+00:00", BERLIN, date(2026, 3, 29)),
        ("2026-03-29T21:45:00+00:00", BERLIN, date(2026, 3, 29)),  # A day of 23 hours.
        ("2026-03-29T22:00:00+00:00", BERLIN, date(2026, 3, 30)),
        ("2026-10-25T22:45:00+00:00", BERLIN, date(2026, 10, 25)),  # A day of 25 hours.
        ("2026-10-25T23:00:00+00:00", BERLIN, date(2026, 10, 26)),
        ("2026-05-01T18:00:00+00:00", KATHMANDU, date(2026, 5, 1)),  # Five hours and 45 minutes ahead.
        ("2026-05-01T18:15:00+00:00", KATHMANDU, date(2026, 5, 2)),
    ],
)
def test_a_quarter_is_of_one_day_in_every_zone(moment: str, zone: ZoneInfo, day: date) -> None:
    assert day_of(int(datetime.fromisoformat(moment).timestamp()) // QUARTER_S, zone) == day


def test_days_begin_at_midnight_also_where_clocks_are_set() -> None:
    now = datetime(2026, 3, 30, 12, tzinfo=UTC)
    begins = [datetime.fromtimestamp(begin_of_days_s(days, now, BERLIN), UTC).isoformat() for days in (1, 2, 3)]
    assert begins == ["2026-03-29T22:00:00+00:00", "2026-03-28T23:00:00+00:00", "2026-03-27T23:00:00+00:00"]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0"),
        (870, "870"),
        (999, "999"),
        (1000, "1.0k"),
        (3149, "3.1k"),
        (99_949, "99.9k"),
        (99_950, "100k"),
        (412_300, "412k"),
        (999_499, "999k"),
        (999_500, "1.0M"),
        (4_100_000, "4.1M"),
        (412_000_000, "412M"),
        (1_200_000_000, "1.2G"),
    ],
)
def test_counts_have_at_most_four_signs(count: int, words: str) -> None:
    assert short_count(count) == words


def test_words_say_what_is_at_least_and_what_says_nothing() -> None:
    assert tokens_words(UsageSum(turns=2), 4_100_000) == "4.1M"
    assert tokens_words(UsageSum(turns=2, least=1), 4_100_000) == "≥ 4.1M"
    assert tokens_words(UsageSum(turns=2, unknown=1), 870) == "≥ 870"
    assert tokens_words(UsageSum(turns=2, unknown=2), 0) == "says nothing"
    assert money_words(UsageSum(turns=2, costs=(("EUR", 1.0), ("USD", 3.1)))) == "1.00 EUR · 3.10 USD"
    assert money_words(UsageSum(turns=2, costs=(("USD", 1234.5),), unpriced=1)) == "≥ 1,234.50 USD"
    assert money_words(UsageSum(turns=2, unpriced=2)) == "says nothing"
    assert money_words(UsageSum()) == ""
    assert amount_words(3.1, "CHF") == "3.10 CHF"
    assert money_words(UsageSum(turns=2, costs=(("USD", 0.000036),), unpriced=1)) == "≥ 0.000036 USD"
    assert money_words(UsageSum(turns=2, costs=(("USD", 1e-9),), unpriced=1)) == "< 0.000001 USD", "no ≥ of nothing"


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (0.0, "USD", "0.00"),
        (1234.5, "USD", "1,234.50"),
        (0.995, "USD", "0.99"),
        (0.5, "USD", "0.50"),
        (0.0999, "USD", "0.10"),
        (0.05, "USD", "0.05"),
        (0.0123, "USD", "0.012"),
        (0.0099999, "USD", "0.01"),
        (0.0042, "USD", "0.0042"),
        (0.000036, "USD", "0.000036"),
        (0.0000006, "USD", "0.000001"),
        (0.0000001, "USD", "< 0.000001"),
        (0.0, "JPY", "0"),
        (1234.5, "JPY", "1,234"),
        (5.0, "JPY", "5"),
        (0.42, "KRW", "0.42"),
    ],
)
def test_an_amount_has_two_decimals_or_two_digits(amount: float, currency: str, words: str) -> None:
    assert number_words(amount, currency) == words
    assert amount_words(amount, currency) == f"{words} {currency}"


def test_what_is_missing_is_said_of_each_agent() -> None:
    sums = [
        UsageSum(agent="claude", turns=3, least=2, unknown=1),
        UsageSum(agent="aider", turns=2, unknown=2),
        UsageSum(agent="codex", turns=1),
    ]
    claude, aider = missing_words(sums, str.title)
    assert claude.startswith("Claude: it leaves out some requests, ")
    assert claude.endswith("; 1 turn says no tokens")
    assert aider == "Aider: 2 turns say no tokens"


def test_today_has_an_end_also_where_clocks_are_set() -> None:
    now = datetime(2026, 3, 29, 12, tzinfo=UTC)
    today = quarters_of_today(now, BERLIN)
    assert len(today) == 23 * 4
    assert now.timestamp() // QUARTER_S in today
    assert (now.timestamp() + 86400) // QUARTER_S not in today


def test_an_amount_that_is_not_finite_has_words() -> None:
    """Another machine may say one."""
    assert amount_words(math.inf, "USD").startswith("inf")


def test_a_sum_of_another_machine_has_what_can_be_true() -> None:
    whole = UsageSum(turns=2, unknown=1, read=10**12, cached=3, written=5, costs=(("EUR", 1.0), ("USD", 2e9)))
    assert whole.bounded() == whole
    lost = replace(whole, read=-1, written=2**63, costs=(("EUR", 1.0), ("USD", math.inf)))
    assert lost.bounded() == replace(whole, least=1, read=0, written=0, costs=(("EUR", 1.0),), unpriced=1)
    assert replace(whole, costs=(("USD", math.nan),)).bounded().unpriced == 2
