"""A viewer: follows one session with a replica, and sends what the user does.

Key path, 4 of 12. Output path, 10 of 16.

States::

    CONNECTING ──greeted──▶ STARTING? ──attached, snapshot restored──▶ LIVE
        ▲                                                             │ connection lost
        └───────────── host lives, try again ◀──── RECONNECTING ◀─────┘
                                                        │ host gone
                           ENDED (its end is known) ◀───┴───▶ LOST (it is not)
    any ──the host refuses us──▶ FAILED

Input is kept until the host acknowledges it. What is typed before LIVE waits in order; what was not
acknowledged when a connection broke is sent again, and the host drops what it has already.
"""

from __future__ import annotations

import asyncio
from typing import Any

from session_host.client.connection import HostConnection
from session_host.client.sessions.last_screen import later_screen
from session_host.client.sessions.store_access import outcome_of
from session_host.errors import HostUnavailable, OutliveError, ProtocolMismatch
from session_host.protocol.messages import (
    Attach,
    Attached,
    Colors,
    Describe,
    Description,
    Detach,
    Follow,
    GoOn,
    Input,
    InputAck,
    InputRefused,
    NoticeEvent,
    Output,
    Resize,
    Resized,
    SnapshotPart,
    Starting,
    StateEvent,
)
from session_host.protocol.values import CellSize, GridSize, State
from session_host.terminal import default_engine, engine_build
from session_host.terminal.base import DefaultColors, Emulator, EngineName

from .numbered_input import ViewerInput
from .snapshot_receiver import SnapshotReceiver, copy_scroll_position, discard_side_effects
from .state import FINAL_STATES, ViewerDelegate, ViewerState

__all__ = ["Viewer", "ViewerDelegate", "ViewerState"]

RETRY_S = (0.0, 0.05, 0.2, 0.5, 1.0, 2.0)
"""Waits before each try to reconnect; the last one repeats while the host's process lives."""


