"""Why a chat is working, idle, or waiting for its user: an agent's status, decided from its reports. Pure.

``ActivityTracker`` has the activity, its source and the reports as evidence for ``outlive explain``. The functions
``from_…`` translate each source's events into reports; the screen is never read. What reads files, events and titles is
in ``host.watchers``; which source counts is in ``sources``.

The text of the question comes from any source that reports it. So does the error that stopped a turn: it describes the
idle agent until its next turn.

An idle agent works as long as something that it started runs on: a command in the background, a sub-agent. The agent's
messages and its state file tell of that; for other agents, the host looks for their processes. ``in_turns`` tells the
two kinds of work apart. An agent may begin a turn by itself when that is over: it is idle only ``FOLLOW_UP_S`` later.
So it is if another source, which reports each change, says that it still works.

    needs_input ──a report of its source──▶ the reported activity
        ├──the user's input, if the source reports each change──▶ needs_input until its next report
        ├──the user's input, if the source reports no end of a question──▶ (ANSWER_S for a report) ──▶ no_signal
        └──the user's input, if the source reports events──▶ the last state of another source, else no_signal
    idle ──something that the agent started runs on──▶ working ──it is over──▶ (FOLLOW_UP_S for a turn) ──▶ idle
    working ──no output and no report for ``stale_after_s``──▶ no_signal ──a report──▶ the reported activity
    any ──the program is stopped──▶ suspended ──it is continued──▶ the last reported activity, else no_signal

Ages are measured on a monotonic clock; the wall clock is only displayed.

The translations of signals into activities::

    ======================================  =================================
    signal                                  activity
    ======================================  =================================
    protocol idle / running                 idle / working
    protocol background                     idle, and something runs on
    protocol requires_action                needs_input
    state file idle / busy / waiting        idle / working / needs_input
    state file shell                        idle, and something runs on
    a hook's or plugin's event              see the catalog
    OSC 7501 state=working / blocked        working / needs_input
    OSC 7501 state=idle, done, error        idle
    OSC 7501 state=clear                    none: the source withdraws its status
    OSC 9;4 progress shown / removed        working / idle
    OSC 133;D, a command ended              idle, if it left its progress
    OSC 133;C, a command began              no signal, if an earlier one showed progress
    title                                   see the catalog's patterns
    OSC 9, 99, 777 notification; BEL        needs_input, if the catalog says so
    ======================================  =================================
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection
from typing import Final, Literal, NamedTuple

from session_host.protocol.facts import AgentStatus
from session_host.protocol.launch import Watch
from session_host.protocol.messages import Evidence, Report
from session_host.protocol.turns import TurnFacts, TurnOutcome
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import BACKGROUND, FOLLOW_UP_S, SILENCE, Activity, in_turns
from session_host.storage.descriptors.log_state import (
    NO_COMMAND,
    NO_FOREGROUND,
    ActivityState,
    CommandState,
    ForegroundState,
    SourceReport,
)
from session_host.system.clock import as_text
from session_host.terminal.events import (
    AgentState,
    Bell,
    CommandBegan,
    CommandEnded,
    Notification,
    Progress,
    TerminalEvent,
    TitleChanged,
)

from .sources import (
    BELL,
    CHANGE_SOURCES,
    CLEARED,
    EVENT_SOURCES,
    HOOK,
    INPUT,
    NOTIFICATION,
    ORDER,
    OSC_7501,
    PLUGIN,
    PROCESS,
    PROGRESS,
    PROTOCOL,
    STATE_FILE,
    TITLE,
    LastReports,
    rank,
)

MAX_TEXT_CHARACTERS = 200
MAX_DETAIL_CHARACTERS = 400

TurnEndReport = Literal["", "done", "failed", "interrupted"]
"""How a turn ended, as a source reports it; "" if the report is not about that."""

_AGENT_STATES: Final = {
    "working": Activity.WORKING,
    "blocked": Activity.NEEDS_INPUT,
    "idle": Activity.IDLE,
    "done": Activity.IDLE,
    "error": Activity.IDLE,
    "clear": Activity.NO_SIGNAL,
}
_AGENT_TURN_ENDS: Final[dict[str, TurnEndReport]] = {"done": "done", "error": "failed"}
_CHAT_STATES: Final = {
    "idle": Activity.IDLE,
    "background": Activity.IDLE,
    "running": Activity.WORKING,
    "requires_action": Activity.NEEDS_INPUT,
}
_FILE_STATES: Final = {
    "idle": Activity.IDLE,
    "shell": Activity.IDLE,
    "busy": Activity.WORKING,
    "waiting": Activity.NEEDS_INPUT,
}
_FILE_BACKGROUND: Final = {"shell": "a shell", "idle": ""}
"""The work in the background beside a status that tells it. The file does not say which shells run, or how many."""

IN_BACKGROUND: Final = "In the background: {work}"

_OWN_DIALOG: Final = "dialog open"
"""Claude Code's reason for waiting in a dialog: its own one, or one that the user has opened (``/model``)."""

