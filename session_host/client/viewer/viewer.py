"""A viewer: follows one session with a replica, and sends the user's input.

Key path, 4 of 16. Output path, 9 of 15. Answer path, 3 of 15.

Drives ``ViewerRules``: owns the connection, the timers and the replica, and calls the delegate.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from session_host.client.connection import HostConnection, HostNotResponding
from session_host.client.machine import THIS_MACHINE, Machine
from session_host.client.sessions.store_access import outcome_of
from session_host.errors import HostUnavailable, OutliveError, ProtocolMismatch, Unreachable
from session_host.protocol.facts import Outcome
from session_host.protocol.messages import (
    ChatInput,
    Clearing,
    ClearTerminal,
    CommandEvent,
    Continue,
    Focus,
    Input,
    Key,
    Mouse,
    Output,
    Paste,
    SnapshotPart,
    Text,
)
from session_host.protocol.packing import MAX_SNAPSHOT_BYTES, unpacked
from session_host.protocol.untrusted_text import as_message
from session_host.protocol.values import (
    CellSize,
    CommandTime,
    GridSize,
    KeyAction,
    MouseAction,
    MouseButton,
    Runtime,
    SnapshotKind,
)
from session_host.structured.engine import TranscriptEngine
from session_host.structured.transcript import BUILD as TRANSCRIPT_BUILD
from session_host.structured.transcript import Transcript
from session_host.system.event_loop import Timer
from session_host.terminal import default_engine, engine_build, from_replay, restore
from session_host.terminal.base import DefaultColors, Emulator, EngineName, Frame
from session_host.terminal.commands import MAX_COMMANDS
from session_host.terminal.encode import REPORT_EVENTS
from session_host.terminal.rows import Row
from session_host.terminal.scroll_position import go_to, position_in

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
    WaitReachable,
)
from .rules import ViewerRules, Wants
from .state import FINAL_STATES, NO_DELEGATE, ViewerDelegate, ViewerState

if TYPE_CHECKING:
    from .prediction import Predictions, Screen

__all__ = ["Viewer", "ViewerDelegate", "ViewerState"]

DELIVERY_TIMEOUT_S = 2.0
"""How long a closed viewer waits for the host to acknowledge the user's input."""

REATTACH_AFTER_S = 0.3
"""After this time the viewer attaches again. A host acknowledges input when the program has read it; when a viewer
attaches, it also acknowledges input that it has recorded for a program that does not read.
"""

LATE_TIMER_S = 0.5
"""If a timer is this late, this process or the machine was stopped."""


