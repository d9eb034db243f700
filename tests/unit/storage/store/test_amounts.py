"""Whether an amount of money is reached: of a chat with those that its agent started, and of a day."""

from __future__ import annotations

import math
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from session_host.protocol.events import NumberedEvent, TurnCounted, TurnEnded
from session_host.protocol.facts import ChatFacts
from session_host.protocol.turns import TurnWork
from session_host.protocol.usage import QUARTER_S, AmountReached
from session_host.storage.store import Store
from session_host.storage.store.amounts import AmountFile, Amounts
from session_host.system.clock import parse_time
from tests.support.journals import make_record

YESTERDAY, TODAY = "2026-11-27T20:00:00.000Z", "2026-11-28T08:00:00.000Z"
_MIDNIGHT = parse_time("2026-11-28T00:00:00.000Z")
assert _MIDNIGHT is not None
DAY = range(int(_MIDNIGHT.timestamp()) // QUARTER_S, int(_MIDNIGHT.timestamp()) // QUARTER_S + 96)


def chat(store: Store, agent_chats: str = "", agent: str = "claude", runtime: str = "structured") -> ChatFacts:
    record = make_record(name="api", agent=agent)
    record = replace(record, origin=replace(record.origin, runtime=runtime, agent_chats=agent_chats or record.id))
    store.insert(record)
    return record


def turn(number: int, cost: float, at: str = TODAY, currency: str = "USD") -> NumberedEvent:
    work = TurnWork(cost=cost, currency=currency, known="exact")
    return NumberedEvent(number, at, TurnEnded(turn=number, outcome="done", ended=at, work=work))


def reached(
    store: Store, record: ChatFacts, *, chat: float = 0.0, day: float = 0.0, unsaved: tuple[NumberedEvent, ...] = ()
) -> AmountReached | None:
    return store.usage.amount_reached(record.id, Amounts(chat, day), DAY, unsaved)


def test_a_chat_has_reached_its_amount(store: Store) -> None:
    api = chat(store)
    store.ledger.add(api.id, [turn(1, 4.0, YESTERDAY), turn(2, 5.5)])
    assert reached(store, api, chat=10.0) is None
    assert reached(store, api, chat=9.5) == AmountReached("ask_at_chat", 9.5, 9.5, "USD")
    assert reached(store, api, day=5.5) == AmountReached("ask_at_day", 5.5, 5.5, "USD")
    assert reached(store, api, day=6.0) is None, "yesterday is over"
    assert reached(store, api, chat=9.0, day=1.0) == AmountReached("ask_at_chat", 9.5, 9.0, "USD")


def test_currencies_are_not_added(store: Store) -> None:
    api = chat(store)
    store.ledger.add(api.id, [turn(1, 4.0), turn(2, 5.0, currency="EUR")])
    assert reached(store, api, chat=6.0) is None
    assert reached(store, api, chat=5.0) == AmountReached("ask_at_chat", 5.0, 5.0, "EUR")


def test_chats_that_an_agent_started_count_to_the_starters_amount_also_when_they_are_removed(store: Store) -> None:
    api = chat(store)
    child = chat(store, f"child:{api.id}")
    grandchild = chat(store, f"grandchild:child:{api.id}")
    other = chat(store)
    for each in (api, child, grandchild, other):
        store.ledger.add(each.id, [turn(1, 2.0)])
    store.remove(child.id)
    for each in (api, grandchild):
        assert reached(store, each, chat=6.0) == AmountReached("ask_at_chat", 6.0, 6.0, "USD")
    assert reached(store, other, chat=6.0) is None
    assert reached(store, other, day=8.0) == AmountReached("ask_at_day", 8.0, 8.0, "USD")


def test_a_resumed_chat_goes_on_with_what_was_spent(store: Store) -> None:
    api = chat(store)
    store.ledger.add(api.id, [turn(1, 2.0)])
    again = chat(store, api.id)  # It takes over the other's place among the agents' chats.
    assert reached(store, again, chat=2.0) is not None


def test_an_agent_that_says_no_money_is_not_asked_about(store: Store) -> None:
    api, silent = chat(store), chat(store, agent="codex")
    store.ledger.add(api.id, [turn(1, 20.0)])
    store.ledger.add(silent.id, [turn(1, 0.0, currency="")])
    assert reached(store, silent, day=10.0) is None
    assert reached(store, chat(store), day=10.0) is not None, "a new chat of the agent that does"


def test_turns_that_the_store_has_not_got_count_once(store: Store) -> None:
    api = chat(store)
    store.ledger.add(api.id, [turn(1, 2.0)])
    unsaved = (turn(1, 2.0), turn(2, 3.0))
    assert reached(store, api, chat=5.0, unsaved=unsaved) == AmountReached("ask_at_chat", 5.0, 5.0, "USD")
    assert reached(store, api, chat=5.1, unsaved=unsaved) is None
    assert reached(store, api, day=5.0, unsaved=(turn(2, 3.0, YESTERDAY),)) is None


def test_a_terminals_money_counts_to_the_day(store: Store) -> None:
    api, terminal = chat(store), chat(store, agent="opencode", runtime="terminal")
    store.ledger.add(api.id, [turn(1, 1.0)])
    counted = TurnCounted(turn=1, outcome="done", ended=TODAY, work=TurnWork(cost=4.0, currency="USD"))
    store.ledger.add(terminal.id, [NumberedEvent(1, TODAY, counted)])
    assert reached(store, api, day=5.0) is not None


def test_the_amount_that_is_offered_is_above_what_was_spent() -> None:
    assert AmountReached("ask_at_chat", 10.04, 10.0, "USD").next_amount == 20.0
    assert AmountReached("ask_at_chat", 45.0, 10.0, "USD").next_amount == 80.0


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("ask_at_chat = 10.0\nask_at_day = 50\n", Amounts(10.0, 50.0)),
        ('ask_at_chat = "10"\nask_at_day = -1\n', Amounts()),
        ("ask_at_chat = true\n", Amounts()),
        (f"ask_at_chat = {'9' * 400}\nask_at_day = inf\n", Amounts()),
        ("= damaged", Amounts()),
    ],
)
def test_amounts_are_read_again_once_the_file_has_changed(tmp_path: Path, text: str, amounts: Amounts) -> None:
    path = tmp_path / "chats.toml"
    file = AmountFile(path)
    assert file.read() == Amounts()
    path.write_text(text)
    assert file.read() == amounts
    other = tmp_path / "other"
    other.write_text("ask_at_day = 3\n")
    other.replace(path)
    os.utime(path, ns=(1, 1))
    assert file.read() == Amounts(0.0, 3.0)
    path.unlink()
    assert not file.read().are_set


