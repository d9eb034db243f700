"""The rules of one session: its program, its terminal and its attachments. Output path, 5 of 16.

States of the program::

    starting ──the program runs──▶ running
    starting ──the program ended──▶ exited
    running ──the program ended──▶ exited

A session of which the program could not be started is dropped while "starting": the launch is refused.

The emulator that these rules are lent is the authority: it alone answers the program. Viewers hold replicas. A viewer
is never waited for: each is handed what there is, and catches up by itself (see ``subscription``).

What must outlive the host is recorded before it is acted on. A session is made of what a previous host left, the first
one of nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from session_host.protocol.codec import encode
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.messages import (
    EARLY_INPUT_BYTES,
    PENDING_INPUT_BYTES,
    BellEvent,
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
    Paste,
    Resized,
    StateEvent,
    TitleEvent,
)
from session_host.protocol.values import State
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import KEPT_REQUESTS, LogState
from session_host.storage.descriptors.pending_input import PendingInput
from session_host.terminal.base import Bell, ClipboardSet, Emulator, Notification, TerminalEvent, TitleChanged

from .attachments import Attachment
from .connection import ClientConnection
from .effects import AppendEntry, Effect, InputGiven, ShowIn, ToProgram, UseEmulator
from .output_ring import OutputRing
from .program_input import encode_input, is_navigation, is_use
from .requests.end_request import EndRequests
from .requests.send_queue import SendQueue
from .states import Table
from .subscription import Audience
from .viewers import Viewers


class _Event(StrEnum):
    RUNS = "the program runs"
    ENDED = "the program ended"


TABLE = Table(
    {
        State.STARTING: {_Event.RUNS: State.RUNNING, _Event.ENDED: State.EXITED},
        State.RUNNING: {_Event.ENDED: State.EXITED},
        State.EXITED: {},
    }
)


class Session:
    """One session.

    Attributes:
        state, exit_code, exit_signal: the program; of the two latter one is set once it has ended.
        end: the event that clients get at the end, None before.
        takes_keys: whether the program runs.
        effects: what the rules want done, in order; all rules of the session share this list; see the package.
        session_id: names the session. ``epoch`` always equals it; it is kept for the wire, see ``messages``.
        name: what the user calls it; ``title`` is what the program calls itself.
        ring: the output that can be sent again; ``audience``: the clients that get output as it comes.
        pending: what is recorded for the program, which has not taken it yet.
        viewers: the attachments, and their effect on grid size (``sizing``) and focus.
        colors: the colours that queries are answered with; None if no viewer sent some.
        requests: what commands have typed, by the tokens of their wishes.
        send_queue, end_requests: what commands ask for that takes its time.
        last_key: the last key that ``ClientConnection.receive_data`` returned the meaning of.
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
        watched: Callable[[], Iterable[Event]] = tuple,
        asked: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Begin with what a previous host knew.

        Args:
            spec: what is started.
            log_state: what a previous host knew.
            ring: the output so far.
            pending: see the attribute.
            title: the emulator's.
            new_id: makes an attachment's id: 32 hexadecimal digits.
            watched: how things stand that others watch, for a viewer that has just attached.
            asked: what the chat asks its user now; see ``SendQueue``.
        """
        self.effects: list[Effect] = []
        self.session_id = self.epoch = spec.session_id
        self.state = State.STARTING
        self.exit_code: int | None = None
        self.exit_signal: int | None = None
        self.end: StateEvent | None = None
        self.takes_keys = False
        self.name = log_state.name or spec.name
        self.title = title
        self.ring, self.pending = ring, pending
        self.audience = Audience()
        self.viewers = Viewers(self.effects, log_state, spec.size, new_id)
        self.sizing = self.viewers.sizing
        self.colors = log_state.colors
        self.requests = list(log_state.requests)
        self.last_key: Key
        self.send_queue = SendQueue(self, self.effects, spec.watch, new_id, asked)
        self.end_requests = EndRequests(self.effects, spec.watch)
        self._watched = watched
        self._attached: list[ClientConnection] = []
        self._not_encoded: deque[tuple[Attachment, Input]] = deque()

    # ------------------------------------------------------------ clients

    def connect(self, peer: Any, refusal: Callable[[], str]) -> ClientConnection:
        """Make the rules of a new client's connection; see ``ClientConnection``."""
        return ClientConnection(self, peer, refusal)

    def add_client(self, connection: ClientConnection) -> None:
        """Send all events to a client from now on, since it has attached."""
        self._attached.append(connection)

    def remove_client(self, connection: ClientConnection) -> None:
        """Send a client no more events, since it has detached or is gone."""
        if connection in self._attached:
            self._attached.remove(connection)

    def broadcast(self, event: Event) -> None:
        """Send an event to all attached clients."""
        for connection in tuple(self._attached):
            connection.event(event)

    def standing(self) -> Iterator[Event]:
        """How things stand, for a viewer that has just attached."""
        if self.title:
            yield TitleEvent(self.title)
        yield from self._watched()
        if self.sizing.told is not None:
            yield self.sizing.told

    def rename(self, name: str) -> None:
        """Change the session's name."""
        self.effects.append(AppendEntry(EntryKind.NAME, name.encode()))
        self.name = name
        self.broadcast(NameEvent(name))

    def set_colors(self, colors: Colors) -> None:
        """Set the colours that colour queries are answered with: those of the viewer that reported last."""
        self.effects += [AppendEntry(EntryKind.COLORS, msgspec.msgpack.encode(colors)), ShowIn(colors)]
        self.colors = colors

    # ------------------------------------------------------------ the program

    def program_runs(self) -> None:
        """The program runs: it can be told a size, and gets keys; ``program_started`` is to follow."""
        self.state = TABLE.after(self.state, _Event.RUNS)
        self.takes_keys = True
        self.sizing.program_runs()

    def program_started(self) -> None:
        """The program has the size that it is to have: viewers are told that they are attached."""
        for connection in tuple(self._attached):
            connection.program_started()
        self.viewers.focus.viewers_changed()

    def program_ended(self, exit_code: int | None, exit_signal: int | None, end_request: str = "") -> None:
        """The program ended, and its last output is in; ``tell_end`` is to follow.

        Args:
            exit_code: as it returned it.
            exit_signal: as it was ended by.
            end_request: how its user asked for that, "" if nobody did.
        """
        self.state, self.exit_code, self.exit_signal = TABLE.after(self.state, _Event.ENDED), exit_code, exit_signal
        self.takes_keys = False
        self.end = StateEvent(self.state, exit_code, exit_signal, end_request)
        self.viewers.program_ended()

    def tell_end(self) -> None:
        """All that is to be said of the program before its end is said."""
        if self.end is not None:
            self.broadcast(self.end)

    # ------------------------------------------------------------ output

    def on_output(self, data: bytes, end: int) -> bytes:
        """The program wrote this, up to this offset; returns the frame for ``audience.current``, b"" if nobody is."""
        audience = self.audience
        self.ring.end = end
        if audience.listeners:
            for listener in audience.listeners:
                listener.output(end)
        return encode(Output(end - len(data), data)) if audience.current else b""

    def resized(self, message: Resized) -> None:
        """The grid changed, at the end of the output so far."""
        self.ring.resized(message)
        for connection in tuple(self._attached):
            connection.resized(message)

    def emulator_said(self, replies: bytes, events: Sequence[TerminalEvent], fed: int, resizes: int) -> None:
        """The emulator has been through output.

        Args:
            replies: what it answers the program: the only answers that there are.
            events: what happened on the screen.
            fed: the offset up to which it has been through the output.
            resizes: as many of them as it has been through.
        """
        if replies and self.state is not State.EXITED:
            # No bound may drop them.
            self.effects.append(ToProgram(EntryKind.REPLY, replies, resizes.to_bytes(16, "little"), fed))
        for event in events:
            self._terminal_event(event)

    def emulator_used(self, emulator: Emulator) -> None:
        """The emulator was used, for whatever."""
        focus = self.viewers.focus
        if focus.is_unseen:
            focus.emulator_used(emulator)

    def _terminal_event(self, event: TerminalEvent) -> None:
        match event:
            case TitleChanged(title):
                self.title = title
                self.broadcast(TitleEvent(title))
            case Bell():
                self.broadcast(BellEvent())
            case Notification(title, body):
                self.broadcast(NotificationEvent(title, body))
            case ClipboardSet(text):
                self.broadcast(ClipboardEvent(text))
            case _:
                pass

    # ------------------------------------------------------------ input

    def receive_input(self, attachment: Attachment, message: Input, emulator: Emulator | None) -> None:
        """Take one input of a viewer: exactly once, in order, never dropped in silence.

        A key in the usual case takes a shorter way, in ``ClientConnection.receive_data``.
        """
        if message.sequence <= attachment.last_sequence:
            return  # Sent again after a reconnect; it was taken before, and its ack is on its way or was lost.
        attachment.last_sequence = message.sequence
        if attachment.read_only or attachment.holds or type(message) is Paste:
            if (admitted := attachment.admit(message)) is None:
                return
            message = admitted
        if emulator is None:
            self._not_encoded.append((attachment, message))
            self.effects.append(UseEmulator(self))
        else:
            self._put(attachment, message.sequence, encode_input(emulator, message))
        self.noticed(attachment, message)

    def emulator_free(self, emulator: Emulator) -> None:
        """The emulator says what the oldest input means that came while it was in use."""
        attachment, message = self._not_encoded.popleft()
        self._put(attachment, message.sequence, encode_input(emulator, message))

    def _put(self, attachment: Attachment, sequence: int, data: bytes) -> None:
        if self.state is State.EXITED:
            attachment.refuse(sequence, ErrorCode.ENDED, "the chat has ended")
        elif not self._has_room(len(data)):
            attachment.refuse(sequence, ErrorCode.INPUT_FULL, "the program is not reading its input", hold=True)
        elif not data:
            attachment.acknowledge(sequence)  # It means nothing to this program.
        else:
            self.effects.append(ToProgram(EntryKind.INPUT, data, attachment.key, sequence))
        attachment.accepted = sequence

    def program_took(self, inputs: Sequence[tuple[bytes, int]]) -> None:
        """Inputs are with the program now, each by its attachment and sequence."""
        for who, number in inputs:
            self.viewers.attachments.written(who, number)

    def note_use(self, attachment: Attachment, message: Input) -> bool:
        """Note which viewer an input shows to be in use; returns whether the input may answer an agent."""
        if attachment is not self.sizing.in_use and is_use(message):
            self.sizing.used(attachment)
        return not is_navigation(message)

    def noticed(self, attachment: Attachment, message: Input) -> None:
        """What an input says of its viewer, and of the user."""
        if self.note_use(attachment, message):
            self.effects.append(InputGiven())
        elif isinstance(message, Focus):
            self.viewers.focus.viewer_said(attachment, focused=message.focused)

    def type_bytes(self, data: bytes, request: str) -> bool:
        """Type what a command wishes, once for each wish; False when there is no room."""
        if request in self.requests:
            return True  # Asked again, since the answer was lost.
        if not self._has_room(len(data)):
            return False
        self.effects += [ToProgram(EntryKind.TYPED, data, bytes.fromhex(request)), InputGiven()]
        self.requests = [*self.requests, request][-KEPT_REQUESTS:]
        return True

    def _has_room(self, length: int) -> bool:
        """Whether so many more bytes may wait for the program."""
        return self.pending.has_room(length, EARLY_INPUT_BYTES if self.state is State.STARTING else PENDING_INPUT_BYTES)
