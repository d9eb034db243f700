"""What a resumed or forked conversation had used before: told apart from what the process uses, never counted again."""

from __future__ import annotations

from typing import Any

import pytest

from session_host.protocol.turns import TurnWork
from session_host.protocol.untrusted_numbers import MOST_MONEY
from session_host.structured.dialects.base import FORK_OPTION, Start
from session_host.structured.dialects.claude.reader import MessageReader, ReaderState
from session_host.structured.dialects.codex.state import CodexState, Context
from session_host.structured.dialects.codex.turns import Turns
from session_host.structured.dialects.one_shot import OneShotState, OpencodeReader
from session_host.structured.items import AnyChange, UsageChanged
from session_host.structured.spent import Spent

BEFORE = UsageChanged(0, 0, 600, 3.0, "USD", read=300, cached=200, written=100)


class Told:
    """Takes an agent's reports within a turn."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.spent = Spent()

    def emit(self, change: AnyChange) -> None:
        if isinstance(change, UsageChanged):
            self.spent.note(change, in_turn=True)

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None

    @property
    def work(self) -> TurnWork:
        return self.spent.end_turn(TurnWork(), "completed")


def result(read: int, cached: int, written: int, cost: float, *, turn: tuple[int, int, int]) -> dict[str, Any]:
    """Claude's totals at a turn's end, and the tokens of the turn's own requests."""
    model = {"inputTokens": read, "cacheReadInputTokens": cached, "outputTokens": written}
    usage = {"input_tokens": turn[0], "cache_read_input_tokens": turn[1], "output_tokens": turn[2]}
    return {"modelUsage": {"fake": model}, "total_cost_usd": cost, "usage": usage}


@pytest.mark.parametrize(
    ("used", "first", "expected"),
    [
        # A new process begins at 0.
        (BEFORE, result(30, 20, 10, 0.5, turn=(30, 20, 10)), TurnWork(read=30, cached=20, written=10, cost=0.5)),
        # It goes on with what the chat before had used.
        (BEFORE, result(330, 220, 110, 3.5, turn=(30, 20, 10)), TurnWork(read=30, cached=20, written=10, cost=0.5)),
        # It goes on with what nobody knows here.
        (BEFORE, result(930, 820, 710, 9.5, turn=(30, 20, 10)), TurnWork(read=30, cached=20, written=10)),
        (None, result(330, 220, 110, 3.5, turn=(30, 20, 10)), TurnWork(read=30, cached=20, written=10)),
    ],
    ids=["new", "known", "unknown", "nothing known"],
)
def test_claudes_totals_after_a_resume_count_from_what_was_used_before(
    used: UsageChanged | None, first: dict[str, Any], expected: TurnWork
) -> None:
    told = Told()
    reader = MessageReader(told, ReaderState(continues=True, used=used))
    reader.note_result(first)
    work = told.work
    assert (work.read, work.cached, work.written) == (expected.read, expected.cached, expected.written)
    assert (work.cost, work.currency) == (expected.cost, "USD" if expected.cost else "")
    assert work.known == ("exact" if expected.cost else "least")
    model = first["modelUsage"]["fake"]
    model["inputTokens"] += 7
    reader.note_result(first | {"total_cost_usd": first["total_cost_usd"] + 0.25, "usage": {}})
    assert told.work == TurnWork(read=7, cost=0.25, currency="USD", known="exact")


def codex(told: Told, **start: Any) -> Turns:
    context = Context(told)
    context.state = CodexState(Start(directory="/", **start), context.rpc.state)
    context.state.thread, context.state.turn = "thread", "now"
    return Turns(context)


def tokens(total: int, last: int, turn: str = "now") -> dict[str, Any]:
    of = {name: {"totalTokens": count, "inputTokens": count} for name, count in (("total", total), ("last", last))}
    return {"turnId": turn, "tokenUsage": of}


def test_codex_repeats_the_last_report_of_a_resumed_thread() -> None:
    told = Told()
    turns = codex(told, conversation="thread")
    turns.usage(tokens(600, 50, turn="before"))
    turns.usage(tokens(640, 40))
    assert told.work == TurnWork(read=40, known="exact")


def test_codex_tells_a_forks_tokens_with_its_first_request() -> None:
    told = Told()
    turns = codex(told, options={FORK_OPTION: "thread"})
    turns.usage(tokens(640, 40))
    turns.usage(tokens(650, 10))
    assert told.work == TurnWork(read=50, known="exact")


def test_a_fork_that_is_stopped_before_its_first_request_used_nothing() -> None:
    told = Told()
    turns = codex(told, options={FORK_OPTION: "thread"}, used=BEFORE)
    turns.usage(tokens(600, 50))
    assert told.work == TurnWork(known="exact")


def test_a_new_thread_of_codex_counts_from_zero_with_its_sub_agents() -> None:
    told = Told()
    turns = codex(told)
    turns.usage(tokens(40, 40))
    turns.agents_usage(tokens(530, 30), "sub-agent with history")
    turns.agents_usage(tokens(530, 30), "sub-agent with history")
    turns.agents_usage(tokens(550, 20), "sub-agent with history")
    turns.usage(tokens(60, 20))
    assert told.work == TurnWork(read=110, known="exact")


def test_a_running_total_that_cannot_be_true_stays_as_it_was_and_is_not_counted_again() -> None:
    told = Told()
    reader = MessageReader(told, ReaderState())
    reader.note_result(result(100, 50, 20, 1.0, turn=(0, 0, 0)))
    assert told.work == TurnWork(read=100, cached=50, written=20, cost=1.0, currency="USD", known="exact")
    for bad in (2**63, -5, None):
        reader.note_result(result(bad, 60, 25, -100.0, turn=(0, 0, 0)))  # type: ignore[arg-type]
        assert told.work.known == "least"
    reader.note_result(result(130, 60, 25, 1.5, turn=(0, 0, 0)))
    assert told.work == TurnWork(read=30, cost=0.5, currency="USD", known="exact")


def test_totals_of_codex_stay_as_they_were_if_one_cannot_be_true() -> None:
    told = Told()
    turns = codex(told)
    for total, cached, written in ((100, 30, 20), (2**64, -1, 25), (130, 40, 30)):
        used = {"totalTokens": total, "cachedInputTokens": cached, "outputTokens": written}
        turns.usage({"tokenUsage": {"total": used, "last": used}})
    assert told.work == TurnWork(read=60, cached=40, written=30, known="least")


def test_the_costs_of_a_turns_requests_pass_no_amount_of_the_user_by_their_sum() -> None:
    told = Told()
    reader = OpencodeReader(told, OneShotState(ReaderState()))
    for _ in range(3):
        reader.line({"type": "step_finish", "part": {"cost": 0.6 * MOST_MONEY, "tokens": {"input": 1}}})
    assert told.work == TurnWork(read=3, cost=MOST_MONEY, currency="USD", known="least")
