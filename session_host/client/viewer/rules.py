"""The rules of a viewer: what it sends, resends and shows, and when it reconnects. Pure.

``state`` has the viewer's states. Events are methods; they append their effects to ``effects``, and ``viewer.py``
carries those out.

The viewer keeps input until the host acknowledges it. Input from before the attachment waits in order; after a broken
connection the viewer sends unacknowledged input again, and the host drops what it has already.

What the user types while the session's machine is not connected, they type without seeing the screen. It is refused,
or kept and sent once, unless the program asks something that it did not ask before: then the user decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from session_host.protocol.messages import (
    RECEIVED_BYTES,
    AcceptRefusal,
    ActivityEvent,
    Attach,
    Attached,
    Colors,
    Describe,
    Description,
    Detach,
    Error,
    Event,
    Focus,
    Follow,
    Input,
    InputAck,
    InputRefused,
    Interrupt,
    Message,
    Mouse,
    NoticeEvent,
    Output,
    Received,
    Resize,
    Resized,
    SnapshotPart,
    Starting,
    StateEvent,
)
from session_host.protocol.values import Activity, CellSize, ErrorCode, GridSize, MouseAction, SnapshotKind, State
from session_host.terminal.base import DefaultColors

from .state import FINAL_STATES, ViewerState
from .unacknowledged_input import UnacknowledgedInput, is_typed

RETRY_S = (0.0, 0.05, 0.2, 0.5, 1.0, 2.0)
"""Delays before each attempt to connect; the last one repeats while the host's process lives."""

INTERVAL_S = 0.65
"""The timer's interval. The timer runs only while an acknowledgement or a reply is missing."""

MAX_SILENT_INTERVALS = 3
"""Intervals without an answer before the user gets a notice."""

_UNSEEN_STATES = frozenset({ViewerState.CONNECTING, ViewerState.RECONNECTING, ViewerState.UNREACHABLE})
"""States of a viewer on another machine in which the user does not see the screen as it is."""

MAX_TURNS = 256


