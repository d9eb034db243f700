"""The tab, ``outlive usage`` and the page's foot say the same of the same turns."""

from __future__ import annotations

import json
import re
import time

import pytest

from gui.window.sidebar.limits_foot import LimitsFoot
from gui.window.usage.tab import UsageTab
from session_host.cli import main
from session_host.client.usage import limits_of_accounts
from session_host.protocol.events import Limit, LimitsChanged, NumberedEvent, TurnCounted, TurnEnded
from session_host.protocol.turns import TurnWork
from session_host.standing.usage import By, short_count
from session_host.system.clock import as_text
from session_host.web.rows import tightest_use
from tests.unit.gui.conftest import WindowHarness

_CHATS = {
    "Split the invoice table": ("claude", "/src/billing", "work", [(90_000, 700_000, 12_000, 1.2345, "USD")] * 3),
    "Refuse used tokens": ("codex", "/src/api", "", [(41_999, 50, 999, 0.0, "")]),
    "Docs: retries": ("opencode", "/src/docs", "", [(3, 0, 1, 0.0021, "USD"), (999_950, 1, 1, 0.0021, "USD")]),
    "Prices in yen, also for the importers and their tests": ("claude", "/src/api", "", [(5, 5, 5, 310.4, "JPY")]),
}
_SAYS_NOTHING = "gemini"


@pytest.fixture
async def page(harness: WindowHarness) -> UsageTab:
    """The tab, after turns of a chat view each and one terminal, which says no tokens."""
    now_s = time.time()
    at = as_text(now_s)
    for name, (agent, project, account, works) in _CHATS.items():
        events: list[NumberedEvent] = [
            NumberedEvent(number, at, TurnEnded(turn=number, outcome="done", ended=at, work=_work(*work)))
            for number, work in enumerate(works, 1)
        ]
        limits = (Limit("five_hour", 0.815, 300, as_text(now_s + 7200)), Limit("seven_day", 0.4, 10_080, ""))
        if account:
            events.append(NumberedEvent(9, at, LimitsChanged(agent=agent, account=account, limits=limits)))
        await _add(harness, name, events, agent=agent, runtime="structured", cwd=project, account=account)
    counted = NumberedEvent(1, at, TurnCounted(turn=1, outcome="done", ended=at))
    await _add(harness, "silent", [counted], agent=_SAYS_NOTHING, cwd="/src/web")
    harness.open_window()
    harness.window.actions_["usage"].trigger()
    found = harness.window._windows.tab_pages.usage.page
    assert found is not None
    await harness.until(lambda: found._read is not None and len(found._read.sums) == 5, "what was used")
    return found


async def _add(harness: WindowHarness, name: str, events: list[NumberedEvent], **fields: str) -> None:
    """A chat with its events."""
    chat = await harness.add(name, **fields)
    await harness.storage.call(lambda store: store.ledger.add(chat, events))


def _work(read: int, cached: int, written: int, cost: float, currency: str) -> TurnWork:
    return TurnWork(read=read, cached=cached, written=written, cost=cost, currency=currency, known="exact")


def _printed(capsys: pytest.CaptureFixture[str], *words: str) -> list[list[str]]:
    """The lines of the command's tables, as the texts of their columns."""
    capsys.readouterr()
    assert main(["usage", *words]) == 0
    table = capsys.readouterr().out.partition("counted since")[0]
    return [re.split(r" {2,}", line.strip()) for line in table.splitlines()]


@pytest.mark.parametrize("by", ["agent", "account", "project", "chat"])
def test_the_tab_and_the_command_have_the_same_rows(
    page: UsageTab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, by: By
) -> None:
    monkeypatch.setattr("session_host.cli.usage.terminal_columns", lambda: None)
    page.by.choose(by)
    page._show()
    shown = [list(row.cells) for row in page.table.view.items.rows]
    _heads, today, days, _, head, *rows = _printed(capsys, "--by", by)
    assert [row[1:] for row in rows if len(row) > 1] == shown
    assert (today[0], days[0], head[0]) == ("today", "30 days", by.upper())

    monkeypatch.setattr("session_host.cli.usage.terminal_columns", lambda: 60)
    narrow = _printed(capsys, "--by", by)
    columns = [head[1:].index(each) for each in narrow[4][1:]]
    assert {0, 4} <= set(columns) < set(range(5)), "turns and money are there, and not all has room"
    assert [row[1:] for row in narrow[5:] if len(row) > 1] == [[cells[each] for each in columns] for cells in shown]
    main(["usage", "--by", by])
    assert max(map(len, capsys.readouterr().out.partition("counted since")[0].splitlines())) <= 60


def test_the_tabs_numbers_are_the_sums_of_the_command(page: UsageTab, capsys: pytest.CaptureFixture[str]) -> None:
    numbers = [each.value.text() for each in page._numbers if each.value.text()]
    _heads, today, days, *_ = _printed(capsys)
    capsys.readouterr()
    main(["usage", "--json"])
    report = json.loads(capsys.readouterr().out)
    sums = [report[stretch]["total"] for stretch in ("today", "days")]
    tokens = [f"≥ {short_count(each['tokens_in'] + each['tokens_out'])}" for each in sums]
    assert numbers == [tokens[0], today[-1], tokens[1], days[-1]]
    assert days[-1] == "≥ 310 JPY · ≥ 3.71 USD"
    assert sums[1]["money"] == {"JPY": 310.4, "USD": 3.7077}


async def test_the_foots_of_list_and_page_have_the_same_limit(harness: WindowHarness, page: UsageTab) -> None:
    harness.sessions.account_limits._due.setInterval(0)
    harness.sessions.account_limits.note_change()
    harness.sessions.account_limits._due.start()
    await harness.until(lambda: bool(harness.sessions.account_limits.accounts), "the limits")
    [foot] = harness.window.sidebar.findChildren(LimitsFoot)
    [line] = foot._lines
    use, _s = tightest_use(limits_of_accounts(), time.time())
    assert use is not None
    assert (line.percent, line.until) == (81, f"until {use.until}")
    assert re.search(r"\b\d\d:\d\d$", use.until)