_WORKING: Final = Activity.WORKING

FAILED: Final = "stopped by an error"
"""The description of a failed turn if its source gives no error."""

FAILURE_LEAD_S = 1.0
"""How long after an error another source may still report the work that it stopped."""

ANSWER_S = 2.0
"""Grace period after the user's answer for sources that may not report the end of a question."""

_BY_PRECISION: Final = (PROTOCOL, PLUGIN, HOOK, OSC_7501, NOTIFICATION, TITLE, STATE_FILE, PROGRESS, BELL)
"""Sources, ordered by how precisely they name the question."""

IN_TERMINAL: Final = " · in its terminal only"
"""Behind a question that cannot be answered from elsewhere, of an agent that has others answered there."""

SIMULTANEOUS_S = 5.0
"""Questions that hooks report within this time may both be open, also before the agent shows one of them."""

_COMPARED_CHARACTERS = 350
"""Two texts that are longer name the same question if so much is equal: both may be cut, at different places."""


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
        source: the source of the activity: one of ``sources.ORDER``, "input", "silence", or "" for none.
        since: when the activity began.
        detail: the question, or the agent's text about its work, one line.
        reports: the last report of each source.
        last_input_s: when the user last answered, in seconds since 1970; 0 for never, or to a previous host.
    """

    def __init__(self, watch: Watch, since: str, saved_state: ActivityState | None = None) -> None:
        self._stale_after_s = watch.stale_after_s
        self._turn_ends, self._limit = watch.turn_ends, watch.limit
        event_sources = EVENT_SOURCES | {HOOK} if watch.asks_by_hook else EVENT_SOURCES
        changing_title = set(watch.titles.values()) - {Activity.NEEDS_INPUT}
        self._end_sources = CHANGE_SOURCES | {TITLE} if changing_title else CHANGE_SOURCES
        self.activity, self.context = Activity.NO_SIGNAL, 0
        self.source = self.detail = self._previous_input = ""
        self.last_input_s = self._input_before_turn_s = 0.0
        self._failure: SourceReport | None = None
        self._failed_turn: SourceReport | None = None
        """The error of a turn that is over, although the agent works: another turn runs."""
        self.since = since
        self.reports = LastReports(event_sources, saved_state.reports if saved_state is not None else ())
        self._fresh_sources: set[str] = set()
        self._answered_s: float | None = None
        self._left: Collection[str] = ()
        self._doubted_s: float | None = None
        """The time of a report of "idle" that is not certain yet; None for none."""
        self._is_work_over = False
        """Whether what it ran in the background has ended, and may begin a turn."""
        self._has_unseen_turn = False
        """Whether a turn was over before the source in use showed anything of it, and nobody has asked since."""
        self._changed_s = 0.0
        """The time of the last change of the activity; for a replacement host, that of the last report that counts."""
        if saved_state is not None:
            self.activity, self.source = saved_state.activity, saved_state.source
            self.since, self.detail = saved_state.since, saved_state.detail
            self._previous_input, self._answered_s = saved_state.last_input, saved_state.answered_s
            self._changed_s = self.reports[self.source].at_s if self.source in self.reports else 0.0
            self._failure = saved_state.failure
            self._doubted_s, self._is_work_over = saved_state.doubted_s, saved_state.is_work_over
            self._fresh_sources = set(saved_state.fresh_sources)

    @property
    def question(self) -> str:
        """The description of the question, without a remark."""
        return self.detail.removesuffix(IN_TERMINAL)

    def leave_to_terminal(self, questions: Collection[str]) -> bool:
        """Set the questions that only the agent's dialog can answer; returns whether the description changed."""
        self._left = questions
        return self.activity is Activity.NEEDS_INPUT and self._update_description()

    def saved_state(
        self,
        offset: int,
        plugin_process: tuple[int, int] | None = None,
        reporting_group: int = 0,
        command: CommandState = NO_COMMAND,
        turn: int = -1,
        foreground: ForegroundState = NO_FOREGROUND,
    ) -> ActivityState:
        """The state for a replacement host, as of this offset of the output."""
        return ActivityState(
            offset,
            self.activity,
            self.source,
            self.since,
            self.detail,
            tuple(self.reports.values()),
            self._answered_s,
            self.last_input,
            plugin_process,
            reporting_group,
            tuple(sorted(self._fresh_sources)),
            command,
            turn,
            foreground,
            self._failure,
            self._doubted_s,
            self._is_work_over,
        )

    @property
    def last_input(self) -> str:
        """When the user last answered, ISO 8601; "" for never."""
        return as_text(self.last_input_s) if self.last_input_s else self._previous_input

    @property
    def has_failed(self) -> bool:
        """Whether the agent is idle since an error stopped its turn; ``detail`` says which."""
        return self.activity is Activity.IDLE and self._failure is not None

    def take_unseen_turn(self) -> bool:
        """Whether a turn was over before the source in use showed anything of it, since the last call."""
        found, self._has_unseen_turn = self._has_unseen_turn, False
        return found

    def note_turn(self) -> None:
        """Note that a turn begins."""
        self._input_before_turn_s = self.last_input_s

    def turn_outcome(self) -> TurnOutcome:
        """How the turn ended, as far as the agent has said it; it is idle now.

        A turn is interrupted by a key: an agent that shows itself idle without one has had no real turn.
        """
        if self.has_failed:
            return self._failed_outcome(self.detail)
        said = (self._turn_ends.get(self.reports.current_report(each)) for each in (PLUGIN, OSC_7501))
        is_stopped = "interrupted" in said and self.last_input_s > self._input_before_turn_s
        return "interrupted" if is_stopped else "done"

    def take_failed_turn(self) -> TurnFacts | None:
        """How a turn ended that failed, and its error, if another turn runs; None after the first call."""
        failed, self._failed_turn = self._failed_turn, None
        error = "" if failed is None else failed.detail or FAILED
        return None if failed is None else TurnFacts(outcome=self._failed_outcome(error), error=error)

    @property
    def is_in_dialog(self) -> bool:
        """Whether it waits in a dialog that its user may have opened: that belongs to no prompt."""
        report = self.reports.get(STATE_FILE)
        return report is not None and report.kind == _OWN_DIALOG

    def _failed_outcome(self, error: str) -> TurnOutcome:
        return "limit" if self._limit and re.match(self._limit, error) else "error"

    def status(self) -> AgentStatus:
        """The agent's status, as a part of the chat's facts."""
        return AgentStatus(self.activity, self.source, self.since, self.detail, self.has_failed, self.context)

    def evidence(self) -> list[Evidence]:
        """The last report of each source, strongest first."""
        return [
            Evidence(
                source,
                report.at,
                report.text,
                report.activity,
                source == self.source
                if source == BACKGROUND
                else self.reports.is_strongest(source) and report.activity is not None,
            )
            for source in (*ORDER, BACKGROUND)
            if (report := self.reports.get(source)) is not None
        ]

    # ------------------------------------------------------------ events

    def apply_report(self, report: StatusReport, moment: Moment) -> bool:
        """Apply a source's report; returns whether the activity or its description changed."""
        if report.background is not None:
            self._note_background(report.background, moment)
        has_changed = self._apply(report, moment)
        return self._show_background(moment) or has_changed

    def apply_background(self, work: str, moment: Moment) -> bool:
        """Note what the agent started and runs on, "" for nothing; returns whether the activity changed."""
        self._note_background(work, moment)
        return self._show_background(moment)

    def _note_background(self, work: str, moment: Moment) -> None:
        known = self.reports.get(BACKGROUND)
        if not work:
            self._is_work_over = self._is_work_over or known is not None
            self.reports.pop(BACKGROUND, None)
        elif known is None or known.text != _clean_text(work):
            detail = _detail(IN_BACKGROUND.format(work=work))
            self.reports[BACKGROUND] = SourceReport(
                BACKGROUND, _clean_text(work), _WORKING, moment.at, moment.s, detail
            )

    def _show_background(self, moment: Moment) -> bool:
        """Let an idle agent work while something runs on, and no longer."""
        runs_on = BACKGROUND in self.reports
        is_over = not runs_on and self.source == BACKGROUND
        if (runs_on and self.activity is Activity.IDLE) or is_over or self._doubted_s is not None:
            return self._become_idle(moment)
        return self.source == BACKGROUND and self._update_description()

    def _become_idle(self, moment: Moment, *, is_certain: bool = False) -> bool:
        """Follow the strongest source, which reports that no turn runs."""
        strongest = self.reports.strongest_state_report()
        source = strongest.source if strongest is not None else ""
        return self._set_activity(Activity.IDLE, source, moment, is_certain=is_certain)

    def _may_go_on(self, source: str) -> bool:
        """Whether the agent may still work although this source reports that it is idle."""
        others = (self.reports.get(each) for each in CHANGE_SOURCES if each != source)
        return self._is_work_over or any(each is not None and each.activity is _WORKING for each in others)

    def _apply(self, report: StatusReport, moment: Moment) -> bool:
        previous = self.reports.get(report.source)
        reports_activity = (
            report.activity is not None or (previous is not None and previous.reports_activity)
        ) and not report.is_last
        is_shown = previous is not None and previous.activity is Activity.WORKING
        if report.source == PROGRESS and report.activity is Activity.IDLE and not is_shown:
            return False  # A terminal's reset and each command's end remove progress, too, where none is shown.
        was_removed = previous is not None and previous.activity is Activity.IDLE
        if report.source == PROGRESS and report.is_last and not was_removed:
            return False  # Most commands begin without any progress before, and some run below one that shows it.
        is_late = report.source == NOTIFICATION and self._answered_s is not None and self.source in CHANGE_SOURCES
        if is_late:
            self._fresh_sources.add(self.source)  # Something is over: its text does not describe what is still asked.
        self.reports[report.source] = SourceReport(
            report.source,
            report.text,
            report.activity,
            moment.at,
            moment.s,
            "" if is_late or self._is_one_of_several(report, previous, moment) else report.detail,
            report.kind,
            reports_activity,
        )
        self._note_failure(report, previous, self.reports[report.source])
        self._fresh_sources.discard(report.source)
        if self.activity is Activity.SUSPENDED:
            return self._update_description()
        if report.activity is None:
            return self._update_description()
        if not report.is_last:
            self._fresh_sources.add(report.source)
        if not self.reports.is_strongest(report.source) or self._is_duplicate(report, previous):
            has_worked = self._ends_unseen_turn(report, previous)
            if has_worked:
                self.since, self._changed_s, self._has_unseen_turn = moment.at, moment.s, True
            return self._update_description() or has_worked
        if report.is_last and report.text == CLEARED and self.activity is Activity.NEEDS_INPUT:
            # After the answer, as to Claude Code's trust dialog, this or another source reports again in a moment.
            self._answered_s = moment.s
            return False
        is_new_question = self._answered_s is not None and report.activity is Activity.NEEDS_INPUT
        if is_new_question:
            self.since = moment.at
        self._answered_s = None
        return self._set_activity(report.activity, report.source, moment) or is_new_question

    def _is_one_of_several(self, report: StatusReport, previous: SourceReport | None, moment: Moment) -> bool:
        """Whether a hook reports one more question, as hooks of sub-agents do, so that it may not be the one shown."""
        if report.source != HOOK or report.activity is not Activity.NEEDS_INPUT or HOOK not in self._fresh_sources:
            return False
        if previous is None or previous.activity is not Activity.NEEDS_INPUT:
            return False
        if (previous.text, previous.detail) == (report.text, report.detail):
            return False
        return self.activity is Activity.NEEDS_INPUT or moment.s < previous.at_s + SIMULTANEOUS_S

    def _ends_unseen_turn(self, report: StatusReport, previous: SourceReport | None) -> bool:
        """Whether a weaker source reports the end of a turn of which the source in use has shown nothing.

        A state file shows nothing of a turn that is over before it is read; it may be read meanwhile, too.
        """
        if self.activity is not Activity.IDLE or report.activity is not Activity.IDLE or previous is None:
            return False
        is_later = previous.activity is Activity.WORKING and previous.at_s > self._changed_s
        return is_later and self.source in self.reports

    def _note_failure(self, report: StatusReport, previous: SourceReport | None, as_kept: SourceReport) -> None:
        """Note the error that stopped the turn, from the strongest source that reports one; or that another turn runs.

        With a prompt in its queue, an agent goes on: Claude Code's file is idle for a moment that may not be seen.
        """
        known, is_in_turn = self._failure, in_turns(self.activity, self.source) is _WORKING
        is_other_turn = is_in_turn and known is not None and self._is_of_next_turn(report, previous, known)
        if is_other_turn:
            self._failed_turn, self._failure = known, None
        if report.turn_end == "failed":
            if self._failure is None or rank(report.source) <= rank(self._failure.source):
                self._failure = as_kept
        elif known is not None and report.source == known.source and (report.turn_end or report.activity is _WORKING):
            self._failure = None  # It tried again.

    def _is_of_next_turn(self, report: StatusReport, previous: SourceReport | None, failed: SourceReport) -> bool:
        """Whether a report in a turn is about the one after a turn that failed."""
        if failed.activity is not Activity.IDLE:
            return False  # Of an agent that reports each error, also one after which it tries again.
        if report.turn_end == "failed":
            return report.source == failed.source
        if report.turn_end == "done":
            return rank(report.source) <= rank(failed.source)
        was_idle = previous is not None and previous.activity is Activity.IDLE
        is_idle_after = was_idle and previous is not None and previous.at_s > failed.at_s - FAILURE_LEAD_S
        return report.activity is _WORKING and report.source in CHANGE_SOURCES and is_idle_after

    def on_input(self, moment: Moment) -> bool:
        """The user answered; returns whether the activity or its description changed."""
        if self.activity is not Activity.NEEDS_INPUT:
            return False
        # Reports about this question do not apply to the next one.
        self._fresh_sources = {
            each for each in self._fresh_sources if self.reports[each].activity is not Activity.NEEDS_INPUT
        }
        if self.source in self.reports.event_sources or self.source not in self.reports:
            strongest = self.reports.strongest_state_report()
            if strongest is None or strongest.activity is None:
                return self._set_activity(Activity.NO_SIGNAL, INPUT, moment)
            if strongest.activity is not Activity.NEEDS_INPUT:
                return self._set_activity(strongest.activity, strongest.source, moment)
        if self._answered_s is None:
            self._answered_s = moment.s
        return False

    def expire(self, moment: Moment, output_s: float) -> bool:
        """Apply the passage of time; returns whether the activity or its description changed.

        Args:
            moment: now.
            output_s: the time of the program's last output.
        """
        expiry_s = self.next_expiry_s(output_s)
        if expiry_s is None or moment.s < expiry_s:
            return False
        if self._doubted_s is not None:
            return self._become_idle(moment, is_certain=True)
        if self._answered_s is not None:
            self._answered_s = None
            return self._set_activity(Activity.NO_SIGNAL, INPUT, moment)
        last = self.reports.get(self.source)
        detail = f"no output and no report for {self._stale_after_s:g} s"
        if last is not None:
            detail += f"; last report: {last.source}: {last.text}"
        return self._set_activity(Activity.NO_SIGNAL, SILENCE, moment, detail)

    def next_expiry_s(self, output_s: float) -> float | None:
        """When ``expire`` must be called, as ``Moment.s``; None for never."""
        if self._answered_s is not None and (
            self.reports.question_source(self.source) not in self._end_sources or self.reports.is_cleared(self.source)
        ):
            return self._answered_s + ANSWER_S
        if self._doubted_s is not None:
            return self._doubted_s + FOLLOW_UP_S
        if self.activity is not Activity.WORKING or self.source == BACKGROUND:
            return None
        last = self.reports.last_report()
        return max(output_s, last.at_s if last is not None else 0.0) + self._stale_after_s

    def on_suspended(self, moment: Moment, *, is_suspended: bool) -> bool:
        """The program was suspended, or continued; returns whether the activity changed."""
        if is_suspended:
            self._answered_s = None
            return self._set_activity(Activity.SUSPENDED, PROCESS, moment)
        if self.activity is not Activity.SUSPENDED:
            return False
        strongest = self.reports.strongest_state_report()
        activity = strongest.activity if strongest is not None else None
        if strongest is None or activity is None:
            return self._set_activity(Activity.NO_SIGNAL, PROCESS, moment)
        return self._set_activity(activity, strongest.source, moment)

    def program_ended(self, moment: Moment) -> bool:
        """The program ended; returns whether the activity or its description changed."""
        self.reports.pop(BACKGROUND, None)
        self._answered_s = None
        return self._set_activity(Activity.NO_SIGNAL, "", moment)

    # ------------------------------------------------------------ changes

    def _is_duplicate(self, report: StatusReport, previous: SourceReport | None) -> bool:
        """Whether a stronger source already reported this event, or the reported state is older than the question."""
        if self.activity is not Activity.NEEDS_INPUT or self.source not in self.reports.event_sources:
            return False
        if report.source in self.reports.event_sources:
            return rank(report.source) > rank(self.source)
        return previous is not None and previous.activity is report.activity

    def _set_activity(
        self, activity: Activity, source: str, moment: Moment, detail: str = "", *, is_certain: bool = False
    ) -> bool:
        previous, reported = (self.activity, self.source, self.detail), activity
        if activity is Activity.IDLE and BACKGROUND in self.reports:
            activity, source = _WORKING, BACKGROUND
        if activity is Activity.IDLE and self.activity is _WORKING and not is_certain and self._may_go_on(source):
            self._doubted_s = moment.s if self._doubted_s is None else self._doubted_s
            return False
        self._doubted_s, self._is_work_over = None, False
        if reported is not in_turns(self.activity, self.source):
            self._fresh_sources = {each for each in self._fresh_sources if self.reports[each].activity is reported}
            if reported is _WORKING and self._failure and moment.s > self._failure.at_s + FAILURE_LEAD_S:
                self._failure = None
        if activity is not self.activity:
            self.since, self._changed_s = moment.at, moment.s
        if activity is not Activity.NEEDS_INPUT:
            self._answered_s = None
        self.activity, self.source = activity, source
        self.detail = detail or self._description()
        return (activity, source, self.detail) != previous

    def _update_description(self) -> bool:
        """Update the description of an unchanged activity."""
        if self.source in {INPUT, SILENCE, PROCESS, ""}:
            return False
        previous, text = self.detail, self._description()
        # After an input the question may still be open: its description holds until the next report.
        self.detail = text if text or self._answered_s is None else previous
        return self.detail != previous

    def _current_reports(self) -> list[SourceReport]:
        """Reports of the present activity, by the rank of their sources' precision."""
        reports = [self.reports[each] for each in _BY_PRECISION if each in self._fresh_sources]
        return [report for report in reports if report.activity is in_turns(self.activity, self.source)]

    def description_rank(self) -> int:
        """The rank of the source that describes the activity most precisely: 0 for the best, the last for none."""
        reports = [report for report in self._current_reports() if report.detail or report.kind]
        best = next((report for report in reports if report.detail), reports[0] if reports else None)
        return _BY_PRECISION.index(best.source) if best is not None else len(_BY_PRECISION)

    def _description(self) -> str:
        """The question, task or error, and a remark."""
        text = self._named()
        is_left = self.activity is Activity.NEEDS_INPUT and any(is_same_question(each, text) for each in self._left)
        return f"{text}{IN_TERMINAL}" if is_left else text

    def _named(self) -> str:
        """The question or task, from the source that reports it most precisely; or the error that stopped the turn."""
        if self.source == BACKGROUND:
            return self.reports[BACKGROUND].detail
        if self.activity is Activity.IDLE and self._failure is not None:
            return self._failure.detail or FAILED
        reports = self._current_reports()
        details = [report.detail for report in reports if report.detail]
        if details:
            shown = next((report.detail for report in reports if report.source == OSC_7501), "")
            if self.activity is Activity.NEEDS_INPUT and ": " in shown and not is_same_question(details[0], shown):
                return shown  # The other text is the question of another sub-agent, which is not on the screen yet.
            # Sources may describe one question by "Bash" and by "Bash: npm test": take the text that contains the
            # other.
            return max((text for text in details if details[0] in text), key=len)
        return next((report.kind for report in reports if report.kind), "")