class ViewerRules:
    """A viewer without its connection, its clock and its replica.

    Attributes:
        effects: effects to carry out, oldest first; the caller empties the list after each event.
        state, message: the viewer's state, and the reason for it.
        size: the viewer's grid.
        attachment: the id of its attachment, "" before the first.
        inputs: input that the host has not acknowledged.
        resizes: the number of the last resize that the replica has applied.
        offset: the replica's position in the output; -1 without a replica, or while a snapshot is expected.
        engine_build: the requested format of snapshots; "" for the format that every engine reads.
        end: the program's end, once it has ended.
        has_history: whether the replica has the history; False after a snapshot of the screen alone.
        turns: the turns of the agent that the replica has not reached yet.
        refusal: the ``ErrorCode`` of the host's refusal to serve the viewer; "" for no refusal.
        asks_to_send: the kept input waits for ``send_kept`` or ``discard_kept``, since the program asks something new.
    """

    def __init__(
        self,
        *,
        size: GridSize | None,
        cell: CellSize,
        engine_build: str,
        read_only: bool,
        output: bool,
        is_far: bool = False,
        kind: str,
        keeps_typing: Callable[[], bool] = lambda: True,
    ) -> None:
        """``keeps_typing`` returns whether to keep what is typed while the machine cannot be reached."""
        self.effects: list[Effect] = []
        self.state = ViewerState.CONNECTING
        self.message = ""
        self.size = size
        self.attachment = ""
        self.inputs = UnacknowledgedInput()
        self.offset = -1
        self.engine_build = engine_build
        self.end = StateEvent(State.RUNNING, None, None)
        self.refusal = ""
        self.turns = TurnMarks()
        self._cell = cell
        self._read_only = read_only
        self._output = output
        self._kind = kind
        self._colors: DefaultColors | None = None
        self._requested_output = output
        """Whether Attach asked for output; ``follow`` may change ``_output`` before the host has answered."""
        self._is_connected = False
        self._can_send_inputs = False
        """False until the host has reported its last input. Missing inputs must be sent before newer ones: the host
        ignores an input with a lower sequence than the last one."""
        self._keeps_typing = keeps_typing
        self._has_blind_input = False
        """Whether some of the kept input was typed without a connection to the machine, or into one that was lost."""
        self._awaits_activity = False
        """Whether the host's report of the activity decides if the kept input is sent."""
        self.asks_to_send = False
        self._question_since = ""
        self._accepts_refusal = False
        """Whether to tell the host, at the next attach, that it may accept input again."""
        self._has_replica = False
        self.has_history = True
        self._is_far = is_far
        self._received = 0
        """Bytes of output and snapshots that the host does not know to be used."""
        self.resizes = self._tries = 0
        self._notice = ""
        self._unreachable_reason = ""
        self._is_hanging = False
        """Whether the host accepted the last connection, and did not greet."""
        self._answers = AnswerWatch(self.effects, self.inputs)
        self._is_line_silent = False

    @property
    def is_shown(self) -> bool:
        """Whether the viewer follows output that may still come."""
        return self._output and self.state not in FINAL_STATES

    # ------------------------------------------------------------ connecting

    def start(self) -> None:
        """Connect to the host, after a wait that grows with each attempt."""
        self.effects.append(Connect(RETRY_S[min(self._tries, len(RETRY_S) - 1)]))
        self._tries += 1

    def connected(self) -> None:
        """The connection is open, and the host has greeted."""
        self._is_connected = True
        self._requested_output = self._output
        size = self.size if self._output else None
        self._send(
            Attach(
                size, self._cell, self._read_only, self._output, self.attachment, self.offset,
                self.resizes, self._kind, self._is_far, self.has_history,
            )
        )  # fmt: skip

    def connection_failed(self, reason: str, *, is_hanging: bool = False) -> None:
        """The host cannot be reached: the session has ended, the host is gone, or the host ``is_hanging``."""
        self._unreachable_reason, self._is_hanging = reason, is_hanging
        self.effects.append(ReadOutcome())

    def machine_unreachable(self, reason: str) -> None:
        """The session's machine cannot be reached: nothing is known about the session."""
        if self.state is not ViewerState.UNREACHABLE or self.message != reason:
            self._change_state(ViewerState.UNREACHABLE, reason)
        self.effects.append(WaitReachable())

    def outcome_read(self, outcome: StateEvent, message: str) -> None:
        """The store's outcome of the session is known; ``message`` says why it is lost."""
        if outcome.state is State.EXITED:
            self.end = outcome
            if self._output and self._has_replica:
                # The screen that the host saved has the output since the viewer was disconnected.
                self.effects.append(LoadScreen(self.offset if self.has_history else -1))
            else:
                self._change_state(ViewerState.ENDED)
        elif outcome.state is State.LOST:
            self._change_state(ViewerState.LOST, message)
        else:
            if self._is_hanging and self.state is not ViewerState.STARTING:
                state = ViewerState.UNRESPONSIVE
            else:
                state = ViewerState.RECONNECTING
            if self.state is not state:
                self._change_state(state, self._unreachable_reason)
            self.start()

    def screen_read(self, offset: int | None) -> None:
        """The replica is the session's last screen, with the output up to the offset; None if unchanged."""
        if offset is not None:
            self.offset = offset
        self._change_state(ViewerState.ENDED)

    def connection_lost(self, error: Error | None) -> None:
        """The connection is closed; if the host sent an error, it refuses this viewer."""
        self._is_connected = self._can_send_inputs = self._awaits_activity = self.asks_to_send = False
        self._is_line_silent = False
        if self.state in FINAL_STATES:
            return
        if error is not None:
            self.refused(error.message, error.code)
            return
        if self.state in {ViewerState.LIVE, ViewerState.UNRESPONSIVE}:
            self._tries = 0
        self._answers.reset()
        self._change_state(ViewerState.RECONNECTING)
        self.start()

    def refused(self, message: str, code: str = "") -> None:
        """The host refused the viewer for good; do not try again."""
        self.refusal = code
        self._change_state(ViewerState.FAILED, message)

    def _change_state(self, state: ViewerState, message: str = "") -> None:
        if self.state not in FINAL_STATES:
            self.state = state
        self.message = message
        if self.state in FINAL_STATES:
            self._awaits_activity = self.asks_to_send = False
        self._notify_state()
        if self.state is ViewerState.LIVE:
            self._answers.start()
        elif self.state in FINAL_STATES and self._has_blind_input:
            self._has_blind_input = False
            text = "what you typed while its machine was unreachable was not sent"
            self.effects += [
                NotifyRefusal(InputRefused(self.attachment, each.sequence, ErrorCode.ENDED, text))
                for each in self.inputs.discard()
            ]

    def _notify_state(self) -> None:
        self.effects.append(NotifyState(self.state, self.message))

    def _send(self, message: Message) -> None:
        if self._is_connected:
            self.effects.append(SendMessage(message))

    # ------------------------------------------------------------ messages of the host

    def _receive_output(self, message: Output) -> None:
        """Feed output that continues the replica's. After a gap, ask for a snapshot."""
        if self.offset < 0:
            return  # The expected snapshot contains this output.
        if message.offset != self.offset:
            self.offset = -1
            self._send(Follow(self.attachment, True))
            return
        self.offset += len(message.data)
        self.effects.append(FeedReplica(message))

    def receive_message(self, message: Any) -> None:
        """Handle a message."""
        if isinstance(message, Output):
            self._receive_output(message)
        else:
            if self._answers.is_asking:
                self._on_host_message(message)
            self._receive_event(message)
        if self._is_far and isinstance(message, Output | SnapshotPart):
            self._received += len(message.data)
            if self._received >= RECEIVED_BYTES or (isinstance(message, SnapshotPart) and message.last):
                self._send(Received(self.attachment, self._received))
                self._received = 0

    def _receive_event(self, message: Any) -> None:
        match message:
            case InputAck(sequence=sequence):
                self.inputs.acknowledge(sequence)
            case SnapshotPart():
                self.effects.append(AddSnapshotPart(message))
            case Resized():
                if self.offset >= 0:
                    self.resizes = message.number
                    self.effects.append(ResizeReplica(message.size.clamped(), message.cell))
            case Starting(attachment=attachment):
                self._use_attachment(attachment, 0)
                self._change_state(ViewerState.STARTING)
            case Attached():
                self._attached(message)
            case InputRefused():
                self.effects += map(NotifyRefusal, self.inputs.refused(message))
            case StateEvent(state=State.EXITED):
                self.end = message
                if self.state is not ViewerState.ENDED:
                    self.effects.append(NotifyEvent(message))
                    self._change_state(ViewerState.ENDED)
            case NoticeEvent(text=""):
                self._request_notice()  # The previous notice has ended; there may be another one.
            case Description(notice=text) | NoticeEvent(text=text):
                self._notify_notice(text)
            case _:
                if isinstance(message, ActivityEvent):
                    if message.turn >= 0 and self.turns.began(message.turn, self.offset):
                        self.effects.append(MarkTurn())
                    self._note_activity(message)
                self.effects.append(NotifyEvent(message))

    def _use_attachment(self, attachment: str, last_sequence: int) -> None:
        self._answers.reset()
        if attachment != self.attachment:
            self.attachment = attachment
            self.effects += map(NotifyRefusal, self.inputs.reset_attachment(attachment))
        else:
            self.inputs.acknowledge(last_sequence)
        if self._accepts_refusal:
            self._accepts_refusal = False
            self._send(AcceptRefusal(attachment))
        # Also what was sent into a line that stalled was typed without seeing the screen.
        self._has_blind_input = self._is_far and self.inputs.has_keys
        if not self._has_blind_input:
            self._send_inputs()

    def _send_inputs(self) -> None:
        self.effects += map(SendMessage, self.inputs.pending())
        self._can_send_inputs = True

    def _attached(self, message: Attached) -> None:
        if self.state is not ViewerState.STARTING:  # That state has sent the inputs already.
            self._use_attachment(message.attachment, message.last_sequence)
        self._awaits_activity = self._has_blind_input  # It is the next event.
        if self._output != self._requested_output:
            self._send_follow()
        if self._colors is not None:
            self._send(Colors(self.attachment, *self._colors))
        self._request_notice()
        if message.resumed or not self._output:
            self._change_state(ViewerState.LIVE)

    def _request_notice(self) -> None:
        """Ask the host for the current notice: events report only notices that begin later."""
        self._send(Describe(0))

    def _notify_notice(self, text: str) -> None:
        """Report a changed notice to the delegate; each new host repeats the current notice."""
        if text != self._notice:
            self._notice = text
            self.effects.append(NotifyEvent(NoticeEvent("session", text)))

    # ------------------------------------------------------------ snapshots

    def snapshot_restored(self, last: SnapshotPart) -> None:
        """The replica is the snapshot that ends with this part."""
        self._has_replica = True
        self.has_history = last.kind is not SnapshotKind.SCREEN
        self.offset, self.resizes = last.offset, last.resizes
        if self.turns.snapshot_restored(last.offset):
            self.effects.append(MarkTurn())
        if self.state not in {ViewerState.LIVE, ViewerState.ENDED}:
            self._change_state(ViewerState.LIVE)

    def snapshot_unreadable(self) -> None:
        """The engine cannot read the snapshot: ask for the form that every engine reads."""
        self.engine_build = ""
        self.effects.append(DropConnection())

    # ------------------------------------------------------------ unresponsive hosts

    def expect_answer(self) -> None:
        """The user sent a request on another connection: detect whether the host answers."""
        if self.state is ViewerState.LIVE:
            self._answers.probe(self.offset)

    def on_answer_timer(self, *, is_late: bool) -> None:
        """An interval of ``AnswerWatch`` is over; ``is_late``: the timer was much too late."""
        if self.state is not ViewerState.LIVE:
            self._answers.is_timed = False
        elif is_late:
            self._answers.restart_interval()
        elif self._answers.on_interval(self.offset):
            self._change_state(ViewerState.UNRESPONSIVE)

    def line_silent(self, is_silent: bool) -> None:
        """The session's machine does not answer, though the line to it is not lost; or it does again."""
        if is_silent and self.state is ViewerState.LIVE:
            self._is_line_silent = True
            self._change_state(ViewerState.UNRESPONSIVE)
        elif not is_silent and self._is_line_silent:
            self._is_line_silent = False
            if self.state is ViewerState.UNRESPONSIVE:
                self._change_state(ViewerState.LIVE)

    def _on_host_message(self, message: Message) -> None:
        if self._answers.is_silent:
            self._answers.reset()
            self._change_state(ViewerState.LIVE)
        elif isinstance(message, Description):
            self._answers.on_reply()

    # ------------------------------------------------------------ the user's input

    def receive_input(self, message: Input) -> None:
        """Keep an input, and send it as soon as the host takes it."""
        if self.state in FINAL_STATES:
            text = "the chat has ended" if self.state is ViewerState.ENDED else self.message
            refusal = InputRefused(self.attachment, message.sequence, ErrorCode.ENDED, text)
            if not isinstance(message, Focus):  # Nobody types a focus report.
                self.effects.append(NotifyRefusal(refusal))
            return
        is_cut_off = self._is_far and not self._can_send_inputs and self.state in _UNSEEN_STATES
        added = self._take_blind(message) if is_cut_off else self.inputs.append(message)
        if isinstance(added, InputRefused):
            self.effects.append(NotifyRefusal(added))
        elif self._can_send_inputs:
            self.effects += map(SendMessage, added)
            if not self._answers.is_timed and self.state is ViewerState.LIVE:
                self._answers.start()
        elif added and is_typed(message) and (is_cut_off or self._awaits_activity):
            self._has_blind_input = True
            self._notify_state()
        if self.state is ViewerState.UNRESPONSIVE and is_typed(message):
            self._notify_state()  # The number of characters that wait is another one.

    def _take_blind(self, message: Input) -> list[Input] | InputRefused:
        """Take an input while the machine cannot be reached."""
        text = "its machine is unreachable"
        if isinstance(message, Mouse) and message.action is not MouseAction.RELEASE:
            return []  # Something else may be under the mouse by then.
        if isinstance(message, Interrupt):  # Of this turn, not of a later one.
            return InputRefused(message.attachment, message.sequence, ErrorCode.UNREACHABLE, text)
        if is_typed(message) and self.state is not ViewerState.CONNECTING and not self._keeps_typing():
            return self.inputs.refuse(message, ErrorCode.UNREACHABLE, text)
        added = self.inputs.append(message)
        if isinstance(added, InputRefused) and added.code == ErrorCode.INPUT_FULL:
            return msgspec.structs.replace(added, message=f"{text}, and too much waits for it")
        return added

    def _note_activity(self, event: ActivityEvent) -> None:
        """Send the kept input, unless the program asks something that the user has not seen."""
        question_since = event.since if event.activity is Activity.NEEDS_INPUT else ""
        if not self._awaits_activity:
            self._question_since = question_since
        elif not question_since or question_since == self._question_since:
            self.send_kept()
        elif not self.asks_to_send:
            self.asks_to_send = True
            self._notify_state()

    def send_kept(self) -> None:
        """Send the input that was typed while the machine could not be reached."""
        if self._awaits_activity:
            self._end_blind_input()
            self._send_inputs()
            if self.state is ViewerState.LIVE:
                self._answers.start()

    def discard_kept(self) -> None:
        """Drop the input that the host does not have, as far as is known."""
        self.inputs.discard()
        if self._awaits_activity or (self.state is ViewerState.STARTING and not self._can_send_inputs):
            self._send_inputs()
        self._end_blind_input()
        self._send_accept_refusal()  # The host may have a part of a paste.

    def _end_blind_input(self) -> None:
        self._has_blind_input = self._awaits_activity = self.asks_to_send = False
        self._notify_state()

    def accept_refusal(self) -> None:
        """The user has seen that an input was refused: accept input again."""
        self.inputs.is_holding = False
        self._send_accept_refusal()

    def _send_accept_refusal(self) -> None:
        is_attached = self._can_send_inputs or self._awaits_activity or self.state is ViewerState.STARTING
        self._accepts_refusal = not is_attached
        if is_attached:
            self._send(AcceptRefusal(self.attachment))

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """The viewer's grid changed."""
        self.size, self._cell = size, cell
        if self.attachment and self._output:
            self._send(Resize(self.attachment, size, cell))

    def set_colors(self, colors: DefaultColors) -> None:
        """The colours of this viewer's terminal changed; the host answers colour queries with them."""
        self._colors = colors
        if self.attachment:
            self._send(Colors(self.attachment, *colors))

    def follow(self, output: bool) -> None:
        """Start or stop following output; a hidden tab needs only events."""
        if output == self._output:
            return
        self._output = output
        if self.attachment:
            self._send_follow()

    def _send_follow(self) -> None:
        self._send(Follow(self.attachment, self._output, self.offset, self.resizes, self.has_history))
        if self._output and self.size is not None:
            self._send(Resize(self.attachment, self.size, self._cell))

    def free_replica(self) -> None:
        """Free the replica if the viewer does not follow output; ``follow`` fetches another."""
        if self._has_replica and not self._output:
            self._has_replica = False
            self.offset = -1
            self.effects.append(FreeReplica())

    def detach(self) -> None:
        """Detach from the session without an effect on the agent."""
        self.effects.clear()
        if self.attachment:
            self._send(Detach(self.attachment))
        self._is_connected = self._can_send_inputs = False


