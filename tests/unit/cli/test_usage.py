"""``outlive usage``: the sums of all groupings are equal, and say what is not known."""

from __future__ import annotations

import json
import math
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from session_host.cli import main
from session_host.paths import database
from session_host.protocol.events import Limit, LimitsChanged, NumberedEvent, TurnCounted, TurnEnded
from session_host.protocol.turns import TurnWork
from session_host.storage.store import Store
from session_host.system.clock import as_text
from tests.support.journals import make_record


def ago(**time: float) -> str:
    return as_text((datetime.now(UTC) - timedelta(**time)).timestamp())


@pytest.fixture
def used() -> None:
    """A chat view with two turns, a terminal with a turn that is known in part, and one that is not."""
    view = make_record(name="api", agent="claude", cwd="/srv/api")
    view = replace(view, origin=replace(view.origin, runtime="structured", account="work"))
    terminal = make_record(name="web", agent="codex", cwd="/srv/web")
    work = TurnWork(read=1000, cached=200, written=30, cost=0.5, currency="USD", known="exact")
    reset = ago(hours=-3)
    over = Limit("seven_day", 0.9, 10_080, ago(hours=1))
    with Store.open(database()) as store:
        for each in (view, terminal):
            store.insert(each)
        store.ledger.add(
            view.id,
            [
                NumberedEvent(1, ago(days=9), TurnEnded(turn=1, outcome="done", ended=ago(days=9), work=work)),
                NumberedEvent(2, ago(), TurnEnded(turn=2, outcome="done", ended=ago(), work=work)),
                NumberedEvent(
                    3,
                    ago(),
                    LimitsChanged(agent="claude", account="work", limits=(Limit("five_hour", 0.62, 300, reset), over)),
                ),
            ],
        )
        least = TurnWork(read=7, written=1, known="least")
        store.ledger.add(
            terminal.id,
            [
                NumberedEvent(1, ago(), TurnCounted(turn=1, outcome="done", ended=ago(), work=least)),
                NumberedEvent(2, ago(), TurnCounted(turn=2, outcome="done", ended=ago())),
            ],
        )


def output(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["usage", *words]) == 0
    return capsys.readouterr().out


@pytest.mark.usefixtures("used")
def test_the_sums_of_all_groupings_are_equal(capsys: pytest.CaptureFixture[str]) -> None:
    report = json.loads(output(capsys, "--json"))
    for stretch, turns in (("today", 3), ("days", 4)):
        whole = report[stretch]["total"]
        assert whole["turns"] == turns
        for by in ("agents", "accounts", "projects", "chats"):
            for number in ("turns", "turns_without_tokens", "tokens_in", "tokens_cached", "tokens_out"):
                assert sum(each[number] for each in report[stretch][by]) == whole[number]
            assert sum(each["money"].get("USD", 0) for each in report[stretch][by]) == whole["money"]["USD"]
    assert report["counted_since"][:10] == ago(days=9)[:10]
    (account,) = report["limits"]
    assert (account["agent"], account["account"]) == ("claude", "work")
    assert [each["id"] for each in account["limits"]] == ["five_hour"], "the other one is reset"


@pytest.mark.usefixtures("used")
def test_the_table_says_what_is_at_least_and_what_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    lines = output(capsys).splitlines()
    assert [line.split() for line in lines[1:3]] == [
        ["today", "3", "≥", "1.2k", "≥", "200", "≥", "31", "≥", "0.50", "USD"],
        ["30", "days", "4", "≥", "2.4k", "≥", "400", "≥", "61", "≥", "1.00", "USD"],
    ]
    assert lines[4].split()[0] == "AGENT"
    assert lines[5].split() == ["claude", "2", "2.4k", "400", "60", "1.00", "USD"]
    assert lines[6].split() == ["codex", "2", "≥", "7", "≥", "0", "≥", "1", "says", "nothing"]
    text = "\n".join(lines)
    assert "≥ codex: it leaves out some requests" in text
    assert "1 turn says no tokens" in text
    assert "claude, work: 5-hour limit 62 % until" in text
    assert "Weekly" not in text
    assert "claude, work  2" in output(capsys, "--by", "account").replace("     ", "  ").replace("   ", "  ")
    assert "\napi " in output(capsys, "--by", "chat")
    assert output(capsys, "--since", "today").splitlines()[2].startswith("since today  ")


def test_before_the_first_turn_it_says_that_turns_count_from_now_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert output(capsys) == "no turn was counted yet; turns from now on are\n"


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("cost", [1e308, math.inf, -100.0])
def test_an_amount_that_an_earlier_version_kept_hides_no_sum(capsys: pytest.CaptureFixture[str], cost: float) -> None:
    with closing(sqlite3.connect(database())) as connection, connection:
        connection.execute("UPDATE usage SET cost = ? WHERE cost > 0", (cost,))
    assert "says nothing" in output(capsys)
    report = json.loads(output(capsys, "--json"), parse_constant=pytest.fail)
    assert (report["days"]["total"]["turns"], report["days"]["total"]["money"]) == (4, {})
    assert report["days"]["total"]["tokens_in"] == 2407
