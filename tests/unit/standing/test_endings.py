"""How a chat ended, in words, and whether it failed."""

from __future__ import annotations

from typing import Any

import pytest

from session_host.protocol.facts import INTERRUPTED, UNSTARTED, Outcome
from session_host.protocol.values import State
from session_host.standing.endings import end_of, has_failed
from tests.support.facts import chat_facts


@pytest.mark.parametrize(
    ("outcome", "phrase", "status", "predicate"),
    [
        (Outcome(State.EXITED, 0), "Finished", "exit code 0", "has ended (exit code 0)"),
        (Outcome(State.EXITED, 3), "Ended with exit code 3", "exit code 3", "has ended (exit code 3)"),
        (Outcome(State.EXITED, None, 9), "Ended by SIGKILL", "signal 9 (SIGKILL)", "has ended (signal 9 (SIGKILL))"),
        (Outcome(State.EXITED, None, 200), "Ended by signal 200", "signal 200", "has ended (signal 200)"),
        (Outcome(State.EXITED), "Ended", "unknown cause", "has ended (unknown cause)"),
        (Outcome(State.EXITED, 143, None, "stop"), "Stopped by you", "stopped by you", "was stopped by you"),
        (Outcome(State.EXITED, None, 9, "kill"), "Killed by you", "killed by you", "was killed by you"),
        (Outcome(State.EXITED, 0, None, "idle"), "Ended when idle", "ended when idle", "was ended when idle"),
        (
            Outcome(State.LOST, error="its host is gone", end_request="stop"),
            "Ended unexpectedly",
            "lost",
            "ended unexpectedly: its background process is gone",
        ),
        (
            Outcome(State.LOST, error=INTERRUPTED),
            "Interrupted by a restart",
            "interrupted",
            "was interrupted by a restart",
        ),
        (
            Outcome(State.LOST, error=UNSTARTED),
            "Failed to start",
            "unstarted",
            "did not start: the command that started it was interrupted; start it again",
        ),
    ],
)
def test_an_end_has_words_for_the_window_and_for_commands(
    outcome: Outcome, phrase: str, status: str, predicate: str
) -> None:
    assert end_of(outcome) == (phrase, status, predicate)


@pytest.mark.parametrize(
    ("fields", "failed"),
    [
        ({"state": State.RUNNING}, False),
        ({"state": State.EXITED, "exit_code": 1}, True),
        ({"state": State.EXITED, "exit_code": 0}, False),
        ({"state": State.EXITED, "exit_signal": 15, "end_request": "stop"}, False),
        ({"state": State.EXITED, "exit_code": 1, "agent": "shell"}, False),
        ({"state": State.EXITED, "exit_signal": 9, "agent": "shell"}, True),
        ({"state": State.LOST, "end_request": "stop"}, True),
        ({"state": State.LOST, "error": INTERRUPTED}, False),
    ],
)
def test_an_end_that_the_user_wanted_or_a_restart_is_no_failure(fields: dict[str, Any], failed: bool) -> None:
    facts = chat_facts(id="a", name="a", **{"agent": "claude", **fields})
    assert has_failed(facts) is failed