class AnswerWatch:
    """Detects that the host does not answer, by counting intervals without an answer.

    The host acknowledges an input once the program has it, and a program may read late. So if an input stays
    unacknowledged, the viewer sends a request (a probe), and only a missing reply counts. A running host replies within
    milliseconds.

    Attributes:
        is_timed: the timer runs. An input starts the timer only if it is not running, so most keys start no timer.
        is_asking: a probe was sent, and the host has not replied.
        is_silent: the reply is missing for so long that the user was notified.
    """

    def __init__(self, effects: list[Effect], inputs: UnacknowledgedInput) -> None:
        self._effects = effects
        self._inputs = inputs
        self.is_timed = False
        self.reset()

    def reset(self) -> None:
        """Forget all counts, since the host has answered or the connection is new; the timer continues."""
        self.is_asking = self.is_silent = False
        self._sent_sequence = 0  # The last input sent before this interval.
        self._probed_sequence = 0  # The last input before the last probe.
        self._received_sequence = 0  # The last input that the host has received, acknowledged or not.
        self._silent_intervals = 0
        self._offset = 0

    def start(self) -> None:
        """Start the timer, unless it runs or there is no unacknowledged input."""
        if not self.is_timed and len(self._inputs):
            self._sent_sequence = self._newest_sequence
            self._start_timer()

    def probe(self, offset: int, silent_intervals: int = 0) -> None:
        """Send a probe, unless one waits for its reply; ``offset`` is the replica's offset of the output."""
        if not self.is_asking:
            self.is_asking = True
            self._probed_sequence, self._offset, self._silent_intervals = (
                self._newest_sequence,
                offset,
                silent_intervals,
            )
            self._effects.append(SendMessage(Describe(0)))
        if not self.is_timed:
            self._start_timer()

    def on_reply(self) -> None:
        """The host has replied to a probe, so it has received everything sent before."""
        self.is_asking = False
        self._received_sequence = self._probed_sequence

    def on_interval(self, offset: int) -> bool:
        """An interval is over; returns whether the host does not answer.

        ``offset`` is the replica's offset of the output; if it has changed, the host runs.
        """
        self.is_timed = False
        if self.is_asking:
            self._silent_intervals = 0 if offset != self._offset else self._silent_intervals + 1
            self._offset = offset
            if self._silent_intervals >= MAX_SILENT_INTERVALS:
                self.is_silent = True
                return True
            self._start_timer()
            return False
        oldest = max(self._inputs.oldest_sequence, self._received_sequence + 1)
        if oldest <= self._sent_sequence:
            self.probe(offset, silent_intervals=1)
        elif oldest <= self._newest_sequence:
            self._sent_sequence = self._newest_sequence
            self._start_timer()
        return False

    def restart_interval(self) -> None:
        """The interval was too long, since this process did not run: ignore it and start another."""
        self._start_timer()

    @property
    def _newest_sequence(self) -> int:
        return self._inputs.next_sequence - 1

    def _start_timer(self) -> None:
        self.is_timed = True
        self._effects.append(StartAnswerTimer(INTERVAL_S))


