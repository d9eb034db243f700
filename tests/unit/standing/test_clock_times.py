"""The next time at which clocks show so much, over nights in which they are set."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from session_host.standing.clock_times import next_times

TWICE = ["2026-10-25T00:30", "2026-10-25T01:30"]
"""The moments of 2:30 in the night in which Berlin's clocks are set back."""


@pytest.mark.parametrize(
    ("zone", "after", "clock", "expected"),
    [
        pytest.param("Europe/Berlin", "2026-05-02T12:59", "15:00", ["2026-05-02T13:00"], id="today"),
        pytest.param("Europe/Berlin", "2026-05-02T13:00", "15:00", ["2026-05-03T13:00"], id="just now is tomorrow"),
        pytest.param("Asia/Kathmandu", "2026-05-02T12:00", "18:00", ["2026-05-02T12:15"], id="a zone with minutes"),
        pytest.param("Europe/Berlin", "2026-10-24T23:00", "02:30", TWICE, id="twice"),
        pytest.param("Europe/Berlin", "2026-10-25T01:00", "02:30", TWICE, id="between"),
        pytest.param("Europe/Berlin", "2026-10-25T01:30", "02:30", ["2026-10-26T01:30"], id="after both"),
        pytest.param("Europe/Berlin", "2026-10-24T13:00", "15:00", ["2026-10-25T14:00"], id="over the night"),
        pytest.param("Europe/Berlin", "2026-03-28T23:00", "02:30", [], id="never"),
        pytest.param("Europe/Berlin", "2026-03-29T01:30", "02:30", ["2026-03-30T00:30"], id="after the gap"),
    ],
)
def test_the_next_time_of_a_clock(zone: str, after: str, clock: str, expected: list[str]) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = next_times(time.fromisoformat(clock), ZoneInfo(zone), moment)
    assert [each.strftime("%Y-%m-%dT%H:%M") for each in found] == expected
