"""What is known about the agent's input line, by the input and the agent's activity."""

from __future__ import annotations

import pytest

from session_host.protocol.values import Activity
from session_host.terminal.typed_line import PromptState, after_activity, after_input

TYPED, ENTERED, EMPTY = PromptState.TYPED, PromptState.ENTERED, PromptState.EMPTY


@pytest.mark.parametrize(
    "typed", [b"x", b"\x1b[A", b"\x7f", b"\x1b", b"\x1b\r", b"\x1b[13;2u", b"\x1b[1;2D", b"\x1b[<0;5;6M"]
)
def test_input_is_typed_text(typed: bytes) -> None:
    assert after_input(EMPTY, typed, Activity.IDLE) is TYPED


@pytest.mark.parametrize(
    "typed", [b"\x1b[D", b"\x1bOD", b"\x1b[1;1:1D", b"\x1b[97;1:3u", b"\x1b[1;1:3D", b"\x1b[I", b"\x1b[<64;5;6M"]
)
def test_left_a_released_key_the_wheel_and_the_focus_type_nothing(typed: bytes) -> None:
    for state in PromptState:
        assert after_input(state, typed, Activity.IDLE) is state


@pytest.mark.parametrize("typed", [b"\r", b"hello\r", b"\x1b[200~hello\x1b[201~\r", b"\x1b[13u"])
def test_a_line_was_taken_if_a_turn_follows_its_enter(typed: bytes) -> None:
    entered = after_input(TYPED, typed, Activity.IDLE)
    assert entered is ENTERED
    assert after_activity(entered, Activity.IDLE) is ENTERED, "a menu may be open"
    assert after_activity(entered, Activity.WORKING) is EMPTY
    assert after_activity(after_input(entered, b"x", Activity.IDLE), Activity.WORKING) is TYPED, "typed ahead"


def test_an_answer_to_a_question_is_not_in_the_line() -> None:
    assert after_input(EMPTY, b"1", Activity.NEEDS_INPUT) is EMPTY
    assert after_input(TYPED, b"\r", Activity.NEEDS_INPUT) is TYPED