def is_same_question(reported: str, shown: str) -> bool:
    """Whether a hook's text describes the question that the agent shows, by its own text for it.

    Claude Code's texts differ in the tool's name (``Edit: a.py``, ``approve Update: a.py``), add a question's choices
    (``Which?``, ``answer: Which? (red · blue)``), or have no text of a server's form (``asker: Which?``, ``MCP input:
    asker``).
    """
    reported, shown = (" ".join(text.split())[:_COMPARED_CHARACTERS] for text in (reported, shown))
    if reported == shown:
        return bool(shown)
    subject = shown.partition(": ")[2]
    if not subject:
        return False
    about = reported.partition(": ")[2]
    shorter = min(len(about), len(subject))
    is_cut = len(reported) == len(shown) == _COMPARED_CHARACTERS
    is_equal = about[:shorter] == subject[:shorter] if is_cut else about == subject
    return is_equal or f"{subject} (".startswith(f"{reported} (") or reported.startswith(f"{subject}: ")


class StatusReport(NamedTuple):
    """A status report from one source.

    Attributes:
        source: the name of the source.
        text: the report in the source's own words, one line.
        activity: the reported activity; None if the report is not about the activity.
        detail: the question or the task.
        kind: the kind of question.
        is_last: the source has nothing more to report; weaker sources count again.
        turn_end: how the turn ended; ``detail`` is the error of a failed one.
        background: what the agent started and runs on without a turn, "" for nothing; None if the report does not say.
    """

    source: str
    text: str
    activity: Activity | None
    detail: str = ""
    kind: str = ""
    is_last: bool = False
    turn_end: TurnEndReport = ""
    background: str | None = None


