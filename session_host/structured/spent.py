"""What a turn used, by the running totals that its agent reports: what was used since the turn before it ended. Pure.

So requests between two turns, such as those of a sub-agent in the background, belong to the next turn, and the sum of
all turns is what the agent counts. A total that begins with the process counts from 0. One that counts what the
conversation used before, since it was resumed or forked, counts from its first report; if that comes in a turn, this
turn's use is not known, rather than all of history. A lower total is a new base.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from session_host.protocol.turns import TurnWork
from session_host.protocol.untrusted_numbers import money, tokens_in_all

from .items import UsageChanged, WrittenOutcome


class Spent(msgspec.Struct, array_like=True):
    """What was used since the last turn's end.

    Attributes:
        told: the last report that had tokens; None before the first one.
        paid: the last one that had money.
        read, cached, written: tokens.
        cost, currency: money; another currency is a new base.
        lacks_tokens: "all" if they are not known, "some" if more may have been used.
        lacks_money: whether the money is not known.
    """

    told: UsageChanged | None = None
    paid: UsageChanged | None = None
    read: int = 0
    cached: int = 0
    written: int = 0
    cost: float = 0.0
    currency: str = ""
    lacks_tokens: Literal["", "some", "all"] = ""
    lacks_money: bool = False

    def note(self, now: UsageChanged, *, in_turn: bool) -> None:
        """Take the agent's next report.

        Args:
            now: the report.
            in_turn: whether a turn runs.
        """
        if now.total:
            self._note_tokens(now, in_turn=in_turn)
        if now.currency:
            self._note_money(now, in_turn=in_turn)

    def _note_tokens(self, now: UsageChanged, *, in_turn: bool) -> None:
        before, self.told = self.told, now
        if not _tells_apart(now) or not (before is None or _tells_apart(before)):
            self.lacks_tokens = "all"
        elif now.of_conversation in {"base", "most"}:
            self.lacks_tokens = "some" if now.of_conversation == "most" else ""
        elif before is None and now.of_conversation == "tokens":
            self.lacks_tokens = "all" if in_turn else ""
        elif before is not None and now.total < before.total:
            self.lacks_tokens = self.lacks_tokens or "some"
        else:
            before = before or UsageChanged(0, 0)
            self.read = tokens_in_all(self.read, max(now.read - before.read, 0))
            self.cached = tokens_in_all(self.cached, max(now.cached - before.cached, 0))
            self.written = tokens_in_all(self.written, max(now.written - before.written, 0))
            self.lacks_tokens = self.lacks_tokens or ("some" if now.is_least else "")

    def _note_money(self, now: UsageChanged, *, in_turn: bool) -> None:
        before, self.paid = self.paid, now
        if now.of_conversation in {"base", "most"}:
            self.lacks_money = now.of_conversation == "most"
        elif before is None and now.of_conversation == "cost":
            self.lacks_money = in_turn
        elif before is not None and (now.currency != before.currency or not now.cost >= before.cost >= 0):
            # What this turn has spent by then counts, although it may have spent more.
            self.lacks_money = self.lacks_money or now.currency != before.currency or not self.cost
        else:
            self.cost += now.cost - (before.cost if before is not None else 0.0)
            self.currency = now.currency

    def end_turn(self, work: TurnWork, outcome: WrittenOutcome) -> TurnWork:
        """A turn's work with what was used until now, which is counted anew from here on.

        A turn without a report used what it used before, as a command of the agent itself does: nothing.
        """
        if self.told is not None and self.lacks_tokens != "all":
            is_least = bool(self.lacks_tokens) or outcome in {"interrupted", "cut"}
            work = msgspec.structs.replace(
                work,
                read=self.read,
                cached=self.cached,
                written=self.written,
                known="least" if is_least else "exact",
            )
        if self.paid is not None and not self.lacks_money and (cost := money(self.cost)) is not None:
            currency = self.currency or self.paid.currency
            work = msgspec.structs.replace(work, cost=round(cost, 6), currency=currency)
        self.read = self.cached = self.written = 0
        self.cost, self.currency, self.lacks_tokens, self.lacks_money = 0.0, "", "", False
        return work


def from_before(usage: UsageChanged | None, before: UsageChanged | None) -> Spent:
    """The use of a turn that began under a version that did not count so.

    Args:
        usage: the last report; None for none.
        before: the last one before the turn.
    """
    spent = Spent(
        before if before is not None and before.total else None, before if before and before.currency else None
    )
    if usage is not None:
        spent.note(usage, in_turn=False)
    return spent


def _tells_apart(usage: UsageChanged) -> bool:
    return usage.total == usage.read + usage.cached + usage.written
