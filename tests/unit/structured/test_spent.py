"""What a turn used, by an agent's running totals: the sum of all turns is what the agent counts."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.protocol.turns import TurnWork
from session_host.structured.items import UsageChanged
from session_host.structured.spent import Spent, from_before


def usage(read: int, cached: int = 0, written: int = 0, cost: float = 0.0, **more: str) -> UsageChanged:
    currency = more.pop("currency", "USD" if cost else "")
    counts = {"read": read, "cached": cached, "written": written}
    return UsageChanged(0, 0, read + cached + written, cost, currency, **counts, **more)  # type: ignore[arg-type]


def ended(spent: Spent, outcome: str = "completed") -> TurnWork:
    return spent.end_turn(TurnWork(commands=1), outcome)  # type: ignore[arg-type]


_REPORTS = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(0, 1000), st.integers(1, 1000), st.floats(0, 5), st.booleans())
)


@given(_REPORTS)
def test_the_sum_of_all_turns_is_what_the_agent_counts(reports: list[tuple[int, int, int, float, bool]]) -> None:
    spent, turns = Spent(), []
    read = cached = written = 0
    cost = 0.0
    for more_read, more_cached, more_written, more_cost, ends in reports:
        read, cached, written, cost = read + more_read, cached + more_cached, written + more_written, cost + more_cost
        spent.note(usage(read, cached, written, cost), in_turn=True)
        turns += [ended(spent)] if ends else []
    turns.append(ended(spent))
    assert sum(each.read for each in turns) == read
    assert sum(each.cached for each in turns) == cached
    assert sum(each.written for each in turns) == written
    assert abs(sum(each.cost for each in turns) - cost) < 1e-4
    assert {each.known for each in turns} <= ({"exact"} if reports else {""})


def test_a_total_of_the_process_counts_from_zero() -> None:
    spent = Spent()
    spent.note(usage(10, 5, 2, 0.5), in_turn=True)
    assert ended(spent) == TurnWork(read=10, cached=5, written=2, cost=0.5, currency="USD", commands=1, known="exact")
    assert ended(spent) == TurnWork(currency="USD", commands=1, known="exact"), "a command of the agent itself"


def test_what_is_used_between_two_turns_belongs_to_the_next_one() -> None:
    spent = Spent()
    spent.note(usage(10), in_turn=True)
    ended(spent)
    spent.note(usage(14), in_turn=False)
    spent.note(usage(20), in_turn=True)
    assert ended(spent).read == 10


def test_a_total_of_the_conversation_counts_from_its_first_report() -> None:
    spent = Spent()
    spent.note(usage(5000, of_conversation="tokens"), in_turn=False)
    spent.note(usage(5010, of_conversation="tokens"), in_turn=True)
    assert ended(spent) == TurnWork(read=10, commands=1, known="exact")


def test_a_turn_before_whose_end_no_base_was_seen_is_not_all_of_history() -> None:
    spent = Spent()
    spent.note(UsageChanged(0, 0, of_conversation="tokens"), in_turn=False)  # Limits only.
    for total in (5000, 5010):
        spent.note(usage(total, of_conversation="tokens"), in_turn=True)
    assert ended(spent) == TurnWork(commands=1), "unknown"
    spent.note(usage(5030, of_conversation="tokens"), in_turn=True)
    assert ended(spent) == TurnWork(read=20, commands=1, known="exact")


def test_money_has_a_base_of_its_own() -> None:
    spent = Spent()
    spent.note(usage(10, of_conversation="cost"), in_turn=True)
    spent.note(usage(10, cost=7.5, of_conversation="cost"), in_turn=True)
    assert ended(spent) == TurnWork(read=10, commands=1, known="exact")
    spent.note(usage(12, cost=8.0, of_conversation="cost"), in_turn=True)
    assert (work := ended(spent)).read == 2
    assert (work.cost, work.currency) == (0.5, "USD")
    spent.note(usage(12, cost=0.25, currency="EUR"), in_turn=True)
    assert ended(spent).currency == "", "another currency is a new base"
    spent.note(usage(12, cost=0.75, currency="EUR"), in_turn=True)
    assert (work := ended(spent)).currency == "EUR"
    assert work.cost == 0.5


def test_a_lower_total_is_a_new_base() -> None:
    spent = Spent()
    for total in (100, 30, 50):
        spent.note(usage(total), in_turn=True)
    assert ended(spent) == TurnWork(read=120, commands=1, known="least")
    spent.note(usage(51), in_turn=True)
    assert ended(spent).known == "exact"


def test_a_turn_that_was_stopped_used_at_least_what_its_agent_said() -> None:
    for outcome in ("interrupted", "cut"):
        spent = Spent()
        spent.note(usage(10), in_turn=True)
        assert ended(spent, outcome).known == "least"


def test_an_agent_that_leaves_out_requests_says_at_least() -> None:
    spent = Spent()
    spent.note(msgspec.structs.replace(usage(10), is_least=True), in_turn=True)
    assert ended(spent) == TurnWork(read=10, commands=1, known="least")


def test_an_agent_that_says_nothing_has_no_tokens_and_no_money() -> None:
    assert ended(Spent()) == TurnWork(commands=1)
    spent = Spent()
    spent.note(UsageChanged(0, 0, 500), in_turn=True)  # It does not tell them apart.
    assert ended(spent) == TurnWork(commands=1)


def test_a_turn_of_an_earlier_version_counts_from_its_beginning() -> None:
    spent = from_before(usage(30, cost=3.0), usage(10, cost=1.0))
    assert ended(spent) == TurnWork(read=20, cost=2.0, currency="USD", commands=1, known="exact")
    spent = from_before(usage(30), UsageChanged(0, 0, 20))
    assert ended(spent) == TurnWork(commands=1), "that version kept the sum alone"
    assert ended(from_before(None, None)) == TurnWork(commands=1)


def test_a_total_that_falls_is_a_new_base_and_never_a_refund() -> None:
    spent = Spent()
    spent.note(usage(100, cost=12.0), in_turn=True)
    assert ended(spent).cost == 12.0
    spent.note(usage(100, cost=2.0), in_turn=True)
    assert (ended(spent).currency, ended(spent).cost) == ("", 0.0)
    spent.note(usage(100, cost=5.0), in_turn=True)
    assert ended(spent).cost == 3.0


def test_a_total_that_falls_in_a_turn_takes_nothing_back_of_what_the_turn_has_spent() -> None:
    spent = Spent()
    for cost in (12.0, 2.0, 5.0):
        spent.note(usage(100, cost=cost), in_turn=True)
    assert ((work := ended(spent)).cost, work.currency) == (15.0, "USD")
    spent.note(usage(100, cost=6.0), in_turn=True)
    spent.note(usage(100, cost=1.0, currency="EUR"), in_turn=True)
    spent.note(usage(100, cost=0.5, currency="EUR"), in_turn=True)
    assert ended(spent).currency == "", "one turn has one currency"


@pytest.mark.parametrize("cost", [-100.0, math.nan, math.inf])
def test_a_total_that_an_earlier_version_took_is_no_base_if_it_cannot_be_true(cost: float) -> None:
    spent = Spent(paid=usage(1, cost=cost))
    spent.note(usage(1, cost=5.0), in_turn=True)
    assert ended(spent).currency == ""
    spent.note(usage(1, cost=7.0), in_turn=True)
    assert ended(spent).cost == 2.0


def test_the_tokens_of_a_turn_are_numbers_of_64_bits() -> None:
    spent = Spent(read=10**18)
    spent.note(usage(10**12), in_turn=True)
    assert ended(spent).read == 10**18
