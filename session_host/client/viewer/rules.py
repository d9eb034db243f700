"""The rules of a viewer: what it sends, resends and shows, and when it reconnects. Pure.

Three machines side by side: the ``line`` to the host, the ``gate`` for the user's input, and the replica's ``progress``
in the output. Each has its states, and their data. Events are methods: of a machine, or here if they concern several.
They append their effects to ``effects``, and ``viewer.py`` carries those out.

The viewer keeps input until the host acknowledges it. Input from before the attachment waits in order; after a broken
connection the viewer sends unacknowledged input again, and the host drops what it has already.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from session_host.protocol.facts import Outcome
from session_host.protocol.messages import (
    ActivityEvent,
    Attach,
    Attached,
    Colors,
    Describe,
    Description,
    Detach,
    Error,
    Focus,
    Follow,
    HostReport,
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
from session_host.protocol.values import CellSize, ErrorCode, GridSize, State
from session_host.terminal.base import DefaultColors

from .answer_watch import AnswerWatch
from .effects import AddSnapshotPart, DropConnection, Effect, NotifyEvent, NotifyRefusal, SendMessage
from .gate import Gate
from .line import RUNNING, Attaching, Line, Serving
from .replica_progress import Missing, ReplicaProgress
from .state import ViewerState
from .unacknowledged_input import UnacknowledgedInput


class Wants(NamedTuple):
    """The wishes of the viewer's user: what is shown, and how."""

    size: GridSize | None
    """The viewer's grid."""
    cell: CellSize
    engine_build: str
    """The requested format of snapshots; "" for the format that every engine reads."""
    read_only: bool
    output: bool
    """Whether to follow output; a hidden tab needs only events."""
    kind: str
    """As in Attach."""
    is_far: bool = False
    """Whether the session is on another machine."""
    keeps_typing: Callable[[], bool] = lambda: True
    """Returns whether to keep what is typed while that machine cannot be reached."""
    colors: DefaultColors | None = None
    """The colours of the viewer's terminal, None while unknown."""


