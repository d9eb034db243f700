"""The driver's part for a program in a terminal: its emulator's results, its size, its screen, commands' texts."""

from __future__ import annotations

import asyncio
import logging
import termios
from collections.abc import Callable, Sequence

import msgspec

from session_host.host.program.emulator_worker import EmulatorWorker
from session_host.host.program.termination import end_strays
from session_host.host.watchers.foreground import CommandTimer
from session_host.paths import session_history
from session_host.protocol.facts import AgentStatus
from session_host.protocol.messages import (
    AnswerRequest,
    Done,
    Event,
    Failed,
    OpenRequests,
    Peek,
    PeekColors,
    Reply,
    Resized,
    Screen,
    ScreenColors,
    Send,
    SendChatInput,
)
from session_host.protocol.values import Activity, ErrorCode, in_turns
from session_host.session.effects import ClearOutput, ResizeGrid, UseColors, UseEmulator
from session_host.session.terminal_session import TerminalSession
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import LogState
from session_host.structured.items import AgentRequest, RequestResolved
from session_host.system.event_loop import Timer
from session_host.system.processes.pty_process import PtyProcess
from session_host.terminal.base import Emulator
from session_host.terminal.clearing import reset_after_exit
from session_host.terminal.events import CommandBegan, CommandEnded, TerminalEvent
from session_host.terminal.text import screen_of
from session_host.terminal.typed_line import PromptState

from .clearer import Clearer
from .parts import HostParts
from .recover import RecoveredSession, default_colors

log = logging.getLogger(__name__)


