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
    """The resources that a process has used up to now.

    Attributes:
        cpu_s: user and system time.
        voluntary: voluntary context switches of all threads: each is a wait, and so a wake-up.
        involuntary: involuntary context switches of all threads: another process ran instead.
    """

    cpu_s: float
    voluntary: int
    involuntary: int

    def since(self, before: Usage) -> Usage:
        """The difference between this usage and an earlier one."""
        return Usage(
            self.cpu_s - before.cpu_s, self.voluntary - before.voluntary, self.involuntary - before.involuntary
        )


def usage(pid: int) -> Usage:
    """The usage of a living process, from /proc/PID/stat and /proc/PID/task/*/status (proc(5))."""
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
    """A process's proportional set size (proc(5), smaps_rollup), in 10⁶ bytes."""
    return _rollup_mb(pid, "Pss")


def rss_mb(pid: int) -> float:
    """A process's resident set size, in 10⁶ bytes: all pages that it uses, also those that it shares."""
    return _rollup_mb(pid, "Rss")


def uss_mb(pid: int) -> float:
    """A process's unique set size, in 10⁶ bytes: the memory that it shares with no other."""
    return _rollup_mb(pid, "Private_Clean") + _rollup_mb(pid, "Private_Dirty")


def _rollup_mb(pid: int, name: str) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(rf"^{name}:\s+(\d+) kB", rollup, re.MULTILINE)
    assert found, f"process {pid} has ended"
    return int(found.group(1)) * 1024 / 1e6


def descriptor_count(pid: int) -> int:
    """The number of a process's open descriptors."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def memory_files_mb(pid: int) -> float:
    """The size of a process's open files in memory (memfd_create(2)), in 10⁶ bytes; PSS has only mapped ones."""
    blocks = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if str(entry.readlink()).startswith("/memfd:"):
                blocks += entry.stat().st_blocks
        except FileNotFoundError:
            continue  # The file has just been closed.
    return blocks * 512 / 1e6


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