class ViewerRules:
    """A viewer without its connection, its clock and its replica.

    Attributes:
        effects: effects to carry out, oldest first; the caller empties the list after each event.
        wants: what the user wants to see.
        inputs: input that the host has not acknowledged.
        line, gate, progress: see the module.
    """

    def __init__(self, wants: Wants) -> None:
        self.effects: list[Effect] = []
        self.wants = wants
        self.inputs = UnacknowledgedInput()
        self._answers = AnswerWatch(self.effects, self.inputs)
        self.line = Line(self.effects)
        self.gate = Gate(
            self.effects, self.line, self.inputs, self._answers, is_far=wants.is_far, keeps_typing=wants.keeps_typing
        )
        self.progress = ReplicaProgress(self.effects, self.inputs, is_far=wants.is_far)
        self._notice = ""

    @property
    def is_shown(self) -> bool:
        """Whether the viewer follows output that may still come."""
        return self.wants.output and not self.line.is_over

    # ------------------------------------------------------------ the line

    def connected(self, host_version: str) -> None:
        """The connection is open, and a host with this version of the code has greeted."""
        wants, progress = self.wants, self.progress.now
        self.line.greeted(host_version, asked_output=wants.output)
        self._send(
            Attach(
                wants.size if wants.output else None,
                wants.cell,
                wants.read_only,
                wants.output,
                self.inputs.attachment,
                progress.offset,
                progress.resizes,
                wants.kind,
                wants.is_far,
                progress.has_history,
            )
        )

    def outcome_read(self, outcome: Outcome, message: str) -> None:
        """The store's outcome of the session is known; ``message`` says why it is lost."""
        progress = self.progress.now
        match outcome.state:
            case State.LOST:
                self._finish(ViewerState.LOST, message)
            case State.EXITED if self.wants.output and not isinstance(progress, Missing):
                # The screen that the host saved has the output since the viewer was disconnected.
                self.line.load(outcome, progress.offset if progress.has_history else -1)
            case State.EXITED:
                self._finish(ViewerState.ENDED, end=outcome)
            case _:
                self.line.host_lives()

    def screen_read(self, offset: int | None) -> None:
        """The replica is the session's last screen, with the output up to the offset; None if unchanged."""
        if offset is not None:
            self.progress.screen_read(offset)
        self._finish(ViewerState.ENDED, end=self.line.now.end)

    def connection_lost(self, error: Error | None) -> None:
        """The connection is closed; if the host sent an error, it refuses this viewer."""
        self.gate.lost()
        self._answers.reset()
        if error is not None and not self.line.is_over:
            self.refused(error.message, error.code)
        else:
            self.line.lost()

    def refused(self, message: str, code: str = "") -> None:
        """The host refused the viewer for good; do not try again."""
        self._finish(ViewerState.FAILED, message, refusal=code)

    def line_silent(self, is_silent: bool) -> None:
        """The session's machine does not answer, though the line to it is not lost; or it does again."""
        if self.line.note_silence(is_silent):
            self._show_live()

    def detach(self) -> None:
        """Detach from the session without an effect on the agent."""
        self.effects.clear()
        if self.inputs.attachment:
            self._send(Detach(self.inputs.attachment))
        self.gate.lost()
        self.line.detach()

    def _finish(self, state: ViewerState, message: str = "", *, end: Outcome = RUNNING, refusal: str = "") -> None:
        self.line.finish(state, message, end=end, refusal=refusal)
        self.gate.finish()

    def _show_live(self) -> None:
        self.line.show(ViewerState.LIVE)
        self._answers.start()

    def _send(self, message: Message) -> None:
        if self.line.now.is_connected:
            self.effects.append(SendMessage(message))

    # ------------------------------------------------------------ messages of the host

    def receive_message(self, message: Any) -> None:
        """Handle a message."""
        if isinstance(message, Output):
            self.progress.output(message)
            return
        if self._answers.is_asking:
            self._on_host_message(message)
        self._receive_event(message)

    def _receive_event(self, message: Any) -> None:
        match message:
            case InputAck(sequence=sequence):
                self.inputs.acknowledge(sequence)
            case SnapshotPart():
                self.effects.append(AddSnapshotPart(message))
                self.progress.received(message)
            case Resized():
                self.progress.resized(message)
            case Starting(attachment=attachment) if isinstance(self.line.now, Attaching):
                self._use_attachment(attachment, 0, runs=False)
                self.line.show(ViewerState.STARTING)
            case Attached() if isinstance(self.line.now, Attaching):
                self._use_attachment(message.attachment, message.last_sequence, runs=True)
                self._catch_up(message)
            case Attached() if isinstance(self.line.now, Serving):
                self.gate.program_runs()
                self._catch_up(message)
            case Starting() | Attached():
                pass  # No host sends them then.
            case InputRefused():
                self.effects += map(NotifyRefusal, self.inputs.refused(message))
            case StateEvent(outcome=Outcome(state=State.EXITED) as end):
                if not self.line.is_over:  # A viewer that starts to follow output is told again.
                    self.effects.append(NotifyEvent(message))
                    self._finish(ViewerState.ENDED, end=end)
            case NoticeEvent(text=""):
                self._send(Describe(0))  # The previous notice has ended; there may be another one.
            case Description(host=HostReport(notice=text)) | NoticeEvent(text=text):
                self._notify_notice(text)
            case _:
                if isinstance(message, ActivityEvent):
                    self.progress.turn_began(message.turn)
                    self.gate.note_activity(message)
                self.effects.append(NotifyEvent(message))

    def _use_attachment(self, attachment: str, last_sequence: int, *, runs: bool) -> None:
        self._answers.reset()
        if isinstance(self.line.now, Attaching):
            self.line.now = Serving(asked_output=self.line.now.asked_output)
        self.gate.attached(attachment, last_sequence, runs=runs)

    def _catch_up(self, message: Attached) -> None:
        """The program runs: send what changed since Attach, and ask for what changed before."""
        wants = self.wants
        if isinstance(self.line.now, Serving) and self.line.now.asked_output != wants.output:
            self._send_follow()
        if wants.colors is not None:
            self._send(Colors(self.inputs.attachment, *wants.colors))
        self._send(Describe(0))  # For the current notice: events report only notices that begin later.
        if message.resumed or not wants.output:
            self._show_live()

    def _notify_notice(self, text: str) -> None:
        """Report a changed notice to the delegate; each new host repeats the current notice."""
        if text != self._notice:
            self._notice = text
            self.effects.append(NotifyEvent(NoticeEvent("session", text)))

    def snapshot_restored(self, last: SnapshotPart) -> None:
        """The replica is the snapshot that ends with this part."""
        self.progress.restored(last)
        if not self.line.is_over and self.line.shown is not ViewerState.LIVE:
            self._show_live()

    def snapshot_unreadable(self) -> None:
        """The engine cannot read the snapshot: ask for the form that every engine reads."""
        self.wants = self.wants._replace(engine_build="")
        self.effects.append(DropConnection())

    # ------------------------------------------------------------ unresponsive hosts

    def expect_answer(self) -> None:
        """The user sent a request on another connection: detect whether the host answers."""
        if self.line.shown is ViewerState.LIVE:
            self._answers.probe(self.progress.now.offset)

    def on_answer_timer(self, *, is_late: bool) -> None:
        """An interval of ``AnswerWatch`` is over; ``is_late``: the timer was much too late."""
        if self.line.shown is not ViewerState.LIVE:
            self._answers.is_timed = False
        elif is_late:
            self._answers.start_timer()
        elif self._answers.on_interval(self.progress.now.offset):
            self.line.show(ViewerState.UNRESPONSIVE)

    def _on_host_message(self, message: Message) -> None:
        if self._answers.is_silent:
            self._answers.reset()
            self._show_live()
        elif isinstance(message, Description):
            self._answers.on_reply()

    # ------------------------------------------------------------ the user

    def receive_input(self, message: Input) -> None:
        """Keep an input, and send it as soon as the host takes it; refuse it once nothing can be sent any more."""
        if not self.line.is_over:
            self.gate.receive(message)
        elif not isinstance(message, Focus):  # Nobody types a focus report.
            text = "the chat has ended" if self.line.shown is ViewerState.ENDED else self.line.message
            refusal = InputRefused(self.inputs.attachment, message.sequence, ErrorCode.ENDED, text)
            self.effects.append(NotifyRefusal(refusal))

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """The viewer's grid changed."""
        self.wants = self.wants._replace(size=size, cell=cell)
        if self.inputs.attachment and self.wants.output:
            self._send(Resize(self.inputs.attachment, size, cell))

    def set_colors(self, colors: DefaultColors) -> None:
        """The colours of this viewer's terminal changed; the host answers colour queries with them."""
        self.wants = self.wants._replace(colors=colors)
        if self.inputs.attachment:
            self._send(Colors(self.inputs.attachment, *colors))

    def follow(self, output: bool) -> None:
        """Start or stop following output; a hidden tab needs only events."""
        if output != self.wants.output:
            self.wants = self.wants._replace(output=output)
            if self.inputs.attachment:
                self._send_follow()

    def _send_follow(self) -> None:
        wants, attachment, progress = self.wants, self.inputs.attachment, self.progress.now
        self._send(Follow(attachment, wants.output, progress.offset, progress.resizes, progress.has_history))
        if wants.output and wants.size is not None:
            self._send(Resize(attachment, wants.size, wants.cell))

    def free_replica(self) -> None:
        """Free the replica if the viewer does not follow output; ``follow`` fetches another."""
        if not self.wants.output:
            self.progress.free()
