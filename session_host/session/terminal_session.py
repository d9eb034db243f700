"""The rules of a session whose program has a terminal: its input, its emulator's results, and what commands type.

Key path, 10 of 16.

The host's emulator is the authority: it alone answers the program. Viewers have replicas.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from session_host.protocol.launch import LaunchSpec
from session_host.protocol.messages import (
    CHAT_INPUTS,
    EARLY_INPUT_BYTES,
    PENDING_INPUT_BYTES,
    BellEvent,
    ClearTerminal,
    ClipboardEvent,
    Colors,
    Continue,
    Focus,
    Input,
    Key,
    NotificationEvent,
    Send,
    SendChatInput,
)
from session_host.protocol.values import Activity, ErrorCode, State
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import KEPT_TYPED, LogState
from session_host.structured.items import AgentRequest
from session_host.terminal.base import Emulator
from session_host.terminal.events import Bell, ClipboardSet, Notification, TerminalEvent, TitleChanged
from session_host.terminal.typed_line import PromptState

from .attachments import Attachment
from .effects import (
    AppendEntry,
    ClearOutput,
    NoteUserInput,
    SignalProgram,
    UseColors,
    UseEmulator,
    WriteToProgram,
)
from .own_prompts import why_no_prompt
from .program_input import PromptLine, encode_input, is_navigation, is_use
from .send_queue import SendQueue
from .session import Session
from .starting_input import StartingInput

MAX_NOTIFICATIONS = 8
"""Clients get at most this many notifications from one piece of output."""


class TerminalSession:
    """What only a session in a terminal has. Implements ``SessionKind`` and ``Terminal``.

    Attributes:
        colors: the colours for answers to colour queries; None if no viewer sent any.
        typed_tokens: the tokens of the newest texts that commands typed.
        starting: holds input until an agent takes it.
        send_queue: commands' texts.
        prompt: tracks whether the agent's input line is empty.
    """

    def __init__(
        self,
        session: Session,
        spec: LaunchSpec,
        log_state: LogState,
        *,
        new_id: Callable[[], str],
        open_question: Callable[[], str | None] = lambda: None,
        is_echoing: Callable[[], bool] = lambda: False,
        age_s: Callable[[], float] = lambda: 0.0,
        look: Callable[[], object] = lambda: None,
        hook_requests: Callable[[], Mapping[str, AgentRequest]] = dict,
    ) -> None:
        """Start with the state that a previous host left.

        Args:
            session: the session.
            spec: the launch spec.
            log_state: the state that a previous host left.
            new_id: makes a token: 32 hexadecimal digits.
            open_question: returns the question that the chat asks its user now; see ``SendQueue``.
            is_echoing: returns whether the terminal itself echoes what is typed; see ``StartingInput``.
            age_s: returns for how many seconds the program has run; see ``StartingInput``.
            look: looks at the program now, and calls ``set_suspended``.
            hook_requests: returns the open questions of the agent's hook, by their ids.
        """
        self._session, self.effects = session, session.effects
        session.terminal = self
        self.colors = log_state.colors
        self.typed_tokens = list(log_state.typed_tokens)
        watch = msgspec.structs.replace(spec.watch, input_line="") if spec.setup is not None else spec.watch
        first_text = _text_that_wakes(spec, log_state)
        self.starting = StartingInput(session, self, watch, log_state, is_echoing, age_s, first_text=first_text)
        self.send_queue = SendQueue(
            session,
            self,
            spec.watch,
            new_id,
            open_question,
            self.starting,
            is_agent=not spec.facts.origin.is_shell_or_command,
            activity=log_state.activity.in_turns if log_state.activity is not None else Activity.NO_SIGNAL,
            age_s=age_s,
        )
        self.prompt = PromptLine(spec.watch.empty_prompt, log_state)
        self._watch, self._open_question, self._look = spec.watch, open_question, look
        self._hook_requests = hook_requests
        self._is_suspended = False
        self._not_encoded: deque[tuple[Attachment, Input]] = deque()

    def asks(self) -> bool:
        """Whether the agent asks its user something in its terminal, where keys and texts may answer it."""
        return self._open_question() is not None

    def requests(self) -> Mapping[str, AgentRequest]:
        """See ``rights.Asking``: the questions of the agent's hook."""
        return self._hook_requests()

    def why_no_own(self, request: Send | SendChatInput) -> str:
        """See ``own_prompts``; a terminal takes nothing but texts."""
        return why_no_prompt(request, self._watch) if isinstance(request, Send) else ""

    def change_terminal(self, message: Colors | ClearTerminal | Continue) -> None:
        """Carry out a viewer's request about the terminal."""
        match message:
            case Colors():
                # Colour queries are answered with the colours of the viewer that reported last.
                self.effects += [AppendEntry(EntryKind.COLORS, msgspec.msgpack.encode(message)), UseColors(message)]
                self.colors = message
            case ClearTerminal(what=what) if self._session.state is State.RUNNING:
                self.effects.append(ClearOutput(what))
            case Continue():
                self.continue_program()
            case _:
                pass

    def activity_changed(self, activity: Activity) -> None:
        """The agent reported its activity."""
        self.send_queue.activity_changed(activity)
        self.prompt.activity_changed(activity)

    # ------------------------------------------------------------ the program

    def program_started(self) -> None:
        """Check whether the agent takes input, since the program runs."""
        self.starting.program_started()

    def program_ended(self) -> None:
        """Refuse the input that is held."""
        self.starting.program_ended()
        self.send_queue.program_ended()

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

    @property
    def is_line_empty(self) -> bool:
        """Whether nothing was typed since the agent began, or since it took the last line."""
        return self.prompt.state is PromptState.EMPTY

    @property
    def line_text(self) -> str:
        """The token of the command's text that was typed last, with no other input since; "" for none."""
        return self.prompt.text

    # ------------------------------------------------------------ output

    def handle_emulator_results(self, replies: bytes, events: Sequence[TerminalEvent], fed: int, resizes: int) -> None:
        """Handle the emulator's results after it has interpreted output.

        Args:
            replies: its answers to the program's queries; the program gets no other answers.
            events: the events in the output.
            fed: the offset up to which it has interpreted the output.
            resizes: the number of the last resize that it has applied.
        """
        if replies and self._session.state is not State.EXITED:
            # Replies have no size limit, so none is dropped.
            self.effects.append(WriteToProgram(EntryKind.REPLY, replies, resizes.to_bytes(16, "little"), fed))
        if events:
            for event in _without_floods(events):
                self._terminal_event(event)

    def emulator_used(self, emulator: Emulator) -> None:
        """Handle a use of the emulator, which may have changed its modes."""
        focus = self._session.viewers.focus
        if focus.is_unseen:
            focus.emulator_used(emulator)

    def _terminal_event(self, event: TerminalEvent) -> None:
        match event:
            case TitleChanged(title):
                self._session.set_title(title)
            case Bell():
                self._session.clients.broadcast(BellEvent())
            case Notification(title, body, identity):
                self._session.clients.broadcast(NotificationEvent(title, body, identity))
            case ClipboardSet(text, targets):
                self._session.clients.broadcast(ClipboardEvent(text, targets))
            case _:
                pass

    # ------------------------------------------------------------ input

    def receive_input(self, attachment: Attachment, message: Input, emulator: Emulator | None) -> None:
        """Accept one input of a viewer exactly once and in order, or refuse it with a message."""
        if not attachment.receives(message.sequence):
            return
        if isinstance(message, CHAT_INPUTS):
            self._refuse_chat_input(attachment, message)
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

    def _refuse_chat_input(self, attachment: Attachment, message: Input) -> None:
        if attachment.read_only:
            attachment.refuse(message.sequence, ErrorCode.READ_ONLY, "read-only view")
        else:
            text = "this chat in a terminal takes no prompts"
            attachment.refuse(message.sequence, ErrorCode.WRONG_RUNTIME, text)
        attachment.accepted = message.sequence

    def use_emulator(self, emulator: Emulator) -> None:
        """Encode the oldest input that arrived while the emulator was in use."""
        attachment, message = self._not_encoded.popleft()
        self._send_to_program(attachment, message.sequence, encode_input(emulator, message))

    def _send_to_program(self, attachment: Attachment, sequence: int, data: bytes) -> None:
        if self._session.state is State.EXITED:
            attachment.refuse(sequence, ErrorCode.ENDED, "the chat has ended")
        elif not self._has_room(len(data)):
            attachment.refuse(sequence, ErrorCode.INPUT_FULL, "the program is not reading its input", hold=True)
        elif not data:
            attachment.acknowledge(sequence)  # The input has no bytes for this program.
        else:
            self.continue_program(look=False)
            self.effects.append(WriteToProgram(EntryKind.INPUT, data, attachment.key, sequence))
            self.prompt.typed(data, attachment.kind)
        attachment.accepted = sequence

    def type_held(self, key: bytes, sequence: int, data: bytes) -> None:
        """Type an input that was held while the agent started."""
        self.effects.append(WriteToProgram(EntryKind.INPUT, data, key, sequence))
        self.prompt.typed(data, self._session.viewers.attachments.kind_of(key))

    def note_use(self, attachment: Attachment, message: Input) -> bool:
        """Note the viewer as in use if the input shows so; returns whether the input may answer an agent."""
        sizing = self._session.sizing
        if attachment is not sizing.in_use and is_use(message):
            sizing.viewer_used(attachment)
        return not is_navigation(message)

    def note_input(self, attachment: Attachment, message: Input) -> None:
        """Note the viewer's use, a possible answer to the agent, and a focus report."""
        if self.note_use(attachment, message):
            self.effects.append(NoteUserInput())
        elif isinstance(message, Focus):
            self._session.viewers.focus.viewer_reported_focus(attachment, focused=message.focused)

    def type_bytes(self, data: bytes, request: str, by: str = "") -> bool:
        """Type a command's text, once for each request; returns False without room for it."""
        if request in self.typed_tokens:
            return True  # The command repeats its request, since the answer was lost.
        if not self._has_room(len(data)):
            return False
        self.continue_program(look=False)
        self.effects += [WriteToProgram(EntryKind.TYPED, data, bytes.fromhex(request)), NoteUserInput()]
        self.typed_tokens = [*self.typed_tokens, request][-KEPT_TYPED:]
        self.prompt.typed(data, by, request)
        return True

    def note_unsent(self, line: str) -> None:
        """Note that the agent's input line has a text that a command could not send, in this row of the screen."""
        self.effects.append(AppendEntry(EntryKind.UNSENT, line.encode()))
        self.prompt.unsent = line

    def has_unsent(self, emulator: Emulator) -> bool:
        """Whether the agent's input line still has such a text."""
        return self.prompt.has_unsent(emulator)

    def holds_others(self, emulator: Emulator) -> bool | None:
        """Whether the input line has a text that no command typed; None if that is not known."""
        return self.prompt.holds_others(emulator)

    def _has_room(self, length: int) -> bool:
        """Whether this many more bytes may wait for the program."""
        bound = EARLY_INPUT_BYTES if self._session.state is State.STARTING else PENDING_INPUT_BYTES
        return self._session.pending.has_room(length, bound)


def _text_that_wakes(spec: LaunchSpec, log_state: LogState) -> str:
    """The token of the text that wakes the chat; "" for none, and if a worktree's setup, which may ask, runs first."""
    later = spec.facts.entry.later if log_state.child_started is None else log_state.later
    wakes = later is not None and later.wakes and later.stage == "sending" and spec.setup is None
    return later.token if later is not None and wakes else ""


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
