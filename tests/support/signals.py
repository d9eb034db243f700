"""Scripts of an agent's signals: an activity tracker without a session, with a simulated clock; and recorded ones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from session_host.agents.catalog import load_catalog
from session_host.agents.status import ActivityTracker, Moment, StatusReport, from_event, from_report, from_state_file
from session_host.hook.report import asked
from session_host.host.watchers.state_file import StateFileContent
from session_host.paths import config_dir
from session_host.protocol.launch import Watch
from session_host.protocol.messages import Report
from session_host.protocol.values import Activity
from session_host.storage.descriptors.log_state import ActivityState
from session_host.terminal.events import AgentState, TerminalEvent

RECORDINGS = Path(__file__).parents[1] / "recordings" / "signals"
"""What an agent reported in one conversation: each hook's object, its state file, OSC 7501, and what was typed."""


class RecordedSignal(NamedTuple):
    """A signal of an agent, and how many seconds after its start it came."""

    at_s: float
    signal: Report | StateFileContent | AgentState


def recorded_signals(name: str) -> Iterator[RecordedSignal]:
    """Yield the signals of a recording, oldest first."""
    for line in (RECORDINGS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        match json.loads(line):
            case {"t": at_s, "hook": value}:
                report = Report("hook", value["hook_event_name"], value["session_id"], asked(value))
                yield RecordedSignal(at_s, report)
            case {"t": at_s, "file": value}:
                content = StateFileContent(value.get("status", ""), value.get("waitingFor", ""), value["sessionId"])
                yield RecordedSignal(at_s, content)
            case {"t": at_s, "osc7501": parameters}:
                yield RecordedSignal(at_s, AgentState(parameters))


def watch_of(agent: str) -> Watch:
    """The signals of an agent of the catalog."""
    return load_catalog(config_dir())[agent].signals


WATCH = Watch(
    reports={"Ask": Activity.NEEDS_INPUT, "Start": Activity.WORKING, "Stop": Activity.IDLE},
    titles={"^✋": Activity.NEEDS_INPUT, "^✦": Activity.WORKING, "^◇": Activity.IDLE},
    stale_after_s=60.0,
    turn_ends={"Fail": "failed", "Done": "done"},
)


class TrackerScript:
    """Passes one session's signals to a tracker, at simulated times, and returns the resulting activity."""

    def __init__(self, watch: Watch = WATCH) -> None:
        self.watch = watch
        self.time_s = 1000.0
        self.output_s = 0.0
        self.tracker = ActivityTracker(watch, "t0")

    def now(self) -> Moment:
        return Moment(f"t{self.time_s:g}", self.time_s)

    def wait(self, seconds: float) -> bool:
        """Let this time pass without a signal; expire the tracker's timers that are due."""
        end_s = self.time_s + seconds
        changed = False
        while (due_s := self.tracker.next_expiry_s(self.output_s)) is not None and due_s <= end_s:
            self.time_s = max(self.time_s, due_s)
            changed |= self.tracker.expire(self.now(), self.output_s)
        self.time_s = end_s
        return changed

    def report(self, signal: TerminalEvent | Report | StatusReport) -> bool:
        match signal:
            case StatusReport():
                status_report: StatusReport | None = signal
            case Report():
                status_report = from_report(signal, self.watch)
            case _:
                status_report = from_event(signal, self.watch)
        return status_report is not None and self.tracker.apply_report(status_report, self.now())

    def repeat(self, signals: Iterable[RecordedSignal]) -> Iterator[None]:
        """Repeat recorded signals at their times; yields after each."""
        began_s = self.time_s
        for at_s, signal in signals:
            self.wait(began_s + at_s - self.time_s)
            if not isinstance(signal, StateFileContent):
                self.report(signal)
            elif signal.status:
                self.file(signal.status, signal.waiting_for)
            yield

    def hook(self, event: str, detail: str = "") -> bool:
        return self.report(Report("hook", event, detail=detail))

    def plugin(self, event: str, detail: str = "") -> bool:
        return self.report(Report("plugin", event, detail=detail))

    def file(self, status: str, waiting_for: str = "") -> bool:
        return self.report(from_state_file(status, waiting_for))

    def osc(self, parameters: str) -> bool:
        return self.report(AgentState(parameters))

    def answer(self) -> bool:
        return self.tracker.on_input(self.now())

    def replace_host(self) -> None:
        """Make a new tracker from the saved state, as a replacement host does."""
        saved_state = msgspec.msgpack.decode(msgspec.msgpack.encode(self.tracker.saved_state(7)), type=ActivityState)
        self.tracker = ActivityTracker(self.watch, "t0", saved_state)

    @property
    def status(self) -> tuple[Activity, str, str]:
        return self.tracker.activity, self.tracker.source, self.tracker.detail
