"""The next time at which clocks show so much, and times as users write them, over nights in which clocks are set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from session_host.standing.clock_times import next_times, told_time, wanted_time, whole_time
from tests.support.zones import in_zone

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


BERLIN = ZoneInfo("Europe/Berlin")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        pytest.param("15:00", "2026-05-02T12:59", "2026-05-02T13:00", id="today"),
        pytest.param("15:00", "2026-05-02T13:00", "2026-05-03T13:00", id="just now is tomorrow"),
        pytest.param("tomorrow 9:00", "2026-05-02T22:30", "2026-05-04T07:00", id="of the day there"),
        pytest.param("today 15:00", "2026-05-02T12:59", "2026-05-02T13:00", id="named today"),
        pytest.param("Sat 15:00", "2026-05-02T12:59", "2026-05-02T13:00", id="a Saturday"),
        pytest.param("saturday  15:00", "2026-05-02T13:00", "2026-05-09T13:00", id="the next Saturday"),
        pytest.param("2026-12-05 15:00", "2026-05-02T13:00", "2026-12-05T14:00", id="a date in winter"),
        pytest.param("2026-12-05T15:00", "2026-05-02T13:00", "2026-12-05T14:00", id="a date as ISO 8601"),
        pytest.param("2026-12-05T15:00:30+05:45", "2026-05-02T13:00", "2026-12-05T09:15", id="its own zone"),
        pytest.param("03:30", "2026-03-28T23:00", "2026-03-29T01:30", id="after the gap"),
        pytest.param("15:00", "2026-03-28T23:00", "2026-03-29T13:00", id="a day of 23 hours"),
        pytest.param("15:00", "2026-10-24T23:00", "2026-10-25T14:00", id="a day of 25 hours"),
    ],
)
def test_a_time_that_a_user_writes(text: str, now: str, expected: str) -> None:
    found = wanted_time(text, moment(now), BERLIN)
    assert (found.moment.strftime("%Y-%m-%dT%H:%M"), found.is_first_of_two) == (expected, False)


def test_of_a_time_that_comes_twice_the_first_one_is_meant_that_is_not_over() -> None:
    first, second = map(moment, TWICE)
    for text in ("02:30", "sun 02:30", "2026-10-25 02:30"):
        assert wanted_time(text, moment("2026-10-24T23:00"), BERLIN) == (first, True)
        assert wanted_time(text, moment("2026-10-25T01:00"), BERLIN) == (second, False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("02:30", "does not exist: clocks are set forward over it that day"),
        ("2026-03-29 02:00", "does not exist: clocks are set forward over it that day"),
        ("today 00:00", "is over"),
        ("2026-03-28 15:00", "is over"),
        ("2026-03-28T15:00Z", "is over"),
        ("24:00", "is no time"),
        ("noon", "is no time"),
        ("2026-02-30 12:00", "is no time"),
        ("sa 15:00", "is no time"),
        ("2026-12-05", "is no time"),
        ("", "is no time"),
    ],
)
def test_a_time_that_is_none_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"{text!r} {why}".replace("(", r"\(")):
        wanted_time(text, moment("2026-03-28T23:00"), BERLIN)


def test_nepals_times_have_45_minutes() -> None:
    found = wanted_time("18:00", moment("2026-05-02T12:00"), ZoneInfo("Asia/Kathmandu"))
    assert found.moment == moment("2026-05-02T12:15")
    assert whole_time(found.moment, ZoneInfo("Asia/Kathmandu")) == "Sat 2026-05-02 18:00 +0545"


@pytest.fixture
def in_berlin() -> Iterator[None]:
    """This process is in Berlin."""
    with in_zone("Europe/Berlin"):
        yield


@pytest.mark.usefixtures("in_berlin")
def test_without_a_zone_it_is_a_time_of_this_machine() -> None:
    before = wanted_time("15:00", moment("2026-10-24T23:00")).moment
    assert before == moment("2026-10-25T14:00")
    assert whole_time(before) == "Sun 2026-10-25 15:00 CET"
    assert wanted_time("02:30", moment("2026-10-24T23:00")) == (moment(TWICE[0]), True)
    with pytest.raises(ValueError, match="does not exist"):
        wanted_time("02:30", moment("2026-03-28T23:00"))

    with in_zone("Asia/Kathmandu"):
        assert whole_time(before) == "Sun 2026-10-25 19:45 +0545", "it stays the same moment in another zone"


@pytest.mark.parametrize(
    ("text", "now", "told", "in_full"),
    [
        pytest.param("2026-12-01T22:59", "2026-12-01T00:00", "23:59", "23:59", id="the same day there"),
        pytest.param(
            "2026-12-01T23:21", "2026-12-01T22:30", "Wed 00:21", "Wed 2 Dec, 00:21", id="after midnight there"
        ),
        pytest.param("2026-12-07T22:00", "2026-12-01T12:00", "Mon 23:00", "Mon 7 Dec, 23:00", id="six days on"),
        pytest.param(
            "2026-12-07T23:00", "2026-12-01T12:00", "8 Dec, 00:00", "Tue 8 Dec, 00:00", id="the weekday again"
        ),
        pytest.param("2026-03-22T23:30", "2026-03-29T20:00", "Mon 00:30", "Mon 23 Mar, 00:30", id="over a short day"),
        pytest.param(
            "2026-10-18T21:30", "2026-10-25T22:30", "18 Oct, 23:30", "Sun 18 Oct, 23:30", id="over a long day"
        ),
        pytest.param(
            "2027-01-02T09:00", "2026-12-30T09:00", "Sat 10:00", "Sat 2 Jan 2027, 10:00", id="next year, soon"
        ),
        pytest.param(
            "2027-01-09T09:00", "2026-12-30T09:00", "9 Jan 2027, 10:00", "Sat 9 Jan 2027, 10:00", id="next year"
        ),
    ],
)
@pytest.mark.usefixtures("in_berlin")
def test_a_time_is_told_with_as_much_of_its_day_as_it_needs(text: str, now: str, told: str, in_full: str) -> None:
    assert told_time(moment(text), moment(now)) == told
    assert told_time(moment(text), moment(now), with_date=True) == in_full
