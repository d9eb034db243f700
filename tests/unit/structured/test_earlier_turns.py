"""Turns that an earlier version wrote: its log, snapshots, saved rules, status and events.

``earlier-turns.json`` was written by the version before ``TurnFacts``: three turns (done, failed, interrupted), a
fourth one that runs, and a queued prompt.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final

import msgspec
import pytest

from session_host.protocol.events import NumberedEvent, TurnEnded, TurnStarted
from session_host.protocol.facts import AgentStatus
from session_host.protocol.turns import TurnFacts, TurnWork
from session_host.structured.dialects.base import Start
from session_host.structured.items import AnyChange, FileChange, Item, Put, StateChanged, TurnOver
from session_host.structured.lines import AgentLine
from session_host.structured.rules import StructuredRules
from session_host.structured.transcript import Transcript
from session_host.structured.turns import took_ms, turns_backwards
from tests.support.replayed_claude import RECORDINGS
from tests.support.scripted_chat import BEGAN_MS
from tests.support.told_dialect import ToldDialect

RECORDED: Final[dict[str, Any]] = json.loads((RECORDINGS / "earlier-turns.json").read_text(encoding="utf-8"))
WORKS: Final = [
    TurnWork(files=1, added=1, removed=1),
    TurnWork(),
    TurnWork(commands=1, failed=1),
    TurnWork(files=2, added=2, removed=2, commands=1, declined=1),
]
"""Of the turns, newest first."""


def recorded(name: str) -> bytes:
    return base64.b64decode(RECORDED[name])


def from_log() -> Transcript:
    transcript = Transcript()
    transcript.feed(recorded("log"))
    return transcript


def said(transcript: Transcript) -> list[tuple[str, str, str, int]]:
    """The prompts, outcomes, errors and durations of turns, newest first."""
    turns = [(turn.prompts[0].text, turn.facts) for turn in turns_backwards(transcript)]
    return [(prompt, facts.outcome, facts.error, took_ms(facts)) for prompt, facts in turns]


@pytest.mark.parametrize("read", [from_log, lambda: Transcript.restore(recorded("snapshot"))], ids=["log", "snapshot"])
def test_the_turns_of_an_earlier_version_are_what_they_were(read: Any) -> None:
    transcript = read()
    assert not transcript.damaged
    assert said(transcript) == [
        ("Fourth", "", "", 0),
        ("Third", "interrupted", "", 2000),
        ("Second", "error", "No network", 10_000),
        ("First", "done", "", 61_000),
    ]
    assert [turn.work for turn in turns_backwards(transcript)] == WORKS


def test_the_newest_items_of_an_earlier_version_have_their_turns() -> None:
    transcript = Transcript.restore(recorded("newest"))
    assert said(transcript) == said(from_log())[: len(said(transcript))]
    transcript.add_older(from_log())
    assert said(transcript) == said(from_log())


class Saved(msgspec.Struct, array_like=True):
    """A snapshot as an earlier version reads it."""

    ids: list[str]
    items: list[Item]
    status: list[Any]
    requests: list[Any]
    answers: list[Any]
    offset: int
    rest: bytes
    endings: dict[str, TurnOver] = {}
    turn_ends: dict[str, int] = {}


def test_an_earlier_version_reads_in_a_snapshot_how_turns_ended() -> None:
    now, then = (msgspec.msgpack.decode(data, type=Saved) for data in (from_log().snapshot(), recorded("snapshot")))
    assert (now.endings, now.turn_ends) == (then.endings, then.turn_ends)
    assert len(then.endings) == 2
    assert len(then.turn_ends) == 3


def hear(rules: StructuredRules, *changes: AnyChange, now_ms: int) -> list[AnyChange]:
    lines = [AgentLine(msgspec.json.encode(change)) for change in changes]
    return rules.receive_lines(lines, now_ms).changes


def test_the_work_of_a_turn_that_began_under_an_earlier_version_is_not_known() -> None:
    rules = StructuredRules(ToldDialect, Start(directory="/src"), "me")
    rules.load(recorded("rules"), b"")
    edit = Item("later", "tool", 0, tool="edit", status="done", changes=(FileChange("c.py", "@@\n+a\n"),))
    now_ms = BEGAN_MS + 200_000
    changes = hear(rules, Put(edit), TurnOver("Fourth", "completed"), StateChanged("running", "Fifth"), now_ms=now_ms)
    [end] = [each for each in changes if isinstance(each, TurnOver)]
    assert end.facts == TurnFacts(outcome="done", ended="2025-10-09T08:56:40.000Z")
    assert end.files_changed == 0
    changes = hear(rules, Put(edit), TurnOver("Fifth", "completed"), now_ms=now_ms + 1000)
    [end] = [each for each in changes if isinstance(each, TurnOver)]
    assert end.facts is not None
    assert (end.facts.work, took_ms(end.facts)) == (TurnWork(files=1, added=1), 1000)


def test_the_status_and_the_events_of_an_earlier_version_are_read() -> None:
    status = msgspec.msgpack.decode(recorded("status"), type=AgentStatus)
    assert (status.failed, status.context, status.last) == (True, 10, None)
    began, ended = (each.event for each in msgspec.msgpack.decode(recorded("events"), type=list[NumberedEvent]))
    assert began == TurnStarted(turn=2, agents_id="x", by="window")
    limit, resets_at = "limit", "2026-01-02T03:04:05.678Z"
    assert ended == TurnEnded(turn=2, outcome="limit", error="No more", resets_at=resets_at, tokens=12, files_changed=3)
    assert isinstance(ended, TurnEnded)
    assert ended.facts == TurnFacts(outcome="limit", error="No more", resets_at=resets_at)
    now = json.loads(msgspec.json.encode(ended))
    assert {key: now[key] for key in RECORDED["ended"]} == RECORDED["ended"], "what scripts read stays"
    assert now["outcome"] == limit
