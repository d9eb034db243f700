"""The text that wakes a chat is typed before all that viewers and other commands type, without a host."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec
import pytest

from session_host.protocol import messages as m
from session_host.protocol.facts import LaterPrompt
from session_host.protocol.launch import Watch, WorktreeSetup
from session_host.protocol.values import ErrorCode, GridSize
from session_host.session.connection import ClientConnection
from session_host.session.effects import SendReply, StartTimer, StopTimer, UseEmulator, WriteToProgram
from session_host.session.output_ring import OutputRing
from session_host.session.session import Session
from session_host.session.starting_input import ASKS
from session_host.session.terminal_session import TerminalSession
from session_host.storage.descriptors.log_entries import PendingInput
from session_host.storage.descriptors.log_state import HeldInput, LogState
from session_host.terminal import create
from tests.support.session_harness import spec_of

ID, TOKEN = "1" * 32, "2" * 32
WAKES = LaterPrompt("2026-01-01T00:00:00Z", "wake up", token=TOKEN, stage="sending", wakes=True)
TEXT = m.Send(1, "wake up", enter=True, token=TOKEN)
PLAIN = Watch()
"""A program of which no input line is known."""
AGENT = Watch(input_line="> ", start_question=r"❯ \d\. ", held_within_s=5.0)
INPUT_LINE = b"\x1b[?2004h\x1b[2J\x1b[H> Type here"
QUESTION = "\x1b[2J\x1b[H❯ 1. Yes".encode()
PASTED = b"\x1b[200~wake up\x1b[201~\r"


class Harness:
    """A chat that is being woken, with one viewer; effects are carried out at once, timers when a test says so."""

    def __init__(self, watch: Watch = AGENT, log_state: LogState | None = None, **changes: Any) -> None:
        self.is_echoing = False
        spec = spec_of(watch=watch, **changes)
        spec = msgspec.structs.replace(spec, facts=_woken(spec.facts))
        log_state = log_state or LogState()
        ids = iter([ID, *(f"{number:032x}" for number in range(100))])
        self.session = Session(spec, log_state, OutputRing(0, 0), PendingInput(), title="", new_id=lambda: next(ids))
        self.terminal = self.session.kind = TerminalSession(
            self.session, spec, log_state, new_id=lambda: next(ids), is_echoing=lambda: self.is_echoing
        )
        self.emulator = create("pyte", GridSize(40, 6))
        self.typed = b""
        self.refused: list[tuple[int, str, str]] = []
        self.replies: list[m.Reply] = []
        self.timers: deque[StartTimer] = deque()
        self.attachment = self.session.viewers.attach(
            ClientConnection(self.session, object(), lambda _: ""), resume="", read_only=False, kind=""
        )
        self.attachment.refuse = self._refuse  # type: ignore[method-assign]
        self._sequence = 0

    def _refuse(self, sequence: int, code: str, text: str, *, hold: bool = False) -> None:
        self.refused.append((sequence, code, text))

    def starts(self) -> None:
        self.session.program_runs()
        self.session.program_started()
        self.terminal.program_started()
        self.perform()

    def perform(self) -> None:
        effects = self.session.effects
        while effects:
            effect = effects.pop(0)
            match effect:
                case WriteToProgram(data=data):
                    self.typed += data
                case UseEmulator(user=user):
                    user.use_emulator(self.emulator)
                case StartTimer():
                    self.timers.append(effect)
                case StopTimer(owner=owner, name=name):
                    self.timers = deque(each for each in self.timers if (each.owner, each.name) != (owner, name))
                case SendReply(reply=reply):
                    self.replies.append(reply)
                case _:
                    pass

    def types(self, *keys: str) -> None:
        for key in keys:
            self._sequence += 1
            message = m.Key(self.attachment.id, self._sequence, key, key if len(key) == 1 else "")
            self.session.kind.receive_input(self.attachment, message, self.emulator)
            self.perform()

    def sends(self, request: m.Send = TEXT) -> None:
        self.terminal.send_queue.request(request, "client")
        self.perform()

    def shows(self, output: bytes) -> None:
        self.emulator.feed(output)

    def time_passes(self, timers: int = 100) -> None:
        """Let timers expire, in their order."""
        for _ in range(timers):
            if not self.timers:
                break
            timer = self.timers.popleft()
            timer.owner.timer_due(timer.name)
            self.perform()


def _woken(facts: Any) -> Any:
    return msgspec.structs.replace(facts, entry=msgspec.structs.replace(facts.entry, later=WAKES))


@pytest.mark.parametrize("watch", [PLAIN, AGENT])
def test_keys_come_behind_the_text_that_wakes_although_they_were_typed_before(watch: Watch) -> None:
    harness = Harness(watch)
    harness.types("a", "b")
    harness.starts()
    harness.types("c")
    harness.shows(INPUT_LINE)
    harness.time_passes(10)
    assert harness.typed == b"", "the text is not there yet"

    harness.sends()
    harness.types("d")
    harness.time_passes()
    harness.types("e")

    assert harness.typed == PASTED + b"abcde"
    assert harness.refused == []


@pytest.mark.parametrize("watch", [PLAIN, AGENT])
def test_a_key_between_the_text_and_its_enter_follows_both(watch: Watch) -> None:
    harness = Harness(msgspec.structs.replace(watch, shown_within_s=6.0, enter_after_s=0.1))
    harness.starts()
    harness.shows(INPUT_LINE)
    harness.sends()
    while not harness.typed:
        harness.time_passes(1)
    harness.shows(b"\rwake up")
    harness.types("a")
    harness.time_passes()

    assert harness.typed == PASTED + b"a"


def test_other_commands_wait_for_the_text_that_wakes() -> None:
    harness = Harness(PLAIN)
    harness.starts()
    harness.sends(m.Send(2, keys=["Tab"], token="3" * 32))
    assert harness.typed == b""

    harness.shows(INPUT_LINE)
    harness.sends()
    harness.time_passes()

    assert harness.typed == PASTED + b"\t"


def test_the_question_of_an_agent_that_starts_gets_the_keys_and_not_the_text() -> None:
    harness = Harness()
    harness.starts()
    harness.shows(QUESTION)
    harness.types("1")
    assert harness.typed == b"1", "the user sees the question, although the text is still to come"

    harness.sends()
    harness.types("1")

    assert harness.typed == b"11"
    assert [reply.code for reply in harness.replies if isinstance(reply, m.Failed)] == [ErrorCode.NEEDS_INPUT]


def test_keys_that_were_typed_before_a_question_do_not_answer_it() -> None:
    harness = Harness()
    harness.starts()
    harness.types("1")
    harness.sends()
    harness.shows(QUESTION)
    harness.time_passes(4)

    assert harness.typed == b""
    assert harness.refused == [(1, ErrorCode.NEEDS_INPUT, ASKS)]


@pytest.mark.parametrize(("watch", "typed"), [(PLAIN, b"a"), (AGENT, b"")])
def test_what_is_typed_does_not_wait_for_a_text_that_is_not_to_be_typed(watch: Watch, typed: bytes) -> None:
    """An agent with an input line still gets it once it shows that line."""
    harness = Harness(watch)
    harness.starts()
    harness.types("a")
    harness.sends(msgspec.structs.replace(TEXT, text="x" * (m.MAX_PASTE_CHARACTERS + 1)))
    harness.time_passes(4)
    assert harness.typed == typed

    harness.shows(INPUT_LINE)
    harness.time_passes()
    harness.types("b")
    assert harness.typed == b"ab"


def test_escape_stops_the_agent_and_drops_what_was_typed_and_the_text_still_comes() -> None:
    harness = Harness(PLAIN)
    harness.starts()
    harness.types("a", "Escape")
    assert harness.typed == b"\x1b"
    harness.shows(INPUT_LINE)
    harness.sends()

    assert harness.typed == b"\x1b" + PASTED


def test_the_next_host_types_what_was_held_behind_the_text() -> None:
    key = msgspec.msgpack.encode(m.Key(ID, 1, "a", "a"))
    log_state = LogState(child_started=1, later=WAKES, held=[HeldInput(ID, 1, key)])
    harness = Harness(PLAIN, log_state)
    harness.starts()
    harness.shows(INPUT_LINE)
    harness.time_passes(5)
    assert harness.typed == b""

    harness.sends()
    harness.time_passes()

    assert harness.typed == PASTED + b"a"


def test_the_next_host_does_not_wait_for_a_text_that_the_agent_has() -> None:
    key = msgspec.msgpack.encode(m.Key(ID, 1, "a", "a"))
    harness = Harness(PLAIN, LogState(child_started=1, held=[HeldInput(ID, 1, key)]))
    harness.starts()
    harness.time_passes()
    harness.types("b")

    assert harness.typed == b"ab"


def test_the_setup_of_a_worktree_gets_keys_at_once() -> None:
    harness = Harness(PLAIN, setup=WorktreeSetup("x", "/", "/"))
    harness.starts()
    harness.types("y")

    assert harness.typed == b"y"


def test_if_the_program_ends_first_all_that_waits_is_refused() -> None:
    harness = Harness(PLAIN)
    harness.starts()
    harness.types("a")
    harness.sends(m.Send(2, keys=["Tab"], token="3" * 32))
    harness.session.program_ended(1, None)
    harness.perform()

    assert harness.typed == b""
    assert [code for _, code, _ in harness.refused] == [ErrorCode.ENDED]
    assert [reply.code for reply in harness.replies if isinstance(reply, m.Failed)] == [ErrorCode.ENDED]
