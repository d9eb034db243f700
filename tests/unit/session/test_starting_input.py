"""When held input is typed, refused or dropped, without a host."""

from __future__ import annotations

import msgspec
import pytest

from session_host.protocol import messages as m
from session_host.protocol.launch import Watch
from session_host.protocol.values import GridSize, Modifiers
from session_host.session.connection import ClientConnection
from session_host.session.effects import Effect, StartTimer, WriteToProgram
from session_host.session.output_ring import OutputRing
from session_host.session.session import Session
from session_host.session.starting_input import CHECK, CHECK_S, STARTS_WITHIN_S, WAITS
from session_host.session.terminal_session import TerminalSession
from session_host.storage.descriptors.log_entries import PendingInput
from session_host.storage.descriptors.log_state import LogState
from session_host.terminal import create
from tests.support.session_harness import spec_of

AGENT = Watch(input_line="> ", start_question=r"❯ \d\. ", held_within_s=5.0, shown_within_s=6.0)
INPUT_LINE = b"\x1b[?2004h\x1b[2J\x1b[H> Type here"
ID = "1" * 32


class Harness:
    """A session with one viewer; a test lets it look at the screen, and lets its timers expire."""

    def __init__(self, watch: Watch = AGENT) -> None:
        self.age_s, self.is_echoing = 1.0, False
        spec, log_state = spec_of(watch=watch), LogState()
        self.session = Session(spec, log_state, OutputRing(0, 0), PendingInput(), title="", new_id=lambda: ID)
        terminal = self.session.kind = TerminalSession(
            self.session,
            spec,
            log_state,
            new_id=lambda: ID,
            is_echoing=lambda: self.is_echoing,
            age_s=lambda: self.age_s,
        )
        self.starting = terminal.starting
        self.emulator = create("pyte", GridSize(40, 6))
        self.session.program_runs()
        self.session.program_started()
        terminal.program_started()
        self.attachment = self.session.viewers.attach(
            ClientConnection(self.session, object(), lambda _: ""),
            resume="",
            read_only=False,
            kind="",
        )
        self.sequence = 0
        self.seen: list[Effect] = []
        self.timers: list[StartTimer] = []
        self.take()

    def take(self) -> None:
        for effect in self.session.effects:
            self.seen.append(effect)
            if isinstance(effect, StartTimer) and effect.owner is self.starting:
                self.timers.append(effect)
        self.session.effects.clear()

    def types(self, key: str, modifiers: int = 0) -> None:
        self.sequence += 1
        text = key if len(key) == 1 and not modifiers else ""
        message = m.Key(self.attachment.id, self.sequence, key, text, modifiers)
        self.session.kind.receive_input(self.attachment, message, self.emulator)
        self.look()

    def look(self) -> None:
        self.take()
        self.starting.use_emulator(self.emulator)
        self.take()

    def expire_timer(self) -> str:
        """Let the next timer expire; returns its name."""
        timer = self.timers.pop(0)
        self.starting.timer_due(timer.name)
        self.look()
        return timer.name

    def must_wait(self) -> bool:
        """Whether a text of a command must wait, also at the second look."""
        return self.starting.must_wait(self.emulator) and self.starting.must_wait(self.emulator)

    def typed(self) -> bytes:
        return b"".join(each.data for each in self.seen if isinstance(each, WriteToProgram))


def test_enter_is_typed_separately_after_the_text() -> None:
    harness = Harness()
    for key in ("a", "b", "Enter", "c"):
        harness.types(key)
    harness.emulator.feed(INPUT_LINE)
    parts = []
    while harness.timers:
        before = harness.typed()
        harness.expire_timer()
        if typed := harness.typed().removeprefix(before):
            parts.append(typed)

    assert parts == [b"ab", b"\r", b"c"]


def test_after_the_time_limit_input_is_typed_whatever_is_shown() -> None:
    harness = Harness()
    harness.types("a")
    checks = 0
    while not harness.typed():
        assert harness.expire_timer() == CHECK
        checks += 1

    assert checks * CHECK_S == pytest.approx(AGENT.held_within_s, abs=2 * CHECK_S)


