"""The driver's part for a structured chat: records, changes and operations of its steps; see ``structured``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

from session_host.errors import OutliveError
from session_host.host.amounts import AmountLook
from session_host.host.operations.runner import OperationRunner
from session_host.host.program.emulator_worker import EmulatorWorker
from session_host.host.program.error_output import last_errors
from session_host.host.program.termination import end_strays
from session_host.host.watchers.conversation import PROTOCOL
from session_host.paths import session_history
from session_host.protocol.codec import UNREADABLE
from session_host.protocol.events import Limit, LimitsChanged
from session_host.protocol.facts import SLEEP, AgentStatus
from session_host.protocol.launch import StructuredLaunch
from session_host.protocol.messages import (
    Event,
    Failed,
    OpenRequests,
    Peek,
    PeekColors,
    Prompt,
    Reply,
    Screen,
    Send,
    SendChatInput,
)
from session_host.protocol.untrusted_text import one_line, topic_of_prompt
from session_host.protocol.values import BACKGROUND, Activity, ErrorCode
from session_host.session.effects import (
    AppendRecord,
    ChatChanged,
    Effect,
    PromptSent,
    ResizeGrid,
    StartOperation,
    UseColors,
    WriteToProgram,
)
from session_host.session.structured_session import StructuredSession
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import LogState
from session_host.storage.last_transcript import last_transcript
from session_host.structured.copied_items import copied_items, decode_items
from session_host.structured.doing import Steps, last_said, running_item
from session_host.structured.engine import TranscriptEngine
from session_host.structured.items import (
    BETWEEN_TURNS,
    AgentRequest,
    AnyChange,
    ConversationKnown,
    Put,
    RequestOpened,
    RequestResolved,
    StateChanged,
    TitleChanged,
    TurnOver,
    UsageChanged,
)
from session_host.structured.operations import AnyResult
from session_host.structured.text import screen_of
from session_host.structured.turns import facts_of, time_text
from session_host.system.clock import now_ms
from session_host.system.processes.chat_mark import Mark
from session_host.system.processes.process_tree import outside_session
from session_host.system.processes.pty_process import PtyProcess
from session_host.system.worker import Worker

from .parts import HostParts
from .recover import RecoveredChat

log = logging.getLogger(__name__)

AMOUNT_REACHED = "{words}: the prompt is not sent; the user sends it anyway in the window, or with --anyway"
"""Said to who sends a prompt from outside of the chat."""


class StructuredDriver:
    """What only a structured session has.

    Attributes:
        rules: see ``structured_session``.
        operation_runner: carries out the operations that the chat's agent asks for.
        notice: "", since no input waits.
        idle_emulator: None, since there is no terminal.
    """

    notice = ""
    idle_emulator = None

    def __init__(self, parts: HostParts, recovered: RecoveredChat, worker: EmulatorWorker[TranscriptEngine]) -> None:
        """Make the session a structured one, from the state that a previous host left.

        Args:
            parts: the host's parts; the performer carries out the chat's effects from now on.
            recovered: the state.
            worker: owns the transcript.
        """
        spec, session, watch = parts.spec, parts.session, parts.watch
        self._spec, self._log, self._session, self._performer = spec, recovered.log, session, parts.performer
        self._worker, self._program, self._watch, self._conversation = worker, parts.program, watch, parts.conversation
        self._program_output, self._send_output, self._events = parts.program_output, parts.send_output, parts.events
        usage = recovered.engine.transcript.status.usage
        watch.tracker.context = usage.percent if usage is not None else 0
        watch.said = recovered.rules.state.said or last_said(recovered.engine.transcript)
        watch.asked, watch.asks = recovered.rules.state.at_amount, self._on_asked
        self._steps = Steps(running_item(recovered.engine.transcript))
        self._tell(recovered.untold, recovered.log.end)
        self._amounts = AmountLook(spec, parts.events)
        self.operation_runner = OperationRunner(spec, self._operation_done, self._amounts.work)
        self.rules = session.kind = StructuredSession(
            session.effects,
            recovered.rules,
            recovered.splitter,
            recovered.log.end,
            now_ms,
            recovered.launch,
            spec.watch,
            timers=recovered.timers,
            read_history=lambda: history_of(spec.facts.id, recovered.launch),
            runs_on=self._runs_on,
        )
        self.rules.has_amount = self._amounts.are_set
        watch.activity_changed = self._show_background
        session.viewers.focus.stop()  # Only a terminal has focus reports.
        for offset, lines in recovered.unsent:
            session.effects.append(WriteToProgram(EntryKind.REPLY, lines, number=offset))
        parts.performer.add_handlers(
            {
                AppendRecord: self._append_record,
                ChatChanged: self._pass_changes_on,
                StartOperation: lambda effect: self.operation_runner.start(effect.operation),
                PromptSent: lambda effect: parts.restore_points.before_prompt(effect.item),
                ResizeGrid: _do_nothing,  # A transcript has no grid, and no colours.
                UseColors: _do_nothing,
            }
        )

    # ------------------------------------------------------------ start and end

    def begin(self) -> None:
        """Do nothing: the rules begin the chat."""

    def program_attached(self, process: PtyProcess) -> None:
        """Let operations know their agent."""
        self.operation_runner.agent = process.pid

    def program_started(self) -> None:
        """Begin the chat; handle output that a previous host moved into the file before it was killed."""
        self.rules.program_started()
        self._performer.perform()
        self.take_output(self._program_output.read(self.rules.splitter.offset, self._program_output.end))
        # A previous host may have recorded that the user is asked at an amount, or no more, and have told nobody.
        shows_asked = self._watch.tracker.activity is Activity.NEEDS_INPUT
        if self.rules.rules.state.state in BETWEEN_TURNS and shows_asked is not bool(self._asked):
            self._watch.on_chat_state(self._shown_state())

    def program_ended(self, exit_code: int | None, exit_signal: int | None, end_request: str) -> None:
        """Let the rules handle the agent's end, with its last errors if nobody has ended it."""
        self.operation_runner.flush()
        was_ended = self.rules.rules.state.timed_out or bool(end_request)
        failed = bool(exit_code or exit_signal) and not was_ended
        self.rules.agent_ended(last_errors(self._spec.stderr) if failed else "", sleeps=end_request == SLEEP)
        self._performer.perform()

    async def finish(self) -> None:
        """End the operations, and what is left of the agent's session."""
        assert self._program.process is not None
        leader, patterns = self._program.process.pid, self._spec.watch.strays
        await asyncio.gather(
            self.operation_runner.close(), end_strays(leader, self._spec.facts.id, patterns, whole_session=True)
        )

    def close(self) -> None:
        """Do nothing: there is no timer."""

    # ------------------------------------------------------------ output

    def take_output(self, data: bytes) -> bool:
        """Handle output, which is in its file already; returns whether to read on at once."""
        self.rules.agent_wrote(data)
        self._performer.perform()
        return not self._worker.is_full

    # ------------------------------------------------------------ effects

    def _append_record(self, effect: AppendRecord) -> None:
        """Append a record to the transcript log, and send it to the viewers."""
        self._log.append(effect.record)
        self._send_output(effect.record, is_news=effect.is_news)

    def _pass_changes_on(self, effect: ChatChanged) -> None:
        """Pass changes on to the activity, the conversation and the title."""
        states = [change for change in effect.changes if isinstance(change, StateChanged)]
        before, asked = self._watch.asked, self._asked
        self._watch.asked = asked
        for change in effect.changes:
            match change:
                case StateChanged(state) if state in BETWEEN_TURNS and change is not states[-1]:
                    pass  # The next prompt is sent already: no moment without work.
                case StateChanged() if asked and change is states[-1]:
                    pass  # The user is asked before the next turn.
                case StateChanged():
                    self._watch.on_chat_state(change)
                    self._show_background(self._watch.tracker.status())
                case TurnOver(_, "failed", error, at_ms=0):  # Not one that is repeated from an earlier chat.
                    self._watch.on_turn_failed(error)
                case ConversationKnown(conversation):
                    self._conversation.set_conversation(conversation, PROTOCOL)
                case UsageChanged():
                    self._watch.on_usage(change)
                case TitleChanged(title):
                    self._session.set_title(one_line(title))
                case Put(item) if item.kind == "user" and not self._session.title:
                    self._session.set_title(topic_of_prompt(item.text))
                case _:
                    pass
        self._watch.doing.show(self._steps.take(effect.changes))
        self._watch.said = self.rules.rules.state.said or self._watch.said
        if bool(asked) if states else asked != before:
            self._watch.on_chat_state(self._shown_state())
        last = self._events.last
        self._tell(effect.changes, effect.end)
        if self._events.last is not last:
            self._watch.on_turn_over()

    @property
    def _asked(self) -> str:
        """The question about an amount of money, which comes before the next turn; "" for none, and during a turn."""
        state = self.rules.rules.state
        return state.at_amount if state.state in BETWEEN_TURNS else ""

    def _shown_state(self) -> StateChanged:
        """The agent's state, or that its user is asked before the next turn."""
        state = self.rules.rules.state
        if self._asked:
            return StateChanged("requires_action", detail=self._asked)
        return StateChanged(state.state, state.turn, state.detail)

    def _on_asked(self) -> None:
        """Add the event of a question about an amount; questions of the agent have theirs by their changes."""
        if self._watch.asked:
            self._events.asked_in_dialog(self._watch.asked, "amount")

    def _show_background(self, status: AgentStatus) -> None:
        """Show in the chat what lists show of an agent that does not tell what runs on between its turns."""
        work = self._watch.tracker.reports.current_report(BACKGROUND)
        # After background work, lists wait a moment, since the agent may begin a turn; the chat waits, too.
        if self._spec.watch.background and (work or status.source != BACKGROUND):
            self.rules.see_background(work)
            self._performer.perform()

    def _tell(self, changes: Iterable[AnyChange], end: int) -> None:
        """Make events of questions, turns and their ends. One entry has all of a record's, so none is made twice.

        Args:
            changes: the changes of records.
            end: the offset of the transcript log after the last of these.
        """
        for change in changes:
            if isinstance(change, RequestOpened):
                self._events.asked(change.request)
            elif isinstance(change, RequestResolved):
                self._events.resolved(change)
            elif isinstance(change, StateChanged) and change.turn:
                self._events.begin_turn(change.turn, change.by)
            elif isinstance(change, TurnOver) and not change.at_ms:
                self._events.end_turn(facts_of(change), tokens=change.tokens)
            elif isinstance(change, UsageChanged) and change.limits:
                self._events.limits_reported(self._limits(change))
        self._events.write(end)

    def _limits(self, usage: UsageChanged) -> LimitsChanged:
        """The event of what the agent says of its account's limits."""
        origin = self._spec.facts.origin
        limits = (
            Limit(each.id, round(each.used, 4), each.window_min, time_text(each.resets_ms), each.name)
            for each in usage.limits
        )
        return LimitsChanged(agent=origin.agent, account=origin.account, limits=tuple(limits))

    def _runs_on(self) -> bool:
        """Whether something that the agent has started runs: a command, what one left, or a sub-agent by its files."""
        process, mark = self._program.process, Mark.of_chat(self._spec.facts.id)
        return process is not None and bool(outside_session(process.pid, mark) or self._watch.background.look())

    def _operation_done(self, result: AnyResult) -> None:
        self.rules.operation_done(result)
        self._performer.perform()

    # ------------------------------------------------------------ facts

    def current_events(self) -> Sequence[Event]:
        """The events for a viewer that has just attached: none, the transcript has all."""
        return ()

    def save(self, log_state: LogState) -> None:
        """Add the state for a replacement host."""
        log_state.answered = (self.rules.log_end, self._worker.resizes)
        log_state.chat = self.rules.saved_state()

    # ------------------------------------------------------------ requests of commands

    async def screen(self, request: Peek) -> Screen:
        """The end of the transcript as text, or all of it; in the thread, since it may be long."""
        return await self._worker.run_in_thread(lambda engine: screen_of(engine.transcript, request))

    async def colors(self, request: PeekColors) -> Reply:
        """Refuse: a transcript has no colours."""
        return Failed(request.request, ErrorCode.WRONG_RUNTIME, "this chat has no terminal")

    async def send(self, request: Send) -> Reply:
        """Take a command's text as a prompt."""
        if request.keys or not request.text.strip():
            text = "this chat takes prompts, not keys; to answer its question use: outlive approve, outlive deny"
            return Failed(request.request, ErrorCode.WRONG_RUNTIME, text)
        chat_input = SendChatInput(request.request, Prompt(request.text), request.token, request.by)
        if request.is_guarded:  # A later prompt, whose sender is not there: it waits in the queue for the user's word.
            return await self._performer.ask(self.rules.request, chat_input)
        return await self.send_chat_input(chat_input)

    async def send_chat_input(self, request: SendChatInput) -> Reply:
        """Take a command's input; a prompt is refused at an amount, and not kept for the user's word.

        Looked at here, too, so that who sent it knows: one that waits in the queue is looked at again before its turn.
        """
        state = self.rules.rules.state
        prompt = request.chat_input
        begins = isinstance(prompt, Prompt) and not (prompt.mode == "steer" and state.is_running and state.can_steer)
        is_new = begins and not (state.passes or request.token in state.tokens)
        if is_new and self._amounts.are_set() and (words := await self._reached()):
            return Failed(request.request, ErrorCode.NEEDS_INPUT, AMOUNT_REACHED.format(words=words))
        return await self._performer.ask(self.rules.request, request)

    async def _reached(self) -> str:
        """The words of an amount that is reached; "" if none is, or the store cannot be read."""
        try:
            return await Worker().run(self._amounts.work())
        except (OutliveError, OSError) as error:
            log.warning("the amounts are not looked at: %s", error)
            return ""

    async def open_requests(self, request: OpenRequests) -> list[AgentRequest] | Failed:  # noqa: ARG002 - as a terminal's
        """The open requests of the agent."""
        return list(self.rules.rules.state.requests.values())

    def why_busy(self) -> str:
        """What of the user's would be lost with the agent, a clause after the chat's name; "" for nothing."""
        state = self.rules.rules.state
        waits = state.queue or state.steering or state.in_flight
        return "has prompts that wait" if waits else ""

    def newest_outcome(self) -> RequestResolved | None:
        """The newest resolved request."""
        return max(self.rules.rules.state.answers.values(), key=lambda each: each.at_ms, default=None)


def _do_nothing(effect: Effect) -> None:
    """An effect that only a terminal has."""


def history_of(session_id: str, launch: StructuredLaunch) -> list[AnyChange]:
    """The items and answered requests that a chat begins with, as changes; [] if nothing was kept. Blocks on the disk.

    Args:
        session_id: the chat.
        launch: names the session that it resumes or forks.
    """
    try:
        if launch.fork_of or launch.begins_with_items:
            return decode_items(session_history(session_id).read_bytes())
        transcript = last_transcript(launch.history) if launch.history else None
    except (OutliveError, OSError, *UNREADABLE) as error:
        log.warning("the history of %s: %s", session_id, error)
        return []
    return copied_items(transcript) if transcript is not None else []