@pytest.mark.parametrize("cost", [-100.0, -1e308, math.nan, math.inf, 1e308])
def test_an_amount_that_cannot_be_true_passes_no_amount_of_the_user(store: Store, cost: float) -> None:
    api, other = chat(store), chat(store)
    store.ledger.add(api.id, [turn(1, 12.0)])
    store.ledger.add(other.id, [turn(1, cost)])
    assert reached(store, api, day=10.0, unsaved=(turn(2, cost),)) == AmountReached("ask_at_day", 12.0, 10.0, "USD")
    assert reached(store, api, chat=10.0, unsaved=(turn(2, cost),)) == AmountReached("ask_at_chat", 12.0, 10.0, "USD")
    assert reached(store, other, day=13.0, chat=1.0) is None, "nor is it one that is reached"


@pytest.mark.parametrize("cost", [-100.0, 1e308, math.inf])
def test_an_amount_that_an_earlier_version_added_passes_none_either(store: Store, path: Path, cost: float) -> None:
    api, other = chat(store), chat(store)
    store.ledger.add(api.id, [turn(1, 12.0)])
    store.ledger.add(other.id, [turn(1, 1.0)])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE usage SET cost = ? WHERE cost = 1.0", (cost,))
    assert reached(store, api, day=10.0) == AmountReached("ask_at_day", 12.0, 10.0, "USD")
    assert reached(store, api, day=13.0) is None


def test_a_day_ends(store: Store) -> None:
    """Sums of a clock that was set back are not today's."""
    api = chat(store)
    store.ledger.add(api.id, [turn(1, 2.0, "2026-11-29T00:00:00.000Z")])
    assert reached(store, api, day=1.0) is None
    assert reached(store, api, day=1.0, unsaved=(turn(2, 2.0, "2026-11-29T00:00:00.000Z"),)) is None
    assert reached(store, api, chat=2.0) is not None


def test_the_amount_that_is_offered_has_an_end() -> None:
    assert AmountReached("ask_at_chat", math.inf, 10.0, "USD").next_amount > 1e9
