"""The session: one program, its terminal, and whoever looks on. Key path, 9 of 11. Output path, 4 of 15.

States of the process, and what moves them::

    STARTING ──exec succeeded──▶ RUNNING ──child ended, output drained──▶ EXITED
        └──────exec failed──────▶ (no session: the launch is refused)

The emulator here is the authority: it alone answers the program. Viewers hold replicas. A viewer is
never waited for: each is handed what there is, and catches up by itself (see ``host.clients.connection``).

What must outlive this process is in the estate before it is acted on: output in the stream's file, what
users did and the emulator answered in the ledger. A session object is made of what its predecessor left
(``recover``), the first one of nothing.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from session_host.host.program.emulator_worker import EmulatorWorker
from session_host.host.program.journal_writer import JournalWriter
from session_host.host.program.pty_io import PtyIO
from session_host.host.watchers.agent_watch import AgentWatch
from session_host.host.watchers.conversation import ConversationTracker
from session_host.protocol.codec import encode
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.messages import (
    EARLY_INPUT_BYTES,
    PENDING_INPUT_BYTES,
    Colors,
    ErrorCode,
    Event,
    Focus,
    Input,
    Key,
    NameEvent,
    Output,
    Paste,
    StateEvent,
)
from session_host.protocol.values import CellSize, GridSize, State
from session_host.session.attachments import Attachment
from session_host.session.output_ring import OutputRing
from session_host.session.subscription import Audience
from session_host.session.viewers import Viewers
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import KEPT_REQUESTS, ConversationState
from session_host.storage.descriptors.output_file import OutputFile
from session_host.system.processes.pty_process import PtyProcess
from session_host.terminal.base import Emulator, TerminalEvent, TitleChanged

from .events import of_terminal
from .follower import SessionObserver
from .input_encoding import encode_input, is_looking, is_use
from .performer import Performer
from .recover import RecoveredSession, default_colors

log = logging.getLogger(__name__)

_EXITED, _INPUT = State.EXITED, EntryKind.INPUT  # An enum's member is dear to look up, and each key asks for these.

Spawner = Callable[[], Awaitable[PtyProcess]]
"""Starts the program; raises LaunchFailed."""


class Session:
    """One session.

    Attributes:
        spec: what was started.
        state, exit_code, exit_signal: the process; of the two latter one is set once it has ended.
        name: what the user calls it; ``title`` is what the program calls itself.
        viewers: who is attached, and what follows from that; who calls it calls ``performer.perform`` then.
        sizing: a part of that.
        lane: the emulator, the authority on the screen; used in turn.
        emulator_resizes: how many resizes the emulator has been through; the stream may be ahead of it.
        stream, ring: the output, and what of it is sent again; ``audience``: who gets it.
        followers: the clients that have attached.
        conversation: which one of its own the agent is in; ``conversation_learnt`` is set with each change of that.
        ended: set once the program has ended and its last output is in.
        recorded: set once that is written down, so that whoever asked for the end finds it there.
        ledger, recording: what outlives this process, in memory and on disk.
        notice: one line for the user about what is not as it should be; "" if all is.
        look: called after each use of the emulator; see ``host.recovery.checkpoints``.

    There are less than thirty: with more, CPython finds each of them more slowly, and a key asks for many.
    """

    def __init__(
        self,
        spec: LaunchSpec,
        recovered: RecoveredSession,
        ledger: InputLog,
        output: OutputFile,
        recording: JournalWriter,
        *,
        now: Callable[[], str],
    ) -> None:
        memory = recovered.memory
        self.spec = spec
        self.name = memory.name or spec.name
        self.title = recovered.emulator.title
        self.ledger, self.due = ledger, ledger.due
        self.recording = recording
        self.output_ring = output
        self.ring = OutputRing(output.start, output.end, memory.resizes)
        self.audience = Audience()
        self.emulator_resizes = recovered.resizes
        self.worker = EmulatorWorker(
            recovered.emulator, self._after_emulator, self._lane_drained, fed=recovered.fed, page=ledger.page
        )
        self.performer = Performer(self)
        self.viewers = Viewers(self.performer.effects, memory, spec.size, lambda: uuid.uuid4().hex)
        self.sizing = self.viewers.sizing
        self.colors = memory.colors
        self.requests = list(memory.requests)
        self.observers: set[SessionObserver] = set()
        self.conversation = ConversationTracker(
            spec.conversation, spec.watch, memory.conversation, self._conversation_learnt
        )
        self.conversation_learnt = asyncio.Event()
        self.watch = AgentWatch(
            spec, memory.activity, ledger, self.worker, self.conversation,
            tell=self.broadcast, now=now, output_at_s=output.written_at_s,
        )  # fmt: skip
        self.state = State.STARTING
        self.exit_code: int | None = None
        self.exit_signal: int | None = None
        self.ended = asyncio.Event()
        self.exit_saved = asyncio.Event()
        self.process: PtyProcess | None = None
        self.notice = recovered.notice
        self.on_emulator_used: Callable[[], None] = lambda: None
        self._pump: PtyIO | None = None
        self._answer(recovered.replies)
        self._terminal_events(recovered.events)

    # ------------------------------------------------------------ start and end

    async def start(self, spawner: Spawner) -> None:
        """Start the program.

        Raises:
            LaunchFailed: it could not be; the session never ran.
        """
        process = await spawner()
        self.ledger.append(EntryKind.RUNNING, number=process.started or 0)
        self.attach_process(process)

    def attach_process(self, process: PtyProcess) -> None:
        """The program runs, maybe since long: read, write and watch it."""
        self.process = process
        self.state = State.RUNNING
        self.conversation.runs_in(process.pid)
        self.watch.runs_in(process)
        self._pump = PtyIO(process, self.output_ring, self.ledger.page, self)
        self._pump.start()
        log.info("running pid=%d size=%s offset=%d", process.pid, self.size, self.output_ring.end)
        if self.ring.resizes:
            process.resize(self.size, self.cell)  # It may have been written down and not been done.
        self.sizing.program_runs()
        self.performer.perform()
        for follower in tuple(self.observers):
            follower.deliver_started()
        self.flush_input()
        self.viewers.focus.viewers_changed()
        self.performer.perform()  # Also what came of telling the followers.

    def child_ended(self) -> None:
        """The keeper's word that the program's status is in the ledger."""
        if self._pump is not None:
            self._pump.on_exit_status()

    def program_ended(self, exit_code: int | None, exit_signal: int | None) -> None:
        """The pump's word that the child was reaped and its last output is read."""
        self.worker.run_after_output(lambda _: self._over(exit_code, exit_signal))

    def _over(self, exit_code: int | None, exit_signal: int | None) -> None:
        self.state, self.exit_code, self.exit_signal = State.EXITED, exit_code, exit_signal
        dropped = self.ledger.drop_pending()
        log.info(
            "ended code=%s signal=%s offset=%d unread_input=%d", exit_code, exit_signal, self.output_ring.end, dropped
        )
        try:
            self.viewers.program_ended()
            self.performer.perform()
            self.conversation.close()
            self.watch.ended()
            self.broadcast(StateEvent(self.state, exit_code, exit_signal, self.ledger.page.end_request))
        finally:
            self.ended.set()

    @property
    def is_quiet(self) -> bool:
        """Whether the program has all input, and its output is interpreted."""
        return self._pump is not None and self._pump.is_quiet and self.worker.is_quiet and not self.due.bytes

    def signal(self, number: int) -> None:
        """Signal the program, if it still runs."""
        if self.process is not None and self._pump is not None and not self._pump.reaped:
            self.process.signal(number)

    def close(self) -> None:
        """Let go of the PTY and the engine."""
        self.watch.close()
        self.performer.close()
        if self._pump is not None:
            self._pump.close()
        self.worker.close()

    # ------------------------------------------------------------ output

    def on_output(self, data: bytes) -> bool:
        """The program wrote ``data``, which is in the stream; returns whether to read on at once."""
        audience = self.audience
        self.ring.end = end = self.output_ring.end
        if audience.current:
            frame = encode(Output(end - len(data), data))
            for client in audience.current:
                client.send_frame(frame)
        if audience.listeners:
            for listener in audience.listeners:
                listener.output(end)
            self.performer.perform()
        return self.worker.feed_output(data)

    def _lane_drained(self) -> None:
        if self._pump is not None:
            self._pump.resume_reading()

    def _after_emulator(self, emulator: Emulator) -> None:
        """What the emulator has to say goes out: replies to the program, events to the viewers."""
        self._answer(emulator.take_replies())
        self._terminal_events(emulator.take_events())
        if self.viewers.focus.is_unseen:
            self.viewers.focus.emulator_used(emulator)
            self.performer.perform()
        self.watch.output_seen()
        # The journal follows the emulator, so that a checkpoint never lies behind its end.
        self.recording.add_output(self.worker.interpreted_to)
        self.on_emulator_used()

    def _answer(self, replies: bytes) -> None:
        """Give the program the emulator's replies to all of its output so far: the only ones there are."""
        if replies and self.state is not State.EXITED:
            # No bound may drop them.
            resizes = self.emulator_resizes.to_bytes(16, "little")
            self.ledger.append(EntryKind.REPLY, replies, resizes, self.worker.interpreted_to)
            self.flush_input()

    def _terminal_events(self, events: list[TerminalEvent]) -> None:
        for event in events:
            if isinstance(event, TitleChanged):
                self.title = event.title
            if (message := of_terminal(event)) is not None:
                self.broadcast(message)
            if isinstance(event, TitleChanged):
                self.conversation.title_changed()
        if events:
            self.watch.on_terminal_events(events)

    def _conversation_learnt(self, memory: ConversationState) -> None:
        self.ledger.append(EntryKind.CONVERSATION, msgspec.msgpack.encode(memory))
        self.conversation_learnt.set()

    def broadcast(self, event: Event) -> None:
        """Send an event to all followers."""
        for follower in tuple(self.observers):
            follower.deliver_event(event)

    # ------------------------------------------------------------ input

    def accept_input(self, attachment: Attachment, message: Input) -> None:
        """Take one input of a viewer: exactly once, in order, never dropped in silence."""
        if message.sequence <= attachment.last_sequence:
            return  # Sent again after a reconnect; it was taken before, and its ack is on its way or was lost.
        attachment.last_sequence = message.sequence
        if attachment.read_only or attachment.holds or type(message) is Paste:
            if (admitted := attachment.admit(message)) is None:
                return
            message = admitted
        emulator = self.worker.idle
        if emulator is None:
            self.worker.run_next(partial(self._queue_soon, attachment, message))
        elif type(message) is Key:
            encode_key = emulator.encode_key
            self._queue(attachment, message, encode_key(message))
        else:
            self._queue(attachment, message, encode_input(emulator, message))
        # The program is awake by now: what follows is not on the key's way.
        if attachment is not self.sizing.in_use and is_use(message):
            self.sizing.used(attachment)
            self.performer.perform()
        if not is_looking(message):
            self.watch.input_given()
        elif isinstance(message, Focus):
            self.viewers.focus.viewer_said(attachment, focused=message.focused)
            self.performer.perform()

    def _queue_soon(self, attachment: Attachment, message: Input, emulator: Emulator) -> None:
        self._queue(attachment, message, encode_input(emulator, message))

    def _queue(self, attachment: Attachment, message: Input, data: bytes) -> None:
        if self.state is _EXITED:
            attachment.refuse(message.sequence, ErrorCode.ENDED, "the chat has ended")
        elif self.due.bytes + len(data) > EARLY_INPUT_BYTES and not self._has_room(len(data)):
            attachment.refuse(message.sequence, ErrorCode.INPUT_FULL, "the program is not reading its input", hold=True)
        elif not data:
            attachment.acknowledge(message.sequence)  # It means nothing to this program.
        else:
            pump = self._pump
            if pump is None or pump.reaped:
                self.ledger.append(_INPUT, data, attachment.key, message.sequence)
            elif self.ledger.append_and_send(_INPUT, data, attachment.key, message.sequence):
                attachment.acknowledge(message.sequence)
                if pump.writing:
                    pump.watch_writable(False)
                    self._acknowledge_taken()
            else:
                pump.watch_writable(True)
                self._acknowledge_taken()
        attachment.accepted = message.sequence

    def _has_room(self, length: int) -> bool:
        """Whether so many more bytes may wait for the program."""
        return self.due.has_room(length, EARLY_INPUT_BYTES if self.state is State.STARTING else PENDING_INPUT_BYTES)

    def type_bytes(self, data: bytes, request: str) -> bool:
        """Type what this host has encoded itself, once for each request; False when there is no room."""
        if request in self.requests:
            return True  # Asked again, since the answer was lost.
        if not self._has_room(len(data)):
            return False
        self.ledger.append(EntryKind.TYPED, data, bytes.fromhex(request))
        self.requests = [*self.requests, request][-KEPT_REQUESTS:]
        self.watch.input_given()
        self.flush_input()
        return True

    def rename(self, name: str) -> None:
        """The user calls it something else."""
        self.ledger.append(EntryKind.NAME, name.encode())
        self.name = name
        self.broadcast(NameEvent(name))

    def flush_input(self) -> None:
        """Give the program what is due, as far as it takes it."""
        pump = self._pump
        if pump is not None and not pump.reaped:
            if self.ledger.send_pending() is pump.writing:
                pump.watch_writable(not pump.writing)
            self._acknowledge_taken()

    def _acknowledge_taken(self) -> None:
        """Tell viewers of inputs that had to wait, and that the program has now."""
        for who, number in self.due.take_taken():
            self.viewers.attachments.written(who, number)

    # ------------------------------------------------------------ size and colours

    def set_colors(self, colors: Colors) -> None:
        """What the program's queries for colours are answered with from now on: the last viewer that told."""
        self.ledger.append(EntryKind.COLORS, msgspec.msgpack.encode(colors))
        self.colors = colors
        self.worker.run_next(lambda emulator: emulator.set_default_colors(default_colors(colors)))

    @property
    def epoch(self) -> str:
        """The name of the life of the output's offsets."""
        return self.spec.session_id

    @property
    def size(self) -> GridSize:
        """The grid's size as of the end of the stream."""
        return self.sizing.size

    @property
    def cell(self) -> CellSize:
        """The cells' size as of the end of the stream."""
        return self.sizing.cell
