"""The sources of an agent's status: their order, the last report of each, and which of them counts. Pure.

Sources, strongest first. A source that has reported overrides the weaker ones, which are kept as evidence::

    protocol        the agent's messages, where it has no terminal: reports each change
    state file      the agent's own file about this very process: reports each change, also an interrupted turn
    plugin          runs within the agent: reports each change
    osc 7501        the agent's report to its terminal: reports each change
    hook            run by the agent at some of its steps; by some agents only for questions
    osc 9;4         progress: reports work, and no questions
    title           patterns of the catalog: report each change, if there are patterns other than the question's
    notification    an event: the agent needs the user
    bell            the agent needs the user; without any detail
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from session_host.storage.descriptors.log_state import SourceReport

PROTOCOL = "protocol"
# fmt: off
STATE_FILE, PLUGIN, OSC_7501, HOOK, PROGRESS, TITLE, NOTIFICATION, BELL = (
    "state file", "plugin", "osc 7501", "hook", "osc 9;4", "title", "notification", "bell",
)
# fmt: on

CLEARED: Final = "state=clear"
"""OSC 7501's parameter that withdraws the program's status."""

ORDER: Final = (PROTOCOL, STATE_FILE, PLUGIN, OSC_7501, HOOK, PROGRESS, TITLE, NOTIFICATION, BELL)
INPUT, PROCESS = "input", "process"

CHANGE_SOURCES: Final = frozenset({PROTOCOL, STATE_FILE, PLUGIN, OSC_7501})
"""Sources that report each change: their last report holds while the user types, since a key may be no answer."""

EVENT_SOURCES: Final = frozenset({NOTIFICATION, BELL})
"""Sources that report events, not states: they override no other source; the user's answer ends their question."""


def rank(source: str) -> int:
    """The place of a source in their order, 0 for the strongest."""
    return ORDER.index(source) if source in ORDER else len(ORDER)


class LastReports(dict[str, SourceReport]):
    """The last report of each source of one session, and of its work in the background, by the source.

    Attributes:
        event_sources: the sources of this agent that report events, not states.
    """

    def __init__(self, event_sources: Collection[str], saved: Iterable[SourceReport]) -> None:
        """Begin with the reports that a previous host left."""
        super().__init__((each.source, each) for each in saved)
        self.event_sources = event_sources

    def current_report(self, source: str) -> str:
        """The last report of a source, in its own words; "" for none."""
        report = self.get(source)
        return report.text if report is not None else ""

    def last_report(self) -> SourceReport | None:
        """The newest report of all sources."""
        return max(self.values(), key=lambda report: report.at_s, default=None)

    def is_strongest(self, source: str) -> bool:
        """Whether no stronger source has reported."""
        for stronger in ORDER[: rank(source)]:
            report = self.get(stronger)
            if report is None or not report.reports_activity or stronger in self.event_sources:
                continue
            if stronger == PROGRESS and source == NOTIFICATION:
                continue  # Progress cannot report a question.
            return False
        return True

    def strongest_state_report(self) -> SourceReport | None:
        """The last report of the strongest source that reports states."""
        known = (self[each] for each in ORDER if each in self and each not in self.event_sources)
        return next((report for report in known if report.reports_activity), None)

    def is_cleared(self, source: str) -> bool:
        """Whether a source has withdrawn its reports."""
        report = self.get(source)
        return report is not None and report.text == CLEARED

    def question_source(self, source: str) -> str:
        """The source that reports this source's question; after an answered event, one that still reports one."""
        strongest = self.strongest_state_report() if source in self.event_sources else None
        return strongest.source if strongest is not None else source