@pytest.mark.parametrize(("key", "modifiers", "typed"), [("Escape", 0, b"\x1b"), ("c", Modifiers.CTRL, b"\x03")])
def test_escape_and_ctrl_c_are_typed_at_once_and_drop_waiting_input(key: str, modifiers: int, typed: bytes) -> None:
    harness = Harness()
    harness.is_echoing = True
    for each in "abcd":
        harness.types(each)
    for _ in range(3):
        harness.expire_timer()
    assert harness.starting.notice == WAITS

    harness.types(key, modifiers)

    assert harness.typed() == typed
    assert not harness.starting.is_holding
    assert harness.starting.notice == ""


def test_an_agent_that_has_run_for_long_gets_the_first_input_whatever_it_shows() -> None:
    harness = Harness()
    harness.age_s = STARTS_WITHIN_S + 1
    harness.types("a")

    assert harness.typed() == b"a"


def test_a_question_that_is_shown_before_the_first_input_gets_it_at_once() -> None:
    harness = Harness()
    harness.emulator.feed(b"Trust?\r\n\xe2\x9d\xaf 1. Yes")
    harness.types("1")
    harness.types("Enter")

    assert harness.typed() == b"1\r"


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_question_is_open_unless_the_agent_shows_its_input_line_below_it(*, is_answered: bool) -> None:
    harness = Harness()
    rows = ["Trust?", "❯ 1. Yes", "restarting", "> Type here"] if is_answered else ["> Type here", "❯ 1. Yes"]
    harness.emulator.feed(("\x1b[?2004h" + "\r\n".join(rows)).encode())
    assert harness.starting.asks(harness.emulator) is not is_answered
    assert not harness.must_wait(), "the text is typed, or refused at once"


def test_a_text_waits_while_an_agent_restarts_below_its_answered_question() -> None:
    harness = Harness()
    harness.emulator.feed("❯ 1. Yes\r\nrestarting\r\n> Type here".encode())
    assert not harness.starting.asks(harness.emulator)
    assert harness.must_wait()
    harness.types("a")
    assert harness.typed() == b""
    harness.emulator.feed(b"\x1b[?2004h")
    while not harness.typed():
        harness.expire_timer()

    assert harness.typed() == b"a"


@pytest.mark.parametrize("rows", [1, 10], ids=["on the screen", "in the scrollback"])
def test_a_resumed_agent_gets_input_once_it_shows_its_conversation_above_its_input_line(rows: int) -> None:
    harness = Harness(msgspec.structs.replace(AGENT, resumed_line="[*] "))
    harness.emulator.feed(INPUT_LINE + b"\r\n* below")
    harness.types("a")
    for _ in range(4):
        assert harness.expire_timer() == CHECK
    assert harness.must_wait()
    assert not harness.typed()

    harness.emulator.feed(b"\x1b[2J\x1b[H* hello" + b"\r\n" * rows + b"> Type here")
    while not harness.typed():
        harness.expire_timer()

    assert harness.typed() == b"a"


def test_an_agent_that_has_run_for_long_need_not_show_the_conversation_that_it_resumed() -> None:
    harness = Harness(msgspec.structs.replace(AGENT, resumed_line="[*] "))
    harness.emulator.feed(INPUT_LINE)
    assert harness.must_wait()
    harness.age_s = STARTS_WITHIN_S + 1

    assert not harness.must_wait()


def test_a_text_for_an_agent_with_an_input_line_alone_waits_until_that_is_shown_twice() -> None:
    """The agent may read lines: the terminal echoes them, and pastes are off."""
    harness = Harness(Watch(input_line="> "))
    harness.is_echoing = True
    assert harness.must_wait()
    harness.emulator.feed(b"> ")

    assert harness.starting.must_wait(harness.emulator)
    assert not harness.starting.must_wait(harness.emulator)


def test_without_a_known_input_line_no_input_waits() -> None:
    harness = Harness(Watch(shown_within_s=1.0))
    harness.is_echoing = True

    harness.types("a")
    assert harness.typed() == b"a"
