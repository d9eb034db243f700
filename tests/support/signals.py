"""Playbooks of an agent's signals: a tracker of the activity, without a session, and a time of its own."""

from __future__ import annotations

import msgspec

from session_host.agents.status.activity import ActivityTracker, Moment
from session_host.agents.status.signals import StatusReport, of_event, of_report, of_state_file
from session_host.protocol.launch import Watch
from session_host.protocol.messages import Report
from session_host.protocol.values import Activity
from session_host.storage.descriptors.log_state import ActivityState
from session_host.terminal.base import AgentState, TerminalEvent

WATCH = Watch(
    reports={"Ask": Activity.NEEDS_INPUT, "Start": Activity.WORKING, "Stop": Activity.IDLE},
    titles={"^✋": Activity.NEEDS_INPUT, "^✦": Activity.WORKING, "^◇": Activity.IDLE},
    stale_after_s=60.0,
)


class Playbook:
    """Plays one session's signals to a tracker, at times in seconds, and tells what is said of the agent."""

    def __init__(self, watch: Watch = WATCH) -> None:
        self.watch = watch
        self.time_s = 1000.0
        self.output_s = 0.0
        self.tracker = ActivityTracker(watch, "t0")

    def now(self) -> Moment:
        return Moment(f"t{self.time_s:g}", self.time_s)

    def wait(self, seconds: float) -> bool:
        """So long nothing comes, but what is due is looked at."""
        end_s = self.time_s + seconds
        changed = False
        while (due_s := self.tracker.next_expiry_s(self.output_s)) is not None and due_s <= end_s:
            self.time_s = max(self.time_s, due_s)
            changed |= self.tracker.expire(self.now(), self.output_s)
        self.time_s = end_s
        return changed

    def says(self, signal: TerminalEvent | Report | StatusReport) -> bool:
        match signal:
            case StatusReport():
                word: StatusReport | None = signal
            case Report():
                word = of_report(signal, self.watch)
            case _:
                word = of_event(signal, self.watch)
        return word is not None and self.tracker.apply_report(word, self.now())

    def hook(self, event: str, detail: str = "") -> bool:
        return self.says(Report("hook", event, detail=detail))

    def plugin(self, event: str, detail: str = "") -> bool:
        return self.says(Report("plugin", event, detail=detail))

    def file(self, status: str, waiting_for: str = "") -> bool:
        return self.says(of_state_file(status, waiting_for))

    def osc(self, parameters: str) -> bool:
        return self.says(AgentState(parameters))

    def answer(self) -> bool:
        return self.tracker.on_input(self.now())

    def killed(self) -> None:
        """Another host goes on with what this one left."""
        saved_state = msgspec.msgpack.decode(msgspec.msgpack.encode(self.tracker.saved_state(7)), type=ActivityState)
        self.tracker = ActivityTracker(self.watch, "t0", saved_state)

    @property
    def is_said(self) -> tuple[Activity, str, str]:
        return self.tracker.activity, self.tracker.source, self.tracker.detail
