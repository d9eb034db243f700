"""Activity tracker: combines the reports of all sources by their rank. Pure.

Sources, strongest first. A source that has reported overrides the weaker ones, which are kept as evidence::

    protocol        the agent's messages, where it has no terminal: reports each change
    state file      the agent's own file about this very process: reports each change, also an interrupted turn
    plugin          runs within the agent: reports the same
    osc 7501        the agent's report to its terminal: reports the same
    hook            run by the agent at some of its steps; by some agents only for questions
    osc 9;4         progress: reports work, and no questions
    title           patterns of the catalog: report each change, if there are patterns besides the question
    notification    one moment: the agent needs the user
    bell            the same, with the least detail

The text of the question comes from any source that reports it.

    needs_input ──a report of its source──▶ what that says
        ├──the user's input, if the source reports each change──▶ needs_input until it reports something else
        ├──the same, if it reports questions and not their ends──▶ (ANSWER_S for another report) ──▶ no_signal
        └──the same, if it reports events, not states──▶ the last state that another source reported, else no_signal
    working ──neither output nor report for ``stale_after_s``──▶ no_signal ──a report of its source──▶ what that says

Ages are measured on a monotonic clock; the wall clock is only displayed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from session_host.protocol.evidence import Evidence
from session_host.protocol.launch import Watch
from session_host.protocol.values import Activity
from session_host.storage.descriptors.log_state import NO_COMMAND, ActivityState, CommandState, SourceReport
from session_host.system.clock import as_text

from .signals import (
    BELL,
    CLEARED,
    HOOK,
    NOTIFICATION,
    OSC_7501,
    PLUGIN,
    PROGRESS,
    PROTOCOL,
    STATE_FILE,
    TITLE,
    StatusReport,
)

ORDER: Final = (PROTOCOL, STATE_FILE, PLUGIN, OSC_7501, HOOK, PROGRESS, TITLE, NOTIFICATION, BELL)
INPUT, SILENCE = "input", "silence"

ANSWER_S = 2.0
"""Grace period after the user's answer for sources that may not report the end of a question."""

_CHANGE_SOURCES: Final = frozenset({PROTOCOL, STATE_FILE, PLUGIN, OSC_7501})
"""Sources that report each change: their last report holds while the user types, since a key may be no answer."""

_EVENT_SOURCES: Final = frozenset({NOTIFICATION, BELL})
"""Sources that report events, not states: they override no other source; the user's answer ends their question."""

_BY_PRECISION: Final = (PROTOCOL, PLUGIN, HOOK, OSC_7501, NOTIFICATION, TITLE, STATE_FILE, PROGRESS, BELL)
"""Sources, ordered by how precisely they name the question."""


class Moment(NamedTuple):
    """A point in time.

    Attributes:
        at: the time for display, ISO 8601 and UTC.
        s: the time for ages, in seconds on CLOCK_MONOTONIC.
    """

    at: str
    s: float


