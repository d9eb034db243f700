from __future__ import annotations

from collections.abc import Iterable

import pytest

from session_host.endpoint.server.client import TaggedThoughts

ANSWERS = {
    "plain": ("Yes.", "", "Yes."),
    "thoughts": ("<think>\nIs it?\n</think>\n\nYes.", "Is it?\n", "Yes."),
    "other tags": ("\n<thinking>Is it?</thinking>Yes.", "Is it?", "Yes."),
    "no thoughts": ("<think>\n\n</think>\n\nYes.", "", "Yes."),
    "thoughts alone": ("<think>Is it?", "Is it?", ""),
    "a cut tag": ("<think>Is it?</thi", "Is it?</thi", ""),
    "a similar tag": ("<thinker> is a word", "", "<thinker> is a word"),
    "a lone bracket": ("<", "", "<"),
    "a tag in the thoughts": ("<think>a < b, <think>, </them></think>c", "a < b, <think>, </them>", "c"),
    "a tag in the answer": ("Use <think>x</think>.", "", "Use <think>x</think>."),
    "a tag after the thoughts": ("<think>a</think>b <think>c</think>", "a", "b <think>c</think>"),
    "blanks before an answer": ("\n  indented", "", "\n  indented"),
    "blanks alone": ("  \n", "", "  \n"),
}


def separated(pieces: Iterable[str]) -> tuple[str, str]:
    thoughts = TaggedThoughts()
    found = [thoughts.separate(piece) for piece in pieces] + [thoughts.rest()]
    return "".join(thought for thought, _ in found), "".join(text for _, text in found)


@pytest.mark.parametrize("name", ANSWERS)
def test_thoughts_are_separated_however_the_answer_is_cut(name: str) -> None:
    content, *expected = ANSWERS[name]
    assert separated([content]) == tuple(expected)
    assert separated(content) == tuple(expected), "character by character"
    for at in range(len(content)):
        assert separated([content[:at], content[at:]]) == tuple(expected), at


def test_an_answer_without_thoughts_arrives_at_once() -> None:
    thoughts = TaggedThoughts()
    assert thoughts.separate("Y") == ("", "Y")
    assert thoughts.separate("es.") == ("", "es.")
