"""The results of benchmarks: series of figures, medians, ratios and verdicts, as a table or JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


def percentile(values: Sequence[float], percent: float) -> float:
    """The percentile of the values, by the nearest-rank method."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


@dataclass
class Series:
    """Figures of one kind from one program.

    Attributes:
        name: the program, and what was measured.
        unit: of ``values``.
        values: one for each measurement.
        command: a command that produces such a figure by hand.
    """

    name: str
    unit: str
    values: list[float] = field(default_factory=list)
    command: str = ""

    @property
    def median(self) -> float:
        """The median of ``values``."""
        return statistics.median(self.values)


@dataclass(frozen=True)
class Verdict:
    """A figure, usually a ratio, compared with its limit.

    Attributes:
        what: the figure's name.
        value: the measured value.
        unit: "×" for a ratio.
        limit: the minimum or maximum, see ``at_least``.
        at_least: True: the limit is a minimum; False: it is a maximum; None: there is no limit, only a report.
    """

    what: str
    value: float
    unit: str
    limit: float = 0.0
    at_least: bool | None = None

    @property
    def met(self) -> bool:
        """Whether the value is within its limit."""
        if self.at_least is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        text = f"{self.what}: {number(self.value)} {self.unit}"
        if self.at_least is None:
            return text
        bound = f"{'≥' if self.at_least else '≤'} {number(self.limit)} {self.unit}"
        return f"{text} ({bound}: {'met' if self.met else 'MISSED'})"


@dataclass
class Report:
    """The results of one benchmark."""

    name: str
    summary: str
    series: list[Series] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report as values for ``--json``."""
        return {
            "name": self.name,
            "summary": self.summary,
            "series": [vars(series) | {"median": series.median} for series in self.series if series.values],
            "verdicts": [vars(verdict) | {"met": verdict.met} for verdict in self.verdicts],
            "notes": self.notes,
        }

    def as_text(self) -> str:
        """The report as a table for a terminal."""
        width = max((len(series.name) for series in self.series), default=0)
        lines = [f"{self.name}: {self.summary}", ""]
        for series in self.series:
            if series.values:
                spread = f"{number(min(series.values))} … {number(max(series.values))}"
                median = f"{number(series.median):>9} {series.unit:<4}"
                lines.append(f"  {series.name:<{width}}  {median}  {spread:>20}  n={len(series.values)}")
        lines += [""] + [f"  → {verdict}" for verdict in self.verdicts]
        lines += [f"  · {note}" for note in self.notes]
        commands = dict.fromkeys(series.command for series in self.series if series.command and series.values)
        lines += [f"  $ {command}" for command in commands]
        return "\n".join(lines) + "\n"


def number(value: float) -> str:
    """Format a value with three significant digits and no exponent."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}"


def ratio(what: str, numerator: Series, denominator: Series, limit: float = 0, *, at_least: bool | None) -> Verdict:
    """A verdict on the ratio of two medians."""
    return Verdict(what, numerator.median / denominator.median, "×", limit, at_least)


def render_json(machine: dict[str, str], reports: Iterable[Report]) -> str:
    """All reports as one JSON document."""
    return json.dumps({"machine": machine, "reports": [report.as_json() for report in reports]}, indent=1)
