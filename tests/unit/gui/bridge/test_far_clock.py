"""The chats of a machine with a clock that is an hour ahead or behind: times in the window are by the clock here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from session_host.protocol.facts import AgentStatus, Foreground
from session_host.protocol.messages import ActivityEvent, ForegroundEvent
from session_host.protocol.values import Activity, State
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.window.machines import OtherMachine


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)])
async def test_ages_of_chats_there_are_right(harness: WindowHarness, ahead: timedelta) -> None:
    other = OtherMachine(harness, "devbox")
    other.machine.link.clock_ahead = ahead
    began = datetime.now(UTC)

    def there(minutes_ago: int) -> str:
        return (began + ahead - timedelta(minutes=minutes_ago)).isoformat()

    def minutes(since: datetime | None) -> float:
        assert since is not None
        return (began - since) / timedelta(minutes=1)

    ended = other.add("old", state=State.EXITED, created_at=there(9), ended_at=there(5))
    assert minutes(ended.since) == pytest.approx(5, abs=0.1)
    agent = other.add("agent", created_at=there(9))
    assert minutes(agent.since) == pytest.approx(9, abs=0.1)
    agent.looks.first.viewer_event(ActivityEvent(AgentStatus(Activity.NEEDS_INPUT, "hook", there(3))))
    assert minutes(agent.since) == pytest.approx(3, abs=0.1)
    shell = other.add("shell", agent="shell", created_at=there(9))
    shell.looks.first.viewer_event(ForegroundEvent(Foreground("make", there(2))))
    assert minutes(shell.since) == pytest.approx(2, abs=0.1)
    shell.looks.first.viewer_event(ForegroundEvent(Foreground("", there(1), 0, there(1))))
    assert minutes(shell.since) == pytest.approx(1, abs=0.1)
