"""The earlier items with which a chat begins: several records, of which a killed host may have appended some."""

from __future__ import annotations

from typing import cast
from unittest.mock import Mock

import pytest

from session_host.protocol.launch import StructuredLaunch, Watch
from session_host.protocol.values import Image
from session_host.session import structured_session
from session_host.session.effects import AppendRecord, Effect
from session_host.session.structured_session import StructuredSession
from session_host.structured.items import AnyChange, Item, Put
from session_host.structured.lines import LineSplitter
from session_host.structured.rules import Step, StructuredRules
from session_host.structured.transcript import Transcript

RECORD_BYTES = 100_000
ITEMS: list[AnyChange] = [
    Put(Item(f"i{number}", "tool", number, images=(Image("image/png", bytes(40_000)),), status="done"))
    for number in range(7)
]


def records(log_end: int) -> list[bytes]:
    """The records that a host appends which begins with a log of this length."""
    effects: list[Effect] = []
    rules = Mock(state=Mock(begun=False, may_time_out=False))
    rules.begin.return_value = Step([], b"", [])
    session = StructuredSession(
        effects,
        cast("StructuredRules", rules),
        LineSplitter(),
        log_end,
        lambda: 1,
        StructuredLaunch("codex", history="earlier"),
        Watch(),
        timers={},
        read_history=lambda: ITEMS,
        runs_on=lambda: False,
    )
    session.program_started()
    return [effect.record for effect in effects if isinstance(effect, AppendRecord)]


@pytest.fixture(autouse=True)
def _short_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structured_session, "HISTORY_RECORD_BYTES", RECORD_BYTES)


def test_a_resumed_chat_with_many_pictures_has_all_of_them_and_no_record_is_too_long() -> None:
    found = records(0)
    assert len(found) == 4
    assert max(map(len, found)) <= RECORD_BYTES + 200
    transcript = Transcript()
    transcript.feed(b"".join(found))
    assert [Put(item) for item in transcript] == ITEMS


def test_a_host_killed_between_two_records_of_earlier_items_loses_none_of_the_items() -> None:
    whole = records(0)
    for appended in range(len(whole) + 1):
        before = b"".join(whole[:appended])
        assert before + b"".join(records(len(before))) == b"".join(whole)