class Viewer(ViewerInput):
    """Follows one session; reconnects by itself while its host lives.

    Attributes:
        state, message: where it stands, and why.
        emulator: the replica, None until the first snapshot. It may be replaced at any turn of the loop.
        exit_code, exit_signal, end_request: how the program ended, when it did.
        host_version: of the code that the host ran when it was last greeted, "" before.
        refusal: the ``ErrorCode`` with which the host refused to serve it; "" if it did not.
    """

    def __init__(
        self,
        session_id: str,
        delegate: ViewerDelegate,
        *,
        size: GridSize | None = None,
        cell: CellSize | None = None,
        engine: EngineName | None = None,
        read_only: bool = False,
        output: bool = True,
        kind: str = "",
    ) -> None:
        super().__init__(read_only=read_only)
        self.session_id = session_id
        self.state = ViewerState.CONNECTING
        self.message = ""
        self.emulator: Emulator | None = None
        self.exit_code: int | None = None
        self.exit_signal: int | None = None
        self.end_request = ""
        self.host_version = ""
        self.refusal = ""
        self._delegate = delegate
        self._size = size
        self._cell = cell or CellSize()
        self._engine: EngineName = engine or default_engine()
        self._build = engine_build(self._engine)
        self._output = output
        self._kind = kind
        self._colors: DefaultColors | None = None
        self._asked_output = output
        """What Attach asked for; ``follow`` may change that before the host has answered."""
        self._connection: HostConnection | None = None
        self._closing: HostConnection | None = None
        self._sends_inputs = False
        """Not before the host has said which it has: what it has not comes first, or it would pass for seen."""
        self._epoch = ""
        self._offset = -1
        self._resizes = 0
        self._notice = ""
        self._arriving = SnapshotReceiver(self._engine, self._cell)
        self._task: asyncio.Task[None] | None = None
        self._lost = asyncio.Event()

    # ------------------------------------------------------------ life

    def start(self) -> None:
        """Begin to follow; call it once, from a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"viewer {self.session_id}")

    def close(self) -> None:
        """Cease to follow. The agent does not notice."""
        if self._connection is not None:
            if self._attachment:
                self._connection.send_message(Detach(self._attachment))
            self._connection.close()
            self._closing = self._connection
            self._connection = None
        if self._task is not None:
            self._task.cancel()
        if self.emulator is not None:
            self.emulator.close()
            self.emulator = None

    async def closed(self) -> None:
        """After ``close``: wait until its task and its connection are over."""
        if self._task is not None:
            await asyncio.wait([self._task])
        if self._closing is not None:
            await self._closing.wait_closed()

    async def _run(self) -> None:
        tries = 0
        while self.state not in FINAL_STATES:
            await asyncio.sleep(RETRY_S[min(tries, len(RETRY_S) - 1)])
            tries += 1
            try:
                await self._connect()
            except ProtocolMismatch as error:
                self._become(ViewerState.FAILED, str(error))
            except HostUnavailable as error:
                await self._look_after_host(str(error))
            else:
                await self._lost.wait()
                self._connection = None
                if self.state is ViewerState.LIVE:
                    tries = 0
                if self.state not in FINAL_STATES:
                    self._become(ViewerState.RECONNECTING, "")

    async def _connect(self) -> None:
        self._lost.clear()
        connection = await HostConnection.open(self.session_id, "viewer", self._build)
        self._connection = connection
        self.host_version = connection.welcome.version if connection.welcome is not None else ""
        self._arriving.clear()
        self._sends_inputs = False
        self._asked_output = self._output
        connection.set_callbacks(self._message, self._connection_lost)
        connection.send_message(Attach(
            self._size if self._output else None, self._cell, self.read_only, self._output, self._attachment,
            self._epoch, self._offset if self.emulator is not None else -1, self._resizes, self._kind,
        ))  # fmt: skip

    def _connection_lost(self) -> None:
        connection = self._connection
        if connection is not None and connection.refusal is not None and self.state not in FINAL_STATES:
            self.refusal = connection.refusal.code
            self._become(ViewerState.FAILED, connection.refusal.message)
        self._lost.set()

    async def _look_after_host(self, why: str) -> None:
        """The host cannot be reached: has the session ended, is its host gone, or is it just slow?"""
        fate = await asyncio.to_thread(outcome_of, self.session_id)
        if fate.state is State.EXITED:
            if self._output and self.emulator is not None:
                # What was written last, while this was away, is in the screen that the host kept.
                later = await asyncio.to_thread(later_screen, self.session_id, self._engine, self._offset)
                if later is not None:
                    emulator, self._offset = later
                    self._replace(emulator)
            self.exit_code, self.exit_signal = fate.exit_code, fate.exit_signal
            self.end_request = fate.end_request
            self._become(ViewerState.ENDED, "")
        elif fate.state is State.LOST:
            self._become(ViewerState.LOST, fate.message)
        elif self.state is not ViewerState.RECONNECTING:
            self._become(ViewerState.RECONNECTING, why)

    def _become(self, state: ViewerState, message: str) -> None:
        self.state, self.message = state, message
        self._delegate.viewer_state(state, message)

    # ------------------------------------------------------------ what the host says

    def _message(self, message: Any) -> None:
        match message:
            case Output():
                self._apply_output(message)
            case InputAck(sequence=sequence):
                self._outbox.acknowledged(sequence)
            case SnapshotPart():
                self._apply_snapshot_part(message)
            case Resized():
                if self.emulator is not None:
                    self._resize_replica(message)
            case Starting(attachment=attachment):
                self._attached_as(attachment, 0)
                self._become(ViewerState.STARTING, "")
            case Attached():
                self._on_attached(message)
            case InputRefused():
                self._outbox.refused(message)
                self._delegate.viewer_refused(message)
            case StateEvent(state=State.EXITED):
                self.exit_code, self.exit_signal = message.exit_code, message.exit_signal
                self.end_request = message.end_request
                if self.state is not ViewerState.ENDED:
                    self._delegate.viewer_event(message)
                    self._become(ViewerState.ENDED, "")
            case NoticeEvent(text=""):
                self._ask_for_notice()  # That trouble is over; there may be another.
            case Description(notice=text) | NoticeEvent(text=text):
                self._take_notice(text)
            case _:
                self._delegate.viewer_event(message)

    def _attached_as(self, attachment: str, last_sequence: int) -> None:
        if attachment != self._attachment:
            unsure = self._outbox.reset_attachment(attachment)
            self._attachment = attachment
            for refusal in unsure:
                self._delegate.viewer_refused(refusal)
        else:
            self._outbox.acknowledged(last_sequence)
        for message in self._outbox.unacknowledged():
            self._send_message(message)
        self._sends_inputs = True

    def _on_attached(self, message: Attached) -> None:
        if self.state is not ViewerState.STARTING:  # which has sent them already
            self._attached_as(message.attachment, message.last_sequence)
        self._epoch = message.epoch
        if self._output != self._asked_output:
            self._ask_to_follow()
        if self._colors is not None:
            self._send_message(Colors(self._attachment, *self._colors))
        self._ask_for_notice()
        if message.resumed or not self._output:
            self._become(ViewerState.LIVE, "")

    def _ask_for_notice(self) -> None:
        """Events tell of troubles that begin; the description knows of those that were there before."""
        self._send_message(Describe(0))

    def _take_notice(self, text: str) -> None:
        """The delegate hears of what is new: each host says it again."""
        if text != self._notice:
            self._notice = text
            self._delegate.viewer_event(NoticeEvent("session", text))

    def _apply_snapshot_part(self, message: SnapshotPart) -> None:
        self._arriving.add_part(message)
        if not message.last:
            if self.emulator is None and (beginning := self._arriving.build_preview(message, self._build)):
                self._replace(beginning)
            return
        try:
            emulator = self._arriving.build(message, self._build)
        except OutliveError:
            self._build = ""  # Ask for the form that every engine reads.
            if self._connection is not None:
                self._connection.drop()
            return
        self._offset, self._resizes = message.offset, message.resizes
        self._replace(emulator)
        if self.state not in {ViewerState.LIVE, ViewerState.ENDED}:
            self._become(ViewerState.LIVE, "")

    def _replace(self, emulator: Emulator) -> None:
        former, self.emulator = self.emulator, emulator
        discard_side_effects(emulator)
        if former:
            copy_scroll_position(former, emulator)
        self._delegate.viewer_replaced()
        if former:
            former.close()

    def _apply_output(self, message: Output) -> None:
        emulator = self.emulator
        if emulator is None or self._offset < 0:
            return  # A snapshot is on its way, and this is in it.
        if message.offset != self._offset:
            self._offset = -1
            self._send_message(Follow(self._attachment, True))
            return
        self._offset += len(message.data)
        emulator.feed(message.data)
        discard_side_effects(emulator)
        self._delegate.viewer_damaged()

    def _resize_replica(self, message: Resized) -> None:
        assert self.emulator is not None
        if self._offset < 0:
            return  # A snapshot is on its way, and this is in it.
        self._resizes = message.number
        if (message.size, message.cell) != (self.emulator.size, self.emulator.cell):
            self.emulator.resize(message.size, message.cell)
            discard_side_effects(self.emulator)
            self._delegate.viewer_damaged()

    # ------------------------------------------------------------ what the user does

    @property
    def pending(self) -> int:
        """Inputs that the program has not got yet, as far as is known."""
        return len(self._outbox)

    @property
    def size(self) -> GridSize | None:
        """The grid that this viewer shows."""
        return self._size

    @property
    def holding(self) -> bool:
        """Whether an input was refused, so that all further ones are, until ``accept_refusal``."""
        return self._outbox.holding

    def accept_refusal(self) -> None:
        """The user has seen that an input was refused: what comes next is typed again."""
        self._outbox.holding = False
        self._send_message(GoOn(self._attachment))

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """The viewer's grid changed."""
        self._size, self._cell = size, cell
        if self._attachment and self._output:
            self._send_message(Resize(self._attachment, size, cell))

    def set_colors(self, colors: DefaultColors) -> None:
        """The colours that this viewer shows the terminal in; told to the host, which answers queries with them."""
        self._colors = colors
        if self._attachment:
            self._send_message(Colors(self._attachment, *colors))

    def follow(self, output: bool) -> None:
        """Begin or cease to follow output; a hidden tab needs events only."""
        if output == self._output:
            return
        self._output = output
        if self._connection is not None and self._attachment:
            self._ask_to_follow()

    def free_replica(self) -> None:
        """Give the replica's memory back while no output is followed; ``follow`` brings another."""
        if not self._output and self.emulator is not None:
            former, self.emulator, self._offset = self.emulator, None, -1
            self._arriving.clear()
            self._delegate.viewer_replaced()
            former.close()

    def _ask_to_follow(self) -> None:
        offset = self._offset if self.emulator is not None else -1
        self._send_message(Follow(self._attachment, self._output, self._epoch, offset, self._resizes))
        if self._output and self._size is not None:
            self._send_message(Resize(self._attachment, self._size, self._cell))

    def _input(self, message: Input) -> None:
        if self.state in FINAL_STATES:
            text = "the chat has ended" if self.state is ViewerState.ENDED else self.message
            self._delegate.viewer_refused(InputRefused(self._attachment, message.sequence, "ended", text))
            return
        added = self._outbox.append(message)
        if isinstance(added, InputRefused):
            self._delegate.viewer_refused(added)
        elif self._sends_inputs:
            for each in added:
                self._send_message(each)

    def _send_message(self, message: Any) -> None:
        if self._connection is not None:
            self._connection.send_message(message)