class TerminalDriver:
    """What only a session in a terminal has.

    Attributes:
        rules: see ``terminal_session``.
        emulator, worker: see ``EmulatorWorker``; the emulator is read directly while it is in no use.
        clearer, late_replies: clears the terminal at a viewer's request; sends the emulator's replies.
        command_timer: times the commands of a shell.
    """

    def __init__(
        self,
        parts: HostParts,
        recovered: RecoveredSession,
        worker: EmulatorWorker[Emulator],
        terminal: int,
        interpreted: Callable[[], None],
    ) -> None:
        """Make the session one in a terminal, from the state that a previous host left.

        Args:
            parts: the host's parts; the performer carries out the terminal's effects from now on.
            recovered: the state.
            worker: owns the emulator.
            terminal: the descriptor of the PTY.
            interpreted: called when the emulator has interpreted output, and its results are handled.
        """
        self._spec, self._session, self._performer, self.worker = parts.spec, parts.session, parts.performer, worker
        self._program, self._watch, self._events = parts.program, parts.watch, parts.events
        self._questions, self._input_log = parts.questions, parts.input_log
        self._program_output, self._journal_writer = parts.program_output, parts.journal_writer
        self._send_output, self._interpreted = parts.send_output, interpreted
        session, watch, questions = parts.session, parts.watch, parts.questions
        self.rules = session.kind = TerminalSession(
            session,
            parts.spec,
            recovered.log_state,
            new_id=parts.new_id,
            open_question=self._open_question,
            is_echoing=parts.program.is_echoing,
            age_s=parts.program.age_s,
            look=watch.suspension.poll,
            hook_requests=questions.requests,
        )
        watch.set_suspended, watch.activity_changed = self.rules.set_suspended, self._activity_changed
        watch.asks = questions.asks
        if parts.events.lacks_asked():
            questions.asks()
        watch.take_entered_by = self.rules.prompt.take_entered_by
        watch.has_entered = lambda: self.rules.prompt.state is PromptState.ENTERED
        watch.age_s = parts.program.age_s
        watch.mark_turn = lambda: worker.run_after_output(lambda emulator: emulator.mark_turn())
        assert recovered.emulator is not None
        self.emulator = recovered.emulator
        worker.after = self.emulator_used
        self.late_replies = LateReplies(terminal, self._send_emulator_results)
        self.command_timer = CommandTimer(
            self.emulator.commands, recovered.log_state.commands, parts.input_log, parts.broadcast
        )
        self.clearer = Clearer(parts.program, worker, session.sizing, watch, self._append_output)
        parts.performer.add_handlers(
            {
                ClearOutput: lambda effect: self.clearer.clear(effect.what),
                ResizeGrid: self._resize_grid,
                UseEmulator: self._use_emulator,
                UseColors: self._use_colors,
            }
        )

    # ------------------------------------------------------------ start and end

    def begin(self) -> None:
        """Begin with a program that was just started; a host that was killed may have done a part of this."""
        self.rules.prompt.program_began()
        screen = _previous_screen_of(self._spec.facts.id) if self._spec.begins_with_screen else b""
        # The output has nothing else yet: the program's is not read before.
        if rest := screen[self._program_output.end :]:
            self._append_output(rest)

    def program_attached(self, process: PtyProcess) -> None:
        """Give the terminal the grid's size.

        A previous host may have logged a resize and died before it resized the PTY, or while that was narrower.
        """
        size = self._session.sizing.size
        if self._session.ring.resizes or process.columns_and_rows != (size.columns, size.rows):
            process.resize(size, self._session.sizing.cell)

    def program_started(self) -> None:
        """Let the input that waits for the program's start begin; what it has written is read like all later output."""
        self.rules.program_started()

    def program_ended(self, exit_code: int | None, exit_signal: int | None, end_request: str) -> None:
        """Clear the terminal no more."""
        del exit_code, exit_signal, end_request
        self.clearer.close()

    async def finish(self) -> None:
        """End what serves nobody after the program's end; reset the modes that it has left, for the saved screen."""
        assert self._program.process is not None
        patterns = self._spec.watch.strays
        await end_strays(self._program.process.pid, self._spec.facts.id, patterns, whole_session=False)
        await self.worker.run(reset_after_exit)

    def close(self) -> None:
        """Stop all timers."""
        self.clearer.close()
        self.late_replies.close()

    # ------------------------------------------------------------ output

    def take_output(self, data: bytes) -> bool:
        """Handle output, which is in its file already; returns whether to read on at once."""
        self.clearer.note_output(data)
        return self._send_output(data)

    def _append_output(self, data: bytes) -> None:
        """Append the host's own sequences to the program's output."""
        self._send_output(self._program_output.append(data))

    def emulator_used(self, emulator: Emulator) -> None:
        """Send the emulator's replies to the program and its events to the viewers; it has interpreted output."""
        replies, events = emulator.take_replies(), emulator.take_events()
        self.handle_emulator_results(replies, events)
        if any(isinstance(event, CommandBegan) for event in events):
            from session_host.terminal.command_line import begins_with_blank  # Hosts start quickly.

            if begins_with_blank(emulator):
                self._watch.note_private_command()
        self.rules.emulator_used(emulator)
        self._interpreted()
        self.clearer.output_interpreted()

    def handle_emulator_results(self, replies: bytes, events: list[TerminalEvent]) -> None:
        """Handle the emulator's results after it has interpreted output."""
        if replies or events:
            self.late_replies.handle(replies, events)
        if events:
            self._watch.on_terminal_events(events)
            self.command_timer.on_terminal_events(events)
            if any(isinstance(event, CommandEnded) for event in events):
                self.clearer.command_ended()

    def _send_emulator_results(self, replies: bytes, events: list[TerminalEvent]) -> None:
        self.rules.handle_emulator_results(replies, events, self.worker.interpreted_to, self.worker.resizes)
        self._performer.perform()

    @property
    def idle_emulator(self) -> Emulator | None:
        """The emulator while it is free."""
        return self.worker.idle

    # ------------------------------------------------------------ effects

    def _use_emulator(self, effect: UseEmulator) -> None:
        def use(emulator: Emulator) -> None:
            try:
                effect.user.use_emulator(emulator)
            finally:
                self._performer.perform()

        if effect.after_output:
            # Not at once: output that was just read may not be in the worker's queue yet.
            asyncio.get_running_loop().call_soon(self._use_after_output, use)
        else:
            self.worker.run_next(use)

    def _use_after_output(self, use: Callable[[Emulator], None]) -> None:
        self._program.read_now()
        self.worker.run_after_output(use)

    def _use_colors(self, effect: UseColors) -> None:
        colors = default_colors(effect.colors)
        self.worker.run_next(lambda emulator: emulator.set_default_colors(colors))

    def _resize_grid(self, effect: ResizeGrid) -> None:
        session, offset = self._session, self._program_output.end
        message = Resized(offset, effect.size, effect.cell, session.ring.resizes + 1)
        self._input_log.append(EntryKind.RESIZED, msgspec.msgpack.encode(message), number=message.number)
        session.resized(message)
        self.worker.run_after_output(lambda emulator: self._resize_emulator(emulator, message))
        self._program.resize(effect.size, effect.cell)
        log.info("resized %s offset=%d", effect.size, offset)

    def _resize_emulator(self, emulator: Emulator, message: Resized) -> None:
        emulator.resize(message.size, message.cell)
        self.worker.resizes = message.number
        self._journal_writer.add_resize(message)

    # ------------------------------------------------------------ facts

    @property
    def notice(self) -> str:
        """One line for the user while input waits; "" for none."""
        return self.rules.starting.notice

    def current_events(self) -> Sequence[Event]:
        """The events for a viewer that has just attached."""
        return self.command_timer.current_events()

    def _activity_changed(self, status: AgentStatus) -> None:
        self.rules.activity_changed(in_turns(status.activity, status.source))
        self._questions.activity_changed(status.activity)
        self._performer.perform()

    def _open_question(self) -> str | None:
        """The agent's question to its user: "" for an unknown one, None for none."""
        self._watch.read_state_file()
        tracker = self._watch.tracker
        return tracker.detail if tracker.activity is Activity.NEEDS_INPUT else None

    def save(self, log_state: LogState) -> None:
        """Add the state for a replacement host; all replies to interpreted output are in the log then."""
        self.late_replies.send_now()
        rules = self.rules
        log_state.answered = (self.worker.interpreted_to, self.worker.resizes)
        log_state.typed_tokens, log_state.colors = rules.typed_tokens, rules.colors
        log_state.prompt, log_state.unsent = rules.prompt.state, rules.prompt.unsent
        log_state.line_text, log_state.line_of_others = rules.prompt.text, rules.prompt.has_others
        log_state.commands = self.command_timer.times
        log_state.starting, log_state.held = not rules.starting.is_off, rules.starting.saved_inputs()

    # ------------------------------------------------------------ requests of commands

    async def screen(self, request: Peek) -> Screen:
        """The screen as text, with the history before it if requested, or a command's output."""
        if request.command > 0:
            from session_host.terminal.command_line import output_screen  # Hosts start quickly.

            return await self.worker.run(lambda emulator: output_screen(emulator, request))
        return await self.worker.run(lambda emulator: screen_of(emulator, request))

    async def colors(self, request: PeekColors) -> Reply:
        """The colours that the screen is drawn with."""
        colors, modes = await self.worker.run(lambda emulator: (emulator.colors, emulator.modes))
        text, ground = colors.foreground, colors.background
        if modes.reverse_screen:
            text, ground = ground, text
        return ScreenColors(request.request, text, ground, colors.palette)

    async def send(self, request: Send) -> Reply:
        """Type a command's text."""
        before = self._events.turn
        reply = await self._performer.ask(self.rules.send_queue.request, request)
        events = self._events
        if isinstance(reply, Done) and (events.open_turn is not None or events.turn > before):
            return msgspec.structs.replace(reply, turn=events.turn)
        return reply

    async def send_chat_input(self, request: SendChatInput) -> Reply:
        """Pass an answer to the agent's hook; a terminal takes no other input of this kind."""
        if isinstance(request.chat_input, AnswerRequest) and self._questions.is_on:
            return self._questions.answer(request, request.chat_input)
        return Failed(request.request, ErrorCode.WRONG_RUNTIME, "this chat runs in a terminal: send it text or keys")

    async def open_requests(self, request: OpenRequests) -> list[AgentRequest] | Failed:
        """The open questions of the agent's hook."""
        if self._questions.is_on:
            return await self._questions.open_requests()
        return Failed(request.request, ErrorCode.WRONG_RUNTIME, "this chat runs in a terminal: answer it with keys")

    def why_busy(self) -> str:
        """What of the user's would be lost with the agent, a clause after the chat's name; "" for nothing."""
        rules = self.rules
        if rules.send_queue.is_busy or rules.starting.is_holding or self._session.pending.bytes:
            return "has a text that it does not have yet"
        return "" if rules.is_line_empty else "has a text in its input line"

    def newest_outcome(self) -> RequestResolved | None:
        """The newest resolved question of the agent's hook."""
        return self._questions.newest_outcome()


