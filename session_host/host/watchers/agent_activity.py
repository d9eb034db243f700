"""Why a chat is working, idle or asking: feeds the reports of all sources to the activity tracker, and sends changes.

``agents.status`` translates reports into activities; ``agents.sources`` decides which report counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

import msgspec

from session_host.agents import sources, status
from session_host.agents.conversations.gemini_guard import TranscriptGuard
from session_host.agents.status import ActivityTracker, Moment
from session_host.host.event_log import EventLog
from session_host.host.program.emulator_worker import EmulatorWorker
from session_host.paths import session_files
from session_host.protocol.facts import AgentStatus, Foreground, LaterPrompt
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.messages import ActivityEvent, ForegroundEvent, Report
from session_host.protocol.turns import TurnFacts
from session_host.protocol.values import SILENCE, Activity, in_turns
from session_host.session.starting_input import STARTS_WITHIN_S
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import NO_COMMAND, NO_FOREGROUND, ActivityState
from session_host.structured.items import StateChanged, UsageChanged
from session_host.system.clock import as_text
from session_host.system.event_loop import Timer
from session_host.system.processes.pty_process import PtyProcess
from session_host.terminal.base import Replica
from session_host.terminal.events import TerminalEvent, TitleChanged

from .background import BackgroundWork
from .conversation import STATE_FILE, ConversationTracker, TitleWatcher, TranscriptWatcher
from .foreground import ForegroundProcess
from .logged_calls import call_logged, log_errors
from .reporters import PluginSender, ReportingJob
from .shown_step import ShownStep
from .state_file import FILES_WITH_STATUS, STATE_DIRECTORIES, StateFile, StateFileContent
from .status_events import StatusEvents
from .suspension import Suspension
from .turn_record import TurnRecord


class ActivityExpiry:
    """Runs a timer until the tracker's next expiry; output moves that, and need not restart the timer."""

    def __init__(
        self,
        tracker: ActivityTracker,
        worker: EmulatorWorker[Replica],
        check: Callable[[], None],
        *,
        previous_output_at_s: float,
    ) -> None:
        """Begin without a timer.

        Args:
            tracker: knows when its activity expires.
            worker: knows when output last arrived.
            check: called when the time is over; it lets the activity expire, or calls ``schedule`` again.
            previous_output_at_s: the time of a previous host's last output, in seconds since 1970; 0 for never.
        """
        self._tracker, self._worker, self._check = tracker, worker, check
        self._timer = Timer()
        self._due_s = 0.0
        # By the monotonic clock: not before the previous host's last report, and not in the future.
        last = tracker.reports.last_report()
        ago_s = max(0.0, time.time() - previous_output_at_s)  # The wall clock may have been set in the meantime.
        self._previous_output_s = max(last.at_s if last is not None else 0.0, time.monotonic() - ago_s)

    def output_s(self) -> float:
        """The time of the last output, by the monotonic clock; 0 for never."""
        return max(self._worker.last_output_s, self._previous_output_s)

    def last_output(self) -> str:
        """The time of the last output, ISO 8601; "" for never."""
        output_s = self.output_s()
        return as_text(time.time() - (time.monotonic() - output_s)) if output_s else ""

    def schedule(self) -> None:
        """Set the timer for the tracker's next expiry."""
        due_s = self._tracker.next_expiry_s(self.output_s())
        if due_s is None or due_s < self._due_s:
            self._timer.cancel()
        if due_s is not None and not self._timer.is_set:
            self._due_s = due_s
            self._timer.set(max(0.0, due_s - time.monotonic()), self._check)

    def close(self) -> None:
        """Stop the timer."""
        self._timer.cancel()


BEGINS_CONVERSATION = "sessionstart"
"""The hook event, in lower case, with which agents report a new conversation."""


