"""The steps of ``outlive send``: each test is a script of events and effects."""

from __future__ import annotations

import pytest

from session_host.protocol.messages import MAX_PASTE_CHARACTERS, Done, ErrorCode, Failed, Send
from session_host.session.effects import Answer, NoteUserInput
from session_host.session.requests.send_queue import (
    ENTER_ANYWAY,
    ENTER_ANYWAY_S,
    PAUSE,
    SETTLE,
)
from session_host.terminal.base import Emulator
from tests.support.playbook import do
from tests.support.send_stage import (
    DONE,
    OTHER,
    PROGRAM,
    TOKEN,
    SendStage,
)

# ---------------------------------------------------------------- typing


def test_keys_are_typed_at_once(stage: SendStage) -> None:
    assert (
        stage.script()
        >> stage.sends(Send(1, keys=["Up", "Enter"], token=TOKEN))
        << stage.use
        >> stage.free()
        << stage.typed("\x1b[A\r")
        << NoteUserInput()
        << DONE
    )


@pytest.mark.parametrize("stage", [PROGRAM], indirect=True)
def test_a_program_without_a_pause_setting_gets_enter_with_the_text(stage: SendStage) -> None:
    assert (
        stage.script()
        >> stage.sends()
        << stage.use
        >> stage.free()
        << stage.typed("\x1b[200~hello\x1b[201~\r")
        << NoteUserInput()
        << DONE
    )


def test_an_invalid_request_is_refused_at_once_even_behind_another(stage: SendStage) -> None:
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


def test_requests_are_typed_one_after_the_other_with_a_pause(stage: SendStage) -> None:
    script = stage.types_hello() << stage.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
    script = script >> stage.sends(Send(2, keys=["Up"]), "two")
    script = script >> stage.shows() << stage.starts(SETTLE, 0.15)
    script = script >> stage.due(SETTLE) << stage.stops(ENTER_ANYWAY)
    assert (
        stage.enters(script)
        << stage.use
        >> stage.free()
        << stage.typed("\x1b[A", "3" * 32)
        << NoteUserInput()
        << Answer("two", Done(2))
    )


def test_a_repeated_request_is_typed_once(stage: SendStage) -> None:
    keys = Send(1, keys=["Up"], token=TOKEN)
    assert (
        stage.script()
        >> stage.sends(keys)
        << stage.use
        >> stage.free()
        << stage.typed("\x1b[A")
        << NoteUserInput()
        << DONE
        >> stage.sends(keys)
        << stage.use
        >> stage.free()
        << DONE
    )


def test_a_text_that_a_previous_host_typed_gets_enter(stage: SendStage) -> None:
    stage.session.requests.append(TOKEN)
    script = stage.script() >> stage.sends() << stage.use >> stage.free() << stage.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
    script = script >> stage.due(ENTER_ANYWAY) << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(SETTLE))


def test_nothing_is_typed_into_a_program_that_does_not_read(stage: SendStage) -> None:
    stage.session.pending.has_room = lambda length, bound: False  # type: ignore[method-assign]
    refused = Failed(1, ErrorCode.INPUT_FULL, "the program is not reading its input; nothing was typed")
    assert stage.script() >> stage.sends() << stage.use >> stage.free() << Answer("one", refused)


# ---------------------------------------------------------------- a chat with an open question


@pytest.mark.parametrize(("open_question", "what"), [("which?", "“which?”"), ("", "something")])
def test_a_chat_that_asks_gets_keys_and_no_text(stage: SendStage, open_question: str, what: str) -> None:
    stage.open_question = open_question
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
        << NoteUserInput()
        << DONE
    )


def test_a_text_that_was_typed_before_the_chat_asked_is_not_refused_when_it_is_sent_again(stage: SendStage) -> None:
    stage.session.requests.append(TOKEN)
    stage.open_question = "which?"
    assert stage.script() >> stage.sends(Send(1, "hello", token=TOKEN)) << stage.use >> stage.free() << DONE


