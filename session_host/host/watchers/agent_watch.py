"""Agent watch: feeds reports to the activity tracker, sends changes to viewers, logs them for recovery.

``agents.status.signals`` translates reports into activities; ``agents.status.activity`` decides which report counts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec

from session_host.agents.conversations.gemini_guard import TranscriptGuard
from session_host.agents.status import signals
from session_host.agents.status.activity import SILENCE, ActivityTracker, Moment
from session_host.host.program.emulator_worker import EmulatorWorker
from session_host.paths import session_files
from session_host.protocol.evidence import Transition
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.messages import ActivityEvent, ForegroundEvent, Report
from session_host.protocol.values import WITHOUT_AGENT, Activity
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import NO_COMMAND, ActivityState
from session_host.structured.items import StateChanged
from session_host.system.clock import as_text
from session_host.system.processes.identity import ancestors, is_running, start_time
from session_host.system.processes.pty_process import PtyProcess
from session_host.terminal.base import TerminalEvent, TitleChanged

from .activity_log_writer import TransitionLog
from .conversation import STATE_FILE, ConversationTracker
from .foreground import ForegroundProcess
from .harmless import call_logged, log_errors
from .state_file import STATE_DIRECTORIES, TELL_STATES, StatusFile, StatusFileContent
from .terminal_title import TitleConversation
from .transcript import TranscriptConversation

_NEEDS_INPUT = Activity.NEEDS_INPUT  # Hot path: avoids the enum attribute lookup for each key.

BEGINS_CONVERSATION = "sessionstart"
"""The hook event, in lower case, with which agents report a new conversation."""


class AgentWatch:
    """Collects all reports about one session's agent.

    Attributes:
        tracker: decides on the activity.
        foreground: the foreground program of a shell or command; None for agents.
    """

    def __init__(
        self,
        spec: LaunchSpec,
        saved_state: ActivityState | None,
        input_log: InputLog,
        worker: EmulatorWorker,
        conversation: ConversationTracker,
        *,
        tell: Callable[[ActivityEvent | ForegroundEvent], None],
        now: Callable[[], str],
        output_at_s: float = 0.0,
    ) -> None:
        """Watch an agent.

        Args:
            spec: the session's launch spec.
            saved_state: the state that a previous host left.
            input_log: records the state, so that it survives this process.
            worker: knows how far it has interpreted the output, and when output last arrived.
            conversation: receives the conversation ids that the sources report.
            tell: sends an event to all followers.
            now: returns the time as ISO 8601 text.
            output_at_s: the time of the last output that a previous host got, in seconds since 1970; 0 for never.
        """
        self.tracker = ActivityTracker(spec.watch, spec.created_at, saved_state)
        self._spec = spec
        self._input_log = input_log
        self._worker = worker
        self._conversation = conversation
        self._tell = tell
        self._now = now
        self.foreground: ForegroundProcess | None = None
        if spec.agent in WITHOUT_AGENT:
            self.foreground = ForegroundProcess(
                tell, now, saved_state.command if saved_state is not None else NO_COMMAND
            )
        self._file: StatusFile | None = None
        self._guard: TranscriptGuard | None = None
        self._titled = TitleConversation(spec, conversation)
        self._written = TranscriptConversation(spec, conversation, self._guard_transcript)
        self._process: PtyProcess | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = 0.0
        self._speaker = saved_state.speaker if saved_state is not None else None
        self._asker = saved_state.asker if saved_state is not None else 0
        self._may_repeat = {signals.STATE_FILE, signals.PLUGIN} if saved_state is not None else set[str]()
        self._transitions = TransitionLog(spec.transitions)
        self._former_output_s = self._of_a_former_host(output_at_s)
        self._last = Transition(self.tracker.since, self.tracker.activity, self.tracker.source, self.tracker.detail)
        self._last_question = (self.tracker.since, self.tracker.description_rank())
        self._told = (self.tracker.activity, self.tracker.source)
        self._turn = saved_state.turn if saved_state is not None else -1
        if saved_state is not None:
            call_logged(self._transitions.restore_last, self._last)

    def _of_a_former_host(self, output_at_s: float) -> float:
        """A previous host's last output, by the monotonic clock: not before its last report, not in the future."""
        last = self.tracker.last_report()
        now_s = time.monotonic()
        # The wall clock may have been set in the meantime.
        return max(last.at_s if last is not None else 0.0, now_s - max(0.0, time.time() - output_at_s))

    # ------------------------------------------------------------ events

    def runs_in(self, process: PtyProcess) -> None:
        """Start watching the running program, which may have started long ago."""
        self._process = process
        if self.foreground is not None:
            self.foreground.runs_in(process)
        call_logged(self._follow_file, process)
        call_logged(self._guard_transcript)
        self._written.start()
        call_logged(self._begin, process)

    def _begin(self, process: PtyProcess) -> None:
        self._asker = self._asker or process.foreground_group()
        self._arm()

    def _follow_file(self, process: PtyProcess) -> None:
        find_directory = STATE_DIRECTORIES.get(self._spec.watch.state_file)
        directory = find_directory(self._spec.env) if find_directory is not None else None
        if directory is not None:
            self._file = StatusFile(directory, process.pid, self._state_file_says)
            self._file.start()

    def _guard_transcript(self) -> None:
        """Guard the transcript of the current conversation; the former one's keeps its second name."""
        if self._guard is not None:
            self._guard.close()
            self._guard = None
        if self._spec.watch.transcripts and self._conversation.id:
            self._guard = TranscriptGuard(self._conversation.id, self._spec.env, session_files(self._spec.session_id))
            self._guard.start()

    @log_errors
    def on_terminal_events(self, events: Sequence[TerminalEvent]) -> None:
        """Handle reports in the output. One log entry holds them, so that a replacement host repeats all or none."""
        if self._guard is not None:
            self._guard.on_report()
        moment = None
        changed = noted = False
        for event in events:
            if self.foreground is not None and self.foreground.observe(event):
                noted = True
            if isinstance(event, TitleChanged):
                self._conversation.title_changed()
                self._titled.title_changed(event.title)
            word = signals.of_event(event, self._spec.watch)
            if word is not None:
                moment = moment or self._moment()
                if word.source == signals.OSC_7501 and self._process is not None:
                    self._asker = self._process.foreground_group()
                if self.tracker.apply_report(word, moment):
                    changed = True
                    self._note()
        if changed or noted:
            self._changed(visibly=changed)
        elif moment is not None:
            self._arm()

    def output_seen(self) -> None:
        """Note that the emulator has interpreted output."""
        if self.foreground is not None:
            self.foreground.touch()

    @log_errors
    def on_hook_report(self, report: Report, pid: int) -> None:
        """Handle a report that the agent sends by a hook or plugin.

        Args:
            report: the report.
            pid: the sender; 0 if unknown. A hook has usually ended by now.
        """
        if not (self._is_the_agents(pid) if report.source == signals.PLUGIN else self._is_of_this(report)):
            return
        self._conversation.set_conversation(report.conversation, report.source)
        self._apply_report(signals.of_report(report, self._spec.watch))

    @log_errors
    def look_at_file(self) -> None:
        """Read the agent's state file now, before the notification about its change."""
        if self._file is not None:
            self._file.read_now()

    def _is_the_agents(self, pid: int) -> bool:
        """Whether a plugin runs in the session's agent, and not in an agent that this one has started.

        The first sender is the agent: it loads its plugin before it can start anything. Another sender is accepted
        once the first one has ended.
        """
        if self._speaker is not None and pid == self._speaker[0]:
            return True
        if not pid or (self._speaker is not None and is_running(*self._speaker)):
            return False
        child = self._process.pid if self._process is not None else self._input_log.header.child
        started = start_time(pid)
        if started is None or (pid != child and child not in ancestors(pid)):
            return False
        self._speaker = (pid, started)
        return True

    def _is_of_this(self, report: Report) -> bool:
        """Whether a hook reports on the current conversation, or on a new one that the agent begins."""
        known = self._conversation.id
        return (
            not (known and report.conversation)
            or report.conversation == known
            or report.event.lower() == BEGINS_CONVERSATION
        )

    def _state_file_says(self, state: StatusFileContent) -> None:
        # Before the first status, the agent still shows its list of conversations: the id belongs to none of them.
        if state.status or self._spec.watch.state_file not in TELL_STATES:
            self._conversation.set_conversation(state.conversation, STATE_FILE)
        if state.status or state.is_gone:
            self._apply_report(signals.of_state_file(state.status, state.waiting_for))

    def _apply_report(self, word: signals.StatusReport) -> None:
        if word.source in self._may_repeat:
            # A replacement host reads the same question again.
            self._may_repeat.discard(word.source)
            if (
                word.activity is _NEEDS_INPUT is self.tracker.activity
                and self.tracker.current_report(word.source) == word.said
            ):
                return
        changed = self.tracker.apply_report(word, self._moment())
        # Save the state, since a replacement host does not get this report again: it is not in the output.
        self._changed(visibly=changed)

    @log_errors
    def on_chat_state(self, change: StateChanged) -> None:
        """Handle the state of an agent without a terminal; the program's end is known by itself."""
        if change.state != "ended":
            self._apply_report(signals.of_chat_state(change.state, change.detail))

    def input_given(self) -> None:
        """Note input from the user, which may answer the agent."""
        tracker = self.tracker
        tracker.last_input_s = time.time()  # Most keys need nothing more: the agent asks nothing.
        if tracker.activity is _NEEDS_INPUT:
            call_logged(self._answer_given)

    def _answer_given(self) -> None:
        tracker = self.tracker
        if tracker.source == signals.OSC_7501 and self._has_the_asker_left():
            self._apply_report(signals.of_one_that_left(signals.OSC_7501))
        else:
            self._changed(visibly=tracker.input_given(self._moment()))

    def _has_the_asker_left(self) -> bool:
        """Whether the program that asked has left the foreground, such as an agent in a shell that was killed."""
        return self._process is not None and self._process.foreground_group() != self._asker

    def ended(self) -> None:
        """Record the program's end, and stop watching it."""
        if self.foreground is not None:
            self.foreground.close()
        self._titled.close()
        self._written.finish()
        if self._file is not None:
            call_logged(self._file.close)
        if self._guard is not None:
            call_logged(self._guard.ended)
        call_logged(self._end_activity)

    def _end_activity(self) -> None:
        if self.tracker.ended(self._moment()):
            self._changed()
        self._arm()

    def close(self) -> None:
        """Release timers and files; without a call of ``ended``, another host continues the watch."""
        if self.foreground is not None:
            self.foreground.close()
        self._titled.close()
        self._written.close()
        if self._file is not None:
            call_logged(self._file.close)
        if self._guard is not None:
            call_logged(self._guard.close)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._transitions.close()

    @property
    def is_quiet(self) -> bool:
        """Whether no timer runs and no transcript is guarded."""
        return self._timer is None and self._guard is None and self._written.is_quiet

    def descriptors(self) -> list[int]:
        """The descriptors that become readable when the agent's state file changes."""
        return self._file.descriptors() if self._file is not None else []

    def saved_state(self) -> ActivityState:
        """The state for a replacement host."""
        command = self.foreground.command if self.foreground is not None else NO_COMMAND
        return self.tracker.saved_state(self._worker.interpreted_to, self._speaker, self._asker, command, self._turn)

    def _begins_turn(self) -> bool:
        """Whether the activity that is told next begins a turn; marks that in the screen, at the end of the output."""
        former, self._told = self._told, (self.tracker.activity, self.tracker.source)
        idle = former[0] is Activity.IDLE or (former[0] is Activity.NO_SIGNAL and former[1] != SILENCE)
        if not idle or self.tracker.activity is not Activity.WORKING or self._spec.structured is not None:
            return False
        self._turn = self._worker.received_to
        self._worker.run_after_output(lambda emulator: emulator.mark_turn())
        return True

    def _changed(self, *, visibly: bool = True) -> None:
        """Save the state, and send a visible change to the followers."""
        tracker = self.tracker
        turn = self._turn if visibly and self._begins_turn() else -1
        self._input_log.append(EntryKind.ACTIVITY, msgspec.msgpack.encode(self.saved_state()))
        if visibly:
            self._tell(ActivityEvent(tracker.activity, tracker.source, tracker.since, tracker.detail, turn))
            self._note()
            self._conversation.activity_changed()
            self._written.activity_changed(tracker.activity)
        self._arm()

    def _note(self) -> None:
        """Log each activity and each question; other details change too often for the log."""
        tracker, former = self.tracker, self._last
        if tracker.activity is not former.activity:
            self._last = Transition(self._now(), tracker.activity, tracker.source, tracker.detail)
            self._transitions.append(self._last)
        elif tracker.activity is Activity.NEEDS_INPUT and tracker.detail != former.detail:
            (since, rank), rank_now = self._last_question, tracker.description_rank()
            said, said_now = former.detail, tracker.detail
            is_same = since == tracker.since and (rank != rank_now or said in said_now or said_now in said)
            if is_same and (rank < rank_now or said_now in said):
                return  # A shorter text of the same question.
            at = former.at if is_same else self._now()
            self._last = Transition(at, tracker.activity, tracker.source, tracker.detail)
            self._transitions.append(self._last, former if is_same else None)
        self._last_question = (tracker.since, tracker.description_rank())

    # ------------------------------------------------------------ the time

    def _moment(self) -> Moment:
        return Moment(self._now(), time.monotonic())

    def _output_s(self) -> float:
        """The time of the last output, by the monotonic clock; 0 for never."""
        return max(self._worker.fed_at_s, self._former_output_s)

    def _arm(self) -> None:
        """Set the timer for the tracker's next expiry; output need not call this."""
        due_s = self.tracker.next_expiry_s(self._output_s())
        if self._timer is not None and (due_s is None or due_s < self._due_s):
            self._timer.cancel()
            self._timer = None
        if self._timer is None and due_s is not None:
            self._due_s = due_s
            wait_s = max(0.0, due_s - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._check_expiry)

    def _check_expiry(self) -> None:
        self._timer = None
        if self.tracker.expire(self._moment(), self._output_s()):
            self._changed()
        self._arm()

    # ------------------------------------------------------------ history

    def transitions(self) -> list[Transition]:
        """The last changes, oldest first."""
        return self._transitions.last()

    def last_output(self) -> str:
        """The time of the last output, ISO 8601; "" for never."""
        output_s = self._output_s()
        return as_text(time.time() - (time.monotonic() - output_s)) if output_s else ""
