"""The rules of a viewer: what it sends, resends and shows, and when it reconnects. Pure.

``state`` has the viewer's states. Events are methods; they append their effects to ``effects``, and ``viewer.py``
carries those out.

The viewer keeps input until the host acknowledges it. Input from before the attachment waits in order; after a broken
connection the viewer sends unacknowledged input again, and the host drops what it has already.
"""

from __future__ import annotations

from typing import Any

from session_host.protocol.messages import (
    AcceptRefusal,
    ActivityEvent,
    Attach,
    Attached,
    Colors,
    Describe,
    Description,
    Detach,
    Error,
    ErrorCode,
    Focus,
    Follow,
    Input,
    InputAck,
    InputRefused,
    Message,
    NoticeEvent,
    Output,
    Resize,
    Resized,
    SnapshotPart,
    Starting,
    StateEvent,
)
from session_host.protocol.values import CellSize, GridSize, State
from session_host.terminal.base import DefaultColors

from .answer_watch import AnswerWatch
from .effects import (
    AddSnapshotPart,
    Connect,
    DropConnection,
    Effect,
    FeedReplica,
    FreeReplica,
    LoadScreen,
    MarkTurn,
    NotifyEvent,
    NotifyRefusal,
    NotifyState,
    ReadOutcome,
    ResizeReplica,
    SendMessage,
)
from .state import FINAL_STATES, Trigger, ViewerState
from .state import TABLE as _STATES
from .turn_marks import TurnMarks
from .unacknowledged_input import UnacknowledgedInput