class ActivityTracker:
    """The single owner of a session's activity.

    Attributes:
        activity: what the agent is doing.
        source: the source of the activity: one of ``ORDER``, "input", "silence", or "" for none.
        since: when the activity began.
        detail: the question, or the agent's text about its work, one line.
        last_input_s: when the user last answered, in seconds since 1970; 0 for never, or to a previous host.
    """

    def __init__(self, watch: Watch, since: str, saved_state: ActivityState | None = None) -> None:
        self._stale_after_s = watch.stale_after_s
        self._event_sources = _EVENT_SOURCES | {HOOK} if watch.asks_by_hook else _EVENT_SOURCES
        changing_title = set(watch.titles.values()) - {Activity.NEEDS_INPUT}
        self._end_sources = _CHANGE_SOURCES | {TITLE} if changing_title else _CHANGE_SOURCES
        self.activity = Activity.NO_SIGNAL
        self.source = self.detail = self._former_input = ""
        self.last_input_s = 0.0
        self.since = since
        self._heard: dict[str, SourceReport] = {}
        self._fresh: set[str] = set()
        self._answered_s: float | None = None
        if saved_state is not None:
            self.activity, self.source = saved_state.activity, saved_state.source
            self.since, self.detail = saved_state.since, saved_state.detail
            self._former_input, self._answered_s = saved_state.last_input, saved_state.answered_s
            self._heard = {each.source: each for each in saved_state.heard}
            if saved_state.fresh is not None:
                self._fresh = set(saved_state.fresh)
            else:
                self._fresh = {each.source for each in saved_state.heard if each.activity is self.activity}

    def saved_state(
        self,
        offset: int,
        speaker: tuple[int, int] | None = None,
        asker: int = 0,
        command: CommandState = NO_COMMAND,
        turn: int = -1,
    ) -> ActivityState:
        """The state for a replacement host, as of this offset of the output."""
        return ActivityState(
            offset,
            self.activity,
            self.source,
            self.since,
            self.detail,
            tuple(self._heard.values()),
            self._answered_s,
            self.last_input,
            speaker,
            asker,
            tuple(sorted(self._fresh)),
            command,
            turn,
        )

    @property
    def last_input(self) -> str:
        """When the user last answered, ISO 8601; "" for never."""
        return as_text(self.last_input_s) if self.last_input_s else self._former_input

    def evidence(self) -> list[Evidence]:
        """The last report of each source, strongest first."""
        return [
            Evidence(source, heard.at, heard.said, heard.activity, self._counts(source) and heard.activity is not None)
            for source in ORDER
            if (heard := self._heard.get(source)) is not None
        ]

    def current_report(self, source: str) -> str:
        """The last report of a source, in its own words; "" for none."""
        heard = self._heard.get(source)
        return heard.said if heard is not None else ""

    def last_report(self) -> SourceReport | None:
        """The newest report of all sources."""
        return max(self._heard.values(), key=lambda heard: heard.at_s, default=None)

    # ------------------------------------------------------------ events

    def apply_report(self, report: StatusReport, moment: Moment) -> bool:
        """Apply a source's report; returns whether the activity or its description changed."""
        former = self._heard.get(report.source)
        speaks = (report.activity is not None or (former is not None and former.speaks)) and not report.is_last
        if report.source == PROGRESS and report.activity is Activity.IDLE and former is None:
            return False  # A terminal's reset also clears progress: this counts only if some was shown.
        self._heard[report.source] = SourceReport(
            report.source, report.said, report.activity, moment.at, moment.s, report.detail, report.kind, speaks
        )
        self._fresh.discard(report.source)
        if report.activity is None:
            return self._describe()
        if not report.is_last:
            self._fresh.add(report.source)
        if not self._counts(report.source) or self._is_duplicate(report, former):
            return self._describe()
        if report.is_last and report.said == CLEARED and self.activity is Activity.NEEDS_INPUT:
            # After the answer, as to Claude Code's trust dialog, this or another source reports again in a moment.
            self._answered_s = moment.s
            return False
        asks_anew = self._answered_s is not None and report.activity is Activity.NEEDS_INPUT
        if asks_anew:
            self.since = moment.at
        self._answered_s = None
        return self._become(report.activity, report.source, moment) or asks_anew

    def input_given(self, moment: Moment) -> bool:
        """The user answered; returns whether the activity or its description changed."""
        if self.activity is not Activity.NEEDS_INPUT:
            return False
        # Reports about this question do not apply to the next one.
        self._fresh = {each for each in self._fresh if self._heard[each].activity is not Activity.NEEDS_INPUT}
        if self.source in self._event_sources or self.source not in self._heard:
            standing = self._standing()
            if standing is None or standing.activity is None:
                return self._become(Activity.NO_SIGNAL, INPUT, moment)
            if standing.activity is not Activity.NEEDS_INPUT:
                return self._become(standing.activity, standing.source, moment)
        if self._answered_s is None:
            self._answered_s = moment.s
        return False

    def expire(self, moment: Moment, output_s: float) -> bool:
        """Apply the passage of time; returns whether the activity or its description changed.

        Args:
            moment: now.
            output_s: the time of the program's last output.
        """
        due_s = self.next_expiry_s(output_s)
        if due_s is None or moment.s < due_s:
            return False
        if self._answered_s is not None:
            self._answered_s = None
            return self._become(Activity.NO_SIGNAL, INPUT, moment)
        said = self._heard.get(self.source)
        detail = f"no output and no report for {self._stale_after_s:g} s"
        if said is not None:
            detail += f"; last report: {said.source}: {said.said}"
        return self._become(Activity.NO_SIGNAL, SILENCE, moment, detail)

    def next_expiry_s(self, output_s: float) -> float | None:
        """When ``expire`` must be called, as ``Moment.s``; None for never."""
        if self._answered_s is not None and (self._asks_by() not in self._end_sources or self._is_cleared()):
            return self._answered_s + ANSWER_S
        if self.activity is not Activity.WORKING:
            return None
        last = self.last_report()
        return max(output_s, last.at_s if last is not None else 0.0) + self._stale_after_s

    def ended(self, moment: Moment) -> bool:
        """The program ended; returns whether the activity or its description changed."""
        self._answered_s = None
        return self._become(Activity.NO_SIGNAL, "", moment)

    # ------------------------------------------------------------ ranking of sources

    def _rank(self, source: str) -> int:
        return ORDER.index(source) if source in ORDER else len(ORDER)

    def _counts(self, source: str) -> bool:
        """Whether no stronger source has reported."""
        for stronger in ORDER[: self._rank(source)]:
            heard = self._heard.get(stronger)
            if heard is None or not heard.speaks or stronger in self._event_sources:
                continue
            if stronger == PROGRESS and source == NOTIFICATION:
                continue  # Progress cannot report a question.
            return False
        return True

    def _is_duplicate(self, report: StatusReport, former: SourceReport | None) -> bool:
        """Whether a stronger source already reported this event, or the reported state is older than the question."""
        if self.activity is not Activity.NEEDS_INPUT or self.source not in self._event_sources:
            return False
        if report.source in self._event_sources:
            return self._rank(report.source) > self._rank(self.source)
        return former is not None and former.activity is report.activity

    def _standing(self) -> SourceReport | None:
        """The last report of the strongest source that reports states."""
        found = (self._heard[each] for each in ORDER if each in self._heard and each not in self._event_sources)
        return next((heard for heard in found if heard.speaks), None)

    def _is_cleared(self) -> bool:
        """Whether the source that reported the question has withdrawn everything."""
        heard = self._heard.get(self.source)
        return heard is not None and heard.said == CLEARED

    def _asks_by(self) -> str:
        """The source that reports the question; after an answered event, a source that still reports one."""
        standing = self._standing() if self.source in self._event_sources else None
        return standing.source if standing is not None else self.source

    def _become(self, activity: Activity, source: str, moment: Moment, detail: str = "") -> bool:
        former = (self.activity, self.source, self.detail)
        if activity is not self.activity:
            self.since = moment.at
            self._fresh = {each for each in self._fresh if self._heard[each].activity is activity}
        if activity is not Activity.NEEDS_INPUT:
            self._answered_s = None
        self.activity, self.source = activity, source
        self.detail = detail or self._description()
        return (activity, source, self.detail) != former

    def _describe(self) -> bool:
        """Update the description of an unchanged activity."""
        if self.source in {INPUT, SILENCE, ""}:
            return False
        former, text = self.detail, self._description()
        # After an input the question may still be open: its description holds until the next report.
        self.detail = text if text or self._answered_s is None else former
        return self.detail != former

    def _current_reports(self) -> list[SourceReport]:
        """Reports of the present activity, by the rank of their sources' precision."""
        fresh = [self._heard[each] for each in _BY_PRECISION if each in self._fresh]
        return [heard for heard in fresh if heard.activity is self.activity]

    def description_rank(self) -> int:
        """The rank of the source that describes the activity most precisely: 0 for the best, the last for none."""
        reports = [heard for heard in self._current_reports() if heard.detail or heard.kind]
        best = next((heard for heard in reports if heard.detail), reports[0] if reports else None)
        return _BY_PRECISION.index(best.source) if best is not None else len(_BY_PRECISION)

    def _description(self) -> str:
        """The question or task, from the source that reports it most precisely."""
        reports = self._current_reports()
        details = [heard.detail for heard in reports if heard.detail]
        if details:
            # Of two texts about one question, such as "Bash" and "Bash: npm test", take the one that contains the
            # other.
            return max((text for text in details if details[0] in text), key=len)
        return next((heard.kind for heard in reports if heard.kind), "")
