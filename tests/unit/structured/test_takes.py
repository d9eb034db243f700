"""What a question takes: the words that ask for it, and the answers that are refused."""

from __future__ import annotations

import pytest

from session_host.structured.items import Question, Takes
from session_host.structured.takes import is_taken, taken_words


@pytest.mark.parametrize(
    ("takes", "taken", "refused"),
    [
        (Takes(), ["x", "two words"], []),
        (Takes("", 3, 5), ["abc", "abcde"], ["ab", "abcdef"]),
        (Takes("integer", 1, 10), ["1", "10", "7.0"], ["0", "11", "1.5", "x", "nan"]),
        (Takes("number", most=0.5), ["0.5", "-2e3"], ["0.6", "inf", ""]),
        (Takes("email"), ["a@b.org"], ["a", "a@", "a@b@c", "a b@c"]),
        (Takes("uri"), ["https://example.org/x", "urn:x"], ["example.org", "//example.org"]),
        (Takes("date"), ["2026-05-03"], ["3 May", "2026-02-30"]),
    ],
)
def test_an_answer_is_of_the_kind_and_within_the_bounds(takes: Takes, taken: list[str], refused: list[str]) -> None:
    question = Question("a", "Which?", takes=takes)
    assert [each for each in taken if not is_taken(question, [each])] == []
    assert [each for each in refused if is_taken(question, [each])] == []


@pytest.mark.parametrize("optional", [True, False])
def test_only_an_optional_question_takes_no_answer(optional: bool) -> None:
    assert is_taken(Question("a", "Which?", takes=Takes("integer", 1, optional=optional)), []) is optional


def test_so_many_answers_are_counted_where_several_are_taken() -> None:
    several = Question("a", "Which?", ("x", "y", "z"), free=False, several=True, takes=Takes("", 1, 2))
    assert taken_words(several) == "1 to 2 answers"
    assert [is_taken(several, ["x", "y", "z"][:count]) for count in range(4)] == [False, True, True, False]


def test_a_choice_of_a_list_is_right_by_itself() -> None:
    assert is_taken(Question("a", "Which?", ("1", "20"), free=False, takes=Takes("integer", 1, 10)), ["20"])
