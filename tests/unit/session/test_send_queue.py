"""What ``outlive send`` types, and when: each test is a script of events and effects."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from session_host.protocol.launch import Watch
from session_host.protocol.messages import MAX_PASTE_CHARACTERS, Done, ErrorCode, Failed, Send
from session_host.protocol.values import GridSize
from session_host.session.effects import Answer, Effect, InputGiven, StartTimer, StopTimer, ToProgram, UseEmulator
from session_host.session.output_ring import OutputRing
from session_host.session.send_queue import (
    LOOK,
    LOOK_S,
    NO_ENTER,
    NOT_SHOWN,
    PAUSE,
    READ,
    READ_S,
    SETTLE,
    SHOWN,
)
from session_host.session.session import Session
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import LogState
from session_host.storage.descriptors.pending_input import PendingInput
from session_host.terminal import create
from session_host.terminal.base import Emulator
from tests.support.kept_sessions import spec_of
from tests.support.playbook import Event, Playbook, do

PROGRAM = Watch()
PAUSING = Watch(enter_after_s=0.15)
SHOWING = Watch(enter_after_s=0.15, shown_within_s=1.5)
SHOWING_AT_ONCE = Watch(shown_within_s=1.5)

TOKEN, OTHER = "1" * 32, "2" * 32
ENTER = uuid.uuid5(uuid.UUID(TOKEN), "Enter").hex
HELLO = Send(1, "hello", enter=True, token=TOKEN)
DONE = Answer("one", Done(1))


class Stage:
    """The queue of one session, and its emulator."""

    def __init__(self, watch: Watch, size: GridSize = GridSize(80, 24)) -> None:
        self.asked: str | None = None
        ids = iter(str(number) * 32 for number in range(3, 10))
        self.session = Session(
            spec_of(watch=watch), LogState(), OutputRing(0, 0), PendingInput(),
            title="", new_id=lambda: next(ids), asked=lambda: self.asked,
        )  # fmt: skip
        self.session.program_runs()
        self.queue = self.session.send_queue
        self.emulator = create("pyte", size)
        self.emulator.feed(b"\x1b[?2004h")
        self.take_effects()
        self.use = UseEmulator(self.queue)

    def take_effects(self) -> list[Effect]:
        effects = self.session.effects[:]
        self.session.effects.clear()
        return effects

    def script(self) -> Playbook:
        return Playbook(self.take_effects)

    def sends(self, request: Send = HELLO, client: str = "one") -> Event:
        return do(self.queue.request, request, client)

    def free(self) -> Event:
        """The emulator is free."""

        def emulator_free() -> None:
            self.queue.emulator_free(self.emulator)

        return do(emulator_free)

    def shows(self, text: str = "") -> Event:
        """The program shows this."""

        def shows(text: str) -> None:
            self.emulator.feed(text.encode())
            self.session.on_output(b"x", 1)

        return do(shows, text)

    def due(self, name: str) -> Event:
        return do(self.queue.timer_due, name)

    def starts(self, name: str, after_s: float) -> StartTimer:
        return StartTimer(self.queue, name, after_s)

    def stops(self, name: str) -> StopTimer:
        return StopTimer(self.queue, name)

    def typed(self, text: str = "\x1b[200~hello\x1b[201~", token: str = TOKEN) -> ToProgram:
        return ToProgram(EntryKind.TYPED, text.encode(), bytes.fromhex(token))

    def types_hello(self) -> Playbook:
        """A script in which the text is typed."""
        return self.script() >> self.sends() << self.use >> self.free() << self.typed() << InputGiven()

    def typed_and_sought(self) -> Playbook:
        """A script in which the text is typed, and not shown yet."""
        return self.types_hello() << self.starts(SHOWN, 1.5) << self.use >> self.free()

    def enters(self, script: Playbook) -> Playbook:
        """A script that goes on with Enter."""
        script = script << self.use >> self.free() << self.typed("\r", ENTER) << InputGiven() << DONE
        return script << self.starts(PAUSE, 0.15) >> self.due(PAUSE)


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    own = Stage(getattr(request, "param", PAUSING))
    yield own
    own.emulator.close()


# ---------------------------------------------------------------- typing


def test_keys_are_typed_in_one_go(stage: Stage) -> None:
    assert (
        stage.script()
        >> stage.sends(Send(1, keys=["Up", "Enter"], token=TOKEN))
        << stage.use
        >> stage.free()
        << stage.typed("\x1b[A\r")
        << InputGiven()
        << DONE
    )


@pytest.mark.parametrize("stage", [PROGRAM], indirect=True)
def test_a_program_that_needs_no_pause_gets_enter_with_the_text(stage: Stage) -> None:
    assert (
        stage.script()
        >> stage.sends()
        << stage.use
        >> stage.free()
        << stage.typed("\x1b[200~hello\x1b[201~\r")
        << InputGiven()
        << DONE
    )


def test_a_text_of_which_a_value_is_wrong_is_refused_at_once_even_behind_another(stage: Stage) -> None:
    for request in (Send(2, "x" * (MAX_PASTE_CHARACTERS + 1)), Send(2, "x", token="T"), Send(2, keys=["Nothing"])):
        stage.queue.request(request, "two")
        [answer] = stage.take_effects()
        assert isinstance(answer, Answer)
        assert isinstance(answer.reply, Failed)
    assert (
        stage.script()
        >> stage.sends()
        << stage.use
        >> stage.sends(Send(2, token="T"), "two")
        << Answer("two", Failed(2, ErrorCode.BAD_REQUEST, "a token is 32 hexadecimal digits"))
    )


def test_one_request_follows_another_after_its_pause(stage: Stage) -> None:
    script = stage.types_hello() << stage.starts(READ, READ_S)
    script = script >> stage.sends(Send(2, keys=["Up"]), "two")
    script = script >> stage.shows() << stage.starts(SETTLE, 0.15)
    script = script >> stage.due(SETTLE) << stage.stops(READ)
    assert (
        stage.enters(script)
        << stage.use
        >> stage.free()
        << stage.typed("\x1b[A", "3" * 32)
        << InputGiven()
        << Answer("two", Done(2))
    )


def test_a_wish_that_is_sent_again_is_typed_once(stage: Stage) -> None:
    keys = Send(1, keys=["Up"], token=TOKEN)
    assert (
        stage.script()
        >> stage.sends(keys)
        << stage.use
        >> stage.free()
        << stage.typed("\x1b[A")
        << InputGiven()
        << DONE
        >> stage.sends(keys)
        << stage.use
        >> stage.free()
        << DONE
    )


def test_a_text_that_a_host_before_this_one_typed_gets_its_enter(stage: Stage) -> None:
    stage.session.requests.append(TOKEN)
    script = stage.script() >> stage.sends() << stage.use >> stage.free() << stage.starts(READ, READ_S)
    script = script >> stage.due(READ) << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(SETTLE))


def test_a_program_that_does_not_read_is_typed_nothing(stage: Stage) -> None:
    stage.session.pending.has_room = lambda length, bound: False  # type: ignore[method-assign]
    refused = Failed(1, ErrorCode.INPUT_FULL, "the program is not reading its input; nothing was typed")
    assert stage.script() >> stage.sends() << stage.use >> stage.free() << Answer("one", refused)


# ---------------------------------------------------------------- a chat that asks


@pytest.mark.parametrize(("asked", "what"), [("which?", "“which?”"), ("", "something")])
def test_a_chat_that_asks_gets_no_text_but_keys(stage: Stage, asked: str, what: str) -> None:
    stage.asked = asked
    refused = Failed(1, ErrorCode.NEEDS_INPUT, f"the chat is asking {what}; nothing was typed")
    assert (
        stage.script()
        >> stage.sends()
        << stage.use
        >> stage.free()
        << Answer("one", refused)
        >> stage.sends(Send(1, "y", token=TOKEN))
        << stage.use
        >> stage.free()
        << stage.typed("y")
        << InputGiven()
        << DONE
    )


def test_a_text_that_was_typed_before_the_chat_asked_is_not_refused_when_it_is_sent_again(stage: Stage) -> None:
    stage.session.requests.append(TOKEN)
    stage.asked = "which?"
    assert stage.script() >> stage.sends(Send(1, "hello", token=TOKEN)) << stage.use >> stage.free() << DONE


def test_a_chat_that_asks_gets_a_text_that_is_insisted_on(stage: Stage) -> None:
    stage.asked = "which?"
    assert (
        stage.script()
        >> stage.sends(Send(1, "hello", token=TOKEN, anyway=True))
        << stage.use
        >> stage.free()
        << stage.typed("hello")
        << InputGiven()
        << DONE
    )


def test_a_question_between_the_text_and_enter_is_not_answered_by_it(stage: Stage) -> None:
    def asks() -> None:
        stage.asked = "which?"

    refused = Failed(1, ErrorCode.FAILED, "the chat is asking “which?”; the text was typed, but not Enter")
    assert (
        stage.types_hello()
        << stage.starts(READ, READ_S)
        >> stage.shows()
        << stage.starts(SETTLE, 0.15)
        >> stage.due(SETTLE)
        << stage.stops(READ)
        << stage.use
        >> do(asks)
        >> stage.free()
        << Answer("one", refused)
        << stage.starts(PAUSE, 0.15)
        >> stage.due(PAUSE)
    )


# ---------------------------------------------------------------- the screen settles


def test_enter_follows_once_the_screen_is_quiet(stage: Stage) -> None:
    script = stage.types_hello() << stage.starts(READ, READ_S)
    script = script >> stage.shows() << stage.starts(SETTLE, 0.15)
    script = script >> stage.shows() << stage.stops(SETTLE) << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(SETTLE) << stage.stops(READ))


def test_output_that_comes_before_the_text_is_typed_counts(stage: Stage) -> None:
    script = stage.script() >> stage.sends() << stage.use >> stage.shows() >> stage.free() << stage.typed()
    script = script << InputGiven() << stage.starts(READ, READ_S) << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(SETTLE) << stage.stops(READ))


def test_a_program_that_shows_nothing_gets_enter_all_the_same(stage: Stage) -> None:
    script = stage.types_hello() << stage.starts(READ, READ_S) >> stage.due(READ) << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(SETTLE))


def test_a_program_that_shows_something_late_gets_enter_at_once(stage: Stage) -> None:
    script = stage.types_hello() << stage.starts(READ, READ_S) >> stage.due(READ) << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.shows() << stage.stops(SETTLE))


def test_the_first_quiet_is_not_cut_short(stage: Stage) -> None:
    script = stage.types_hello() << stage.starts(READ, READ_S) >> stage.shows() << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(READ) >> stage.due(SETTLE))


def test_a_program_that_always_shows_something_gets_enter_in_the_end(stage: Stage) -> None:
    script = stage.types_hello() << stage.starts(READ, READ_S) >> stage.shows("10:00") << stage.starts(SETTLE, 0.15)
    script = script >> stage.shows("10:01") << stage.stops(SETTLE) << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(READ) << stage.stops(SETTLE))


# ---------------------------------------------------------------- the text is shown


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_a_text_that_is_shown_gets_enter_once_the_screen_is_quiet(stage: Stage) -> None:
    script = stage.typed_and_sought()
    script = script >> stage.shows("thinking") << stage.starts(LOOK, LOOK_S) >> stage.due(LOOK) << stage.use
    script = script >> stage.free() >> stage.shows("\r\n> hello") << stage.starts(LOOK, LOOK_S)
    script = script >> stage.due(LOOK) << stage.use >> stage.free() << stage.stops(SHOWN)
    script = script << stage.starts(READ, READ_S) << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(SETTLE) << stage.stops(READ))


@pytest.mark.parametrize("stage", [SHOWING_AT_ONCE], indirect=True)
def test_a_text_that_is_shown_gets_enter_at_once_where_no_pause_is_needed(stage: Stage) -> None:
    assert (
        stage.types_hello()
        << stage.starts(SHOWN, 1.5)
        << stage.use
        >> stage.shows("> hello")
        >> stage.free()
        << stage.stops(SHOWN)
        << stage.use
        >> stage.free()
        << stage.typed("\r", ENTER)
        << InputGiven()
        << DONE
    )


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_a_text_without_enter_is_done_once_it_is_shown(stage: Stage) -> None:
    assert (
        stage.script()
        >> stage.sends(Send(1, "hello", token=TOKEN))
        << stage.use
        >> stage.free()
        << stage.typed("hello")
        << InputGiven()
        << stage.starts(SHOWN, 1.5)
        << stage.use
        >> stage.shows("> hello")
        >> stage.free()
        << stage.stops(SHOWN)
        << DONE
    )


def not_shown() -> Answer:
    return Answer("one", Failed(1, ErrorCode.FAILED, NOT_SHOWN + NO_ENTER))


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_a_text_that_an_agent_drops_gets_no_enter(stage: Stage) -> None:
    assert stage.typed_and_sought() >> stage.due(SHOWN) << stage.use >> stage.free() << not_shown()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_the_same_text_in_the_history_is_not_it(stage: Stage) -> None:
    stage.emulator.feed(b"hello\r\n")
    assert stage.typed_and_sought() >> stage.due(SHOWN) << stage.use >> stage.free() << not_shown()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_when_the_time_is_over_while_the_screen_changes_it_is_looked_at_at_once_and_for_the_last_time(
    stage: Stage,
) -> None:
    script = stage.typed_and_sought() >> stage.shows("thinking") << stage.starts(LOOK, LOOK_S)
    assert script >> stage.due(SHOWN) << stage.stops(LOOK) << stage.use >> stage.free() << not_shown()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_when_the_time_is_over_while_the_emulator_is_waited_for_it_is_looked_at_once_more(stage: Stage) -> None:
    script = stage.types_hello() << stage.starts(SHOWN, 1.5) << stage.use >> stage.due(SHOWN)
    assert script >> stage.free() << stage.use >> stage.free() << not_shown()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_what_comes_while_the_emulator_is_waited_for_is_looked_at(stage: Stage) -> None:
    script = stage.types_hello() << stage.starts(SHOWN, 1.5) << stage.use >> stage.shows("thinking")
    script = script >> stage.free() << stage.starts(LOOK, LOOK_S) >> stage.due(LOOK) << stage.use
    assert script >> stage.free() >> stage.due(SHOWN) << stage.use >> stage.free() << not_shown()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_a_program_that_has_ended_is_looked_at_once_more(stage: Stage) -> None:
    stage.take_effects()
    script = stage.typed_and_sought() >> stage.shows("thinking") << stage.starts(LOOK, LOOK_S)
    script = script >> do(stage.session.program_ended, 0, None)
    script = script >> stage.due(LOOK) << stage.use >> stage.free() << stage.stops(SHOWN)
    assert script << not_shown()


def test_in_a_small_terminal_nothing_is_looked_for() -> None:
    stage = Stage(SHOWING, GridSize(30, 8))
    script = stage.types_hello() << stage.starts(READ, READ_S) >> stage.shows() << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(SETTLE) << stage.stops(READ))
    stage.emulator.close()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_a_text_that_a_host_before_this_one_typed_is_looked_for_where_it_stands(stage: Stage) -> None:
    stage.session.requests.append(TOKEN)
    stage.emulator.feed(b"> hello")
    script = stage.script() >> stage.sends() << stage.use >> stage.free() << stage.starts(SHOWN, 1.5) << stage.use
    script = script >> stage.free() << stage.stops(SHOWN) << stage.starts(READ, READ_S) << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(SETTLE) << stage.stops(READ))


def test_an_engine_that_fails_keeps_nobody_behind_it_waiting(stage: Stage) -> None:
    class Broken:
        def encode_paste(self, text: str) -> bytes:
            raise RuntimeError(text)

    def fail(emulator: Emulator) -> None:
        with pytest.raises(RuntimeError):
            stage.queue.emulator_free(emulator)

    assert (
        stage.script()
        >> stage.sends()
        << stage.use
        >> stage.sends(Send(2, keys=["Up"], token=OTHER), "two")
        >> do(fail, Broken())
        << Answer("one", Failed(1, ErrorCode.FAILED, "the terminal engine failed"))
        << stage.use
        >> stage.free()
        << stage.typed("\x1b[A", OTHER)
        << InputGiven()
        << Answer("two", Done(2))
    )
