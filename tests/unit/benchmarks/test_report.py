"""A benchmark's report has correct medians, ratios and missed limits."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks import streams
from tests.benchmarks.report import Report, Series, Verdict, percentile, ratio, render_json


def test_a_ratio_is_of_medians_and_keeps_its_limit() -> None:
    ours, theirs = Series("a", "s", [1.0, 9.0, 2.0]), Series("b", "s", [3.0, 3.0, 100.0])
    verdict = ratio("speed", theirs, ours, 1.5, at_least=True)
    assert verdict.value == 1.5
    assert verdict.met
    assert not ratio("speed", theirs, ours, 1.6, at_least=True).met
    assert ratio("speed", theirs, ours, at_least=None).met


@pytest.mark.parametrize(("value", "met"), [(30.0, True), (30.1, False)])
def test_an_upper_limit_is_met_or_missed(value: float, met: bool) -> None:
    verdict = Verdict("first frame", value, "ms", 30.0, False)
    assert verdict.met is met
    assert ("MISSED" in str(verdict)) is not met


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, percent) for percent in (50, 95, 99, 100)] == [51.0, 96.0, 100.0, 100.0]


def test_a_report_reads_as_a_table_and_as_json() -> None:
    report = Report("echo", "one key", [Series("ours", "µs", [80.0], "cmd"), Series("skipped", "µs")])
    report.notes.append("skipped skipped")
    assert "ours" in report.as_text()
    [document] = json.loads(render_json({"cpu": "x"}, [report]))["reports"]
    assert [series["name"] for series in document["series"]] == ["ours"]


@pytest.mark.parametrize("kind", list(streams.KINDS))
def test_streams_are_the_same_each_time_and_complete(kind: str) -> None:
    data = streams.stream(kind, 10_000)
    assert data == streams.stream(kind, 10_000)
    assert 10_000 <= len(data) < 12_000
    data.decode()
