"""Drives one session: passes events to its rules and carries out their effects.

Key path, 14 of 16. Output path, 4 of 15. Answer path, 13 of 15.

The rules are in ``session_host.session``; their effects are carried out in ``performer``. Here are the parts that they
need: the program on its PTY, the emulator in its worker, the input log, the journal, the watch of the agent.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from session_host.host.event_log import EventLog
from session_host.host.later_sender import LaterSender
from session_host.host.program.emulator_worker import EmulatorWorker
from session_host.host.program.error_output import ErrorOutput
from session_host.host.program.journal_writer import JournalWriter
from session_host.host.program.program import Program
from session_host.host.unseen import Unseen
from session_host.host.watchers.agent_activity import AgentWatch
from session_host.host.watchers.conversation import ConversationTracker
from session_host.host.watchers.hook_questions import HookQuestions
from session_host.paths import session_viewed_mark
from session_host.protocol.facts import SLEEP, LaterPrompt, Outcome
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.messages import ActivityEvent, Event, ForegroundEvent, NoticeEvent, Reply, Send
from session_host.session.effects import NoteTitle, NoteUserInput, WriteToProgram
from session_host.session.output_ring import OutputRing
from session_host.session.session import Session
from session_host.standing.later_prompt import MAX_CHARACTERS
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import ConversationState, LogState
from session_host.storage.descriptors.output_file import OutputFile
from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from session_host.system.clock import now_ms
from session_host.system.processes.pty_process import PtyProcess
from session_host.terminal.base import Replica

from .checkpoints import Checkpointer
from .parts import HostParts
from .performer import Performer
from .recover import RecoveredSession
from .restore_points import RestorePointMaker
from .structured import StructuredDriver
from .terminal import TerminalDriver

log = logging.getLogger(__name__)

R = TypeVar("R", bound=Replica)


class Driver:
    """The parts of one session, and the calls between them.

    Attributes:
        spec: the launch spec.
        session: the rules; after each event, the ``performer`` carries out their effects.
        worker: owns the emulator or the transcript, and gives it to one user at a time.
        output_file: the output, or a structured session's transcript log.
        program_output: the bytes that the program wrote; for a terminal the same as ``output_file``.
        input_log, journal_writer: the records that outlive this process, in memory and on disk.
        kind: what only a session in a terminal has, or only a structured one.
        checkpointer: makes the checkpoints, which shorten a recovery.
        watch: follows the agent's activity.
        conversation: follows the agent's conversation.
        events: what happens, for the ledger.
        restore_points: keeps the files of the working tree before each prompt.
        questions: questions that the agent's hook asks; none in a structured chat.
        later: the prompt that is to be sent at a time.
        unseen: counts the time for which nobody has looked.
        program: the program, and its I/O on the event loop.
        error_output: limits the program's standard error, if that goes to a file.
        ended: set once the program has ended and its last output is interpreted.
        ended_at: when the program ended; "" while it runs.
        freed_bytes: see ``facts.Outcome``.
        conversation_changed: set at each change of the conversation, or of the later prompt.
        title_changed: set at each change of the title.
        notice: one line for the user about a problem; "" for none.
    """

    def __init__(
        self,
        spec: LaunchSpec,
        descriptors: SessionDescriptors,
        recovered: RecoveredSession,
        input_log: InputLog,
        program_output: OutputFile,
        journal_writer: JournalWriter,
        *,
        now: Callable[[], str],
        give_up: Callable[[], object],
    ) -> None:
        """Make the parts from the state that a previous host left.

        Args:
            spec: the launch spec.
            descriptors: the session descriptors.
            recovered: the state that a previous host left, and the emulator.
            input_log: see the attribute.
            program_output: see the attribute.
            journal_writer: see the attribute.
            now: returns the time as ISO 8601 text.
            give_up: ends this host as if it were killed.
        """
        log_state, chat = recovered.log_state, recovered.chat
        self.spec = spec
        self.input_log, self.program_output, self.journal_writer = input_log, program_output, journal_writer
        self.output_file = recovered.output_file
        ring = OutputRing(self.output_file.start, self.output_file.end, log_state.resizes)
        self.program = Program(program_output, input_log.header, self)
        self.error_output = ErrorOutput(spec.stderr)

        def new_id() -> str:
            return uuid.uuid4().hex

        self.session = Session(
            spec,
            log_state,
            ring,
            input_log.pending,
            title=recovered.replica.title,
            new_id=new_id,
            watcher_events=self._watcher_events,
        )
        terminal = None if recovered.emulator is None else self._worker_of(recovered.emulator, recovered)
        transcript = None if chat is None else self._worker_of(chat.engine, recovered)
        worker: EmulatorWorker[Replica] | None = terminal or transcript
        assert worker is not None
        self.worker = worker
        self.performer = Performer(
            self.session, self.program, self.worker, input_log, self.output_file, give_up=give_up
        )
        self.conversation = ConversationTracker(
            spec.facts.program.conversation, spec.watch, log_state.conversation, self._on_conversation_changed
        )
        self.conversation_changed, self.title_changed = asyncio.Event(), asyncio.Event()
        self.events = EventLog(log_state, input_log, now, counts=spec.structured is None)
        self.restore_points = RestorePointMaker(spec, self.flush_input)
        self.watch = AgentWatch(
            spec,
            log_state.activity,
            input_log,
            self.events,
            self.worker,
            self.conversation,
            send_event=self._send_status,
            turn_began=self.restore_points.before_turn,
            now=now,
            previous_output_at_s=program_output.written_at_s,
        )
        self.watch.command_began = self.title_changed.set
        self.later = LaterSender(
            spec,
            log_state.later,
            input_log,
            self.events,
            status=self.watch.tracker.status,
            send=self._send_later,
            changed=self._on_later_changed,
        )
        self.watch.later = self._shown_later
        self.unseen = Unseen(spec, session_viewed_mark(spec.facts.id), self.session.viewers.attachments.is_viewed)
        self.session.viewers.changed = self.unseen.viewers_changed
        self.questions = HookQuestions(
            spec.watch.answered_by_hook, log_state.answers, input_log, self.events, self.watch, now_ms
        )
        self.ended, self.ended_at = asyncio.Event(), ""
        self.freed_bytes: int | None = None
        self._now = now
        self.notice = recovered.notice
        self.checkpointer = Checkpointer(
            descriptors,
            recovered.checkpoint_offset,
            self.worker,
            self._log_state,
            input_log=input_log,
            output_file=self.output_file,
            program_output=program_output,
            journal_writer=journal_writer,
            ring=ring,
        )
        self.performer.add_handlers(
            {
                WriteToProgram: self._write_to_program,
                NoteUserInput: lambda _: self._on_user_input(),
                NoteTitle: lambda _: self.title_changed.set(),
            }
        )
        parts = HostParts(
            spec=spec,
            session=self.session,
            performer=self.performer,
            program=self.program,
            watch=self.watch,
            events=self.events,
            conversation=self.conversation,
            questions=self.questions,
            restore_points=self.restore_points,
            input_log=input_log,
            program_output=program_output,
            journal_writer=journal_writer,
            send_output=self._send_output,
            broadcast=self.broadcast,
            new_id=new_id,
        )
        self.kind: TerminalDriver | StructuredDriver
        if terminal is not None:
            self.kind = TerminalDriver(parts, recovered, terminal, descriptors.master, self._output_interpreted)
            rules = self.kind.rules
            self.later.has_text = lambda: not rules.is_line_empty
            self.later.has_typed = lambda token: token in rules.typed_tokens
            self.kind.handle_emulator_results(recovered.replies, recovered.events)
        elif chat is not None and transcript is not None:
            self.kind = StructuredDriver(parts, chat, transcript)

    @property
    def outcome(self) -> Outcome:
        """The program's state, and how and when it ended."""
        request = self.input_log.header.end_request
        freed_bytes = self.freed_bytes if request == SLEEP else None
        return replace(
            self.session.outcome, end_request=request, ended_at=self.ended_at or None, freed_bytes=freed_bytes
        )

    def _worker_of(self, replica: R, recovered: RecoveredSession) -> EmulatorWorker[R]:
        return EmulatorWorker(
            replica,
            lambda _: self._output_interpreted(),
            self.program.resume_reading,
            self.output_file.read,
            fed=recovered.fed,
            resizes=recovered.resizes,
            header=self.input_log.header,
        )

    # ------------------------------------------------------------ start and end

    def begin(self, process: PtyProcess) -> None:
        """Begin with a program that was just started; a host that was killed may have done a part of this."""
        self.kind.begin()
        self.later.take_over(self.spec.facts.entry.later)
        self.input_log.append(EntryKind.RUNNING, number=process.started or 0)
        self.attach_process(process)

    def attach_process(self, process: PtyProcess) -> None:
        """Read, write and watch a running program, new or adopted from a previous host."""
        self.conversation.set_program_pid(process.pid)
        self.watch.start_watching(process)
        self.program.attach(process)
        self.error_output.start()
        session = self.session
        log.info("running pid=%d size=%s offset=%d", process.pid, session.sizing.size, self.output_file.end)
        self.kind.program_attached(process)
        session.program_runs()
        self.performer.perform()
        session.program_started()
        self.kind.program_started()
        self.performer.perform()
        self.flush_input()
        session.end_requests.program_runs()
        self.performer.perform()
        # Last: it reads the output since then, and ends the session if the program has exited already.
        self.program.start_reading()
        self.later.start()
        self.unseen.start()

    def program_ended(self, exit_code: int | None, exit_signal: int | None) -> None:
        """Called when the child was reaped and its last output is read."""
        self.ended_at = self.input_log.header.exited_at or self._now()
        self.kind.program_ended(exit_code, exit_signal, self.input_log.header.end_request)
        self.worker.run_after_output(lambda _: self._after_last_output(exit_code, exit_signal))

    def _after_last_output(self, exit_code: int | None, exit_signal: int | None) -> None:
        dropped = self.input_log.drop_pending()
        log.info(
            "ended code=%s signal=%s offset=%d unread_input=%d", exit_code, exit_signal, self.output_file.end, dropped
        )
        try:
            self.session.program_ended(exit_code, exit_signal, self.input_log.header.end_request)
            self.performer.perform()
            self.conversation.close()
            self.watch.program_ended()
            self.unseen.program_ended()
            self.later.program_ended(sleeps=self.session.outcome.was_put_to_sleep)
            self.session.broadcast_end()
            self.performer.perform()
        finally:
            self.ended.set()
            self.session.end_requests.program_ended()
            self.performer.perform()

    def exit_saved(self) -> None:
        """Answer the clients that requested the end, since it is saved in the store."""
        self.session.end_requests.exit_saved()
        self.performer.perform()

    def close(self) -> None:
        """Close the PTY and the engine, and stop watching."""
        self.kind.close()
        self.later.close()
        self.unseen.close()
        self.questions.close()
        self.restore_points.close()
        self.watch.close()
        self.performer.close()
        self.program.close()
        self.error_output.close()
        self.worker.close()

    # ------------------------------------------------------------ output of the program

    def program_wrote(self, data: bytes) -> bool:
        """Handle output, which is in its file already; returns whether to read on at once."""
        return self.kind.take_output(data)

    def _send_output(self, data: bytes, *, is_news: bool = True) -> bool:
        session = self.session
        frame = session.frame_for_viewers(data, self.output_file.end, is_news=is_news)
        if frame:
            for client in session.subscribers.current:
                client.write_output(frame)
        if session.effects:
            self.performer.perform()
        return self.worker.feed_output(data)

    def _output_interpreted(self) -> None:
        """Handle that the emulator, or the transcript, has interpreted output."""
        if self.session.effects:
            self.performer.perform()
        self.watch.on_output_interpreted()
        # The journal gets output only once it is interpreted, so the journal never ends after a checkpoint made now.
        self.journal_writer.add_output(self.worker.interpreted_to)
        self.checkpointer.maybe_checkpoint()

    def _on_conversation_changed(self, state: ConversationState) -> None:
        self.input_log.append(EntryKind.CONVERSATION, msgspec.msgpack.encode(state))
        self.conversation_changed.set()

    def _watcher_events(self) -> Iterator[Event]:
        """Yield the state of the journal, the agent and the commands as events, for a viewer that has just attached."""
        if self.journal_writer.error:
            yield NoticeEvent("recording", self.journal_writer.error)
        yield from self.watch.current_events()
        yield from self.kind.current_events()

    def _log_state(self) -> LogState:
        """The state that the input log adds up to."""
        session, process = self.session, self.program.process
        log_state = LogState(
            child_started=process.started if process is not None else None,
            name=session.name if session.name != self.spec.facts.entry.name else "",
            attachments=session.viewers.attachments.saved_state(),
            resizes=session.ring.kept_resizes(),
            activity=self.watch.saved_state(),
            focus=session.viewers.focus.last_report,
            conversation=self.conversation.saved_state(),
            answers=self.questions.answers,
            events=self.events.newest,
            events_saved=self.events.saved_to,
            told_to=self.events.told_to,
            turn=self.events.turn,
            open_turn=self.events.open_turn,
            last=self.events.last,
            counted=self.events.counted,
            reported=self.events.reported,
            later=self.later.prompt,
        )
        self.kind.save(log_state)
        return log_state

    def _on_user_input(self) -> None:
        self.watch.on_input()
        self.unseen.note_key()

    def broadcast(self, event: Event) -> None:
        """Send an event to all attached clients."""
        self.session.clients.broadcast(event)
        self.performer.perform()

    def _send_status(self, event: ActivityEvent | ForegroundEvent) -> None:
        self.broadcast(event)
        self.later.look()
        self.unseen.seen()

    # ------------------------------------------------------------ the later prompt

    async def _send_later(self, prompt: LaterPrompt) -> Reply:
        """Give the chat the prompt, once for its token."""
        is_guarded = not prompt.wakes or self.spec.structured is not None
        send = Send(0, prompt.text, enter=True, token=prompt.token, is_guarded=is_guarded, by=prompt.by)
        return await self.kind.send(send)

    def _shown_later(self) -> LaterPrompt | None:
        """The prompt as each viewer gets it with each status: a text that wakes the chat may be long."""
        prompt = self.later.prompt
        if prompt is None or len(prompt.text) <= MAX_CHARACTERS:
            return prompt
        return replace(prompt, text=f"{prompt.text[:MAX_CHARACTERS]}…")

    def _on_later_changed(self) -> None:
        self.conversation_changed.set()  # The row has both.
        self.broadcast(ActivityEvent(self.watch.status()))

    # ------------------------------------------------------------ input for the program

    def _write_to_program(self, effect: WriteToProgram) -> None:
        self.input_log.append(effect.kind, effect.data, effect.tag, effect.number)
        self.flush_input()

    def flush_input(self) -> None:
        """Write pending input to the program until the PTY is full; not while a restore point holds a prompt."""
        program = self.program
        if program.is_running and not self.restore_points.holds_input:
            if self.input_log.send_pending() is program.writing:
                program.watch_writable(not program.writing)
            if delivered := self.session.pending.collect_delivered():
                self.session.acknowledge_inputs(delivered)
                self.performer.perform()
