"""A viewer: follows one session with a replica, and sends the user's input.

Key path, 4 of 16. Output path, 9 of 15. Answer path, 3 of 15.

Drives ``ViewerRules``: passes events to them, and gives each of their effects to the part that carries it out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from session_host.client.machine import THIS_MACHINE, Machine
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
    Paste,
    SnapshotPart,
    Typed,
)
from session_host.protocol.values import CellSize, GridSize, KeyAction, MouseAction, MouseButton, Runtime
from session_host.structured.transcript import BUILD as TRANSCRIPT_BUILD
from session_host.terminal import default_engine, engine_build
from session_host.terminal.base import DefaultColors, EngineName
from session_host.terminal.encode import REPORT_EVENTS

from .connector import Connector
from .delivery import Delivery
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
from .replica import Replica, ReplicaEngine
from .rules import ViewerRules, Wants
from .snapshot_receiver import SnapshotReceiver
from .state import FINAL_STATES, NO_DELEGATE, ViewerDelegate, ViewerState

__all__ = ["Viewer", "ViewerDelegate", "ViewerState"]


class Viewer:
    """Follows one session; reconnects by itself while the session's host lives.

    Attributes:
        read_only: the viewer shows the session and takes no input.
        is_closed: nothing is shown any more; ``delivery`` goes on.
        line: the state of the line to the host, and what the user sees of it; to be read only.
        inputs: the input that the host has not acknowledged; to be read only.
        replica: the copy of what the session shows.
        connector: has the connection.
        delivery: what a closed viewer still does.
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
        kind: str = "",
        runtime: Runtime = "terminal",
        machine: Machine = THIS_MACHINE,
        keeps_typing: Callable[[], bool] = lambda: True,
    ) -> None:
        """``keeps_typing`` returns whether to keep what is typed while the machine cannot be reached."""
        cell, terms = cell or CellSize(), machine.terms
        engine = None if runtime == "structured" else engine or default_engine()
        build = TRANSCRIPT_BUILD if engine is None else engine_build(engine)
        if engine is not None and not terms.own_form:
            build = ""  # The engine's own form can hold anything, so another machine sends escape sequences.
        wants = Wants(
            size=size,
            cell=cell,
            engine_build=build,
            read_only=read_only,
            output=True,
            kind=kind,
            keeps_typing=keeps_typing,
            is_far=terms.is_far,
        )
        self._rules = rules = ViewerRules(wants)
        self._effects, self.line, self.inputs = rules.effects, rules.line, rules.inputs
        self._delegate = delegate
        self._is_performing = False
        self.session_id, self.read_only, self.is_closed = session_id, read_only, False
        self.replica = Replica(delegate, predicts=terms.is_far and engine is not None)
        self._snapshots = SnapshotReceiver(engine, cell, terms, self._on_snapshot)
        self.connector = Connector(session_id, machine, engine, rules, self.replica, self._message, self._perform)
        self.delivery = Delivery(rules, self.connector, self._perform_all)

    def start(self) -> None:
        """Start following the session; call it once, from a running loop."""
        self._watch_line()
        self.line.connect()
        self._perform()

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
            self.delivery.check()

    def _perform_all(self) -> None:
        while self._effects:
            self._perform_effect(self._effects.pop(0))

    def _perform_effect(self, effect: Effect) -> None:  # noqa: C901 - one case for each effect
        match effect:
            case SendMessage(message):
                if (connection := self.connector.connection) is not None:
                    connection.send_message(message)
            case FeedReplica(message):
                self.replica.feed(message, self._rules.progress.take_turns(message.offset + len(message.data)))
            case DropConnection():
                self.connector.drop()
            case NotifyState(state, message):
                self._notify_state(state, message)
            case NotifyEvent(event):
                self._delegate.viewer_event(event)
            case NotifyRefusal(refusal):
                self.replica.drop_predictions()
                self._delegate.viewer_refused(refusal)
            case AddSnapshotPart(part):
                self._snapshots.receive(part, self._rules.wants.engine_build, self.connector.connection)
            case ResizeReplica(size, cell):
                self.replica.resize(size, cell)
            case FreeReplica():
                self._snapshots.clear()
                self.replica.free()
            case MarkTurn():
                self.replica.mark_turn()
            case StartAnswerTimer(after_s):
                self.connector.start_answer_timer(after_s)
            case Connect():
                self._snapshots.clear()  # The connection is lost, so the other parts will not come.
                self.connector.start(effect)
            case WaitReachable() | ReadOutcome() | LoadScreen():
                self.connector.start(effect)

    def _notify_state(self, state: ViewerState, message: str) -> None:
        if state in FINAL_STATES:
            self.replica.show_newest()
            self._watch_line()
        self._delegate.viewer_state(state, message)

    def _watch_line(self) -> None:
        self.connector.watch(is_read=self._rules.is_shown and not self.is_closed)

    # ------------------------------------------------------------ messages of the host

    def _message(self, message: Any) -> None:
        if self.is_closed:
            self.delivery.receive(message)
            self._perform()
        elif type(message) is CommandEvent:
            self.replica.add_times(message.times)
        else:
            self._rules.receive_message(message)
            self._perform()
            if (predicted := self.replica.predicted) is not None:
                predicted.acknowledged(self.inputs.oldest_sequence - 1)

    def _on_snapshot(self, last: SnapshotPart, engine: ReplicaEngine | None) -> None:
        """The host's snapshot is complete; without an engine it cannot be read."""
        if engine is None:
            self._rules.snapshot_unreadable()
        else:
            had_history = self._rules.progress.now.has_history
            self._rules.snapshot_restored(last)
            self.replica.replace(engine, had_history=had_history, has_history=self._rules.progress.now.has_history)
        self._perform()

    # ------------------------------------------------------------ the user's input

    @property
    def offset(self) -> int:
        """The replica has all output up to here; -1 without one."""
        return self._rules.progress.now.offset

    @property
    def takes_mouse(self) -> bool:
        """Whether the mouse can be passed on; False while the machine cannot be reached."""
        return self.line.shown is not ViewerState.UNREACHABLE

    @property
    def asks_to_send(self) -> bool:
        """Whether the kept input waits for ``send_kept`` or ``discard_kept``, since the program asks something new."""
        return self._rules.gate.asks_to_send

    @property
    def _next(self) -> tuple[str, int]:
        """The attachment and the number of the next input."""
        return self.inputs.attachment, self.inputs.next_sequence

    def _input(self, message: Input) -> None:
        predicted = self.replica.predicted
        if predicted is not None:
            predicted.typed(message)
        self._rules.receive_input(message)
        self._perform()
        if predicted is not None:
            predicted.repaint()

    def _wants_releases(self) -> bool:
        """Whether the program asked for key releases, according to the replica."""
        emulator = self.replica.terminal
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
        self._input(Typed(*self._next, text))

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
        self.replica.drop_predictions()
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
        connection = self.connector.connection
        if connection is None:
            return False
        connection.send_message(ClearTerminal(self.inputs.attachment, what))
        return True

    def continue_program(self) -> bool:
        """Ask the host to continue the suspended program; False if no host is there."""
        connection = self.connector.connection
        if connection is None:
            return False
        connection.send_message(Continue(self.inputs.attachment))
        return True

    def follow(self, output: bool) -> None:
        """Start or stop following output, which a new viewer follows; a hidden tab needs only events."""
        self._rules.follow(output)
        self._watch_line()
        self._perform()

    def free_replica(self) -> None:
        """Free the replica's memory if the viewer does not follow output; ``follow`` fetches another."""
        self._rules.free_replica()
        self._perform()

    def close(self) -> None:
        """Stop following the session, without an effect on the agent. The delegate gets no more calls.

        The viewer stays attached, and reconnects, until the host has acknowledged the user's input: see ``delivery``.
        """
        if self.is_closed:
            return
        self.is_closed = True
        self._delegate = NO_DELEGATE
        self._watch_line()
        self._snapshots.close()
        self.replica.close()
        self.delivery.start()
