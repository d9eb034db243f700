"""The sums of what turns used: each turn once, in the quarter in which it ended; they outlive their chats."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from session_host.protocol.events import Event, NumberedEvent, TurnCounted, TurnEnded
from session_host.protocol.facts import ChatFacts, OwnWorktree
from session_host.protocol.turns import TurnWork
from session_host.protocol.usage import QUARTER_S, UsageSum
from session_host.protocol.values import State
from session_host.storage.store import Store, ledger, usage
from session_host.system.clock import as_text
from tests.support.journals import make_record

ENDED = "2026-11-28T14:59:59.000Z"
QUARTER = int(datetime(2026, 11, 28, 14, 45, tzinfo=UTC).timestamp()) // QUARTER_S
NEVER = 1 << 40
WORK = TurnWork(read=5, cached=3, written=2, cost=0.5, currency="USD", known="exact")


def add(store: Store, chat: ChatFacts, number: int, event: Event, at: str = "2026-11-28T15:00:10.000Z") -> None:
    store.ledger.add(chat.id, [NumberedEvent(number, at, event)])


def ended(turn: int, work: TurnWork | None = WORK, at: str = ENDED) -> TurnEnded:
    return TurnEnded(turn=turn, outcome="done", ended=at, work=work)


def counted(turn: int, work: TurnWork | None, at: str = ENDED) -> TurnCounted:
    return TurnCounted(turn=turn, outcome="done", ended=at, work=work)


def chat_view(name: str = "api") -> ChatFacts:
    record = make_record(name=name, agent="claude", cwd="/srv/api")
    return replace(record, origin=replace(record.origin, runtime="structured", real_cwd="/data/api", account="work"))


def test_a_turn_counts_once_in_the_quarter_in_which_it_ended(store: Store) -> None:
    chat = chat_view()
    store.insert(chat)
    before = store.ledger.position()
    for _ in range(2):
        add(store, chat, 1, ended(1))
    assert [each.id for each in store.changes_since(before).changed] == [chat.id], "who follows rows reads it again"
    whole = UsageSum(chat.id, "api", "claude", "work", "/data/api", QUARTER, 1, 0, 0, 5, 3, 2, (("USD", 0.5),), 0)
    assert store.usage.within(range(QUARTER, NEVER)) == [whole]
    assert store.usage.within(range(QUARTER + 1, NEVER)) == []
    add(store, chat, 2, ended(2))
    add(store, chat, 3, ended(3, at="2026-11-28T15:00:00.000Z"))
    found = store.usage.within(range(NEVER))
    assert [(each.quarter, each.turns, each.read, each.costs) for each in found] == [
        (QUARTER, 2, 10, (("USD", 1.0),)),
        (QUARTER + 1, 1, 5, (("USD", 0.5),)),
    ]
    assert store.usage.first_quarter() == QUARTER


def test_a_turn_in_a_terminal_counts_when_its_record_has_it(store: Store) -> None:
    chat = make_record(name="api", agent="claude")
    store.insert(chat)
    add(store, chat, 1, ended(1, None))
    assert store.usage.within(range(NEVER)) == []
    add(store, chat, 2, counted(1, TurnWork(read=5, written=2, known="least")))
    add(store, chat, 3, counted(2, None))
    (found,) = store.usage.within(range(NEVER))
    assert (found.quarter, found.turns, found.unknown, found.least) == (QUARTER, 2, 1, 1)
    assert (found.tokens, found.costs, found.unpriced) == (7, (), 2)


def test_what_a_turn_says_is_told_apart(store: Store) -> None:
    chat = chat_view()
    store.insert(chat)
    works = [
        WORK,
        replace(WORK, cost=1.0, currency="EUR"),
        TurnWork(known="exact"),  # A command of the agent itself.
        TurnWork(read=4),  # An earlier version counted it.
        TurnWork(commands=3),  # The agent says no tokens.
        None,
    ]
    for number, work in enumerate(works, 1):
        add(store, chat, number, ended(number, work))
    (found,) = store.usage.within(range(NEVER))
    assert (found.turns, found.unknown, found.least, found.unpriced) == (6, 2, 1, 4)
    assert found.costs == (("EUR", 1.0), ("USD", 0.5))


def test_a_removed_chat_leaves_its_sums_without_its_name(store: Store) -> None:
    chat = chat_view()
    worktree = OwnWorktree("/data/web/.git", "/data/worktrees/x", "x")
    other = replace(chat_view("web"), origin=replace(chat_view().origin, id="0" * 36, worktree=worktree))
    for each in (chat, other):
        store.insert(each)
        add(store, each, 1, ended(1))
        store.update(each.id, state=State.EXITED)
        store.remove(each.id)
    found = store.usage.within(range(NEVER))
    assert [(each.name, each.agent, each.project) for each in found] == [
        ("", "claude", "/data/api"),
        ("", "claude", "/data/web"),
    ]


def test_a_resumed_chat_is_one_with_the_chat_that_continues_it(store: Store) -> None:
    first, second = chat_view(), chat_view("api-again")
    second = replace(second, origin=replace(second.origin, resumed_from=first.id))
    store.insert(first)
    add(store, first, 1, ended(1))
    store.update(first.id, state=State.EXITED)
    store.insert(second)
    add(store, second, 1, ended(1))
    assert {(each.chat, each.name) for each in store.usage.within(range(NEVER))} == {(second.id, "api-again")}
    store.remove(second.id)
    assert {(each.chat, each.name) for each in store.usage.within(range(NEVER))} == {(first.id, "api"), (second.id, "")}


def test_sums_are_kept_for_400_days(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_TRIMMED_EVERY", 1)
    old, chat, now = chat_view("old"), chat_view(), datetime.now(UTC)
    for each in (old, chat):
        store.insert(each)
    add(store, old, 1, ended(1, at=as_text((now - usage.MAX_AGE - timedelta(hours=1)).timestamp())))
    kept = (now - usage.MAX_AGE + timedelta(hours=1)).timestamp()
    for number in range(1, 260):
        add(store, chat, number, ended(number, at=as_text(kept)))
    assert [each.quarter for each in store.usage.within(range(NEVER))] == [int(kept) // QUARTER_S]


def test_an_old_store_gets_the_table(path: Path) -> None:
    from tests.support.old_store import OldStore

    with OldStore(path), Store.open(path) as store:
        assert store.usage.within(range(NEVER)) == []
        assert store.usage.first_quarter() is None


@pytest.mark.parametrize("bad", [-1, -(2**63), 2**53 + 1, 2**63 - 1, 2**63, 10**400])
def test_a_number_of_tokens_that_cannot_be_true_loses_itself(store: Store, bad: int) -> None:
    chat = chat_view()
    store.insert(chat)
    add(store, chat, 1, ended(1, replace(WORK, read=bad)))
    add(store, chat, 2, ended(2))
    (found,) = store.usage.within(range(NEVER))
    assert (found.turns, found.unknown, found.least) == (2, 0, 1), "the turn's tokens are at least the others"
    assert (found.read, found.cached, found.written, found.costs) == (5, 6, 4, (("USD", 1.0),))


@pytest.mark.parametrize("bad", [-100.0, -1e308, 1e9 + 1, 1e308, math.inf, math.nan])
def test_an_amount_of_money_that_cannot_be_true_loses_itself(store: Store, bad: float) -> None:
    chat = chat_view()
    store.insert(chat)
    add(store, chat, 1, ended(1, replace(WORK, cost=bad)))
    add(store, chat, 2, ended(2))
    (found,) = store.usage.within(range(NEVER))
    assert (found.turns, found.tokens, found.costs, found.unpriced) == (2, 20, (("USD", 0.5),), 1)


@pytest.mark.parametrize(
    ("column", "bad"),
    [
        ("cost", -100.0),
        ("cost", 1e308),
        ("cost", math.inf),
        ("read", -5),
        ("read", 2**63 - 1),
        ("cached", 1.8e19),  # SQLite goes on with such a number where a sum has more than 64 bits.
    ],
)
def test_what_an_earlier_version_added_is_bounded_when_it_is_read(
    store: Store, path: Path, column: str, bad: float
) -> None:
    chat = chat_view()
    store.insert(chat)
    add(store, chat, 1, ended(1))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE usage SET {column} = ?", (bad,))
    (found,) = store.usage.within(range(NEVER))
    if column == "cost":
        assert (found.costs, found.unpriced, found.tokens, found.least) == ((), 1, 10, 0)
    else:
        assert (found.costs, found.least, found.tokens) == ((("USD", 0.5),), 1, 10 - getattr(WORK, column))


def test_a_turn_that_ends_later_than_now_counts_now(store: Store) -> None:
    chat = chat_view()
    store.insert(chat)
    before = int(datetime.now(UTC).timestamp()) // QUARTER_S
    for number, at in enumerate(("2031-01-01T00:00:00.000Z", "9998-01-01T00:00:00.000Z"), 1):
        add(store, chat, number, ended(number, at=at), at=at)
    after = int(datetime.now(UTC).timestamp()) // QUARTER_S
    assert {each.quarter for each in store.usage.within(range(NEVER))} <= {before, after}


def test_sums_after_the_wanted_quarters_are_left_out(store: Store) -> None:
    """A clock that was set back may have left some."""
    chat = chat_view()
    store.insert(chat)
    add(store, chat, 1, ended(1))
    assert len(store.usage.within(range(QUARTER, QUARTER + 1))) == 1
    assert store.usage.within(range(QUARTER - 96, QUARTER)) == []


@pytest.mark.parametrize(
    ("work", "known"),
    [
        (TurnWork(read=3, cost=math.inf, currency="USD", known="exact"), TurnWork(read=3, known="exact")),
        (TurnWork(read=3, cost=math.nan, currency="USD", known="exact"), TurnWork(read=3, known="exact")),
        (TurnWork(read=2**63, written=2, cost=0.5, currency="USD", known="exact"), None),
        (TurnWork(read=-1), TurnWork()),
    ],
)
def test_the_event_of_a_turn_is_readable_whatever_an_earlier_host_took(
    store: Store, path: Path, work: TurnWork, known: TurnWork | None
) -> None:
    """Its JSON has null for a number without end, which no reader would take."""
    known = known or TurnWork(written=2, cost=0.5, currency="USD", known="least")
    chat = chat_view()
    store.insert(chat)
    turn = TurnEnded(turn=1, outcome="done", work=work, error='"cost":null')
    add(store, chat, 1, turn)
    expected = replace(turn, work=known, tokens=known.read + known.written)
    assert [each.event for each in store.ledger.of_chat(chat.id, [TurnEnded], 9)] == [expected]
    with closing(sqlite3.connect(path)) as connection, connection:  # As version 0.1.0 wrote it.
        connection.execute("UPDATE event SET content = ?", (msgspec.json.encode(turn).decode(),))
    assert [each.event for each in store.ledger.of_chat(chat.id, [TurnEnded], 9)] == [expected]
