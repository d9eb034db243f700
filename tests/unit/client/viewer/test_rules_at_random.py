"""Typing into a chat on another machine, with a line and a host that fail at any time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from session_host.client.viewer import effects as e
from session_host.protocol import messages as m
from session_host.protocol.facts import AgentStatus
from session_host.protocol.values import Activity, ErrorCode
from tests.support.fuzzing import times
from tests.support.viewer_rules_harness import Harness, attached

STEPS = [
    "types",
    "types",
    "types",
    "accepts",
    "sends",
    "discards",
    "breaks",
    "stalls",
    "connects",
    "connects",
    "connects",
    "starts",
    "is away",
    "asks",
    "works",
    "acknowledges",
    "refuses",
    "loses the host",
]


class FarChat:
    """A viewer's rules, and a model of the host. The user types 1, 2, 3 …

    Attributes:
        typed: what the program got.
    """

    def __init__(self, *, keeps_typing: bool) -> None:
        self.typed: list[int] = []
        self._harness = Harness(is_far=True, keeps_typing=keeps_typing)
        self._rules = self._harness.rules
        self._count = self._hosts = self._received = self._questions = 0
        self._is_connected = self._has_stalled = self._holds = self._refuses_next = False
        self._rules.line.connect()

    def kept(self) -> list[int]:
        """What the viewer keeps for the host."""
        return [int(each.text) for each in self._rules.inputs.pending() if isinstance(each, m.Typed)]

    def step(self, what: str) -> None:
        """Do one of ``STEPS``, and check that nothing is lost without a word."""
        before = {*self.kept(), self._count + 1} if what == "types" else {*self.kept()}
        is_told = self._step(what)
        while effects := self._harness.take_effects():
            for effect in effects:
                is_told = self._carry_out(effect) or is_told
        assert is_told or before <= {*self.kept(), *self.typed}
        assert self.typed == sorted(set(self.typed)), "each once and in order"

    def finish(self) -> None:
        """Let all go well again."""
        for what in ("breaks", "connects", "works", "sends"):
            self.step(what)
        assert self._holds or not set(self.kept()) - set(self.typed)

    def _step(self, what: str) -> bool:
        rules = self._rules
        match what:
            case "types":
                self._count += 1
                rules.receive_input(m.Typed(rules.inputs.attachment, rules.inputs.next_sequence, str(self._count)))
            case "accepts":
                rules.gate.accept_refusal()
            case "sends":
                rules.gate.send_kept()
            case "discards":
                rules.gate.discard_kept()
            case "breaks" | "loses the host" if self._is_connected:
                self._is_connected = self._has_stalled = False
                if what == "loses the host":
                    self._hosts, self._received, self._holds = self._hosts + 1, 0, False
                rules.connection_lost(None)
            case "stalls":
                self._has_stalled = True
            case "connects" | "starts" if not self._is_connected:
                self._is_connected, self._has_stalled = True, False
                rules.connected("")
                name = f"host {self._hosts}"
                if what == "starts":
                    rules.receive_message(m.Starting(name))
                rules.receive_message(attached(name, resumed=True, last_sequence=self._received))
            case "is away" if not self._is_connected:
                rules.line.unreachable("no route")
            case "asks" | "works" if self._is_connected:
                self._questions += 1
                activity = Activity.NEEDS_INPUT if what == "asks" else Activity.WORKING
                rules.receive_message(m.ActivityEvent(AgentStatus(activity, "hook", str(self._questions))))
            case "acknowledges" if self._is_connected:
                rules.receive_message(m.InputAck(rules.inputs.attachment, self._received))
            case "refuses":
                self._refuses_next = True
        return what == "discards"

    def _carry_out(self, effect: e.Effect) -> bool:
        """Returns whether the user is told that an input is refused."""
        match effect:
            case e.SendMessage(message):
                assert self._is_connected
                if not self._has_stalled:
                    self._receive(message)
            case e.WaitReachable():
                self._rules.line.connect()
        return isinstance(effect, e.NotifyRefusal)

    def _receive(self, message: m.Message) -> None:
        match message:
            case m.Typed(attachment, sequence, text) if sequence > self._received:
                self._received = sequence
                if self._holds or self._refuses_next:
                    code = ErrorCode.HELD if self._holds else ErrorCode.INPUT_FULL
                    self._holds, self._refuses_next = True, False
                    self._rules.receive_message(m.InputRefused(attachment, sequence, code, "refused"))
                else:
                    self.typed.append(int(text))
            case m.AcceptRefusal():
                self._holds = False


@settings(max_examples=times(60))
@given(st.booleans(), st.lists(st.sampled_from(STEPS), max_size=60))
def test_what_is_typed_is_typed_once_and_in_order_or_the_user_is_told(keeps_typing: bool, steps: list[str]) -> None:
    chat = FarChat(keeps_typing=keeps_typing)
    for what in steps:
        chat.step(what)
    chat.finish()
