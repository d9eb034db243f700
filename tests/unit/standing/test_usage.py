"""Sums of turns: unknown ones are counted as such, and money of two currencies is not added."""

from __future__ import annotations

from session_host.protocol.turns import TurnWork
from session_host.standing.usage import Usage, usage_of


def test_turns_are_added_and_those_that_are_not_known_are_told() -> None:
    works = [TurnWork(read=10, written=2, files=1, added=3), None, TurnWork(read=5, cached=7, commands=2)]
    assert usage_of(works) == Usage(3, 1, TurnWork(read=15, cached=7, written=2, files=1, added=3, commands=2))
    assert usage_of([]) == Usage()


def test_money_is_added_by_its_currency() -> None:
    works = [TurnWork(cost=0.25, currency="USD"), TurnWork(cost=1, currency="EUR"), TurnWork(cost=0.5, currency="USD")]
    assert usage_of(works).costs == (("EUR", 1.0), ("USD", 0.75))
    assert usage_of(works).work == TurnWork()
