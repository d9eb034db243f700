"""The search for a typed text on the screen: each test is a script of events and effects."""

from __future__ import annotations

import pytest

from session_host.protocol.messages import ErrorCode, Failed, Send
from session_host.protocol.values import GridSize
from session_host.session.effects import Answer, NoteUserInput
from session_host.session.requests.send_queue import (
    ECHO,
    ENTER_ANYWAY,
    ENTER_ANYWAY_S,
    NO_ENTER,
    NOT_READING,
    NOT_SHOWN,
    READING,
    READING_POLL_S,
    READING_WITHIN_S,
    SEARCH,
    SEARCH_DELAY_S,
    SETTLE,
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
    script = stage.typed_and_searched()
    script = script >> stage.shows("thinking") << stage.starts(SEARCH, SEARCH_DELAY_S) >> stage.due(SEARCH) << stage.use
    script = script >> stage.free() >> stage.shows("\r\n> hello") << stage.starts(SEARCH, SEARCH_DELAY_S)
    script = script >> stage.due(SEARCH) << stage.use >> stage.free() << stage.stops(ECHO)
    script = script << stage.starts(ENTER_ANYWAY, ENTER_ANYWAY_S) << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(SETTLE) << stage.stops(ENTER_ANYWAY))


@pytest.mark.parametrize("stage", [SHOWING_AT_ONCE], indirect=True)
def test_a_shown_text_gets_enter_at_once_without_a_pause_setting(stage: SendStage) -> None:
    assert (
        stage.types_hello()
        << stage.starts(ECHO, 1.5)
        << stage.use
        >> stage.shows("> hello")
        >> stage.free()
        << stage.stops(ECHO)
        << stage.use
        >> stage.free()
        << stage.typed("\r", ENTER)
        << NoteUserInput()
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
        << NoteUserInput()
        << stage.starts(ECHO, 1.5)
        << stage.use
        >> stage.shows("> hello")
        >> stage.free()
        << stage.stops(ECHO)
        << DONE
    )


def not_shown() -> Answer:
    return Answer("one", Failed(1, ErrorCode.FAILED, NOT_SHOWN + NO_ENTER))


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_a_text_that_an_agent_drops_gets_no_enter(stage: SendStage) -> None:
    assert stage.typed_and_searched() >> stage.due(ECHO) << stage.use >> stage.free() << not_shown()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_the_same_text_in_the_history_does_not_count_as_shown(stage: SendStage) -> None:
    stage.emulator.feed(b"hello\r\n")
    assert stage.typed_and_searched() >> stage.due(ECHO) << stage.use >> stage.free() << not_shown()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_at_the_time_limit_a_changing_screen_is_searched_a_last_time_at_once(
    stage: SendStage,
) -> None:
    script = stage.typed_and_searched() >> stage.shows("thinking") << stage.starts(SEARCH, SEARCH_DELAY_S)
    assert script >> stage.due(ECHO) << stage.stops(SEARCH) << stage.use >> stage.free() << not_shown()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_at_the_time_limit_a_waiting_search_is_done_once_more(stage: SendStage) -> None:
    script = stage.types_hello() << stage.starts(ECHO, 1.5) << stage.use >> stage.due(ECHO)
    assert script >> stage.free() << stage.use >> stage.free() << not_shown()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_output_that_arrives_while_the_search_waits_is_searched(stage: SendStage) -> None:
    script = stage.types_hello() << stage.starts(ECHO, 1.5) << stage.use >> stage.shows("thinking")
    script = script >> stage.free() << stage.starts(SEARCH, SEARCH_DELAY_S) >> stage.due(SEARCH) << stage.use
    assert script >> stage.free() >> stage.due(ECHO) << stage.use >> stage.free() << not_shown()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_the_screen_of_an_ended_program_is_searched_once_more(stage: SendStage) -> None:
    stage.take_effects()
    script = stage.typed_and_searched() >> stage.shows("thinking") << stage.starts(SEARCH, SEARCH_DELAY_S)
    script = script >> do(stage.session.program_ended, 0, None)
    script = script >> stage.due(SEARCH) << stage.use >> stage.free() << stage.stops(ECHO)
    assert script << not_shown()


def test_a_small_terminal_is_not_searched() -> None:
    stage = SendStage(SHOWING, GridSize(30, 8))
    script = (
        stage.types_hello() << stage.starts(ENTER_ANYWAY, ENTER_ANYWAY_S) >> stage.shows() << stage.starts(SETTLE, 0.15)
    )
    assert stage.enters(script >> stage.due(SETTLE) << stage.stops(ENTER_ANYWAY))
    stage.emulator.close()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_a_text_typed_by_a_previous_host_is_searched_at_its_position(stage: SendStage) -> None:
    stage.session.requests.append(TOKEN)
    stage.emulator.feed(b"> hello")
    script = stage.script() >> stage.sends() << stage.use >> stage.free() << stage.starts(ECHO, 1.5) << stage.use
    script = (
        script
        >> stage.free()
        << stage.stops(ECHO)
        << stage.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
        << stage.starts(SETTLE, 0.15)
    )
    assert stage.enters(script >> stage.due(SETTLE) << stage.stops(ENTER_ANYWAY))


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
@pytest.mark.parametrize("text", ["hello", "many\nlines"])
def test_nothing_is_typed_while_the_terminal_itself_echoes(stage: SendStage, text: str) -> None:
    stage.is_echoing = True
    waiting = stage.script() >> stage.sends(Send(1, text, enter=True, token=TOKEN)) << stage.use
    waiting = waiting >> stage.free() << stage.starts(READING, READING_POLL_S) >> stage.shows("starting")
    assert waiting >> stage.due(READING) << stage.use

    stage.is_echoing = False
    stage.queue.use_emulator(stage.emulator)

    assert stage.typed(f"\x1b[200~{text}\x1b[201~".replace("\n", "\r")) in stage.take_effects()


@pytest.mark.parametrize("stage", [SHOWING], indirect=True)
def test_an_agent_that_never_reads_its_terminal_gets_nothing(stage: SendStage) -> None:
    stage.is_echoing = True
    script = stage.script() >> stage.sends() << stage.use
    for _ in range(round(READING_WITHIN_S / READING_POLL_S)):
        script = script >> stage.free() << stage.starts(READING, READING_POLL_S) >> stage.due(READING) << stage.use
    assert script >> stage.free() << Answer("one", Failed(1, ErrorCode.FAILED, NOT_READING))
