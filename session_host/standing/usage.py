"""What turns did and cost together. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from session_host.protocol.turns import TurnWork

_COUNTS: Final = tuple(name for name in TurnWork.__struct_fields__ if name not in {"cost", "currency"})


class Usage(NamedTuple):
    """The sums of some turns.

    Attributes:
        turns: how many there were.
        unknown: how many of these did something that is not known: the sums are "at least".
        work: the sum of the others' work, without money.
        costs: what their agents say that it cost, by currency; currencies are never added.
    """

    turns: int = 0
    unknown: int = 0
    work: TurnWork = TurnWork()
    costs: tuple[tuple[str, float], ...] = ()


def usage_of(works: Iterable[TurnWork | None]) -> Usage:
    """The sums of turns by their work; None for a turn whose work is not known."""
    every = list(works)
    known = [work for work in every if work is not None]
    costs: dict[str, float] = {}
    for work in known:
        if work.cost:
            costs[work.currency] = costs.get(work.currency, 0.0) + work.cost
    sums = {name: sum(getattr(work, name) for work in known) for name in _COUNTS}
    return Usage(len(every), len(every) - len(known), TurnWork(**sums), tuple(sorted(costs.items())))
