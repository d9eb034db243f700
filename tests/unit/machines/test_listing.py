"""How long a list waits for a machine."""

import pytest

from session_host.machines.listing import LIST_TIMEOUT_S, SILENT_LIST_TIMEOUT_S, SILENT_S, Answers

AT = 1e9


def _wait_s(answers: Answers, at: float = AT) -> float:
    return answers.wait_s(at, has_login=True)


@pytest.mark.parametrize(("last_s", "waits_s"), [(0.1, 0.8), (0.6, 1.8), (1.2, 3.6), (9.0, 5.0)])
def test_a_list_waits_for_a_machine_by_the_time_that_it_took_in_the_last_one(last_s: float, waits_s: float) -> None:
    assert _wait_s(Answers().heard(last_s, has_login=True)) == pytest.approx(waits_s)


def test_a_list_waits_long_for_a_machine_of_which_nothing_is_known() -> None:
    on_login = Answers().heard(0.2, has_login=True)
    assert _wait_s(Answers()) == on_login.wait_s(AT, has_login=False) == LIST_TIMEOUT_S
    both = on_login.heard(1.2, has_login=False)
    assert _wait_s(both) == SILENT_LIST_TIMEOUT_S < both.wait_s(AT, has_login=False)


def test_a_machine_with_a_line_that_became_slow_is_missed_once() -> None:
    missed = Answers().heard(0.2, has_login=True).missed(AT, SILENT_LIST_TIMEOUT_S)
    assert _wait_s(missed) == LIST_TIMEOUT_S


def test_a_dead_machine_is_waited_for_long_once_in_a_while() -> None:
    dead = Answers().missed(AT, LIST_TIMEOUT_S)
    again = dead.missed(AT + 1, SILENT_LIST_TIMEOUT_S)
    assert [_wait_s(again, AT + after_s) for after_s in (2, SILENT_S + 1)] == [SILENT_LIST_TIMEOUT_S, LIST_TIMEOUT_S]
    assert _wait_s(again.heard(9.0, has_login=True), AT + 2) == LIST_TIMEOUT_S