def test_a_chat_that_asks_gets_a_text_sent_with_anyway(stage: SendStage) -> None:
    stage.open_question = "which?"
    assert (
        stage.script()
        >> stage.sends(Send(1, "hello", token=TOKEN, anyway=True))
        << stage.use
        >> stage.free()
        << stage.typed("hello")
        << NoteUserInput()
        << DONE
    )


def test_a_question_between_the_text_and_enter_is_not_answered_by_enter(stage: SendStage) -> None:
    def asks() -> None:
        stage.open_question = "which?"

    refused = Failed(1, ErrorCode.FAILED, "the chat is asking “which?”; the text was typed, but not Enter")
    assert (
        stage.types_hello()
        << stage.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
        >> stage.shows()
        << stage.starts(SETTLE, 0.15)
        >> stage.due(SETTLE)
        << stage.stops(ENTER_ANYWAY)
        << stage.use
        >> do(asks)
        >> stage.free()
        << Answer("one", refused)
        << stage.starts(PAUSE, 0.15)
        >> stage.due(PAUSE)
    )


# ---------------------------------------------------------------- the screen settles


def test_enter_follows_once_the_screen_is_quiet(stage: SendStage) -> None:
    script = stage.types_hello() << stage.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
    script = script >> stage.shows() << stage.starts(SETTLE, 0.15)
    script = script >> stage.shows() << stage.stops(SETTLE) << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(SETTLE) << stage.stops(ENTER_ANYWAY))


def test_output_before_the_text_is_typed_counts(stage: SendStage) -> None:
    script = stage.script() >> stage.sends() << stage.use >> stage.shows() >> stage.free() << stage.typed()
    script = script << NoteUserInput() << stage.starts(ENTER_ANYWAY, ENTER_ANYWAY_S) << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(SETTLE) << stage.stops(ENTER_ANYWAY))


def test_a_program_that_shows_nothing_gets_enter_after_the_time_limit(stage: SendStage) -> None:
    script = (
        stage.types_hello()
        << stage.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
        >> stage.due(ENTER_ANYWAY)
        << stage.starts(SETTLE, 0.15)
    )
    assert stage.enters(script >> stage.due(SETTLE))


def test_a_program_that_shows_output_late_gets_enter_at_once(stage: SendStage) -> None:
    script = (
        stage.types_hello()
        << stage.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
        >> stage.due(ENTER_ANYWAY)
        << stage.starts(SETTLE, 0.15)
    )
    assert stage.enters(script >> stage.shows() << stage.stops(SETTLE))


def test_the_first_quiet_time_is_not_cut_short(stage: SendStage) -> None:
    script = (
        stage.types_hello() << stage.starts(ENTER_ANYWAY, ENTER_ANYWAY_S) >> stage.shows() << stage.starts(SETTLE, 0.15)
    )
    assert stage.enters(script >> stage.due(ENTER_ANYWAY) >> stage.due(SETTLE))


def test_a_program_with_endless_output_gets_enter_in_the_end(stage: SendStage) -> None:
    script = (
        stage.types_hello()
        << stage.starts(ENTER_ANYWAY, ENTER_ANYWAY_S)
        >> stage.shows("10:00")
        << stage.starts(SETTLE, 0.15)
    )
    script = script >> stage.shows("10:01") << stage.stops(SETTLE) << stage.starts(SETTLE, 0.15)
    assert stage.enters(script >> stage.due(ENTER_ANYWAY) << stage.stops(SETTLE))


def test_a_failing_engine_does_not_block_later_requests(stage: SendStage) -> None:
    class Broken:
        def encode_paste(self, text: str) -> bytes:
            raise RuntimeError(text)

    def fail(emulator: Emulator) -> None:
        with pytest.raises(RuntimeError):
            stage.queue.use_emulator(emulator)

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
        << NoteUserInput()
        << Answer("two", Done(2))
    )