class TurnMarks:
    """The host reports the beginning of a turn by its offset, which may be ahead of the replica.

    Attributes:
        ahead: the offsets that the replica has still to reach, oldest first.
    """

    def __init__(self) -> None:
        self.ahead: list[int] = []

    def began(self, turn: int, replica: int) -> bool:
        """Note a turn; returns whether to mark it at once, since the replica is there already.

        Args:
            turn: the offset where the turn began.
            replica: the replica's offset; -1 without a replica.
        """
        if replica >= turn:
            return True
        self.ahead = [*self.ahead, turn][-MAX_TURNS:]
        return False

    def take(self, end: int) -> list[int]:
        """Remove and return the turns that began before this end of the output, which is fed now."""
        found = [offset for offset in self.ahead if offset <= end]
        self.ahead = [offset for offset in self.ahead if offset > end]
        return found

    def snapshot_restored(self, end: int) -> bool:
        """Drop the turns that a snapshot has; returns whether one began at its end.

        The snapshot may have been made just before the mark of that one.
        """
        return end in self.take(end)


class Effect(msgspec.Struct, frozen=True, gc=False):
    """Base of all effects."""


class Connect(Effect, frozen=True):
    """Connect to the host after this time, then report ``connected``, ``connection_failed`` or ``refused``."""

    after_s: float


