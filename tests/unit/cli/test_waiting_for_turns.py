"""A prompt that was sent while a turn ran: whose end its waiter is told, in whatever order events and record come."""

from __future__ import annotations

import math
import time
from typing import Any, cast

import pytest

from session_host.agents.conversations.turns import RecordedTurn, number_of_turn
from session_host.cli.turns import waiting, waking
from session_host.cli.turns.reading import Answer, _start_times
from session_host.cli.turns.waiting import Sent, wait_for_reply
from session_host.cli.turns.waking import _wait_until_given
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.turn_watch import TurnWatch
from session_host.errors import OutliveError
from session_host.protocol.events import TurnEnded, TurnStarted
from session_host.protocol.facts import LaterPrompt
from session_host.protocol.values import State
from session_host.storage.store.ledger import LedgerEntry
from session_host.system.clock import now, parse_time
from tests.support.facts import changed, chat_facts

INFO = SessionInfo(facts=chat_facts(id="a", name="api", agent="claude", state=State.RUNNING))
BEHIND = Sent("the second one", 0.0, turn=1, began=False)


class Watch:
    """The turns of a chat: the first has failed; each wait brings the next change."""

    def __init__(self, *changes: dict[str, dict[int, Any]]) -> None:
        self.starts: dict[int, object] = {1: None}
        self.ends = {1: TurnEnded(turn=1, outcome="error", error="refused")}
        self.ended_at, self.counted = {1: now(), 2: now()}, {1, 2}
        self.question, self.is_over, self.running = None, False, 0
        self._changes = list(changes)

    def wait(self, until_s: float) -> bool:
        """The next change; without one, the time comes."""
        if not self._changes:
            while time.monotonic() < until_s:
                pass
            return False
        change = self._changes.pop(0)
        self.starts |= change.get("starts", {})
        self.ends |= change.get("ends", {})
        return True


def reply(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """The turn whose end is told, and its outcome; the record has the answer already."""

    def answer(*_: object) -> Answer:
        """Until the next turn is told, the answer seems to be the running one's."""
        return Answer("echo", is_whole=True, turn=max(watch.starts))

    monkeypatch.setattr(waiting, "answer_to_prompt", answer)
    monkeypatch.setattr(waiting, "_JOINED_AFTER_S", 0.05)
    end = wait_for_reply(INFO, cast("TurnWatch", watch), BEHIND, time.monotonic() + 60).end
    return end.turn, end.outcome


def test_an_answer_behind_a_turn_that_failed_is_the_next_turns_although_that_is_told_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later = {"starts": {2: None}}, {"ends": {2: TurnEnded(turn=2, outcome="done")}}
    assert reply(Watch(*later), monkeypatch) == (2, "done")


def test_a_prompt_that_became_a_part_of_a_turn_that_failed_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reply(Watch(), monkeypatch) == (1, "error")


def test_a_prompt_that_was_sent_right_after_a_short_turn_is_the_next_turns() -> None:
    began, ended, later = (f"2026-05-02T12:00:0{seconds}Z" for seconds in ("3.2", "3.6", "3.9"))
    watch = Watch({})
    watch.starts = {
        number: LedgerEntry(0, at, "a", "", TurnStarted(turn=number), number) for number, at in ((1, began), (2, later))
    }
    watch.ended_at = {1: ended}
    moment = parse_time("2026-05-02T12:00:03.8Z")
    assert moment is not None
    sent = RecordedTurn("the second one", "echo", moment.timestamp())
    first = RecordedTurn("fail: 400", "", moment.timestamp() - 0.7)
    assert number_of_turn([sent, first], _start_times(cast("TurnWatch", watch)), sent) == 2


class QuietWatch(Watch):
    """A chat of which no event comes."""

    def wait(self, until_s: float) -> bool:
        assert until_s < time.monotonic() + 30, "nothing would end this wait"
        return False


def test_the_wait_for_a_text_that_wakes_sees_that_it_is_given_up_without_an_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stages = iter(["sending", "sending", "missed"])

    def find(_chat: str) -> SessionInfo:
        later = LaterPrompt(now(), "ok", stage=next(stages), why="the agent did not show it")  # type: ignore[arg-type]
        return SessionInfo(facts=changed(INFO.facts, continues=later))

    monkeypatch.setattr(waking, "find", find)
    with pytest.raises(OutliveError, match="api: the text was not sent: the agent did not show it"):
        _wait_until_given(INFO, cast("TurnWatch", QuietWatch()), math.inf)
