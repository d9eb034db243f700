"""A viewer's rules without a connection, for scripts; see ``playbook``."""

from __future__ import annotations

from collections.abc import Callable

from session_host.client.viewer import effects as e
from session_host.client.viewer.answer_watch import INTERVAL_S
from session_host.client.viewer.rules import ViewerRules, Wants
from session_host.client.viewer.state import ViewerState
from session_host.protocol import messages as m
from session_host.protocol.facts import Outcome
from session_host.protocol.values import CellSize, GridSize, State
from tests.support.playbook import Event, RulesHarness, do

SIZE, OTHER_SIZE, CELL = GridSize(80, 24), GridSize(90, 30), CellSize(8, 16)
BUILD = "engine 1"
ATTACH = m.Attach(SIZE, CELL, False, True, "", -1, 0, "tab")
DESCRIBE = e.SendMessage(m.Describe(0))
START_TIMER = e.StartAnswerTimer(INTERVAL_S)
EXITED = m.StateEvent(Outcome(State.EXITED, 3, None, "stop"))
RUNNING = m.StateEvent(Outcome(State.RUNNING, None, None))
LOST = m.StateEvent(Outcome(State.LOST, None, None))


def attached(attachment: str = "one", *, resumed: bool = False, last_sequence: int = 0) -> m.Attached:
    return m.Attached(attachment, 0, SIZE, State.RUNNING, False, resumed, last_sequence)


def part(offset: int = 10, *, last: bool = True, resizes: int = 2) -> m.SnapshotPart:
    return m.SnapshotPart(offset, resizes, BUILD, SIZE, 100, last, b"screen")


def notify(state: ViewerState, message: str = "") -> e.NotifyState:
    return e.NotifyState(state, message)


def follow(offset: int, resizes: int = 2, *, output: bool = True, attachment: str = "one") -> e.SendMessage:
    return e.SendMessage(m.Follow(attachment, output, offset, resizes))


class Harness(RulesHarness[e.Effect]):
    """A viewer's rules; each method is an event, or a sequence of events."""

    def __init__(
        self, *, read_only: bool = False, output: bool = True, keeps_typing: bool = True, is_far: bool = False
    ) -> None:
        wants = Wants(
            size=SIZE,
            cell=CELL,
            engine_build=BUILD,
            read_only=read_only,
            output=output,
            kind="tab",
            keeps_typing=lambda: keeps_typing,
            is_far=is_far,
        )
        self.rules = ViewerRules(wants)
        self.effects = self.rules.effects

    def connected(self) -> Harness:
        self.rules.line.connect()
        self.rules.connected("")
        self.take_effects()
        return self

    def starting(self) -> Harness:
        """Connect to a session with a program that is being started."""
        self.connected().rules.receive_message(m.Starting("one"))
        self.take_effects()
        return self

    def live(self, typed: int = 0) -> Harness:
        """Connect, show ten bytes of output, and send some keys."""
        self.connected().rules.receive_message(attached())
        self.rules.snapshot_restored(part())
        self.take_effects()
        for _ in range(typed):
            self.rules.receive_input(self.key())
        self.take_effects()
        return self

    def reconnecting(self, typed: int = 0) -> Harness:
        """Do as ``live``, then lose the connection and connect again."""
        self.live(typed).rules.connection_lost(None)
        self.rules.connected("")
        self.take_effects()
        return self

    def key(self) -> m.Key:
        return m.Key(self.rules.inputs.attachment, self.rules.inputs.next_sequence, "a", "a")

    def types_key(self) -> Event:
        return self._gives(self.key)

    def reports_focus(self) -> Event:
        return self._gives(lambda: m.Focus(self.rules.inputs.attachment, self.rules.inputs.next_sequence, True))

    def _gives(self, make: Callable[[], m.Input]) -> Event:
        def gives() -> None:
            self.rules.receive_input(make())

        return do(gives)

    def receives(self, message: m.Message) -> Event:
        return do(self.rules.receive_message, message)

    def output(self, offset: int, data: bytes = b"xyz") -> Event:
        return do(self.rules.receive_message, m.Output(offset, data))


def fed(offset: int, data: bytes = b"xyz") -> e.FeedReplica:
    return e.FeedReplica(m.Output(offset, data))


def sent_key(sequence: int, attachment: str = "one") -> e.SendMessage:
    return e.SendMessage(m.Key(attachment, sequence, "a", "a"))


def refusal(sequence: int, code: str, text: str, attachment: str = "one") -> e.NotifyRefusal:
    return e.NotifyRefusal(m.InputRefused(attachment, sequence, code, text))