def from_event(event: TerminalEvent, watch: Watch) -> StatusReport | None:
    """Translate an event of the program's output; None for an event that is no status report."""
    match event:
        case AgentState(parameters):
            return _from_agent_state(parameters)
        case Progress("none", _):
            return StatusReport(PROGRESS, "none", Activity.IDLE)
        case Progress(state, percent):
            share = "" if percent is None else f"{percent} %"
            return StatusReport(PROGRESS, " ".join(filter(None, (state, share))), Activity.WORKING, share)
        case CommandEnded():
            return StatusReport(PROGRESS, "left by a command that ended", Activity.IDLE)
        case CommandBegan():
            return StatusReport(PROGRESS, "of an earlier command", Activity.NO_SIGNAL, is_last=True)
        case TitleChanged(title):
            for pattern, activity in watch.titles.items():
                if re.search(pattern, title):
                    return StatusReport(TITLE, _clean_text(title), activity)
            return None
        case Notification(title, body):
            text = body or title
            if not watch.asks_by_notification:
                return StatusReport(NOTIFICATION, _clean_text(text), None)
            return StatusReport(NOTIFICATION, _clean_text(text), Activity.NEEDS_INPUT, _detail(text))
        case Bell():
            return StatusReport(BELL, "BEL", Activity.NEEDS_INPUT if watch.bells else None)
        case _:
            return None


