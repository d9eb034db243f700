"""Judging measured values over time."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET

import pytest

from tests.benchmarks.plot import line_plot
from tests.benchmarks.usage import descriptor_count, flatness, lowest_of_each, pss_mb, slope, usage


def test_a_steady_growth_is_found_among_outliers() -> None:
    points = [(float(x), 10 + 0.5 * x + (100 if x % 9 == 0 else 0)) for x in range(90)]
    assert slope(points) == pytest.approx(0.5, abs=0.02)
    assert not flatness(points, least=1, share=0.05).flat


def test_warming_up_does_not_count_as_growth() -> None:
    points = [(float(x), min(x, 25) * 4 + x % 3) for x in range(90)]
    assert flatness(points, least=1, share=0.05).flat


def test_the_values_after_each_garbage_collection_are_judged() -> None:
    points = [(float(x), 100.0 + 30 * (x % 6)) for x in range(90)]
    assert lowest_of_each(points, 6) == [(float(x), 100.0) for x in range(0, 90, 6)]
    assert lowest_of_each(points[:5], 6) == []


def test_shrinking_or_too_short_series_are_flat() -> None:
    assert flatness([(float(x), 100.0 - x) for x in range(90)], least=1, share=0).flat
    assert flatness([(0.0, 1.0)], least=1, share=0).flat
    assert slope([]) == 0


def test_a_process_can_be_measured() -> None:
    before = usage(os.getpid())
    sum(range(10**6))
    assert usage(os.getpid()).since(before).cpu_s >= 0
    assert pss_mb(os.getpid()) > 5
    assert descriptor_count(os.getpid()) > 3


def test_a_plot_is_well_formed_whatever_its_names() -> None:
    for series in ({}, {"<a> & b": [(0.0, 0.0)]}, {"one": [(0.0, 1.0), (60.0, 2.0)], "two": []}):
        root = ET.fromstring(line_plot("a < b", "MB", series))
        assert root.tag.endswith("svg")