class WaitReachable(Effect, frozen=True):
    """Wait until the session's machine can be reached, then call ``start``."""


class ReadOutcome(Effect, frozen=True):
    """Look up the session's outcome in the store, then report ``outcome_read``."""


class LoadScreen(Effect, frozen=True):
    """Replace the replica by the session's last screen if it is newer than this offset, then report ``screen_read``."""

    offset: int


class SendMessage(Effect, frozen=True):
    """Send this to the host."""

    message: Message


class StartAnswerTimer(Effect, frozen=True):
    """Report ``on_answer_timer`` after this time. Only one such timer runs."""

    after_s: float


class DropConnection(Effect, frozen=True):
    """Break the connection."""


class AddSnapshotPart(Effect, frozen=True):
    """Add this to the snapshot; after the last part, report ``snapshot_restored`` or ``snapshot_unreadable``."""

    part: SnapshotPart


class ResizeReplica(Effect, frozen=True):
    """Give the replica this size."""

    size: GridSize
    cell: CellSize


class MarkTurn(Effect, frozen=True):
    """Mark the beginning of an agent's turn in the replica."""


class FeedReplica(Effect, frozen=True):
    """Feed the replica with output that continues its own."""

    message: Output


class FreeReplica(Effect, frozen=True):
    """Free the replica, and the parts of the next one."""


class NotifyState(Effect, frozen=True):
    """Report a state to the delegate."""

    state: ViewerState
    message: str


class NotifyEvent(Effect, frozen=True):
    """Report an event other than a state to the delegate."""

    event: Event


class NotifyRefusal(Effect, frozen=True):
    """Report a refused input to the delegate."""

    refusal: InputRefused