RETRY_S = (0.0, 0.05, 0.2, 0.5, 1.0, 2.0)
"""Delays before each attempt to connect; the last one repeats while the host's process lives."""


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
        turns: the turns of the agent that the replica has not reached yet.
        refusal: the ``ErrorCode`` of the host's refusal to serve the viewer; "" for no refusal.
    """

    def __init__(
        self, *, size: GridSize | None, cell: CellSize, engine_build: str, read_only: bool, output: bool, kind: str
    ) -> None:
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
        self._has_replica = False
        self.resizes = self._tries = 0
        self._notice = ""
        self._unreachable_reason = ""
        self._is_hanging = False
        """Whether the host accepted the last connection, and did not greet."""
        self._answers = AnswerWatch(self.effects, self.inputs)

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
                self.resizes, self._kind,
            )
        )  # fmt: skip

    def connection_failed(self, reason: str, *, is_hanging: bool = False) -> None:
        """The host cannot be reached: the session has ended, the host is gone, or the host ``is_hanging``."""
        self._unreachable_reason, self._is_hanging = reason, is_hanging
        self.effects.append(ReadOutcome())

    def outcome_read(self, outcome: StateEvent, message: str) -> None:
        """The store's outcome of the session is known; ``message`` says why it is lost."""
        if outcome.state is State.EXITED:
            self.end = outcome
            if self._output and self._has_replica:
                # The screen that the host saved has the output since the viewer was disconnected.
                self.effects.append(LoadScreen(self.offset))
            else:
                self._change_state(Trigger.ENDS)
        elif outcome.state is State.LOST:
            self._change_state(Trigger.VANISHES, message)
        else:
            if self._is_hanging and self.state is not ViewerState.STARTING:
                trigger, state = Trigger.HANGS, ViewerState.UNRESPONSIVE
            else:
                trigger, state = Trigger.DISCONNECTS, ViewerState.RECONNECTING
            if self.state is not state:
                self._change_state(trigger, self._unreachable_reason)
            self.start()

    def screen_read(self, offset: int | None) -> None:
        """The replica is the session's last screen, with the output up to the offset; None if unchanged."""
        if offset is not None:
            self.offset = offset
        self._change_state(Trigger.ENDS)

    def connection_lost(self, error: Error | None) -> None:
        """The connection is closed; if the host sent an error, it refuses this viewer."""
        self._is_connected = self._can_send_inputs = False
        if self.state in FINAL_STATES:
            return
        if error is not None:
            self.refused(error.message, error.code)
            return
        if self.state is ViewerState.LIVE or self._answers.is_silent:
            self._tries = 0
        self._answers.reset()
        self._change_state(Trigger.DISCONNECTS)
        self.start()

    def refused(self, message: str, code: str = "") -> None:
        """The host refused the viewer for good; do not try again."""
        self.refusal = code
        self._change_state(Trigger.REFUSES, message)

    def _change_state(self, trigger: Trigger, message: str = "") -> None:
        self.state, self.message = _STATES.after(self.state, trigger), message
        self.effects.append(NotifyState(self.state, message))
        if self.state is ViewerState.LIVE:
            self._answers.start()

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

    def _receive_event(self, message: Any) -> None:
        match message:
            case InputAck(sequence=sequence):
                self.inputs.acknowledge(sequence)
            case SnapshotPart():
                self.effects.append(AddSnapshotPart(message))
            case Resized():
                if self.offset >= 0:
                    self.resizes = message.number
                    self.effects.append(ResizeReplica(message.size, message.cell))
            case Starting(attachment=attachment):
                self._use_attachment(attachment, 0)
                self._change_state(Trigger.STARTS)
            case Attached():
                self._attached(message)
            case InputRefused():
                self.effects += map(NotifyRefusal, self.inputs.refused(message))
            case StateEvent(state=State.EXITED):
                self.end = message
                if self.state is not ViewerState.ENDED:
                    self.effects.append(NotifyEvent(message))
                    self._change_state(Trigger.ENDS)
            case NoticeEvent(text=""):
                self._request_notice()  # The previous notice has ended; there may be another one.
            case Description(notice=text) | NoticeEvent(text=text):
                self._notify_notice(text)
            case _:
                turn = message.turn if isinstance(message, ActivityEvent) else -1
                if turn >= 0 and self.turns.began(turn, self.offset):
                    self.effects.append(MarkTurn())
                self.effects.append(NotifyEvent(message))

    def _use_attachment(self, attachment: str, last_sequence: int) -> None:
        self._answers.reset()
        if attachment != self.attachment:
            self.attachment = attachment
            self.effects += map(NotifyRefusal, self.inputs.reset_attachment(attachment))
        else:
            self.inputs.acknowledge(last_sequence)
        self.effects += map(SendMessage, self.inputs.pending())
        self._can_send_inputs = True

    def _attached(self, message: Attached) -> None:
        if self.state is not ViewerState.STARTING:  # That state has sent the inputs already.
            self._use_attachment(message.attachment, message.last_sequence)
        if self._output != self._requested_output:
            self._send_follow()
        if self._colors is not None:
            self._send(Colors(self.attachment, *self._colors))
        self._request_notice()
        if message.resumed or not self._output:
            self._change_state(Trigger.SHOWS)

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
        self.offset, self.resizes = last.offset, last.resizes
        if self.turns.snapshot_restored(last.offset):
            self.effects.append(MarkTurn())
        if self.state not in {ViewerState.LIVE, ViewerState.ENDED}:
            self._change_state(Trigger.SHOWS)

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
            self._change_state(Trigger.HANGS)

    def _on_host_message(self, message: Message) -> None:
        if self._answers.is_silent:
            self._answers.reset()
            self._change_state(Trigger.ANSWERS)
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
        added = self.inputs.append(message)
        if isinstance(added, InputRefused):
            self.effects.append(NotifyRefusal(added))
        elif self._can_send_inputs:
            self.effects += map(SendMessage, added)
            if not self._answers.is_timed and self.state is ViewerState.LIVE:
                self._answers.start()

    def accept_refusal(self) -> None:
        """The user has seen that an input was refused: accept input again."""
        self.inputs.is_holding = False
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
        self._send(Follow(self.attachment, self._output, self.offset, self.resizes))
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
