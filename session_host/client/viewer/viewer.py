"""A viewer: follows one session with a replica, and sends the user's input.

Key path, 4 of 14. Output path, 9 of 15.

Drives ``ViewerRules``: owns the connection, the timers and the replica, and calls the delegate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from session_host.client.connection import HostConnection, HostNotResponding
from session_host.client.sessions.last_screen import later_screen
from session_host.client.sessions.store_access import outcome_of
from session_host.errors import HostUnavailable, OutliveError, ProtocolMismatch
from session_host.protocol.messages import (
    Clearing,
    ClearTerminal,
    Continue,
    Input,
    Output,
    SnapshotPart,
    StateEvent,
)
from session_host.protocol.values import CellSize, GridSize, Runtime
from session_host.structured.engine import TranscriptEngine
from session_host.structured.transcript import BUILD as TRANSCRIPT_BUILD
from session_host.structured.transcript import Transcript
from session_host.terminal import default_engine, engine_build
from session_host.terminal.base import DefaultColors, Emulator, EngineName
from session_host.terminal.encode import REPORT_EVENTS

from .closing import ClosableViewer
from .command_times import ReceivedTimes
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
    StartAnswerTimer,
)
from .rules import ViewerRules
from .snapshot_receiver import Replica, SnapshotReceiver, copy_scroll_position, discard_side_effects
from .state import NO_DELEGATE, ViewerDelegate, ViewerState

__all__ = ["Viewer", "ViewerDelegate", "ViewerState"]

LATE_TIMER_S = 0.5
"""If a timer is this late, this process or the machine was stopped."""


class Viewer(ClosableViewer):
    """Follows one session; reconnects by itself while the session's host lives.

    Attributes:
        emulator: the replica, None until the first snapshot. Any turn of the loop may replace it.
        host_version: the code version of the host that greeted last, "" before.
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
        runtime: Runtime = "terminal",
    ) -> None:
        cell = cell or CellSize()
        self._engine: EngineName | None = None if runtime == "structured" else engine or default_engine()
        build = TRANSCRIPT_BUILD if self._engine is None else engine_build(self._engine)
        rules = ViewerRules(size=size, cell=cell, engine_build=build, read_only=read_only, output=output, kind=kind)
        super().__init__(rules, read_only=read_only)
        self.session_id = session_id
        self.emulator: Emulator | None = None
        self.transcript: Transcript | None = None
        self._replica: Replica | None = None
        self._times = ReceivedTimes()
        self.host_version = ""
        self._delegate = delegate
        self._is_performing = False
        self._snapshot = SnapshotReceiver(self._engine, cell)

    # ------------------------------------------------------------ start

    def start(self) -> None:
        """Start following the session; call it once, from a running loop."""
        self._rules.start()
        self._perform()

    def _release_replica(self) -> None:
        self._delegate = NO_DELEGATE
        if self._replica is not None:
            self._replica.close()
            self._use_replica(None)

    # ------------------------------------------------------------ the rules' effects

    def _perform(self) -> None:
        """Carry out the pending effects, and the effects that they add."""
        if self._is_performing:
            return  # New effects run after those that were pending before.
        self._is_performing = True
        try:
            self._perform_all()
        finally:
            self._is_performing = False
        if self.is_closed:
            self._detach_if_delivered()

    def _perform_all(self) -> None:
        while self._effects:
            self._perform_effect(self._effects.pop(0))

    def _perform_effect(self, effect: Effect) -> None:
        match effect:
            case SendMessage(message):
                if self._connection is not None:
                    self._connection.send_message(message)
            case FeedReplica(message):
                self._feed(message)
            case DropConnection():
                if self._connection is not None:
                    self._connection.drop()
            case NotifyState(state, message):
                self._delegate.viewer_state(state, message)
            case NotifyEvent(event):
                self._delegate.viewer_event(event)
            case NotifyRefusal(refusal):
                self._delegate.viewer_refused(refusal)
            case AddSnapshotPart(part):
                self._add_part(part)
            case ResizeReplica(size, cell):
                self._resize_replica(size, cell)
            case FreeReplica():
                self._free_replica()
            case _:
                self._perform_other_effect(effect)

    def _perform_other_effect(self, effect: Effect) -> None:
        match effect:
            case MarkTurn():
                self._mark_turn()
            case StartAnswerTimer(after_s):
                loop = asyncio.get_running_loop()
                due_s = loop.time() + after_s
                self._answer_timer = loop.call_at(due_s, self._on_answer_timer, due_s)
            case Connect(after_s):
                self._start_task(self._connect(after_s))
            case ReadOutcome():
                self._start_task(self._read_outcome())
            case LoadScreen(offset):
                self._start_task(self._load_screen(offset))

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine as the viewer's task. Only one runs at a time; each ends with a request for a connection."""
        self._task = asyncio.get_running_loop().create_task(work, name=f"viewer {self.session_id}")

    # ------------------------------------------------------------ connecting

    async def _connect(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        rules = self._rules
        try:
            connection = await HostConnection.open(self.session_id, "viewer", rules.engine_build)
        except OutliveError as error:
            if isinstance(error, HostUnavailable) and not isinstance(error, ProtocolMismatch):
                rules.connection_failed(str(error), is_hanging=isinstance(error, HostNotResponding))
            else:
                rules.refused(str(error))
        else:
            self._connection = connection
            self.host_version = connection.welcome.version if connection.welcome is not None else ""
            self._snapshot.clear()
            rules.connected()
            self._perform()
            connection.set_callbacks(self._last_message if self.is_closed else self._message, self._connection_lost)
        self._perform()

    def _connection_lost(self) -> None:
        connection, self._connection = self._connection, None
        self._rules.connection_lost(connection.refusal if connection is not None else None)
        self._perform()

    async def _read_outcome(self) -> None:
        outcome = await asyncio.to_thread(outcome_of, self.session_id)
        event = StateEvent(outcome.state, outcome.exit_code, outcome.exit_signal, outcome.end_request)
        self._rules.outcome_read(event, outcome.message)
        self._perform()

    async def _load_screen(self, offset: int) -> None:
        later = await asyncio.to_thread(later_screen, self.session_id, self._engine, offset)
        if later is not None:
            self._replace(later[0])
        self._rules.screen_read(later[1] if later is not None else None)
        self._perform()

    def _on_answer_timer(self, due_s: float) -> None:
        is_late = asyncio.get_running_loop().time() > due_s + LATE_TIMER_S
        self._rules.on_answer_timer(is_late=is_late)
        self._perform()

    # ------------------------------------------------------------ messages of the host

    def _message(self, message: Any) -> None:
        if not self._times.receive(message, self.emulator):
            self._rules.receive_message(message)
        self._perform()

    def _feed(self, message: Output) -> None:
        """Feed output, in which turns of the agent may have begun."""
        if (replica := self._replica) is None:
            return
        fed = 0
        for offset in self._rules.turns.take(message.offset + len(message.data)):
            begin = min(max(offset - message.offset, fed), len(message.data))
            replica.feed(message.data[fed:begin])
            self._mark_turn()
            fed = begin
        replica.feed(message.data[fed:])
        discard_side_effects(replica)
        self._delegate.viewer_damaged()

    def _mark_turn(self) -> None:
        if self.emulator is not None:
            self.emulator.mark_turn()

    def _add_part(self, part: SnapshotPart) -> None:
        self._snapshot.add_part(part)
        if not part.last:
            return
        try:
            replica = self._snapshot.build(part, self._rules.engine_build)
        except OutliveError:
            self._rules.snapshot_unreadable()
        else:
            self._rules.snapshot_restored(part)
            self._replace(replica)

    def _use_replica(self, replica: Replica | None) -> None:
        self._replica = replica
        self.emulator = None if isinstance(replica, TranscriptEngine) else replica
        self.transcript = replica.transcript if isinstance(replica, TranscriptEngine) else None
        self._times.copy_to(self.emulator)

    def _replace(self, replica: Replica) -> None:
        previous = self._replica
        self._use_replica(replica)
        discard_side_effects(replica)
        if previous is not None:
            copy_scroll_position(previous, replica)
        self._delegate.viewer_replaced()
        if previous is not None:
            previous.close()

    def _resize_replica(self, size: GridSize, cell: CellSize) -> None:
        emulator = self.emulator
        if emulator is not None and (size, cell) != (emulator.size, emulator.cell):
            emulator.resize(size, cell)
            discard_side_effects(emulator)
            self._delegate.viewer_damaged()

    def _free_replica(self) -> None:
        previous = self._replica
        self._use_replica(None)
        self._snapshot.clear()
        self._delegate.viewer_replaced()
        if previous is not None:
            previous.close()

    # ------------------------------------------------------------ the user's input

    def _input(self, message: Input) -> None:
        self._rules.receive_input(message)
        self._perform()

    def _wants_releases(self) -> bool:
        emulator = self.emulator
        return emulator is None or bool(emulator.modes.kitty_keyboard & REPORT_EVENTS)

    def accept_refusal(self) -> None:
        """The user has seen that an input was refused: accept input again."""
        self._rules.accept_refusal()
        self._perform()

    def expect_answer(self) -> None:
        """The user sent a request on another connection: show it if the host does not answer."""
        self._rules.expect_answer()
        self._perform()

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """The viewer's grid changed."""
        self._rules.resize(size, cell)
        self._perform()

    def set_colors(self, colors: DefaultColors) -> None:
        """The colours of this viewer's terminal changed; the host answers colour queries with them."""
        self._rules.set_colors(colors)
        self._perform()

    def clear_terminal(self, what: Clearing) -> bool:
        """Ask the host to clear the terminal, for all viewers; False if no host is there."""
        connection = self._connection
        if connection is None:
            return False
        connection.send_message(ClearTerminal(self._rules.attachment, what))
        return True

    def continue_program(self) -> bool:
        """Ask the host to continue the suspended program; False if no host is there."""
        connection = self._connection
        if connection is None:
            return False
        connection.send_message(Continue(self._rules.attachment))
        return True

    def follow(self, output: bool) -> None:
        """Start or stop following output; a hidden tab needs only events."""
        self._rules.follow(output)
        self._perform()

    def free_replica(self) -> None:
        """Free the replica's memory if the viewer does not follow output; ``follow`` fetches another."""
        self._rules.free_replica()
        self._perform()
