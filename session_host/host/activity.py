"""What the agent is doing, by its own terminal signals alone; nothing is read off the screen.

======================================  ================
signal                                  activity
======================================  ================
OSC 7501 state=working / blocked        working / needs_input
OSC 7501 state=idle, done / clear       idle / no_signal
OSC 9;4 progress shown / taken away     working / idle
OSC 9, 99, 777 notification; BEL        needs_input
the user's next input                   ends needs_input
======================================  ================
"""

from __future__ import annotations

from collections.abc import Callable

from session_host.estate.memory import ActivityMemory
from session_host.protocol.launch import Watch
from session_host.protocol.messages import Report
from session_host.protocol.values import Activity
from session_host.terminal.base import AgentState, Bell, Notification, Progress, TerminalEvent

_AGENT_STATES = {
    "working": Activity.WORKING,
    "blocked": Activity.NEEDS_INPUT,
    "idle": Activity.IDLE,
    "done": Activity.IDLE,
    "clear": Activity.NO_SIGNAL,
}


class ActivityTracker:
    """The one place where a session's activity changes.

    Attributes:
        activity: what the agent is doing.
        source: what told so: "osc 7501", "osc 9;4", "notification", "bell", "input", "".
        since: when that began, as ``now`` gives it.
        detail: what the agent said with it, one line.
    """

    def __init__(self, now: Callable[[], str], since: str, memory: ActivityMemory | None = None) -> None:
        self._now = now
        self.activity = Activity.NO_SIGNAL
        self.source = ""
        self.since = since
        self.detail = ""
        if memory is not None:
            self.activity, self.source = memory.activity, memory.source
            self.since, self.detail = memory.since, memory.detail

    def memory(self, offset: int) -> ActivityMemory:
        """For a successor: it, as of this offset of the output."""
        return ActivityMemory(offset, self.activity, self.source, self.since, self.detail)

    def observe(self, event: TerminalEvent) -> bool:
        """Take note of a signal of the program; returns whether the activity changed."""
        match event:
            case AgentState(parameters):
                pairs = dict(part.partition("=")[::2] for part in parameters.replace(";", ":").split(":"))
                activity = _AGENT_STATES.get(pairs.get("state", ""))
                return activity is not None and self._change(activity, "osc 7501", pairs.get("kind", ""))
            case Progress("none", _):
                # A terminal's reset takes progress away as well: that says something only if some was shown.
                return self.source == "osc 9;4" and self._change(Activity.IDLE, "osc 9;4")
            case Progress():
                return self._change(Activity.WORKING, "osc 9;4")
            case Notification(title, body):
                return self._change(Activity.NEEDS_INPUT, "notification", body or title)
            case Bell():
                # A bell says least: it does not overrule an agent that tells its state in words.
                return self.source not in {"osc 7501", "osc 9;4"} and self._change(Activity.NEEDS_INPUT, "bell")
            case _:
                return False

    def reported(self, report: Report, watch: Watch) -> bool:
        """Take note of what a hook or plugin says; returns whether the activity changed."""
        activity = watch.reports.get(report.event)
        return activity is not None and self._change(activity, report.source, report.detail)

    def input_given(self) -> bool:
        """The user answered; returns whether that ended a ``needs_input``."""
        return self.activity is Activity.NEEDS_INPUT and self._change(Activity.NO_SIGNAL, "input")

    def ended(self) -> bool:
        """The program ended; returns whether the activity changed."""
        return self._change(Activity.NO_SIGNAL, "")

    def _change(self, activity: Activity, source: str, detail: str = "") -> bool:
        if (activity, source, detail) == (self.activity, self.source, self.detail):
            return False
        if activity is not self.activity:
            self.since = self._now()
        self.activity, self.source, self.detail = activity, source, detail
        return True
