"""Measures memory and descriptors of processes, and whether a figure stays flat."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from itertools import combinations
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple


def pss_mb(pid: int) -> float:
    """A process's proportional set size (proc(5), smaps_rollup), in 10⁶ bytes."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    assert found, f"process {pid} has ended"
    return int(found.group(1)) * 1024 / 1e6


def descriptor_count(pid: int) -> int:
    """The number of a process's open descriptors."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The growth of y with x: the median slope of all pairs of points (Theil–Sen), robust against outliers."""
    thinned = points[:: max(1, len(points) // 200)]
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(thinned, 2) if x2 != x1]
    return statistics.median(slopes) if slopes else 0.0


def lowest_of_each(points: Sequence[tuple[float, float]], count: int) -> list[tuple[float, float]]:
    """The point with the lowest figure in each group of ``count`` neighbours; an incomplete last group is left out."""
    return [min(points[end - count : end], key=itemgetter(1)) for end in range(count, len(points) + 1, count)]


class Flatness(NamedTuple):
    """A figure's growth over the last two thirds of its time.

    Attributes:
        growth: the robust slope, multiplied by that time.
        allowed: the limit of ``growth``.
    """

    growth: float
    allowed: float

    @property
    def flat(self) -> bool:
        """Whether the growth is within the limit."""
        return self.growth <= self.allowed

    def line(self, name: str, points: Sequence[tuple[float, float]]) -> str:
        """One line with the verdict on a figure's (time, figure) pairs."""
        return (
            f"  {name:<24} {points[0][1]:8.2f} → {points[-1][1]:8.2f}  growth {self.growth:+7.2f} "
            f"(≤ {self.allowed:.2f}): {'flat' if self.flat else 'GROWS'}"
        )


def flatness(points: Sequence[tuple[float, float]], *, least: float, share: float) -> Flatness:
    """Judge (time, figure) pairs; allowed is a growth of ``least``, or of ``share`` of the median."""
    late = points[len(points) // 3 :]
    if len(late) < 2:
        return Flatness(0.0, least)
    median = statistics.median(y for _, y in late)
    return Flatness(slope(late) * (late[-1][0] - late[0][0]), max(least, share * median))