def _from_agent_state(parameters: str) -> StatusReport | None:
    """Translate OSC 7501; see ``terminal.events.AgentState``."""
    pairs = dict(part.partition("=")[::2] for part in parameters.replace(";", ":").split(":"))
    state = pairs.get("state", "")
    activity = _AGENT_STATES.get(state)
    if activity is None or pairs.get("id"):
        return None  # With an id, the report is about a part of the work only.
    message = _decoded(pairs.get("msg", ""))
    text = " ".join(filter(None, (f"state={state}", pairs.get("kind", ""), message)))
    return StatusReport(
        OSC_7501,
        _clean_text(text),
        activity,
        _detail(message),
        _clean_text(pairs.get("kind", "")),
        state == "clear",
        _AGENT_TURN_ENDS.get(state, ""),
    )


def _decoded(text: str) -> str:
    """Decode base64, "" if invalid; padding may be missing."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def from_exited_program(source: str) -> StatusReport:
    """The program that reported by OSC 7501 exited without clearing its status."""
    return StatusReport(source, "gone", Activity.NO_SIGNAL, is_last=True)


def from_report(report: Report, watch: Watch) -> StatusReport:
    """Translate a hook's or plugin's report; the activity is None for an event that the catalog lacks."""
    text = f"{report.event}: {report.detail}" if report.detail else report.event
    return StatusReport(
        report.source,
        _clean_text(text),
        watch.reports.get(report.event),
        _detail(report.detail),
        turn_end=watch.turn_ends.get(report.event, ""),
    )


def from_state_file(status: str, waiting_for: str) -> StatusReport:
    """Translate the status in the agent's own state file; "" if the file is gone."""
    if not status:
        return from_exited_program(STATE_FILE)._replace(background="")
    text = f"{status}: {waiting_for}" if waiting_for else status
    return StatusReport(
        STATE_FILE,
        _clean_text(text),
        _FILE_STATES.get(status),
        kind=_clean_text(waiting_for),
        background=_FILE_BACKGROUND.get(status),
    )


def from_chat_state(state: str, detail: str) -> StatusReport:
    """Translate the state of an agent without a terminal; see ``structured.items.ChatState``."""
    text = f"{state}: {detail}" if detail else state
    activity, is_background = _CHAT_STATES.get(state), state == "background"
    return StatusReport(
        PROTOCOL,
        _clean_text(text),
        activity,
        "" if is_background else _detail(detail),
        background=None if activity is _WORKING else detail if is_background else "",
    )


def from_failed_turn(error: str) -> StatusReport:
    """Translate the error that stopped a turn of an agent without a terminal."""
    return StatusReport(PROTOCOL, _clean_text(f"turn failed: {error}"), None, _detail(error), turn_end="failed")


def _clean_text(text: str) -> str:
    return one_line(text).strip()[:MAX_TEXT_CHARACTERS]


def _detail(text: str) -> str:
    return one_line(text).strip()[:MAX_DETAIL_CHARACTERS]
