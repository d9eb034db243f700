"""The search for a typed text on the screen: each test is a script of events and effects."""

from __future__ import annotations

import pytest

from session_host.protocol.messages import ErrorCode, Failed, Send
from session_host.protocol.values import GridSize
from session_host.session.effects import Answer, InputGiven
from session_host.session.requests.send_queue import (
    LOOK,
    LOOK_S,
    NO_ENTER,
    NOT_SHOWN,
    READ,
    READ_S,
    SETTLE,
    SHOWN,
)
from tests.support.playbook import do
from tests.support.send_stage import (
    DONE,
    ENTER,
    SHOWING,
    SHOWING_AT_ONCE,
    TOKEN,
    SendStage,
)


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_a_shown_text_gets_enter_once_the_screen_is_quiet(stage: SendStage) -> None:
    script = stage.typed_and_sought()
    script = script >> stage.shows("thinking") << stage.starts(LOOK, LOOK_S) >> stage.due(LOOK) << stage.use
    script = script >> stage.free() >> stage.shows("\r\n> hello") << stage.starts(LOOK, LOOK_S)
    script = script >> stage.due(LOOK) << stage.use >> stage.free() << stage.stops(SHOWN)
    script = script << stage.starts(READ, READ_S) << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(SETTLE) << stage.stops(READ))


@pytest.mark.parametrize("stage", [SHOWING_AT_ONCE], indirect=True)
def test_a_shown_text_gets_enter_at_once_without_a_pause_setting(stage: SendStage) -> None:
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
def test_a_text_without_enter_is_done_once_it_is_shown(stage: SendStage) -> None:
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
def test_a_text_that_an_agent_drops_gets_no_enter(stage: SendStage) -> None:
    assert stage.typed_and_sought() >> stage.due(SHOWN) << stage.use >> stage.free() << not_shown()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_the_same_text_in_the_history_does_not_count_as_shown(stage: SendStage) -> None:
    stage.emulator.feed(b"hello\r\n")
    assert stage.typed_and_sought() >> stage.due(SHOWN) << stage.use >> stage.free() << not_shown()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_at_the_time_limit_a_changing_screen_is_searched_a_last_time_at_once(
    stage: SendStage,
) -> None:
    script = stage.typed_and_sought() >> stage.shows("thinking") << stage.starts(LOOK, LOOK_S)
    assert script >> stage.due(SHOWN) << stage.stops(LOOK) << stage.use >> stage.free() << not_shown()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_at_the_time_limit_a_waiting_search_is_done_once_more(stage: SendStage) -> None:
    script = stage.types_hello() << stage.starts(SHOWN, 1.5) << stage.use >> stage.due(SHOWN)
    assert script >> stage.free() << stage.use >> stage.free() << not_shown()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_output_that_arrives_while_the_search_waits_is_searched(stage: SendStage) -> None:
    script = stage.types_hello() << stage.starts(SHOWN, 1.5) << stage.use >> stage.shows("thinking")
    script = script >> stage.free() << stage.starts(LOOK, LOOK_S) >> stage.due(LOOK) << stage.use
    assert script >> stage.free() >> stage.due(SHOWN) << stage.use >> stage.free() << not_shown()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_the_screen_of_an_ended_program_is_searched_once_more(stage: SendStage) -> None:
    stage.take_effects()
    script = stage.typed_and_sought() >> stage.shows("thinking") << stage.starts(LOOK, LOOK_S)
    script = script >> do(stage.session.program_ended, 0, None)
    script = script >> stage.due(LOOK) << stage.use >> stage.free() << stage.stops(SHOWN)
    assert script << not_shown()


def test_a_small_terminal_is_not_searched() -> None:
    stage = SendStage(SHOWING, GridSize(30, 8))
    script = stage.types_hello() << stage.starts(READ, READ_S) >> stage.shows() << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(SETTLE) << stage.stops(READ))
    stage.emulator.close()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_a_text_that_a_previous_host_typed_is_searched_at_its_place(stage: SendStage) -> None:
    stage.session.requests.append(TOKEN)
    stage.emulator.feed(b"> hello")
    script = stage.script() >> stage.sends() << stage.use >> stage.free() << stage.starts(SHOWN, 1.5) << stage.use
    script = script >> stage.free() << stage.stops(SHOWN) << stage.starts(READ, READ_S) << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(SETTLE) << stage.stops(READ))