def _previous_screen_of(session_id: str) -> bytes:
    """The text that a session's terminal begins with; b"" if it cannot be read. Blocks on the disk."""
    try:
        return session_history(session_id).read_bytes()
    except OSError as error:
        log.warning("the screen before %s: %s", session_id, error)
        return b""


REPLY_WAIT_S = 1.0
"""How long a reply waits at most; a program that reads with echo gets it then."""

_POLL_INTERVAL_S = 0.002
_IMAGE_REPLY = b"\x1b_G"


class LateReplies:
    """Sends a session's replies to the program, in their order; those about images once the terminal does not echo.

    ``kitty +kitten icat`` of kitty 0.26 (Debian 12) first asks about images, and then switches echo off, which discards
    pending input. A reply that comes between the two is lost, and the kernel has echoed it to the screen.

    A reply that waits is in no log yet. If this host is killed, the next one finds the query unanswered, and answers.
    """

    def __init__(self, terminal: int, send: Callable[[bytes, list[TerminalEvent]], None]) -> None:
        """Begin without replies.

        Args:
            terminal: the descriptor of the PTY.
            send: sends replies to the program, and events to the viewers.
        """
        self._terminal, self._send = terminal, send
        self._waiting = b""
        self._until_s = 0.0
        self._timer = Timer()

    def handle(self, replies: bytes, events: list[TerminalEvent]) -> None:
        """Send replies now or soon, and handle events now."""
        if self._waiting or (_IMAGE_REPLY in replies and echoes(self._terminal)):
            if not self._waiting:
                self._until_s = asyncio.get_running_loop().time() + REPLY_WAIT_S
                self._timer.set(_POLL_INTERVAL_S, self._poll)
            self._waiting += replies
            replies = b""
        self._send(replies, events)

    def send_now(self) -> None:
        """Send what waits: the state that is saved next says that all queries are answered."""
        self.close()
        if self._waiting:
            replies, self._waiting = self._waiting, b""
            self._send(replies, [])

    def close(self) -> None:
        """Stop waiting, and send nothing."""
        self._timer.cancel()

    def _poll(self) -> None:
        if echoes(self._terminal) and asyncio.get_running_loop().time() < self._until_s:
            self._timer.set(_POLL_INTERVAL_S, self._poll)
        else:
            self.send_now()


def echoes(terminal: int) -> bool:
    """Whether the terminal echoes its input; False for a closed terminal."""
    try:
        return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
    except termios.error:
        return False
