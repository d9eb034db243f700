"""The results of benchmarks: series of figures, medians, ratios and verdicts, as a table or JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which ``percent`` of the values lie; the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


@dataclass
class Series:
    """Figures of one kind from one contestant.

    Attributes:
        name: who, and what exactly.
        unit: of ``values``.
        values: one for each round.
        command: how to get such a figure by hand.
    """

    name: str
    unit: str
    values: list[float] = field(default_factory=list)
    command: str = ""

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)


@dataclass(frozen=True)
class Verdict:
    """A figure that has a limit to keep, usually a ratio.

    Attributes:
        what: in words.
        value: what was measured.
        unit: "×" for a ratio.
        limit: what it is to be.
        at_least: the limit is a floor; else a ceiling. None: the figure is only reported, without a limit.
    """

    what: str
    value: float
    unit: str
    limit: float = 0.0
    at_least: bool | None = None

    @property
    def met(self) -> bool:
        """It keeps its limit."""
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
    """What one benchmark found."""

    name: str
    summary: str
    series: list[Series] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "name": self.name,
            "summary": self.summary,
            "series": [vars(series) | {"median": series.median} for series in self.series if series.values],
            "verdicts": [vars(verdict) | {"met": verdict.met} for verdict in self.verdicts],
            "notes": self.notes,
        }

    def as_text(self) -> str:
        """For a terminal."""
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
    """Three significant digits, no exponent."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}"


def ratio(what: str, numerator: Series, denominator: Series, limit: float = 0, *, at_least: bool | None) -> Verdict:
    """The ratio of two medians."""
    return Verdict(what, numerator.median / denominator.median, "×", limit, at_least)


def render_json(machine: dict[str, str], reports: Iterable[Report]) -> str:
    """Everything, for programs."""
    return json.dumps({"machine": machine, "reports": [report.as_json() for report in reports]}, indent=1)