class Viewer:
    """Follows one session; reconnects by itself while the session's host lives.

    Attributes:
        emulator: the shown replica, None until the first snapshot. Any turn of the loop may replace it.
        host_version: the code version of the host that greeted last, "" before.
        read_only: the viewer shows the session and takes no input.
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
        machine: Machine = THIS_MACHINE,
        keeps_typing: Callable[[], bool] = lambda: True,
    ) -> None:
        """``keeps_typing`` returns whether to keep what is typed while the machine cannot be reached."""
        cell = cell or CellSize()
        self._machine = machine
        self._engine: EngineName | None = None if runtime == "structured" else engine or default_engine()
        self._terms = machine.terms
        build = TRANSCRIPT_BUILD if self._engine is None else engine_build(self._engine)
        if self._engine is not None and not machine.terms.own_form:
            build = ""  # The engine's own form can hold anything, so another machine sends escape sequences.
        wants = Wants(
            size=size,
            cell=cell,
            engine_build=build,
            read_only=read_only,
            output=output,
            kind=kind,
            keeps_typing=keeps_typing,
            is_far=machine.terms.is_far,
        )
        rules = ViewerRules(wants)
        self._rules, self._effects = rules, rules.effects
        self.session_id, self.read_only = session_id, read_only
        self.emulator: Emulator | None = None
        self.transcript: Transcript | None = None
        self._replica: Replica | None = None
        self._times: deque[CommandTime] = deque(maxlen=MAX_COMMANDS)
        self.host_version = ""
        self._delegate = delegate
        self._is_performing = False
        self._snapshot = _SnapshotReceiver(self._engine, cell, machine.terms.max_lines)
        self._building: asyncio.Task[None] | None = None
        self._connect_again_s = 0.0
        self._connection: HostConnection | None = None
        self._last_connection: HostConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._answer_timer, self._delivery_timer, self._reattach_timer = Timer(), Timer(), Timer()
        self._predictions: Predictions | None = None
        if self._terms.is_far and self._engine is not None:
            from .prediction import Predictions  # most users have no other machines

            self._predictions = Predictions()
        self._shown: Screen | None = None  # Without the predictions.
        self._shown_rows: dict[int, Row] = {}
        self._predicted_row = -1
        self._prediction_timer = Timer()
        self.is_closed = False
        self._detached = asyncio.Event()
        self._refused_characters = 0  # Since ``close``.

    # ------------------------------------------------------------ facts

    @property
    def state(self) -> ViewerState:
        """The viewer's state."""
        return self._rules.line.shown

    @property
    def message(self) -> str:
        """The reason for the viewer's state."""
        return self._rules.line.message

    @property
    def outcome(self) -> Outcome:
        """How the program ended, once it has."""
        return self._rules.line.now.end

    @property
    def refusal(self) -> str:
        """The ``ErrorCode`` of the host's refusal to serve the viewer; "" for no refusal."""
        return self._rules.line.now.refusal

    @property
    def size(self) -> GridSize | None:
        """The viewer's grid."""
        return self._rules.wants.size

    @property
    def pending(self) -> int:
        """How many inputs the program has not received yet, as far as is known."""
        return len(self._rules.inputs)

    @property
    def kept_characters(self) -> int:
        """How many characters of the user's input the host does not have, as far as is known."""
        return self._rules.inputs.characters()

    @property
    def takes_mouse(self) -> bool:
        """Whether the mouse can be passed on; False while the machine cannot be reached."""
        return self.state is not ViewerState.UNREACHABLE

    @property
    def asks_to_send(self) -> bool:
        """Whether the kept input waits for ``send_kept`` or ``discard_kept``, since the program asks something new."""
        return self._rules.gate.asks_to_send

    @property
    def is_holding(self) -> bool:
        """Whether an input was refused; all further ones are refused until ``accept_refusal``."""
        return self._rules.inputs.is_holding

    # ------------------------------------------------------------ the rules' effects

    def start(self) -> None:
        """Start following the session; call it once, from a running loop."""
        self._watch_line()
        self._rules.line.connect()
        self._perform()

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

    def _perform_effect(self, effect: Effect) -> None:  # noqa: C901 - one case for each effect
        match effect:
            case SendMessage(message):
                if self._connection is not None:
                    self._connection.send_message(message)
            case FeedReplica(message):
                self._feed(message)
            case DropConnection():
                self._drop_connection()
            case NotifyState(state, message):
                self._notify_state(state, message)
            case NotifyEvent(event):
                self._delegate.viewer_event(event)
            case NotifyRefusal(refusal):
                self._drop_predictions()
                self._delegate.viewer_refused(refusal)
            case AddSnapshotPart(part):
                self._add_part(part)
            case ResizeReplica(size, cell):
                self._resize_replica(size, cell)
            case FreeReplica():
                self._free_replica()
            case MarkTurn():
                self._mark_turn()
            case StartAnswerTimer(after_s):
                due_s = asyncio.get_running_loop().time() + after_s
                self._answer_timer.set(after_s, lambda: self._on_answer_timer(due_s))
            case Connect(after_s):
                self._start_task(self._connect(after_s))
            case WaitReachable():
                self._start_task(self._wait_reachable())
            case ReadOutcome():
                self._start_task(self._read_outcome())
            case LoadScreen(offset):
                self._start_task(self._load_screen(offset))

    def _notify_state(self, state: ViewerState, message: str) -> None:
        if state in FINAL_STATES:
            self._show_newest()
            self._watch_line()
        self._delegate.viewer_state(state, message)

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine as the viewer's task. Only one runs at a time; each ends with a request for a connection."""
        self._task = asyncio.get_running_loop().create_task(work, name=f"viewer {self.session_id}")

    # ------------------------------------------------------------ connecting

    async def _connect(self, after_s: float) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(after_s, self._connect_again_s - loop.time()))
        self._connect_again_s = loop.time() + self._terms.connect_interval_s
        rules = self._rules
        try:
            connection = await self._machine.connect(self.session_id, "viewer", rules.wants.engine_build)
        except Unreachable as error:
            rules.line.unreachable(str(error))
        except OutliveError as error:
            if isinstance(error, HostUnavailable) and not isinstance(error, ProtocolMismatch):
                rules.line.failed(str(error), is_hanging=isinstance(error, HostNotResponding))
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

    async def _wait_reachable(self) -> None:
        await self._machine.wait_reachable()
        self._rules.line.connect()
        self._perform()

    async def _read_outcome(self) -> None:
        try:
            outcome = await self._machine.call(outcome_of, self.session_id)
        except OutliveError as error:  # Only of another machine: it could not be reached, or it lies.
            self._rules.line.unreachable(str(error))
            self._perform()
            return
        self._rules.outcome_read(outcome, as_message(outcome.error))
        self._perform()

    async def _load_screen(self, offset: int) -> None:
        from session_host.client.sessions.last_screen import later_saved_screen, restored  # few chats need it

        try:
            saved = await self._machine.call(later_saved_screen, self.session_id, offset)
            replica = (
                await asyncio.to_thread(restored, saved, self._engine, own_form=self._terms.own_form)
                if saved is not None
                else None
            )
        except OutliveError:
            saved = replica = None
        if saved is not None and replica is not None:
            self._replace(replica)
        self._rules.screen_read(saved.offset if saved is not None else None)
        self._perform()

    def _watch_line(self) -> None:
        """Have the line to another machine watched closely while the user reads."""
        is_read = self._rules.is_shown and not self.is_closed
        (self._machine.add_reader if is_read else self._machine.remove_reader)(self._on_line_silent)

    def _on_line_silent(self, is_silent: bool) -> None:
        self._rules.line_silent(is_silent)
        self._perform()

    def _on_answer_timer(self, due_s: float) -> None:
        is_late = asyncio.get_running_loop().time() > due_s + LATE_TIMER_S
        self._rules.on_answer_timer(is_late=is_late)
        self._perform()

    # ------------------------------------------------------------ messages of the host

    def _message(self, message: Any) -> None:
        if type(message) is not CommandEvent:
            self._rules.receive_message(message)
            self._perform()
            self._note_acknowledged()
            return
        # They may come before the output that they are about, or before the replica.
        self._times += message.times
        if self._terminal is not None:
            self._terminal.commands.set_times(message.times)

    def _feed(self, message: Output) -> None:
        """Feed output, in which turns of the agent may have begun."""
        if (replica := self._replica) is None:
            return
        fed = 0
        for offset in self._rules.progress.take_turns(message.offset + len(message.data)):
            begin = min(max(offset - message.offset, fed), len(message.data))
            replica.feed(message.data[fed:begin])
            self._mark_turn()
            fed = begin
        replica.feed(message.data[fed:])
        _discard_side_effects(self._terminal)
        self._delegate.viewer_damaged()

    def _mark_turn(self) -> None:
        if self._terminal is not None:
            self._terminal.mark_turn()

    def _add_part(self, part: SnapshotPart) -> None:
        try:
            self._snapshot.add_part(part)
            if not part.last:
                return
            build = partial(self._snapshot.build, self._snapshot.take(), part, self._rules.wants.engine_build)
            if self._terms.is_far and self._connection is not None:
                self._connection.hold(True)
                self._building = asyncio.get_running_loop().create_task(self._build(self._connection, part, build))
                return
            replica = build()
        except OutliveError:
            self._rules.snapshot_unreadable()
        else:
            self._use_snapshot(part, replica)

    async def _build(self, connection: HostConnection, part: SnapshotPart, build: Callable[[], Replica]) -> None:
        """Build the replica in a thread, since another machine may send what takes long, and go on after that."""
        replica: Replica | None = None
        try:
            with contextlib.suppress(OutliveError):
                replica = await asyncio.to_thread(build)
            if connection is not self._connection or self.is_closed:
                if replica is not None:
                    replica.close()
                return
            if replica is None:
                self._rules.snapshot_unreadable()
            else:
                self._use_snapshot(part, replica)
            self._perform()
        finally:
            connection.hold(False)

    def _use_snapshot(self, part: SnapshotPart, replica: Replica) -> None:
        had_history = self._rules.progress.now.has_history
        self._rules.snapshot_restored(part)
        self._replace(replica, had_history=had_history, has_history=self._rules.progress.now.has_history)

    @property
    def _terminal(self) -> Emulator | None:
        """The replica that is fed; ``emulator`` is another one while the user reads in the history of that."""
        return None if isinstance(self._replica, TranscriptEngine) else self._replica

    def _use_replica(self, replica: Replica | None, *, shown: Emulator | None = None) -> None:
        """Feed a replica, and show it, or ``shown`` until ``_show_newest``; free the previous ones."""
        previous = {id(each): each for each in (self._replica, self.emulator) if each is not None}
        self._replica = replica
        self.emulator = shown or self._terminal
        self.transcript = replica.transcript if isinstance(replica, TranscriptEngine) else None
        if self._terminal is not None:
            self._terminal.commands.set_times(self._times)
            _discard_side_effects(self._terminal)
        if shown is None:
            self._delegate.viewer_replaced()
        for each in previous.values():
            if each is not replica and each is not shown:
                each.close()

    def _replace(self, replica: Replica, *, had_history: bool = True, has_history: bool = True) -> None:
        """Use another replica; one without history is not shown to a user who reads in the history."""
        if had_history:  # Else the screen goes on, and gets its history.
            self._drop_predictions()
        previous, shown = self._replica, self.emulator
        if not has_history and isinstance(replica, TranscriptEngine) and isinstance(previous, TranscriptEngine):
            replica.transcript.add_older(previous.transcript)
        if shown is None or (position := position_in(shown.frame(), shown)) is None:
            self._use_replica(replica)
            return
        shown.damage_all()
        if has_history and not isinstance(replica, TranscriptEngine):
            if not go_to(replica, position):
                replica.scroll(min(position.row - replica.scrollback_rows, 0))
            self._use_replica(replica)
        else:
            self._use_replica(replica, shown=shown)

    def _show_newest(self) -> None:
        """The user does not read in an earlier replica any more."""
        if self.emulator is not self._terminal:
            self._use_replica(self._replica)

    def _resize_replica(self, size: GridSize, cell: CellSize) -> None:
        emulator = self._terminal
        if emulator is not None and (size, cell) != (emulator.size, emulator.cell):
            emulator.resize(size, cell)
            _discard_side_effects(emulator)
            self._delegate.viewer_damaged()

    def _free_replica(self) -> None:
        self._drop_predictions()
        self._snapshot.clear()
        self._use_replica(None)

    # ------------------------------------------------------------ predictions

    def frame(self) -> Frame:
        """The changes to paint, with what the user typed on a distant machine predicted; only with a replica."""
        assert self.emulator is not None
        frame = self.emulator.frame()
        if not frame.scroll_offset and self.emulator is not self._terminal:
            asyncio.get_running_loop().call_soon(self._show_newest)
        if self._predictions is None:
            return frame
        from .prediction import Screen

        rows = self._shown_rows
        if frame.full:
            rows.clear()
        rows.update(frame.rows)
        self._shown = screen = None
        if not frame.scroll_offset and frame.cursor is not None:
            self._shown = screen = Screen(frame.size, frame.cursor, rows)
        changed = dict(frame.rows)
        if self._predicted_row in rows:
            changed.setdefault(self._predicted_row, rows[self._predicted_row])
        self._predicted_row = -1
        if screen is None or not self._predictions.is_pending:
            return frame._replace(rows=changed)
        now_s = asyncio.get_running_loop().time()
        overlay = self._predictions.overlay(screen, now_s)
        self._judge_when_due(now_s)
        cursor = screen.cursor
        if overlay is not None and overlay.row in rows:
            self._predicted_row = overlay.row
            changed[overlay.row] = overlay.over(rows[overlay.row])
            if overlay.cursor is not None:
                cursor = cursor._replace(row=overlay.row, column=overlay.cursor)
        return frame._replace(rows=changed, cursor=cursor)

    def _note_acknowledged(self) -> None:
        if self._predictions is not None:
            now_s = asyncio.get_running_loop().time()
            self._predictions.acknowledged(self._rules.inputs.oldest_sequence - 1, now_s)
            self._judge_when_due(now_s)

    def _judge_when_due(self, now_s: float) -> None:
        """Have the predictions painted again once the program has had the time to answer."""
        if self._predictions is not None and (due_s := self._predictions.due_s) is not None:
            self._prediction_timer.set(max(due_s - now_s, 0.001), self._predictions_due)

    def _predictions_due(self) -> None:
        self._delegate.viewer_damaged()

    def _drop_predictions(self) -> None:
        if self._predictions is not None:
            self._predictions.drop()
            self._shown = None

    # ------------------------------------------------------------ the user's input

    @property
    def _next(self) -> tuple[str, int]:
        """The attachment and the number of the next input."""
        return self._rules.inputs.attachment, self._rules.inputs.next_sequence

    def _input(self, message: Input) -> None:
        predictions = self._predictions
        if predictions is not None:
            predictions.typed(message, self._shown, asyncio.get_running_loop().time())
        self._rules.receive_input(message)
        self._perform()
        if predictions is not None and predictions.is_pending:
            self._delegate.viewer_damaged()

    def _wants_releases(self) -> bool:
        """Whether the program asked for key releases, according to the replica."""
        emulator = self._terminal
        return emulator is None or bool(emulator.modes.kitty_keyboard & REPORT_EVENTS)

    def key(
        self,
        key: str,
        text: str = "",
        modifiers: int = 0,
        action: KeyAction = KeyAction.PRESS,
        *,
        may_detach: bool = False,
    ) -> None:
        """The user pressed, repeated or released a key; see ``messages.Key``.

        A release is sent only to a program that asked for releases: of any other, the host would drop it.
        """
        if action is KeyAction.RELEASE and not self._wants_releases():
            return
        self._input(Key(*self._next, key, text, int(modifiers), action, may_detach))

    def text(self, text: str) -> None:
        """The user committed composed text."""
        self._input(Text(*self._next, text))

    def paste(self, text: str) -> None:
        """The user pasted text."""
        self._input(Paste(*self._next, text))

    def mouse(self, action: MouseAction, button: MouseButton, column: int, row: int, modifiers: int = 0) -> None:
        """The user moved, clicked or scrolled the mouse at a cell."""
        self._input(Mouse(*self._next, action, button, column, row, int(modifiers)))

    def send(self, chat_input: ChatInput) -> int:
        """The user prompts, answers, stops, …: input of a structured chat. Returns its number; a refusal has it."""
        attachment, sequence = self._next
        self._input(msgspec.structs.replace(chat_input, attachment=attachment, sequence=sequence))
        return sequence

    def focus(self, focused: bool) -> None:
        """The viewer got or lost the keyboard focus."""
        if not self.read_only:
            self._input(Focus(*self._next, focused))

    def accept_refusal(self) -> None:
        """The user has seen that an input was refused: accept input again."""
        self._rules.gate.accept_refusal()
        self._perform()

    def send_kept(self) -> None:
        """Send the input that was typed while the machine could not be reached."""
        self._rules.gate.send_kept()
        self._perform()

    def discard_kept(self) -> None:
        """Drop the input that the host does not have, as far as is known."""
        self._rules.gate.discard_kept()
        self._perform()
        self._drop_predictions()
        self._delegate.viewer_damaged()

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
        connection.send_message(ClearTerminal(self._rules.inputs.attachment, what))
        return True

    def continue_program(self) -> bool:
        """Ask the host to continue the suspended program; False if no host is there."""
        connection = self._connection
        if connection is None:
            return False
        connection.send_message(Continue(self._rules.inputs.attachment))
        return True

    def follow(self, output: bool) -> None:
        """Start or stop following output; a hidden tab needs only events."""
        self._rules.follow(output)
        self._watch_line()
        self._perform()

    def free_replica(self) -> None:
        """Free the replica's memory if the viewer does not follow output; ``follow`` fetches another."""
        self._rules.free_replica()
        self._perform()

    # ------------------------------------------------------------ the end

    @property
    def has_detached(self) -> bool:
        """Whether the viewer is closed, and does not deliver input any more."""
        return self._detached.is_set()

    def close(self) -> None:
        """Stop following the session, without an effect on the agent. The delegate gets no more calls.

        The viewer stays attached, and reconnects, until the host has acknowledged the user's input, at most for
        ``DELIVERY_TIMEOUT_S``.
        """
        if self.is_closed:
            return
        self.is_closed = self._snapshot.is_closed = True
        self._delegate = NO_DELEGATE
        self._watch_line()
        self._use_replica(None)
        self._delivery_timer.set(DELIVERY_TIMEOUT_S, self._detach)
        if not self._has_delivered:
            if self._connection is not None:
                self._connection.set_callbacks(self._last_message, self._connection_lost)
            self._reattach_timer.set(REATTACH_AFTER_S, self._drop_connection)
            self._rules.follow(output=False)
            self._perform_all()
        self._detach_if_delivered()

    @property
    def _has_delivered(self) -> bool:
        return self.state in FINAL_STATES or not self._rules.inputs.has_user_input

    def _last_message(self, message: Any) -> None:
        """Handle a message of the host after ``close``."""
        if isinstance(message, Output | SnapshotPart):
            return
        inputs = self._rules.inputs
        previous = inputs.characters()
        self._rules.receive_message(message)
        if any(isinstance(effect, NotifyRefusal) for effect in self._effects):
            self._refused_characters += previous - inputs.characters()
        self._perform()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.drop()

    def _detach_if_delivered(self) -> None:
        if self._has_delivered and not self.has_detached:
            self._detach()

    def _detach(self) -> None:
        """Detach; the host has all input, or does not answer."""
        self._rules.detach()
        self._perform_all()
        if self._connection is not None:
            self._connection.close()
            if not self._has_delivered:
                self._connection.drop()
            self._last_connection, self._connection = self._connection, None
        for task in (self._task, self._building):
            if task is not None:
                task.cancel()
        for timer in (self._delivery_timer, self._reattach_timer, self._answer_timer, self._prediction_timer):
            timer.cancel()
        self._detached.set()

    async def closed(self) -> int:
        """After ``close``: wait until the user's input is delivered, and the viewer's connection is closed.

        Returns:
            How many characters of the user's input a running chat did not get, at most.
        """
        await self._detached.wait()
        if self._task is not None:
            await asyncio.wait([self._task])
        if self._last_connection is not None:
            await self._last_connection.wait_closed()
        return 0 if self.state in FINAL_STATES else self._refused_characters + self._rules.inputs.characters()


