"""The rules of one session: its program, its terminal and its attachments.

Key path, 10 of 14. Output path, 5 of 15.

States of the program::

    starting ──the program runs──▶ running
    starting ──the program ended──▶ exited
    running ──the program ended──▶ exited

A session without a program is dropped while "starting", if the program cannot be started: the launch is refused.

The host's emulator is the authority: it alone answers the program. Viewers have replicas. The host never waits for a
viewer: each one gets the output at its own speed (see ``subscription``).

State that must survive the host is recorded before it takes effect. A session starts with the state that a previous
host left; the first host starts with empty state.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from session_host.protocol.codec import encode
from session_host.protocol.launch import REPORT_ID, LaunchSpec
from session_host.protocol.messages import (
    CHAT_INPUTS,
    EARLY_INPUT_BYTES,
    PENDING_INPUT_BYTES,
    BellEvent,
    Clearing,
    ClipboardEvent,
    Colors,
    ErrorCode,
    Event,
    Focus,
    Input,
    Key,
    NameEvent,
    NotificationEvent,
    Output,
    Resized,
    StateEvent,
    TitleEvent,
)
from session_host.protocol.values import WITHOUT_AGENT, Activity, State
from session_host.storage.descriptors.log_entries import EntryKind, PendingInput
from session_host.storage.descriptors.log_state import KEPT_REQUESTS, LogState
from session_host.terminal.base import Emulator
from session_host.terminal.events import Bell, ClipboardSet, Notification, TerminalEvent, TitleChanged

from .attachments import Attachment
from .effects import (
    AppendEntry,
    ClearOutput,
    Effect,
    NoteTitle,
    NoteUserInput,
    SignalProgram,
    UseColors,
    UseEmulator,
    WriteToProgram,
)
from .end_requests import EndRequests
from .output_ring import OutputRing
from .program_input import PromptLine, encode_input, is_navigation, is_use
from .send_queue import SendQueue
from .starting_input import StartingInput
from .structured_chat import StructuredChat
from .subscription import Subscribers
from .viewers import Clients, Viewers

MAX_NOTIFICATIONS = 8
"""Clients get at most this many notifications from one piece of output."""


class Session:
    """One session.

    Attributes:
        state, exit_code, exit_signal: the program's; the code or the signal is set once it has ended.
        end: the event that clients get at the program's end, None before.
        starting: holds input until an agent takes it.
        effects: effects to carry out, in order; all rules of the session share this list; see the package.
        session_id: names the session.
        report_id: the value of ``launch.REPORT_ID`` that reports must have.
        name: the user's name for it; ``title`` is the title that the program sets.
        ring: the output that can be sent again.
        clients: the attached clients, which get events; ``subscribers``: those of them that get output as it comes.
        pending: recorded input that is not written to the program yet.
        viewers: the attachments, and their effect on grid size (``sizing``) and focus.
        colors: the colours for answers to colour queries; None if no viewer sent any.
        requests: the tokens of commands' typed texts.
        send_queue, end_requests: commands' requests that take time.
        prompt: tracks whether the agent's input line is empty.
        chat: speaks to an agent without a terminal; None for a terminal.
    """

    def __init__(
        self,
        spec: LaunchSpec,
        log_state: LogState,
        ring: OutputRing,
        pending: PendingInput,
        *,
        title: str,
        new_id: Callable[[], str],
        watcher_events: Callable[[], Iterable[Event]] = tuple,
        open_question: Callable[[], str | None] = lambda: None,
        is_echoing: Callable[[], bool] = lambda: False,
        age_s: Callable[[], float] = lambda: 0.0,
        look: Callable[[], object] = lambda: None,
    ) -> None:
        """Start with the state that a previous host left.

        Args:
            spec: the launch spec.
            log_state: the state that a previous host left.
            ring: the output so far.
            pending: see the attribute.
            title: the emulator's title.
            new_id: makes an attachment's id: 32 hexadecimal digits.
            watcher_events: returns the watchers' current events, for a viewer that has just attached.
            open_question: returns the question that the chat asks its user now; see ``SendQueue``.
            is_echoing: returns whether the terminal itself echoes what is typed; see ``StartingInput``.
            age_s: returns for how many seconds the program has run; see ``StartingInput``.
            look: looks at the program now, and calls ``set_suspended``.
        """
        self.effects: list[Effect] = []
        self.session_id = spec.session_id
        self.report_id = spec.env.get(REPORT_ID, "")
        self.state = State.STARTING
        self.exit_code: int | None = None
        self.exit_signal: int | None = None
        self.end: StateEvent | None = None
        self.name = log_state.name or spec.name
        self.title = title
        self.ring, self.pending = ring, pending
        self.clients, self.subscribers = Clients(), Subscribers()
        self.viewers = Viewers(self.effects, log_state, spec.size, new_id)
        self.sizing = self.viewers.sizing
        self.colors = log_state.colors
        self.requests = list(log_state.requests)
        watch = msgspec.structs.replace(spec.watch, input_line="") if spec.setup is not None else spec.watch
        attachments = self.viewers.attachments
        self.starting = StartingInput(self, self.effects, watch, attachments, log_state, is_echoing, age_s)
        self.send_queue = SendQueue(
            self, self.effects, spec.watch, new_id, open_question, self.starting,
            is_agent=spec.agent not in WITHOUT_AGENT,
            activity=log_state.activity.activity if log_state.activity is not None else Activity.NO_SIGNAL,
            age_s=age_s,
        )  # fmt: skip
        self.end_requests = EndRequests(self.effects, spec.watch, ends_all=spec.ends_all)
        self.prompt = PromptLine(spec.watch.empty_prompt, log_state)
        self.chat: StructuredChat | None = None
        self._watcher_events, self._open_question = watcher_events, open_question
        self._look = look
        self._is_suspended = False
        self._not_encoded: deque[tuple[Attachment, Input]] = deque()

    # ------------------------------------------------------------ facts for clients

    def current_state_events(self) -> Iterator[Event]:
        """Yield the current state as events, for a viewer that has just attached."""
        if self.title:
            yield TitleEvent(self.title)
        yield from self._watcher_events()
        if self.sizing.last_event is not None:
            yield self.sizing.last_event

    def asks_in_terminal(self) -> bool:
        """Whether the agent asks its user something in its terminal, where keys and texts may answer it."""
        return self.chat is None and self._open_question() is not None

    def rename(self, name: str) -> None:
        """Change the session's name."""
        self.effects.append(AppendEntry(EntryKind.NAME, name.encode()))
        self.name = name
        self.clients.broadcast(NameEvent(name))

    def set_title(self, title: str) -> None:
        """Set the title that the program, or the agent of a structured chat, has given."""
        self.title = title
        self.clients.broadcast(TitleEvent(title))
        self.effects.append(NoteTitle())

    def set_colors(self, colors: Colors) -> None:
        """Set the colours for answers to colour queries: those of the viewer that reported last."""
        self.effects += [AppendEntry(EntryKind.COLORS, msgspec.msgpack.encode(colors)), UseColors(colors)]
        self.colors = colors

    def clear_terminal(self, what: Clearing) -> None:
        """Clear the terminal of a program that runs."""
        if self.state is State.RUNNING and self.chat is None:
            self.effects.append(ClearOutput(what))

    # ------------------------------------------------------------ the program

    def program_runs(self) -> None:
        """Accept sizes, since the program runs; call ``program_started`` next."""
        self.state = State.RUNNING
        self.sizing.program_runs()
        if self.chat is not None:
            self.chat.program_runs()

    def program_started(self) -> None:
        """Send viewers Attached, since the program has its size."""
        self.clients.program_started()
        self.viewers.focus.viewers_changed()
        self.starting.program_started()

    def set_suspended(self, is_suspended: bool) -> None:
        """Set whether the program is suspended, so that the next input continues it."""
        self._is_suspended = is_suspended

    def continue_program(self, *, look: bool = True) -> bool:
        """Continue the program if it is suspended; returns whether it was.

        Args:
            look: look at the program first, since nothing may have shown that it is suspended.
        """
        if look:
            self._look()
        if not self._is_suspended:
            return False
        self.set_suspended(False)
        self.effects.append(SignalProgram("SIGCONT"))
        return True

    def program_ended(self, exit_code: int | None, exit_signal: int | None, end_request: str = "") -> None:
        """Record the program's end, after its last output; call ``broadcast_end`` next.

        Args:
            exit_code: its exit code, if it exited.
            exit_signal: the signal that ended it, if one did.
            end_request: the user's request that ended it, "" for none.
        """
        self.state, self.exit_code, self.exit_signal = State.EXITED, exit_code, exit_signal
        self.starting.program_ended()
        self.end = StateEvent(self.state, exit_code, exit_signal, end_request)
        self.viewers.program_ended()

    def broadcast_end(self) -> None:
        """Send the end of the program to all clients; all earlier events were sent before."""
        if self.end is not None:
            self.clients.broadcast(self.end)

    # ------------------------------------------------------------ output

    def on_output(self, data: bytes, end: int) -> bytes:
        """Handle output up to this offset; returns the frame for ``subscribers.current``, b"" if that is empty."""
        subscribers = self.subscribers
        self.ring.end = end
        if subscribers.listeners:
            for listener in subscribers.listeners:
                listener.output(end)
        return encode(Output(end - len(data), data)) if subscribers.current else b""

    def resized(self, message: Resized) -> None:
        """Record a resize of the grid at the end of the output so far."""
        self.ring.resized(message)
        self.clients.resized(message)

    def handle_emulator_results(self, replies: bytes, events: Sequence[TerminalEvent], fed: int, resizes: int) -> None:
        """Handle the emulator's results after it has interpreted output.

        Args:
            replies: its answers to the program's queries; the program gets no other answers.
            events: the events in the output.
            fed: the offset up to which it has interpreted the output.
            resizes: the number of the last resize that it has applied.
        """
        if replies and self.state is not State.EXITED:
            # Replies have no size limit, so none is dropped.
            self.effects.append(WriteToProgram(EntryKind.REPLY, replies, resizes.to_bytes(16, "little"), fed))
        if events:
            for event in _without_floods(events):
                self._terminal_event(event)

    def emulator_used(self, emulator: Emulator) -> None:
        """Handle a use of the emulator, which may have changed its modes."""
        focus = self.viewers.focus
        if focus.is_unseen:
            focus.emulator_used(emulator)

    def _terminal_event(self, event: TerminalEvent) -> None:
        match event:
            case TitleChanged(title):
                self.set_title(title)
            case Bell():
                self.clients.broadcast(BellEvent())
            case Notification(title, body, identity):
                self.clients.broadcast(NotificationEvent(title, body, identity))
            case ClipboardSet(text, targets):
                self.clients.broadcast(ClipboardEvent(text, targets))
            case _:
                pass

    # ------------------------------------------------------------ input

    def receive_input(self, attachment: Attachment, message: Input, emulator: Emulator | None) -> None:
        """Accept one input of a viewer exactly once and in order, or refuse it with a message."""
        if message.sequence <= attachment.last_sequence:
            return  # Sent again after a reconnect; its acknowledgement is on its way or was lost.
        attachment.last_sequence = message.sequence
        if self.chat is not None or isinstance(message, CHAT_INPUTS):
            self._receive_chat_input(attachment, message)
            return
        if (admitted := attachment.admit(message)) is None:
            return
        message = admitted
        if type(message) is Key and message.may_detach and emulator is not None and self.prompt.is_empty(emulator):
            attachment.refuse(message.sequence, ErrorCode.NOTHING_TYPED, "nothing is typed")
            attachment.accepted = message.sequence
            return
        if self.starting.receive(attachment, message):
            self.note_use(attachment, message)
            return
        if emulator is None:
            self._not_encoded.append((attachment, message))
            self.effects.append(UseEmulator(self))
        else:
            self._send_to_program(attachment, message.sequence, encode_input(emulator, message))
        self.note_input(attachment, message)

    def _receive_chat_input(self, attachment: Attachment, message: Input) -> None:
        """Pass an input to the structured chat; such a chat takes no other input, and a terminal none of this."""
        if attachment.read_only:
            attachment.refuse(message.sequence, ErrorCode.READ_ONLY, "read-only view")
        elif self.chat is not None and isinstance(message, CHAT_INPUTS):
            self.chat.receive(attachment, message)
            return
        elif isinstance(message, Focus):
            attachment.acknowledge(message.sequence)
        else:
            text = "this chat in a terminal takes no prompts" if self.chat is None else "this chat takes prompts only"
            attachment.refuse(message.sequence, ErrorCode.WRONG_RUNTIME, text)
        attachment.accepted = message.sequence

    def use_emulator(self, emulator: Emulator) -> None:
        """Encode the oldest input that arrived while the emulator was in use."""
        attachment, message = self._not_encoded.popleft()
        self._send_to_program(attachment, message.sequence, encode_input(emulator, message))

    def _send_to_program(self, attachment: Attachment, sequence: int, data: bytes) -> None:
        if self.state is State.EXITED:
            attachment.refuse(sequence, ErrorCode.ENDED, "the chat has ended")
        elif not self._has_room(len(data)):
            attachment.refuse(sequence, ErrorCode.INPUT_FULL, "the program is not reading its input", hold=True)
        elif not data:
            attachment.acknowledge(sequence)  # The input has no bytes for this program.
        else:
            self.continue_program(look=False)
            self.effects.append(WriteToProgram(EntryKind.INPUT, data, attachment.key, sequence))
            self.prompt.typed(data)
        attachment.accepted = sequence

    def type_held(self, key: bytes, sequence: int, data: bytes) -> None:
        """Type an input that was held while the agent started."""
        self.effects.append(WriteToProgram(EntryKind.INPUT, data, key, sequence))
        self.prompt.typed(data)

    def acknowledge_inputs(self, inputs: Sequence[tuple[bytes, int]]) -> None:
        """Acknowledge inputs that the program has now, each given by attachment and sequence."""
        for key, number in inputs:
            self.viewers.attachments.written(key, number)

    def note_use(self, attachment: Attachment, message: Input) -> bool:
        """Note the viewer as in use if the input shows so; returns whether the input may answer an agent."""
        if attachment is not self.sizing.in_use and is_use(message):
            self.sizing.viewer_used(attachment)
        return not is_navigation(message)

    def note_input(self, attachment: Attachment, message: Input) -> None:
        """Note the viewer's use, a possible answer to the agent, and a focus report."""
        if self.note_use(attachment, message):
            self.effects.append(NoteUserInput())
        elif isinstance(message, Focus):
            self.viewers.focus.viewer_reported_focus(attachment, focused=message.focused)

    def type_bytes(self, data: bytes, request: str) -> bool:
        """Type a command's text, once for each request; returns False without room for it."""
        if request in self.requests:
            return True  # The command repeats its request, since the answer was lost.
        if not self._has_room(len(data)):
            return False
        self.continue_program(look=False)
        self.effects += [WriteToProgram(EntryKind.TYPED, data, bytes.fromhex(request)), NoteUserInput()]
        self.requests = [*self.requests, request][-KEPT_REQUESTS:]
        self.prompt.typed(data)
        return True

    def _has_room(self, length: int) -> bool:
        """Whether this many more bytes may wait for the program."""
        return self.pending.has_room(length, EARLY_INPUT_BYTES if self.state is State.STARTING else PENDING_INPUT_BYTES)


def _without_floods(events: Sequence[TerminalEvent]) -> Iterator[TerminalEvent]:
    """The events of one output, with its first bell and its newest notifications, since programs may send thousands."""
    has_rung, superfluous = False, sum(isinstance(event, Notification) for event in events) - MAX_NOTIFICATIONS
    for event in events:
        if isinstance(event, Bell):
            if has_rung:
                continue
            has_rung = True
        elif isinstance(event, Notification) and superfluous > 0:
            superfluous -= 1
            continue
        yield event