class AgentWatch:
    """Collects all reports about one session's agent.

    Attributes:
        tracker: decides on the activity.
        foreground: the foreground program of a shell or command; None for agents.
        suspension: finds out whether the program is suspended.
        background: finds out what an idle agent still runs.
        doing: what an agent without a terminal does now.
        said: the first sentence of the last answer, see ``AgentStatus``.
        asked: what is asked before the next turn, see there.
        set_suspended: called with True if it is, else with False; also without a change.
        mark_turn: called when a turn begins in a terminal.
        age_s: returns for how many seconds the program has run.
        take_entered_by: see ``PromptLine``; called then, too.
        has_entered: whether the user has pressed Enter, and the agent has not worked since.
        last_command: the name of a shell's last command that did not end at once; "" for none since this process began.
        command_began: called when there is another one.
        activity_changed: called with the status at each visible change of it.
        asks: called behind the event of a status that is a new question, before both are written.
        later: returns the prompt that is to be sent at a time; see ``AgentStatus.continues``.
    """

    def __init__(
        self,
        spec: LaunchSpec,
        saved_state: ActivityState | None,
        input_log: InputLog,
        events: EventLog,
        worker: EmulatorWorker[Replica],
        conversation: ConversationTracker,
        *,
        send_event: Callable[[ActivityEvent | ForegroundEvent], None],
        turn_began: Callable[[], object],
        now: Callable[[], str],
        previous_output_at_s: float = 0.0,
    ) -> None:
        """Watch an agent.

        Args:
            spec: the session's launch spec.
            saved_state: the state that a previous host left.
            input_log: records the state, so that it survives this process.
            events: gets the changes.
            worker: knows how far it has interpreted the output, and when output last arrived.
            conversation: receives the conversation ids that the sources report.
            send_event: sends an event to all followers.
            turn_began: called when an agent in a terminal begins a turn.
            now: returns the time as ISO 8601 text.
            previous_output_at_s: the time of a previous host's last output, in seconds since 1970; 0 for never.
        """
        self.tracker = ActivityTracker(spec.watch, spec.facts.origin.created_at, saved_state)
        self._spec = spec
        self._input_log = input_log
        self._worker = worker
        self._conversation = conversation
        self._send_event, self._turn_began = send_event, turn_began
        self._now = now
        self.set_suspended: Callable[[bool], object] = lambda _: None
        self.mark_turn: Callable[[], object] = lambda: None
        self.take_entered_by: Callable[[], str] = lambda: ""
        self.has_entered: Callable[[], bool] = lambda: False
        self.age_s: Callable[[], float] = lambda: STARTS_WITHIN_S
        self.activity_changed: Callable[[AgentStatus], object] = lambda _: None
        self.asks: Callable[[], object] = lambda: None
        self.later: Callable[[], LaterPrompt | None] = lambda: None
        self.last_command = ""
        self.said = saved_state.said if saved_state is not None else ""
        self.asked = ""
        self.command_began: Callable[[], object] = lambda: None
        self.suspension = Suspension(self._on_look)
        self.foreground: ForegroundProcess | None = None
        if spec.facts.origin.is_shell_or_command:
            self.foreground = ForegroundProcess(
                self._on_foreground_changed,
                events,
                now,
                saved_state.command if saved_state is not None else NO_COMMAND,
                saved_state.foreground if saved_state is not None else NO_FOREGROUND,
            )
        self.background = BackgroundWork(spec, conversation, self._on_background)
        self.doing = ShownStep(lambda: self._send_event(self._event()))
        if saved_state is not None:
            had_work = saved_state.last_input or saved_state.turn >= 0  # Version 0.1.0 does not say when it began.
            self.background.counts_from = saved_state.background_from or (0 if had_work else None)
        self._file: StateFile | None = None
        self._guard: TranscriptGuard | None = None
        self._title_watcher = TitleWatcher(spec, conversation)
        self._transcript_watcher = TranscriptWatcher(spec, conversation, self._guard_transcript)
        self._expiry = ActivityExpiry(
            self.tracker, worker, self._check_expiry, previous_output_at_s=previous_output_at_s
        )
        self._plugin_sender = PluginSender(
            saved_state.plugin_process if saved_state is not None else None, input_log.header, self._apply_report
        )
        self._reporting_job = ReportingJob(
            saved_state.reporting_group if saved_state is not None else 0, self.tracker, self._apply_report
        )
        self._repeatable_sources = {sources.STATE_FILE, sources.PLUGIN} if saved_state is not None else set[str]()
        self._turn_record = TurnRecord(spec, events, conversation, self._on_said)
        self._events, self._status_events = events, StatusEvents(events, self.tracker, self._on_question)
        self._last_sent = (self.tracker.activity, self.tracker.source)
        self._turn = saved_state.turn if saved_state is not None else -1

    # ------------------------------------------------------------ events

    def start_watching(self, process: PtyProcess) -> None:
        """Start watching the running program, which may have started long ago."""
        if self.foreground is not None:
            self.foreground.start_watching(process)
        if self._spec.structured is None:
            self.suspension.start_watching(process)
        call_logged(self._follow_file, process)
        call_logged(self._guard_transcript)
        self._transcript_watcher.start()
        call_logged(self._expiry.schedule)
        call_logged(self._plugin_sender.start_watching, process)
        call_logged(self._reporting_job.start_watching, process)
        call_logged(self._turn_record.follow)
        self._events.write()
        self.background.start_watching(process)
        if in_turns(self.tracker.activity, self.tracker.source) is Activity.IDLE:
            call_logged(lambda: self._on_background(self.background.look()))

    def _follow_file(self, process: PtyProcess) -> None:
        find_directory = STATE_DIRECTORIES.get(self._spec.watch.state_file)
        directory = find_directory(self._spec.env) if find_directory is not None else None
        if directory is not None:
            self._file = StateFile(directory, process.pid, self._on_state_file)
            self._file.start()

    def _guard_transcript(self) -> None:
        """Guard the transcript of the current conversation; the previous one's backup stays."""
        if self._guard is not None:
            self._guard.close()
            self._guard = None
        if self._spec.watch.transcripts and self._conversation.id:
            self._guard = TranscriptGuard(self._conversation.id, self._spec.env, session_files(self._spec.facts.id))
            self._guard.start()

    @log_errors
    def on_terminal_events(self, events: Sequence[TerminalEvent]) -> None:
        """Handle reports in the output. One log entry holds them, so that a replacement host repeats all or none."""
        if self._guard is not None:
            self._guard.on_report()
        moment = None
        noted = began = False
        passed: list[AgentStatus] = []
        for event in events:
            if self.foreground is not None and self.foreground.observe(event):
                noted = True
            if isinstance(event, TitleChanged):
                self._conversation.title_changed()
                self._title_watcher.title_changed(event.title)
            report = status.from_event(event, self._spec.watch)
            if report is not None:
                moment = moment or self._current_moment()
                if report.source == sources.OSC_7501:
                    self._reporting_job.note_report()
                is_visible = self.tracker.apply_report(self._with_background(report), moment)
                began = self._end_failed_turn() or began
                if is_visible:
                    passed.append(self.status())
                    # A turn may be over before its output is read, most of all by a new host.
                    began = self._start_turn_if_new() or began
                    self._status_events.record(self.tracker, self._now)
                    self._end_turn_if_over()
        if passed or noted or began:
            self._save_and_send(visibly=bool(passed), began=began, passed=passed[:-1])
        elif moment is not None:
            self._expiry.schedule()

    def _on_foreground_changed(self, foreground: Foreground) -> None:
        if foreground.program and self._spec.facts.origin.is_shell:
            if self.foreground is None or not self.foreground.is_private:
                self.last_command = foreground.program
            self.command_began()
        self._save_and_send(visibly=False)
        self._send_event(ForegroundEvent(foreground))

    def note_private_command(self) -> None:
        """Note that the running command was typed with a leading blank, so that it does not name the chat."""
        if self.foreground is not None:
            self.foreground.note_private()

    def on_output_interpreted(self) -> None:
        """Note that the emulator has interpreted output."""
        self.suspension.schedule_poll()
        if self.foreground is not None:
            self.foreground.schedule_polls()

    @log_errors
    def on_hook_report(self, report: Report, pid: int) -> None:
        """Handle a report that the agent sends by a hook or plugin.

        Args:
            report: the report.
            pid: the sender; 0 if unknown. A hook has usually ended by now.
        """
        is_plugin = report.source == sources.PLUGIN
        if not (self._plugin_sender.accepts(pid) if is_plugin else self._is_about_conversation(report)):
            return
        self._conversation.set_conversation(report.conversation, report.source)
        self._apply_report(status.from_report(report, self._spec.watch))

    @log_errors
    def leave_to_terminal(self, questions: Collection[str]) -> None:
        """Say of these questions that only the agent's dialog can answer them."""
        if self.tracker.leave_to_terminal(questions):
            self._save_and_send()

    @log_errors
    def read_state_file(self) -> None:
        """Read the agent's state file now, before the notification about its change."""
        if self._file is not None:
            self._file.read_now()

    def _is_about_conversation(self, report: Report) -> bool:
        """Whether a hook reports on the current conversation, or on a new one that the agent begins."""
        known = self._conversation.id
        return (
            not (known and report.conversation)
            or report.conversation == known
            or report.event.lower() == BEGINS_CONVERSATION
        )

    def _on_state_file(self, state: StateFileContent) -> None:
        # Before the first status, the agent still shows its list of conversations: the id belongs to none of them.
        if state.status or self._spec.watch.state_file not in FILES_WITH_STATUS:
            self._conversation.set_conversation(state.conversation, STATE_FILE)
        if state.status or state.is_gone:
            self._apply_report(status.from_state_file(state.status, state.waiting_for))

    def _apply_report(self, report: status.StatusReport) -> None:
        if report.source in self._repeatable_sources:
            # A replacement host reads the same question again.
            self._repeatable_sources.discard(report.source)
            if (
                report.activity is Activity.NEEDS_INPUT is self.tracker.activity
                and self.tracker.reports.current_report(report.source) == report.text
            ):
                return
        changed = self.tracker.apply_report(self._with_background(report), self._current_moment())
        # Save the state, since a replacement host does not get this report again: it is not in the output.
        self._save_and_send(visibly=changed, began=self._end_failed_turn())

    def _with_background(self, report: status.StatusReport) -> status.StatusReport:
        """A report of an agent that does not tell what it still runs, with that: then no idle moment is shown."""
        self.background.note_report()
        if report.activity is Activity.IDLE and self._spec.watch.background:
            return report._replace(background=self.background.look())
        if report.background and report.source == sources.STATE_FILE:  # It does not name them.
            return report._replace(background=self.background.commands() or report.background)
        return report

    def _on_background(self, work: str) -> None:
        self._save_and_send(visibly=self.tracker.apply_background(work, self._current_moment()))

    @log_errors
    def on_chat_state(self, change: StateChanged) -> None:
        """Handle the state of an agent without a terminal; ``program_ended`` reports the program's end."""
        if change.state != "ended":
            self._apply_report(status.from_chat_state(change.state, change.detail))

    @log_errors
    def on_usage(self, usage: UsageChanged) -> None:
        """Handle how much of the model's context an agent without a terminal has used."""
        percent = usage.percent
        if percent != self.tracker.context:
            self.tracker.context = percent
            self._send_event(self._event())

    def _on_said(self, said: str) -> None:
        """Show what the agent's record says of the last turn in a terminal."""
        self.said = said
        self._save_and_send(visibly=False)
        self._send_event(self._event())

    @log_errors
    def on_turn_over(self) -> None:
        """Show how the last turn of an agent without a terminal ended."""
        self._send_event(self._event())

    @log_errors
    def on_turn_failed(self, error: str) -> None:
        """Handle the error that stopped a turn of an agent without a terminal."""
        self._apply_report(status.from_failed_turn(error))

    def on_input(self) -> None:
        """Note input from the user, which may answer the agent."""
        tracker = self.tracker
        tracker.last_input_s = time.time()  # Most keys need nothing more: the agent asks nothing.
        self.background.note_input()
        if tracker.activity is Activity.NEEDS_INPUT:
            call_logged(self._on_answer)
        self.suspension.schedule_poll()

    def _on_look(self, is_suspended: bool) -> None:
        self.set_suspended(is_suspended)
        if is_suspended is (self.tracker.activity is Activity.SUSPENDED):
            return
        if self.tracker.on_suspended(self._current_moment(), is_suspended=is_suspended):
            self._save_and_send()

    def _on_question(self) -> None:
        self.asks()

    def _on_answer(self) -> None:
        tracker = self.tracker
        if tracker.source == sources.OSC_7501 and self._reporting_job.has_left_foreground():
            self._apply_report(status.from_exited_program(sources.OSC_7501))
        else:
            self._save_and_send(visibly=tracker.on_input(self._current_moment()))

    def program_ended(self) -> None:
        """Record the program's end, and stop watching it."""
        self._stop_watching()
        self._transcript_watcher.finish()
        if self._guard is not None:
            call_logged(self._guard.ended)
        call_logged(self._end_activity)

    def _end_activity(self) -> None:
        if self._spec.structured is None:
            self._events.end_turn(TurnFacts(outcome="cut"))
            self._events.count_turn()
        if self.tracker.program_ended(self._current_moment()):
            self._save_and_send()
        self._events.write()
        self._expiry.schedule()

    def close(self) -> None:
        """Release timers and files; without a call of ``program_ended``, another host continues the watch."""
        self._stop_watching()
        self._transcript_watcher.close()
        if self._guard is not None:
            call_logged(self._guard.close)
        self._expiry.close()
        self.doing.close()

    def _stop_watching(self) -> None:
        self.suspension.close()
        if self.foreground is not None:
            self.foreground.close()
        self._plugin_sender.close()
        self._reporting_job.close()
        self._title_watcher.close()
        self.background.close()
        self._turn_record.close()
        if self._file is not None:
            call_logged(self._file.close)

    def current_events(self) -> list[ActivityEvent | ForegroundEvent]:
        """The current state as events, for a viewer that has just attached."""
        foreground, activity = self.foreground, self._event()
        if foreground is None or not foreground.current.since:
            return [activity]
        return [activity, ForegroundEvent(foreground.current)]

    def _event(self, turn: int = -1) -> ActivityEvent:
        return ActivityEvent(self.status(), turn)

    def status(self) -> AgentStatus:
        """The agent's status, as a part of the chat's facts."""
        last, edited, doing = self._events.last, self._events.edited, self.doing.line
        return msgspec.structs.replace(
            self.tracker.status(),
            last=last,
            continues=self.later(),
            doing=doing,
            said=self.said,
            edited_lines=edited,
            asked=self.asked,
        )

    def saved_state(self) -> ActivityState:
        """The state for a replacement host."""
        command = self.foreground.command if self.foreground is not None else NO_COMMAND
        foreground = self.foreground.saved_state if self.foreground is not None else NO_FOREGROUND
        state = self.tracker.saved_state(
            self._worker.interpreted_to,
            self._plugin_sender.process,
            self._reporting_job.group,
            command,
            self._turn,
            foreground,
        )
        return msgspec.structs.replace(state, background_from=self.background.counts_from, said=self.said)

    def _start_turn_if_new(self) -> bool:
        """If this activity begins a turn, mark that at the end of the output; returns whether it does."""
        previous, self._last_sent = self._last_sent, (self.tracker.activity, self.tracker.source)
        was_idle = in_turns(*previous) is Activity.IDLE
        idle = was_idle or (previous[0] is Activity.NO_SIGNAL and previous[1] != SILENCE)
        now = in_turns(*self._last_sent)
        # Without Enter since the last turn, the reports are late ones about that turn.
        is_another = self.has_entered() or self._turn < 0
        works = (self.tracker.take_unseen_turn() and is_another) or now is Activity.WORKING
        # An agent that asks about a prompt at once may not have shown that it works.
        asks = was_idle and now is Activity.NEEDS_INPUT and self.has_entered() and not self.tracker.is_in_dialog
        if not idle or not (works or asks) or self._spec.structured is not None or self._is_starting():
            return False
        self._begin_turn()
        return True

    def _is_starting(self) -> bool:
        """Whether the agent has no prompt yet, and may say that it works while it starts."""
        had_none = self._spec.watch.starts_idle and self._turn < 0 and not self.has_entered()
        return had_none and self.age_s() < STARTS_WITHIN_S

    def _begin_turn(self) -> None:
        self._turn = self._worker.received_to
        self.tracker.note_turn()
        self.background.note_turn()
        self.mark_turn()
        self._turn_began()
        self._events.begin_turn(by=self.take_entered_by())

    def _end_failed_turn(self) -> bool:
        """If a turn has failed and the agent is in the next one, end that turn and begin this one."""
        failed = self.tracker.take_failed_turn()
        if failed is None or self._spec.structured is not None:
            return False
        self._events.end_turn(failed)
        self._begin_turn()
        return True

    def _end_turn_if_over(self) -> None:
        """If this activity ends a turn in a terminal, add the event; between turns, something may run on."""
        if self._spec.structured is None and in_turns(*self._last_sent) is Activity.IDLE:
            error = self.tracker.detail if self.tracker.has_failed else ""
            self._events.end_turn(TurnFacts(outcome=self.tracker.turn_outcome(), error=error))

    def _save_and_send(self, *, visibly: bool = True, began: bool = False, passed: Sequence[AgentStatus] = ()) -> None:
        """Save the state, and send a visible change to the followers.

        Args:
            visibly: whether the status is another one.
            began: whether a turn has begun since the last call.
            passed: the statuses since the last call, without the present one.
        """
        tracker = self.tracker
        has_begun = (visibly and self._start_turn_if_new()) or began
        turn = self._turn if has_begun else -1
        visibly = visibly or has_begun
        if visibly:
            self._status_events.record(tracker, self._now)
            self._end_turn_if_over()
        call_logged(self._turn_record.follow)
        state = msgspec.structs.replace(self.saved_state(), events=self._events.take_new())
        self._input_log.append(EntryKind.ACTIVITY, msgspec.msgpack.encode(state))
        if visibly:
            event = self._event(turn)
            self._send_event(event)
            if has_begun and all(each.activity is Activity.IDLE for each in (*passed, event.status)):
                # The turn is over, and the source that counts has not shown it.
                self.activity_changed(msgspec.structs.replace(event.status, activity=Activity.WORKING))
            for status_before in passed:
                self.activity_changed(status_before)
            self.activity_changed(event.status)
            self._conversation.activity_changed()
            self._transcript_watcher.activity_changed(in_turns(tracker.activity, tracker.source))
        self._expiry.schedule()

    # ------------------------------------------------------------ the time

    def _current_moment(self) -> Moment:
        return Moment(self._now(), time.monotonic())

    def _check_expiry(self) -> None:
        if self.tracker.expire(self._current_moment(), self._expiry.output_s()):
            self._save_and_send()
        self._expiry.schedule()

    def last_output(self) -> str:
        """The time of the last output, ISO 8601; "" for never."""
        return self._expiry.last_output()
