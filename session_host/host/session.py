"""The session: one program, its terminal, and whoever looks on.

Key path, 7 of 9. Output path, 3 of 10.

States of the process, and what moves them::

    STARTING ──exec succeeded──▶ RUNNING ──child ended, output drained──▶ EXITED
        └──────exec failed──────▶ (no session: the launch is refused)

The emulator here is the authority: it alone answers the program. Viewers hold replicas. A viewer is
never waited for: each is handed what there is, and catches up by itself (see ``connection``).
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from typing import Protocol

from session_host.protocol.codec import encode
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.messages import (
    ActivityEvent,
    BellEvent,
    ClipboardEvent,
    Colors,
    ErrorCode,
    Event,
    Focus,
    Input,
    InputRefused,
    Key,
    Mouse,
    NotificationEvent,
    Output,
    Paste,
    Resized,
    StateEvent,
    Text,
    TitleEvent,
)
from session_host.protocol.values import CellSize, GridSize, KeyAction, MouseAction, State
from session_host.pty.process import PtyProcess
from session_host.terminal.base import (
    Bell,
    ClipboardSet,
    DefaultColors,
    Emulator,
    Notification,
    TerminalEvent,
    TitleChanged,
)

from .activity import ActivityTracker
from .attachments import Attachment, Attachments
from .inputs import InputQueue
from .lane import EmulatorLane
from .pump import PtyPump
from .stream import OutputStream

log = logging.getLogger(__name__)

Spawner = Callable[[LaunchSpec], Awaitable[PtyProcess]]
"""Starts the program of a spec; raises LaunchFailed."""

RESIZE_DEBOUNCE_S = 0.03
STOP_STEPS = ((signal.SIGTERM, 1.0), (signal.SIGHUP, 4.0), (signal.SIGKILL, None))
"""How an agent is ended politely: the signal, and how long it then has."""


class Follower(Protocol):
    """A client as the session sees it."""

    @property
    def follows_output(self) -> bool:
        """Whether it wants output, and not events alone."""

    def deliver_output(self, frame: bytes, end: int) -> None:
        """Output that ends at the offset ``end``, already a frame; an empty one if nobody follows output."""

    def deliver_resize(self, message: Resized) -> None:
        """The grid changed at this point of the output."""

    def deliver_event(self, event: Event) -> None:
        """Something else happened."""

    def deliver_started(self) -> None:
        """The program runs now."""


class Session:
    """One session.

    Attributes:
        spec: what was started.
        state, exit_code, exit_signal: the process; of the two latter one is set once it has ended.
        name: what the user calls it.
        size, cell: the grid as of the end of the stream.
        title: what the program calls itself.
        lane: the emulator, the authority on the screen; used in turn.
        emulator_resizes: how many resizes the emulator has been through; the stream may be ahead of it.
        stream: the output with its offsets.
        followers: the clients that have attached.
        ended: set once the program has ended and its last output is in.
        recorded: set once that is written down, so that whoever asked for the end finds it there.
    """

    def __init__(
        self, spec: LaunchSpec, make_emulator: Callable[[], Emulator], *, epoch: str, now: Callable[[], str]
    ) -> None:
        self.spec = spec
        self.name = spec.name
        self.title = ""
        self.epoch = epoch
        self.size = spec.size
        self.cell = CellSize()
        self.stream = OutputStream()
        self.emulator_resizes = 0
        self.lane = EmulatorLane(make_emulator, self._after_emulator, self._lane_drained)
        self.attachments = Attachments()
        self.followers: set[Follower] = set()
        self.activity = ActivityTracker(now)
        self.state = State.STARTING
        self.exit_code: int | None = None
        self.exit_signal: int | None = None
        self.ended = asyncio.Event()
        self.recorded = asyncio.Event()
        self.process: PtyProcess | None = None
        self._inputs = InputQueue()
        self._pump: PtyPump | None = None
        self._resize_timer: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------ start and end

    async def start(self, spawner: Spawner) -> None:
        """Start the program.

        Raises:
            LaunchFailed: it could not be; the session never ran.
        """
        self.process = await spawner(self.spec)
        self.state = State.RUNNING
        self._inputs.open = True
        self._pump = PtyPump(self.process, self)
        self._pump.start()
        log.info("started pid=%d size=%s", self.process.pid, self.size)
        self._apply_size()
        for follower in tuple(self.followers):
            follower.deliver_started()
        self._flush_input()

    def program_ended(self, exit_code: int | None, exit_signal: int | None) -> None:
        """The pump's word that the child was reaped and its last output is read."""
        self.lane.in_order(lambda _: self._over(exit_code, exit_signal))

    def _over(self, exit_code: int | None, exit_signal: int | None) -> None:
        self.state, self.exit_code, self.exit_signal = State.EXITED, exit_code, exit_signal
        dropped = self._inputs.clear()
        log.info("ended code=%s signal=%s offset=%d unread_input=%d", exit_code, exit_signal, self.stream.end, dropped)
        if self._resize_timer is not None:
            self._resize_timer.cancel()
        self._tell_activity(self.activity.ended())
        self.tell(StateEvent(self.state, exit_code, exit_signal))
        self.ended.set()

    async def stop(self) -> None:
        """End the program politely; returns when it has ended."""
        for number, patience_s in STOP_STEPS:
            self.signal(number)
            # A stopped program cannot act on a polite signal.
            self.signal(signal.SIGCONT)
            try:
                await asyncio.wait_for(self.ended.wait(), patience_s)
            except TimeoutError:
                continue
            return

    async def kill(self) -> None:
        """End the program at once; returns when it has ended."""
        self.signal(signal.SIGKILL)
        await self.ended.wait()

    def signal(self, number: int) -> None:
        """Signal the program, if it still runs."""
        if self.process is not None and self._pump is not None and not self._pump.reaped:
            self.process.signal(number)

    def close(self) -> None:
        """Let go of the PTY and the engine."""
        if self._pump is not None:
            self._pump.close()
        if self.process is not None:
            self.process.close()
        self.lane.close()

    # ------------------------------------------------------------ output

    def output(self, data: bytes) -> bool:
        """The program wrote ``data``; returns whether to read on at once."""
        self.stream.append(data)
        if self.followers:
            wanted = any(follower.follows_output for follower in self.followers)
            frame = encode(Output(self.stream.end - len(data), data)) if wanted else b""
            for follower in tuple(self.followers):
                follower.deliver_output(frame, self.stream.end)
        self.lane.feed(data)
        return not self.lane.full

    def _lane_drained(self) -> None:
        if self._pump is not None:
            self._pump.read_on()

    def _after_emulator(self, emulator: Emulator) -> None:
        """What the emulator has to say goes out: replies to the program, events to the viewers."""
        replies = emulator.take_replies()
        if replies and self.state is not State.EXITED:
            # The host's replies are the only ones there are; no bound may drop them.
            self._inputs.add(replies)
            self._flush_input()
        for event in emulator.take_events():
            self._terminal_event(event)

    def _terminal_event(self, event: TerminalEvent) -> None:
        match event:
            case TitleChanged(title):
                self.title = title
                self.tell(TitleEvent(title))
            case Bell():
                self.tell(BellEvent())
            case Notification(title, body):
                self.tell(NotificationEvent(title, body))
            case ClipboardSet(text):
                self.tell(ClipboardEvent(text))
            case _:
                pass
        self._tell_activity(self.activity.observe(event))

    def _tell_activity(self, changed: bool) -> None:
        if changed:
            tracker = self.activity
            self.tell(ActivityEvent(tracker.activity, tracker.source, tracker.since, tracker.detail))

    def tell(self, event: Event) -> None:
        """Send an event to all followers."""
        for follower in tuple(self.followers):
            follower.deliver_event(event)

    # ------------------------------------------------------------ input

    def take(self, attachment: Attachment, message: Input) -> None:
        """Take one input of a viewer: exactly once, in order, never dropped in silence."""
        if message.sequence <= attachment.last_sequence:
            return  # Sent again after a reconnect; it was taken before, and its ack is on its way or was lost.
        attachment.last_sequence = message.sequence
        if attachment.read_only:
            self._refuse(attachment, message, ErrorCode.READ_ONLY, "this view is read-only")
            return
        if self._is_use(message):
            self.use(attachment)
        if not self._is_looking(message):
            self._tell_activity(self.activity.input_given())
        self.lane.soon(lambda emulator: self._queue(attachment, message, encode_input(emulator, message)))

    def _queue(self, attachment: Attachment, message: Input, data: bytes) -> None:
        if self.state is State.EXITED:
            self._refuse(attachment, message, ErrorCode.ENDED, "the chat has ended")
        elif not self._inputs.has_room(len(data)):
            self._refuse(attachment, message, ErrorCode.INPUT_FULL, "the program is not reading; this was not typed")
        else:
            self._inputs.add(data, lambda: self._written(attachment, message.sequence))
            self._flush_input()

    def type(self, data: bytes) -> bool:
        """Queue bytes that this host has encoded itself; False when there is no room."""
        if not self._inputs.has_room(len(data)):
            return False
        self._inputs.add(data)
        self._tell_activity(self.activity.input_given())
        self._flush_input()
        return True

    @staticmethod
    def _is_use(message: Input) -> bool:
        """Whether an input shows that its viewer is the one in use."""
        if isinstance(message, Focus):
            return message.focused
        return not (isinstance(message, Key) and message.action is KeyAction.RELEASE)

    @staticmethod
    def _is_looking(message: Input) -> bool:
        """Whether an input is no answer to an agent that waits: the keyboard came, the mouse moved, a key went up."""
        return (
            isinstance(message, Focus)
            or (isinstance(message, Mouse) and message.action is MouseAction.MOTION)
            or (isinstance(message, Key) and message.action is KeyAction.RELEASE)
        )

    @staticmethod
    def _written(attachment: Attachment, sequence: int) -> None:
        if attachment.client is not None:
            attachment.client.acknowledge(attachment.id, sequence)

    @staticmethod
    def _refuse(attachment: Attachment, message: Input, code: str, text: str) -> None:
        if attachment.client is not None:
            attachment.client.send_reply(InputRefused(attachment.id, message.sequence, code, text))

    def _flush_input(self) -> None:
        if self._pump is not None and not self._pump.reaped and self.process is not None:
            self._pump.want_write(not self._inputs.flush(self.process.write))

    def writable(self) -> None:
        """The PTY takes input again."""
        self._flush_input()

    # ------------------------------------------------------------ size and colours

    def show_in(self, colors: Colors) -> None:
        """What the program's queries for colours are answered with from now on: the last viewer that told."""
        told = DefaultColors(colors.foreground, colors.background, colors.cursor, colors.dark)
        self.lane.soon(lambda emulator: emulator.set_default_colors(told))

    def use(self, attachment: Attachment) -> None:
        """This viewer is the one in use: the grid follows its size."""
        if self.attachments.in_use is not attachment:
            self.attachments.in_use = attachment
            self._schedule_size()

    def viewer_resized(self, attachment: Attachment, size: GridSize, cell: CellSize) -> None:
        """A viewer's grid changed; it counts if that viewer is in use, or none is."""
        attachment.size, attachment.cell = size, cell
        if attachment.read_only:
            return
        if self.attachments.in_use is None:
            self.attachments.in_use = attachment
        if self.attachments.in_use is attachment:
            self._schedule_size()

    def _schedule_size(self) -> None:
        if self._resize_timer is None and self._wanted_size() != (self.size, self.cell):
            loop = asyncio.get_running_loop()
            self._resize_timer = loop.call_later(RESIZE_DEBOUNCE_S, self._apply_size)

    def _wanted_size(self) -> tuple[GridSize, CellSize]:
        attachment = self.attachments.in_use
        if attachment is None or attachment.size is None or attachment.read_only:
            return self.size, self.cell
        return attachment.size.clamped(), attachment.cell

    def _apply_size(self) -> None:
        if self._resize_timer is not None:
            self._resize_timer.cancel()
            self._resize_timer = None
        size, cell = self._wanted_size()
        if self.process is None or self.state is not State.RUNNING or (size, cell) == (self.size, self.cell):
            return
        self.size, self.cell = size, cell
        message = Resized(self.stream.end, size, cell, self.stream.resizes + 1)
        self.stream.resized(message)
        self.lane.in_order(lambda emulator: self._resize_emulator(emulator, message))
        self.process.resize(size, cell)
        log.info("resized %s offset=%d", size, self.stream.end)
        for follower in tuple(self.followers):
            follower.deliver_resize(message)

    def _resize_emulator(self, emulator: Emulator, message: Resized) -> None:
        emulator.resize(message.size, message.cell)
        self.emulator_resizes = message.number


def encode_input(emulator: Emulator, message: Input) -> bytes:
    """What an input means to the program, by the modes in force now."""
    match message:
        case Key():
            return emulator.encode_key(message)
        case Paste(text=text):
            return emulator.encode_paste(text)
        case Mouse():
            return emulator.encode_mouse(message)
        case Focus(focused=focused):
            return emulator.encode_focus(focused)
        case Text(text=text):
            return text.encode("utf-8", "replace")