Replica = Emulator | TranscriptEngine
"""A replica: a terminal, or a structured chat's transcript."""


class _SnapshotReceiver:
    """Collects the parts of one snapshot at a time.

    Attributes:
        is_closed: nobody needs a replica; one that is being built need not be finished.
    """

    def __init__(self, engine: EngineName | None, cell: CellSize, max_lines: int) -> None:
        """Start without a part.

        Args:
            engine: the replica's engine, None for a transcript.
            cell: the size of its cells.
            max_lines: the longest history.
        """
        self._engine, self._max_lines = engine, max_lines
        self.is_closed = False
        self._cell = cell
        self._parts = bytearray()
        self._offset = 0

    def clear(self) -> None:
        """Drop the received parts: the connection is lost, so the other parts will not come."""
        self._parts.clear()

    def add_part(self, part: SnapshotPart) -> None:
        """Append the next part; a history's parts may end before the last one.

        Raises:
            OutliveError: there are too many.
        """
        if part.offset != self._offset:
            self._parts.clear()
            self._offset = part.offset
        self._parts += part.data
        if len(self._parts) > MAX_SNAPSHOT_BYTES:
            self._parts.clear()
            raise OutliveError("the snapshot is too long")

    def take(self) -> bytes:
        """Return and forget what was received."""
        data = bytes(self._parts)
        self._parts.clear()
        return data

    def build(self, data: bytes, part: SnapshotPart, build: str) -> Replica:
        """Build the replica after the last part.

        Raises:
            OutliveError: the snapshot does not fit this engine build.
        """
        if part.kind is not SnapshotKind.WHOLE:
            data = unpacked(data)
        if self._engine is None:
            if part.form != TRANSCRIPT_BUILD:
                raise OutliveError("the chat runs in another version; run: outlive upgrade")
            return TranscriptEngine(Transcript.restore(data))
        if build and part.form == build:
            return restore(self._engine, data)
        lines = min(part.scrollback_lines, self._max_lines)
        return from_replay(
            self._engine,
            data,
            part.size.clamped(),
            cell=self._cell,
            scrollback_lines=lines,
            should_stop=lambda: self.is_closed,
        )


def _discard_side_effects(emulator: Emulator | None) -> None:
    """Drop a replica's replies and events: the host's emulator answers and announces."""
    if emulator is not None:
        emulator.take_replies()
        emulator.take_events()
