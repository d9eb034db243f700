"""Measures memory, processor time, wake-ups and descriptors of processes, and whether a figure stays flat."""

from __future__ import annotations

import os
import re
import statistics
from collections.abc import Sequence
from itertools import combinations
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Usage(NamedTuple):
    """What a process has used up to now.

    Attributes:
        cpu_s: user and system time.
        voluntary: how often it waited for something, so how often it was woken; all threads.
        involuntary: how often others were let run in its place.
    """

    cpu_s: float
    voluntary: int
    involuntary: int

    def since(self, before: Usage) -> Usage:
        """What was used since then."""
        return Usage(
            self.cpu_s - before.cpu_s, self.voluntary - before.voluntary, self.involuntary - before.involuntary
        )


def usage(pid: int) -> Usage:
    """Of a living process: /proc/PID/stat, and /proc/PID/task/*/status (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    switches = [0, 0]
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            text = (task / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # The thread has just ended.
        for index, name in enumerate(("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")):
            switches[index] += int(re.findall(rf"^{name}:\s+(\d+)", text, re.MULTILINE)[0])
    return Usage((int(fields[11]) + int(fields[12])) / TICKS_PER_S, *switches)


def pss_mb(pid: int) -> float:
    """A process's share of memory, proc(5) smaps_rollup, in 10⁶ bytes."""
    return _rollup_mb(pid, "Pss")


def uss_mb(pid: int) -> float:
    """The memory that a process has alone, in 10⁶ bytes."""
    return _rollup_mb(pid, "Private_Clean") + _rollup_mb(pid, "Private_Dirty")


def _rollup_mb(pid: int, name: str) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(rf"^{name}:\s+(\d+) kB", rollup, re.MULTILINE)
    assert found, f"process {pid} has ended"
    return int(found.group(1)) * 1024 / 1e6


def descriptor_count(pid: int) -> int:
    """How many descriptors it has."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def memory_files_mb(pid: int) -> float:
    """What the files in memory (memfd_create(2)) that it has open take up, in 10⁶ bytes; PSS knows only mapped ones."""
    blocks = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if str(entry.readlink()).startswith("/memfd:"):
                blocks += entry.stat().st_blocks
        except FileNotFoundError:
            continue  # It has just been closed.
    return blocks * 512 / 1e6


def slope(points: Sequence[tuple[float, float]]) -> float:
    """How fast y grows with x: the median of the slopes of all pairs (Theil–Sen), which outliers do not move."""
    thinned = points[:: max(1, len(points) // 200)]
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(thinned, 2) if x2 != x1]
    return statistics.median(slopes) if slopes else 0.0


def least_of_each(points: Sequence[tuple[float, float]], count: int) -> list[tuple[float, float]]:
    """Of each ``count`` neighbours, the one with the least figure; fewer at the end do not count."""
    return [min(points[end - count : end], key=itemgetter(1)) for end in range(count, len(points) + 1, count)]


class Flatness(NamedTuple):
    """How a figure went over the last two thirds of its time.

    Attributes:
        growth: the robust slope, multiplied by that time.
        allowed: what it may come to.
    """

    growth: float
    allowed: float

    @property
    def flat(self) -> bool:
        """It does not grow."""
        return self.growth <= self.allowed

    def line(self, name: str, points: Sequence[tuple[float, float]]) -> str:
        """The verdict on a figure's (time, figure) pairs, one line."""
        return (
            f"  {name:<24} {points[0][1]:8.2f} → {points[-1][1]:8.2f}  growth {self.growth:+7.2f} "
            f"(≤ {self.allowed:.2f}): {'flat' if self.flat else 'GROWS'}"
        )


def flatness(points: Sequence[tuple[float, float]], *, least: float, share: float) -> Flatness:
    """Judge (time, figure) pairs: growth up to ``least``, or that share of the median, is none."""
    late = points[len(points) // 3 :]
    if len(late) < 2:
        return Flatness(0.0, least)
    median = statistics.median(y for _, y in late)
    return Flatness(slope(late) * (late[-1][0] - late[0][0]), max(least, share * median))
